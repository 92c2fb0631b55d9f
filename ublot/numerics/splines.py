"""Uniform cubic B-splines, and what keeps them smooth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ublot.numerics.arrays import Array

__all__ = ["second_differences", "spline_basis", "splines_every"]


def spline_basis(x: Array, low: float, high: float, segments: int) -> Array:
    """Uniform cubic B-splines on ``[low, high]`` at `x`, shape (len(x), segments + 3); they sum to 1 everywhere."""
    t = np.clip((x - low) / (high - low), 0, 1) * segments
    k = np.minimum(t.astype(int), segments - 1)
    u = t - k
    pieces = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3], axis=1) / 6
    out = np.zeros((len(x), segments + 3))
    out[np.arange(len(x))[:, None], k[:, None] + np.arange(4)] = pieces
    return out


def splines_every(rows: Array, spacing: float) -> Array:
    """Splines over ascending `rows` with knots no further apart than `spacing`, shape (rows, splines)."""
    length = float(rows[-1] - rows[0])
    return spline_basis(rows, float(rows[0]), float(rows[-1]), max(math.ceil(length / spacing), 1))


def second_differences(n: int) -> Array:
    """Second differences of `n` coefficients, shape (max(n - 2, 0), n)."""
    return np.diff(np.eye(n), 2, axis=0) if n > 2 else np.zeros((0, n))
