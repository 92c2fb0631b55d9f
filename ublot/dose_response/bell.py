"""Dose-response with two limbs: the hook of degraders and bivalent compounds, and stimulation by low doses.

``f(x) = start + (end - start) u (1 - d) + (last - start) d`` with ``u = 1 / (1 + (ascending / x)^h1)`` and ``d`` the
same of the descending limb. With ``last = start`` it is a bell: the effect of the first limb is lost again as the
ternary complex that made it falls apart at high doses (Douglass et al. 2013, J Am Chem Soc 135:6092). Scale and blocks
are those of `ublot.dose_response.logistic`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ublot.dose_response.logistic import Curves, fit_curves
from ublot.dose_response.profile import dose_interval, most_ssr
from ublot.statistics.scales import FROM, SLOPE, TO, to_scale

if TYPE_CHECKING:
    from ublot.numerics.arrays import Array

    _At = tuple[Array, tuple[float, float], tuple[float, float], Array, Array, Array]

__all__ = ["TwoLimbs", "fit_two_limbs", "limb_interval"]

HILLS = 0.3, 6.0  # flatter a limb is none, steeper it is a step between two doses
_MID, _HALF = 0.5 * math.log(HILLS[0] * HILLS[1]), 0.5 * math.log(HILLS[1] / HILLS[0])
FURTHEST = 7.0  # logarithm of how far apart in log dose the limbs can lie
FIRST_STEPS = 25  # after which the best of several starts is known
FIRST_STEP = 0.03  # in log dose, by which the end of an interval is looked for first
_FAR = math.log(1e3)  # how far outside the doses the end of an interval is looked for


@dataclass(frozen=True, eq=False)
class TwoLimbs:
    """Least-squares fit of both limbs.

    Attributes
    ----------
    start, end, last : float
        Response without compound, at the full effect of the first limb, and beyond the second.
    first, second : float
        Doses of half of either limb, the first the lower.
    hills : tuple of float
    ssr : float
        On the transformed scale.
    freedom : int
    theta : ndarray
        Internal parameters.
    returning : bool
        The second limb leads back to `start`.
    """

    start: float
    end: float
    last: float
    first: float
    second: float
    hills: tuple[float, float]
    ssr: float
    freedom: int
    theta: Array
    returning: bool

    def at(self, dose: Array) -> Array:
        """Response, offsets of blocks apart."""
        with np.errstate(divide="ignore"):
            log_dose = np.log(np.asarray(dose, np.float64))
        up = special.expit(self.hills[0] * (log_dose - math.log(self.first)))
        down = special.expit(self.hills[1] * (log_dose - math.log(self.second)))
        return np.asarray(self.start + (self.end - self.start) * up * (1 - down) + (self.last - self.start) * down)


class _Problem:
    """Residuals and their derivatives for the internal parameters; a limb may be held at a fixed log dose.

    They are: start, end, last (none where returning), two squashed hills, log first dose, logarithm of how far the
    second lies beyond it in log dose, block offsets in effects coding.
    """

    def __init__(self, curves: Curves, returning: bool, held: tuple[int, float] | None = None) -> None:
        self.curves, self.returning, self.held = curves, returning, held
        self.plateaus = 2 if returning else 3
        self.z = to_scale(curves.response, curves.scale)
        self.dosed = curves.dose > 0
        self.log_dose = np.log(np.where(self.dosed, curves.dose, 1.0))
        self.limit = math.inf if curves.scale == "arithmetic" else 60.0
        j = curves.blocks
        self.design = (np.vstack([np.eye(j - 1), -np.ones((1, j - 1))]) if j > 1 else np.zeros((1, 0)))[curves.block]
        self.size = self.plateaus + 4 + j - 1
        self._last: tuple[bytes, _At] | None = None

    def centres(self, theta: Array) -> tuple[float, float]:
        first, apart = float(theta[self.plateaus + 2]), math.exp(min(float(theta[self.plateaus + 3]), FURTHEST))
        if self.held is None:
            return first, first + apart
        limb, place = self.held
        return (place, place + apart) if limb == 0 else (place - apart, place)

    def values(self, theta: Array) -> tuple[Array, tuple[float, float], tuple[float, float]]:
        scaled = np.minimum(np.maximum(theta[: self.plateaus], -self.limit), self.limit)
        plateaus = FROM[self.curves.scale](scaled)
        if self.returning:
            plateaus = plateaus[[0, 1, 0]]
        one, other = (math.exp(_MID + _HALF * math.tanh(s)) for s in theta[self.plateaus : self.plateaus + 2].tolist())
        return plateaus, (one, other), self.centres(theta)

    def limbs(self, hills: tuple[float, float], centres: tuple[float, float]) -> tuple[Array, Array]:
        """How far every point is up the first limb and down the second."""
        return tuple(special.expit(h * (self.log_dose - c)) * self.dosed for h, c in zip(hills, centres, strict=True))

    def at(self, theta: Array) -> _At:
        """What `values` and `limbs` give, and the curve; asked for twice at the same place by every fit."""
        key = theta.tobytes()
        if self._last is None or self._last[0] != key:
            plateaus, hills, centres = self.values(theta)
            (start, end, last), (up, down) = plateaus, self.limbs(hills, centres)
            f = start + (end - start) * up * (1 - down) + (last - start) * down
            self._last = key, (plateaus, hills, centres, up, down, f)
        return self._last[1]

    def residuals(self, theta: Array) -> Array:
        f = self.at(theta)[-1]
        out = TO[self.curves.scale](f) + self.design @ theta[self.plateaus + 4 :] - self.z
        return np.where(np.isfinite(out), out, 1e6)

    def jacobian(self, theta: Array) -> Array:
        plateaus, hills, centres, up, down, f = self.at(theta)
        start, end, last = plateaus
        outer = SLOPE[self.curves.scale](f)
        out = np.zeros((len(self.z), self.size))
        of_plateaus = (1 - up) * (1 - down), up * (1 - down), down
        for i, share in enumerate(of_plateaus[: self.plateaus]):
            whole = share + down if self.returning and i == 0 else share
            out[:, i] = whole / SLOPE[self.curves.scale](plateaus[i])
        by_place = []
        heights = (end - start) * (1 - down), last - start - (end - start) * up
        for i, (limb, height) in enumerate(zip((up, down), heights, strict=True)):
            steep = height * limb * (1 - limb)
            squashed = float(theta[self.plateaus + i])
            out[:, self.plateaus + i] = (
                steep * (self.log_dose - centres[i]) * hills[i] * _HALF * (1 - math.tanh(squashed) ** 2)
            )
            by_place.append(-steep * hills[i])
        apart = float(theta[self.plateaus + 3])
        apart = math.exp(apart) if apart < FURTHEST else 0.0
        if self.held is None:
            out[:, self.plateaus + 2] = by_place[0] + by_place[1]
        out[:, self.plateaus + 3] = apart * (-by_place[0] if self.held and self.held[0] == 1 else by_place[1])
        out *= outer[:, None]
        out[:, self.plateaus + 4 :] = self.design
        return np.where(np.isfinite(out), out, 0.0)

    def solve(self, theta: Array, steps: int = 200) -> tuple[Array, float]:
        from scipy.optimize import leastsq

        with np.errstate(all="ignore"):
            found = np.asarray(leastsq(self.residuals, theta, Dfun=self.jacobian, maxfev=steps, full_output=True)[0])
            ssr = float(np.sum(self.residuals(found) ** 2))
        return (found, ssr) if math.isfinite(ssr) else (theta, math.inf)


def fit_two_limbs(curves: Curves, *, returning: bool = True) -> TwoLimbs | None:
    """Fit one compound; None where there are too few points or doses.

    Parameters
    ----------
    curves : Curves
        One curve; dose 0 is the response without compound.
    returning : bool
        The second limb leads back to the response without compound.
    """
    problem = _Problem(curves, returning)
    doses = np.unique(curves.dose[curves.dose > 0])
    if len(curves.dose) <= problem.size or len(doses) < 5:
        return None
    # A limb that the doses do not show drifts for hundreds of steps: only the best start is followed to its end.
    found = [problem.solve(theta, FIRST_STEPS) for theta in _starts(problem, doses)]
    theta, ssr = problem.solve(min(found, key=lambda pair: pair[1])[0])
    (start, end, last), hills, (first, second) = problem.values(theta)
    if not math.isfinite(ssr):
        return None
    one, other = (math.exp(min(max(c, -600.0), 600.0)) for c in (first, second))
    freedom = len(problem.z) - problem.size
    return TwoLimbs(float(start), float(end), float(last), one, other, hills, ssr, freedom, theta, returning)


def _starts(problem: _Problem, doses: Array) -> list[Array]:
    """One start for each dose at which the first limb may end, from a sigmoid through the doses up to it."""
    curves = problem.curves
    offsets = np.zeros(curves.blocks - 1)
    base = problem.z[curves.dose == 0] if (curves.dose == 0).any() else problem.z[curves.dose == doses[0]]
    start = float(base.mean())
    last = float(problem.z[curves.dose == doses[-1]].mean())
    means = np.array([problem.z[curves.dose == d].mean() for d in doses])
    out = []
    for sign in (1.0, -1.0):
        peak = int(np.argmax(sign * (means - start)))
        peaks = {peak, min(peak + 1, len(doses) - 1)} if 0 < peak < len(doses) - 1 else {len(doses) // 2}
        for k in sorted(peaks):
            kept = curves.dose <= doses[k]
            part = Curves.of(curves.dose[kept], curves.response[kept], 0, 0, curves.scale)
            middle = 0.5 * (math.log(doses[0]) + math.log(doses[k]))
            fit = fit_curves(part) if k >= 3 and kept.sum() > 5 else None
            first = math.log(float(fit.ec50[0])) if fit is not None else middle
            if not math.log(doses[0]) - 1 < first < math.log(doses[k]):
                first = middle
            end = float(means[k])
            for second in (math.log(doses[k]) + 1.0, 0.5 * (math.log(doses[k]) + math.log(doses[-1])) + 0.7):
                apart = math.log(max(second - first, 0.3))
                plateaus = [start, end] if problem.returning else [start, end, last]
                out.append(np.array([*plateaus, 0.0, 0.0, first, apart, *offsets]))
    return out


def limb_interval(curves: Curves, fit: TwoLimbs, limb: int, confidence: float = 0.95) -> tuple[float, float]:
    """Profile-likelihood interval of the dose of half a limb (0 the first, 1 the second).

    Returns
    -------
    low, high : float
        0 and infinity where the data set no limit on that side.
    """
    if fit.freedom < 1:
        return 0.0, math.inf
    allowed = most_ssr(fit.ssr, fit.freedom, len(curves.dose), confidence)

    def refit(place: float, theta: Array) -> tuple[Array, float]:
        return _Problem(curves, fit.returning, (limb, place)).solve(theta)

    best = math.log((fit.first, fit.second)[limb]), fit.theta, fit.ssr
    return dose_interval(curves.dose[curves.dose > 0], best, allowed, refit, step=FIRST_STEP, far=_FAR)
