"""Peaks of a shared, slowly varying width on a smooth smear, and how to fit them.

Areas and smear are linear: for given widths and departures they follow from non-negative least squares, so that only a
handful of parameters is left to a damped Gauss-Newton iteration (variable projection: Golub & Pereyra 1973, in the
simplification of Kaufman 1975). Plain numpy: importing scipy's optimisers takes longer than fitting a whole blot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError
from ublot.numerics.nonnegative import solve_nonnegative

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Model",
    "Shape",
    "State",
    "Values",
    "descend",
    "first_guess",
    "gaussians",
    "products",
    "roughness",
    "sensitivity",
    "spline_basis",
]

ROOT_2PI = float(np.sqrt(2 * np.pi))
WIDTH_SPREAD = 0.7  # prior standard deviation of every coefficient of the log width, about the first guess
FIRST_WIDTHS = (0.1, 0.18, 0.3)  # shares of the spacing to start from
MAX_TURNS = 25
ONE_THREAD = 200_000  # multiplications that the linear-algebra library does without starting threads


@dataclass(frozen=True, eq=False)
class Values:
    """What is fitted."""

    rows: NDArray[np.float64]
    values: NDArray[np.float64]
    weight: NDArray[np.float64]  # square root of the weights
    design: NDArray[np.float64]
    modes: NDArray[np.float64]  # uncertain background, (modes, rows)


@dataclass(frozen=True, eq=False)
class Shape:
    """How log widths and departures depend on the few non-linear parameters."""

    width_basis: NDArray[np.float64]  # (rungs, parameters)
    shift_basis: NDArray[np.float64]
    precision: NDArray[np.float64]  # of the prior, (all parameters,)

    @classmethod
    def of(cls, design: NDArray[np.float64], width_degree: int, shift_degree: int, sd: float, jitter: float) -> Shape:
        n, reach = len(design), max(0.5 * float(np.ptp(design)), 1e-9)
        u = (design - 0.5 * (design[0] + design[-1])) / reach
        widths = np.polynomial.legendre.legvander(u, max(min(width_degree, (n - 1) // 2), 0))
        degree = min(shift_degree, n - 1) if sd > 0 else -1
        shifts = np.polynomial.legendre.legvander(u, degree) if degree >= 0 else np.empty((n, 0))
        precision = [WIDTH_SPREAD**-2] * widths.shape[1] + [sd**-2 for _ in range(shifts.shape[1])]
        if jitter > 0:
            shifts = np.hstack([shifts, np.eye(n)])
            precision += [jitter**-2] * n
        return cls(widths, shifts, np.array(precision, np.float64))


@dataclass(frozen=True, eq=False)
class Model:
    """What stays the same while the non-linear parameters move. Curves are rows of arrays: one peak, one array row."""

    data: Values
    shape: Shape
    target: NDArray[np.float64]  # weighted values
    splines: NDArray[np.float64]  # weighted, (splines, rows)
    penalty: NDArray[np.float64]  # (splines, splines)
    spline_gram: NDArray[np.float64]  # penalised
    spline_moment: NDArray[np.float64]

    @classmethod
    def of(cls, data: Values, shape: Shape, basis: NDArray[np.float64], penalty: NDArray[np.float64]) -> Model:
        target, splines = data.values * data.weight, basis.T * data.weight
        return cls(data, shape, target, splines, penalty, products(splines, splines) + penalty, splines @ target)


@dataclass(frozen=True, eq=False)
class State:
    """The fit at given non-linear parameters."""

    theta: NDArray[np.float64]
    guess: NDArray[np.float64]  # theta of the first guess, about which the prior stands
    positions: NDArray[np.float64]
    widths: NDArray[np.float64]
    linear: NDArray[np.float64]  # areas, then smear coefficients
    rungs: NDArray[np.float64]  # weighted curves of unit area, (rungs, rows)
    scaled: NDArray[np.float64]  # (row - position) / width, (rungs, rows)
    gram: NDArray[np.float64]  # of rungs and splines, penalised
    residual: NDArray[np.float64]  # weighted
    cost: float


def products(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """``a @ b.T`` in pieces so small that the linear-algebra library does not start threads.

    Starting them costs more than they save here, and a multiple of it where several processes share the machine.
    """
    step = max(ONE_THREAD // (len(a) * len(b) or 1), 16)
    total = np.zeros((len(a), len(b)))
    for at in range(0, a.shape[1], step):
        total += a[:, at : at + step] @ b[:, at : at + step].T
    return total


def gaussians(
    rows: NDArray[np.float64], positions: NDArray[np.float64], widths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussians of unit area and their scaled arguments, both of shape (positions, rows)."""
    z = (rows - positions[:, None]) / widths[:, None]
    curves = z * z
    curves *= -0.5
    np.exp(curves, out=curves)
    curves /= ROOT_2PI * widths[:, None]
    return curves, z


def _solve(
    model: Model, theta: NDArray[np.float64], guess: NDArray[np.float64], start: NDArray[np.bool_] | None = None
) -> State:
    data, shape = model.data, model.shape
    n, k = len(data.design), shape.width_basis.shape[1]
    widths = np.exp(shape.width_basis @ theta[:k])
    positions = data.design + shape.shift_basis @ theta[k:]
    rungs, z = gaussians(data.rows, positions, widths)
    rungs *= data.weight
    gram = np.empty((n + len(model.splines),) * 2)
    gram[:n, :n] = products(rungs, rungs)
    gram[:n, n:] = products(rungs, model.splines)
    gram[n:, :n] = gram[:n, n:].T
    gram[n:, n:] = model.spline_gram
    linear = solve_nonnegative(gram, np.concatenate([rungs @ model.target, model.spline_moment]), start)
    residual = model.target - linear[:n] @ rungs - linear[n:] @ model.splines
    smooth = linear[n:] @ model.penalty @ linear[n:]
    cost = float(residual @ residual + smooth + shape.precision @ (theta - guess) ** 2)
    return State(theta, guess, positions, widths, linear, rungs, z, gram, residual, cost)


def sensitivity(model: Model, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Derivative of the weighted curve by the non-linear parameters, and its products with all linear curves.

    Shapes (parameters, rows) and (rungs + splines, parameters).
    """
    n, z = len(model.data.design), state.scaled
    curves = state.rungs * state.linear[:n, None]
    by_shift = (model.shape.shift_basis / state.widths[:, None]).T @ (curves * z)
    by_log_width = model.shape.width_basis.T @ (curves * (z * z - 1))
    slopes = np.concatenate([by_log_width, by_shift])
    return slopes, np.concatenate([products(state.rungs, slopes), products(model.splines, slopes)])


def descend(model: Model, state: State) -> tuple[State, bool]:
    """Gauss-Newton on the non-linear parameters, with Levenberg's damping where a step does not pay."""
    damping, wide = 1e-3, model.shape.width_basis.shape[1]
    for _ in range(MAX_TURNS):
        active = state.linear > 0
        slopes, cross = sensitivity(model, state)
        gram = state.gram[np.ix_(active, active)]
        # what areas and smear can take up is not for the shape to explain
        taken = np.linalg.solve(gram + 1e-10 * np.diag(np.diag(gram)), cross[active])
        normal = products(slopes, slopes) - cross[active].T @ taken + np.diag(model.shape.precision)
        gradient = slopes @ state.residual - model.shape.precision * (state.theta - state.guess)
        for _ in range(8):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient)
            largest = float(np.max(np.abs(step[:wide])))
            trial = _solve(model, state.theta + step * min(1.0, 0.5 / max(largest, 1e-12)), state.guess, active)
            if trial.cost <= state.cost:
                break
            damping = max(10 * damping, 1e-2)
        else:
            return state, True  # no step pays: this is the bottom
        gain, state, damping = state.cost - trial.cost, trial, 0.2 * damping
        if gain <= 1e-4 * state.cost:
            return state, True
    return state, False


def first_guess(model: Model, width: float | ArrayLike | None, spacing: float) -> State:
    """The fit at the widths given, or at the best of a few shares of the spacing, without any departure.

    Raises
    ------
    BlotError
        A width is not positive, or there is neither one nor one for every rung.
    """
    shape, n = model.shape, len(model.data.design)
    rest = np.zeros(shape.shift_basis.shape[1])

    def at(sigma: NDArray[np.float64]) -> State:
        logs = np.log(np.broadcast_to(sigma, (n,)))
        theta = np.concatenate([np.linalg.lstsq(shape.width_basis, logs, rcond=None)[0], rest])
        return _solve(model, theta, theta)

    if width is not None:
        sigma = np.asarray(width, np.float64)
        if sigma.shape not in ((), (n,)) or np.any(~(sigma > 0)):
            raise BlotError("one positive width, or one for every rung, is needed", "width")
        return at(sigma)
    return min((at(np.asarray(share * spacing)) for share in FIRST_WIDTHS), key=lambda s: s.cost)


def spline_basis(rows: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """Uniform cubic B-splines over `rows`, shape (rows, splines); they sum to 1 everywhere."""
    pieces = max(int(np.ceil(np.ptp(rows) / spacing)), 1)
    t = (rows - rows[0]) / np.ptp(rows) * pieces
    piece = np.minimum(t.astype(np.int64), pieces - 1)
    f = t - piece
    basis = np.zeros((len(rows), pieces + 3))
    line = np.arange(len(rows))
    basis[line, piece] = (1 - f) ** 3 / 6
    basis[line, piece + 1] = 2 / 3 - f * f + 0.5 * f**3
    basis[line, piece + 2] = 1 / 6 + 0.5 * (f + f * f - f**3)
    basis[line, piece + 3] = f**3 / 6
    return basis


def roughness(data: Values, splines: int, flexibility: float) -> NDArray[np.float64]:
    """Penalty on the second differences of the smear's coefficients, shape (splines, splines)."""
    if splines < 3:
        return np.zeros((splines, splines))
    second = np.diff(np.eye(splines), 2, axis=0)
    height = max(float(np.quantile(np.abs(data.values), 0.95)), 1e-9)
    return np.asarray(second.T @ second / (flexibility * height) ** 2, np.float64)
