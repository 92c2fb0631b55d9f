"""Deconvolution of a profile into peaks at roughly known rows, with a smooth smear under them.

The model is ``y(r) = sum_k A_k g(r; p_k + d_k, s_k) + smear(r)``: unit-area Gaussians whose log width is a low-order
polynomial of the position, whose departures ``d`` from the given positions are a low-order polynomial held small by a
ridge, areas that are not negative, and a smear of cubic B-splines with coefficients that are not negative and a penalty
on their second differences. How it is fitted stands in `ublot.ladder.rung_model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.ladder.rung_model import (
    Model,
    Shape,
    State,
    Values,
    descend,
    first_guess,
    gaussians,
    products,
    roughness,
    sensitivity,
    spline_basis,
)
from ublot.model import Z95, Profile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RungFit", "fit_rungs"]


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
        return np.asarray(gaussians(self.rows, self.positions, self.widths)[0].T * self.areas, np.float64)

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
    basis = spline_basis(data.rows, smear_spacing or 2.0 * spacing) if smear else np.empty((len(data.rows), 0))
    if len(data.rows) <= n + basis.shape[1]:
        raise BlotError(f"{len(data.rows)} values are too few for {n} rungs and a smear", "profile", "widen the window")
    sd = 0.15 * spacing if shift_sd is None else float(shift_sd)
    shape = Shape.of(data.design, width_degree, shift_degree, sd, jitter)
    model = Model.of(data, shape, basis, roughness(data, basis.shape[1], smear_flexibility))
    state, converged = descend(model, first_guess(model, width, spacing))
    return _report(model, basis, state, converged)


# ------------------------------------------------------------------------------------------------------- what is given
def _take(
    profile: ArrayLike | Profile,
    positions: ArrayLike,
    noise: ArrayLike | None,
    relative_error: float,
    window: tuple[float, float] | None,
) -> Values:
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
    floor = max(1e-4 * float(np.ptp(values)), 1e-9)
    total = np.sqrt(np.maximum(error, floor) ** 2 + (relative_error * _level(values)) ** 2)
    return Values(rows, values, 1 / total, design, np.asarray(modes, np.float64)[:, use])


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


# ----------------------------------------------------------------------------------------------------------- the report
def _report(model: Model, basis: NDArray[np.float64], state: State, converged: bool) -> RungFit:
    data, n = model.data, len(model.data.design)
    splines = len(model.splines)
    # a rung at zero might be more; a spline at zero is left out, else the smear could go anywhere
    used = np.concatenate([np.ones(n, bool), state.linear[n:] > 0])
    slopes, cross = sensitivity(model, state)
    size = int(np.count_nonzero(used))
    normal = np.empty((size + len(slopes),) * 2)
    normal[:size, :size] = state.gram[np.ix_(used, used)]
    normal[:size, size:] = cross[used]
    normal[size:, :size] = cross[used].T
    normal[size:, size:] = products(slopes, slopes) + np.diag(model.shape.precision)
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    inverse = np.linalg.inv(normal / np.outer(scale, scale) + 1e-9 * np.eye(len(scale))) / np.outer(scale, scale)
    freedom = max(len(data.rows) - int(np.count_nonzero(state.linear)) - len(state.theta), 1)
    misfit = float(np.sqrt(state.residual @ state.residual / freedom))
    spread = inverse * max(misfit, 1.0) ** 2 * _correlation(state.residual)
    if len(data.modes):
        curves = np.concatenate([state.rungs, model.splines[state.linear[n:] > 0], slopes])
        moved = inverse @ (curves @ (data.modes * data.weight).T)
        spread = spread + moved @ moved.T
    covariance = np.zeros((n + splines, n + splines))
    covariance[np.ix_(used, used)] = spread[:size, :size]
    areas = state.linear[:n]
    reach = Z95 * np.sqrt(np.maximum(np.diag(covariance)[:n], 0.0))
    return RungFit(
        data.rows,
        data.design,
        state.positions,
        state.widths,
        areas,
        np.maximum(areas - reach, 0.0),
        areas + reach,
        basis,
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
