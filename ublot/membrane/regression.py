"""The membrane under the lanes, by joint regression of lanes and membrane (the background called ``gutter``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from ublot.numerics.medians import median
from ublot.numerics.smoothness import Normal, roughness
from ublot.numerics.splines import spline_basis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ublot.membrane.lateral_shape import LaneShapes
    from ublot.membrane.spline_grid import Grid
    from ublot.numerics.arrays import Array

__all__ = ["MembraneFit", "fit_membrane"]

SHAPE_ERROR = 0.03  # lateral shapes are known to this share of a lane's height
GRADIENT = 0.1  # and, where bands slant across their lane, to this share of the change from row to row of cells
OUTLIER = 4.0  # cells further from the fit than this many standard deviations count for nothing


@dataclass(frozen=True, eq=False)
class MembraneFit:
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


@dataclass(frozen=True, eq=False)
class _Design:
    """What a fit is made of, whatever its weights.

    Attributes
    ----------
    grid : Grid
    shapes : LaneShapes
        Of all lanes, the `level` ones among them.
    free, level : list of int
        Lanes whose amplitude is free in every row, and those where it is smooth down the rows.
    seen : ndarray, shape (rows, lanes, n)
        Values of the cells that each lane reaches.
    under : ndarray, shape (lanes, n, column splines)
        Column splines in them.
    penalty : ndarray
        Roughness of the coefficients.
    """

    grid: Grid
    shapes: LaneShapes
    free: list[int]
    level: list[int]
    seen: Array
    under: Array
    penalty: Array


def _eliminate(design: _Design, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Normal equations of every row with its lane amplitudes eliminated, and what gives the amplitudes back.

    Returns
    -------
    gram : ndarray, shape (rows, functions, functions)
    rhs : ndarray, shape (rows, functions)
    to_smooth : ndarray, shape (rows, free lanes, functions)
    to_values : ndarray, shape (rows, free lanes)
    """
    grid, shapes, free, level = design.grid, design.shapes, design.free, design.level
    rows, k = len(weights), grid.across.shape[1]
    own = shapes.products(weights)
    weighted = shapes.of(weights) * shapes.values
    with_membrane = (weighted.transpose(1, 0, 2) @ design.under).transpose(1, 0, 2)
    with_values = np.einsum("rln,rln->rl", weighted, design.seen)
    gram = (weights @ grid.pairs_across).reshape(rows, k, k)
    rhs = (weights * grid.values) @ grid.across
    cross = with_membrane
    if level:
        smooth = with_membrane[:, level]
        gram = np.block([[gram, smooth.transpose(0, 2, 1)], [smooth, own[:, level][:, :, level]]])
        rhs = np.concatenate([rhs, with_values[:, level]], axis=1)
        cross = np.concatenate([with_membrane[:, free], own[:, free][:, :, level]], axis=2)
        own, with_values = own[:, free][:, :, free], with_values[:, free]
    right = np.concatenate([cross, with_values[:, :, None]], axis=2)
    solved = _solve_rows(own, right, len(shapes.overlaps) - 1)
    to_smooth, to_values = solved[:, :, :-1], solved[:, :, -1]
    gram -= cross.transpose(0, 2, 1) @ to_smooth
    rhs -= (to_values[:, None, :] @ cross)[:, 0]
    return gram, rhs, to_smooth, to_values


def _solve_rows(own: Array, right: Array, reach: int) -> Array:
    """Solution of every row's equations, in which lanes up to `reach` apart meet: all rows as one banded system."""
    rows, count, _ = own.shape
    if not count:
        return right
    reach = max(min(reach, count - 1), 1)
    band = np.zeros((reach + 1, rows, count))
    # A lane with no usable cell in a row gets amplitude 0 there instead of a singular matrix.
    band[reach] = np.diagonal(own, axis1=1, axis2=2) + 1e-6
    for k in range(1, min(reach, count - 1) + 1):
        band[reach - k, :, k:] = np.diagonal(own, k, axis1=1, axis2=2)
    all_rows, sides = band.reshape(reach + 1, -1), right.reshape(rows * count, -1)
    if reach > 1:
        solved = linalg.lapack.dpbsv(all_rows, sides)[1]
    else:
        solved = linalg.lapack.dptsv(all_rows[1], all_rows[0, 1:], sides)[2]
    return np.asarray(solved.reshape(right.shape))


@dataclass(frozen=True, eq=False)
class _Solution:
    """What a fit with given weights gives: coefficients of what is smooth, and the lanes' amplitudes."""

    coefficients: Array
    root: Array
    amplitudes: Array
    smooth: Array
    sigma: float
    smoothness: float


def _solve(design: _Design, weights: Array, smoothness: float | None) -> _Solution:
    """Weighted fit of the lanes and what is smooth; without a `smoothness` the likeliest one is taken."""
    grid, shapes, free, level = design.grid, design.shapes, design.free, design.level
    n, across = grid.down.shape[1], grid.across.shape[1]
    k = across + len(level)
    gram, rows_rhs, to_smooth, to_values = _eliminate(design, weights)
    blocks = (grid.pairs_down @ gram.reshape(len(gram), -1)).reshape(n, n, k, k)
    normal, rhs = blocks.transpose(0, 2, 1, 3).reshape(n * k, -1), (grid.down.T @ rows_rhs).ravel()
    weighted = weights * grid.values
    lanes_alone = shapes.sums(weighted)[:, free]
    total = float(np.vdot(weighted, grid.values) - np.vdot(lanes_alone, to_values))
    used = (weights > 0.05).astype(float)
    # Every row spends one value on every lane that it sees.
    count = float(used.sum() - np.count_nonzero(shapes.sums(used)[:, free] > 0.5))
    untouched = 4 + 2 * len(level)
    dof = max(count - untouched, 1.0)
    scale = max(float(normal.trace()) / len(normal), 1e-9)
    normal, rhs = normal / scale, rhs / scale
    normal.flat[:: len(normal) + 1] += 1e-9
    system = Normal(normal, rhs, design.penalty, total / scale, dof, untouched)
    if smoothness is None:
        smoothness = system.likeliest()
    root, vector, left = system.solved(smoothness)
    # A picture without any noise still has a scale.
    sigma = max((scale * left / dof) ** 0.5, 1e-30)
    coefficients = vector.reshape(n, k)
    smooth = grid.down @ coefficients
    heights = to_values - (to_smooth @ smooth[:, :, None])[:, :, 0]
    if level:
        heights, part = np.zeros((len(weights), len(free) + len(level))), heights
        heights[:, free], heights[:, level] = part, smooth[:, across:]
    membrane = smooth[:, :across] @ grid.across.T
    return _Solution(coefficients, root * (scale**0.5 / sigma), heights, membrane, sigma, smoothness)


def _reweighted(
    shapes: LaneShapes, mask: NDArray[np.bool_], known: NDArray[np.bool_], amplitudes: Array, above: Array
) -> Array:
    """Weights after a fit: small where a lane's shape matters that is only nearly known, 0 for outliers.

    `above` is what stands above the membrane; `known` are the cells that tell how much of it is noise.
    """
    if not known.any():
        return np.zeros(mask.shape)
    height, ends = np.abs(amplitudes), [0, *range(len(amplitudes)), len(amplitudes) - 1]
    change = np.abs(amplitudes[ends[2:]] - amplitudes[ends[:-2]]) * 0.5
    change[[0, -1]] *= 2
    fitted, high, doubt = shapes.picture(np.array([amplitudes, height, SHAPE_ERROR * height + GRADIENT * change]))
    residual = above - fitted
    quiet = known & (high <= median(high[known]))
    noise = (1.4826 * median(np.abs(residual[quiet])) + 1e-12) ** 2
    trust = noise / (noise + doubt**2)
    off = residual**2 * trust / (noise * OUTLIER**2)
    return np.asarray(mask * trust * np.maximum(1 - off, 0) ** 2)


def fit_membrane(
    grid: Grid,
    shapes: LaneShapes,
    *,
    rounds: int = 4,
    blank: Sequence[int] = (),
    beside: NDArray[np.bool_] | None = None,
    start: MembraneFit | None = None,
    smoothness: float | None = None,
) -> MembraneFit:
    """Fit lane amplitudes and a smooth membrane to the cells.

    Parameters
    ----------
    grid : Grid
    shapes : LaneShapes
    rounds : int
        Rounds of re-weighting against dust, pen and lanes whose shape is only nearly known.
    blank : sequence of int
        Indices of lanes known to hold nothing but, perhaps, haze: their amplitude is a straight line down the rows, so
        that they show the membrane as a gutter does.
    beside : ndarray of bool, shape (rows, cols), optional
        The lanes and their gutters (`ublot.membrane.lateral_shape.beside_lanes`). Cells further off may hold lanes that
        are not among `shapes`: the fit starts without them and takes in those that agree with it.
    start : MembraneFit, optional
        A fit of almost the same lanes: weights start from it.
    smoothness : float, optional
        What roughness costs; without it the likeliest is taken.
    """
    mask = grid.cells.mask
    near = mask if beside is None else mask & beside
    if not near.any():
        near = mask
    level = list(blank)
    free = [i for i in range(len(shapes.index)) if i not in level]
    penalty = roughness(grid.down.shape[1], grid.across.shape[1], len(level))
    design = _Design(grid, shapes, free, level, shapes.of(grid.values), grid.across[shapes.index], penalty)
    weights = near.astype(np.float64)
    if start is not None:
        weights = _reweighted(shapes, mask, near, start.amplitudes, grid.values + grid.centre - start.fitted)
    solution = _solve(design, weights, smoothness)
    for turn in range(1, rounds):
        weights = _reweighted(shapes, mask, near, solution.amplitudes, grid.values - solution.smooth)
        # What is the likeliest smoothness hardly depends on the rounds in between.
        solution = _solve(design, weights, smoothness if turn == rounds - 1 else solution.smoothness)
    return MembraneFit(
        solution.coefficients[:, : grid.across.shape[1]] + grid.centre,
        solution.root,
        solution.amplitudes,
        solution.smooth + grid.centre,
        weights,
        solution.sigma,
        solution.smoothness,
        grid.low,
        grid.high,
    )
