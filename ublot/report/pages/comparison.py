"""``report.html`` of a comparison."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ublot.inputs.params import make_params
from ublot.io.cells import number_or_nan
from ublot.io.columns import records_of
from ublot.report.figures.comparison import comparison_figure
from ublot.report.figures.dose_response import QUANTITY, dose_figure
from ublot.report.figures.drawing import png_bytes
from ublot.report.figures.painting import png_of
from ublot.report.figures.time_course import time_figure
from ublot.report.html import Cell, Column, Page, Picture, Row, TableView, picture, render
from ublot.report.tables.cells import bounded_cell, controls_table, number_cell, place_cells
from ublot.report.tables.potencies import POTENCY_NOTE, potency_table
from ublot.report.text.comparison_answer import comparison_answer, plain_message
from ublot.report.text.methods import Methods, statistics_sentences
from ublot.report.text.provenance import versions_text
from ublot.report.text.references import Citations
from ublot.scoring.primary import primary_ratio
from ublot.statistics.reactions import Reaction, reactions_of
from ublot.wording.labels import dose_text
from ublot.wording.words import Wording, dose_sentence, p_text, wording

if TYPE_CHECKING:
    from ublot.report.text.answer import Answer

__all__ = [
    "Basis",
    "answer_and_pictures",
    "answer_of_comparison",
    "basis_of",
    "comparison_figures",
    "comparison_page",
    "summary_table",
]

Record = Mapping[str, Any]
NAMES = {
    "hmw_fraction": "H / (H + U)",
    "hmw_fraction_net": "net H / (H + U)",
    "relative_hmw": "H / (H + U) over {}",
    "relative_hmw_area": "H / load over {}",
    "unmodified_remaining": "U / load over {}",
    "mean_ubiquitins": "mean number of modifiers",
}


def comparison_page(comparison: Any, out: Path) -> str:
    """Page of a comparison.

    Parameters
    ----------
    comparison : Comparison
    out : Path
        Folder that it will stand in: links to the blots' own reports are relative to it.
    """
    basis = basis_of(comparison)
    tables, words, quantity = basis.tables, basis.words, basis.quantity
    answer = answer_of_comparison(comparison, basis)
    pictures = _pictures(comparison, basis, answer.sentence)
    told = [quantity, "unmodified_remaining"] if comparison.by_area else [quantity]
    fits = [fit for fit in tables["dose_response"] if fit["quantity"] in told]
    views = [
        summary_table(tables["summary"], [*told, "hmw_fraction"], words),
        _dose_table(fits, words),
        potency_table(tables["potencies"], [f for f in fits if f["quantity"] == quantity], words, "these blots"),
        _equal_table(tables["ec50_comparison"], told, words),
        _time_table(tables["time_courses"], words),
        controls_table(
            "How well the controls of each blot are told apart",
            tables["assay_quality"],
            "blot",
            "negative",
            ("of", lambda row: _quantity(row, words)),
        ),
    ]
    title = "Comparison of " + ("one blot" if comparison.counted == 1 else f"{comparison.counted} blots")
    values = {
        "name": title,
        "answer": answer,
        "first": pictures,
        "wide": False,
        "views": [view for view in views if view.rows],
        "dose_lines": [dose_sentence(fit, words) for fit in fits],
        "potency_note": POTENCY_NOTE,
        "notes": [m for m in map(plain_message, comparison.messages) if m not in answer.reasons],
        "methods": _methods(comparison, tables, words),
        "blots": [_blot(blot, out) for blot in comparison.blots],
        "command": _command(comparison, out),
        "command_note": "The command that makes this result again:"
        if all(blot["folder"] for blot in comparison.blots)
        else "Analyses were given in memory. In Python, with the same ones in place of their names:",
        "versions": versions_text(comparison.record["versions"]),
    }
    return render(Page("comparison.html.j2", f"{title} – ublot", values, tuple(pictures)))


@dataclass(frozen=True)
class Basis:
    """What page, panel and notebook tell a comparison from: tables as rows, words, the score that comes first."""

    tables: Mapping[str, list[dict[str, Any]]]
    words: Wording
    quantity: str


def basis_of(comparison: Any) -> Basis:
    """Rows of all tables, and how they are worded."""
    tables = {name: records_of(columns) for name, columns in comparison.columns.items()}
    words = wording(comparison.params or make_params(), tables["lanes"])
    return Basis(tables, words, primary_ratio(by_area=comparison.by_area))


def answer_of_comparison(comparison: Any, basis: Basis) -> Answer:
    """What a comparison says."""
    summary = basis.tables["summary"]
    return comparison_answer(summary, basis.quantity, basis.words, comparison.counted, comparison.messages)


def answer_and_pictures(comparison: Any) -> tuple[Answer, list[Picture]]:
    """What a comparison says, and its figures: the top of its page, and what the panel shows of it."""
    basis = basis_of(comparison)
    answer = answer_of_comparison(comparison, basis)
    return answer, _pictures(comparison, basis, answer.sentence)


def comparison_figures(comparison: Any, basis: Basis) -> dict[str, Callable[[], Any]]:
    """What makes each figure of a comparison: of matplotlib or a `Drawing`, None where there is nothing to draw."""
    tables, words, quantity = basis.tables, basis.words, basis.quantity
    reactions = _reactions(comparison.columns["lanes"])
    label = QUANTITY[quantity].format(words.vehicle)
    return {
        "scores": partial(comparison_figure, tables["summary"], reactions, quantity, label),
        "dose_response": partial(dose_figure, tables["lanes"], tables["dose_response"], quantity, words.vehicle),
        "time_course": partial(time_figure, reactions, tables["time_courses"], f"{words.share}, H / (H + U)"),
    }


def _reactions(lanes: Mapping[str, Sequence[Any]]) -> list[Reaction]:
    """Independent reactions of the joined lanes, blot by blot."""
    out: list[Reaction] = []
    for blot in dict.fromkeys(lanes["image"]):
        chosen = [i for i, name in enumerate(lanes["image"]) if name == blot]
        out += reactions_of({name: [column[i] for i in chosen] for name, column in lanes.items()}, str(blot))[0]
    return out


def _pictures(comparison: Any, basis: Basis, sentence: str) -> list[Picture]:
    out = []
    tables, words, quantity = basis.tables, basis.words, basis.quantity
    figures = {name: make() for name, make in comparison_figures(comparison, basis).items()}
    bars, curves, courses = (figures[name] for name in ("scores", "dose_response", "time_course"))
    if bars is not None:
        out.append(
            picture(
                "bars",
                f"Every condition against {words.vehicle}",
                "Bars: geometric means, over blots where there are several; points: independent reactions; lines: 95 % "
                "intervals, with a triangle and their end where they are cut; n, and p against the vehicle, adjusted. "
                "Nothing is tested below three reactions.",
                f"Bars of the mean score of every condition, with single reactions as points. {sentence}",
                png_bytes(bars),
            )
        )
    if curves is not None:
        lines = [dose_sentence(fit, words) for fit in tables["dose_response"] if fit["quantity"] == quantity]
        out.append(
            picture(
                "dose",
                "Dose-response",
                "Points: lanes, a marker for each blot; curve: four-parameter logistic of all blots together, drawn "
                "where the EC50 may be reported; thick line: its 95 % interval.",
                " ".join(lines),
                png_of(curves),
            )
        )
    if courses is not None:
        out.append(
            picture(
                "times",
                "Time courses",
                "Points: independent reactions, a marker for each blot; lines join the means of the times, or are the "
                "fitted course where it levels off.",
                "Modified fraction over time, one line for each condition.",
                png_bytes(courses),
            )
        )
    return out


def _quantity(row: Record, words: Wording) -> Cell:
    name = str(row["quantity"])
    return Cell(NAMES.get(name, name).format(words.vehicle))


def summary_table(rows: Sequence[Record], quantities: Sequence[str], words: Wording) -> TableView:
    """Mean of every condition with its interval, n and p."""
    columns = (
        Column("group"),
        Column("time"),
        Column("sample"),
        Column("dose", number=True),
        Column("mean", "95 % interval", "of independent reactions", True),
        Column("n", number=True),
        Column("p", f"against {words.vehicle}, adjusted", number=True),
        Column("of"),
        Column("SD", "on its scale", number=True),
        Column("scale"),
        Column("blots", number=True),
    )
    out = []
    for quantity in quantities:
        for row in rows:
            if row["quantity"] == quantity:
                dose = number_or_nan(row["concentration_nM"])
                p = number_or_nan(row["p_vehicle"])
                cells = (
                    *place_cells(row),
                    Cell(str(row["compound"] or row["role"])),
                    Cell(dose_text(dose), key="" if math.isnan(dose) else f"{dose:g}"),
                    bounded_cell(row, "mean", "low", "high"),
                    Cell(str(int(row["n"]))),
                    Cell(p_text(p), key="" if math.isnan(p) else f"{p:.6g}"),
                    _quantity(row, words),
                    number_cell(row["sd"]),
                    Cell(str(row["scale"])),
                    Cell(str(int(row["blots"]))),
                )
                out.append(Row(cells))
    return TableView.of("Means of conditions and their comparison with the vehicle", columns, out)


def _dose_table(fits: Sequence[Record], words: Wording) -> TableView:
    columns = (
        Column("group"),
        Column("time"),
        Column("compound"),
        Column("of"),
        Column("EC50", "nM, 95 %", number=True),
        Column("Hill", number=True),
        Column("bottom", number=True),
        Column("top", number=True),
        Column("tight-binding limit", "nM", "about half the protein concentration", True),
        Column("n", number=True),
        Column("status"),
        Column("note"),
    )
    rows = [
        Row(
            (
                *place_cells(fit),
                Cell(str(fit["compound"])),
                _quantity(fit, words),
                bounded_cell(fit, "ec50_nM", "ec50_low", "ec50_high"),
                number_cell(fit["hill"]),
                number_cell(fit["bottom"]),
                number_cell(fit["top"]),
                number_cell(fit["tight_binding_limit_nM"]),
                Cell(str(int(fit["n"]))),
                Cell(str(fit["status"]).replace("_", " ")),
                Cell(str(fit["note"])),
            )
        )
        for fit in fits
    ]
    return TableView.of("Dose-response of each compound", columns, rows)


def _equal_table(rows: Sequence[Record], quantities: Sequence[str], words: Wording) -> TableView:
    columns = (
        Column("group"),
        Column("time"),
        Column("compounds"),
        Column("of"),
        Column("ratio of EC50", number=True),
        Column("p", "for one EC50", number=True),
    )
    out = [
        Row(
            (
                *place_cells(row),
                Cell(f"{row['compound_a']} over {row['compound_b']}"),
                _quantity(row, words),
                number_cell(row["ec50_ratio"]),
                Cell(p_text(row["p"]), key=f"{number_or_nan(row['p']):.6g}"),
            )
        )
        for row in rows
        if row["quantity"] in quantities
    ]
    return TableView.of("Whether two compounds have the same EC50 (extra-sum-of-squares F test)", columns, out)


def _time_table(rows: Sequence[Record], words: Wording) -> TableView:
    columns = (
        Column("group"),
        Column("compound"),
        Column("dose"),
        Column("of"),
        Column("initial rate", "1/min, 95 %", number=True),
        Column("plateau", "95 %", number=True),
        Column("rate constant", "1/min, 95 %", number=True),
        Column("rate over the vehicle's", "difference, 1/min, 95 %", number=True),
        Column("p", "for one rate, adjusted", number=True),
        Column("n", number=True),
        Column("blots", number=True),
        Column("note"),
    )
    out = [
        Row(
            (
                Cell(str(row["group"] or "")),
                Cell(str(row["compound"])),
                Cell(dose_text(row["concentration_nM"])),
                _quantity(row, words),
                bounded_cell(row, "initial_rate_per_min", "initial_rate_low", "initial_rate_high"),
                bounded_cell(row, "plateau", "plateau_low", "plateau_high"),
                bounded_cell(row, "rate_constant_per_min", "rate_constant_low", "rate_constant_high"),
                bounded_cell(row, "rate_difference", "rate_difference_low", "rate_difference_high"),
                Cell(p_text(row["p_vehicle"]), key=f"{number_or_nan(row['p_vehicle']):.6g}"),
                Cell(str(int(row["n"]))),
                Cell(str(int(row["blots"]))),
                Cell(str(row["note"])),
            )
        )
        for row in rows
    ]
    return TableView.of("Time courses", columns, out)


def _methods(comparison: Any, tables: Mapping[str, list[dict[str, Any]]], words: Wording) -> Methods:
    cite = Citations()
    version = comparison.record["versions"]["ublot"]
    count = comparison.counted
    parts = [
        f"{'One blot was' if count == 1 else f'{count} blots were'} quantified and joined with ublot {version}.",
        f"Scores are relative to the {words.vehicle} lanes of the same blot; lanes of one condition with the same "
        "replicate are technical duplicates and were averaged first, so that n counts independent reactions.",
        "Means of ratios are geometric, with Student's 95 % interval from three reactions on.",
        *statistics_sentences(comparison.columns, tables["lanes"], cite, blots=count),
    ]
    if any(math.isfinite(number_or_nan(row["z_prime"])) for row in tables["assay_quality"]):
        parts.append(f"Separation of controls is told by Z′{cite('Zhang 1999')} and SSMD.")
    if comparison.protein_nM is not None:
        parts.append(f"The target was present at {comparison.protein_nM:g} nM.")
    return Methods(" ".join(parts), cite.lines)


def _blot(blot: Record, out: Path) -> dict[str, str]:
    """Name and hash of a blot, and the way to its own report where it has one."""
    folder, link = blot.get("folder"), ""
    if folder and Path(folder, "report.html").is_file():
        way = os.path.relpath(Path(folder, "report.html"), Path(out).absolute())
        link = quote(way.replace(os.sep, "/"), errors="replace")
    return {"name": blot["name"], "sha256": blot["sha256"], "link": link, "folder": folder or ""}


def _command(comparison: Any, out: Path) -> str:
    """The shell command; a call of the library where a blot was given in memory."""
    protein = comparison.protein_nM
    if any(blot["folder"] is None for blot in comparison.blots):
        blots = ", ".join(repr(blot["folder"] or blot["name"]) for blot in comparison.blots)
        return f"ublot.compare_blots([{blots}]{'' if protein is None else f', protein_nM={protein!r}'})"
    words = ["ublot", "compare", *(str(blot["folder"]) for blot in comparison.blots), "--out", str(out.absolute())]
    if protein is not None:
        words += ["--protein-nM", repr(float(protein)).removesuffix(".0")]
    return shlex.join(words)
