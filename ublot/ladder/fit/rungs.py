"""Deconvolution of a profile into peaks at roughly known rows, with a smooth smear under them.

The model is ``y(r) = sum_k A_k g(r; p_k + d_k, s_k) + smear(r)``: unit-area Gaussians whose log width is a low-order
polynomial of the position, whose departures ``d`` from the given positions are a low-order polynomial held small by a
ridge, areas that are not negative, and a smear of cubic B-splines with coefficients that are not negative and a penalty
on their second differences. It is fitted by the engine of all lanes, `ublot.ladder.fit.one_lane`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.ladder.fit.band_shape import shape_bands
from ublot.ladder.fit.one_lane import SKEWNESS, LaneData, LaneFit, Prior, fit_lane, places, slopes
from ublot.model import Z95, Profile
from ublot.numerics.splines import second_differences, splines_every

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RungFit", "fit_rungs"]

WIDTH_SPREAD = 0.7  # prior standard deviation of every coefficient of the log width: a factor of two either way
FIRST_WIDTHS = (0.1, 0.18, 0.3)  # shares of the spacing to start from; rungs wider than the last are not resolved
SYMMETRIC = 1e-3  # prior standard deviation of the skewness: these peaks are Gaussians
FIXED = 1e-3  # of the spacing: how far a position moves that is not to move
MAX_TURNS, ROUNDS = 25, 8
GAIN = 1e-5  # of the misfit: less is no longer worth a round


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
        return np.asarray(shape_bands(self.rows, self.positions, self.widths, 0.0).curves.T * self.areas, np.float64)

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
    given = _take(profile, positions, noise, relative_error, window)
    n = len(given.design)
    spacing = float(np.median(np.abs(np.diff(given.design)))) if n > 1 else 0.1 * float(np.ptp(given.rows))
    splines = splines_every(given.rows, smear_spacing or 2.0 * spacing).T if smear else np.empty((0, len(given.rows)))
    if len(given.rows) <= n + len(splines):
        raise BlotError(
            f"{len(given.rows)} values are too few for {n} rungs and a smear", "profile", "widen the window"
        )
    # The engine counts places upwards on the blot, and has one beyond those that are fitted.
    upwards = np.argsort(-given.design)
    nominal = np.append(given.design[upwards], given.design.min() - spacing)
    height = max(float(np.quantile(np.abs(given.values), 0.95)), 1e-9)
    bends = second_differences(len(splines))
    data = LaneData(
        given.rows,
        given.values,
        given.weight,
        nominal,
        0,
        n - 1,
        splines,
        bends.T @ bends / (smear_flexibility * height) ** 2,
        _widening(nominal, n, width_degree),
    )
    sd = 0.15 * spacing if shift_sd is None else float(shift_sd)
    off = _departures(nominal, n, shift_degree, sd, max(jitter, FIXED * spacing))
    starts = (
        [_first(data, np.asarray(share * spacing), off) for share in FIRST_WIDTHS]
        if width is None
        else [_first(data, _widths(width, n, upwards), off)]
    )
    prior, begin = min(starts, key=lambda start: start[1].cost)
    return _report(given, data, prior, _settled(data, prior, begin), upwards)


def _settled(data: LaneData, prior: Prior, fit: LaneFit) -> LaneFit:
    """The fit from there on until nothing is to be gained: the engine stops where a blot's lanes would not notice."""
    for _ in range(ROUNDS):
        before, fit = fit.cost, fit_lane(data, prior, start=fit, turns=MAX_TURNS)
        if before - fit.cost <= GAIN * fit.cost:
            break
    return fit


# ------------------------------------------------------------------------------------------------------- what is known
def _widening(nominal: NDArray[np.float64], n: int, degree: int) -> NDArray[np.float64]:
    """Log widths as a polynomial of the position, shape (places, shapes)."""
    powers = _legendre(nominal, n, max(min(degree, (n - 1) // 2), 0))
    return np.insert(powers, SKEWNESS, 0.0, axis=1)


def _legendre(nominal: NDArray[np.float64], n: int, degree: int) -> NDArray[np.float64]:
    design = nominal[:n]
    reach = max(0.5 * float(np.ptp(design)), 1e-9)
    u = np.clip((nominal - 0.5 * (design[0] + design[-1])) / reach, -1.0, 1.0)
    return np.asarray(np.polynomial.legendre.legvander(u, degree), np.float64)


def _departures(nominal: NDArray[np.float64], n: int, degree: int, sd: float, own: float) -> NDArray[np.float64]:
    """Covariance of how far the places are off: a polynomial of the position, and each a little by itself."""
    degree = min(degree, n - 1)
    smooth = sd * _legendre(nominal, n, degree) if sd > 0 and degree >= 0 else np.empty((len(nominal), 0))
    return np.asarray(smooth @ smooth.T + own**2 * np.eye(len(nominal)), np.float64)


def _widths(width: float | ArrayLike, n: int, upwards: NDArray[np.intp]) -> NDArray[np.float64]:
    sigma = np.asarray(width, np.float64)
    if sigma.shape not in ((), (n,)) or np.any(~(sigma > 0)):
        raise BlotError("one positive width, or one for every rung, is needed", "width")
    return np.broadcast_to(sigma, (n,))[upwards]


def _first(data: LaneData, sigma: NDArray[np.float64], off: NDArray[np.float64]) -> tuple[Prior, LaneFit]:
    """A prior about these widths, and the fit there without any departure."""
    own = data.widening[data.fitted]
    mean = np.linalg.lstsq(own, np.broadcast_to(np.log(sigma), (len(own),)), rcond=None)[0]
    spread = np.full(data.shapes, WIDTH_SPREAD**2)
    spread[SKEWNESS] = SYMMETRIC**2
    covariance = np.zeros((data.shapes + len(off),) * 2)
    covariance[: data.shapes, : data.shapes] = np.diag(spread)
    covariance[data.shapes :, data.shapes :] = off
    prior = Prior(np.concatenate([mean, np.zeros(len(off))]), covariance)
    return prior, fit_lane(data, prior, turns=0)


# ------------------------------------------------------------------------------------------------------- what is given
@dataclass(frozen=True, eq=False)
class _Given:
    rows: NDArray[np.float64]
    values: NDArray[np.float64]
    weight: NDArray[np.float64]  # one over the standard deviation
    design: NDArray[np.float64]
    modes: NDArray[np.float64]  # uncertain background, (modes, rows)


def _take(
    profile: ArrayLike | Profile,
    positions: ArrayLike,
    noise: ArrayLike | None,
    relative_error: float,
    window: tuple[float, float] | None,
) -> _Given:
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
    return _Given(rows, values, 1 / total, design, np.asarray(modes, np.float64)[:, use])


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
def _report(given: _Given, data: LaneData, prior: Prior, fit: LaneFit, upwards: NDArray[np.intp]) -> RungFit:
    n, splines = len(given.design), len(data.smear)
    # a rung at zero might be more; a spline at zero is left out, else the smear could go anywhere
    used = np.concatenate([np.ones(n, bool), fit.splines > 0])
    steep = slopes(data, fit) * data.weight
    curves, size = np.concatenate([fit.weighted[used], steep]), int(np.count_nonzero(used))
    normal = curves @ curves.T
    normal[:size, :size] = fit.gram[np.ix_(used, used)]
    normal[size:, size:] += prior.about(data).precision
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    inverse = np.linalg.inv(normal / np.outer(scale, scale) + 1e-9 * np.eye(len(scale))) / np.outer(scale, scale)
    residual = fit.residual * data.weight
    # Departures and skewness are held by their prior: what they may freely explain is what the data say of them.
    explained = float(np.trace(inverse[size:, size:] @ (steep @ steep.T)))
    freedom = max(len(data.rows) - int(np.count_nonzero(fit.linear)) - explained, 1.0)
    misfit = float(np.sqrt(residual @ residual / freedom))
    spread = inverse * max(misfit, 1.0) ** 2 * _correlation(residual)
    if len(given.modes):
        moved = inverse @ (curves @ (given.modes * data.weight).T)
        spread = spread + moved @ moved.T
    place = np.concatenate([upwards, n + np.arange(splines)])[used]
    covariance = np.zeros((n + splines, n + splines))
    covariance[np.ix_(place, place)] = spread[:size, :size]
    positions, widths = places(data, fit.theta)
    as_given = np.argsort(upwards)
    areas = fit.areas[as_given]
    reach = Z95 * np.sqrt(np.maximum(np.diag(covariance)[:n], 0.0))
    return RungFit(
        rows=data.rows,
        design=given.design,
        positions=positions[as_given],
        widths=widths[as_given],
        areas=areas,
        low=np.maximum(areas - reach, 0.0),
        high=areas + reach,
        smear_basis=data.smear.T,
        smear_coefficients=fit.splines,
        covariance=covariance,
        misfit=misfit,
        converged=fit.settled,
    )


def _correlation(residual: NDArray[np.float64]) -> float:
    """How much the variance of a mean grows because neighbouring residuals are alike (misfit is not white)."""
    total = float(residual @ residual)
    if total == 0.0 or len(residual) < 16:
        return 1.0
    rho = float(residual[1:] @ residual[:-1]) / total
    return (1 + rho) / (1 - rho) if 2 / np.sqrt(len(residual)) < rho < 0.99 else 1.0
