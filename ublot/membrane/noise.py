"""Pixel noise against level, from the picture itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.numerics.medians import median
from ublot.numerics.remembering import remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot, Window
    from ublot.numerics.arrays import Array

__all__ = ["Noise", "estimate_noise"]

BINS = 24
SAMPLES = 100_000
ROUNDED = 20_000  # samples by which is seen whether levels are rounded


@dataclass(frozen=True, eq=False)
class Noise:
    """Variance of a pixel against its level, and how far neighbouring pixels vary together.

    Attributes
    ----------
    level, variance : ndarray
        The variance at some levels, linear in between, constant beyond.
    correlation : float
        Variance of the mean of many neighbouring pixels over what independent pixels would give; 1 or more.
    """

    level: Array
    variance: Array
    correlation: float

    def of(self, level: Array) -> Array:
        """Variance of one pixel at `level`."""
        return np.interp(level, self.level, self.variance)


def _curvature(values: NDArray[np.float32], lag: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Second differences at `lag` pixels, scaled to the variance of one pixel, and the mean level of each."""
    ends, middle = values[:, : -2 * lag] + values[:, 2 * lag :], values[:, lag:-lag]
    return (ends - 2 * middle) / np.float32(6**0.5), (ends + middle) / np.float32(3)


def _robust_variance(x: NDArray[np.floating]) -> float:
    return (1.4826 * median(np.abs(x))) ** 2


def _order(level: NDArray[np.float32]) -> NDArray[np.intp]:
    """Places of the levels from small to large, to a 65536th of their range: numpy sorts short integers faster."""
    low, high = level.min(), level.max()
    steps = (level - low) * np.float32(65535 / max(float(high - low), 1e-30))
    return np.argsort(steps.astype(np.uint16), kind="stable")


@remembered(2)
def estimate_noise(blot: Blot, window: Window) -> Noise:
    """Estimate pixel noise from second differences along rows (Immerkaer 1996, made robust).

    Rows are smooth sideways on the scale of a few pixels, so that a second difference is noise, but for the few pixels
    at the edges of lanes, which the median ignores.

    Parameters
    ----------
    blot : Blot
    window : Window
    """
    part = blot.signal[window.slices]
    if part.shape[1] < 12 or part.shape[0] < 2:
        return Noise(np.zeros(1), np.array([_robust_variance(part - median(part))]), 1.0)
    rows = part[:: max(1, math.ceil(part.size / SAMPLES))]
    curve, level = _curvature(rows, 2)
    # As many samples in every bin: sorted by level and cut into rows of a table.
    order = _order(level.ravel())
    bins = order[: len(order) // BINS * BINS].reshape(BINS, -1) if len(order) >= BINS else order[None]
    middle = bins.shape[1] // 2
    variance = (1.4826 * np.partition(np.abs(curve.ravel()[bins]), middle, axis=1)[:, middle].astype(np.float64)) ** 2
    quiet = variance[: max(len(variance) // 2, 1)].min()
    whole = _robust_variance(curve)
    n = 4
    # A product: numpy's mean over four is many times as slow.
    blocks = rows[:, : rows.shape[1] // n * n].reshape(len(rows), -1, n) @ np.full(n, 1 / n, np.float32)
    blocked = _robust_variance(_curvature(blocks, 1)[0]) * n if blocks.shape[1] > 3 else whole
    correlation = float(np.clip(blocked / max(whole, 1e-300), 1.0, n))
    levels = level.ravel()[bins[:, middle]].astype(np.float64)
    return Noise(levels, np.maximum(variance, max(0.25 * quiet, _rounding(rows))), correlation)


def _rounding(rows: NDArray[np.float32]) -> float:
    """Variance by which levels are rounded, where they are: what is all of one level is known no better."""
    some = rows.ravel()[:: max(1, rows.size // ROUNDED)]
    levels = np.unique(some)
    if not 1 < len(levels) < len(some) / 4:
        return 0.0
    return float(np.diff(levels).min()) ** 2 / 12
