"""Time courses: the initial rate, or plateau and rate constant where the reaction levels off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from ublot.numerics.arrays import Array
    from ublot.statistics.reactions import Reaction

__all__ = ["TIME_COLUMNS", "TimeCourse", "fit_time_course", "time_course_columns"]

FEWEST_TIMES = 3
LEVEL = 0.05  # chance below which a curve that levels off is told from a straight line
TIME_COLUMNS = (
    *("group", "compound", "concentration_nM", "quantity", "n", "times", "model"),
    *("initial_rate_per_min", "initial_rate_low", "initial_rate_high"),
    *("plateau", "plateau_low", "plateau_high"),
    *("rate_constant_per_min", "rate_constant_low", "rate_constant_high", "note"),
)
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
    from scipy.optimize import brentq, minimize_scalar

    freedom = len(t) - rest.shape[1] - 2
    if freedom < 1 or len(np.unique(t)) < FEWEST_TIMES + 1:
        return None
    gaps = np.diff(np.unique(t))
    low, high = math.log(0.05 / np.ptp(t)), math.log(10 / gaps.min())

    def linear(log_k: float) -> tuple[Array, Array, float]:
        return _linear(np.hstack([-np.expm1(-math.exp(log_k) * (t - t.min()))[:, None], rest]), y)

    grid = np.linspace(low, high, 60)
    coarse = [linear(g)[2] for g in grid]
    i = int(np.argmin(coarse))
    if i in (0, len(grid) - 1):
        return None
    best = float(minimize_scalar(lambda g: linear(g)[2], bounds=(grid[i - 1], grid[i + 1]), method="bounded").x)
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


def time_course_columns(reactions: Iterable[Reaction]) -> dict[str, list[Any]]:
    """One row per group, compound and concentration with at least three times, and quantity.

    Negative controls at 0 min are the beginning of every course of their group. Quantities are the modified fraction,
    and the unmodified target over the vehicle's.

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
    rows = []
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
            found = fit_time_course(
                [r.time_min for r in known], [r.values[quantity] for r in known], [r.blot for r in known]
            )
            first = members[0]
            place = (group, first.compound, first.concentration_nM, quantity, len(known))
            numbers = (*found.rate, *found.plateau, *found.constant)
            rows.append((*place, len({r.time_min for r in known}), found.model, *numbers, found.note))
    return {name: [row[i] for row in rows] for i, name in enumerate(TIME_COLUMNS)}
