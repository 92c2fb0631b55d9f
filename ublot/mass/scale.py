"""Mass at a row, row of a mass."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ublot.model import Calibration


__all__ = ["beyond", "mass_at", "row_at"]


class _Curve:
    """Monotone piecewise cubic (Fritsch & Butland 1984) of log10 mass against row, straight beyond its ends."""

    def __init__(self, rows: tuple[float, ...], masses: tuple[float, ...]) -> None:
        r, y = np.asarray(rows, np.float64), np.log10(np.asarray(masses, np.float64))
        h, secant = np.diff(r), np.diff(y) / np.diff(r)
        d = np.empty_like(r)
        w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
        d[1:-1] = (w1 + w2) / (w1 / secant[:-1] + w2 / secant[1:])
        d[0], d[-1] = _end_slope(h, secant), _end_slope(h[::-1], secant[::-1])
        self.rows, self.logs, self.slopes, self.steps = r, y, d, h
        # Coefficients of every piece by the share of its way, from 0 to 1.
        self.pieces = np.stack(
            [y[:-1], h * d[:-1], h * (3 * secant - 2 * d[:-1] - d[1:]), h * (d[:-1] + d[1:] - 2 * secant)]
        )

    def log_mass(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        k = np.clip(np.searchsorted(self.rows, row, side="right") - 1, 0, len(self.steps) - 1)
        t = np.clip((row - self.rows[k]) / self.steps[k], 0.0, 1.0)
        over = row - np.clip(row, self.rows[0], self.rows[-1])
        c0, c1, c2, c3 = self.pieces[:, k]
        inside = c0 + t * (c1 + t * (c2 + t * c3))
        value: NDArray[np.float64] = inside + over * np.where(over < 0, self.slopes[0], self.slopes[-1])
        return value

    def row(self, log_mass: NDArray[np.float64]) -> NDArray[np.float64]:
        k = np.clip(np.searchsorted(-self.logs, -log_mass, side="right") - 1, 0, len(self.steps) - 1)
        inside = np.clip(log_mass, self.logs[-1], self.logs[0])
        c0, c1, c2, c3 = self.pieces[:, k]
        c0 = c0 - inside
        low, high = np.zeros(k.shape), np.ones(k.shape)
        t = -c0 / (c1 + c2 + c3)
        for _ in range(60):  # Newton kept within a shrinking bracket: 4-6 turns in practice
            miss, derivative = c0 + t * (c1 + t * (c2 + t * c3)), c1 + t * (2 * c2 + 3 * t * c3)
            below = miss > 0
            low, high = np.where(below, t, low), np.where(below, high, t)
            step = t - miss / np.minimum(derivative, -1e-300)
            new = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
            moved, t = np.abs(new - t).max(initial=0.0), new
            if moved < 1e-13:
                break
        over = log_mass - inside
        found: NDArray[np.float64] = self.rows[k] + t * self.steps[k]
        found += over / np.where(over > 0, self.slopes[0], self.slopes[-1])
        return found


def _end_slope(h: NDArray[np.float64], secant: NDArray[np.float64]) -> float:
    """One-sided three-point slope, kept between half and twice that of the last piece: it carries the extrapolation."""
    if len(h) == 1:
        return float(secant[0])
    slope = ((2 * h[0] + h[1]) * secant[0] - h[0] * secant[1]) / (h[0] + h[1])
    return float(secant[0] * np.clip(slope / secant[0], 0.5, 2.0))


@lru_cache(maxsize=64)
def _curve(rows: tuple[float, ...], masses: tuple[float, ...]) -> _Curve:
    return _Curve(rows, masses)


def mass_at(calibration: Calibration, row: ArrayLike, *, shift: float = 0.0) -> NDArray[np.float64]:
    """Mass in kDa at `row`.

    Parameters
    ----------
    calibration : Calibration
    row : array_like
        ``row_px``, any shape.
    shift : float
        How much lower (larger row) the lane's bands lie than in the marker lane, px.

    Returns
    -------
    ndarray
        Same shape as `row`. Beyond the marker the log of the mass goes on straight.
    """
    r = np.asarray(row, np.float64) - shift
    return np.asarray(10.0 ** _curve(calibration.rows, calibration.masses).log_mass(r), np.float64)


def row_at(calibration: Calibration, mass: ArrayLike, *, shift: float = 0.0) -> NDArray[np.float64]:
    """Row at which `mass` runs; the inverse of `mass_at`.

    Parameters
    ----------
    calibration : Calibration
    mass : array_like
        kDa, positive, any shape.
    shift : float
        How much lower (larger row) the lane's bands lie than in the marker lane, px.

    Returns
    -------
    ndarray
        ``row_px``, same shape as `mass`.

    Raises
    ------
    BlotError
        A mass is not positive.
    """
    m = np.asarray(mass, np.float64)
    if np.any(m <= 0):
        raise BlotError(f"a mass of {float(np.min(m)):g} kDa has no row", "mass", "masses are positive")
    return np.asarray(_curve(calibration.rows, calibration.masses).row(np.log10(m)) + shift, np.float64)


def beyond(calibration: Calibration, row: ArrayLike, *, shift: float = 0.0) -> NDArray[np.int8]:
    """Where `row` lies outside the marker: 1 above its heaviest band, -1 below its lightest, 0 within."""
    r = np.asarray(row, np.float64) - shift
    heavier, lighter = r < calibration.rows[0], r > calibration.rows[-1]
    return np.asarray(heavier.astype(np.int8) - lighter.astype(np.int8), np.int8)
