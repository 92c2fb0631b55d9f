"""Time courses: the initial rate, or plateau and rate constant where the reaction levels off."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ublot.statistics.across_blots import compare_across_blots
from ublot.statistics.dunnett import LEAST, t_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from numpy.typing import ArrayLike

    from ublot.numerics.arrays import Array
    from ublot.statistics.reactions import Reaction

__all__ = ["TIME_COLUMNS", "TimeCourse", "fit_time_course", "rate_of_blots", "time_course_columns"]

FEWEST_TIMES = 3
LEVEL = 0.05  # chance below which a curve that levels off is told from a straight line
TIME_COLUMNS = (
    *("group", "compound", "concentration_nM", "quantity", "n", "times", "model"),
    *("initial_rate_per_min", "initial_rate_low", "initial_rate_high"),
    *("plateau", "plateau_low", "plateau_high"),
    *("rate_constant_per_min", "rate_constant_low", "rate_constant_high", "note"),
    *("blots", "rate_difference", "rate_difference_low", "rate_difference_high", "p_vehicle"),
)
"""Columns of ``time_courses.csv``; `blots` is how many have a rate of their own, averaged where there are several;
`rate_difference` is that to the vehicle of the same blots, `p_vehicle` its p, adjusted for all conditions."""
_NONE = (math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class TimeCourse:
    """What a time course says; triples are value, low, high (95 %).

    Attributes
    ----------
    model : {"exponential", "line", "none"}
        ``y0 + (plateau - y0) (1 - exp(-k t))``, or a straight line.
    rate : tuple of float
        Initial rate, quantity per minute: ``k (plateau - y0)``, or the line's slope.
    plateau, constant : tuple of float
        NaN for a line: it sets no limit.
    note : str
    """

    model: str
    rate: tuple[float, float, float]
    plateau: tuple[float, float, float]
    constant: tuple[float, float, float]
    note: str


def _linear(design: Array, y: Array) -> tuple[Array, Array, float]:
    """Coefficients, their covariance for unit variance, and the sum of squared residuals."""
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    unit = np.linalg.pinv(design.T @ design)
    return np.asarray(beta, np.float64), np.asarray(unit, np.float64), float(np.sum((y - design @ beta) ** 2))


def fit_time_course(time: ArrayLike, value: ArrayLike, block: ArrayLike = 0) -> TimeCourse:
    """Fit one time course.

    Given the rate constant the curve is linear in its other parameters, so that the constant's profile is exact and its
    interval (all constants at which the fit is not significantly worse, F) needs no approximation. Blots enter as
    blocks: an offset of each.

    Parameters
    ----------
    time : array-like, shape (n,)
        Minutes.
    value : array-like, shape (n,)
    block : array-like, shape (n,)
        Blot of each value.
    """
    t, y = np.asarray(time, np.float64), np.asarray(value, np.float64)
    _, which = np.unique(np.broadcast_to(block, t.shape), return_inverse=True)
    blocks = int(which.max()) + 1
    effects = np.vstack([np.eye(blocks - 1), -np.ones((1, blocks - 1))])[which] if blocks > 1 else np.zeros((len(t), 0))
    times = np.unique(t)
    if len(times) < FEWEST_TIMES or len(t) - 2 - (blocks - 1) < 1:
        return TimeCourse("none", _NONE, _NONE, _NONE, f"{len(times)} times are too few for a rate")
    ones = np.ones((len(t), 1))
    line = _linear(np.hstack([ones, t[:, None], effects]), y)
    curve = _exponential(t, y, np.hstack([ones, effects]), line[2])
    return curve if curve is not None else _straight(t, line, len(times))


def _straight(t: Array, line: tuple[Array, Array, float], times: int) -> TimeCourse:
    beta, unit, ssr = line
    freedom = len(t) - len(beta)
    reach = float(special.stdtrit(freedom, 0.975)) * math.sqrt(unit[1, 1] * ssr / freedom)
    slope = float(beta[1])
    note = "does not level off within the times measured: a mean rate"
    if times < FEWEST_TIMES + 1:
        note = "too few times to see whether it levels off: a mean rate"
    return TimeCourse("line", (slope, slope - reach, slope + reach), _NONE, _NONE, note)


def _exponential(t: Array, y: Array, rest: Array, line_ssr: float) -> TimeCourse | None:
    """Curve that levels off; None unless it fits significantly better than a line and its constant is bounded."""
    from scipy.optimize import brentq

    freedom = len(t) - rest.shape[1] - 2
    if freedom < 1 or len(np.unique(t)) < FEWEST_TIMES + 1:
        return None
    linear, grid = _given_constant(t, y, rest)
    best = _best_constant(linear, grid)
    if best is None:
        return None
    i = int(np.argmin([linear(g)[2] for g in grid]))
    ssr = linear(best)[2]
    ssr = max(ssr, 1e-24 * float(np.sum(y**2)))
    f = (line_ssr - ssr) / (ssr / freedom)
    if not float(special.fdtrc(1, freedom, max(f, 0.0))) < LEVEL:
        return None
    allowed = ssr * (1 + float(special.stdtrit(freedom, 0.975)) ** 2 / freedom)
    ends = []
    for side in (grid[:i][::-1], grid[i + 1 :]):
        outside = next((float(g) for g in side if linear(g)[2] > allowed), None)
        if outside is None:
            return None
        ends.append(float(brentq(lambda g: linear(g)[2] - allowed, *sorted((best, outside)), xtol=1e-6)))
    return _level(best, (ends[0], ends[1]), linear, allowed)


def _level(best: float, ends: tuple[float, float], linear: Any, allowed: float) -> TimeCourse:
    """Plateau and initial rate with intervals: the extremes over all curves that fit not significantly worse."""
    rates: list[float] = []
    plateaus: list[float] = []
    for log_k in np.linspace(*ends, 41):
        beta, unit, ssr = linear(float(log_k))
        room = math.sqrt(max(allowed - ssr, 0.0))
        k = math.exp(log_k)
        for direction, out, factor in (([1.0, 0.0], rates, k), ([1.0, 1.0], plateaus, 1.0)):
            along = np.zeros(len(beta))
            along[:2] = direction
            centre, reach = float(along @ beta), room * math.sqrt(float(along @ unit @ along))
            out += [factor * (centre - reach), factor * (centre + reach)]
    beta = linear(best)[0]
    k = math.exp(best)
    return TimeCourse(
        "exponential",
        (k * float(beta[0]), min(rates), max(rates)),
        (float(beta[0] + beta[1]), min(plateaus), max(plateaus)),
        (k, math.exp(ends[0]), math.exp(ends[1])),
        "",
    )


def rate_of_blots(time: ArrayLike, value: ArrayLike, block: Sequence[str], model: str) -> dict[str, float]:
    """Initial rate of each blot with at least three times, by the model that all blots together have.

    Parameters
    ----------
    time, value : array-like, shape (n,)
    block : sequence of str, length n
    model : {"exponential", "line"}

    Returns
    -------
    dict of str to float
        Blots whose own course gives none (it does not bend where the model does) are left out.
    """
    t, y = np.asarray(time, np.float64), np.asarray(value, np.float64)
    out = {}
    for name in dict.fromkeys(block):
        own = np.array([b == name for b in block])
        if len(np.unique(t[own])) < FEWEST_TIMES + (model == "exponential"):
            continue
        if model == "line":
            out[name] = float(np.polyfit(t[own], y[own], 1)[0])
            continue
        linear, grid = _given_constant(t[own], y[own], np.ones((int(own.sum()), 1)))
        log_k = _best_constant(linear, grid)
        if log_k is not None:
            out[name] = math.exp(log_k) * float(linear(log_k)[0][0])
    return out


def _given_constant(t: Array, y: Array, rest: Array) -> tuple[Callable[[float], tuple[Array, Array, float]], Array]:
    """Fit for a given logarithm of the rate constant, and a grid of these over what the times can tell."""
    gaps = np.diff(np.unique(t))

    def linear(log_k: float) -> tuple[Array, Array, float]:
        return _linear(np.hstack([-np.expm1(-math.exp(log_k) * (t - t.min()))[:, None], rest]), y)

    return linear, np.linspace(math.log(0.05 / np.ptp(t)), math.log(10 / gaps.min()), 60)


def _best_constant(linear: Callable[[float], tuple[Array, Array, float]], grid: Array) -> float | None:
    """Logarithm of the best rate constant; None where it lies beyond the grid."""
    from scipy.optimize import minimize_scalar

    i = int(np.argmin([linear(g)[2] for g in grid]))
    if i in (0, len(grid) - 1):
        return None
    return float(minimize_scalar(lambda g: linear(g)[2], bounds=(grid[i - 1], grid[i + 1]), method="bounded").x)


def time_course_columns(reactions: Iterable[Reaction]) -> dict[str, list[Any]]:
    """One row per group, compound and concentration with at least three times, and quantity.

    Negative controls at 0 min are the beginning of every course of their group. Quantities are the modified fraction,
    and the unmodified target over the vehicle's. Where several blots hold the course, the rate is the mean of their own
    with Student's interval, and it is compared with the vehicle's on the same blots.

    Parameters
    ----------
    reactions : iterable of Reaction
    """
    timed = [r for r in reactions if math.isfinite(r.time_min)]
    begin = [r for r in timed if r.role == "negative" and r.time_min == 0]
    courses: dict[tuple[str, int, str, float], list[Reaction]] = {}
    for r in timed:
        if r.role != "negative":
            c = r.condition
            courses.setdefault((r.group, c.rank, c.compound, c.concentration), []).append(r)
    rows: list[tuple[Any, ...]] = []
    rates: list[tuple[tuple[str, str], bool, dict[str, float]]] = []
    for (group, *_), members in sorted(courses.items()):
        if len({r.time_min for r in members}) < FEWEST_TIMES:
            continue
        for quantity in ("hmw_fraction", "relative_hmw_area", "unmodified_remaining"):
            # Ratios to the vehicle of the same time have no course of their own.
            if quantity != "hmw_fraction" and members[0].role == "vehicle":
                continue
            every = [*members, *(r for r in begin if r.group == group)]
            known = [r for r in every if math.isfinite(r.values.get(quantity, math.nan))]
            if len({r.time_min for r in known}) < FEWEST_TIMES:
                continue
            points = [r.time_min for r in known], [r.values[quantity] for r in known], [r.blot for r in known]
            found, own = _over_blots(fit_time_course(*points), *points)
            first = members[0]
            place = (group, first.compound, first.concentration_nM, quantity, len(known))
            numbers = (*found.rate, *found.plateau, *found.constant)
            rows.append((*place, len({r.time_min for r in known}), found.model, *numbers, found.note, len(own) or 1))
            rates.append(((group, quantity), first.role == "vehicle", own))
    against = _against_vehicle(rates)
    whole = [(*row, *against.get(i, (math.nan,) * 4)) for i, row in enumerate(rows)]
    return {name: [row[i] for row in whole] for i, name in enumerate(TIME_COLUMNS)}


def _over_blots(
    found: TimeCourse, time: Sequence[float], value: Sequence[float], block: Sequence[str]
) -> tuple[TimeCourse, dict[str, float]]:
    """Replace the rate by the mean of the blots' own, with Student's interval: the blot is the unit."""
    if found.model == "none" or len(set(block)) < 2:
        return found, {}
    own = rate_of_blots(time, value, block, found.model)
    if len(own) < 2:
        said = "the blots have no rates of their own: the interval is that of these blots together"
        return replace(found, note="; ".join(n for n in (found.note, said) if n)), {}
    low, high = t_interval(list(own.values()))
    note = found.note
    if found.model == "exponential":
        said = "plateau and rate constant: intervals of these blots together"
        note = "; ".join(n for n in (note, said) if n)
    return replace(found, rate=(float(np.mean(list(own.values()))), low, high), note=note), own


def _against_vehicle(
    rates: Sequence[tuple[tuple[str, str], bool, dict[str, float]]],
) -> dict[int, tuple[float, float, float, float]]:
    """Difference of each course's rate to the vehicle's on the same blots: mean, interval, adjusted p."""
    vehicle = {place: own for place, is_vehicle, own in rates if is_vehicle}
    out: dict[int, tuple[float, float, float, float]] = {}
    for place, base in vehicle.items():
        differences: dict[Hashable, dict[Hashable, float]] = {
            i: {b: rate - base[b] for b, rate in own.items() if b in base}
            for i, (where, is_vehicle, own) in enumerate(rates)
            if where == place and not is_vehicle
        }
        tests = compare_across_blots({i: d for i, d in differences.items() if len(d) >= LEAST})
        for i, each in differences.items():
            if len(each) > 1 and isinstance(i, int):
                values = list(each.values())
                p = tests[i].p if i in tests else math.nan
                out[i] = (float(np.mean(values)), *t_interval(values), p)
    return out
