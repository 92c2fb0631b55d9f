"""One lane as a mixture: the unmodified band, rungs of the same shape, and a smooth smear.

The non-linear parameters of a lane are the log width and the skewness of its unmodified band, the log width of rungs
over it and how that grows, and by how many rows every band stands away from where the calibration puts it. They have
a Gaussian prior; areas and smear follow from non-negative least squares at every step (variable projection: Golub &
Pereyra 1973, SIAM J. Numer. Anal. 10, 413). What the lanes of one blot have in common is learned from all of them and
becomes every lane's prior.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ublot.ladder.fit.band_shape import BandCurves, shape_bands
from ublot.numerics.nonnegative import solve_definite, solve_nonnegative
from ublot.numerics.remembering import remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = [
    "LaneData",
    "LaneFit",
    "Prior",
    "fit_lane",
    "information",
    "parameters",
    "places",
    "pool_lanes",
    "slopes",
]

SKEWNESS = 1  # which of the shape parameters it is
LARGEST = 0.4  # change of a band's log width, and of the skewness, in one turn
FARTHEST = 0.3  # of the spacing: step of a band's place in one turn
MAX_SKEWNESS = 1.2
SLIGHT, SETTLED = 1e-3, 2e-3  # of the misfit: a gain after which no further step is worth its while; as foreseen


@dataclass(frozen=True, eq=False)
class LaneData:
    """What is fitted.

    Attributes
    ----------
    rows, values, weight : ndarray, shape (rows,)
        The weight is one over the standard deviation.
    nominal : ndarray, shape (places,)
        Where the calibration puts 0, 1, 2, ... modifiers.
    first, last : int
        The bands that are fitted: from `first` (1 where the unmodified band is not seen) to `last` modifiers.
    smear : ndarray, shape (splines, rows)
    penalty : ndarray, shape (splines, splines)
    widening : ndarray, shape (places, shapes)
        How the log width of the band at every place depends on the shape parameters. One of them, `SKEWNESS`, is the
        skewness, which does not enter.
    """

    rows: Array
    values: Array
    weight: Array
    nominal: Array
    first: int
    last: int
    smear: Array
    penalty: Array
    widening: Array

    @property
    def shapes(self) -> int:
        """How many parameters tell the bands' shape; the departures of the places follow."""
        return len(self.widening.T)

    @property
    def fitted(self) -> slice:
        """The places that are fitted."""
        return slice(self.first, self.last + 1)


@dataclass(frozen=True, eq=False)
class Prior:
    """Of the non-linear parameters: shapes, then departures of all places, or of those that are fitted."""

    mean: Array
    covariance: Array

    @cached_property
    def precision(self) -> Array:
        return np.asarray(np.linalg.inv(self.covariance), np.float64)

    def of(self, used: NDArray[np.intp]) -> Prior:
        """The prior of some of them alone."""
        return Prior(self.mean[used], self.covariance[used[:, None], used])

    def about(self, data: LaneData) -> Prior:
        """The prior of those that are fitted."""
        return _about(self, data.shapes, data.first, data.last)


@dataclass(frozen=True, eq=False)
class LaneFit:
    """The fit of one lane.

    Attributes
    ----------
    rows : ndarray, shape (rows,)
        Those of the lane.
    theta : ndarray, shape (parameters,)
        Non-linear parameters: shapes, then departures of the places that are fitted.
    off : ndarray, shape (places,)
        Departures of all places: those that are not fitted follow the others.
    areas : ndarray, shape (bands,)
    splines : ndarray, shape (splines,)
    bands : BandCurves
    weighted : ndarray, shape (bands + splines, rows)
        Curves of unit area of every band, then the splines, times the weight.
    gram : ndarray
        Their products with each other, penalised.
    residual : ndarray, shape (rows,)
        In the unit of the values.
    cost : float
    settled : bool
        Whether no further step was worth its while.
    """

    rows: Array
    theta: Array
    off: Array
    areas: Array
    splines: Array
    bands: BandCurves
    weighted: Array
    gram: Array
    residual: Array
    cost: float
    settled: bool = False

    @property
    def linear(self) -> Array:
        return np.concatenate([self.areas, self.splines])


def places(data: LaneData, theta: Array) -> tuple[Array, Array]:
    """Positions and widths of the bands that are fitted."""
    wider = data.widening[data.fitted] @ theta[: data.shapes]
    return data.nominal[data.fitted] + theta[data.shapes :], np.exp(wider)


def parameters(data: LaneData) -> NDArray[np.intp]:
    """Which of the prior's parameters are fitted."""
    return _fitted(data.shapes, data.first, data.last)


@lru_cache(64)
def _fitted(shapes: int, first: int, last: int) -> NDArray[np.intp]:
    return np.concatenate([np.arange(shapes), shapes + np.arange(first, last + 1)])


@remembered(2)
def _about(prior: Prior, shapes: int, first: int, last: int) -> Prior:
    """The same for all lanes of a blot at first, and asked for again by what reports a lane."""
    return prior.of(_fitted(shapes, first, last))


def _solve(
    data: LaneData,
    prior: Prior,
    theta: Array,
    off: Array,
    start: NDArray[np.bool_] | None,
    bands: BandCurves | None = None,
) -> LaneFit:
    """Areas and smear at given shapes and places, at which the `bands` may be known."""
    if bands is None:
        bands = shape_bands(data.rows, *places(data, theta), float(theta[SKEWNESS]))
    k = len(bands.curves)
    weighted = np.empty((k + len(data.smear), len(data.rows)))
    np.multiply(bands.curves, data.weight, out=weighted[:k])
    np.multiply(data.smear, data.weight, out=weighted[k:])
    gram, target = weighted @ weighted.T, data.values * data.weight
    gram[k:, k:] += data.penalty
    linear = solve_nonnegative(gram, weighted @ target, start)
    scaled, away, splines = target - linear @ weighted, theta - prior.mean, linear[k:]
    cost = float(scaled @ scaled + splines @ data.penalty @ splines + away @ prior.precision @ away)
    return LaneFit(data.rows, theta, off, linear[:k], splines, bands, weighted, gram, scaled / data.weight, cost)


def slopes(data: LaneData, fit: LaneFit) -> Array:
    """Derivative of the fitted curve by every non-linear parameter, shape (parameters, rows)."""
    by_position, by_log_width, by_skewness = fit.bands.derivatives
    out = np.empty((len(fit.theta), len(data.rows)))
    np.matmul((data.widening[data.fitted] * fit.areas[:, None]).T, by_log_width, out=out[: data.shapes])
    out[SKEWNESS] = fit.areas @ by_skewness
    np.multiply(by_position, fit.areas[:, None], out=out[data.shapes :])
    return out


def information(data: LaneData, fit: LaneFit) -> tuple[Array, Array]:
    """What the lane alone says of the non-linear parameters: information matrix and gradient, areas and smear free."""
    steep = slopes(data, fit) * data.weight
    positive = (fit.linear > 0).nonzero()[0]
    if not len(positive):
        return steep @ steep.T, steep @ (fit.residual * data.weight)
    cross = (fit.weighted @ steep.T).take(positive, 0)
    gram = fit.gram.take(positive, 0).take(positive, 1)
    gram.reshape(-1)[:: len(gram) + 1] *= 1 + 1e-10  # the diagonal
    return steep @ steep.T - cross.T @ solve_definite(gram, cross), steep @ (fit.residual * data.weight)


def _likely(fit: LaneFit, bands: int, splines: int) -> NDArray[np.bool_]:
    """Which of so many areas and splines are likely to be above zero, as they are in another fit."""
    out = np.ones(bands + splines, bool)
    for own, other in ((out[:bands], fit.areas), (out[bands:], fit.splines)):
        own[: len(other)] = other[: len(own)] > 0
    return out


def fit_lane(data: LaneData, prior: Prior, *, start: LaneFit | None = None, turns: int = 6) -> LaneFit:
    """Fit one lane by damped Gauss-Newton steps from the prior's mean, or from `start`: also that of another lane.

    Places beyond the last band are not seen: they take no part in the fit but follow the others, as the prior has it.
    """
    known, shapes = prior.about(data), data.shapes
    theta, off, active, bands = known.mean, prior.mean[shapes:], None, None
    if start is not None:
        theta, off = np.concatenate([start.theta[:shapes], start.off[data.fitted]]), start.off
        count = data.last - data.first + 1
        active = _likely(start, count, len(data.smear))
        if start.rows is data.rows and count <= len(start.areas):  # of the same lane
            bands = start.bands.only(slice(count))
    fit = _solve(data, known, theta, off, active, bands)
    if not turns:
        return fit
    # A band that leaps over half a spacing lands on its neighbour's place.
    steps = FARTHEST * (data.nominal[:-1] - data.nominal[1:])
    farthest = np.concatenate([steps[:1], 0.5 * (steps[1:] + steps[:-1]), steps[-1:]])
    follow = (prior.covariance[:, parameters(data)] @ known.precision)[shapes:]
    damping = 0.0
    for _ in range(turns):
        seen, gradient = information(data, fit)
        normal = seen + known.precision
        gradient = gradient - known.precision @ (fit.theta - known.mean)
        gain = 0.0
        for _ in range(4):
            step = solve_definite(normal + damping * np.diag(np.diag(seen)) if damping else normal, gradient)
            wider = np.abs(data.widening[data.fitted] @ step[:shapes]).max()
            share = min(1.0, LARGEST / max(float(wider), abs(float(step[SKEWNESS])), 1e-9))
            led = prior.mean[shapes:] + follow @ (fit.theta + step - known.mean)
            moved = np.minimum(np.maximum(share * (led - fit.off), -farthest), farthest)
            theta = fit.theta + np.concatenate([share * step[:shapes], moved[data.fitted]])
            theta[SKEWNESS] = min(max(theta[SKEWNESS], -MAX_SKEWNESS), MAX_SKEWNESS)
            trial = _solve(data, known, theta, fit.off + moved, fit.linear > 0)
            gain = fit.cost - trial.cost
            if gain >= 0:
                fit, damping = trial, 0.2 * damping
                break
            damping = max(10 * damping, 0.1)
        # Where the misfit is as good as quadratic, the step has led to its lowest.
        expected = float(gradient @ step) if share == 1.0 else math.inf
        if gain <= SLIGHT * fit.cost or abs(gain - expected) <= SETTLED * fit.cost:
            return replace(fit, settled=True)
    return fit


def pool_lanes(looks: list[tuple[Array, Array]], used: NDArray[np.intp], prior: Prior, own: Array) -> list[Prior]:
    """Prior of every lane from what all *other* lanes say.

    Parameters are the sum of a part common to all lanes, with `prior`, and the lane's own part: empirical Bayes with
    Gaussian information matrices.

    Parameters
    ----------
    looks : list of (information, information @ estimate)
        Of every lane, about the parameters `used`; the others follow them.
    used : ndarray of int
    prior : Prior
        Of the common part.
    own : ndarray, shape (parameters, parameters)
        Covariance of the lanes' own parts.
    """
    known = prior.of(used)
    spread = np.linalg.inv(known.covariance)
    seen, said = (np.stack(each) for each in zip(*looks, strict=True))
    # With its own part integrated out, a lane says (I + S V)^-1 S of the common one.
    parts = np.linalg.solve(
        np.eye(len(used)) + seen @ own[used[:, None], used], np.concatenate([seen, said[..., None]], axis=2)
    )
    common, moments = parts[..., :-1], parts[..., -1]
    rest = np.linalg.inv(spread + common.sum(axis=0) - common)
    rest = 0.5 * (rest + rest.transpose(0, 2, 1))
    moment = spread @ known.mean + moments.sum(axis=0) - moments
    moved = (rest @ moment[..., None])[..., 0] - known.mean
    follow = prior.covariance[:, used] @ spread
    covariance = prior.covariance + own - follow @ (known.covariance - rest) @ follow.T
    return [Prior(prior.mean + follow @ m, c) for m, c in zip(moved, covariance, strict=True)]
