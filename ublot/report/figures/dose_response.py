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
}


def curve_at(fit: Row, dose: Any) -> Any:
    """Four-parameter logistic of a row of ``dose_response.csv``; a falling curve has a negative slope."""
    bottom, top, hill, ec50 = (float(fit[name]) for name in ("bottom", "top", "hill", "ec50_nM"))
    return bottom + (top - bottom) / (1 + (ec50 / np.asarray(dose, np.float64)) ** hill)


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

    wanted = [fit for fit in fits if fit["quantity"] == quantity]
    places = list(dict.fromkeys((fit["group"] or "", time_text(fit["time_min"])) for fit in wanted))
    if not places:
        return None
    columns = min(len(places), 3)
    lines = math.ceil(len(places) / columns)
    figure = Figure(figsize=(4.6 if columns == 1 else 3.5 * columns + 0.3, 3.2 * lines + 0.2), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    blots = list(dict.fromkeys(str(row.get("image") or "") for row in rows))
    for axes, (group, time) in zip(panels, places, strict=False):
        here = [fit for fit in wanted if ((fit["group"] or ""), time_text(fit["time_min"])) == (group, time)]
        _draw(axes, rows, here, quantity, vehicle, blots)
        title = " ".join(part for part in (group, time if len({t for _, t in places}) > 1 else "") if part)
        axes.set_title(title, fontsize=8, loc="left", parse_math=False)
    for axes in panels[len(places) :]:
        axes.set_axis_off()
    for i in range(0, len(places), columns):
        panels[i].set_ylabel(QUANTITY[quantity].format(vehicle), fontsize=8, parse_math=False)
    return figure


def _draw(
    axes: Axes, rows: Sequence[Row], fits: Sequence[Row], quantity: str, vehicle: str, blots: Sequence[str]
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
            axes.plot(x, curve_at(fit, x), color=colour, linewidth=1.3, zorder=2)
            half = 0.5 * (float(fit["bottom"]) + float(fit["top"]))
            axes.hlines(half, float(fit["ec50_low"]), float(fit["ec50_high"]), color=colour, linewidth=2.4, alpha=0.5)
            bounds = interval_text(fit["ec50_low"], fit["ec50_high"])
            label += f": EC50 {number_text(fit['ec50_nM'])} nM ({bounds})"
        else:
            label += f": {str(fit['status']).replace('_', ' ')}"
        axes.plot([], [], color=colour, marker="o", markersize=4, linewidth=1.2, label=label)
    axes.axhline(1, color="black", linewidth=0.7, linestyle="--", zorder=0)
    axes.set_xscale("log")
    axes.set_xlim(away / 1.5, most * 1.6)
    axes.minorticks_off()
    ticks = [10.0**k for k in range(math.ceil(math.log10(least) - 0.3), math.floor(math.log10(most) + 0.3) + 1)]
    ticks = [t for t in ticks if t > away * 1.4] or [least, most]
    axes.set_xticks([away, *ticks], [vehicle[:12], *(f"{t:g}" for t in ticks)], fontsize=7, parse_math=False)
    axes.set_xlabel("nM", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    at_left = _rises(rows, fits, quantity)
    legend = axes.legend(fontsize=6.5, frameon=False, loc="upper left" if at_left else "upper right")
    for text in legend.get_texts():
        text.set_parse_math(False)


def _rises(rows: Sequence[Row], fits: Sequence[Row], quantity: str) -> bool:
    """Whether the lower half of the doses leaves room above it."""
    lanes = [row for fit in fits for row in _lanes_of(rows, fit, quantity)]
    middle = np.median([float(row["concentration_nM"]) for row in lanes])
    low, high = (
        np.mean([float(row[quantity]) for row in lanes if (float(row["concentration_nM"]) > middle) is upper] or [0.0])
        for upper in (False, True)
    )
    return bool(high >= low)


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
        axes.plot(x, value, marker=marker, color=colour, markersize=3.8, linestyle="none", zorder=3)
