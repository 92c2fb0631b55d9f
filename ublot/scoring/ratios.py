"""Numbers of single lanes with their errors, and their ratios to the vehicle lanes with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ublot.model import Z95, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.ladder.cut import Ladder
    from ublot.numerics.arrays import Array

__all__ = [
    "NOTHING",
    "Quantity",
    "fraction_of",
    "logit",
    "net_of",
    "normal_interval",
    "over_vehicle",
    "per_load",
]

CLEARLY_POSITIVE = 4.0  # standard deviations above zero from where on a ratio's interval is taken on the log scale
SCATTERS = np.geomspace(0.005, 0.7, 32)
"""Coefficients of variation that replicates on one blot may have, all equally likely on the log scale beforehand.

The upper end is the most that Lowry & Rees (2020, bioRxiv 2020.12.16.423026) found, on raw volumes (30-70 %);
normalised they found 20-25 % typically and 5-10 % at best. The lower end is less than any pipette holds. Even on the
log scale is what to assume of a scale that is not known (Jeffreys 1946): the lanes themselves say what they scatter by.
"""
CLOSE = 1e-5  # of the probability, to which the end of an interval is worked out
BOUNDLESS = 20.0  # a ratio uncertain by more than this on the log scale is not bounded at all
NOTHING = Interval(math.nan)


@dataclass(frozen=True)
class Quantity:
    """One number of one lane, with the standard deviation of its measurement."""

    value: float
    sd: float

    @property
    def known(self) -> bool:
        return math.isfinite(self.value)


def normal_interval(q: Quantity) -> Interval:
    """95 % interval of a number whose error is normal."""
    return Interval(q.value, q.value - Z95 * q.sd, q.value + Z95 * q.sd) if q.known else NOTHING


def fraction_of(ladder: Ladder) -> Quantity:
    """``H / (H + U)`` by error propagation."""
    u, h = ladder.unmodified, ladder.hmw
    total = u + h
    if not math.isfinite(total) or total == 0 or "no_signal" in ladder.flags:
        return Quantity(math.nan, math.nan)
    (uu, uh), (_, hh) = ladder.covariance[:2, :2].tolist()
    return Quantity(h / total, math.sqrt(max(h * h * uu - 2 * u * h * uh + u * u * hh, 0.0)) / total**2)


def over_vehicle(
    own: Quantity, vehicle: Sequence[Quantity], among: int | None, beside: Sequence[Sequence[Quantity]] = ()
) -> tuple[Interval, Interval]:
    """A lane over the mean of the vehicle lanes: with measurement and scatter, and with measurement alone.

    Errors add on the log scale where the lane is clearly above zero, else on the linear one. What vehicle lanes scatter
    by is not known but from themselves, and from other replicates on the blot: every scatter that blots have
    (`SCATTERS`) counts as much as it is likely to give these lanes (Bayes, by sums over a grid), and the interval holds
    95 % of what follows from them all. From three lanes on that holds its 95 % whatever the scatter; of two it holds
    them on average over usual blots, and a single lane says nothing of it: its interval is that of a blot of any
    scatter.

    Parameters
    ----------
    own : Quantity
    vehicle : sequence of Quantity
        All of them known.
    among : int or None
        The lane's place in `vehicle` when it is one of them.
    beside : sequence of sequence of Quantity, optional
        Other vehicle lanes of the blot, replicates of each other: they tell of the scatter as well.

    Returns
    -------
    full, measured : Interval
        Nothing where the vehicle's mean is not above zero.
    """
    known, variances = [v.value for v in vehicle], [v.sd**2 for v in vehicle]
    mean = sum(known) / len(known) if known else math.nan
    if not own.known or not mean > 0:
        return NOTHING, NOTHING
    n, ratio = len(known), own.value / mean
    # d ratio = d own / mean - ratio sum d vehicle / (n mean), where the lane's own part may be one of the sum's.
    share = ratio / n
    both = (1 - 2 * share) * variances[among] if among is not None else own.sd**2
    measured = max(share * share * sum(variances) + both, 0.0) / mean**2  # it is no less, but for rounding
    inner = _around(ratio, Z95 * math.sqrt(measured), own)
    noise = sum(variances) / n / mean**2
    spread = np.sqrt(own.sd**2 / mean**2 + ratio**2 * (SCATTERS**2 + noise) / n)
    likelihood = _likelihood(tuple(map(tuple, (vehicle, *beside))))
    return _around(ratio, _reach(spread, likelihood), own), inner


@lru_cache(64)
def _likelihood(replicates: tuple[tuple[Quantity, ...], ...]) -> Array:
    """How likely every one of the `SCATTERS` is after replicates of one or more kinds have been seen.

    All lanes of a blot ask for the same.
    """
    log = np.zeros(len(SCATTERS))
    for lanes in replicates:
        mean, freedom = sum(q.value for q in lanes) / len(lanes), len(lanes) - 1
        if freedom and mean > 0:
            seen = sum((q.value - mean) ** 2 for q in lanes) / mean**2
            variance = SCATTERS**2 + sum(q.sd**2 for q in lanes) / len(lanes) / mean**2
            log -= 0.5 * (freedom * np.log(variance) + seen / variance)
    weights = np.exp(log - log.max())
    return np.asarray(weights / weights.sum(), np.float64)


def _reach(spread: Array, weights: Array) -> float:
    """Half the width of the central 95 % of a mixture of normal distributions about one mean."""
    # The share within is concave in the width: Newton's steps from the smallest come up to it from below.
    reach = Z95 * float(spread[weights > 0].min())
    if not 0 < reach < math.inf:  # of a region without rows there is nothing, for certain
        return reach
    for _ in range(50):
        z = reach / spread
        # Few numbers: SciPy's function of arrays takes longer to import than all of them.
        lacking = 0.95 - float(weights @ [*map(math.erf, (z / math.sqrt(2)).tolist())])
        if lacking < CLOSE:
            break
        reach += lacking / float(weights @ (np.exp(-0.5 * z * z) / spread)) / math.sqrt(2 / math.pi)
    return reach


def _around(ratio: float, reach: float, own: Quantity) -> Interval:
    """Interval that reaches so far to both sides, on the log scale where the lane allows it."""
    if own.value > CLEARLY_POSITIVE * own.sd and ratio > 0:
        reach = reach / ratio
        if reach > BOUNDLESS:
            return Interval(ratio, 0.0, math.inf)
        return Interval(ratio, ratio / math.exp(reach), ratio * math.exp(reach))
    return Interval(ratio, ratio - reach, ratio + reach)


def logit(f: float) -> float:
    """Log-odds; NaN outside 0-1."""
    return math.log(f / (1 - f)) if 0 < f < 1 else math.nan


def net_of(f: Quantity, negative: Sequence[Quantity]) -> Quantity:
    """``(f - f0) / (1 - f0)`` with ``f0`` the mean of the negative lanes; nothing where these are modified all over."""
    f0 = sum(q.value for q in negative) / len(negative) if negative else math.nan
    if not f.known or not f0 < 1:
        return Quantity(math.nan, math.nan)
    sd0 = math.sqrt(sum(q.sd**2 for q in negative)) / len(negative)
    value = (f.value - f0) / (1 - f0)
    return Quantity(value, math.hypot(f.sd / (1 - f0), sd0 * (1 - f.value) / (1 - f0) ** 2))


def per_load(area: float, variance: float, load: float) -> Quantity:
    """Area over the amount loaded."""
    return Quantity(area / load, math.sqrt(variance) / load)
