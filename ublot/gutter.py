"""The membrane under the lanes, by joint regression of lanes and membrane (the background called ``gutter``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ublot.lateral import Cells, spline_basis

__all__ = ["Membrane", "fit_membrane"]

Array = NDArray[np.float64]

SHAPE_ERROR = 0.03  # lateral shapes are known to this share of a lane's height
GRADIENT = 0.1  # and, where bands slant across their lane, to this share of the change from row to row of cells
OUTLIER = 4.0  # cells further from the fit than this many standard deviations count for nothing
STIFF = 1e6  # how much stiffer a blank lane's haze is than the membrane: it is as good as straight
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
    return np.asarray(d.T @ d)


def _eliminate(shapes: Array, across: Array, values: Array, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Normal equations of every row with its lane amplitudes eliminated, and what gives the amplitudes back.

    `across`, shape (rows, cols, functions), holds what is smooth down the rows.
    """
    weighted = (shapes * weights[:, :, None]).transpose(0, 2, 1)
    own = weighted @ shapes
    # A lane with no usable cell in a row gets amplitude 0 there instead of a singular matrix.
    own += np.eye(own.shape[1]) * 1e-6
    cross = weighted @ across
    right = weighted @ values[:, :, None]
    solved = np.linalg.solve(own, np.concatenate([cross, right], axis=2))
    to_smooth, to_values = solved[:, :, :-1], solved[:, :, -1]
    weighted = (across * weights[:, :, None]).transpose(0, 2, 1)
    gram = weighted @ across - cross.transpose(0, 2, 1) @ to_smooth
    rhs = (weighted @ values[:, :, None] - cross.transpose(0, 2, 1) @ to_values[:, :, None])[:, :, 0]
    return gram, rhs, to_smooth, to_values


def _penalty(down: int, across: int, level: int) -> Array:
    """Roughness of membrane coefficients, of which `across` stand side by side, and of `level` smooth amplitudes."""
    sideways = np.zeros((across + level, across + level))
    sideways[:across, :across] = _second_difference(across)
    along = np.diag(np.r_[np.ones(across), np.full(level, STIFF)])
    return np.asarray(np.kron(_second_difference(down), along) + np.kron(np.eye(down), sideways))


def _smooth(
    gram: Array, rhs: Array, total: float, count: float, penalty: Array, free: int
) -> tuple[Array, Array, float]:
    """Penalised solution with the smoothness that maximises the restricted likelihood (Wood 2011).

    `free` is the number of directions that the penalty leaves alone.
    """
    scale = max(float(np.trace(gram)) / len(gram), 1e-9)
    mu, vectors = linalg.eigh(penalty, gram / scale + 1e-9 * np.eye(len(gram)))
    mu = np.maximum(mu, 0)
    z = vectors.T @ rhs / scale
    dof = max(count - free, 1.0)
    shrink = 1 + SMOOTHNESS[:, None] * mu
    rss = np.maximum(total - scale * (z**2 / shrink).sum(axis=1), 1e-12 * max(total, 1e-300))
    criterion = dof * np.log(rss) + np.log(shrink).sum(axis=1) - (len(mu) - free) * np.log(SMOOTHNESS)
    best = int(np.argmin(criterion))
    # A picture without any noise still has a scale.
    sigma = max(float(np.sqrt(rss[best] / dof)), 1e-30)
    coefficients = vectors @ (z / shrink[best])
    factor = vectors * (sigma / np.sqrt(scale * shrink[best]))
    return coefficients, factor, sigma


@dataclass(frozen=True, eq=False)
class _Solution:
    """Lane amplitudes and what is smooth down the rows, for given weights."""

    coefficients: Array
    factor: Array
    amplitudes: Array
    smooth: Array
    sigma: float


def _solve(
    shapes: Array, smooth: Array, down: Array, values: Array, weights: Array, penalty: Array, free: int
) -> _Solution:
    """Weighted fit of lanes, shape (rows, cols, lanes), and smooth functions, shape (rows, cols, functions)."""
    rows, n, k = len(down), down.shape[1], smooth.shape[2]
    gram, rhs, to_smooth, to_values = _eliminate(shapes, smooth, values, weights)
    pairs = (down[:, :, None] * down[:, None, :]).reshape(rows, -1)
    blocks = (pairs.T @ gram.reshape(rows, -1)).reshape(n, n, k, k)
    normal = blocks.transpose(0, 2, 1, 3).reshape(n * k, -1)
    weighted = weights * values
    lane_part = (shapes.transpose(0, 2, 1) @ weighted[:, :, None])[:, :, 0]
    total = float((weighted * values).sum() - (lane_part * to_values).sum())
    used = weights > 0.05
    # Every row spends one value on every lane that it sees.
    count = float(used.sum() - ((shapes * used[:, :, None]).sum(axis=1) > 0.5).sum())
    vector, factor, sigma = _smooth(normal, (down.T @ rhs).ravel(), total, count, penalty, free)
    coefficients = vector.reshape(n, k)
    row_part = (down @ coefficients)[:, :, None]
    amplitudes = to_values - (to_smooth @ row_part)[:, :, 0]
    return _Solution(coefficients, factor, amplitudes, (smooth @ row_part)[:, :, 0], sigma)


def _reweighted(
    mask: NDArray[np.bool_], beside: NDArray[np.bool_], shapes: Array, amplitudes: Array, above: Array
) -> Array:
    """Weights after a fit: small where a lane's shape matters that is only nearly known, 0 for outliers.

    `above` is what stands above all that is smooth.
    """
    change = np.abs(np.gradient(amplitudes, axis=0)) if len(amplitudes) > 1 else 0.0
    doubt = SHAPE_ERROR * np.abs(amplitudes) + GRADIENT * change
    doubt, height, lanes = ((shapes @ part[:, :, None])[:, :, 0] for part in (doubt, np.abs(amplitudes), amplitudes))
    residual = above - lanes
    known = mask & beside
    if not known.any():
        return np.zeros(mask.shape)
    quiet = known & (height <= np.quantile(height[known], 0.5))
    noise = 1.4826 * float(np.median(np.abs(residual[quiet]))) + 1e-12
    variance = noise**2 + doubt**2
    ratio = residual**2 / variance / OUTLIER**2
    return np.asarray(mask * noise**2 / variance * np.maximum(1 - ratio, 0) ** 2)


def fit_membrane(
    cells: Cells,
    shapes: Array,
    spacing: float,
    *,
    rounds: int = 4,
    blank: Sequence[int] = (),
    beside: NDArray[np.bool_] | None = None,
) -> Membrane:
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
    blank : sequence of int
        Indices of lanes known to hold nothing but, perhaps, haze: their amplitude is a straight line down the rows, so
        that they show the membrane as a gutter does.
    beside : ndarray of bool, shape (rows, cols), optional
        The lanes and their gutters (`ublot.lateral.beside_lanes`). Cells further off may hold lanes that are not among
        `shapes`: the fit starts without them and takes in those that agree with it.
    """
    if beside is None or not (beside & cells.mask).any():
        beside = np.ones(cells.mask.shape, bool)
    rows = len(cells.values)
    low = (cells.window.top - 0.5, cells.window.left - 0.5)
    high = (cells.window.bottom - 0.5, cells.window.right - 0.5)
    segments = [int(np.clip(round((b - a) / spacing), 2, 14)) for a, b in zip(low, high, strict=True)]
    down = spline_basis(cells.row_px, low[0], high[0], segments[0])
    sideways = spline_basis(cells.x_px, low[1], high[1], segments[1])
    level = list(blank)
    free = [i for i in range(shapes.shape[2]) if i not in level]
    smooth = np.broadcast_to(sideways, (rows, *sideways.shape))
    if level:
        smooth = np.concatenate([smooth, shapes[:, :, level]], axis=2)
    shapes = shapes[:, :, free]
    penalty = _penalty(down.shape[1], sideways.shape[1], len(level))
    centre = float(np.median(cells.values[cells.mask])) if cells.mask.any() else 0.0
    values = cells.values.astype(np.float64) - centre
    weights = (cells.mask & beside).astype(np.float64)
    for turn in range(rounds):
        solution = _solve(shapes, smooth, down, values, weights, penalty, 4 + 2 * len(level))
        if turn < rounds - 1:
            weights = _reweighted(cells.mask, beside, shapes, solution.amplitudes, values - solution.smooth)
    k = sideways.shape[1]
    heights = np.zeros((rows, len(free) + len(level)))
    row_part = down @ solution.coefficients
    heights[:, free], heights[:, level] = solution.amplitudes, row_part[:, k:]
    return Membrane(
        solution.coefficients[:, :k] + centre,
        solution.factor.reshape(*solution.coefficients.shape, -1)[:, :k].reshape(down.shape[1] * k, -1),
        heights,
        row_part[:, :k] @ sideways.T + centre,
        weights,
        solution.sigma,
        low,
        high,
    )
