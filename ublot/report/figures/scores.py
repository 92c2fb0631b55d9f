"""The figure of the scores: every lane's value over its vehicle lanes, replicates side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.tables import number_or_nan
from ublot.scoring.primary import REACTED, by_area, lane_state, primary_quantity, role_of
from ublot.wording.labels import lane_labels, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["scores_figure"]

_GREY, _SKY, _BLUE, _YELLOW, _RED = "#999999", "#56B4E9", "#0072B2", "#E69F00", "#D55E00"
_COLOURS = {"vehicle": _GREY, "sample": _SKY, "negative": _YELLOW, "": _SKY}
_TITLES = {
    "relative_hmw": "ubiquitinated fraction H / (H + U) over DMSO",
    "relative_hmw_area": "ubiquitinated signal H / load over DMSO",
    "hmw_fraction": "ubiquitinated fraction H / (H + U)\nno vehicle lane to compare with",
}


def scores_figure(analysis: Any) -> Figure:
    """Bars of the score with 95 % intervals; replicate lanes as points on their common bar.

    Where no lane has a score, the figure has no axes and says why.

    Parameters
    ----------
    analysis : Analysis
        ``lanes`` and ``params`` (antibody and assay say which score is the primary one) are read.

    Returns
    -------
    Figure
    """
    from matplotlib.figure import Figure

    everything = analysis.lanes.to_dict("records")
    rows = [row for row in everything if role_of(row) in REACTED]
    params = getattr(analysis, "params", None)
    quantity = primary_quantity(rows, by_area=by_area(params))
    groups = _replicates(rows)
    width = float(np.clip(0.42 * len(groups) + 1.6, 4.5, 15.0))
    figure = Figure(figsize=(width, 4.2), layout="constrained")
    axes = figure.add_subplot()
    refused = quantity == "hmw_fraction" and any(role_of(row) == "vehicle" for row in rows)
    title = _TITLES[quantity].replace("no vehicle lane", "no scored vehicle lane") if refused else _TITLES[quantity]
    axes.set_ylabel(title, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    values = [number_or_nan(row.get(quantity)) for row in rows]
    if not any(math.isfinite(value) for value in values):
        axes.set_axis_off()
        axes.set_ylabel("")
        axes.text(0.5, 0.5, _why_none(rows), ha="center", va="center", fontsize=8, parse_math=False)
        return figure
    axes.set_ylim(*_limits(rows, quantity, values))
    for x, (_, lanes) in enumerate(groups):
        _draw_group(axes, x, lanes, quantity)
    if quantity != "hmw_fraction":
        axes.axhline(1, color="black", linewidth=0.8, linestyle="--", zorder=0)
    axes.axhline(0, color="black", linewidth=0.6, zorder=0)
    axes.set_xlim(-0.7, len(groups) - 0.3)
    names = [f"{shortened(label)} ({_lane_list(lanes)})" if label else _lane_list(lanes) for label, lanes in groups]
    turned: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if len(groups) > 3 else {}
    axes.set_xticks(range(len(groups)), names, fontsize=7, parse_math=False, **turned)
    mean = "log-odds mean" if quantity == "hmw_fraction" else "geometric mean"
    said = f"bars: {mean}; points: lanes; lines: their 95 % intervals"
    axes.set_title(said, fontsize=7, loc="left")
    return figure


def _why_none(rows: list[dict[str, Any]]) -> str:
    """Reason why there is nothing to draw, lane by lane where it is the lanes'."""
    if not rows:
        return "No scores: every lane is a marker, blank or ignored."
    lines = ["No lane has a score."]
    for row in rows[:12]:
        flags = ", ".join(name.replace("_", " ") for name in str(row.get("flags") or "").split(";") if name)
        lines.append(f"lane {row['lane']}: {lane_state(row) or 'no score'}{f' ({flags})' if flags else ''}"[:70])
    return "\n".join(lines + [f"and {len(rows) - 12} more"] * (len(rows) > 12))


def _replicates(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Lanes of one condition together, in the order of their first lane: vehicle, then as loaded."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row, label in zip(rows, lane_labels(rows), strict=True):
        # Without a layout nothing says that two lanes are alike.
        apart = "" if row.get("compound") or role_of(row) not in ("sample", "") else str(row["lane"])
        groups.setdefault((role_of(row), label, apart), []).append(row)
    return [(label, lanes) for (_, label, _), lanes in groups.items()]


def _draw_group(axes: Axes, x: int, lanes: list[dict[str, Any]], quantity: str) -> None:
    scored = [row for row in lanes if math.isfinite(number_or_nan(row.get(quantity)))]
    if scored:
        mean = _mean([float(row[quantity]) for row in scored], quantity)
        axes.bar(x, mean, 0.7, color=_COLOURS[role_of(lanes[0])], edgecolor="none", zorder=1)
    spread = np.linspace(-0.2, 0.2, len(scored)) if len(scored) > 1 else np.zeros(1)
    bottom, top = axes.get_ylim()
    for dx, row in zip(spread, scored, strict=False):
        value = float(row[quantity])
        low, high = number_or_nan(row.get(f"{quantity}_low")), number_or_nan(row.get(f"{quantity}_high"))
        if low <= value <= high:
            axes.vlines(x + dx, max(low, bottom), min(high, top), color="black", linewidth=1, zorder=2)
            if high > top:
                axes.plot(x + dx, top, marker="^", color="black", markersize=4, clip_on=False, zorder=3)
        axes.plot(x + dx, value, marker="o", color=_BLUE, markersize=3.5, zorder=3)
    absent = [row for row in lanes if lane_state(row)]
    if absent:
        words = ", ".join(dict.fromkeys(lane_state(row) for row in absent))
        which = "" if len(lanes) == 1 else f" ({_lane_list(absent)})"
        height = 0.02 * (top - bottom) if not scored else max(float(row[quantity]) for row in scored) + 0.03 * top
        colour = _RED if "refused" in words else "0.35"
        axes.text(
            x, max(height, 0.02 * (top - bottom)), f"× {words}{which}", rotation=90, color=colour, fontsize=7,
            ha="center", va="bottom", zorder=4, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip


def _mean(values: list[float], quantity: str) -> float:
    """Mean on the scale that `summary.csv` takes it on: geometric for ratios, of the log-odds for fractions."""
    from ublot.statistics.reactions import QUANTITIES
    from ublot.statistics.scales import fitting_scale, from_scale, to_scale

    scale = fitting_scale(values, QUANTITIES[quantity])
    return float(from_scale(to_scale(values, scale).mean(), scale))


def _limits(rows: list[dict[str, Any]], quantity: str, values: list[float]) -> tuple[float, float]:
    """Room for the values and, up to twice the largest value, for their intervals."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return 0.0, 1.2
    highs = [number_or_nan(row.get(f"{quantity}_high")) for row in rows]
    lows = [number_or_nan(row.get(f"{quantity}_low")) for row in rows]
    largest = max([*known, 1.0 if quantity != "hmw_fraction" else 0.0])
    top = min(max([largest, *(h for h in highs if math.isfinite(h))]), 2 * largest)
    least = min([0.0, *known, *(low for low in lows if math.isfinite(low))])
    if top <= 0:  # nothing but negative values: they are what there is to see
        return (1.1 * least, -0.1 * least) if least < 0 else (0.0, 1.0)
    return max(least, -0.5 * top) * 1.1, top * 1.08


def _lane_list(lanes: list[dict[str, Any]]) -> str:
    return f"lane{'s' * (len(lanes) > 1)} " + ", ".join(str(row["lane"]) for row in lanes)
