"""How lane-like every place across the picture is: brighter than what lies half a pitch to its left and right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.numerics.medians import row_medians

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BLOCKS",
    "PLACES",
    "SPECK",
    "LaneHeights",
    "contrasts",
    "lane_heights",
    "mean_across",
    "opened",
    "resized",
    "sheared",
]

PLACES = 8
"""Places to a pitch that are looked at: centres are refined later."""

BLOCKS = (48, 6, 1)
"""Rows of blocks down the picture: bands that smile, lean or stand at different heights add up in the larger ones, and
faint lanes rise out of the noise."""

BROAD = 64
"""Columns that the membrane's course across the whole picture is looked at in."""

ON_TOP = 0.3
"""Share of what lies below a lane that counts against it: unevenness on top of a band is no lane."""

COVER = 1.3
"""Of the pitch: what is wider than that is no lane, but membrane or shading."""

SPECK = 0.2
"""Of the pitch: what is narrower than that is dust, pen or the line of a frame."""

CORE, GRAIN, GUTTER = 0.5, 0.12, 0.3
"""Of the pitch: where a lane is measured, over how much its gutters are averaged, and how far they may stand from half
a pitch away; the darkest place there is taken, since the gutters of wide lanes are narrow."""

UNEVEN = 0.75
"""Of half the difference of a place's contrasts to its left and right that is taken off: a step is no lane."""

RIM, RIM_AT, FILLED = 0.17, 0.335, 0.5
"""Of the pitch: over how much the edge of a lane is looked for, and how far from its middle; what the middle reaches of
the level in the gutters at least, where edges may speak for it."""

CLEAR = 3.0
"""Floors of noise that a lane's strongest row must exceed to count half."""


@dataclass(frozen=True, eq=False)
class LaneHeights:
    """A picture as heights that lanes of about one pitch rise above what is wider, and what weighs against them.

    Attributes
    ----------
    heights, against : ndarray of float32, shape (rows, cols)
    """

    heights: NDArray[np.float32]
    against: NDArray[np.float32]


def opened(values: NDArray[np.float32], wide: float) -> NDArray[np.float32]:
    """Lateral opening: nothing narrower than `wide` cells stays. The ends are continued as a point reflection."""
    n = min(max(int(wide), 1), values.shape[1] // 2 - 1) | 1
    ends = row_medians(values[:, :3])[:, None], row_medians(values[:, -3:])[:, None]
    padded = np.concatenate(
        [2 * ends[0] - values[:, n:0:-1], values, 2 * ends[1] - values[:, -2 : -n - 2 : -1]], axis=1
    )
    brush = np.ones((1, n), np.uint8)
    return np.asarray(cv2.morphologyEx(padded, cv2.MORPH_OPEN, brush)[:, n:-n], np.float32)


def resized(picture: NDArray[np.float32], rows: int, cols: int) -> NDArray[np.float32]:
    """A picture in fewer cells, as means, or in more columns, interpolated."""
    if picture.shape == (rows, cols):
        return picture
    how = cv2.INTER_AREA if cols <= picture.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (cols, rows), interpolation=how), np.float32)


def lane_heights(values: NDArray[np.float32], usable: NDArray[np.float32], pitch: float, floor: float) -> LaneHeights:
    """Heights above what is wider than a lane.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, cols)
    usable : ndarray of float32, shape (rows, cols)
        0 where there is no membrane.
    pitch : float
        Widest distance of lanes to look for, cells.
    floor : float
        Height that noise reaches.
    """
    rows, cols = values.shape
    few = min(cols, BROAD)
    broad = resized(opened(resized(values, rows, few), 0.9 * few), rows, cols)
    below = np.minimum(cv2.blur(opened(values, COVER * pitch), (max(int(pitch / 3), 1), 1)), values)
    heights = (values - below) * usable
    against = np.float32(floor) + np.float32(ON_TOP) * np.maximum(below - broad, 0)
    return LaneHeights(np.maximum(heights, 0), np.asarray(against, np.float32))


def sheared(picture: NDArray[np.float32], lean: float) -> NDArray[np.float32]:
    """A picture whose lines that run `lean` columns to the right from top to bottom stand upright."""
    rows, cols = picture.shape
    if abs(lean) < 0.5 or rows < 2:
        return picture
    slope = lean / (rows - 1)
    matrix = np.array([[1, slope, -0.5 * slope * (rows - 1)], [0, 1, 0]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, (cols, rows), flags=how, borderMode=cv2.BORDER_REPLICATE))


def contrasts(
    values: NDArray[np.float32],
    usable: NDArray[np.float32],
    pitches: NDArray[np.float64],
    lean: float,
    floor: float,
    *,
    rimmed: bool = False,
) -> list[NDArray[np.float64]]:
    """How lane-like every place is, for each of several pitches: from -1, a gap, to 1, a lane between empty gutters.

    Every row of blocks compares the level at a place with the darkest one half a pitch to either side, as a share of
    their sum, so that faint and strong lanes count alike; the rows where the place or its gutters are strongest count
    most.

    Parameters
    ----------
    values, usable : ndarray of float32, shape (rows, cols)
        As for `lane_heights`, without what is far narrower than a lane: summed up, a slanting pen stroke is as wide.
    pitches : ndarray, shape (pitches,)
        Cells. They differ by no more than about an octave.
    lean : float
        Columns by which lanes run to the right from top to bottom.
    floor : float
    rimmed : bool
        Lanes may be brighter at both their edges than in their middle: then their edges speak for them.

    Returns
    -------
    list of ndarray, shape (places,)
        For each pitch at places `PLACES` to the pitch, from the first column on.
    """
    cols, widest = values.shape[1], float(pitches.max())
    values, usable = sheared(values, lean), sheared(usable, lean)
    levels = []
    for blocks in BLOCKS:
        rows = min(blocks, len(values))
        inside = (resized(usable, rows, cols) > 0.9).astype(np.float32)
        levels.append(lane_heights(resized(values, rows, cols), inside, widest, floor))
    heights = np.concatenate([level.heights for level in levels])
    both = np.concatenate([heights, *(level.against for level in levels)])
    firsts = np.cumsum([0, *(len(level.heights) for level in levels[:-1])])
    pad = int(widest) + 1
    out = []
    for pitch in pitches.tolist():
        brush = np.ones((1, max(round(GUTTER * pitch), 1) | 1), np.uint8)
        grain = mean_across(heights, GRAIN * pitch)
        gutter = np.asarray(
            cv2.copyMakeBorder(cv2.erode(grain, brush), 0, 0, pad, pad, cv2.BORDER_REPLICATE), np.float32
        )
        place = np.arange(int((cols - 1) * PLACES / pitch) + 1) * (pitch / PLACES)
        at = np.rint(place).astype(int)
        means = mean_across(both, CORE * pitch).take(at, axis=1)
        core, below = means[: len(heights)], 2 * means[len(heights) :]
        beside = np.rint(place + (pad + np.array([[-0.5], [0.5]]) * pitch)).astype(int)
        left, right = gutter.take(beside[0], axis=1), gutter.take(beside[1], axis=1)
        if rimmed:
            rims = cv2.dilate(grain, np.ones((1, max(round(RIM * pitch), 1) | 1), np.uint8))
            rims = np.pad(rims, ((0, 0), (pad, pad)))
            sides = (rims[:, np.rint(place + pad + side).astype(int)] for side in (-RIM_AT * pitch, RIM_AT * pitch))
            core = np.where(core > FILLED * np.maximum(left, right), np.maximum(core, np.minimum(*sides)), core)
        to_left, to_right = ((core - side) / (core + side + below) for side in (left, right))
        seen = 0.5 * (to_left + to_right) - 0.5 * UNEVEN * np.abs(to_left - to_right)
        strength = np.maximum(np.maximum(core, left), right)
        top = np.maximum.reduceat(strength, firsts)
        total, weight = np.add.reduceat(strength * seen, firsts), np.add.reduceat(strength, firsts)
        out.append(np.asarray((total / (weight + 1e-12) * top / (top + CLEAR * floor)).mean(axis=0), np.float64))
    return out


def mean_across(picture: NDArray[np.float32], wide: float) -> NDArray[np.float32]:
    """Means over so many cells to the left and right, at least one."""
    return np.asarray(cv2.blur(picture, (max(round(wide), 1), 1), borderType=cv2.BORDER_REPLICATE), np.float32)
