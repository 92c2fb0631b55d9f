"""The figure of the scores: every lane's value over its vehicle lanes, replicates side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ublot.io.cells import number_or_nan
from ublot.io.columns import records_of
from ublot.report.figures.plot import Area, Drawing, Line, Plot, Points, Text, nice_ticks, wide
from ublot.report.figures.style import is_known
from ublot.scoring.primary import REACTED, by_area, lane_state, primary_quantity, role_of
from ublot.wording.labels import lane_labels, shortened
from ublot.wording.lane_lists import lane_ranges

__all__ = ["scores_figure"]

_GREY, _SKY, _BLUE, _YELLOW, _RED = "#999999", "#56B4E9", "#0072B2", "#E69F00", "#D55E00"
_COLOURS = {"vehicle": _GREY, "sample": _SKY, "negative": _YELLOW, "": _SKY}
_TITLES = {
    "relative_hmw": "ubiquitinated fraction H / (H + U) over DMSO",
    "relative_hmw_area": "ubiquitinated signal H / load over DMSO",
    "hmw_fraction": "ubiquitinated fraction H / (H + U)\nno vehicle lane to compare with",
}


INCH = 72  # points
TURNED = 40.0  # degrees, of names below more than three bars
BODY = 3.1 * INCH  # height of the bars


def scores_figure(analysis: Any) -> Drawing:
    """Bars of the score with 95 % intervals; replicate lanes as points on their common bar.

    Where no lane has a score, the figure has no plot and says why.

    Parameters
    ----------
    analysis : Analysis
        ``columns`` and ``params`` (antibody and assay say which score is the primary one) are read.

    Returns
    -------
    Drawing
    """
    everything = records_of(analysis.columns["lanes"])
    rows = [row for row in everything if role_of(row) in REACTED]
    params = getattr(analysis, "params", None)
    quantity = primary_quantity(rows, by_area=by_area(params))
    groups = _replicates(rows)
    width = INCH * float(np.clip(0.42 * len(groups) + 1.6, 4.5, 15.0))
    values = [number_or_nan(row.get(quantity)) for row in rows]
    if not any(math.isfinite(value) for value in values):
        lines = _why_none(rows)
        drawing = Drawing(width, 4.2 * INCH)
        first = 0.5 * drawing.height - 5.0 * (len(lines) - 1)
        drawing.marks += [Text(0.5 * width, first + 10 * i, line, 8, anchor="mm") for i, line in enumerate(lines)]
        return drawing
    refused = quantity == "hmw_fraction" and any(role_of(row) == "vehicle" for row in rows)
    title = _TITLES[quantity].replace("no vehicle lane", "no scored vehicle lane") if refused else _TITLES[quantity]
    if not is_known(analysis, everything):
        title = title.replace("ubiquitinated fraction", "share above the main band")
        title = title.replace("ubiquitinated signal", "signal above the main band")
    names = [f"{shortened(label)} ({_lane_list(lanes)})" if label else _lane_list(lanes) for label, lanes in groups]
    mean = "log-odds mean" if quantity == "hmw_fraction" else "geometric mean"
    plot = Plot(
        (0, 0, 1, 1),
        (-0.7, len(groups) - 0.3),
        _limits(rows, quantity, values),
        x_ticks=[(float(i), name) for i, name in enumerate(names)],
        x_angle=TURNED if len(groups) > 3 else 0.0,
        y_label=title,
        title=f"bars: {mean}; points: lanes; lines: their 95 % intervals",
        title_anchor="l",
        frame="lb",
    )
    plot.y_ticks = nice_ticks(*plot.y_limits, 8)
    drawing = _laid_out(plot, width)
    whole = plot.x_limits
    if quantity != "hmw_fraction":
        plot.marks.append(Line(whole, (1, 1), dash=(3.0, 1.3)))
    plot.marks.append(Line(whole, (0, 0), width=0.6))
    for x, (_, lanes) in enumerate(groups):
        _draw_group(plot, x, lanes, quantity)
    return drawing


def _laid_out(plot: Plot, width: float) -> Drawing:
    """The page around the plot, with room for all names."""
    lengths = [wide(name, plot.tick_size) for _, name in plot.x_ticks]
    left = max((wide(text, plot.tick_size) for _, text in plot.y_ticks), default=0.0) + 24.0
    left += 10.0 if "\n" in plot.y_label else 0.0
    right, angle = 8.0, math.radians(plot.x_angle)
    if angle:
        below = max(length * math.sin(angle) for length in lengths) + 14.0
        span = plot.x_limits[1] - plot.x_limits[0]
        places = [(x - plot.x_limits[0]) / span * (width - left - right) for x, _ in plot.x_ticks]
        ends = (length * math.cos(angle) + 6.0 - at for length, at in zip(lengths, places, strict=True))
        left = max(left, *ends)
    else:
        # Three names at most: side by side as they are, or the page grows.
        below = 18.0
        width = max(width, left + right + 1.15 * len(lengths) * max(lengths))
    plot.box = (left, 18.0, width - left - right, BODY)
    return Drawing(width, 18.0 + BODY + below, [plot])


def _why_none(rows: list[dict[str, Any]]) -> list[str]:
    """Reason why there is nothing to draw, lane by lane where it is the lanes'."""
    if not rows:
        return ["No scores: every lane is a marker, blank or ignored."]
    lines = ["No lane has a score."]
    for row in rows[:12]:
        flags = ", ".join(name.replace("_", " ") for name in str(row.get("flags") or "").split(";") if name)
        lines.append(f"lane {row['lane']}: {lane_state(row) or 'no score'}{f' ({flags})' if flags else ''}"[:70])
    return lines + [f"and {len(rows) - 12} more"] * (len(rows) > 12)


def _replicates(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Lanes of one condition together, in the order of their first lane: vehicle, then as loaded."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row, label in zip(rows, lane_labels(rows), strict=True):
        # Without a layout nothing says that two lanes are alike.
        apart = "" if row.get("compound") or role_of(row) not in ("sample", "") else str(row["lane"])
        groups.setdefault((role_of(row), label, apart), []).append(row)
    return [(label, lanes) for (_, label, _), lanes in groups.items()]


def _draw_group(plot: Plot, x: int, lanes: list[dict[str, Any]], quantity: str) -> None:
    scored = [row for row in lanes if math.isfinite(number_or_nan(row.get(quantity)))]
    if scored:
        mean = _mean([float(row[quantity]) for row in scored], quantity)
        sides = [x - 0.35, x + 0.35]
        plot.marks.append(Area([*sides, *sides[::-1]], [0, 0, mean, mean], _COLOURS[role_of(lanes[0])]))
    spread = np.linspace(-0.2, 0.2, len(scored)) if len(scored) > 1 else np.zeros(1)
    bottom, top = plot.y_limits
    for dx, row in zip(spread, scored, strict=False):
        value, at = float(row[quantity]), x + float(dx)
        low, high = number_or_nan(row.get(f"{quantity}_low")), number_or_nan(row.get(f"{quantity}_high"))
        if low <= value <= high:
            plot.marks.append(Line([at, at], [max(low, bottom), min(high, top)], width=1.0))
            if high > top:
                plot.notes.append(Points([at], [top], "^", 4.0))
        plot.marks.append(Points([at], [value], size=3.5, colour=_BLUE))
    absent = [row for row in lanes if lane_state(row)]
    if absent:
        words = ", ".join(dict.fromkeys(lane_state(row) for row in absent))
        which = "" if len(lanes) == 1 else f" ({_lane_list(absent)})"
        height = 0.02 * (top - bottom) if not scored else max(float(row[quantity]) for row in scored) + 0.03 * top
        colour = _RED if "refused" in words else "#595959"
        height = max(height, 0.02 * (top - bottom))
        plot.marks.append(Text(x, height, f"× {words}{which}", 7, colour, "lm", 90, halo=1.0))


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
    return lane_ranges(int(row["lane"]) for row in lanes)
