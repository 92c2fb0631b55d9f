"""The membrane under the lanes, by joint regression of lanes and membrane (the background called ``gutter``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ublot.lateral import Cells, LaneShapes, spline_basis
from ublot.medians import median

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
    root : ndarray
        Lower Cholesky factor of the posterior precision of all coefficients, those of lanes with smooth amplitudes
        included.
    amplitudes : ndarray, shape (rows, lanes)
        Lane heights in the rows of cells.
    fitted : ndarray, shape (rows, cols)
        The membrane in the cells.
    weights : ndarray, shape (rows, cols)
        Final weights: 0 where a cell was left out as an outlier.
    sigma : float
        Noise of a cell of weight 1.
    smoothness : float
        What roughness costs, by the restricted likelihood.
    """

    coefficients: Array
    root: Array
    amplitudes: Array
    fitted: Array
    weights: Array
    sigma: float
    smoothness: float
    low: tuple[float, float]
    high: tuple[float, float]

    @cached_property
    def factor(self) -> Array:
        """``factor @ factor.T`` is the posterior covariance, shape (row splines x column splines, modes)."""
        down, across = self.coefficients.shape
        inverse = linalg.lapack.dtrtri(self.root, lower=1)[0].T
        return np.asarray(inverse.reshape(down, -1, len(inverse))[:, :across].reshape(down * across, -1))

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


@dataclass(frozen=True, eq=False)
class _Design:
    """What a fit is made of, whatever its weights.

    Attributes
    ----------
    shapes : LaneShapes
        Of all lanes, the `level` ones among them.
    free, level : list of int
        Lanes whose amplitude is free in every row, and those where it is smooth down the rows.
    down : ndarray, shape (rows, row splines)
    across : ndarray, shape (cols, column splines)
    under : ndarray, shape (lanes, rows, n, column splines)
        `across` in the cells that each lane reaches.
    penalty : ndarray
        Roughness of the coefficients.
    """

    shapes: LaneShapes
    free: list[int]
    level: list[int]
    down: Array
    across: Array
    under: Array
    penalty: Array

    @cached_property
    def pairs_down(self) -> Array:
        """Products of any two row splines, shape (splines squared, rows)."""
        return _pairs(self.down).T

    @cached_property
    def pairs_across(self) -> Array:
        """Products of any two column splines, shape (cols, splines squared)."""
        return _pairs(self.across)


def _pairs(basis: Array) -> Array:
    return np.asarray((basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1))


def _eliminate(design: _Design, values: Array, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Normal equations of every row with its lane amplitudes eliminated, and what gives the amplitudes back.

    Returns
    -------
    gram : ndarray, shape (rows, functions, functions)
    rhs : ndarray, shape (rows, functions)
    to_smooth : ndarray, shape (rows, free lanes, functions)
    to_values : ndarray, shape (rows, free lanes)
    """
    shapes, free, level = design.shapes, design.free, design.level
    rows, k = len(values), design.across.shape[1]
    own = shapes.products(weights)
    with_membrane = ((shapes.of(weights) * shapes.values)[:, :, None, :] @ design.under)[:, :, 0].transpose(1, 0, 2)
    with_values = shapes.sums(weights * values)
    gram = np.empty((rows, k + len(level), k + len(level)))
    gram[:, :k, :k] = (weights @ design.pairs_across).reshape(rows, k, k)
    gram[:, k:, :k] = with_membrane[:, level]
    gram[:, :k, k:] = with_membrane[:, level].transpose(0, 2, 1)
    gram[:, k:, k:] = own[:, level][:, :, level]
    rhs = np.concatenate([(weights * values) @ design.across, with_values[:, level]], axis=1)
    cross = np.concatenate([with_membrane[:, free], own[:, free][:, :, level]], axis=2)
    right = np.concatenate([cross, with_values[:, free, None]], axis=2)
    solved = _solve_rows(own[:, free][:, :, free], right, len(shapes.overlaps) - 1)
    to_smooth, to_values = solved[:, :, :-1], solved[:, :, -1]
    gram -= cross.transpose(0, 2, 1) @ to_smooth
    rhs -= (to_values[:, None, :] @ cross)[:, 0]
    return gram, rhs, to_smooth, to_values


def _solve_rows(own: Array, right: Array, reach: int) -> Array:
    """Solution of every row's equations, in which lanes up to `reach` apart meet: all rows as one banded system."""
    rows, count, _ = own.shape
    if not count:
        return right
    band = np.zeros((reach + 1, rows, count))
    # A lane with no usable cell in a row gets amplitude 0 there instead of a singular matrix.
    band[reach] = np.diagonal(own, axis1=1, axis2=2) + 1e-6
    for k in range(1, min(reach, count - 1) + 1):
        band[reach - k, :, k:] = np.diagonal(own, k, axis1=1, axis2=2)
    solved = linalg.solveh_banded(band.reshape(reach + 1, -1), right.reshape(rows * count, -1), check_finite=False)
    return np.asarray(solved.reshape(right.shape))


def _penalty(down: int, across: int, level: int) -> Array:
    """Roughness of membrane coefficients, of which `across` stand side by side, and of `level` smooth amplitudes."""
    sideways = np.zeros((across + level, across + level))
    sideways[:across, :across] = _second_difference(across)
    along = np.diag(np.r_[np.ones(across), np.full(level, STIFF)])
    return np.asarray(np.kron(_second_difference(down), along) + np.kron(np.eye(down), sideways))


def _best_smoothness(gram: Array, rhs: Array, total: float, dof: float, penalty: Array, free: int) -> float:
    """The smoothness that maximises the restricted likelihood (Wood 2011).

    `free` is the number of directions that the penalty leaves alone.
    """
    mu, vectors = linalg.eigh(penalty, gram, check_finite=False)
    mu = np.maximum(mu, 0)
    z = vectors.T @ rhs
    shrink = 1 + SMOOTHNESS[:, None] * mu
    rss = np.maximum(total - (z**2 / shrink).sum(axis=1), 1e-12 * max(total, 1e-300))
    criterion = dof * np.log(rss) + np.log(shrink).sum(axis=1) - (len(mu) - free) * np.log(SMOOTHNESS)
    return float(SMOOTHNESS[np.argmin(criterion)])


@dataclass(frozen=True, eq=False)
class _Solution:
    """What a fit with given weights gives: coefficients of what is smooth, and the lanes' amplitudes."""

    coefficients: Array
    root: Array
    amplitudes: Array
    smooth: Array
    sigma: float
    smoothness: float


def _solve(design: _Design, values: Array, weights: Array, smoothness: float | None) -> _Solution:
    """Weighted fit of the lanes and what is smooth; without a `smoothness` the likeliest one is taken."""
    n, k = design.down.shape[1], design.across.shape[1] + len(design.level)
    gram, rows_rhs, to_smooth, to_values = _eliminate(design, values, weights)
    blocks = (design.pairs_down @ gram.reshape(len(gram), -1)).reshape(n, n, k, k)
    normal, rhs = blocks.transpose(0, 2, 1, 3).reshape(n * k, -1), (design.down.T @ rows_rhs).ravel()
    lanes_alone = design.shapes.sums(weights * values)[:, design.free]
    total = float((weights * values**2).sum() - (lanes_alone * to_values).sum())
    used = (weights > 0.05).astype(float)
    # Every row spends one value on every lane that it sees.
    count = float(used.sum() - (design.shapes.sums(used)[:, design.free] > 0.5).sum())
    free = 4 + 2 * len(design.level)
    dof = max(count - free, 1.0)
    scale = max(float(np.trace(normal)) / len(normal), 1e-9)
    normal, rhs = normal / scale, rhs / scale
    normal[np.diag_indices(len(normal))] += 1e-9
    if smoothness is None:
        smoothness = _best_smoothness(normal, rhs, total / scale, dof, design.penalty, free)
    root = linalg.cholesky(normal + smoothness * design.penalty, lower=True, check_finite=False)
    vector = linalg.cho_solve((root, True), rhs, check_finite=False)
    rss = max(total - scale * float(rhs @ vector), 1e-12 * total)
    # A picture without any noise still has a scale.
    sigma = max((rss / dof) ** 0.5, 1e-30)
    coefficients = vector.reshape(n, k)
    smooth = design.down @ coefficients
    amplitudes = np.zeros((len(values), len(design.shapes.values)))
    amplitudes[:, design.free] = to_values - (to_smooth @ smooth[:, :, None])[:, :, 0]
    amplitudes[:, design.level] = smooth[:, design.across.shape[1] :]
    membrane = smooth[:, : design.across.shape[1]] @ design.across.T
    return _Solution(coefficients, root * (scale**0.5 / sigma), amplitudes, membrane, sigma, smoothness)


def _reweighted(
    shapes: LaneShapes, mask: NDArray[np.bool_], beside: NDArray[np.bool_], amplitudes: Array, above: Array
) -> Array:
    """Weights after a fit: small where a lane's shape matters that is only nearly known, 0 for outliers.

    `above` is what stands above the membrane.
    """
    known = mask & beside
    if not known.any():
        return np.zeros(mask.shape)
    change = np.abs(np.gradient(amplitudes, axis=0)) if len(amplitudes) > 1 else 0.0
    doubt = shapes.picture(SHAPE_ERROR * np.abs(amplitudes) + GRADIENT * change)
    height = shapes.picture(np.abs(amplitudes))
    residual = above - shapes.picture(amplitudes)
    quiet = known & (height <= median(height[known]))
    noise = 1.4826 * median(np.abs(residual[quiet])) + 1e-12
    variance = noise**2 + doubt**2
    ratio = residual**2 / variance / OUTLIER**2
    return np.asarray(mask * noise**2 / variance * np.maximum(1 - ratio, 0) ** 2)


def fit_membrane(
    cells: Cells,
    shapes: LaneShapes,
    spacing: float,
    *,
    rounds: int = 4,
    blank: Sequence[int] = (),
    beside: NDArray[np.bool_] | None = None,
    start: Membrane | None = None,
    smoothness: float | None = None,
) -> Membrane:
    """Fit lane amplitudes and a smooth membrane to the cells.

    Parameters
    ----------
    cells : Cells
    shapes : LaneShapes
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
    start : Membrane, optional
        A fit of almost the same lanes: weights start from it, and its smoothness is kept.
    """
    if beside is None or not (beside & cells.mask).any():
        beside = np.ones(cells.mask.shape, bool)
    low = (cells.window.top - 0.5, cells.window.left - 0.5)
    high = (cells.window.bottom - 0.5, cells.window.right - 0.5)
    segments = [int(np.clip(round((b - a) / spacing), 2, 14)) for a, b in zip(low, high, strict=True)]
    down = spline_basis(cells.row_px, low[0], high[0], segments[0])
    sideways = spline_basis(cells.x_px, low[1], high[1], segments[1])
    level = list(blank)
    free = [i for i in range(len(shapes.values)) if i not in level]
    penalty = _penalty(down.shape[1], sideways.shape[1], len(level))
    design = _Design(shapes, free, level, down, sideways, sideways[shapes.index], penalty)
    centre = median(cells.values[cells.mask]) if cells.mask.any() else 0.0
    values = cells.values.astype(np.float64) - centre
    weights = (cells.mask & beside).astype(np.float64)
    if start is not None:
        weights = _reweighted(shapes, cells.mask, beside, start.amplitudes, cells.values - start.fitted)
    solution = _solve(design, values, weights, smoothness)
    for turn in range(1, rounds):
        weights = _reweighted(shapes, cells.mask, beside, solution.amplitudes, values - solution.smooth)
        # What is the likeliest smoothness hardly depends on the rounds in between.
        solution = _solve(design, values, weights, smoothness if turn == rounds - 1 else solution.smoothness)
    return Membrane(
        solution.coefficients[:, : sideways.shape[1]] + centre,
        solution.root,
        solution.amplitudes,
        solution.smooth + centre,
        weights,
        solution.sigma,
        solution.smoothness,
        low,
        high,
    )
