"""Numbers of single lanes with their errors, and their ratios to the vehicle lanes with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

from ublot.model import Z95, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.ladder.cut import Ladder

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
USUAL_CV, PRIOR_FREEDOM = 0.08, 2.0  # good blots: 5-10 % (Lowry & Rees 2020), worth as much as three vehicle lanes
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


def over_vehicle(own: Quantity, vehicle: Sequence[Quantity], among: int | None) -> tuple[Interval, Interval]:
    """A lane over the mean of the vehicle lanes: with measurement and scatter, and with measurement alone.

    Errors add on the log scale where the lane is clearly above zero, else on the linear one. The scatter of a few
    vehicle lanes is hardly known from themselves: it is moderated by what replicates on a blot usually scatter (Smyth
    2004), and the interval is Student's t with the effective degrees of freedom (Satterthwaite 1946).

    Parameters
    ----------
    own : Quantity
    vehicle : sequence of Quantity
        All of them known.
    among : int or None
        The lane's place in `vehicle` when it is one of them.

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
    measured = (share * share * sum(variances) + both) / mean**2
    inner = _around(ratio, math.sqrt(measured), own, Z95)
    # What vehicle lanes scatter by: these few, and what blots usually do, weighted by degrees of freedom.
    own_scatter = sum((k - mean) ** 2 for k in known) / (n - 1) / mean**2 if n > 1 else 0.0
    noise = sum(variances) / n / mean**2
    freedom = PRIOR_FREEDOM + n - 1
    scatter = (PRIOR_FREEDOM * (USUAL_CV**2 + noise) + (n - 1) * own_scatter) / freedom
    of_mean = ratio**2 * scatter / n
    total = own.sd**2 / mean**2 + of_mean
    t = float(special.stdtrit(freedom * (total / of_mean) ** 2, 0.975)) if of_mean > 0 else Z95
    return _around(ratio, math.sqrt(total), own, t), inner


def _around(ratio: float, sd: float, own: Quantity, factor: float) -> Interval:
    """Interval of `factor` standard deviations, on the log scale where the lane allows it."""
    if own.value > CLEARLY_POSITIVE * own.sd and ratio > 0:
        reach = factor * sd / ratio
        if reach > BOUNDLESS:
            return Interval(ratio, 0.0, math.inf)
        return Interval(ratio, ratio / math.exp(reach), ratio * math.exp(reach))
    return Interval(ratio, ratio - factor * sd, ratio + factor * sd)


def logit(f: float) -> float:
    """Log-odds; NaN outside 0-1."""
    return math.log(f / (1 - f)) if 0 < f < 1 else math.nan


def net_of(f: Quantity, negative: Sequence[Quantity]) -> Quantity:
    """``(f - f0) / (1 - f0)`` with ``f0`` the mean of the negative lanes."""
    if not negative or not f.known:
        return Quantity(math.nan, math.nan)
    f0 = sum(q.value for q in negative) / len(negative)
    sd0 = math.sqrt(sum(q.sd**2 for q in negative)) / len(negative)
    value = (f.value - f0) / (1 - f0)
    return Quantity(value, math.hypot(f.sd / (1 - f0), sd0 * (1 - f.value) / (1 - f0) ** 2))


def per_load(area: float, variance: float, load: float) -> Quantity:
    """Area over the amount loaded."""
    return Quantity(area / load, math.sqrt(variance) / load)
