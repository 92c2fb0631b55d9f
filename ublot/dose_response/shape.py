"""Which shape describes a dose series: one sigmoid, or two limbs; and which points do not belong to it."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ublot.dose_response.bell import TwoLimbs, fit_two_limbs
from ublot.dose_response.logistic import Curves, Fit, _Problem, fit_curves
from ublot.dose_response.robust import standing_off
from ublot.statistics.scales import to_scale

__all__ = ["first_the_other_way", "outliers", "second_limb"]

LEVEL = 0.05  # chance below which a hook is believed: to miss one costs more than a wider interval
CLEAR = 0.001  # the same for stimulation by low doses, which is tried after the hook
HINT = 1.0  # residual standard deviations by which the last dose falls back where a hook is looked for at all
TOGETHER = 0.4  # of the farthest that the middle well of a dose stands off where the dose does, not a well
STRAY = 4.0  # median residuals: a farther one makes it worth looking for points that stand off


def outliers(curves: Curves, fit: Fit) -> tuple[int, ...]:
    """Points that stand off their curve. A dose of which most points do is a matter of the curve's shape.

    Parameters
    ----------
    curves : Curves
        One curve.
    fit : Fit
        Its sigmoid.
    """
    residual = np.abs(_Problem(curves).residuals(fit.theta))
    if residual.max() < STRAY * np.median(residual):
        return ()
    named, distance = standing_off(curves)
    doses = np.unique(curves.dose)
    whole = set()
    for d in doses:
        away = distance[curves.dose == d]
        most = 2 * named[curves.dose == d].sum() > len(away) > 1
        if most and abs(float(np.median(away))) > TOGETHER * float(np.abs(away).max()):
            whole.add(float(d))
    # Single wells: the last ones together are the end of the curve.
    for d in doses[::-1]:
        if not named[curves.dose == d].all():
            break
        whole.add(float(d))
    return tuple(int(i) for i in np.flatnonzero(named) if float(curves.dose[i]) not in whole)


def _better(curves: Curves, fit: Fit, other: TwoLimbs | None) -> float:
    """Chance of so much better a fit by two limbs, if one sigmoid is right (extra sum of squares)."""
    if other is None or other.freedom < 1:
        return 1.0
    extra = fit.freedom - other.freedom
    least = 1e-24 * float(np.sum(to_scale(curves.response, curves.scale) ** 2))
    f = max(fit.ssr - other.ssr, 0.0) / extra / (max(other.ssr, least) / other.freedom)
    return float(special.fdtrc(extra, other.freedom, f))


def second_limb(curves: Curves, fit: Fit) -> TwoLimbs | None:
    """The bell, where the effect is lost again at high doses and it describes the points better than the sigmoid.

    Parameters
    ----------
    curves : Curves
        One curve.
    fit : Fit
        Its sigmoid.
    """
    doses = np.unique(curves.dose[curves.dose > 0])
    if len(doses) < 5:
        return None
    if curves.held != (None, None):
        curves = curves.free
        fit = fit_curves(curves)
    z = to_scale(curves.response, curves.scale)
    means = np.array([z[curves.dose == d].mean() for d in doses])
    base = float(z[curves.dose == 0].mean()) if (curves.dose == 0).any() else float(means[0])
    repeats = [z[curves.dose == d] for d in np.unique(curves.dose)]
    freedom = sum(len(r) - 1 for r in repeats)
    pure = math.sqrt(sum(float(np.sum((r - r.mean()) ** 2)) for r in repeats) / freedom) if freedom > 1 else 0.0
    spread = pure if curves.blocks == 1 and pure > 0 else 0.0
    hinted = False
    for sign in (1.0, -1.0):
        away = sign * (means - base)
        peak = int(np.argmax(away))
        hinted |= peak < len(doses) - 1 and away[peak] - away[-1] > HINT * spread and away[peak] > 2 * spread
    if not hinted:
        return None
    bell = fit_two_limbs(curves)
    if bell is None or _better(curves, fit, bell) >= LEVEL:
        return None
    top, ends = bell.at(np.geomspace(doses[0], doses[-1], 200)), bell.at(doses[[-1]])
    low, high = (to_scale(np.array(v), curves.scale) for v in (bell.start, float(ends[0])))
    farthest = to_scale(top, curves.scale)
    peak_at = farthest[np.argmax(np.abs(farthest - low))]
    # A limb that takes back next to nothing within the doses is none.
    return bell if abs(float(peak_at - high)) > 0.05 * abs(float(peak_at - low)) else None


def first_the_other_way(curves: Curves, fit: Fit) -> str:
    """Say where low doses move the response the other way before the main effect (hormesis); empty where not."""
    doses = np.unique(curves.dose[curves.dose > 0])
    if len(doses) < 6 or not (curves.dose == 0).any():
        return ""
    if curves.held != (None, None):
        curves = curves.free
        fit = fit_curves(curves)
    z = to_scale(curves.response, curves.scale)
    sign = 1.0 if float(fit.end[0]) > fit.start else -1.0
    base = z[curves.dose == 0]
    means = np.array([z[curves.dose == d].mean() for d in doses])
    last = float(means[-2:].mean())
    back = -sign * (means - float(base.mean()))
    if back.max() < 0.05 * abs(last - float(base.mean())) or int(np.argmax(back)) >= len(doses) - 2:
        return ""
    limbs = fit_two_limbs(curves, returning=False)
    if limbs is None or _better(curves, fit, limbs) >= CLEAR:
        return ""
    if (limbs.end - limbs.start) * (limbs.last - limbs.start) >= 0:
        return ""
    return "low doses move the response the other way first (hormesis), which one sigmoid does not describe"
