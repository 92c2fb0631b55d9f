"""Deconvolution of a profile into peaks at roughly known rows, with a smooth smear under them.

The model is ``y(r) = sum_k A_k g(r; p_k + d_k, s_k) + smear(r)``: unit-area Gaussians whose log width is a low-order
polynomial of the position, whose departures ``d`` from the given positions are a low-order polynomial held small by a
ridge, areas that are not negative, and a smear of cubic B-splines with coefficients that are not negative and a penalty
on their second differences. Areas and smear are linear: for given widths and departures they follow from non-negative
least squares, so that only a handful of parameters is left to a damped Gauss-Newton iteration (variable projection:
Golub & Pereyra 1973, in the simplification of Kaufman 1975). Plain numpy: importing scipy's optimisers takes longer
than fitting a whole blot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.model import Profile
from ublot.nnls import solve_nonnegative

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RungFit", "fit_rungs"]

NORMAL_95 = 1.959964
ROOT_2PI = float(np.sqrt(2 * np.pi))
WIDTH_SPREAD = 0.7  # prior standard deviation of every coefficient of the log width, about the first guess
MAX_TURNS = 25


@dataclass(frozen=True, eq=False)
class RungFit:
    """Areas of rungs and the smear under them.

    Attributes
    ----------
    rows : ndarray, shape (rows,)
        ``row_px`` of the values that were fitted.
    design : ndarray, shape (rungs,)
        Positions as given.
    positions, widths : ndarray, shape (rungs,)
        As fitted; the width is the Gaussian's sigma, px.
    areas, low, high : ndarray, shape (rungs,)
        Area of each rung with its 95 % interval, signal x px.
    smear_basis : ndarray, shape (rows, splines)
    smear_coefficients : ndarray, shape (splines,)
    covariance : ndarray, shape (rungs + splines, rungs + splines)
        Of areas and smear coefficients together, uncertainty of positions, widths and background included. Every linear
        summary ``w @ [areas, coefficients]`` has the variance ``w @ covariance @ w``.
    misfit : float
        Residual over stated noise, root mean square; above 1 the intervals are widened by it.
    converged : bool
    """

    rows: NDArray[np.float64]
    design: NDArray[np.float64]
    positions: NDArray[np.float64]
    widths: NDArray[np.float64]
    areas: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    smear_basis: NDArray[np.float64]
    smear_coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    misfit: float
    converged: bool

    @property
    def components(self) -> NDArray[np.float64]:
        """Curve of every rung, shape (rows, rungs)."""
        return _gaussians(self.rows, self.positions, self.widths)[0] * self.areas

    @property
    def smear(self) -> NDArray[np.float64]:
        """Curve of the smear, shape (rows,)."""
        return np.asarray(self.smear_basis @ self.smear_coefficients, np.float64)

    @property
    def curve(self) -> NDArray[np.float64]:
        """Everything that was fitted, shape (rows,)."""
        return np.asarray(self.components.sum(axis=1) + self.smear, np.float64)

    @property
    def area_covariance(self) -> NDArray[np.float64]:
        """Covariance of the areas, shape (rungs, rungs)."""
        return self.covariance[: len(self.areas), : len(self.areas)]


def fit_rungs(
    profile: ArrayLike | Profile,
    positions: ArrayLike,
    *,
    width: float | ArrayLike | None = None,
    width_degree: int = 2,
    shift_degree: int = 2,
    shift_sd: float | None = None,
    jitter: float = 0.0,
    smear: bool = True,
    smear_spacing: float | None = None,
    smear_flexibility: float = 0.2,
    noise: ArrayLike | None = None,
    relative_error: float = 0.01,
    window: tuple[float, float] | None = None,
) -> RungFit:
    """Fit rungs at roughly known positions, and a smear under them.

    Parameters
    ----------
    profile : Profile or array_like, shape (rows,)
        Background-free signal; NaN is left out. Rows of an array count from 0.
    positions : array_like, shape (rungs,)
        Where the rungs should be, ``row_px``, in ascending or descending order.
    width : float or array_like, optional
        First guess of the sigma, px, for all or for every rung; by default the best of a few fractions of the spacing.
    width_degree, shift_degree : int
        Degrees of the polynomials in position of the log width and of the departure from `positions`; lowered where
        there are too few rungs. A `shift_degree` of -1 keeps the positions.
    shift_sd : float, optional
        Prior standard deviation of the departure, px; 0.15 of the median spacing by default.
    jitter : float
        Prior standard deviation of each rung's own departure, px; 0 for none.
    smear : bool
    smear_spacing : float, optional
        Distance of the spline's knots, px; twice the median spacing of the rungs by default.
    smear_flexibility : float
        Prior standard deviation of the second differences of the smear's coefficients, as a share of the profile's
        95th percentile.
    noise : float or array_like, optional
        Standard deviation of the values; by default the profile's own, else from second differences.
    relative_error : float
        Error of the model as a share of the signal, added to the noise: bands are not exactly Gaussian, and without it
        the brightest ones would decide the shape of all.
    window : tuple of float, optional
        Fit rows ``first <= row < last`` only.

    Returns
    -------
    RungFit

    Raises
    ------
    BlotError
        Positions or values that are not finite numbers, positions out of order, or fewer values than unknowns.
    """
    data = _take(profile, positions, noise, relative_error, window)
    n = len(data.design)
    spacing = float(np.median(np.abs(np.diff(data.design)))) if n > 1 else 0.1 * float(np.ptp(data.rows))
    basis = _spline_basis(data.rows, smear_spacing or 2.0 * spacing) if smear else np.empty((len(data.rows), 0))
    if len(data.rows) <= n + basis.shape[1]:
        raise BlotError(f"{len(data.rows)} values are too few for {n} rungs and a smear", "profile", "widen the window")
    sd = 0.15 * spacing if shift_sd is None else float(shift_sd)
    shape = _Shape.of(data.design, width_degree, shift_degree, sd, jitter)
    model = _Model(data, shape, basis, _roughness(data, basis.shape[1], smear_flexibility))
    state, converged = _descend(model, _first_guess(model, width, spacing))
    return _report(model, state, converged)


# ------------------------------------------------------------------------------------------------------- what is given
@dataclass(frozen=True, eq=False)
class _Data:
    rows: NDArray[np.float64]
    values: NDArray[np.float64]
    weight: NDArray[np.float64]  # square root of the weights
    design: NDArray[np.float64]
    modes: NDArray[np.float64]  # uncertain background, (modes, rows)


def _take(
    profile: ArrayLike | Profile,
    positions: ArrayLike,
    noise: ArrayLike | None,
    relative_error: float,
    window: tuple[float, float] | None,
) -> _Data:
    if isinstance(profile, Profile):
        values, rows, modes = np.asarray(profile.signal, np.float64), profile.rows, profile.modes
        noise = profile.noise if noise is None else noise
    else:
        values = _numbers(profile, "profile")
        rows, modes = np.arange(len(values), dtype=np.float64), np.empty((0, len(values)))
    design = _numbers(positions, "positions")
    steps = np.sign(np.diff(design))
    if not len(design) or not np.all(np.isfinite(design)) or np.any(steps == 0) or np.any(steps != steps[:1]):
        raise BlotError("positions must be finite rows in ascending or descending order", "positions")
    error = np.broadcast_to(_noise(values) if noise is None else np.asarray(noise, np.float64), values.shape)
    use = np.isfinite(values) & np.isfinite(error)
    if window is not None:
        use &= (rows >= window[0]) & (rows < window[1])
    if np.count_nonzero(use) < 8:
        raise BlotError(f"{np.count_nonzero(use)} usable values", "profile", "at least 8 are needed")
    rows, values, error = rows[use], values[use], error[use]
    floor = 1e-4 * float(np.ptp(values)) + 1e-300
    total = np.sqrt(np.maximum(error, floor) ** 2 + (relative_error * _level(values)) ** 2)
    return _Data(rows, values, 1 / total, design, np.asarray(modes, np.float64)[:, use])


def _numbers(values: Any, name: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise BlotError("not numbers", name) from None
    if array.ndim != 1:
        raise BlotError(f"one dimension is needed, got {array.ndim}", name)
    return array


def _noise(values: NDArray[np.float64]) -> float:
    bends = np.abs(np.diff(values[np.isfinite(values)], 2))
    return float(np.median(bends)) / 0.6745 / float(np.sqrt(6)) if len(bends) else 0.0


def _level(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signal smoothed over a few rows, so that the weights do not follow the noise."""
    kernel = np.array([1, 4, 6, 4, 1]) / 16
    return np.abs(np.convolve(np.pad(values, 2, mode="edge"), kernel, "valid"))


# ------------------------------------------------------------------------------------------------------------ the model
@dataclass(frozen=True, eq=False)
class _Shape:
    """How log widths and departures depend on the few non-linear parameters."""

    width_basis: NDArray[np.float64]  # (rungs, parameters)
    shift_basis: NDArray[np.float64]
    precision: NDArray[np.float64]  # of the prior, (all parameters,)

    @classmethod
    def of(cls, design: NDArray[np.float64], width_degree: int, shift_degree: int, sd: float, jitter: float) -> _Shape:
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
class _Model:
    data: _Data
    shape: _Shape
    basis: NDArray[np.float64]
    penalty: NDArray[np.float64]  # (splines, splines)


@dataclass(frozen=True, eq=False)
class _State:
    """The fit at given non-linear parameters."""

    theta: NDArray[np.float64]
    guess: NDArray[np.float64]  # theta of the first guess, about which the prior stands
    positions: NDArray[np.float64]
    widths: NDArray[np.float64]
    linear: NDArray[np.float64]  # areas, then smear coefficients
    design: NDArray[np.float64]  # weighted, (rows, rungs + splines)
    gram: NDArray[np.float64]  # penalised
    scaled: NDArray[np.float64]  # (row - position) / width
    residual: NDArray[np.float64]  # weighted
    cost: float


def _gaussians(
    rows: NDArray[np.float64], positions: NDArray[np.float64], widths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z = (rows[:, None] - positions) / widths
    return np.exp(-0.5 * z * z) / (ROOT_2PI * widths), z


def _solve(
    model: _Model, theta: NDArray[np.float64], guess: NDArray[np.float64], start: NDArray[np.bool_] | None = None
) -> _State:
    data, shape = model.data, model.shape
    n, k = len(data.design), shape.width_basis.shape[1]
    widths = np.exp(shape.width_basis @ theta[:k])
    positions = data.design + shape.shift_basis @ theta[k:]
    rungs, z = _gaussians(data.rows, positions, widths)
    design = np.hstack([rungs, model.basis]) * data.weight[:, None]
    target = data.values * data.weight
    gram = design.T @ design
    gram[n:, n:] += model.penalty
    linear = solve_nonnegative(gram, design.T @ target, start)
    residual = target - design @ linear
    smooth = linear[n:] @ model.penalty @ linear[n:]
    cost = float(residual @ residual + smooth + shape.precision @ (theta - guess) ** 2)
    return _State(theta, guess, positions, widths, linear, design, gram, z, residual, cost)


def _sensitivity(model: _Model, state: _State) -> NDArray[np.float64]:
    """Derivative of the weighted curve by the non-linear parameters, shape (rows, parameters)."""
    n, z = len(model.data.design), state.scaled
    rungs = state.design[:, :n] * state.linear[:n]
    by_log_width = (rungs * (z * z - 1)) @ model.shape.width_basis
    by_shift = (rungs * (z / state.widths)) @ model.shape.shift_basis
    return np.hstack([by_log_width, by_shift])


def _descend(model: _Model, state: _State) -> tuple[_State, bool]:
    """Gauss-Newton on the non-linear parameters, with Levenberg's damping where a step does not pay."""
    damping = 1e-3
    for _ in range(MAX_TURNS):
        active = state.linear > 0
        sensitivity = _sensitivity(model, state)
        cross = state.design[:, active].T @ sensitivity
        gram = state.gram[np.ix_(active, active)]
        # what the linear parameters can take up is not the non-linear parameters' to explain
        taken = np.linalg.solve(gram + 1e-10 * np.diag(np.diag(gram)), cross)
        normal = sensitivity.T @ sensitivity - cross.T @ taken + np.diag(model.shape.precision)
        gradient = sensitivity.T @ state.residual - model.shape.precision * (state.theta - state.guess)
        for _ in range(8):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient)
            largest = np.max(np.abs(step[: model.shape.width_basis.shape[1]]), initial=0.0)
            trial = _solve(model, state.theta + step * min(1.0, 0.5 / max(largest, 1e-12)), state.guess, active)
            if trial.cost <= state.cost:
                break
            damping = max(10 * damping, 1e-2)
        else:
            return state, True  # no step pays: this is the bottom
        gain, state, damping = state.cost - trial.cost, trial, 0.2 * damping
        if gain <= 1e-5 * state.cost + 1e-12:
            return state, True
    return state, False


def _first_guess(model: _Model, width: float | ArrayLike | None, spacing: float) -> _State:
    shape, n = model.shape, len(model.data.design)
    rest = np.zeros(shape.shift_basis.shape[1])

    def at(sigma: NDArray[np.float64]) -> _State:
        logs = np.log(np.broadcast_to(sigma, (n,)))
        theta = np.concatenate([np.linalg.lstsq(shape.width_basis, logs, rcond=None)[0], rest])
        return _solve(model, theta, theta)

    if width is not None:
        sigma = np.asarray(width, np.float64)
        if np.any(~(sigma > 0)):
            raise BlotError("widths must be positive", "width")
        return at(sigma)
    return min((at(np.asarray(f * spacing)) for f in (0.1, 0.18, 0.3)), key=lambda s: s.cost)


# ------------------------------------------------------------------------------------------------------------ the smear
def _spline_basis(rows: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """Uniform cubic B-splines over `rows`, shape (rows, splines); they sum to 1 everywhere."""
    pieces = max(int(np.ceil(np.ptp(rows) / spacing)), 1)
    t = (rows - rows[0]) / np.ptp(rows) * pieces
    away = np.abs(t[:, None] - np.arange(-1, pieces + 2))
    inner = 2 / 3 - away**2 + 0.5 * away**3
    outer = np.maximum(2 - away, 0.0) ** 3 / 6
    return np.asarray(np.where(away < 1, inner, outer), np.float64)


def _roughness(data: _Data, splines: int, flexibility: float) -> NDArray[np.float64]:
    if splines < 3:
        return np.zeros((splines, splines))
    second = np.diff(np.eye(splines), 2, axis=0)
    height = max(float(np.quantile(np.abs(data.values), 0.95)), 1e-300)
    return np.asarray(second.T @ second / (flexibility * height) ** 2, np.float64)


# ----------------------------------------------------------------------------------------------------------- the report
def _report(model: _Model, state: _State, converged: bool) -> RungFit:
    data, n = model.data, len(model.data.design)
    splines = model.basis.shape[1]
    # a rung at zero might be more; a spline at zero is left out, else the smear could go anywhere
    used = np.concatenate([np.ones(n, bool), state.linear[n:] > 0])
    columns = np.hstack([state.design[:, used], _sensitivity(model, state)])
    normal = columns.T @ columns
    inside = np.flatnonzero(used)
    normal[n : len(inside), n : len(inside)] += model.penalty[np.ix_(inside[n:] - n, inside[n:] - n)]
    tail = np.arange(len(inside), len(normal))
    normal[tail, tail] += model.shape.precision
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    inverse = np.linalg.pinv(normal / np.outer(scale, scale), hermitian=True) / np.outer(scale, scale)
    freedom = max(len(data.rows) - int(np.count_nonzero(state.linear)) - len(state.theta), 1)
    misfit = float(np.sqrt(state.residual @ state.residual / freedom))
    spread = inverse * max(misfit, 1.0) ** 2 * _correlation(state.residual)
    for mode in data.modes:
        moved = inverse @ (columns.T @ (mode * data.weight))
        spread = spread + np.outer(moved, moved)
    covariance = np.zeros((n + splines, n + splines))
    covariance[np.ix_(inside, inside)] = spread[: len(inside), : len(inside)]
    areas = state.linear[:n]
    reach = NORMAL_95 * np.sqrt(np.maximum(np.diag(covariance)[:n], 0.0))
    return RungFit(
        data.rows,
        data.design,
        state.positions,
        state.widths,
        areas,
        np.maximum(areas - reach, 0.0),
        areas + reach,
        model.basis,
        state.linear[n:],
        covariance,
        misfit,
        converged,
    )


def _correlation(residual: NDArray[np.float64]) -> float:
    """How much the variance of a mean grows because neighbouring residuals are alike (misfit is not white)."""
    total = float(residual @ residual)
    if total == 0.0 or len(residual) < 16:
        return 1.0
    rho = float(residual[1:] @ residual[:-1]) / total
    return (1 + rho) / (1 - rho) if 2 / np.sqrt(len(residual)) < rho < 0.99 else 1.0
