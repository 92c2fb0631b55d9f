"""Pixel noise against level, from the picture itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ublot.model import Blot, Window

__all__ = ["Noise", "estimate_noise"]

Array = NDArray[np.float64]

BINS = 24
SAMPLES = 400_000


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


def _curvature(values: Array, lag: int) -> tuple[Array, Array]:
    """Second differences at `lag` pixels, scaled to the variance of one pixel, and the mean level of each."""
    a, b, c = values[:, : -2 * lag], values[:, lag:-lag], values[:, 2 * lag :]
    return (a - 2 * b + c) / np.sqrt(6), (a + b + c) / 3


def _robust_variance(x: NDArray[np.floating]) -> float:
    return float((1.4826 * np.median(np.abs(x))) ** 2)


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
        return Noise(np.zeros(1), np.array([_robust_variance(part - np.median(part))]), 1.0)
    step = max(1, int(np.ceil(part.size / SAMPLES)))
    rows = part[::step].astype(np.float64)
    curve, level = _curvature(rows, 2)
    edges = np.unique(np.quantile(level, np.linspace(0, 1, BINS + 1)))
    which = np.clip(np.searchsorted(edges, level.ravel(), side="right") - 1, 0, max(len(edges) - 2, 0))
    order = np.argsort(which, kind="stable")
    groups = np.split(curve.ravel()[order], np.searchsorted(which[order], np.arange(1, max(len(edges) - 1, 1))))
    levels = np.split(level.ravel()[order], np.searchsorted(which[order], np.arange(1, max(len(edges) - 1, 1))))
    variance = np.array([_robust_variance(g) for g in groups])
    quiet = int(np.argmin(variance[: max(len(variance) // 2, 1)]))
    whole = _robust_variance(_curvature(rows, 2)[0])
    n = 4
    blocks = rows[:, : rows.shape[1] // n * n].reshape(len(rows), -1, n).mean(axis=2)
    blocked = _robust_variance(_curvature(blocks, 1)[0]) * n if blocks.shape[1] > 3 else whole
    correlation = float(np.clip(blocked / max(whole, 1e-300), 1.0, n))
    floor = 0.25 * variance[quiet]
    return Noise(np.array([np.median(g) for g in levels]), np.maximum(variance, floor), correlation)
