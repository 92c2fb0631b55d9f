"""``report.html`` of plates: curves, the plate itself, doses, replicate experiments, controls and methods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ublot.dose_response.intensities import POLARISATION, is_computed
from ublot.dose_response.plate_tables import comparison_rows, dose_rows, quality_rows, replicate_rows, well_rows
from ublot.dose_response.plates import QUANTITY
from ublot.dose_response.polarisation import PIPETTED
from ublot.inputs.concentrations import words_of
from ublot.io.cells import number_or_nan
from ublot.report.figures.dose_response import dose_figure
from ublot.report.figures.drawing import DPI, png_bytes
from ublot.report.figures.painting import png_of
from ublot.report.figures.plate_map import plate_figure
from ublot.report.figures.vector import svg_of
from ublot.report.html import Cell, Column, Page, Row, TableView, picture, render
from ublot.report.tables.cells import bounded_cell, controls_table, number_cell, place_cells
from ublot.report.text.methods import Methods
from ublot.report.text.references import Citations
from ublot.wording.labels import dose_text, time_text
from ublot.wording.words import affinity_text, interval_text, number_text, p_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from ublot.dose_response.plate_fit import PlateFit
    from ublot.report.figures.plot import Drawing

__all__ = [
    "PlateFigures",
    "curve_table",
    "curves_figure",
    "found_sentence",
    "map_figure",
    "plate_figures",
    "plate_page",
]

Record = dict[str, Any]
PlateFigures = dict[str, bytes]


def figure_rows(fit: PlateFit) -> list[Record]:
    """Wells as the figures read them."""
    return [
        {
            **row,
            "image": row["plate"],
            "concentration_nM": row["dose_nM"],
            QUANTITY: row["percent"],
            "role": row["role"] if row["role"] != "sample" or not row["vehicle"] else "vehicle",
        }
        for row in well_rows(fit)
    ]


def curves_figure(fit: PlateFit, vehicle: str) -> Drawing | None:
    """Curves of every compound with at least four doses; None where there is none."""
    return dose_figure(figure_rows(fit), [s.row for s in fit.series], QUANTITY, vehicle)


def map_figure(fit: PlateFit) -> Figure:
    """The wells where they stand on their plates."""
    return plate_figure([{**row, "role": "" if row["role"] == "sample" else row["role"]} for row in figure_rows(fit)])


def plate_figures(fit: PlateFit, vehicle: str) -> PlateFigures:
    """Figures as files: ``curves.png``, ``curves.svg`` and ``plate.png``."""
    curves = curves_figure(fit, vehicle)
    out = {} if curves is None else {"curves.svg": svg_of(curves), "curves.png": png_of(curves)}
    return {**out, "plate.png": png_bytes(map_figure(fit), palette=False)}


def plate_page(fit: PlateFit, options: Mapping[str, Any], figures: PlateFigures, *, command: str, sha256: str) -> str:
    """Page of a table of wells.

    Parameters
    ----------
    fit : PlateFit
    options : mapping
        ``response, vehicle, background, exclude`` and the amounts of a competition.
    figures : mapping of str to bytes
        Of `plate_figures`.
    command : str
        That makes the result again.
    sha256 : str
        Of the table; empty where it is no file.
    """
    from ublot import __version__

    vehicle = str(options.get("vehicle") or "DMSO")
    rows = [s.row for s in fit.series]
    sentences = [found_sentence(row) for row in rows]
    pictures = []
    if "curves.png" in figures:
        caption = (
            "Points: wells, a marker for each plate; grey: the vehicle; curves where an EC50 may be reported; thick "
            "line: its 95 % interval. Rings: wells that stand off their curve and are in the fit all the same, with an "
            "arrow and their value where they lie outside the picture; crosses: wells left out."
        )
        pictures.append(picture("curves", "Dose-response", caption, " ".join(sentences), figures["curves.png"]))
    caption = (
        "Every well as percent of the vehicle. V: vehicle, + and −: controls; "
        "framed: stands off its curve; crossed: left out."
    )
    pictures.append(picture("plate", "The plate", caption, "Wells in their places.", figures["plate.png"], dpi=DPI))
    off, out = fit.standing_off, [w for w in fit.plate.wells if w.excluded]
    notes = []
    if off:
        many = len(off) > 1
        said = (
            f"{len(off)} well{'s stand' if many else ' stands'} off the curve, and {'are' if many else 'is'} in the fit"
        )
        notes.append(f"{said}; the robust EC50 is the one without. With a reason, leave out by --exclude.")
    if out:
        notes.append(f"{len(out)} well{'s were' if len(out) > 1 else ' was'} left out as asked.")
    views = [
        curve_table(rows),
        _replicate_table(replicate_rows(fit)),
        _equal_table(comparison_rows(fit)),
        _dose_table(dose_rows(fit)),
        controls_table(
            "How well the controls are told apart",
            quality_rows(fit),
            "plate",
            "control",
            ("control", lambda row: Cell(str(row["control"]))),
        ),
        _left_out_table(well_rows(fit)),
    ]
    values = {
        "name": f"Dose-response: {fit.plate.name}",
        "sentences": sentences,
        "pictures": pictures,
        "notes": notes,
        "views": [view for view in views if view.rows],
        "methods": _methods(fit, options, vehicle),
        "table": fit.plate.name,
        "sha256": sha256,
        "versions": f"ublot {__version__}",
        "command": command,
    }
    return render(Page("plates.html.j2", f"{fit.plate.name} – ublot", values, tuple(pictures)))


def found_sentence(row: Mapping[str, Any]) -> str:
    """What a row of the answer says."""
    place = ", ".join(part for part in (str(row["group"] or ""), time_text(row["time_min"])) if part)
    name = f"{row['compound']}{f' ({place})' if place else ''}"
    note = f"; {row['note']}" if row["note"] else ""
    # Where binding was asked for, its constant is the answer; a limit stands in the note, with its reason.
    bound = affinity_text(row, "95 % ")
    name += f": {bound}" if "(" in bound else ""
    if row["status"] == "ok":
        bounds = interval_text(row["ec50_low"], row["ec50_high"])
        return f"{name}{';' if '(' in bound else ':'} EC50 {number_text(row['ec50_nM'])} nM (95 % {bounds}){note}."
    return f"{name}{';' if '(' in bound else ':'} no EC50 ({str(row['status']).replace('_', ' ')}){note}."


def curve_table(rows: Sequence[Record]) -> TableView:
    """EC50 of every compound, and what goes with it."""
    columns = (
        Column("group"),
        Column("time"),
        Column("compound"),
        Column("EC50", "nM, 95 %", number=True),
        Column("without wells that stand off", "nM, 95 %", number=True),
        Column("at 50 %", "nM", number=True),
        Column("descending limb", "nM, 95 %", number=True),
        Column("K_i", "nM, 95 %", number=True),
        Column("K_d", "nM, 95 %", number=True),
        Column("Hill", number=True),
        Column("bottom", "%", number=True),
        Column("top", "%", number=True),
        Column("n", "wells", number=True),
        Column("plates", "averaged", number=True),
        Column("standing off", number=True),
        Column("lack of fit", "p", number=True),
        Column("status"),
    )
    out = [
        Row(
            (
                *place_cells(row),
                Cell(str(row["compound"])),
                _known(row, "ec50"),
                bounded_cell(row, "robust_ec50_nM", "robust_low", "robust_high") if row["standing_off"] else Cell(""),
                number_cell(row["absolute_ic50_nM"]),
                bounded_cell(row, "descending_ic50_nM", "descending_low", "descending_high"),
                _known(row, "ki"),
                _known(row, "kd"),
                number_cell(row["hill"]),
                number_cell(row["bottom"]),
                number_cell(row["top"]),
                Cell(str(int(row["n"]))),
                Cell(str(int(row["replicates"]))),
                Cell(str(int(row["standing_off"])) if row["standing_off"] else ""),
                Cell(p_text(row["lack_of_fit_p"]), key=f"{number_or_nan(row['lack_of_fit_p']):.6g}"),
                Cell(str(row["status"]).replace("_", " ")),
            )
        )
        for row in rows
    ]
    return TableView.of("Curves", columns, out)


def _known(row: Record, name: str) -> Cell:
    """A constant with its interval, or the limits that are known of it."""
    above, below = number_text(row[f"{name}_above_nM"]), number_text(row[f"{name}_below_nM"])
    if not (above or below) or math.isfinite(row[f"{name}_nM"]):
        return bounded_cell(row, f"{name}_nM", f"{name}_low", f"{name}_high")
    return Cell(", ".join(f"{sign} {limit}" for sign, limit in ((">", above), ("<", below)) if limit))


def _replicate_table(rows: Sequence[Record]) -> TableView:
    columns = (
        Column("group"),
        Column("time"),
        Column("compound"),
        Column("plate"),
        Column("EC50", "nM, 95 %", number=True),
        Column("pEC50", "95 %", number=True),
        Column("n", number=True),
    )
    out = [
        Row(
            (
                *place_cells(row),
                Cell(str(row["compound"])),
                Cell(str(row["plate"])),
                bounded_cell(row, "ec50_nM", "ec50_low", "ec50_high"),
                Cell(
                    "" if math.isnan(row["pec50"]) else f"{row['pec50']:.2f}",
                    "" if math.isnan(row["pec50_low"]) else f"({row['pec50_low']:.2f}–{row['pec50_high']:.2f})",
                ),
                Cell(str(row["n"])),
            )
        )
        for row in rows
    ]
    return TableView.of("Replicate experiments: the EC50 of each plate, and their geometric mean", columns, out)


def _equal_table(rows: Sequence[Record]) -> TableView:
    columns = (
        Column("group"),
        Column("time"),
        Column("compounds"),
        Column("ratio of EC50", number=True),
        Column("p", "for one EC50", number=True),
        Column("unit"),
    )
    out = [
        Row(
            (
                *place_cells(row),
                Cell(f"{row['compound_a']} over {row['compound_b']}"),
                number_cell(row["ec50_ratio"]),
                Cell(p_text(row["p"]), key=f"{row['p']:.6g}"),
                Cell(str(row["unit"])),
            )
        )
        for row in rows
    ]
    return TableView.of("Whether two compounds have the same EC50", columns, out)


def _dose_table(rows: Sequence[Record]) -> TableView:
    columns = (
        Column("group"),
        Column("time"),
        Column("compound"),
        Column("dose", number=True),
        Column("mean", "%, 95 %", number=True),
        Column("SD", number=True),
        Column("n", "wells", number=True),
        Column("plates", number=True),
        Column("p", "against the vehicle, adjusted", number=True),
        Column("unit", "of p"),
    )
    out = []
    for row in rows:
        dose, p = number_or_nan(row["concentration_nM"]), number_or_nan(row["p_vehicle"])
        out.append(
            Row(
                (
                    *place_cells(row),
                    Cell(str(row["compound"])),
                    Cell(dose_text(dose), key="" if math.isnan(dose) else f"{dose:g}"),
                    bounded_cell(row, "mean", "low", "high"),
                    number_cell(row["sd"]),
                    Cell(str(int(row["n"]))),
                    Cell(str(int(row["plates"]))),
                    Cell(p_text(p), key="" if math.isnan(p) else f"{p:.6g}"),
                    Cell(str(row["unit"])),
                )
            )
        )
    return TableView.of("Doses, in percent of the vehicle", columns, out)


def _left_out_table(rows: Sequence[Record]) -> TableView:
    columns = (
        Column("plate"),
        Column("well"),
        Column("row", "of the table"),
        Column("compound"),
        Column("dose", number=True),
        Column("percent", "of the vehicle", number=True),
        Column("what"),
    )
    out = [
        Row(
            (
                Cell(str(row["plate"])),
                Cell(str(row["well"])),
                Cell(str(row["rows"])),
                Cell(str(row["compound"])),
                Cell("" if row["vehicle"] else dose_text(row["dose_nM"])),
                number_cell(row["percent"]),
                Cell("left out, as asked" if row["excluded"] else "stands off the curve, in the fit"),
            )
        )
        for row in rows
        if row["excluded"] or row["standing_off"]
    ]
    return TableView.of("Wells left out, and wells that stand off", columns, out)


def _methods(fit: PlateFit, options: Mapping[str, Any], vehicle: str) -> Methods:
    from ublot import __version__

    cite = Citations()
    plates = len({w.plate for w in fit.plate.wells})
    models = {s.found.model for s in fit.series if s.found.status == "ok"}
    parts = [
        f"Responses were expressed as percent of the mean {vehicle} wells of the same plate, group and time with ublot "
        f"{__version__}" + (", less background." if options.get("background") is not None else "."),
        "Curves are four-parameter logistics fitted by least squares, the vehicle fixing the plateau without compound, "
        f"after a test for any dose effect{cite('Bretz 2005')}; EC50 are reported where two doses or more lie beyond "
        f"either bend{cite('Sebaugh 2011')}.",
    ]
    if "bell" in models:
        parts.append("Where an extra sum of squares F test preferred a bell, its ascending limb gives the EC50.")
    if plates > 1:
        parts.append(
            f"The unit was the plate (n = {plates}): EC50 are geometric means of the plates' own, with Student's 95 % "
            "interval of their logarithms."
        )
    else:
        parts.append("Intervals are 95 % profile-likelihood intervals of one plate.")
    parts.append(f"Wells that stand off their curve were looked for as in ROUT{cite('Motulsky 2006')} (Q = 1 %).")
    parts += _binding_methods(fit, options, cite)
    left = sum(w.excluded for w in fit.plate.wells)
    parts.append(f"{left} well{'s were' if left != 1 else ' was'} left out." if left else "No well was left out.")
    if any(math.isfinite(number_or_nan(row["p_vehicle"])) for row in dose_rows(fit)):
        over = cite("Langsrud 2005") if plates > 1 else cite("Dunnett 1955")
        parts.append(f"Doses were compared with the vehicle, two-sided, adjusted for their number{over}.")
    return Methods(" ".join(parts), cite.lines)


def _binding_methods(fit: PlateFit, options: Mapping[str, Any], cite: Citations) -> list[str]:
    """How polarisation was computed, and K_d or K_i fitted."""
    response = str(options.get("response") or fit.plate.response)
    parts = []
    measured = any(math.isfinite(w.intensity) for w in fit.plate.wells)
    if measured and is_computed(response):
        g = number_or_nan(options.get("g_factor"))
        parts.append(
            f"{response} was computed from the intensities parallel and perpendicular to the exciting light, less "
            f"background, with G = {1.0 if math.isnan(g) else g:g}{cite('Lakowicz 2006')}."
        )
    probe, protein, kd = (number_or_nan(options.get(f"{name}_nM")) for name in ("probe", "protein", "probe_kd"))
    if math.isnan(probe):
        return parts
    if math.isnan(kd):
        parts.append(
            f"K_d of the probe ({probe:g} nM) was fitted to the wells by mass action without approximation, what the "
            f"probe takes of the protein accounted for{cite('Roehrl 2004')}"
        )
    else:
        errors = [number_or_nan(options.get(name)) for name in ("protein_error", "probe_kd_error")]
        sure = [f" ± {e:g} %" if e > 0 else "" for e in errors]
        parts.append(
            f"K_i was fitted to the wells by the exact equilibrium of competition{cite('Wang 1995')} for "
            f"{protein:g} nM{sure[0]} protein and {probe:g} nM probe with K_d {kd:g} nM{sure[1]}; where an error of "
            f"{100 * PIPETTED:g} % in the protein leaves K_i open by tenfold or more, a limit is given"
        )
    ratio = number_or_nan(options.get("intensity_ratio"))
    if math.isfinite(ratio):
        weighed = f"bound probe was taken as {ratio:g} times as bright as free probe"
    elif measured:
        weighed = "the change of the probe's brightness on binding was measured in the same wells"
    else:
        weighed = "free and bound probe were taken as equally bright"
        if POLARISATION & set(words_of(response)):
            weighed += ", by total intensity or by the sum of both directions, with an interval that holds either"
    parts[-1] += f"; {weighed}. Intervals are 95 % profile-likelihood intervals."
    return parts
