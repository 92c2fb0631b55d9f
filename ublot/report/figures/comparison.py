"""The figure of a comparison: means over blots with their intervals, single reactions as points, n and p."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.cells import number_or_nan
from ublot.report.figures.dose_response import MARKERS
from ublot.wording.labels import lane_labels, shortened
from ublot.wording.words import number_text, p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ublot.statistics.reactions import Reaction

__all__ = ["comparison_figure"]

Row = Mapping[str, Any]
COLOURS = {"vehicle": "#999999", "sample": "#56B4E9", "negative": "#E69F00"}
MOST = 10  # blots that are named beside their markers
FARTHEST = 2.0  # times the largest mean or point, up to where an interval is drawn
DEEPEST = 0.3  # of the height, below 0, down to where one is


def comparison_figure(
    summary: Sequence[Row], reactions: Sequence[Reaction], quantity: str, label: str
) -> Figure | None:
    """Bars of ``summary.csv`` for one quantity; None where there is nothing to draw.

    Parameters
    ----------
    summary : sequence of mapping
        As in ``summary.csv``.
    reactions : sequence of Reaction
        Of all blots.
    quantity : str
    label : str
        Of the vertical axis.
    """
    from matplotlib.figure import Figure

    rows = [row for row in summary if row["quantity"] == quantity and math.isfinite(float(row["mean"]))]
    if not rows:
        return None
    blots = list(dict.fromkeys(r.blot for r in reactions))
    width = float(np.clip(0.5 * len(rows) + 1.8, 4.8, 15.0))
    figure = Figure(figsize=(width, 4.4), layout="constrained")
    axes = figure.add_subplot()
    top = _top(rows, reactions, quantity)
    for x, row in enumerate(rows):
        _draw_bar(axes, x, row, _members(row, reactions, quantity), quantity, blots, top)
    axes.axhline(1, color="black", linewidth=0.8, linestyle="--", zorder=0)
    axes.axhline(0, color="black", linewidth=0.6, zorder=0)
    lows = [number_or_nan(row["low"]) for row in rows]
    least = min([0.0, *(float(row["mean"]) for row in rows), *(low for low in lows if math.isfinite(low))])
    axes.set_ylim(max(least, -DEEPEST * top) * 1.05, 1.2 * top)
    axes.set_xlim(-0.7, len(rows) - 0.3)
    names = [shortened(name) for name in lane_labels(rows)]
    turned: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(len(rows)), names, fontsize=7, parse_math=False, **turned)
    axes.set_ylabel(label, fontsize=8, parse_math=False)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    # A blot without a vehicle has no points.
    drawn = {r.blot for row in rows for r in _members(row, reactions, quantity)}
    if 1 < len(drawn) <= MOST:
        for blot, marker in ((blot, MARKERS[k % len(MARKERS)]) for k, blot in enumerate(blots) if blot in drawn):
            axes.plot([], [], marker=marker, color="black", markersize=3.5, linestyle="none", label=blot[:40])
        legend = axes.legend(fontsize=6.5, frameon=False, loc="upper left")
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def _members(row: Row, reactions: Sequence[Reaction], quantity: str) -> list[Reaction]:
    def same(a: Any, b: float) -> bool:
        x = number_or_nan(a)
        return x == b or (math.isnan(x) and math.isnan(b))

    return [
        r
        for r in reactions
        if r.role == row["role"]
        and r.group == (row["group"] or "")
        and same(row["time_min"], r.time_min)
        and (r.role == "vehicle" or (r.compound.casefold() == str(row["compound"] or "").casefold()))
        and (r.role == "vehicle" or same(row["concentration_nM"], r.concentration_nM))
        and math.isfinite(r.values.get(quantity, math.nan))
    ]


def _top(rows: Sequence[Row], reactions: Sequence[Reaction], quantity: str) -> float:
    """Room for all means and points, and for intervals up to twice these: farther ones are cut, and marked."""
    highs = [number_or_nan(row["high"]) for row in rows]
    points = [value for row in rows for value in (r.values[quantity] for r in _members(row, reactions, quantity))]
    most = max([1.0, *(float(row["mean"]) for row in rows), *points])
    return max(most, *(min(v, FARTHEST * most) for v in highs if math.isfinite(v)), most)


def _draw_bar(
    axes: Axes, x: int, row: Row, members: Sequence[Reaction], quantity: str, blots: Sequence[str], top: float
) -> None:
    mean, low, high = (number_or_nan(row[name]) for name in ("mean", "low", "high"))
    axes.bar(x, mean, 0.7, color=COLOURS.get(str(row["role"]), COLOURS["sample"]), edgecolor="none", zorder=1)
    if low <= mean <= high:
        axes.vlines(x, max(low, -DEEPEST * top), min(high, top), color="black", linewidth=1.1, zorder=2)
        _mark_cuts(axes, x, low, high, top)
    spread = np.linspace(-0.22, 0.22, len(members)) if len(members) > 1 else np.zeros(len(members))
    for dx, r in zip(spread, members, strict=True):
        marker = MARKERS[blots.index(r.blot) % len(MARKERS)]
        axes.plot(x + dx, r.values[quantity], marker=marker, color="#0072B2", markersize=3.6, zorder=3)
    highest = max([mean, *(r.values[quantity] for r in members), *([min(high, top)] if low <= high else [])])
    said = f"n = {int(row['n'])}" + (f"\n{p_text(row['p_vehicle'], sign=True)}" if p_text(row["p_vehicle"]) else "")
    above = 11 if low <= high and high > top else 3  # over the sign of a cut interval
    axes.annotate(said, (x, highest), (0, above), textcoords="offset points", ha="center", va="bottom", fontsize=5.8)


def _mark_cuts(axes: Axes, x: int, low: float, high: float, top: float) -> None:
    """Mark where an interval goes on beyond the picture, with where it ends."""
    sign: dict[str, Any] = {"color": "#D55E00", "markersize": 5, "linestyle": "none", "clip_on": False, "zorder": 4}
    said: dict[str, Any] = {"textcoords": "offset points", "fontsize": 5.8, "color": "#D55E00", "ha": "center"}
    if high > top:
        axes.plot(x, top, marker="^", **sign)
        axes.annotate(f"to {number_text(high)}", (x, top), (0, 4), va="bottom", **said)
    if low < -DEEPEST * top:
        axes.plot(x, -DEEPEST * top, marker="v", **sign)
        axes.annotate(f"from {number_text(low)}", (x, -DEEPEST * top), (0, -4), va="top", **said)
