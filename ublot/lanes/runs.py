"""Bands that stand apart: where a row of lanes is plain to see as runs of signal, each run is one lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["lanes_of_runs", "runs_apart"]

LEVELS = (0.06, 0.1, 0.15, 0.2, 0.3, 0.4)
"""Of the usual lane's height: where a run ends. Bands with dull middles need a low one, halos a high one."""

SHADE, BRIGHT = 0.1, 0.75
"""Quantiles across the picture of the membrane's height and of the usual lane's, where lanes fill a good part of it."""

FEWEST = 3
"""Runs that make a row: two say nothing of a spacing."""

ALIKE, EVEN = 0.2, 0.12
"""Deviation of a run's width from the usual one, and of its distance from a whole number of spacings, at most, both as
shares of the spacing: bands of the strips looked at differ by up to 0.15 and 0.1."""

NARROW = 0.35
"""Of the spacing that a run takes up at least: letters and edges of lanes are narrower."""

MOST_HELD = 3
"""Lanes found in a run that may be one: two edges and a middle. More are lanes that run into each other."""

FURTHEST = 4
"""Spacings that neighbouring runs stand apart at most."""


def runs_apart(values: NDArray[np.float32], slope: float) -> Array:
    """Left and right ends of the runs of signal, one to a lane; none where they are no regular row.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, cols)
        Heights of cells.
    slope : float
        Columns per row that lanes run to the right.

    Returns
    -------
    ndarray, shape (runs, 2)
        Columns at mid-height.
    """
    rows, cols = values.shape
    at = np.arange(cols) + (slope * (np.arange(rows) - 0.5 * (rows - 1)))[:, None]
    upright = values[np.arange(rows)[:, None], np.clip(np.rint(at).astype(int), 0, cols - 1)]
    # A band counts wherever it lies: a row of bands may slant or smile.
    across = upright.max(axis=0).astype(np.float64)
    shade = float(np.quantile(across, SHADE))
    usual = float(np.quantile(across[across > shade], BRIGHT)) - shade if (across > shade).any() else 0.0
    best = np.zeros((0, 2))
    for level in LEVELS:
        found = _runs(across > shade + level * usual)
        if len(found) > len(best) and _is_row(found, cols):
            best = found
    return best


def _runs(high: NDArray[np.bool_]) -> Array:
    """First and last column, and one beyond, of every run; what is narrower than half of the usual one is none."""
    steps = np.diff(np.concatenate([[0], high.astype(np.int8), [0]]))
    found = np.stack([np.flatnonzero(steps > 0), np.flatnonzero(steps < 0)], axis=1).astype(np.float64)
    if not len(found):
        return found
    width = np.diff(found, axis=1)[:, 0]
    # The usual one, by what it covers: specks are many and cover little.
    order = np.argsort(width)
    usual = width[order][np.searchsorted(np.cumsum(width[order]), 0.5 * width.sum())]
    return np.asarray(found[width > 0.5 * usual])


def _is_row(runs: Array, cols: int) -> bool:
    """Whether runs are about equally wide and equally far apart; those that the picture cuts may be narrower."""
    if len(runs) < FEWEST:
        return False
    centre, width = runs.mean(axis=1), np.diff(runs, axis=1)[:, 0]
    steps = np.diff(centre)
    pitch = float(np.median(steps))
    number = np.maximum(np.rint(steps / pitch), 1)
    cut = (runs[:, 0] <= 0) | (runs[:, 1] >= cols)
    usual = float(np.median(width[~cut])) if not cut.all() else 0.0
    if usual < NARROW * pitch or number.max() > FURTHEST:
        return False
    even = np.abs(steps / pitch - number) < EVEN
    even |= cut[1:] | cut[:-1]
    return bool((np.abs(width - usual)[~cut] < ALIKE * pitch).all() and even.all())


def lanes_of_runs(runs: Array, centres: Array) -> Array:
    """Centres of lanes, those of a run that holds several taken together; the same where each run holds one at most.

    Parameters
    ----------
    runs : ndarray, shape (runs, 2)
    centres : ndarray
        Columns at mid-height, from left to right.
    """
    if not len(runs):
        return centres
    held = ((centres >= runs[:, :1]) & (centres < runs[:, 1:])).sum(axis=1)
    if np.count_nonzero(held > 1) * 2 <= len(runs) or held.max() > MOST_HELD:
        return centres
    middle = runs.mean(axis=1)
    pitch = float(np.median(np.diff(middle)))
    number = np.concatenate([[0], np.cumsum(np.maximum(np.rint(np.diff(middle) / pitch), 1))])
    return np.asarray(np.interp(np.arange(number[-1] + 1), number, middle), np.float64)
