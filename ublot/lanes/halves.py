"""Lanes that were seen as two each: bright at both edges, with a dull middle that looks like a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["join_halves"]

FEWEST = 6
"""Half lanes from which on gaps that are deep by turns are no chance: each of three deeper than each of two others,
once in ten at random, and by a margin."""

DEEPER = 0.65, 0.85
"""Level in the usual gap over that in the usual dull middle, both over the lanes beside, at most, and the same of the
shallowest gap and the deepest middle: where lanes are separate these are alike but for chance."""

BETWEEN = 0.2
"""Of the distance of two lanes that is left out at either end when the darkest place between them is looked for."""


def join_halves(values: NDArray[np.float32], centres: Array, slope: float) -> Array:
    """Centres of lanes, pairs of which were edges of one lane joined; the same where none were.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, cols)
        Heights of cells.
    centres : ndarray
        Columns at mid-height, from left to right.
    slope : float
        Columns per row that lanes run to the right.
    """
    if len(centres) < FEWEST:
        return centres
    depth = _depths(values, centres, slope)
    for first in (0, 1):
        within, between = depth[first::2], depth[1 - first :: 2]
        deeper = np.median(between) < DEEPER[0] * np.median(within)
        if deeper and between.max() < DEEPER[1] * within.min():
            return _joined(centres, first)
    return centres


def _depths(values: NDArray[np.float32], centres: Array, slope: float) -> Array:
    """Level between neighbours over that of the fainter one, in the rows where both are strong."""
    rows, cols = values.shape
    lean = slope * (np.arange(rows) - 0.5 * (rows - 1))
    row = np.arange(rows)
    at = np.clip(np.rint(centres[:, None] + lean).astype(int), 0, cols - 1)
    level = values[row, at]
    out = []
    for i in range(len(centres) - 1):
        step = centres[i + 1] - centres[i]
        places = np.arange(centres[i] + BETWEEN * step, centres[i + 1] - BETWEEN * step + 1)
        columns = np.clip(np.rint(places[:, None] + lean).astype(int), 0, cols - 1)
        darkest = values[row, columns].min(axis=0)
        fainter = np.minimum(level[i], level[i + 1])
        weight = fainter**2
        out.append(float((weight * darkest).sum() / ((weight * fainter).sum() + 1e-12)))
    return np.array(out)


def _joined(centres: Array, first: int) -> Array:
    """Middles of the pairs that begin with half lane `first`; one that is left at an end is completed."""
    left = centres[first:-1:2]
    right = centres[first + 1 :: 2]
    out = 0.5 * (left + right)
    reach = 0.5 * float(np.median(right - left))
    before = [centres[0] - reach] if first else []
    after = [centres[-1] + reach] if (len(centres) - first) % 2 else []
    return np.concatenate([before, out, after])
