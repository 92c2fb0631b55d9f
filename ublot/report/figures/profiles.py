"""The figure of the profiles: one small panel per lane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.columns import records_of
from ublot.report.figures.plot import Area, Drawing, Line, Mark, Plot, Text, nice_ticks, wide
from ublot.report.figures.style import (
    GREEN,
    REGION_COLOURS,
    VERMILLION,
    lane_regions,
    lanes_without_target,
    regions_of,
)
from ublot.scoring.primary import lane_state
from ublot.wording.labels import lane_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["profiles_figure"]

INCH = 72  # points
WIDE, HIGH = 1.97 * INCH, 1.18 * INCH  # of a panel
ACROSS, DOWN = 2.45 * INCH, 1.48 * INCH  # from one panel to the next
LEFT, TOP = 0.66 * INCH, 0.42 * INCH
ROOM = 1.3  # of the smear's height: above it a band is cut off, and its height written
TALL = 1.6  # times the smear, from where on a band would press it flat


def profiles_figure(analysis: Any) -> Drawing:
    """One small panel per lane: raw densitometry, background, fit and regions.

    Parameters
    ----------
    analysis : Analysis
        ``profile_list``, ``ladders``, ``calibration`` and ``columns`` are read.

    Returns
    -------
    Drawing
        Wells at the left. Each panel has its own vertical scale, made for the smear: where a band is much taller it is
        cut off and its height written there.
    """
    profiles = analysis.profile_list
    columns = 3 if len(profiles) <= 6 else 4 if len(profiles) <= 16 else 6
    lines = max(1, math.ceil(len(profiles) / columns))
    drawing = Drawing(columns * ACROSS + 0.3 * INCH, lines * DOWN + 0.57 * INCH)
    if not profiles:
        drawing.marks.append(Text(0.5 * drawing.width, 0.5 * drawing.height, "no lanes", 10, anchor="mm"))
        return drawing
    rows = records_of(analysis.columns["lanes"])
    empty = lanes_without_target(rows)
    ladders = {ladder.lane: ladder for ladder in analysis.ladders if ladder.lane not in empty}
    names = dict(zip((int(row["lane"]) for row in rows), lane_labels(rows), strict=True))
    states = {int(row["lane"]): lane_state(row) for row in rows}
    masses = _mass_ticks(analysis.calibration, profiles)
    for i, profile in enumerate(profiles):
        box = (LEFT + ACROSS * (i % columns), TOP + DOWN * (i // columns), WIDE, HIGH)
        plot = Plot(box, (float(profile.rows[0]), float(profile.rows[-1])), tick_size=6)
        _draw_profile(plot, profile, ladders.get(profile.lane))
        _title(plot, profile.lane, names.get(profile.lane, ""), states.get(profile.lane, ""))
        if i + columns >= len(profiles):
            plot.x_ticks = masses or nice_ticks(*plot.x_limits, 4)
        drawing.plots.append(plot)
    across = "kDa (wells at the left)" if masses else "row, px (wells at the left)"
    label = "signal × px, each lane on its own scale" if lines > 1 else "signal × px"
    drawing.marks += [
        Text(0.5 * drawing.width, drawing.height - 4, across, 8, anchor="ms"),
        Text(4, 0.5 * drawing.height, label, 8, anchor="mt", angle=90),
        *_key(ladders, drawing.width, regions_of(analysis, rows)),
    ]
    return drawing


def _draw_profile(plot: Plot, profile: Any, ladder: Any) -> None:
    rows = profile.rows
    if ladder is not None:
        for name, top, bottom in lane_regions(ladder):
            inside = (rows >= top - 0.5) & (rows <= bottom + 0.5)
            x, upper, lower = rows[inside], profile.raw[inside], profile.background[inside]
            if len(x) > 1:
                outline = np.concatenate([x, x[::-1]]), np.concatenate([upper, lower[::-1]])
                plot.marks.append(Area(*outline, REGION_COLOURS[name], 0.45))
    plot.marks.append(Line(rows, profile.raw))
    plot.marks.append(Line(rows, profile.background, VERMILLION, dash=(3.0, 1.3)))
    if ladder is not None and ladder.fit is not None:
        plot.marks.append(Line(rows, np.asarray(ladder.fit) + profile.background, GREEN))
    _fit_scale(plot, profile, ladder)


def _fit_scale(plot: Plot, profile: Any, ladder: Any) -> None:
    """Make the smear fill the panel; what is taller is cut off, and how tall it is gets said."""
    rows, raw = profile.rows, profile.raw
    low = min(float(np.nanmin(profile.background)), float(np.nanmin(raw)))
    peak = float(np.nanmax(raw))
    high = peak
    if ladder is not None:
        smear = raw[(rows > ladder.well_row) & (rows < ladder.boundary_row)]
        # The lane's own noise keeps an empty smear from being blown up to nothing but noise.
        least = 12 * float(np.nanmedian(profile.noise)) if len(profile.noise) else 0.0
        above = max(float(np.nanmax(smear)) - low, least) if smear.size else 0.0
        if above > 0 and peak - low > TALL * above:
            high = low + ROOM * above
    pad = 0.06 * max(high - low, 1e-12)
    plot.y_limits = low - pad, high + pad
    plot.y_ticks = nice_ticks(low, high, 3)
    if high < peak:
        at = float(rows[int(np.nanargmax(raw))])
        left = at > 0.5 * (rows[0] + rows[-1])
        text = f"to {_short(peak)}"
        side, dx = ("rm", -3) if left else ("lm", 3)
        plot.notes.append(Text(at, high, text, 5.5, "#404040", side, dx=dx, dy=1, halo=1.2))  # it crosses the curve


def _short(value: float) -> str:
    """What is large in thousands or millions."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.{1 if value < 10 * unit else 0}f}{letter}"
    return f"{value:.3g}"


def _title(plot: Plot, lane: int, name: str, state: str) -> None:
    text = f"{lane}  {name}" if len(name) <= 24 else f"{lane}  {name[:23]}…"
    plot.title = text + (f" – {state}" if state else "")
    if state == "refused":
        plot.title_colour, plot.paper = VERMILLION, "#FBEEE6"


def _mass_ticks(calibration: Any, profiles: Any) -> list[tuple[float, str]]:
    """Rows and names of round masses, far enough apart to be read."""
    if calibration is None:
        return []
    from ublot.mass.scale import row_at

    first, last = profiles[0].rows[0], profiles[0].rows[-1]
    ticks: list[tuple[float, str]] = []
    for mass in (500, 250, 150, 100, 75, 50, 37, 25, 15, 10):
        row = float(row_at(calibration, mass))
        if first <= row <= last and (not ticks or row - ticks[-1][0] > 0.11 * (last - first)):
            ticks.append((row, str(mass)))
    return ticks


def _key(ladders: dict[int, Any], width: float, words: dict[str, str]) -> Sequence[Mark]:
    """What lines and areas mean, in the middle of the upper edge."""
    lines: list[tuple[str, str, tuple[float, ...]]] = [
        ("raw", "#000000", ()),
        ("background", VERMILLION, (3.0, 1.3)),
        *([("fit", GREEN, ())] if any(ladder.fit is not None for ladder in ladders.values()) else []),
    ]
    present = {name for ladder in ladders.values() for name, _, _ in lane_regions(ladder)}
    areas = [(words[name], REGION_COLOURS[name]) for name in "UHW" if name in present]
    sample, gap, size = 15.0, 5.0, 7.0
    texts = [*(text for text, *_ in lines), *(text for text, _ in areas)]
    x = 0.5 * (width - sum(wide(text, size) + sample + 3 * gap for text in texts) + 2 * gap)
    y = 10.0
    marks: list[Mark] = []
    for i, text in enumerate(texts):
        if i < len(lines):
            marks.append(Line([x, x + sample], [y, y], lines[i][1], 1.0, lines[i][2]))
        else:
            box = [x, x + sample, x + sample, x], [y - 2.5, y - 2.5, y + 2.5, y + 2.5]
            marks.append(Area(*box, areas[i - len(lines)][1], 0.45))
        marks.append(Text(x + sample + gap, y, text, size, anchor="lm"))
        x += wide(text, size) + sample + 3 * gap
    return marks
