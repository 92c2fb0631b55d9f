"""Bands that are wider than their lane: light beside the core in excess of what the lane's lateral shape explains.

An overloaded band bulges sideways. The core of a lane times its one width then holds less of a strong band's light than
of a faint one's, and the strongest is usually the unmodified one. What a band has beside its core is seen there: with
``e`` the light beside the core above the lane's own shape, and ``A`` the light of that shape, both summed along a band,
the band is wider by ``x = e / A``. How much of that is to be believed is learned from the picture: where its strong
bands are no wider than noise, the membrane and slanting bands explain, ``x`` is drawn to zero (empirical Bayes, as
Efron & Morris 1973, J. Am. Stat. Assoc. 68, 117).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ublot.numerics.medians import middle
from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["band_widening"]

REACH = 0.12  # pitches along the run (sigma) over which light is summed: a band and the flanks that lag behind it
FAINT = 0.15  # of a lane's highest light: rows below show what the membrane is off by
FEWEST = 8  # such rows; with fewer, the membrane may be off by so much of the lane's highest light:
UNSEEN = 0.03
MISFIT = 0.4
"""Of what the light beside a band differs, row by row, from a wider band's.

Slanting and bent bands shift light along the run, which looks like a widening here and like a narrowing there: with
0.3, slanting bands that are no wider put the fraction 0.003 off, with 0.4 and more 0.0007; with 1, half of what wide
bands put it off is left.
"""
LEAST, MOST = 0.001, 0.15  # standard deviation of widenings over a picture's lanes


def band_widening(
    light: Array, excess: Array, noise: Array, seen: NDArray[np.bool_], pitch: float
) -> tuple[Array, Array]:
    """By how much of itself every lane is wider than its lateral shape, row by row, and how sure that is.

    Parameters
    ----------
    light : ndarray, shape (rows, lanes)
        Of the lateral shape in all columns, not negative.
    excess : ndarray, shape (rows, lanes)
        What stands beside the core besides, in the same unit.
    noise : ndarray, shape (rows, lanes)
        Variance of `excess` by noise.
    seen : ndarray of bool, shape (rows, lanes)
        Where core and gutters are on the membrane.
    pitch : float
        Rows of cells in a pitch.

    Returns
    -------
    share, error : ndarray, shape (rows, lanes)
        And its standard deviation; 0 where nothing was seen.
    """
    reach = max(REACH * pitch, 0.5)
    independent = 2 * math.sqrt(math.pi) * reach
    light, excess = (light * seen).T, (excess * seen).T

    def summed(values: Array) -> Array:
        return np.asarray(smooth_rows(values, reach))

    # Weighed by what a band looks like when its flanks lag behind, not by its own peak alone.
    weight = summed(light)
    within = np.maximum(summed(weight * light), 1e-30)
    share = summed(weight * excess) / within
    highest = light.max(axis=1, initial=0.0)
    quiet, level = seen.T & (light < FAINT * highest[:, None]), np.abs(summed(excess))
    membrane = np.array([
        1.4826 * middle(row[faint]) if np.count_nonzero(faint) >= FEWEST else UNSEEN * most
        for row, faint, most in zip(level, quiet, highest.tolist(), strict=True)
    ])  # fmt: skip
    misfit = summed(weight * (excess - share * light) ** 2) / np.maximum(weight, 1e-30)
    variance = summed(weight**2 * noise.T) / within**2 / independent
    variance += (membrane[:, None] ** 2 + MISFIT**2 * misfit) * (weight / within) ** 2
    known = (within > 1e-30) & (highest > 0)[:, None]
    size = _size(share, variance, np.where(known, weight, 0.0))
    kept = np.where(known, size / (size + variance), 0.0)
    return (share * kept).T, np.where(known, np.sqrt(size * (1 - kept)), 0.0).T


def _size(share: Array, variance: Array, weight: Array) -> float:
    """Variance of the widenings of the strongest bands of all lanes, beyond what theirs is known to.

    From a median: dust beside the band of one lane says nothing of the others.
    """
    lanes = np.flatnonzero(weight.max(axis=1, initial=0.0) > 0)
    if not len(lanes):
        return LEAST**2
    top = weight[lanes].argmax(axis=1)
    beyond = share[lanes, top] ** 2 - variance[lanes, top]
    return min(max(middle(beyond), LEAST**2), MOST**2)
