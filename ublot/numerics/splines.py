"""Uniform cubic B-splines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ublot.numerics.arrays import Array

__all__ = ["spline_basis"]


def spline_basis(x: Array, low: float, high: float, segments: int) -> Array:
    """Uniform cubic B-splines on ``[low, high]`` at `x`, shape (len(x), segments + 3)."""
    t = np.clip((x - low) / (high - low), 0, 1) * segments
    k = np.minimum(t.astype(int), segments - 1)
    u = t - k
    pieces = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3], axis=1) / 6
    out = np.zeros((len(x), segments + 3))
    np.put_along_axis(out, k[:, None] + np.arange(4), pieces, axis=1)
    return out
