"""One lane as a mixture: the unmodified band, rungs of the same shape, and a smooth smear.

The non-linear parameters of a lane are the log width and the skewness of its unmodified band, the log width of rungs
over it and how that grows, and by how many rows every band stands away from where the calibration puts it. They have
a Gaussian prior; areas and smear follow from non-negative least squares at every step (variable projection, see
`ublot.peakmodel`). What the lanes of one blot have in common is learned from all of them and becomes every lane's
prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ublot.bandshape import Bands, shape_bands
from ublot.nnls import solve_nonnegative

__all__ = [
    "SHAPES",
    "LaneData",
    "LaneFit",
    "Prior",
    "fit_lane",
    "information",
    "linear_curves",
    "places",
    "pool_lanes",
    "slopes",
]

Array = NDArray[np.float64]

SHAPES = 4  # log width, skewness, log width of rungs over it, growth of that per rung
LARGEST = np.array([0.4, 0.4, 0.3, 0.05])  # step of the shape parameters in one turn
FARTHEST = 0.3  # of the spacing: step of a band's place in one turn
MAX_SKEWNESS = 1.2


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
    """

    rows: Array
    values: Array
    weight: Array
    nominal: Array
    first: int
    last: int
    smear: Array
    penalty: Array


@dataclass(frozen=True, eq=False)
class Prior:
    """Of the non-linear parameters: shapes, then departures of all places."""

    mean: Array
    covariance: Array


@dataclass(frozen=True, eq=False)
class LaneFit:
    """The fit of one lane.

    Attributes
    ----------
    theta : ndarray
        Non-linear parameters.
    areas : ndarray, shape (bands,)
    splines : ndarray, shape (splines,)
    bands : Bands
    gram : ndarray
        Products of the weighted linear curves with each other, penalised.
    residual : ndarray, shape (rows,)
        In the unit of the values.
    cost : float
    """

    theta: Array
    areas: Array
    splines: Array
    bands: Bands
    gram: Array
    residual: Array
    cost: float

    @property
    def linear(self) -> Array:
        return np.concatenate([self.areas, self.splines])


def places(data: LaneData, theta: Array) -> tuple[Array, Array]:
    """Positions and widths of the bands that are fitted."""
    n = np.arange(data.first, data.last + 1)
    wider = np.where(n > 0, theta[2] + theta[3] * (n - 1), 0.0)
    return data.nominal[n] + theta[SHAPES + n], np.exp(theta[0] + wider)


def linear_curves(data: LaneData, fit: LaneFit) -> Array:
    """Curves of unit area of every band, then the splines, shape (bands + splines, rows)."""
    return np.concatenate([fit.bands.curves, data.smear])


def _solve(data: LaneData, prior: Prior, precision: Array, theta: Array, start: NDArray[np.bool_] | None) -> LaneFit:
    positions, widths = places(data, theta)
    bands = shape_bands(data.rows, positions, widths, float(theta[1]))
    curves = np.concatenate([bands.curves, data.smear])
    weighted = curves * data.weight
    gram = weighted @ weighted.T
    k = len(positions)
    gram[k:, k:] += data.penalty
    linear = solve_nonnegative(gram, weighted @ (data.values * data.weight), start)
    residual = data.values - linear @ curves
    away = theta - prior.mean
    cost = float(
        np.sum((residual * data.weight) ** 2) + linear[k:] @ data.penalty @ linear[k:] + away @ precision @ away
    )
    return LaneFit(theta, linear[:k], linear[k:], bands, gram, residual, cost)


def slopes(data: LaneData, fit: LaneFit) -> Array:
    """Derivative of the fitted curve by every non-linear parameter, shape (parameters, rows)."""
    n = np.arange(data.first, data.last + 1)
    out = np.zeros((len(fit.theta), len(data.rows)))
    by_position, by_log_width, by_skewness = fit.bands.derivatives()
    wide = by_log_width * fit.areas[:, None]
    out[0] = wide.sum(axis=0)
    out[1] = fit.areas @ by_skewness
    out[2] = wide[n > 0].sum(axis=0)
    out[3] = np.maximum(n - 1.0, 0.0) @ wide
    out[SHAPES + n] = by_position * fit.areas[:, None]
    return out


def information(data: LaneData, fit: LaneFit) -> tuple[Array, Array]:
    """What the lane alone says of the non-linear parameters: information matrix and gradient, areas and smear free."""
    # Nothing is known of places beyond the last band: most of the matrix is zero.
    used = np.concatenate([np.arange(SHAPES), SHAPES + np.arange(data.first, data.last + 1)])
    steep = slopes(data, fit)[used] * data.weight
    active = fit.linear > 0
    curves = linear_curves(data, fit)[active] * data.weight
    cross = curves @ steep.T
    positive = np.flatnonzero(active)
    gram = fit.gram[positive[:, None], positive]
    gram[np.diag_indices_from(gram)] *= 1 + 1e-10
    taken = np.linalg.solve(gram, cross)
    seen, gradient = np.zeros((len(fit.theta),) * 2), np.zeros(len(fit.theta))
    seen[used[:, None], used] = steep @ steep.T - cross.T @ taken
    gradient[used] = steep @ (fit.residual * data.weight)
    return seen, gradient


def fit_lane(data: LaneData, prior: Prior, *, start: LaneFit | None = None, turns: int = 6) -> LaneFit:
    """Fit one lane by damped Gauss-Newton steps from the prior's mean, or from `start`."""
    precision: Array = np.asarray(np.linalg.inv(prior.covariance), np.float64)
    active = start.linear > 0 if start is not None and len(start.areas) == data.last - data.first + 1 else None
    fit = _solve(data, prior, precision, prior.mean if start is None else start.theta, active)
    # A band that leaps over half a spacing lands on its neighbour's place.
    farthest = -FARTHEST * np.gradient(data.nominal)
    damping = 0.0
    for _ in range(turns):
        seen, gradient = information(data, fit)
        normal = seen + precision
        gradient = gradient - precision @ (fit.theta - prior.mean)
        gain = 0.0
        for _ in range(4):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(seen)) if damping else normal, gradient)
            step *= min(1.0, 1.0 / max(float(np.max(np.abs(step[:SHAPES]) / LARGEST)), 1e-9))
            step[SHAPES:] = np.clip(step[SHAPES:], -farthest, farthest)
            theta = fit.theta + step
            theta[1] = np.clip(theta[1], -MAX_SKEWNESS, MAX_SKEWNESS)
            trial = _solve(data, prior, precision, theta, fit.linear > 0)
            gain = fit.cost - trial.cost
            if gain >= 0:
                fit, damping = trial, 0.2 * damping
                break
            damping = max(10 * damping, 0.1)
        if gain <= 1e-3 * fit.cost:
            break
    return fit


def pool_lanes(looks: list[tuple[Array, Array]], prior: Prior, own: Array) -> list[Prior]:
    """Prior of every lane from what all *other* lanes say.

    Parameters are the sum of a part common to all lanes, with `prior`, and the lane's own part: empirical Bayes with
    Gaussian information matrices.

    Parameters
    ----------
    looks : list of (information, information @ estimate)
        Of every lane.
    prior : Prior
        Of the common part.
    own : ndarray, shape (parameters, parameters)
        Covariance of the lanes' own parts.
    """
    size = len(prior.mean)
    spread = np.linalg.inv(prior.covariance)
    alone = [(np.linalg.solve(np.eye(size) + seen @ own, seen), seen, moment) for seen, moment in looks]
    # With its own part integrated out, a lane says (I + S V)^-1 S of the common one.
    parts = [(common, np.linalg.solve(np.eye(size) + seen @ own, moment)) for common, seen, moment in alone]
    total = spread + sum(p[0] for p in parts)
    moment = spread @ prior.mean + sum(p[1] for p in parts)
    out = []
    for seen, said in parts:
        rest = np.linalg.inv(total - seen)
        rest = 0.5 * (rest + rest.T)
        out.append(Prior(rest @ (moment - said), rest + own))
    return out
