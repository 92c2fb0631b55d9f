"""The figure of the dose-response: points over dose, the vehicle beside them, the fitted curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ublot.io.cells import number_or_nan
from ublot.report.figures.plot import Drawing, Line, Mark, Plot, Points, Text, nice_ticks, wide
from ublot.report.figures.style import SERIES
from ublot.wording.labels import shortened, time_text
from ublot.wording.words import affinity_text, interval_text, number_text

__all__ = ["MARKERS", "QUANTITY", "curve_at", "dose_figure"]

Row = Mapping[str, Any]
MARKERS = "os^DvP*X<>"
QUANTITY = {
    "relative_hmw": "fraction H / (H + U) over {}",
    "relative_hmw_area": "H / load over {}",
    "unmodified_remaining": "U / load over {}",
    "percent_of_vehicle": "percent of {}",
}
TOGETHER = 4  # compounds of one pair of axes; more of them stand side by side
STRAY = "#D55E00"  # of points that stand off their curve
INCH = 72  # points
BODY = 2.45 * INCH  # height of a plot
LINE = 9.0  # of the key, points


def curve_at(fit: Row, dose: Any) -> Any:
    """Curve of a row of ``dose_response.csv``: a sigmoid (a falling one has a negative slope), or a bell."""
    bottom, top, hill, ec50 = (float(fit[name]) for name in ("bottom", "top", "hill", "ec50_nM"))
    x = np.asarray(dose, np.float64)
    back, steep = number_or_nan(fit.get("descending_ic50_nM")), number_or_nan(fit.get("descending_hill"))
    if str(fit.get("model") or "sigmoid") != "bell" or not math.isfinite(back):
        return bottom + (top - bottom) / (1 + (ec50 / x) ** hill)
    start, end = (bottom, top) if hill > 0 else (top, bottom)
    return start + (end - start) / (1 + (ec50 / x) ** abs(hill)) / (1 + (x / back) ** steep)


def _same(a: Any, b: Any) -> bool:
    x, y = number_or_nan(a), number_or_nan(b)
    return x == y or (math.isnan(x) and math.isnan(y))


def dose_figure(rows: Sequence[Row], fits: Sequence[Row], quantity: str, vehicle: str = "DMSO") -> Drawing | None:
    """One pair of axes for each group and time, compounds in colours; None where no compound has four doses.

    Parameters
    ----------
    rows : sequence of mapping
        Lanes as in ``lanes.csv``, of one or more blots (``image``), which have markers of their own.
    fits : sequence of mapping
        As in ``dose_response.csv``.
    quantity : str
        Column drawn.
    vehicle : str
        Its name.
    """
    # A compound without a vehicle has no points to draw.
    wanted = [
        fit
        for fit in fits
        if fit["quantity"] == quantity
        and any(number_or_nan(row["concentration_nM"]) > 0 for row in _lanes_of(rows, fit, quantity))
    ]
    places = list(dict.fromkeys((fit["group"] or "", time_text(fit["time_min"]), "") for fit in wanted))
    if len(wanted) > TOGETHER * max(len(places), 1):
        places = [(fit["group"] or "", time_text(fit["time_min"]), str(fit["compound"])) for fit in wanted]
    if not places:
        return None
    blots = list(dict.fromkeys(str(row.get("image") or "") for row in rows))
    times = len({time for _, time, _ in places}) > 1
    panels = []
    for group, time, compound in places:
        here = [
            fit
            for fit in wanted
            if ((fit["group"] or ""), time_text(fit["time_min"])) == (group, time)
            and compound in ("", str(fit["compound"]))
        ]
        title = " ".join(part for part in (group, time if times else "") if part)
        panels.append((_plot(rows, here, quantity, vehicle, blots), title, _key(here)))
    _share_heights([plot for plot, _, _ in panels], rows, quantity)
    return _laid_out(panels, QUANTITY[quantity].format(vehicle))


def _laid_out(panels: Sequence[tuple[Plot, str, list[tuple[str, str]]]], label: str) -> Drawing:
    """Plots in rows of three, each with its key above it: whichever way curves go, within there is no room."""
    columns = min(len(panels), 3)
    across = (5.2 if columns == 1 else 3.5) * INCH
    left = max(wide(text, 7) for plot, _, _ in panels for _, text in plot.y_ticks) + 24.0
    body = across - (left + 6.0 if columns == 1 else 18.0)
    drawing, top = Drawing(left + (columns - 1) * across + body + 6.0, 0.0), 4.0
    for first in range(0, len(panels), columns):
        line = panels[first : first + columns]
        keys = max(len(key) + (1.2 if title else 0.0) for _, title, key in line)
        foot = top + LINE * keys + 6.0
        for i, (plot, title, key) in enumerate(line):
            plot.box = (left + i * across, foot, body, BODY)
            if i:
                plot.y_ticks = [(value, "") for value, _ in plot.y_ticks]
            else:
                plot.y_label = label
            y = foot - 8.0 - LINE * (len(key) - 0.5)
            if title:
                drawing.marks.append(Text(plot.box[0], y - LINE, title, 8, anchor="lm"))
            for text, colour in key:
                x = plot.box[0]
                drawing.marks.append(Line([x, x + 13], [y, y], colour, 1.2))
                drawing.marks.append(Points([x + 6.5], [y], size=4.0, colour=colour))
                drawing.marks.append(Text(x + 18, y, text, 6.5, anchor="lm"))
                y += LINE
            drawing.plots.append(plot)
            drawing.marks += _strays(plot)
        top = foot + BODY + 34.0
    drawing.height = top - 4.0
    return drawing


def _key(fits: Sequence[Row]) -> list[tuple[str, str]]:
    """What is written of every compound, and its colour."""
    out = []
    for colour, fit in zip(SERIES * 4, fits, strict=False):
        label = shortened(str(fit["compound"]))
        if fit["status"] == "ok":
            bounds = interval_text(fit["ec50_low"], fit["ec50_high"])
            said = f"EC50 {number_text(fit['ec50_nM'])} nM ({bounds})"
        else:
            said = str(fit["status"]).replace("_", " ")
            robust = number_text(fit.get("robust_ec50_nM"))
            if robust and number_or_nan(fit.get("standing_off")) > 0:
                bounds = interval_text(fit["robust_low"], fit["robust_high"])
                said += f"; without what stands off: EC50 {robust} nM ({bounds})"
        label += ": " + "; ".join(part for part in (affinity_text(fit), said) if part)
        out.append((label, colour))
    return out


def _plot(rows: Sequence[Row], fits: Sequence[Row], quantity: str, vehicle: str, blots: Sequence[str]) -> Plot:
    doses = [
        number_or_nan(row["concentration_nM"])
        for fit in fits
        for row in _lanes_of(rows, fit, quantity)
        if number_or_nan(row["concentration_nM"]) > 0
    ]
    least, most = min(doses), max(doses)
    away = least / (most / least) ** 0.12 / 1.6  # where the vehicle stands: it has no place on a logarithmic axis
    group = fits[0]["group"] or ""
    controls = [
        row
        for row in rows
        if row.get("role") == "vehicle"
        and str(row.get("group") or "") == group
        and math.isfinite(number_or_nan(row.get(quantity)))
    ]
    limits = away / 1.5, most * 1.6
    plot = Plot((0, 0, 1, 1), limits, log=True, x_label="nM", frame="lb")
    whole = 100 if quantity == "percent_of_vehicle" else 1
    plot.marks.append(Line(limits, [whole, whole], width=0.7, dash=(3.0, 1.3)))
    signs = _points([away] * len(controls), controls, quantity, "#737373", blots)
    for colour, fit in zip(SERIES * 4, fits, strict=False):
        lanes = _lanes_of(rows, fit, quantity)
        signs += _points([float(row["concentration_nM"]) for row in lanes], lanes, quantity, colour, blots)
        if fit["status"] != "ok":
            continue
        x = np.geomspace(least / 1.3, most * 1.3, 160)
        bell = str(fit.get("model") or "sigmoid") == "bell"
        if not bell or math.isfinite(number_or_nan(fit.get("descending_ic50_nM"))):
            plot.marks.append(Line(x, curve_at(fit, x), colour, 1.3))
        half = float(curve_at(fit, fit["ec50_nM"]))
        plot.marks.append(Line([float(fit["ec50_low"]), float(fit["ec50_high"])], [half] * 2, colour, 2.4, opacity=0.5))
    plot.marks += signs
    ticks = [10.0**k for k in range(math.ceil(math.log10(least) - 0.3), math.floor(math.log10(most) + 0.3) + 1)]
    ticks = [t for t in ticks if t > away * 1.4] or [least, most]
    plot.x_ticks = [(away, vehicle[:12]), *((t, f"{t:g}") for t in ticks)]
    return plot


def _share_heights(plots: Sequence[Plot], rows: Sequence[Row], quantity: str) -> None:
    """One vertical scale for all: what is drawn and a twentieth more, or, where wells stand far off, the others'."""
    y = np.concatenate([np.ravel(mark.y) for plot in plots for mark in plot.marks if isinstance(mark, Line | Points)])
    low, high = float(np.nanmin(y)), float(np.nanmax(y))
    low, high = low - 0.05 * (high - low), high + 0.05 * (high - low)
    low, high = _bounded(rows, quantity) or (low, high)
    if quantity == "percent_of_vehicle":
        low = min(0.0, low)
    for plot in plots:
        plot.y_limits = low, high
        plot.y_ticks = nice_ticks(low, high, 7)


def _lanes_of(rows: Sequence[Row], fit: Row, quantity: str) -> list[Row]:
    """Lanes that a fit is about."""
    name, group = str(fit["compound"]).casefold(), str(fit["group"] or "")
    return [
        row
        for row in rows
        if row.get("role") == "sample"
        and str(row.get("compound") or "").casefold() == name
        and str(row.get("group") or "") == group
        and _same(row.get("time_min"), fit["time_min"])
        and math.isfinite(number_or_nan(row.get(quantity)))
        and number_or_nan(row.get("concentration_nM")) > 0
    ]


def _points(
    places: Sequence[float], rows: Sequence[Row], quantity: str, colour: str, blots: Sequence[str]
) -> list[Mark]:
    bars: list[Mark] = []
    signs: list[Mark] = []
    for x, row in zip(places, rows, strict=True):
        value = float(row[quantity])
        low, high = (number_or_nan(row.get(f"{quantity}_{end}")) for end in ("low", "high"))
        if low <= value <= high:
            bars.append(Line([x, x], [low, high], colour, 0.8, opacity=0.6))
        marker = MARKERS[blots.index(str(row.get("image") or "")) % len(MARKERS)]
        if row.get("excluded"):
            signs.append(Points([x], [value], "x", 4.5, "#737373"))
            continue
        signs.append(Points([x], [value], marker, 3.8, colour))
        if row.get("standing_off"):
            signs.append(Points([x], [value], "o", 9.0, "", STRAY, 1.3))
    return bars + signs


def _bounded(rows: Sequence[Row], quantity: str) -> tuple[float, float] | None:
    """Heights that keep wells that stand far off from pressing the curve flat; None where there are none."""
    known = [row for row in rows if math.isfinite(number_or_nan(row.get(quantity)))]
    calm = [float(row[quantity]) for row in known if not (row.get("standing_off") or row.get("excluded"))]
    if not calm or len(calm) == len(known):
        return None
    least, most = min([*calm, 0.0]), max(calm)
    return least - 0.08 * (most - least), most + 0.35 * (most - least)


def _strays(plot: Plot) -> list[Mark]:
    """Arrows at the upper edge to the points above it, with their values."""
    top = plot.y_limits[1]
    out: list[Mark] = []
    for mark in plot.marks:
        if not isinstance(mark, Points) or mark.size >= 9 or float(np.ravel(mark.y)[0]) <= top:
            continue
        x, y = float(plot.to_x(mark.x)[0]), plot.box[1] + 2.0
        out += [
            Line([x, x], [y + 14, y], STRAY, 1.1),
            Line([x - 2.5, x, x + 2.5], [y + 4, y, y + 4], STRAY, 1.1),
            Text(x, y + 16, f"{float(np.ravel(mark.y)[0]):.3g}", 6.5, STRAY, "mt"),
        ]
    return out
