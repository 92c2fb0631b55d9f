"""Lanes that touch or overlap, found by the lines between them.

Where lanes fill their pitch no gutter is left that they could stand out from. What tells them apart is where one level
passes into another, and the thin line, darker or brighter, along which two of them overlap or nearly touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.lanes.contrast import BLOCKS, PLACES, mean_across, resized, sheared
from ublot.numerics.medians import row_medians

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["line_scores"]

FINE = 0.08
"""Of the pitch, over which a level is averaged to either side of a line: where lanes overlap by a tenth of the pitch
the line is about as wide."""

INNER = 0.6
"""Of the pitch, in the middle of a lane, that no line should run through."""

STRAY = 0.2
"""Of the pitch that the lines beside a lane may stand from where they are expected, all in all."""

WEAK = 0.02
"""Of a column's level: lines that are weaker, as noise and grain are, count less."""

EMPTY = (0.2, 0.5)
"""Share of the levels beside a place up to which nothing stands there, and from which on something does: the edges of
lanes are the lines of the gap between them as well."""

DOUBT = 0.3
"""Score up to which nothing is said: it must not settle at which end of a row the empty lanes are."""

FAINT = 0.3
"""Floors of noise that are added to a column's level: where nothing stands, noise is no line."""


def line_scores(
    values: NDArray[np.float32],
    pitches: NDArray[np.float64],
    lean: float,
    floor: float,
) -> list[NDArray[np.float64]]:
    """How lane-like every place is, for each of several pitches: near 1 between two lines with none between them.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, cols)
    pitches : ndarray, shape (pitches,)
        Cells.
    lean : float
        Columns by which lanes run to the right from top to bottom.
    floor : float
        Height that noise reaches.

    Returns
    -------
    list of ndarray, shape (places,)
        For each pitch at places `PLACES` to the pitch, from the first column on.
    """
    cols, rows = values.shape[1], min(BLOCKS[0], len(values))
    levels = resized(sheared(values, lean), rows, cols)
    heights = levels - levels.min(axis=1, keepdims=True)
    pad = int(float(pitches.max())) + 1
    out = []
    for pitch in pitches.tolist():
        total = mean_across(heights, pitch).sum(axis=0, keepdims=True) + rows * FAINT * floor
        steps = _steps(levels, max(round(FINE * pitch), 1)) / total
        level = np.sqrt(np.square(mean_across(heights, INNER * pitch)).sum(axis=0, keepdims=True))
        lines, level = (
            np.asarray(cv2.copyMakeBorder(line.astype(np.float32), 0, 0, pad, pad, cv2.BORDER_CONSTANT))
            for line in (steps, level)
        )
        within = mean_across(lines, INNER * pitch)[0]
        near = cv2.dilate(lines, np.ones((1, max(round(STRAY * pitch), 1) | 1), np.uint8))[0]
        place = np.arange(int((cols - 1) * PLACES / pitch) + 1) * (pitch / PLACES) + pad
        left, right = (near[np.rint(place + side * pitch).astype(int)] for side in (-0.5, 0.5))
        both, inner = np.minimum(left, right), within[np.rint(place).astype(int)]
        # A gap has lines at both sides as well, and lanes beside it.
        own, *others = (level[0, np.rint(place + side * pitch).astype(int)] for side in (0, -1, 1))
        full = np.clip((own / (np.maximum.reduce([own, *others]) + 1e-12) - EMPTY[0]) / (EMPTY[1] - EMPTY[0]), 0, 1)
        seen = full * (both - inner) / (both + inner + WEAK)
        out.append(np.asarray(np.where(seen > 0, np.maximum(seen - DOUBT, 0) / (1 - DOUBT), seen), np.float64))
    return out


def _steps(levels: NDArray[np.float32], wide: int) -> NDArray[np.float32]:
    """How much every column is a step, or a thin line, of a width in cells, beyond what is usual; shape (1, cols)."""
    fine = mean_across(levels, wide)
    padded = np.asarray(cv2.copyMakeBorder(fine, 0, 0, wide, wide, cv2.BORDER_REPLICATE), np.float32)
    left, right = padded[:, : -2 * wide], padded[:, 2 * wide :]
    seen = np.maximum(np.abs(right - left), np.abs(2 * fine - left - right))
    usual = row_medians(seen)[:, None]
    return np.asarray(np.maximum(seen - usual, 0).sum(axis=0, keepdims=True), np.float32)
