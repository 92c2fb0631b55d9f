"""The figure of the dose-response: points over dose, the vehicle beside them, the fitted curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.tables import number_or_nan
from ublot.report.figures.style import SERIES
from ublot.wording.labels import shortened, time_text
from ublot.wording.words import interval_text, number_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def dose_figure(rows: Sequence[Row], fits: Sequence[Row], quantity: str, vehicle: str = "DMSO") -> Figure | None:
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
    from matplotlib.figure import Figure

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
    columns = min(len(places), 3)
    lines = math.ceil(len(places) / columns)
    figure = Figure(figsize=(5.2 if columns == 1 else 3.5 * columns + 0.3, 3.2 * lines + 0.2), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    blots = list(dict.fromkeys(str(row.get("image") or "") for row in rows))
    for axes, (group, time, compound) in zip(panels, places, strict=False):
        here = [
            fit
            for fit in wanted
            if ((fit["group"] or ""), time_text(fit["time_min"])) == (group, time)
            and compound in ("", str(fit["compound"]))
        ]
        title = " ".join(part for part in (group, time if len({t for _, t, _ in places}) > 1 else "") if part)
        _draw(axes, rows, here, quantity, vehicle, blots, title)
    for axes in panels[len(places) :]:
        axes.set_axis_off()
    for i in range(0, len(places), columns):
        panels[i].set_ylabel(QUANTITY[quantity].format(vehicle), fontsize=8, parse_math=False)
    return figure


def _draw(
    axes: Axes, rows: Sequence[Row], fits: Sequence[Row], quantity: str, vehicle: str, blots: Sequence[str], title: str
) -> None:
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
    _points(axes, [away] * len(controls), controls, quantity, "0.45", blots)
    for colour, fit in zip(SERIES * 4, fits, strict=False):
        lanes = _lanes_of(rows, fit, quantity)
        _points(axes, [float(row["concentration_nM"]) for row in lanes], lanes, quantity, colour, blots)
        label = shortened(str(fit["compound"]))
        if fit["status"] == "ok":
            x = np.geomspace(least / 1.3, most * 1.3, 160)
            drawn = str(fit.get("model") or "sigmoid") != "bell" or math.isfinite(
                number_or_nan(fit.get("descending_ic50_nM"))
            )
            if drawn:
                axes.plot(x, curve_at(fit, x), color=colour, linewidth=1.3, zorder=2)
            half = float(curve_at(fit, fit["ec50_nM"]))
            axes.hlines(half, float(fit["ec50_low"]), float(fit["ec50_high"]), color=colour, linewidth=2.4, alpha=0.5)
            bounds = interval_text(fit["ec50_low"], fit["ec50_high"])
            label += f": EC50 {number_text(fit['ec50_nM'])} nM ({bounds})"
        else:
            label += f": {str(fit['status']).replace('_', ' ')}"
        axes.plot([], [], color=colour, marker="o", markersize=4, linewidth=1.2, label=label)
    whole = 100 if quantity == "percent_of_vehicle" else 1
    axes.axhline(whole, color="black", linewidth=0.7, linestyle="--", zorder=0)
    _bound(axes, rows, quantity)
    axes.set_xscale("log")
    axes.set_xlim(away / 1.5, most * 1.6)
    axes.minorticks_off()
    ticks = [10.0**k for k in range(math.ceil(math.log10(least) - 0.3), math.floor(math.log10(most) + 0.3) + 1)]
    ticks = [t for t in ticks if t > away * 1.4] or [least, most]
    axes.set_xticks([away, *ticks], [vehicle[:12], *(f"{t:g}" for t in ticks)], fontsize=7, parse_math=False)
    axes.set_xlabel("nM", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    if quantity == "percent_of_vehicle":
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    # Above the axes: whichever way the curves go, there is no room within that no point may need.
    legend = axes.legend(
        fontsize=6.5, frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.2, title=title,
        title_fontsize=8, alignment="left",
    )  # fmt: skip
    for text in (*legend.get_texts(), legend.get_title()):
        text.set_parse_math(False)


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
    axes: Axes, places: Sequence[float], rows: Sequence[Row], quantity: str, colour: str, blots: Sequence[str]
) -> None:
    for x, row in zip(places, rows, strict=True):
        value = float(row[quantity])
        low, high = (number_or_nan(row.get(f"{quantity}_{end}")) for end in ("low", "high"))
        if low <= value <= high:
            axes.vlines(x, low, high, color=colour, linewidth=0.8, alpha=0.6, zorder=1)
        marker = MARKERS[blots.index(str(row.get("image") or "")) % len(MARKERS)]
        if row.get("excluded"):
            axes.plot(x, value, marker="x", color="0.45", markersize=4.5, linestyle="none", zorder=3)
            continue
        axes.plot(x, value, marker=marker, color=colour, markersize=3.8, linestyle="none", zorder=3)
        if row.get("standing_off"):
            ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": STRAY, "markeredgewidth": 1.3}
            axes.plot(x, value, marker="o", markersize=9, linestyle="none", zorder=4, **ring)


def _bound(axes: Axes, rows: Sequence[Row], quantity: str) -> None:
    """Keep wells that stand far off from pressing the curve flat: they are marked at the edge, with their value."""
    known = [row for row in rows if math.isfinite(number_or_nan(row.get(quantity)))]
    calm = [float(row[quantity]) for row in known if not (row.get("standing_off") or row.get("excluded"))]
    if not calm or len(calm) == len(known):
        return
    least, most = min([*calm, 0.0]), max(calm)
    room = 0.35 * (most - least)
    axes.set_ylim(least - 0.08 * (most - least), most + room)
    for line in list(axes.lines):
        y = np.atleast_1d(np.asarray(line.get_ydata(), np.float64))
        if len(y) == 1 and y[0] > most + room and line.get_markersize() < 9:
            x = float(np.atleast_1d(np.asarray(line.get_xdata(), np.float64))[0])
            arrow: dict[str, Any] = {"arrowstyle": "->", "color": STRAY, "linewidth": 1.1}
            axes.annotate(
                f"{y[0]:.3g}", (x, most + 0.97 * room), (0, -22), textcoords="offset points",
                ha="center", fontsize=6.5, color=STRAY, arrowprops=arrow, zorder=5,
            )  # fmt: skip
