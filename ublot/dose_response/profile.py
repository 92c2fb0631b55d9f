"""Profile-likelihood intervals of one parameter of a least-squares curve, whichever the curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable

    from ublot.numerics.arrays import Array

__all__ = ["dose_interval", "most_ssr"]

GROWTH = 1.5  # of the steps by which the end of an interval is looked for


def most_ssr(ssr: float, freedom: int, count: int, confidence: float = 0.95) -> float:
    """Sum of squares up to which a fit is not significantly worse than the best one.

    By F with 1 and `freedom` degrees of freedom; Bates & Watts 1988, section 6.1.2. `count` points on the very curve
    have a scatter of rounding.
    """
    t = float(special.stdtrit(freedom, 0.5 + 0.5 * confidence))
    return max(ssr, 1e-24 * count) * (1 + t**2 / freedom)


def dose_interval(
    doses: Array,
    best: tuple[float, Array, float],
    allowed: float,
    refit: Callable[[float, Array], tuple[Array, float]],
    *,
    step: float,
    far: float,
) -> tuple[float, float]:
    """All doses at which the curve may be held without fitting worse than `allowed`.

    Parameters
    ----------
    doses : ndarray
        Those tested, above 0.
    best : (float, ndarray, float)
        Logarithm of the dose that fits best, the other parameters to start from, and the sum of squares.
    allowed : float
        See `most_ssr`.
    refit : function of a log dose and parameters to parameters and sum of squares
        The best curve that is held there, from parameters of a neighbour.
    step : float
        How far to look first, in log dose.
    far : float
        How far outside the doses tested an end is looked for.

    Returns
    -------
    low, high : float
        0 and infinity where the data set no limit on that side.
    """
    from scipy.optimize import brentq

    centre, theta, ssr = best
    low, high = float(np.log(doses).min()) - far, float(np.log(doses).max()) + far

    def edge(end: float) -> float:
        side = 1.0 if end > centre else -1.0
        seen = {centre: (ssr / allowed - 1, theta)}

        def excess(place: float) -> float:
            if place not in seen:
                # The nearest neighbour's parameters are the best start.
                start = seen[min(seen, key=lambda other: abs(other - place))][1]
                found, worse = refit(place, start)
                seen[place] = worse / allowed - 1, found
            return seen[place][0]

        inside, reach = centre, step
        while side * (end - inside) > 0:
            outside = inside + side * reach
            if excess(outside) > 0:
                return float(brentq(excess, inside, outside, xtol=1e-3))
            inside, reach = outside, reach * GROWTH
        return side * math.inf

    return math.exp(edge(low)), math.exp(edge(high))
