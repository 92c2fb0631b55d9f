"""Row against log mass: a cubic of ordinary bend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["BEND", "SCATTER", "Migration", "fit_migration", "legendre", "scaled_log_mass"]

BEND = (0.15, 0.08)  # ordinary size of the 2nd and 3rd Legendre coefficient over the 1st: end slopes differ 2-3 fold

SCATTER = 0.005  # ordinary scatter about the curve over the length of the ladder: masses are off by 1-2 %


@dataclass(frozen=True, eq=False)
class Migration:
    """A smooth low-order curve of row against log10 mass, and how far the bands lie from it.

    Attributes
    ----------
    coefficients : ndarray, shape (4,)
        Of the Legendre polynomials 0 to 3 in the log mass scaled to -1 ... 1.
    low, high : float
        log10 masses that are scaled to -1 and 1.
    cost : float
        Sum of squared residuals over the ordinary scatter squared, plus the penalty on the bend.
    left_out : ndarray, shape (points,)
        Row of each point minus the curve through the others, px.
    """

    coefficients: NDArray[np.float64]
    low: float
    high: float
    cost: float
    left_out: NDArray[np.float64]

    def rows(self, log_mass: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows at `log_mass`."""
        rows: NDArray[np.float64] = legendre(scaled_log_mass(log_mass, self.low, self.high)) @ self.coefficients
        return rows

    def slopes(self, log_mass: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of the row by log10 mass, px."""
        u = scaled_log_mass(log_mass, self.low, self.high)
        _, c1, c2, c3 = self.coefficients
        by_scaled = c1 + 3 * c2 * u + c3 * (7.5 * u**2 - 1.5)
        return np.asarray(by_scaled * 2 / (self.high - self.low), np.float64)


def scaled_log_mass(log_mass: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Log masses on the scale on which `low` is -1 and `high` is 1."""
    return (2 * log_mass - low - high) / (high - low)


def legendre(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Legendre polynomials 0 to 3, along a last axis."""
    return np.stack([np.ones_like(u), u, 1.5 * u**2 - 0.5, 2.5 * u**3 - 1.5 * u], axis=-1)


def fit_migration(
    rows: NDArray[np.float64], log_mass: NDArray[np.float64], scatter: float, span: tuple[float, float]
) -> Migration:
    """Fit the smooth curve through bands of known mass: a cubic whose bend is penalised.

    Parameters
    ----------
    rows, log_mass : ndarray, shape (points,)
        At least two points.
    scatter : float
        Ordinary scatter of bands about the curve, px.
    span : tuple of float
        Lowest and highest log10 mass of the marker.

    Returns
    -------
    Migration
    """
    design = legendre(scaled_log_mass(log_mass, *span))
    slope = (rows[-1] - rows[0]) / (design[-1, 1] - design[0, 1])
    penalty = np.zeros((4, 4))
    penalty[2, 2], penalty[3, 3] = (scatter / (np.asarray(BEND) * slope)) ** 2
    solve = np.linalg.solve(design.T @ design + penalty + 1e-12 * np.eye(4), design.T)
    coefficients = solve @ rows
    misfit = rows - design @ coefficients
    hat = np.minimum(np.sum(design * solve.T, axis=1), 1 - 1e-9)
    cost = float(misfit @ misfit + coefficients @ penalty @ coefficients) / scatter**2
    return Migration(coefficients, span[0], span[1], cost, misfit / (1 - hat))
