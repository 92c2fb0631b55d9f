"""The four-parameter logistic in log dose: least squares on the scale on which errors are even, and profile intervals.

One curve is ``f(x) = start + (end - start) / (1 + (ec50 / x)^hill)`` with ``hill > 0``; dose 0 (vehicle) is exactly
``start``, whichever of the two plateaus that is. Response and curve are transformed alike before they are compared
(Carroll & Ruppert 1984), so that the plateaus and the EC50 keep their meaning while errors may be multiplicative. Blots
enter as blocks: an offset of each on the transformed scale, adding up to zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ublot.dose_response.profile import dose_interval, most_ssr
from ublot.statistics.scales import FROM, SLOPE, Scale, from_scale, to_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ublot.numerics.arrays import Array

    _At = tuple[Array, Array | float, Array, float, Array, Array]

__all__ = ["Curves", "Fit", "fit_curves", "profile_interval"]

HILLS = 0.15, 12.0  # beyond them a slope cannot be told from none, or from a step
_MID, _HALF = 0.5 * math.log(HILLS[0] * HILLS[1]), 0.5 * math.log(HILLS[1] / HILLS[0])
_FAR = math.log(1e4)  # how far outside the doses an interval is looked for
_WILD = 60.0  # plateaus on a log scale beyond this are no plateaus


@dataclass(frozen=True, eq=False)
class Curves:
    """Points of one or more curves that share their response without compound.

    Attributes
    ----------
    dose : ndarray, shape (n,)
        0 is vehicle.
    response : ndarray, shape (n,)
    block : ndarray of int, shape (n,)
        Blot of each point, from 0.
    curve : ndarray of int, shape (n,)
        Curve of each point, from 0; of no consequence at dose 0.
    scale : {"arithmetic", "log", "logit"}
    held : tuple of float or None
        Response without compound, and at its end, where they are known beforehand: a three- or two-parameter curve.
        For a single curve only.
    """

    dose: Array
    response: Array
    block: NDArray[np.int64]
    curve: NDArray[np.int64]
    scale: Scale
    held: tuple[float | None, float | None] = (None, None)

    @classmethod
    def of(
        cls, dose: ArrayLike, response: ArrayLike, block: ArrayLike = 0, curve: ArrayLike = 0, scale: Scale = "log"
    ) -> Curves:
        """Points from anything like arrays."""
        x = np.asarray(dose, np.float64)
        blocks = np.unique(np.broadcast_to(block, x.shape), return_inverse=True)[1]
        which = np.broadcast_to(curve, x.shape)
        dosed = np.unique(which[x > 0], return_inverse=True)
        index = np.zeros(x.shape, np.int64)
        index[x > 0] = dosed[1]
        return cls(x, np.asarray(response, np.float64), blocks.astype(np.int64), index, scale)

    def without(self, rows: Sequence[int]) -> Curves:
        """The same less some points; blocks that are left without points are gone."""
        kept = np.ones(len(self.dose), bool)
        kept[list(rows)] = False
        part = Curves.of(self.dose[kept], self.response[kept], self.block[kept], self.curve[kept], self.scale)
        return replace(part, held=self.held)

    @property
    def free(self) -> Curves:
        """The same with no plateau known beforehand."""
        return replace(self, held=(None, None))

    @property
    def count(self) -> int:
        """Number of curves."""
        return int(self.curve.max()) + 1

    @property
    def blocks(self) -> int:
        return int(self.block.max()) + 1


@dataclass(frozen=True, eq=False)
class Fit:
    """Least-squares curves.

    Attributes
    ----------
    start : float
        Response without compound.
    end, hill, ec50 : ndarray, shape (curves,)
    offsets : ndarray, shape (blocks,)
        On the transformed scale; they add up to zero.
    ssr : float
        Sum of squared residuals on the transformed scale.
    freedom : int
        Points less parameters.
    theta : ndarray
        Internal parameters, to start a neighbouring fit from.
    """

    start: float
    end: Array
    hill: Array
    ec50: Array
    offsets: Array
    ssr: float
    freedom: int
    theta: Array

    @property
    def sd(self) -> float:
        """Residual standard deviation on the transformed scale."""
        return math.sqrt(self.ssr / self.freedom) if self.freedom > 0 else math.nan


class _Problem:
    """Residuals and their derivatives for the internal parameters.

    They are: start, ends (both on the transformed scale), squashed log hills, log EC50s (none where fixed, one where
    shared), block offsets in effects coding.
    """

    def __init__(self, curves: Curves, log_ec50: float | None = None, *, shared: bool = False) -> None:
        self.curves, self.fixed = curves, log_ec50
        self.k, self.j = curves.count, curves.blocks
        self.centres = 0 if log_ec50 is not None else 1 if shared else self.k
        self.z = to_scale(curves.response, curves.scale)
        self.dosed = curves.dose > 0
        self.log_dose = np.log(np.where(self.dosed, curves.dose, 1.0))
        self.limit = math.inf if curves.scale == "arithmetic" else _WILD
        effects = np.vstack([np.eye(self.j - 1), -np.ones((1, self.j - 1))]) if self.j > 1 else np.zeros((1, 0))
        self.design = effects[curves.block]
        self.effects = effects
        self.size = 1 + 2 * self.k + self.centres + self.j - 1
        self.held = [(i, float(v)) for i, v in enumerate(curves.held) if v is not None]
        self.unknown = self.size - len(self.held)
        self._last: tuple[bytes, _At] | None = None

    def split(self, theta: Array) -> tuple[float, Array, Array, Array, Array]:
        k, c = self.k, self.centres
        logs = theta[1 + 2 * k : 1 + 2 * k + c]
        centres = logs if c == k else np.full(k, self.fixed if self.fixed is not None else logs[0])
        return float(theta[0]), theta[1 : 1 + k], theta[1 + k : 1 + 2 * k], centres, theta[1 + 2 * k + c :]

    def each(self, of_curves: Array) -> Array | float:
        """What its curve has, of every point; one number where there is one curve."""
        return of_curves[self.curves.curve] if self.k > 1 else float(of_curves[0])

    def share(self, theta: Array) -> tuple[Array, Array | float, Array]:
        """How far every point is up its curve, its hill, and ``log(dose / ec50)`` (0 for vehicle)."""
        _, _, squashed, centres, _ = self.split(theta)
        hill = self.each(np.exp(_MID + _HALF * np.tanh(squashed)))
        distance = (self.log_dose - self.each(centres)) * self.dosed
        return special.expit(hill * distance) * self.dosed, hill, distance

    def plateaus(self, theta: Array) -> tuple[float, Array]:
        both = FROM[self.curves.scale](np.minimum(np.maximum(theta[: 1 + self.k], -self.limit), self.limit))
        for i, value in self.held:
            both[i] = value
        return float(both[0]), both[1:]

    def at(self, theta: Array) -> _At:
        """What `share` and `plateaus` give, and the curve; asked for twice at the same place by every fit."""
        key = theta.tobytes()
        if self._last is None or self._last[0] != key:
            start, ends = self.plateaus(theta)
            s, hill, distance = self.share(theta)
            self._last = key, (s, hill, distance, start, ends, start + (self.each(ends) - start) * s)
        return self._last[1]

    def residuals(self, theta: Array) -> Array:
        off = to_scale(self.at(theta)[-1], self.curves.scale) - self.z
        return off + self.design @ theta[self.size - self.j + 1 :] if self.j > 1 else off

    def jacobian(self, theta: Array) -> Array:
        k, slope = self.k, SLOPE[self.curves.scale]
        s, hill, distance, start, ends, f = self.at(theta)
        out = np.zeros((len(f), self.size))
        own = (np.arange(len(f)), self.curves.curve) if k > 1 else (slice(None), 0)
        outer = slope(f)
        up = outer * s
        out[:, 0] = (outer - up) / slope(np.array(start))
        out[own[0], 1 + own[1]] = up / self.each(slope(ends))
        steep = up * (1 - s) * ((self.each(ends) - start) * hill)
        bend = self.each(_HALF * (1 - np.tanh(self.split(theta)[2]) ** 2))
        out[own[0], 1 + k + own[1]] = steep * distance * bend
        if self.centres:
            out[own[0], 1 + 2 * k + (own[1] if self.centres == k else 0)] = -steep
        if self.j > 1:
            out[:, 1 + 2 * k + self.centres :] = self.design
        for i, _ in self.held:
            out[:, i] = 0.0
        return out

    def solve(self, theta: Array) -> tuple[Array, float]:
        from scipy.optimize import leastsq

        with np.errstate(all="ignore"):
            if len(self.z) < self.unknown:  # more parameters than points: an exact curve, no freedom left
                return theta, float(np.sum(self.residuals(theta) ** 2))
            if len(self.z) < self.size:  # leastsq counts the parameters that are held
                return self._solve_short(theta)
            found = np.asarray(leastsq(self.residuals, theta, Dfun=self.jacobian, maxfev=400, full_output=True)[0])
            ssr = float(np.sum(self.residuals(found) ** 2))
        return (found, ssr) if math.isfinite(ssr) else (theta, math.inf)

    def _solve_short(self, theta: Array) -> tuple[Array, float]:
        """Least squares where only the held plateaus leave enough points."""
        from scipy.optimize import least_squares

        found = least_squares(self.residuals, theta, self.jacobian, max_nfev=400).x
        return found, float(np.sum(self.residuals(found) ** 2))

    def starts(self, count: int = 3) -> list[Array]:
        """Parameters from a grid of EC50 and hill, best first; plateaus by weighted linear regression (one curve)."""
        dose = self.curves.dose[self.dosed]
        low, high = math.log(dose.min()) - 1.5, math.log(dose.max()) + 1.5
        centres = np.array([self.fixed]) if self.fixed is not None else np.linspace(low, high, 25)
        c, h = (a.ravel() for a in np.meshgrid(centres, np.array([0.5, 1.0, 2.0, 5.0])))
        s = special.expit(h[:, None] * (self.log_dose - c[:, None])) * self.dosed
        y, w = self.curves.response, SLOPE[self.curves.scale](self.curves.response) ** 2
        mean_s, mean_y = (s @ w)[:, None] / w.sum(), (y @ w) / w.sum()
        spread = ((s - mean_s) ** 2) @ w
        slope = ((s - mean_s) * (y - mean_y)) @ w / np.maximum(spread, 1e-12)
        start = mean_y - slope * mean_s[:, 0]
        plateaus = _inside(np.stack([start, start + slope]), y, self.curves.scale)
        for i, value in self.held:
            plateaus[i] = value
        f = plateaus[0][:, None] + (plateaus[1] - plateaus[0])[:, None] * s
        ssr = ((to_scale(f, self.curves.scale) - self.z) ** 2).sum(axis=1)
        out = []
        for i in np.argsort(ssr)[:count]:
            u = to_scale(plateaus[:, i], self.curves.scale)
            squashed = math.atanh((math.log(h[i]) - _MID) / _HALF)
            centre = [] if self.fixed is not None else [c[i]]
            out.append(np.array([*u, squashed, *centre, *np.zeros(self.j - 1)]))
        return out


def _inside(plateaus: Array, response: Array, scale: Scale) -> Array:
    """Plateaus where the transform is defined, not further from the data than their own range."""
    if scale == "arithmetic":
        return plateaus
    z = to_scale(response, scale)
    reach = max(float(np.ptp(z)), 0.1)
    limits = from_scale(np.array([z.min() - reach, z.max() + reach]), scale)
    return np.clip(plateaus, limits[0], limits[1])


def fit_curves(curves: Curves, *, shared_ec50: bool = False) -> Fit:
    """Fit all curves together.

    Parameters
    ----------
    curves : Curves
    shared_ec50 : bool
        One EC50 for all.

    Returns
    -------
    Fit
        With ``freedom`` 0 or less where there are too few points to know more than a guess.
    """
    problem = _Problem(curves, shared=shared_ec50)
    found = [problem.solve(theta) for theta in _starts(curves, shared_ec50)]
    theta, ssr = min(found, key=lambda pair: pair[1])
    start, ends = problem.plateaus(theta)
    _, _, squashed, centres, offsets = problem.split(theta)
    return Fit(
        start,
        ends,
        np.exp(_MID + _HALF * np.tanh(squashed)),
        np.exp(np.clip(centres, -300, 300)),
        problem.effects @ offsets,
        ssr,
        len(problem.z) - problem.unknown,
        theta,
    )


def _starts(curves: Curves, shared: bool) -> list[Array]:
    if curves.count == 1:
        return _Problem(curves).starts()
    # Each curve alone, with the vehicle, tells where all of them begin together.
    alone = []
    for k in range(curves.count):
        own = (curves.curve == k) | (curves.dose == 0)
        part = Curves.of(
            curves.dose[own], curves.response[own], np.zeros(int(own.sum())), np.zeros(int(own.sum())), curves.scale
        )
        alone.append(fit_curves(part).theta)
    start = float(np.mean([a[0] for a in alone]))
    ends, hills, centres = ([float(a[i]) for a in alone] for i in (1, 2, 3))
    choices = [[float(np.mean(centres))], *([c] for c in centres)] if shared else [centres]
    return [np.array([start, *ends, *hills, *choice, *np.zeros(curves.blocks - 1)]) for choice in choices]


def profile_interval(curves: Curves, fit: Fit, confidence: float = 0.95) -> tuple[float, float]:
    """Profile-likelihood interval of the EC50 of a single curve.

    All EC50 at which the best curve fits not significantly worse than the best of all, see `most_ssr`.

    Parameters
    ----------
    curves : Curves
        One curve.
    fit : Fit
        Of `fit_curves`.
    confidence : float

    Returns
    -------
    low, high : float
        0 and infinity where the data set no limit on that side.
    """
    if fit.freedom < 1:
        return 0.0, math.inf
    allowed = most_ssr(fit.ssr, fit.freedom, len(curves.dose), confidence)

    def refit(log_ec50: float, theta: Array) -> tuple[Array, float]:
        problem = _Problem(curves, log_ec50)
        found = problem.solve(theta)
        if found[1] <= allowed:
            return found
        # Another valley may have become the deeper: that of a steep curve between two doses, beside a slow one.
        return min([found, *map(problem.solve, problem.starts())], key=lambda pair: pair[1])

    best = math.log(float(fit.ec50[0])), np.delete(fit.theta, 3), fit.ssr
    doses = curves.dose[curves.dose > 0]
    return dose_interval(doses, best, allowed, refit, step=_first_step(curves, fit, allowed), far=_FAR)


def _first_step(curves: Curves, fit: Fit, allowed: float) -> float:
    """How far the EC50's interval would reach if the model were linear: where to begin to look."""
    jacobian = _Problem(curves).jacobian(fit.theta)
    covariance = np.linalg.pinv(jacobian.T @ jacobian)
    reach = math.sqrt(max(float(covariance[3, 3]), 0.0) * max(allowed - fit.ssr, 0.0))
    return min(max(1.1 * reach, 0.02), 1.0)
