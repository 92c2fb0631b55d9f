"""The figure of the blot: lanes along their centre lines, regions, masses, what was refused."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.columns import records_of
from ublot.report.figures.greys import bounds, greys, reduced
from ublot.report.figures.plot import Area, Drawing, Line, Picture, Plot, Text, nice_ticks, wide
from ublot.report.figures.style import BLUE, GREEN, REGION_COLOURS, VERMILLION, lane_regions, lanes_without_target
from ublot.scoring.primary import lane_state
from ublot.wording.labels import lane_labels, shortened
from ublot.wording.words import level_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot, Lane, Window

__all__ = ["overlay_figure"]

INCH = 72  # points
FINEST = 1600  # pixels of the picture along its longer side


def overlay_figure(analysis: Any) -> Drawing:
    """Blot, dark on light, with its lanes, regions and masses.

    Parameters
    ----------
    analysis : Analysis
        ``blot`` (None draws the lanes alone), ``geometry``, ``ladders``, ``calibration`` and ``columns`` are read.

    Returns
    -------
    Drawing
        One plot, which counts in the pixels of the whole rotated image.
    """
    lanes, rows = analysis.geometry, records_of(analysis.columns["lanes"])
    window = _shown(analysis)
    width = float(np.clip(0.42 * max(len(lanes), 1) + 2.0, 6.5, 14.0))
    refused = [lane_state(row) == "refused" for row in rows]
    refused += [False] * (len(lanes) - len(refused))
    names = _lane_names(lanes, rows, refused)
    body = float(np.clip((width - 0.9) * window.height / max(window.width, 1), 0.8, 12.0))
    # The picture keeps its proportions, so that it is smaller than its place where a limit was met.
    scale = max(window.width / (width - 0.9), window.height / body)  # pixels per inch
    across, down = window.width / scale, window.height / scale  # inches
    room = across / max(len(lanes), 1)
    size = float(np.clip(17 * room, 5.0, 8.0))
    longest = max((wide(name, size) for name in names), default=0.0) / INCH
    upright = longest > 0.9 * room
    left = 0.75 + 0.5 * (width - 0.9 - across)
    plot = Plot(
        (0, 0, 1, 1),
        (window.left - 0.5, window.right - 0.5),
        (window.bottom - 0.5, window.top - 0.5),
        tick_size=8,
    )
    note = _draw_blot(plot, analysis.blot, window)
    note += _draw_masses(plot, analysis.calibration, window, scale)
    most = int((width - 0.8) / 0.055)  # inches per letter of 7 points
    caption = textwrap.wrap(note, min(most, len(note) // math.ceil(len(note) / most) + 12))  # lines of like length
    above = (longest if upright else 0.15) + 0.15
    plot.box = (left * INCH, above * INCH, across * INCH, down * INCH)
    _draw_lanes(plot, lanes, window, refused, scale)
    _draw_regions(plot, rows, analysis.ladders, lanes, window, inset=0.03 * scale)
    _draw_marker(plot, analysis.calibration, lanes, window, scale)
    for lane, name, bad in zip(lanes, names, refused, strict=False):
        anchor, angle = ("lm", 90.0) if upright else ("ms", 0.0)
        colour = VERMILLION if bad else "#000000"
        at = float(lane.centre(window.top))
        plot.notes.append(Text(at, window.top - 0.5, name, size, colour, anchor, angle, dy=-3))
    drawing = Drawing(width * INCH, (above + down + 0.2 + 0.15 * len(caption)) * INCH, [plot])
    for i, line in enumerate(caption):
        foot = (above + down + 0.07 + 0.15 * i) * INCH
        drawing.marks.append(Text((left + 0.5 * across) * INCH, foot, line, 7, anchor="mt"))
    return drawing


def _shown(analysis: Any) -> Window:
    """Window with a little around it, inside the image."""
    from ublot.model import Window

    window: Window = analysis.geometry.window
    if analysis.blot is None:
        return window
    rows, cols = analysis.blot.shape
    pad = round(0.02 * max(window.height, window.width))
    return Window(
        max(window.top - pad, 0),
        min(window.bottom + pad, rows),
        max(window.left - pad, 0),
        min(window.right + pad, cols),
    )


def _draw_blot(plot: Plot, blot: Blot | None, window: Window) -> str:
    """Show the pixels; return what the greys mean."""
    if blot is None:
        plot.paper = "#f5f5f5"
        return "the image is not at hand: lanes only"
    picture = reduced(blot.signal[window.slices], max(blot.signal[window.slices].shape) / FINEST)
    # The brightest bands may go black: the smear is what there is to see.
    low, high = bounds(picture, 1, 99)
    corners = (window.left - 0.5, window.right - 0.5), (window.top - 0.5, window.bottom - 0.5)
    plot.marks.append(Picture(greys(picture, low, high), *corners))
    return (
        f"shown dark on light, linear in signal from {level_text(low)} (white) to {level_text(high)} (black); "
        f"stored as {blot.polarity.replace('-', ' ')}, {blot.response} response"
    )


def _draw_lanes(plot: Plot, lanes: Any, window: Window, refused: list[bool], scale: float) -> None:
    """Outlines; refused lanes are hatched, in steps of a tenth of an inch."""
    knots = np.linspace(window.top, window.bottom - 1, 40)
    for lane, bad in zip(lanes, refused, strict=False):
        x, y = _strip(lane, knots).T
        plot.marks.append(Area(x, y, edge=VERMILLION if bad else GREEN, width=0.9))
        if not bad:
            continue
        for row in np.arange(window.top + lane.width, window.bottom - 1, 0.1 * scale):
            ends = np.array([row, row - lane.width])
            side = lane.centre(ends) + 0.5 * lane.width * np.array([-1, 1])
            plot.marks.append(Line(side, ends, VERMILLION, 0.8))


def _draw_regions(
    plot: Plot, rows: list[dict[str, Any]], ladders: Any, lanes: Any, window: Window, *, inset: float
) -> None:
    """Bounds of the regions, at least `inset` pixels inside the frame that would hide them; letters at the first."""
    first, last = window.top - 0.5 + inset, window.bottom - 0.5 - inset
    by_number = {lane.number: lane for lane in lanes}
    drawn = set()
    empty = lanes_without_target(rows)
    for ladder in ladders:
        lane = by_number.get(ladder.lane)
        if lane is None or ladder.lane in empty:
            continue
        for name, top, bottom in lane_regions(ladder):
            for row in (top, bottom):
                x, y = zip(*_edge(lane, min(max(row, first), last)), strict=True)
                plot.marks.append(Line(x, y, REGION_COLOURS[name], 1.4))
            if name not in drawn:
                x = float(lane.centre(0.5 * (top + bottom))) + 0.5 * lane.width
                # A letter may stand on a band.
                letter = Text(x + 2, 0.5 * (top + bottom), name, 8, REGION_COLOURS[name], "lm", bold=True, halo=1.2)
                plot.marks.append(letter)
                drawn.add(name)


def _draw_marker(plot: Plot, calibration: Any, lanes: Any, window: Window, scale: float) -> None:
    """Write every mass that was assigned beside its band, with a tick at the band's row.

    A mass whose place is taken by the one above it is left out, its tick stays.
    """
    lane = next((k for k in lanes if calibration is not None and k.number == calibration.lane), None)
    if lane is None:
        return
    last = -math.inf
    for row, mass in sorted(zip(calibration.rows, calibration.masses, strict=True)):
        x = float(lane.centre(row)) + 0.5 * lane.width
        if not window.top - 0.5 <= row <= window.bottom - 0.5:
            continue
        plot.marks.append(Line([x - 0.15 * lane.width, x + 0.02 * scale], [row, row], BLUE, 1.0))
        if row - last >= 0.09 * scale:  # inches between lines of 6 points
            plot.marks.append(Text(x + 0.04 * scale, row, f"{mass:.3g}", 6, BLUE, "lm", halo=1.0))
            last = row


def _strip(lane: Lane, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outline of a lane, closed, as (x, y)."""
    centre, half = lane.centre(rows), 0.5 * lane.width
    left, right = np.column_stack([centre - half, rows]), np.column_stack([centre + half, rows])
    return np.concatenate([left, right[::-1]])


def _edge(lane: Lane, row: float) -> list[tuple[float, float]]:
    x = float(lane.centre(row))
    return [(x - 0.5 * lane.width, row), (x + 0.5 * lane.width, row)]


def _lane_names(lanes: Any, rows: list[dict[str, Any]], refused: list[bool]) -> list[str]:
    labels = lane_labels(rows)
    labels += [""] * (len(lanes) - len(labels))
    return [
        f"{lane.number}  {shortened(label)}" + (" – refused" if bad else "")
        for lane, label, bad in zip(lanes, labels, refused, strict=False)
    ]


def _draw_masses(plot: Plot, calibration: Any, window: Window, scale: float) -> str:
    """Label the rows; return what must be said below, since it is too long for the side of a short strip."""
    label, more = "row (px)", "no mass calibration"
    if calibration is None:
        plot.tick_size = 7
        steps = max(1, min(8, int(4 * window.height / scale)))
        ticks = nice_ticks(window.top, window.bottom - 1, steps)
        plot.y_ticks = [(row, f"{row:.0f}") for row, _ in ticks]
    else:
        # Masses that would be written over each other: the heavier stays.
        for row, mass in sorted(zip(calibration.rows, calibration.masses, strict=True)):
            above = plot.y_ticks[-1][0] if plot.y_ticks else -math.inf
            if window.top - 0.5 <= row <= window.bottom - 0.5 and row - above >= 0.13 * scale:
                plot.y_ticks.append((row, f"{mass:.3g}"))
        label, more = "kDa", "from the ladder's own rungs" if calibration.kind == "rungs" else ""
    whole = f"{label}, {more}" if more else label
    fits = wide(whole, 8) < INCH * window.height / scale
    plot.y_label = whole if fits else label
    return "" if fits or not more else f"; {whole}"
