"""Tests about dose: whether there is an effect, whether a curve fits, whether two compounds have the same EC50."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ublot.dose_response.logistic import Curves, Fit, fit_curves
from ublot.statistics.scales import to_scale

if TYPE_CHECKING:
    from ublot.numerics.arrays import Array

__all__ = ["dose_effect_p", "equal_ec50_p", "lack_of_fit_p"]


def equal_ec50_p(curves: Curves) -> tuple[float, float, int]:
    """Extra-sum-of-squares F test of one EC50 for all curves against one for each.

    Returns
    -------
    f, p : float
        NaN where there are too few points.
    freedom : int
        Of the denominator.
    """
    each, one = fit_curves(curves), fit_curves(curves, shared_ec50=True)
    extra = curves.count - 1
    if each.freedom < 1 or extra < 1 or not each.ssr > 0:
        return math.nan, math.nan, each.freedom
    f = max(one.ssr - each.ssr, 0.0) / extra / (each.ssr / each.freedom)
    return f, float(special.fdtrc(extra, each.freedom, f)), each.freedom


def lack_of_fit_p(curves: Curves, fit: Fit) -> float:
    """Chance of means so far from the curve, against the scatter of repeats of one dose (F test).

    Bates & Watts 1988, section 3.2.2. NaN where no dose is repeated, or there are no more doses
    than parameters, or several blocks.
    """
    z = to_scale(curves.response, curves.scale)
    if curves.blocks > 1:  # blocks with curves of their own would be taken for a misfit
        return math.nan
    which = np.unique(curves.dose, return_inverse=True)[1]
    means = np.bincount(which, z) / np.bincount(which)
    pure = float(np.sum((z - means[which]) ** 2))
    repeats = len(z) - len(means)
    extra = fit.freedom - repeats
    if repeats < 1 or extra < 1 or not pure > 0:
        return math.nan
    return float(special.fdtrc(extra, repeats, max(fit.ssr - pure, 0.0) / extra / (pure / repeats)))


def dose_effect_p(curves: Curves, draws: int = 1999) -> float:
    """Chance of so clear a sigmoid dose effect without any: a multiple contrast test over EC50 and hill.

    The largest share of the variance (blots apart) that any curve of a grid explains, against its distribution for
    normal errors, simulated from a fixed seed. Bretz, Pinheiro & Branson 2005, Biometrics 61:738, with a grid of
    logistic shapes in place of a few candidate models.
    """
    z = to_scale(curves.response, curves.scale)
    blocks = (curves.block[:, None] == np.arange(curves.blocks)).astype(np.float64)
    basis = np.linalg.qr(blocks)[0]
    dosed = curves.dose > 0
    log_dose = np.log(np.where(dosed, curves.dose, 1.0))
    low, high = log_dose[dosed].min(), log_dose[dosed].max()
    c, h = (a.ravel() for a in np.meshgrid(np.linspace(low - 0.7, high + 0.7, 24), np.array([0.5, 1.0, 2.0, 5.0])))
    shapes = np.where(dosed, special.expit(h[:, None] * (log_dose - c[:, None])), 0.0)
    shapes = _unit(shapes - (shapes @ basis) @ basis.T)

    def strength(values: Array) -> Array:
        apart = _unit(values - (values @ basis) @ basis.T)
        return np.asarray(((apart @ shapes.T) ** 2).max(axis=1))

    noise = np.random.default_rng(20050901).standard_normal((draws, len(z)))
    found = float(strength(z[None])[0])
    return float((1 + (strength(noise) >= found - 1e-12).sum()) / (draws + 1))


def _unit(rows: Array) -> Array:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length > 1e-12, rows / np.maximum(length, 1e-300), 0.0)
