"""One lane made ready to be fitted: its profile in bins of rows, and how alike neighbouring bins depart from a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ublot.ladder.cut import Ladder
    from ublot.ladder.fit.one_lane import LaneData
    from ublot.model import Profile
    from ublot.numerics.arrays import Array
    from ublot.profiles.drift import BaselineDrift

__all__ = ["Bins", "ReadyLane", "bin_means", "bin_rows", "row_correlation"]

ALIKE = 12  # rows over which neighbouring residuals may be alike


@dataclass(frozen=True, eq=False)
class Bins:
    """A profile in means of so many rows that a band is still well sampled: bands are wide, and most work is by rows.

    Attributes
    ----------
    height : int
        Rows of a bin.
    rows : ndarray, shape (bins,)
        ``row_px`` of their centres.
    signal, noise : ndarray, shape (bins,)
        Mean signal per row, and its standard deviation.
    """

    height: int
    rows: Array
    signal: Array
    noise: Array


def bin_means(values: Array, height: int) -> Array:
    """Means of `height` neighbours along the last axis; what is left over at its end is dropped."""
    count = values.shape[-1] // height
    cut = values[..., : count * height]
    return np.asarray(cut.reshape(-1, height) @ np.full(height, 1 / height)).reshape(*values.shape[:-1], count)


def bin_rows(profile: Profile, height: int, until: float) -> Bins:
    """Means of `height` rows each, until a row (``row_px``) and a little further."""
    count = min(len(profile.raw) // height, max(math.ceil((until - profile.top) / height), 0) + 2)
    rows = slice(count * height)
    noise = np.sqrt(bin_means(profile.noise[rows] ** 2, height) / height)
    places = profile.top + height * np.arange(count, dtype=np.float64) + 0.5 * (height - 1)
    return Bins(height, places, bin_means(profile.raw[rows] - profile.background[rows], height), noise)


@dataclass(frozen=True, eq=False)
class ReadyLane:
    """One lane made ready to be fitted.

    Attributes
    ----------
    ladder : Ladder
    bins : Bins
        Of its profile.
    data : LaneData
    window : slice
        Of the bins: those in `data`.
    drift : BaselineDrift
    share : float
        Of a broad smear that may have gone to the background, or the other way.
    """

    ladder: Ladder
    bins: Bins
    data: LaneData
    window: slice
    drift: BaselineDrift
    share: float


def row_correlation(scaled: Array, height: int) -> float:
    """Variance of the mean of neighbours over that of independent values, in bins of `height` rows; 1 or more."""
    span = max(ALIKE // height, 2)
    count = len(scaled) // span
    if count < 4:
        return 1.0
    blocks = scaled[: count * span].reshape(count, span)
    sums, size = blocks.sum(axis=1), float(scaled @ scaled) / len(scaled)
    return min(max(float(sums @ sums) / count / max(span * size, 1e-300), 1.0), float(span))
