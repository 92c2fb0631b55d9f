"""Wells that stand off their curve, after ROUT (Motulsky & Brown 2006, BMC Bioinformatics 7:123).

A fit that a few bad wells cannot pull (Student-t residuals, by iterated weights) shows how far each well stands off
the others; those too far for the scatter of the rest are named, with a false discovery rate. Nothing is left out here:
that is for a person to decide.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ublot.dose_response.logistic import Curves, _Problem
from ublot.statistics.scales import from_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["standing_off"]

RATE = 0.01  # false discoveries among the wells named (Q of Motulsky & Brown, their choice too)
FEWEST = 5  # points beyond the parameters of the curve that a scatter takes
MOST = 0.3  # share of the wells that may stand off: with more, nobody knows which half is right (Motulsky & Brown)
HEAVY = 1.0  # degrees of freedom of the residuals in the robust fit: Lorentzian, as in ROUT
ROUNDS = 40
POWERS = 0.0, 0.5, 1.0  # of the response that the scatter grows with: even, of counts, in proportion
SLIGHT = 0.02  # of the curve's height, nearer than which no point stands off: pipetting is no better (CV 2 %)
FLOOR = 0.03  # of the largest response below which scatter grows no smaller: reading noise


def standing_off(curves: Curves) -> tuple[NDArray[np.bool_], Array]:
    """Which points stand off the curve of their block by more than the scatter of the others allows.

    Parameters
    ----------
    curves : Curves
        One curve.

    Returns
    -------
    named : ndarray of bool, shape (n,)
        All false where there are too few points to know the scatter.
    distance : ndarray, shape (n,)
        From the curve, in standard deviations; 0 where there are too few points.
    """
    out, distance = np.zeros(len(curves.dose), bool), np.zeros(len(curves.dose))
    alone = [curves.block == j for j in range(curves.blocks)]
    for kept in alone if all(_enough(curves, k) for k in alone) else [np.ones(len(out), bool)]:
        part = Curves.of(curves.dose[kept], curves.response[kept], curves.block[kept], 0, curves.scale)
        if _enough(part, np.ones(len(part.dose), bool)):
            out[kept], distance[kept] = _named(part)
    return out, distance


def _enough(curves: Curves, kept: NDArray[np.bool_]) -> bool:
    doses = np.unique(curves.dose[kept & (curves.dose > 0)])
    return len(doses) >= 4 and int(kept.sum()) - 3 - len(np.unique(curves.block[kept])) >= FEWEST


def _named(curves: Curves) -> tuple[NDArray[np.bool_], Array]:
    problem = _Problem(curves)
    theta = _robust(problem)
    residual = problem.residuals(theta)
    level = from_scale(residual + problem.z, curves.scale)
    freedom = len(residual) - problem.size
    best = None
    for power in POWERS if curves.scale == "arithmetic" else POWERS[:1]:
        size = np.maximum(np.abs(level), FLOOR * np.abs(level).max()) ** power
        size = size / np.exp(np.log(size).mean())
        scaled = residual / size
        spread = _spread(scaled, freedom)
        # Of Student-t residuals, which a bad well hardly moves; even scatter is given up only for a clear gain.
        likelihood = -2.0 * np.log1p((scaled / spread) ** 2 / 3).sum() - len(scaled) * math.log(spread)
        likelihood -= 0.0 if power == 0 else 3.0
        if best is None or likelihood > best[0]:
            best = likelihood, scaled, spread
    assert best is not None
    _, scaled, spread = best
    if not spread > 0:
        return np.zeros(len(scaled), bool), np.zeros(len(scaled))
    p = 2 * special.stdtr(freedom, -np.abs(scaled) / spread)
    # Points that hardly scatter show what the model misses: too little to call a well bad.
    p = np.where(np.abs(residual) < SLIGHT * np.ptp(residual + problem.z), 1.0, p)
    return _discoveries(np.asarray(p)), scaled / spread


def _spread(residual: Array, freedom: int) -> float:
    """Standard deviation from the 68.27th percentile, corrected for the parameters (ROUT's RSDR)."""
    n = len(residual)
    return float(np.quantile(np.abs(residual), 0.6827)) * math.sqrt(n / freedom)


def _discoveries(p: Array) -> NDArray[np.bool_]:
    """Benjamini & Hochberg's rule, from the least extreme of those that may stand off."""
    order = np.argsort(p)
    n = len(p)
    most = max(int(MOST * n), 1)
    good = np.flatnonzero(p[order[:most]] <= RATE * np.arange(1, most + 1) / n)
    out = np.zeros(n, bool)
    if len(good):
        out[order[: good[-1] + 1]] = True
    return out


def _robust(problem: _Problem) -> Array:
    """Curve of the largest Student-t likelihood, from several starts."""
    from scipy.optimize import leastsq

    freedom = max(len(problem.z) - problem.size, 1)
    best: tuple[float, Array] | None = None
    for theta in _starts(problem):
        spread = max(_spread(problem.residuals(theta), freedom), 1e-9)
        for _ in range(ROUNDS):
            residual = problem.residuals(theta)
            weight = np.sqrt((HEAVY + 1) / (HEAVY + (residual / spread) ** 2))

            def weighted(t: Array, weight: Array = weight) -> Array:
                return weight * problem.residuals(t)

            def slopes(t: Array, weight: Array = weight) -> Array:
                return weight[:, None] * problem.jacobian(t)

            with np.errstate(all="ignore"):
                found = np.asarray(leastsq(weighted, theta, Dfun=slopes, maxfev=60, full_output=True)[0])
            if not np.isfinite(problem.residuals(found)).all():
                break
            moved = float(np.abs(problem.residuals(found) - residual).max())
            theta, old = found, spread
            spread = max(_spread(problem.residuals(theta), freedom), 1e-9)
            if moved < 1e-4 * spread and abs(spread - old) < 1e-3 * old:
                break
        # The scatter of the better part of the wells decides: a curve drawn through bad wells leaves the others far.
        if best is None or spread < best[0]:
            best = spread, theta
    assert best is not None
    return best[1]


def _starts(problem: _Problem) -> list[Array]:
    """Least-squares curves through all points, and without the point or the pair that they fit worst."""
    curves = problem.curves
    out = problem.starts(2)
    doses = np.unique(curves.dose)
    middles = np.array([np.median(curves.response[curves.dose == d]) for d in doses])
    smooth = np.array([np.median(middles[max(i - 1, 0) : i + 2]) for i in range(len(doses))])
    smooth[0], smooth[-1] = middles[0], np.median(middles[-2:])
    for values in (middles, smooth):
        calm = Curves(doses, values, np.zeros(len(doses), np.int64), np.zeros(len(doses), np.int64), curves.scale)
        offsets = np.zeros(curves.blocks - 1)
        out += [np.array([*theta[:4], *offsets]) for theta in _Problem(calm).starts(2)]
    return out
