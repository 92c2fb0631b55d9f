"""``report.html`` of one blot, and the figures that stand in it and beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.flags import FLAGS
from ublot.io.cells import number_or_nan
from ublot.io.columns import csv_bytes, records_of
from ublot.io.workbook import xlsx_bytes
from ublot.report.figures.blot import overlay_figure
from ublot.report.figures.dose_response import dose_figure
from ublot.report.figures.drawing import DPI
from ublot.report.figures.ladder import ladder_figure
from ublot.report.figures.painting import light_png_of, png_of
from ublot.report.figures.profiles import profiles_figure
from ublot.report.figures.publication_panel import Panel, blot_panel, panel_png, panel_svg
from ublot.report.figures.scores import scores_figure
from ublot.report.html import Cell, Column, Page, Picture, Row, TableView, data_uri, picture, render
from ublot.report.tables.lanes import background_table, lane_table
from ublot.report.tables.potencies import POTENCY_NOTE, potency_table
from ublot.report.text.answer import Answer, answer_of
from ublot.report.text.methods import blot_methods
from ublot.report.text.provenance import (
    blot_command,
    companion_files,
    edit_sentences,
    layout_name,
    option_rows,
    size_text,
    versions_text,
)
from ublot.scoring.primary import by_area, primary_quantity
from ublot.wording.flags_in_words import flags_in_words
from ublot.wording.words import Wording, count_text, dose_sentence, lacking, level_text, region_words, wording

if TYPE_CHECKING:
    from ublot.numerics.beside import Begin

__all__ = ["report_files"]

Lane = Mapping[str, Any]

WIDE = 18  # lanes from where on blot and bars need the whole width each
_LADDER, _DOSE = "ladder", "dose"  # figures that stand in the page and nowhere else


def report_files(analysis: Any, begin: Begin = partial) -> dict[str, bytes]:
    """Page, figures and workbook of one analysis, by file name; of a blot without lanes only what can be drawn.

    Parameters
    ----------
    analysis : Analysis
    begin : function, optional
        Has another process do a part of the work, as `ublot.numerics.beside.Beside.begin` does.
    """
    rows = records_of(analysis.columns["lanes"])
    words = wording(analysis.params, rows)
    quantity = primary_quantity(rows, by_area=by_area(analysis.params))
    made: dict[str, Callable[[], bytes]] = {}
    if len(analysis.geometry):
        made["profiles.png"] = begin(png_of, profiles_figure(analysis))
        made["scores.png"] = partial(png_of, scores_figure(analysis))  # here: both halves then take alike
    heat = ladder_figure(analysis.columns["species"], rows, words.modifier) if rows else None
    if heat is not None:
        made[_LADDER] = begin(png_of, heat, DPI, False)
    curves = dose_figure(rows, records_of(analysis.statistics["dose_response"]), quantity, words.vehicle)
    if curves is not None:
        made[_DOSE] = begin(png_of, curves)
    tables = {**analysis.columns, **analysis.statistics}
    # The profiles, whose rows are those of the picture, stay out of the workbook.
    workbook = begin(xlsx_bytes, {name: tables[name] for name in ("lanes", "species", "summary", "dose_response")})
    # What is made of pixels is made here, where they are.
    overlay, dpi = light_png_of(overlay_figure(analysis))
    panel = blot_panel(analysis)
    files = {"overlay.png": overlay, "panel.png": panel_png(panel)}
    files["panel.svg"] = panel_svg(panel).encode("utf-8", "replace")
    files |= {name: png() for name, png in made.items()}
    page = begin(render, _page(analysis, rows, files, panel, dpi))
    files |= {"tables.xlsx": workbook(), "report.html": page().encode()}
    return {name: content for name, content in files.items() if name not in (_LADDER, _DOSE)}


def _page(analysis: Any, rows: Sequence[Lane], files: Mapping[str, bytes], panel: Panel, dpi: float) -> Page:
    words = wording(analysis.params, rows)
    quantity = primary_quantity(rows, by_area=by_area(analysis.params))
    answer = answer_of(rows, analysis.params, layout=analysis.layout is not None, messages=analysis.messages)
    fits = records_of(analysis.statistics["dose_response"])
    scored = any(math.isfinite(number_or_nan(row.get(quantity))) for row in rows)
    known = not lacking(rows, words.target, layout=analysis.layout is not None)
    first = _first(files, answer, quantity, words, dpi, scored=scored, known=known)
    figures = _figures(fits, files, quantity, words)
    paper = _paper_picture(files["panel.png"], panel, analysis)
    rival = analysis.stages.rowwise if rows else {}
    values: dict[str, Any] = {
        "name": analysis.source.name,
        "answer": answer,
        "overridden": _overridden_note(analysis.record["overridden"]),
        "first": first,
        "wide": len(rows) > WIDE,
        "figures": figures,
        "potencies": _potencies(fits, quantity, words),
        "potency_note": POTENCY_NOTE,
        "dose_lines": [dose_sentence(fit, words) for fit in fits if fit["quantity"] == quantity],
        "lanes": lane_table(rows, words, quantity) if rows else None,
        "lanes_note": _LANES_NOTE.format(
            band=f"unmodified band of {words.target}" if known else "lane's main band", vehicle=words.vehicle
        ),
        "lanes_uri": data_uri("text/csv", csv_bytes(analysis.columns["lanes"])) if rows else "",
        "flags": flags_in_words(
            rows,
            () if rows else (*analysis.blot.flags, *analysis.geometry.flags),
        ),
        "notes": [m for m in analysis.messages if m not in answer.reasons],
        "backgrounds": background_table(rows, rival) if rows else None,
        "backgrounds_note": _backgrounds_note(analysis, rows, rival),
        "methods": blot_methods(analysis, rows, analysis.record["versions"], panel.shown),
        "panel": {
            "uri": paper.uri,
            "width": paper.width,
            "height": paper.height,
            "alt": paper.alt,
            "caption": paper.caption,
            "svg": data_uri("image/svg+xml", files["panel.svg"].decode()),
            "stem": Path(analysis.source.name).stem,
        },
        **_provenance(analysis),
    }
    shown = [*(f.name for f in figures)]
    names = {"profiles": "Profiles", "ladder": "Ladder", "dose": "Dose-response"}
    values["sections"] = [
        *((name, names[name]) for name in shown),
        *([("lanes", "Numbers")] if rows else []),
        ("flags", "Flags"),
        *([("backgrounds", "Background")] if rows else []),
        ("methods", "Methods"),
        ("panel", "Panel"),
        ("provenance", "Provenance"),
    ]
    return Page("blot.html.j2", f"{analysis.source.name} – ublot", values, (*first, *figures, paper))


_LANES_NOTE = (
    "H: signal above the {band}; U: that band; fold: H / (H + U) over the {vehicle} lanes; n: "
    "apparent number of modifiers, counting unmodified molecules as 0. Empty: makes no sense for the lane, or refused."
)


def _overridden_note(overridden: Mapping[str, Sequence[int]]) -> str:
    """What stands above all else where lanes were scored that quality control refuses."""
    if not overridden:
        return ""
    why = "; ".join(f"{FLAGS[name].meaning} ({count_text(list(lanes))})" for name, lanes in overridden.items())
    return f"Quality control refuses scores of this blot and was overridden with --allow-unfit: {why}."


def _first(
    files: Mapping[str, bytes],
    answer: Answer,
    quantity: str,
    words: Wording,
    dpi: float,
    *,
    scored: bool,
    known: bool,
) -> list[Picture]:
    """The blot, and the bars where there are any."""
    called = region_words(words, known=known)
    out = [
        picture(
            "blot",
            "The blot as it was analysed",
            f"Green: lanes found; blue: {called['U']}; orange: {called['H']}; purple: {called['W']}. Hatched: refused.",
            f"Blot with the lanes outlined and named, masses in kDa at the left, and the regions that were measured. "
            f"{answer.sentence}",
            files["overlay.png"],
            dpi=dpi,
        )
    ]
    if "scores.png" not in files or not scored:
        return out
    title, caption = f"Every condition against {words.vehicle}", f"{words.vehicle} is 1 (dashed). "
    if quantity == "hmw_fraction":
        what = words.share if known else "part of the signal above the main band"
        title, caption = f"The {what} in every lane", ""
    mean = "mean (of log-odds)" if quantity == "hmw_fraction" else "geometric mean"
    caption += f"Bars: {mean} of the lanes of a condition; points: lanes; lines: their 95 % intervals."
    alt = f"Bars of the score of every condition with the single lanes as points. {answer.sentence}"
    out.append(picture("scores", title, caption, alt, files["scores.png"]))
    return out


def _figures(fits: Sequence[Lane], files: Mapping[str, bytes], quantity: str, words: Wording) -> list[Picture]:
    out = []
    if "profiles.png" in files:
        out.append(
            picture(
                "profiles",
                "Densitometry of every lane",
                "Wells at the left. Black: signal along the lane; dashed: background; green: fit of rungs and smear. "
                "The scale is made for the smear: a band that is cut off has its height written beside it.",
                "Signal against mass for each lane, with background, fit and the regions U and H filled.",
                files["profiles.png"],
            )
        )
    if _LADDER in files:
        out.append(
            picture(
                "ladder",
                f"Ladder by number of {words.modifier} equivalents",
                "Share of each lane's signal by apparent number of modifiers; darker is more. Above the line rungs are "
                "not resolved and numbers rest on mass alone.",
                "Heat map: lanes across, number of modifiers upward, share of the signal as colour.",
                files[_LADDER],
            )
        )
    if _DOSE in files:
        out.append(
            picture(
                "dose",
                "Dose-response",
                "Points: lanes with their 95 % intervals; curve: four-parameter logistic, drawn where the EC50 may be "
                "reported; thick line: 95 % interval of the EC50 at half of the effect.",
                " ".join(dose_sentence(fit, words) for fit in fits if fit["quantity"] == quantity),
                files[_DOSE],
            )
        )
    return out


def _potencies(fits: Sequence[Lane], quantity: str, words: Wording) -> TableView:
    from ublot.reference.potencies import potency_columns

    chosen = [fit for fit in fits if fit["quantity"] == quantity]
    published = records_of(potency_columns(dict.fromkeys(str(fit["compound"]) for fit in chosen)))
    return potency_table(published, chosen, words, "this blot")


def _backgrounds_note(analysis: Any, rows: Sequence[Lane], rival: Mapping[int, float]) -> str:
    if not rival:
        if analysis.params.background == "gutter":
            return "There is no scored fraction of which a second background method could be asked."
        return (
            f"The background was taken by {analysis.params.background}; only --background gutter is checked against a "
            "second method."
        )
    apart = {int(row["lane"]): float(row["background_spread"]) for row in rows if int(row["lane"]) in rival}
    worst = max(apart, key=lambda lane: apart[lane])
    return (
        "Two methods keep smears: the joint regression of lanes and membrane, on which the scores rest, and the "
        f"gutters between lanes row by row. They differ most in lane {worst}, by {100 * apart[worst]:.1f} percentage "
        "points of H / (H + U). A large difference means that the smear is faint beside what the membrane does."
    )


def _paper_picture(png: bytes, panel: Panel, analysis: Any) -> Picture:
    blot = analysis.blot
    reduced = f", reduced {panel.scale:.2g}-fold by area means" if panel.scale > 1.005 else ""
    masses = " Marker masses in kDa." if panel.masses else " No mass calibration."
    white, black = (level_text(level) for level in panel.shown)
    caption = (
        f"The whole blot, uncropped{reduced}. Display range: linear in signal from {white} (white) to {black} (black); "
        f"{100 * panel.outside:.2g} % of the pixels lie beyond and are shown as white or black. Stored as "
        f"{blot.polarity.replace('-', ' ')}, {blot.response} response. No gamma, no local contrast, nothing "
        f"removed.{masses}"
    )
    alt = "The whole blot in grey with marker masses at the left and lane names above."
    return picture("panel", "Panel", caption, alt, png, dpi=200)


def _provenance(analysis: Any) -> dict[str, Any]:
    source = analysis.source
    options = option_rows(analysis.params)
    changed = [o for o in options if o["differs"]]
    listed = ", ".join(f"{o['name']} {o['value']}" for o in changed)
    rows, cols = source.shape
    made = [f"{key.replace('_', ' ')}: {value}" for key, value in source.metadata.items()]
    facts = [
        ("Image", source.name),
        ("SHA-256", source.sha256),
        ("Size", f"{size_text(source.size_bytes)}, {rows} × {cols} px, {source.format}, {source.dtype}"),
        *([("From the file", "; ".join(made)[:600])] if made else []),
        ("Layout", "none" if analysis.layout is None else f"{layout_name(analysis)}, {len(analysis.layout)} lanes"),
        ("Lanes", _lanes_fact(analysis)),
        ("Versions", versions_text(analysis.record["versions"])),
    ]
    table = TableView.of(
        "Every option with its default",
        (Column("option"), Column("what"), Column("value"), Column("default")),
        [
            Row(
                (
                    Cell(o["name"]),
                    Cell(o["label"]),
                    Cell(o["value"], o["unit"] if o["value"][:1].isdigit() else ""),
                    Cell(f"{o['default']}" if o["differs"] else "the same"),
                )
            )
            for o in options
        ],
    )
    return {
        "facts": facts,
        "command": blot_command(analysis),
        "command_note": _command_note(analysis),
        "companions": [(name, data_uri("text/csv", text)) for name, text in companion_files(analysis).items()],
        "edits": edit_sentences(analysis.edits),
        "changed_note": f"Options that differ from the default: {listed}." if changed else "All options are defaults.",
        "options": table,
    }


def _command_note(analysis: Any) -> str:
    if analysis.image_path is not None:
        return "The command that makes this result again:"
    if analysis.source.format == "array":
        return "The pixels were given in memory. In Python, with the same ones, this makes the result again:"
    return "The command that makes this result again, run where the image lies:"


def _lanes_fact(analysis: Any) -> str:
    count = len(analysis.geometry)
    if not count:
        return "none found"
    if analysis.edits.lanes is not None:
        return f"{count}, placed by hand"
    moved = [lane for lane, _ in analysis.edits.boundary_rows]
    return f"{count}, found" + (f"; boundary moved in {count_text(moved)}" if moved else "")
