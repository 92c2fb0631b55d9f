"""The membrane under the lanes, by joint regression of lanes and membrane (the background called ``gutter``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ublot.lateral import Cells, spline_basis

__all__ = ["Membrane", "fit_membrane"]

Array = NDArray[np.float64]

SHAPE_ERROR = 0.03  # lateral shapes are known to this share of a lane's height
OUTLIER = 4.0  # cells further from the fit than this many standard deviations count for nothing
SMOOTHNESS = np.geomspace(1e-4, 1e6, 41)


@dataclass(frozen=True, eq=False)
class Membrane:
    """A fitted membrane.

    Attributes
    ----------
    coefficients : ndarray, shape (row splines, column splines)
    factor : ndarray, shape (row splines x column splines, modes)
        ``factor @ factor.T`` is the posterior covariance of the coefficients.
    amplitudes : ndarray, shape (rows, lanes)
        Lane heights in the rows of cells.
    fitted : ndarray, shape (rows, cols)
        The membrane in the cells.
    weights : ndarray, shape (rows, cols)
        Final weights: 0 where a cell was left out as an outlier.
    sigma : float
        Noise of a cell of weight 1.
    """

    coefficients: Array
    factor: Array
    amplitudes: Array
    fitted: Array
    weights: Array
    sigma: float
    low: tuple[float, float]
    high: tuple[float, float]

    def basis(self, row: Array, x: Array) -> tuple[Array, Array]:
        """Spline bases down `row` and across `x`."""
        down, across = self.coefficients.shape
        return (
            spline_basis(row, self.low[0], self.high[0], down - 3),
            spline_basis(x, self.low[1], self.high[1], across - 3),
        )


def _second_difference(n: int) -> Array:
    d = np.diff(np.eye(n), 2, axis=0)
    return d.T @ d


def _eliminate(shapes: Array, across: Array, values: Array, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Normal equations of every row with its lane amplitudes eliminated, and what gives the amplitudes back."""
    weighted = shapes * weights[:, :, None]
    own = np.einsum("rcl,rcm->rlm", weighted, shapes, optimize=True)
    # A lane with no usable cell in a row gets amplitude 0 there instead of a singular matrix.
    own += np.eye(own.shape[1]) * 1e-6
    cross = np.einsum("rcl,ck->rlk", weighted, across, optimize=True)
    right = np.einsum("rcl,rc->rl", weighted, values, optimize=True)
    solved = np.linalg.solve(own, np.concatenate([cross, right[:, :, None]], axis=2))
    to_membrane, to_values = solved[:, :, :-1], solved[:, :, -1]
    gram = np.einsum("ck,rc,cj->rkj", across, weights, across, optimize=True)
    gram -= np.einsum("rlk,rlj->rkj", cross, to_membrane, optimize=True)
    rhs = (weights * values) @ across - np.einsum("rlk,rl->rk", cross, to_values)
    return gram, rhs, to_membrane, to_values


def _smooth(gram: Array, rhs: Array, total: float, count: float, shape: tuple[int, int]) -> tuple[Array, Array, float]:
    """Penalised solution with the smoothness that maximises the restricted likelihood (Wood 2011)."""
    down, across = shape
    penalty = np.kron(_second_difference(down), np.eye(across)) + np.kron(np.eye(down), _second_difference(across))
    scale = np.trace(gram) / len(gram)
    mu, vectors = linalg.eigh(penalty, gram / scale + 1e-9 * np.eye(len(gram)))
    mu = np.maximum(mu, 0)
    z = vectors.T @ rhs / scale
    free = 4  # the penalty leaves 1, r, x and r x alone
    dof = max(count - free, 1.0)
    shrink = 1 + SMOOTHNESS[:, None] * mu
    rss = np.maximum(total - scale * (z**2 / shrink).sum(axis=1), 1e-12 * max(total, 1e-300))
    criterion = dof * np.log(rss) + np.log(shrink).sum(axis=1) - (len(mu) - free) * np.log(SMOOTHNESS)
    best = int(np.argmin(criterion))
    sigma = float(np.sqrt(rss[best] / dof))
    coefficients = vectors @ (z / shrink[best])
    factor = vectors * (sigma / np.sqrt(scale * shrink[best]))
    return coefficients, factor, sigma


def fit_membrane(cells: Cells, shapes: Array, spacing: float, *, rounds: int = 4) -> Membrane:
    """Fit lane amplitudes and a smooth membrane to the cells.

    Parameters
    ----------
    cells : Cells
    shapes : ndarray, shape (rows, cols, lanes)
        Lateral shapes, see `ublot.lateral.lane_shapes`.
    spacing : float
        Distance of the membrane's knots, px.
    rounds : int
        Rounds of re-weighting against dust, pen and lanes whose shape is only nearly known.
    """
    values = cells.values.astype(np.float64)
    rows, cols = values.shape
    low = (cells.window.top - 0.5, cells.window.left - 0.5)
    high = (cells.window.bottom - 0.5, cells.window.right - 0.5)
    segments = [int(np.clip(round((b - a) / spacing), 2, 14)) for a, b in zip(low, high, strict=True)]
    down = spline_basis(cells.row_px, low[0], high[0], segments[0])
    across = spline_basis(cells.x_px, low[1], high[1], segments[1])
    shape = (down.shape[1], across.shape[1])
    pairs = (down[:, :, None] * down[:, None, :]).reshape(rows, -1)
    centre = float(np.median(values[cells.mask]))
    values = values - centre
    base = cells.mask.astype(np.float64)
    weights = base
    for turn in range(rounds):
        gram, rhs, to_membrane, to_values = _eliminate(shapes, across, values, weights)
        normal = (pairs.T @ gram.reshape(rows, -1)).reshape(shape[0], shape[0], shape[1], shape[1])
        normal = normal.transpose(0, 2, 1, 3).reshape(shape[0] * shape[1], -1)
        right = (down.T @ rhs).ravel()
        lane_part = np.einsum("rcl,rc,rc,rl->", shapes, weights, values, to_values, optimize=True)
        total = float((weights * values**2).sum() - lane_part)
        count = float((weights > 0.05).sum() - ((shapes * (weights > 0.05)[:, :, None]).sum(axis=1) > 0.5).sum())
        vector, factor, sigma = _smooth(normal, right, total, count, shape)
        coefficients = vector.reshape(shape)
        row_part = down @ coefficients
        fitted = row_part @ across.T
        amplitudes = to_values - np.einsum("rlk,rk->rl", to_membrane, row_part)
        if turn == rounds - 1:
            break
        lane_height = np.einsum("rcl,rl->rc", shapes, np.abs(amplitudes), optimize=True)
        residual = values - fitted - np.einsum("rcl,rl->rc", shapes, amplitudes, optimize=True)
        quiet = cells.mask & (lane_height <= np.quantile(lane_height[cells.mask], 0.5))
        noise = 1.4826 * float(np.median(np.abs(residual[quiet]))) + 1e-12
        variance = noise**2 + (SHAPE_ERROR * lane_height) ** 2
        ratio = residual**2 / variance / OUTLIER**2
        weights = base * noise**2 / variance * np.maximum(1 - ratio, 0) ** 2
    coefficients = coefficients + centre
    return Membrane(coefficients, factor, amplitudes, fitted + centre, weights, sigma, low, high)
