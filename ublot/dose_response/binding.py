"""Fluorescence polarisation: K_d of a probe from a protein titration, K_i of a competitor, both by mass action.

The probe's signal is the mean of free and bound probe, weighted by how many there are and by how brightly each shines:
``s = (s_f (1 - f) + Q s_b f) / (1 - f + Q f)``, with `f` the bound fraction and `Q` the intensity of bound over free
probe (Roehrl et al. 2004, Biochemistry 43:16056). `f` follows from the totals without approximation, whatever protein
and probe take from each other: the quadratic for one ligand, and for two the equilibrium of Wang 1995, FEBS Lett
360:111, solved for the free protein.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from ublot.numerics.arrays import Array

__all__ = ["Affinity", "Known", "bound_fraction", "fit_kd", "fit_ki"]

ROUNDS = 3  # of constants and scatter in turn: both stand still by then
_REACH = math.log(1e5)  # how far beyond the doses a constant is looked for


@dataclass(frozen=True)
class Known:
    """A constant that was measured before, with what it is uncertain by.

    Attributes
    ----------
    value : float
    error : float
        Standard deviation of its natural logarithm; 0 where it is taken as exact.
    """

    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Affinity:
    """K_d or K_i from wells.

    Attributes
    ----------
    value, low, high : float
        NM, 95 % by profile likelihood; NaN unless bounded on both sides.
    above, below : float
        Limits where there is no value: the side of the 95 % interval that is bounded, which holds in 97.5 %.
    free, bound : float
        Signal of the free and of the bound probe.
    residual : float
        Standard deviation of the wells about the curve.
    """

    value: float
    low: float
    high: float
    above: float = math.nan
    below: float = math.nan
    free: float = math.nan
    bound: float = math.nan
    residual: float = math.nan


def bound_fraction(
    protein: ArrayLike, probe: float, kd: float, inhibitor: ArrayLike = 0.0, ki: float = math.inf
) -> Array:
    """Share of the probe that is bound at equilibrium.

    Parameters
    ----------
    protein, inhibitor : array-like
        Total concentrations; of one shape, or one of them a number.
    probe : float
        Total concentration.
    kd, ki : float
        Dissociation constants of probe and inhibitor.
    """
    p_total, i_total = np.broadcast_arrays(np.asarray(protein, np.float64), np.asarray(inhibitor, np.float64))
    free = np.zeros(p_total.shape)
    # What binds grows ever less with free protein (concave), so Newton's steps from 0 never pass the root.
    for _ in range(200):
        share, held = free / (kd + free), free / (ki + free)
        excess = free + probe * share + i_total * held - p_total
        slope = 1 + probe * kd / (kd + free) ** 2 + (i_total * ki / (ki + free) ** 2 if math.isfinite(ki) else 0.0)
        step = -excess / slope
        free = np.maximum(free + step, 0.0)
        if np.all(np.abs(step) <= 1e-12 * np.maximum(free, 1e-300)):
            break
    return np.asarray(free / (kd + free))


def fit_kd(
    protein: ArrayLike,
    signal: ArrayLike,
    *,
    probe: float,
    intensity_ratio: float | Known = 1.0,
    interval: bool = True,
) -> Affinity:
    """K_d of the probe from a titration with protein, what the probe takes of the protein accounted for.

    Parameters
    ----------
    protein : array-like, shape (n,)
        Total concentration; 0 is the free probe.
    signal : array-like, shape (n,)
        What mixes by brightness: anisotropy by total intensity, polarisation by the sum of both directions.
    probe : float
    intensity_ratio : float or Known
        Intensity of the bound over the free probe.
    interval : bool
        Whether to look for the interval, which takes longest; without, `value` is the best fit, however little known.
    """
    x, y = np.asarray(protein, np.float64), np.asarray(signal, np.float64)

    def shares(log_kd: float) -> Array:
        return bound_fraction(x, probe, math.exp(log_kd))

    return _fit(shares, y, x, _known(intensity_ratio), (), interval=interval)


def fit_ki(
    inhibitor: ArrayLike,
    signal: ArrayLike,
    *,
    probe: float,
    protein: Known,
    kd: Known,
    free_probe: ArrayLike = (),
    intensity_ratio: float | Known = 1.0,
    interval: bool = True,
) -> Affinity:
    """K_i of an inhibitor that displaces the probe, from its wells.

    Parameters
    ----------
    inhibitor : array-like, shape (n,)
        Total concentration; 0 is the vehicle.
    signal : array-like, shape (n,)
    probe : float
        Total concentration.
    protein, kd : Known
        Total protein and the probe's K_d: what they are uncertain by widens the interval.
    free_probe : array-like
        Signals of wells without protein.
    intensity_ratio : float or Known
        Intensity of the bound over the free probe.
    interval : bool
        See `fit_kd`.
    """
    free = np.asarray(free_probe, np.float64)
    x, y = np.asarray(inhibitor, np.float64), np.concatenate([np.asarray(signal, np.float64), free])

    def shares(log_ki: float, total: float, constant: float) -> Array:
        own = bound_fraction(total, probe, constant, x, math.exp(log_ki))
        return np.concatenate([own, np.zeros(len(free))])

    return _fit(shares, y, x, _known(intensity_ratio), (protein, kd), interval=interval)


def _known(value: float | Known) -> Known:
    return value if isinstance(value, Known) else Known(float(value))


def _fit(
    shares: Callable[..., Array], y: Array, doses: Array, ratio: Known, known: tuple[Known, ...], *, interval: bool
) -> Affinity:
    """Least squares over a constant and the two signals, and the constant's profile.

    The two signals enter linearly: they are solved for inside. Constants known beforehand, the ratio of the intensities
    among them, are parameters with their own residual, in standard deviations.
    """
    from scipy.optimize import brentq, least_squares, minimize_scalar

    freedom = len(y) - 3
    constants = (*known, ratio)
    unsure = [i for i, k in enumerate(constants) if k.error > 0]

    def solved(log_k: float, shifts: Array) -> tuple[Array, tuple[float, float]]:
        """Residuals and signals of free and bound, the constants `shifts` standard deviations off."""
        values = [k.value for k in constants]
        for i, shift in zip(unsure, shifts, strict=True):
            values[i] *= math.exp(constants[i].error * min(max(float(shift), -50.0), 50.0))
        f = shares(log_k, *values[:-1])
        weight = 1 - f + values[-1] * f
        # A straight line over the share of the light that is the bound probe's.
        light = values[-1] * f / weight
        apart = light - light.mean()
        spread = float(apart @ apart)
        rise = float(apart @ y) / spread if spread > 1e-18 else 0.0
        free = float(y.mean()) - rise * float(light.mean())
        return y - free - rise * light, (free, free + rise)

    none = np.zeros(len(unsure))

    def simple(log_k: float) -> float:
        return float(np.sum(solved(log_k, none)[0] ** 2))

    def at(log_k: float, scale: float) -> float:
        """Sum of squares of the best fit with this constant, in units of the scatter."""
        if not unsure:
            return simple(log_k) / scale**2

        def residuals(shifts: Array) -> Array:
            return np.concatenate([solved(log_k, shifts)[0] / scale, shifts])

        return 2 * float(least_squares(residuals, none, method="lm", xtol=1e-6, ftol=1e-8).cost)

    dosed = doses[doses > 0]
    low_end, high_end = math.log(dosed.min()) - _REACH, math.log(dosed.max()) + _REACH
    grid = np.linspace(low_end, high_end, 121)
    best = int(np.argmin([simple(g) for g in grid]))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(simple, bounds=around, method="bounded", options={"xatol": 1e-6})
    least_scatter = 1e-24 * float(np.mean(y**2)) + 1e-300
    scale = math.sqrt(max(float(found.fun) / freedom, least_scatter))
    centre, shifts = float(found.x), none
    # Constants that are off leave more than scatter: the scatter is that about the curve they were moved to.
    for _ in range(ROUNDS if unsure else 0):

        def together(theta: Array, scale: float = scale) -> Array:
            log_k = min(max(float(theta[0]), low_end), high_end)
            return np.concatenate([solved(log_k, theta[1:])[0] / scale, theta[1:]])

        theta = least_squares(together, [centre, *shifts], method="lm", xtol=1e-8, ftol=1e-10).x
        centre, shifts = min(max(float(theta[0]), low_end), high_end), np.asarray(theta[1:])
        scale = math.sqrt(max(float(np.sum(solved(centre, shifts)[0] ** 2)) / freedom, least_scatter))
    free, bound = solved(centre, shifts)[1]
    signals = {"free": free, "bound": bound, "residual": scale}
    if not interval:
        return Affinity(math.exp(centre), math.nan, math.nan, **signals)
    least = at(centre, scale)

    def edge(side: float, chance: float) -> float:
        """Where the profile rises by Student's t squared: infinite where it never does."""
        allowed = float(special.stdtrit(freedom, chance)) ** 2
        end = low_end if side < 0 else high_end
        inside, step = centre, 0.05
        while side * (end - inside) > 0:
            outside = inside + side * step
            if at(outside, scale) - least > allowed:
                return float(brentq(lambda k: at(k, scale) - least - allowed, inside, outside, xtol=1e-4))
            inside, step = outside, step * 1.6
        return side * math.inf

    low, high = edge(-1, 0.975), edge(1, 0.975)
    if math.isfinite(low) and math.isfinite(high):
        return Affinity(math.exp(centre), math.exp(low), math.exp(high), **signals)
    below = math.exp(high) if math.isfinite(high) else math.nan
    above = math.exp(low) if math.isfinite(low) else math.nan
    return Affinity(math.nan, math.nan, math.nan, above, below, **signals)
