"""The figure of the blot: lanes along their centre lines, regions, masses, what was refused."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.figures.style import BLUE, GREEN, REGION_COLOURS, VERMILLION, lane_regions, lanes_without_target
from ublot.scoring.primary import lane_state
from ublot.wording.labels import lane_labels, shortened
from ublot.wording.words import level_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ublot.model import Blot, Lane, Window

__all__ = ["overlay_figure"]


def overlay_figure(analysis: Any) -> Figure:
    """Blot, dark on light, with its lanes, regions and masses.

    Parameters
    ----------
    analysis : Analysis
        ``blot`` (None draws the lanes alone), ``geometry``, ``ladders``, ``calibration`` and ``lanes`` are read.

    Returns
    -------
    Figure
        Axes count in the pixels of the whole rotated image.
    """
    from matplotlib.figure import Figure

    lanes, rows = analysis.geometry, analysis.lanes.to_dict("records")
    window = _shown(analysis)
    width = float(np.clip(0.42 * max(len(lanes), 1) + 2.0, 6.5, 14.0))
    refused = [lane_state(row) == "refused" for row in rows]
    refused += [False] * (len(lanes) - len(refused))
    names = _lane_names(lanes, rows, refused)
    body = float(np.clip((width - 0.9) * window.height / max(window.width, 1), 0.8, 12.0))
    # The picture keeps its proportions, so that it is smaller than its place where a limit was met.
    scale = max(window.width / (width - 0.9), window.height / body)  # pixels per inch
    room = window.width / scale / max(len(lanes), 1)  # inches per lane
    size = float(np.clip(17 * room, 5.0, 8.0))
    longest = max((len(name) for name in names), default=0) * 0.65 * size / 72
    upright = longest > 0.9 * room
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    note = _draw_blot(axes, analysis.blot, window)
    note += _draw_masses(axes, analysis.calibration, window, scale)
    most = int((width - 0.8) / 0.055)  # inches per letter of 7 points
    caption = textwrap.wrap(note, min(most, len(note) // math.ceil(len(note) / most) + 12))  # lines of like length
    below = 0.2 + 0.15 * len(caption)
    height = below + body + (longest if upright else 0.15) + 0.15
    figure.set_size_inches(width, height)
    axes.set_position((0.75 / width, below / height, 1 - 0.9 / width, body / height))
    axes.set(xlim=(window.left - 0.5, window.right - 0.5), ylim=(window.bottom - 0.5, window.top - 0.5))
    axes.set_aspect("equal", anchor="S")
    _draw_lanes(axes, analysis, lanes, window, refused)
    _draw_regions(axes, analysis, lanes, window, inset=0.03 * scale)
    _draw_marker(axes, analysis.calibration, lanes, window, scale)
    for lane, name, bad in zip(lanes, names, refused, strict=False):
        axes.annotate(
            name, (float(lane.centre(window.top)), window.top - 0.5), (0, 3), textcoords="offset points",
            rotation=90 if upright else 0, ha="center", va="bottom", fontsize=size,
            color=VERMILLION if bad else "black", parse_math=False, annotation_clip=False,
        )  # fmt: skip
    axes.set_xlabel("\n".join(caption), fontsize=7)
    return figure


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


def _draw_blot(axes: Axes, blot: Blot | None, window: Window) -> str:
    """Show the pixels; return what the greys mean."""
    if blot is None:
        axes.set_facecolor("0.96")
        return "the image is not at hand: lanes only"
    picture: Any = blot.signal[window.slices]
    step = max(1, math.ceil(max(picture.shape) / 1600))
    if step > 1:
        import cv2

        # Area means: leaving out pixels would drop thin bands.
        size = (max(picture.shape[1] // step, 1), max(picture.shape[0] // step, 1))
        picture = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    # The brightest bands may go black: the smear is what there is to see.
    known = picture[np.isfinite(picture)]
    low, high = (float(v) for v in np.percentile(known, (1, 99))) if known.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    extent = (window.left - 0.5, window.right - 0.5, window.bottom - 0.5, window.top - 0.5)
    from matplotlib import colormaps

    # Noise dithers 64 greys into what the eye takes for all of them, in half the bytes.
    grey = colormaps["gray_r"].resampled(64)
    axes.imshow(picture, cmap=grey, vmin=low, vmax=high, extent=extent, interpolation="antialiased")
    return (
        f"shown dark on light, linear in signal from {level_text(low)} (white) to {level_text(high)} (black); "
        f"stored as {blot.polarity.replace('-', ' ')}, {blot.response} response"
    )


def _draw_lanes(axes: Axes, analysis: Any, lanes: Any, window: Window, refused: list[bool]) -> None:
    from matplotlib.collections import PolyCollection

    knots = np.linspace(window.top, window.bottom - 1, 40)
    for chosen, colour, hatch in ((False, GREEN, None), (True, VERMILLION, "//")):
        strips = [_strip(lane, knots) for lane, bad in zip(lanes, refused, strict=False) if bad is chosen]
        axes.add_collection(
            PolyCollection(strips, facecolors="none", edgecolors=colour, linewidths=0.9, hatch=hatch), autolim=False
        )


def _draw_regions(axes: Axes, analysis: Any, lanes: Any, window: Window, *, inset: float) -> None:
    """Bounds of the regions, at least `inset` pixels inside the frame that would hide them; letters at the first."""
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    first, last = window.top - 0.5 + inset, window.bottom - 0.5 - inset
    halo = [withStroke(linewidth=2.5, foreground="white")]  # a letter may stand on a band
    by_number = {lane.number: lane for lane in lanes}
    drawn = set()
    empty = lanes_without_target(analysis.lanes.to_dict("records"))
    for ladder in analysis.ladders:
        lane = by_number.get(ladder.lane)
        if lane is None or ladder.lane in empty:
            continue
        for name, top, bottom in lane_regions(ladder):
            bars = [_edge(lane, min(max(row, first), last)) for row in (top, bottom)]
            axes.add_collection(LineCollection(bars, colors=REGION_COLOURS[name], linewidths=1.4), autolim=False)
            x = float(lane.centre(0.5 * (top + bottom))) + 0.5 * lane.width
            if name not in drawn:
                axes.text(
                    x + 2, 0.5 * (top + bottom), name, color=REGION_COLOURS[name], fontsize=8, weight="bold",
                    va="center", clip_on=True, path_effects=halo,
                )  # fmt: skip
                drawn.add(name)


def _draw_marker(axes: Axes, calibration: Any, lanes: Any, window: Window, scale: float) -> None:
    """Write every mass that was assigned beside its band, with a tick at the band's row.

    A mass whose place is taken by the one above it is left out, its tick stays.
    """
    lane = next((k for k in lanes if calibration is not None and k.number == calibration.lane), None)
    if lane is None:
        return
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.0, foreground="white")]
    ticks, last = [], -math.inf
    for row, mass in sorted(zip(calibration.rows, calibration.masses, strict=True)):
        x = float(lane.centre(row)) + 0.5 * lane.width
        if not window.top - 0.5 <= row <= window.bottom - 0.5:
            continue
        ticks.append([(x - 0.15 * lane.width, row), (x + 0.02 * scale, row)])
        if row - last >= 0.09 * scale:  # inches between lines of 6 points
            axes.text(
                x + 0.04 * scale, row, f"{mass:.3g}", color=BLUE, fontsize=6, va="center", clip_on=True,
                path_effects=halo,
            )  # fmt: skip
            last = row
    axes.add_collection(LineCollection(ticks, colors=BLUE, linewidths=1.0), autolim=False)


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


def _draw_masses(axes: Axes, calibration: Any, window: Window, scale: float) -> str:
    """Label the rows; return what must be said below, since it is too long for the side of a short strip."""
    axes.set_xticks([])
    axes.tick_params(labelsize=7)
    label, more = "row (px)", "no mass calibration"
    if calibration is not None:
        # Masses that would be written over each other: the heavier stays.
        rows: list[float] = []
        names: list[str] = []
        for row, mass in sorted(zip(calibration.rows, calibration.masses, strict=True)):
            if window.top - 0.5 <= row <= window.bottom - 0.5 and (not rows or row - rows[-1] >= 0.13 * scale):
                rows.append(row)
                names.append(f"{mass:.3g}")
        axes.set_yticks(rows, names, fontsize=8)
        label, more = "kDa", "from the ladder's own rungs" if calibration.kind == "rungs" else ""
    whole = f"{label}, {more}" if more else label
    fits = 0.07 * len(whole) < window.height / scale  # inches
    axes.set_ylabel(whole if fits else label, fontsize=8)
    return "" if fits or not more else f"; {whole}"
