"""The figure of the blot: lanes along their centre lines, regions, masses, what was refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.labels import lane_labels
from ublot.report.scores import lane_state
from ublot.report.style import GREEN, REGION_COLOURS, VERMILLION, lane_regions

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
    room = (width - 0.9) / max(len(lanes), 1)  # inches per lane
    size = float(np.clip(17 * room, 5.0, 8.0))
    longest = max((len(name) for name in names), default=0) * 0.65 * size / 72
    upright = longest > 0.9 * room
    body = float(np.clip((width - 0.9) * window.height / max(window.width, 1), 2.5, 12.0))
    height = 0.5 + body + (longest if upright else 0.15) + 0.15
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.75 / width, 0.5 / height, 1 - 0.9 / width, body / height))
    note = _draw_blot(axes, analysis.blot, window)
    axes.set(xlim=(window.left - 0.5, window.right - 0.5), ylim=(window.bottom - 0.5, window.top - 0.5))
    axes.set_aspect("equal", anchor="S")
    _draw_lanes(axes, analysis, lanes, window, refused)
    for lane, name, bad in zip(lanes, names, refused, strict=False):
        axes.annotate(
            name, (float(lane.centre(window.top)), window.top - 0.5), (0, 3), textcoords="offset points",
            rotation=90 if upright else 0, ha="center", va="bottom", fontsize=size,
            color=VERMILLION if bad else "black", parse_math=False, annotation_clip=False,
        )  # fmt: skip
    _draw_masses(axes, analysis.calibration)
    axes.set_xlabel(note, fontsize=7)
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
    axes.imshow(picture, cmap="gray_r", vmin=low, vmax=high, extent=extent, interpolation="antialiased")
    return (
        f"shown dark on light, linear in signal from {_level(low)} (white) to {_level(high)} (black); "
        f"stored as {blot.polarity.replace('-', ' ')}, {blot.response} response"
    )


def _level(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _draw_lanes(axes: Axes, analysis: Any, lanes: Any, window: Window, refused: list[bool]) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    knots = np.linspace(window.top, window.bottom - 1, 40)
    for chosen, colour, hatch in ((False, GREEN, None), (True, VERMILLION, "////")):
        strips = [_strip(lane, knots) for lane, bad in zip(lanes, refused, strict=False) if bad is chosen]
        axes.add_collection(
            PolyCollection(strips, facecolors="none", edgecolors=colour, linewidths=0.9, hatch=hatch), autolim=False
        )
    by_number = {lane.number: lane for lane in lanes}
    drawn = set()
    for ladder in analysis.ladders:
        lane = by_number.get(ladder.lane)
        if lane is None:
            continue
        for name, top, bottom in lane_regions(ladder):
            bars = [_edge(lane, row) for row in (top, bottom)]
            axes.add_collection(LineCollection(bars, colors=REGION_COLOURS[name], linewidths=1.4), autolim=False)
            x = float(lane.centre(0.5 * (top + bottom))) + 0.5 * lane.width
            if name not in drawn:
                axes.text(
                    x + 2, 0.5 * (top + bottom), name, color=REGION_COLOURS[name], fontsize=8, weight="bold",
                    va="center", clip_on=True,
                )  # fmt: skip
                drawn.add(name)


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
        f"{lane.number}  {label}" + (" – refused" if bad else "")
        for lane, label, bad in zip(lanes, labels, refused, strict=False)
    ]


def _draw_masses(axes: Axes, calibration: Any) -> None:
    axes.set_xticks([])
    if calibration is None:
        axes.set_ylabel("row (px), no mass calibration", fontsize=8)
        axes.tick_params(labelsize=7)
        return
    axes.set_yticks(calibration.rows, [f"{mass:.3g}" for mass in calibration.masses], fontsize=8)
    axes.set_ylabel("kDa" if calibration.kind != "rungs" else "kDa, from the ladder's own rungs", fontsize=8)
