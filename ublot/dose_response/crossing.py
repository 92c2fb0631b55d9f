"""The dose at which a fitted curve crosses a level, known also where the curve's end is not."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ublot.dose_response.logistic import Curves, Fit, _Problem

__all__ = ["crossing"]

NOWHERE = (math.nan, math.nan, math.nan)


def crossing(curves: Curves, fit: Fit, level: float = 50.0) -> tuple[float, float, float]:
    """Dose at which the curve crosses a level, within the doses tested, with its 95 % interval.

    The interval is that of Student's t with the variance of the logarithm of the dose from the fit's Jacobian (delta
    method): between doses the curve is held by the points on both sides, however little its plateaus and slope are
    known each.

    Parameters
    ----------
    curves : Curves
        One curve, even errors.
    fit : Fit
        Its sigmoid.
    level : float
        Of the response.

    Returns
    -------
    dose, low, high : float
        NaN where the curve does not cross within the doses.
    """
    start, end = fit.start, float(fit.end[0])
    hill, ec50 = float(fit.hill[0]), float(fit.ec50[0])
    if fit.freedom < 1 or not min(start, end) < level < max(start, end):
        return NOWHERE
    doses = curves.dose[curves.dose > 0]
    log_dose = math.log(ec50) + math.log((start - level) / (level - end)) / hill
    if not math.log(doses.min()) <= log_dose <= math.log(doses.max()):
        return NOWHERE
    problem = _Problem(curves)
    jacobian = problem.jacobian(fit.theta)
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * fit.ssr / fit.freedom
    # What the curve's height at that dose is uncertain by, over its slope there.
    at = _Problem(Curves.of([math.exp(log_dose)], [level], 0, 0, curves.scale))
    share = 1 / (1 + math.exp(-hill * (log_dose - math.log(ec50))))
    height = np.zeros(len(fit.theta))
    height[: at.size] = at.jacobian(fit.theta[: at.size])[0]
    for i, _ in problem.held:
        height[i] = 0.0
    slope = (end - start) * share * (1 - share) * hill
    error = math.sqrt(max(float(height @ covariance @ height), 0.0)) / abs(slope) if slope else math.inf
    reach = float(special.stdtrit(fit.freedom, 0.975)) * error
    low, high = (math.exp(min(max(log_dose + side * reach, -700), 700)) for side in (-1, 1))
    return math.exp(log_dose), low, high
