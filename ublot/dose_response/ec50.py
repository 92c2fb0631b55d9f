"""EC50 of compounds from blots or any table, with the rules by which one may be reported."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ublot.dose_response.bell import TwoLimbs, fit_two_limbs, limb_interval
from ublot.dose_response.logistic import Curves, Fit, fit_curves, profile_interval
from ublot.dose_response.replicates import over_blocks
from ublot.dose_response.shape import first_the_other_way, outliers, second_limb
from ublot.dose_response.significance import dose_effect_p, equal_ec50_p, lack_of_fit_p
from ublot.flags import join_flags
from ublot.statistics.reactions import QUANTITIES, RELATIVE, Family, Reaction, families, given_or_first
from ublot.statistics.scales import fitting_scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "DOSE_COLUMNS",
    "FEWEST_DOSES",
    "FIRST_COLUMNS",
    "SHAPE_COLUMNS",
    "Estimate",
    "dose_response_columns",
    "ec50_comparison_columns",
    "estimate_ec50",
    "estimate_row",
]

FIRST_COLUMNS = (
    *("group", "compound", "time_min", "quantity", "ec50_nM", "ec50_low", "ec50_high", "hill", "bottom", "top"),
    *("status", "note", "n", "doses", "scale", "tight_binding_limit_nM", "flags"),
)
SHAPE_COLUMNS = (
    *("model", "descending_ic50_nM", "descending_low", "descending_high", "descending_hill"),
    *("robust_ec50_nM", "robust_low", "robust_high", "standing_off", "replicates", "lack_of_fit_p"),
    *("ec50_above_nM", "ec50_below_nM"),
)
DOSE_COLUMNS = (*FIRST_COLUMNS, *SHAPE_COLUMNS)
"""Columns of `dose_response.csv`; `flags` are those of all lanes of the compound. `model` is ``sigmoid`` or ``bell``,
`standing_off` the number of points that stand off the curve, `robust_ec50_nM` the EC50 without these, `replicates` the
blots or plates whose own EC50 are averaged (1: the interval does not hold the scatter between them);
`ec50_above_nM` and `ec50_below_nM` are limits (95 %) where there is no EC50."""


FEWEST_DOSES = 4
BEND = 4.680498579  # bend points lie at ec50 x BEND^(+-1 / hill) (Sebaugh & McCray 2003, Pharm Stat 2:167)
BEYOND = 2  # doses on either side of the bend points that an EC50 takes (Sebaugh 2011, Pharm Stat 10:128)
EFFECT = 0.05  # chance from which on there is no dose effect to be seen
STEEP = 8.0  # hill from which on a curve is a step between two doses
POOR = 0.01  # chance of the scatter of repeats below which a curve is said not to fit
FALLS = "the effect falls off again at the highest doses (hook)"


@dataclass(frozen=True)
class Estimate:
    """EC50 of one compound, or why there is none.

    Attributes
    ----------
    ec50, low, high : float
        NM; NaN unless `status` is ``ok``. 95 %: over blocks (blots, plates) where each has an EC50 of its own, their
        geometric mean with Student's interval; else by profile likelihood.
    hill : float
        Positive where the response rises with dose.
    bottom, top : float
        Lower and upper plateau.
    status : {"ok", "above_max_dose", "below_min_dose", "flat", "hook", "no_vehicle", "not_estimable"}
    note : str
        The same in words, and what else to know.
    n, doses : int
        Points, vehicle included, and distinct doses.
    scale : str
        On which errors were taken as even.
    fit : Fit or None
        The sigmoid, also where no EC50 may be reported; None where it is not what describes the points.
    model : {"sigmoid", "bell"}
    descending : tuple of float
        Dose of half of the descending limb with its interval, and its hill; NaN for a sigmoid.
    robust : tuple of float
        EC50 and interval without the points that stand off; those of all points where none does.
    outliers : tuple of int
        Indices of the points that stand off the curve. They are in the fit all the same.
    replicates : tuple of float
        EC50 of every block, where they are what is averaged.
    lack_of_fit : float
        Chance of means so far from the curve, judged by the scatter of repeats; NaN without any.
    limits : tuple of float
        What is known where there is no EC50: it is above the first and below the second with 95 %, NaN where unknown.
    """

    ec50: float
    low: float
    high: float
    hill: float
    bottom: float
    top: float
    status: str
    note: str
    n: int
    doses: int
    scale: str
    fit: Fit | None = None
    model: str = "sigmoid"
    descending: tuple[float, float, float, float] = (math.nan,) * 4
    robust: tuple[float, float, float] = (math.nan,) * 3
    outliers: tuple[int, ...] = ()
    replicates: tuple[float, ...] = ()
    lack_of_fit: float = math.nan
    limits: tuple[float, float] = (math.nan, math.nan)


def estimate_ec50(curves: Curves, *, unit: str = "blot") -> Estimate:
    """Fit one compound and decide what may be said.

    An EC50 is reported when there is a dose effect at all, when at least two doses lie beyond either bend point of the
    curve (vehicle reactions count as such on their side, up to two of them, but one dose at least must lie below the
    EC50), and when its profile-likelihood interval is bounded on both sides. Where a bell describes the points better
    than a sigmoid, the EC50 is that of its ascending limb; where even that is not determined, the status is ``hook``.

    Points that stand off the curve (`ublot.dose_response.robust`) do not decide which shape it has; they are in the
    fit, and `robust` says what it is without them.

    Parameters
    ----------
    curves : Curves
        One curve; dose 0 is vehicle.
    unit : str
        What a block is, in words.
    """
    doses = np.unique(curves.dose[curves.dose > 0])
    if len(doses) < FEWEST_DOSES:
        return _said(curves, _NONE, "not_estimable", f"{_doses(len(doses))}; at least {FEWEST_DOSES} are needed")
    fit = fit_curves(curves)
    if fit.freedom < 1:
        said = f"{len(curves.dose)} points are too few for a curve"
        return _said(curves, _NONE, "not_estimable", said, fit)
    off = outliers(curves, fit)
    calm = curves if not off else curves.without(off)
    calm_fit = fit if not off else fit_curves(calm)
    found = _shaped(calm, calm_fit, unit)
    if not off:
        return found
    return _with_outliers(curves, fit, found, off, unit)


_NONE = (math.nan,) * 6
_NO_LIMITS = math.nan, math.nan


def _limits(curves: Curves, fit: Fit, interval: tuple[float, float]) -> tuple[float, float]:
    """An interval that may be open as limits: NaN where it is.

    Of half an effect beyond the doses no limit is known on the far side unless the plateau was given: the profile is
    that of a plateau which the fit made up (on simulated curves such a limit held in none of 96).
    """
    low, high = interval
    made_up = fit.ec50[0] > curves.dose.max() and curves.held[1] is None
    return low if low > 0 else math.nan, high if math.isfinite(high) and not made_up else math.nan


def _said(
    curves: Curves, numbers: tuple[float, ...], status: str, note: str, fit: Fit | None = None, **more: Any
) -> Estimate:
    """An estimate: EC50, low, high, hill, bottom, top, and what is known of the points."""
    ec50, low, high, hill, bottom, top = numbers
    doses = len(np.unique(curves.dose[curves.dose > 0]))
    return Estimate(
        ec50, low, high, hill, bottom, top, status, note, len(curves.dose), doses, curves.scale, fit, **more
    )


def _shaped(curves: Curves, fit: Fit, unit: str) -> Estimate:
    """What the points say if all of them are right."""
    limbs = second_limb(curves, fit)
    if limbs is not None:
        return _bell(curves, limbs, unit)
    stimulated = first_the_other_way(curves, fit)
    p = dose_effect_p(curves)
    if p >= EFFECT and not stimulated:
        said = f"no dose effect beyond the scatter (p = {p:.2g})"
        return _said(curves, _NONE, "flat", said, fit)
    if stimulated:
        return _said(curves, _NONE, "not_estimable", stimulated)
    end, hill, ec50 = float(fit.end[0]), float(fit.hill[0]), float(fit.ec50[0])
    shape = hill if end > fit.start else -hill, min(fit.start, end), max(fit.start, end)
    interval = profile_interval(curves, fit)
    status, said = _reportable(curves, fit, interval)
    poor = lack_of_fit_p(curves, fit)
    misfit = f"the curve misses the means of the doses by more than repeats scatter (p = {poor:.1g})" * (poor < POOR)
    ok = status == "ok"
    each: tuple[float, ...] = ()
    between = ""
    if ok:
        (ec50, interval), each, between = over_blocks(curves, ec50, interval, unit)
        said = _leaving(curves, interval)
    note = "; ".join(n for n in (said, misfit, between) if n)
    # Plateaus and slope of a curve that is not determined are as little known as its EC50.
    numbers = (ec50, *interval, *shape) if ok else _NONE
    robust = numbers[0], numbers[1], numbers[2]
    limits = _NO_LIMITS if ok else _limits(curves, fit, interval)
    return _said(curves, numbers, status, note, fit, robust=robust, replicates=each, lack_of_fit=poor, limits=limits)


def _bell(curves: Curves, limbs: TwoLimbs, unit: str) -> Estimate:
    """EC50 of the ascending limb, or that there is a hook and no more."""
    doses = np.unique(curves.dose[curves.dose > 0])
    low, high = limb_interval(curves, limbs, 0)
    inside = doses[0] < limbs.first < doses[-1] and low > 0 and math.isfinite(high)
    down_low, down_high = limb_interval(curves, limbs, 1)
    # A limb whose half lies beyond the doses has a lower limit at most.
    down = limbs.second if limbs.second <= doses[-1] and math.isfinite(down_high) else math.nan
    descending = (down, down_low if down_low > 0 else math.nan, down_high, limbs.hills[1])
    if not inside:
        said = f"{FALLS}: neither one sigmoid nor a bell gives a bounded EC50"
        return _said(curves, _NONE, "hook", said, model="bell", descending=descending)
    (ec50, interval), each, between = over_blocks(curves, limbs.first, (low, high), unit, two_limbs=True)
    where = f"half of that at {_short(down)} nM" if math.isfinite(down) else "half of that beyond the doses"
    note = f"{FALLS}, {where}: the EC50 is that of the ascending limb of a bell; {between}"
    hill = limbs.hills[0] if limbs.end > limbs.start else -limbs.hills[0]
    numbers = ec50, *interval, hill, min(limbs.start, limbs.end), max(limbs.start, limbs.end)
    robust = ec50, *interval
    return _said(curves, numbers, "ok", note, model="bell", descending=descending, robust=robust, replicates=each)


def _with_outliers(curves: Curves, fit: Fit, calm: Estimate, off: tuple[int, ...], unit: str) -> Estimate:
    """Numbers of all points, beside those without the points that stand off."""
    count = f"{len(off)} point{'s stand' if len(off) > 1 else ' stands'} off the curve"
    sure = calm.status == "ok"
    robust = f"{_short(calm.ec50)} nM ({_short(calm.low)}-{_short(calm.high)})" if sure else "none"
    beside = f"{count}; EC50 without {'them' if len(off) > 1 else 'it'}: {robust}"
    if calm.model == "bell":
        limbs = fit_two_limbs(curves)
        whole = calm if limbs is None else _bell(curves, limbs, unit)
    elif dose_effect_p(curves) >= EFFECT:
        whole = _said(curves, _NONE, "flat", "no dose effect is seen beyond the scatter", fit)
        if calm.status != "flat":
            # Not flat: the scatter that hides the effect is that of the points that stand off.
            whole = replace(whole, status="not_estimable", note="scatter hides the effect")
    else:
        whole = _sigmoid_of_all(curves, fit, unit)
    note = "; ".join(n for n in (whole.note, beside) if n)
    return replace(
        whole, note=note, outliers=off, robust=(calm.ec50, calm.low, calm.high), lack_of_fit=calm.lack_of_fit
    )


def _sigmoid_of_all(curves: Curves, fit: Fit, unit: str) -> Estimate:
    interval = profile_interval(curves, fit)
    status, said = _reportable(curves, fit, interval)
    if status != "ok":
        return _said(curves, _NONE, status, said, fit, limits=_limits(curves, fit, interval))
    end, hill = float(fit.end[0]), float(fit.hill[0])
    (ec50, interval), each, between = over_blocks(curves, float(fit.ec50[0]), interval, unit)
    shape = hill if end > fit.start else -hill, min(fit.start, end), max(fit.start, end)
    note = "; ".join(n for n in (_leaving(curves, interval), between) if n)
    return _said(curves, (ec50, *interval, *shape), "ok", note, fit, replicates=each)


def _reportable(curves: Curves, fit: Fit, interval: tuple[float, float]) -> tuple[str, str]:
    doses = np.unique(curves.dose[curves.dose > 0])
    ec50, width = float(fit.ec50[0]), BEND ** (1 / float(fit.hill[0]))
    vehicle = min(int((curves.dose == 0).sum()), BEYOND)
    before = int((doses < ec50 / width).sum()) + vehicle
    beyond = int((doses > ec50 * width).sum())
    low, high = interval
    if ec50 > doses[-1]:
        known = f", and above {_short(low)} nM with 95 % confidence" if low > 0 else ""
        return "above_max_dose", f"half of the effect lies above the highest dose, {_short(doses[-1])} nM{known}"
    if ec50 < doses[0]:
        known = f", and below {_short(high)} nM with 95 % confidence" if math.isfinite(high) else ""
        return "below_min_dose", f"half of the effect lies below the lowest dose, {_short(doses[0])} nM{known}"
    if beyond < BEYOND and curves.held[1] is None:
        return "not_estimable", f"the full effect is not reached: {_doses(beyond)} beyond the last bend of the curve"
    if before < BEYOND and curves.held[0] is None:
        return "not_estimable", f"the curve's beginning is not seen: {_doses(before)} before its first bend"
    if float(fit.hill[0]) > STEEP:
        around = f"between {_short(doses[doses <= ec50].max())} and {_short(doses[doses >= ec50].min())} nM"
        return "not_estimable", f"no dose lies on the slope of the curve: half of the effect is {around}"
    if not (low > 0 and math.isfinite(high)):
        side = "below" if low <= 0 else "above"
        return "not_estimable", f"the data set no limit to the EC50 from {side}"
    return "ok", ""


def _leaving(curves: Curves, interval: tuple[float, float]) -> str:
    doses = curves.dose[curves.dose > 0]
    sides = (("below", interval[0] < doses.min()), ("above", interval[1] > doses.max()))
    outside = [side for side, holds in sides if holds]
    return f"the interval reaches {' and '.join(outside)} the doses tested" if outside else ""


def _doses(count: int) -> str:
    return f"{count or 'no'} dose{'' if count == 1 else 's'}"


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


# ------------------------------------------------------------------------------------------------------ from reactions
def dose_response_columns(reactions: Iterable[Reaction], *, protein_nM: float | None = None) -> dict[str, list[Any]]:
    """One row per group, compound (and time) with at least four doses, and quantity.

    Parameters
    ----------
    reactions : iterable of Reaction
        Of one or more blots, which enter as blocks.
    protein_nM : float, optional
        Target in the tube: an EC50 cannot fall below about half of it, however tightly the compound binds.
    """
    rows = []
    for family, time, compound, members in _series(reactions):
        for quantity in RELATIVE:
            curves = _curves(family, members, quantity)
            if curves is not None:
                place = {"group": family.group, "compound": compound, "time_min": time, "quantity": quantity}
                place["flags"] = join_flags(*(r.flags for r in members))
                rows.append(estimate_row(place, estimate_ec50(curves), protein_nM))
    return {name: [row[name] for row in rows] for name in DOSE_COLUMNS}


def estimate_row(place: Mapping[str, Any], found: Estimate, protein_nM: float | None = None) -> dict[str, Any]:
    """One row of `dose_response.csv`; `place` holds its group, compound, time and quantity."""
    limit = math.nan if protein_nM is None else protein_nM / 2
    note = found.note
    if found.status == "ok" and found.low < limit:
        least, protein = _short(limit), _short(2 * limit)
        tight = f"tight binding: no EC50 below about {least} nM can be seen with {protein} nM protein"
        if found.ec50 < limit:
            tight += ", and this one is: check how much of it is active"
        note = f"{note}; {tight}" if note else tight
    return {
        "flags": "",
        **place,
        "ec50_nM": found.ec50,
        "ec50_low": found.low,
        "ec50_high": found.high,
        "hill": found.hill,
        "bottom": found.bottom,
        "top": found.top,
        "status": found.status,
        "note": note,
        "n": found.n,
        "doses": found.doses,
        "scale": found.scale,
        "tight_binding_limit_nM": limit,
        "model": found.model,
        "descending_ic50_nM": found.descending[0],
        "descending_low": found.descending[1],
        "descending_high": found.descending[2],
        "descending_hill": found.descending[3],
        "robust_ec50_nM": found.robust[0],
        "robust_low": found.robust[1],
        "robust_high": found.robust[2],
        "standing_off": len(found.outliers),
        "replicates": len(found.replicates) or 1,
        "lack_of_fit_p": found.lack_of_fit,
        "ec50_above_nM": found.limits[0],
        "ec50_below_nM": found.limits[1],
    }


def _series(reactions: Iterable[Reaction]) -> list[tuple[Family, float, str, list[Reaction]]]:
    """Compounds with enough doses, apart by group and by time."""
    out = []
    for family in families(reactions):
        by_compound: dict[tuple[str, float], list[Reaction]] = {}
        for r in family.reactions:
            if r.role == "sample" and r.concentration_nM > 0:
                key = r.compound.casefold(), given_or_first(r.time_min)
                by_compound.setdefault(key, []).append(r)
        for (_, time), members in by_compound.items():
            if len({r.concentration_nM for r in members}) >= FEWEST_DOSES:
                out.append((family, math.nan if time < 0 else time, members[0].compound, members))
    return out


def _curves(family: Family, members: Sequence[Reaction], quantity: str, which: Sequence[int] = ()) -> Curves | None:
    """Points of a compound and of the vehicle on the same blots; None with fewer than four doses."""
    blots = {r.blot for r in members}
    points = [
        (0.0 if r.role == "vehicle" else r.concentration_nM, r.values.get(quantity, math.nan), r.blot, k)
        for r, k in [
            *zip(members, which or [0] * len(members), strict=True),
            *((v, 0) for v in family.vehicles if v.blot in blots),
        ]
    ]
    points = [p for p in points if math.isfinite(p[1])]
    for k in set(which) or {0}:
        if len({p[0] for p in points if p[0] > 0 and p[3] == k}) < FEWEST_DOSES:
            return None
    y = [p[1] for p in points]
    return Curves.of([p[0] for p in points], y, [p[2] for p in points], [p[3] for p in points],
                     fitting_scale(y, QUANTITIES[quantity]))  # fmt: skip


def ec50_comparison_columns(reactions: Iterable[Reaction]) -> dict[str, list[Any]]:
    """Compare every two compounds of a group (and time) whose EC50 may be reported.

    Returns
    -------
    dict of str to list
        ``group, time_min, quantity, compound_a, compound_b, ec50_ratio`` (a over b), ``f, freedom, p``: the
        extra-sum-of-squares F test of one EC50 for both, plateaus and slopes free, the vehicle common (``unit``
        ``reactions``); where each of several blots has an EC50 of both, Student's t over the blots' own ratios, squared
        (``unit`` ``blots``).
    """
    names = ("group", "time_min", "quantity", "compound_a", "compound_b", "ec50_ratio", "f", "freedom", "p", "unit")
    rows = []
    series = _series(reactions)
    for i, (family, time, name_a, a) in enumerate(series):
        for other, time_b, name_b, b in series[i + 1 :]:
            if other is not family and (other.group, other.time_min) != (family.group, family.time_min):
                continue
            if not (time == time_b or (math.isnan(time) and math.isnan(time_b))):
                continue
            for quantity in RELATIVE:
                found = _same_ec50(family, a, b, quantity)
                if found is not None:
                    rows.append((family.group, time, quantity, name_a, name_b, *found))
    return {name: [row[k] for row in rows] for k, name in enumerate(names)}


def _same_ec50(
    family: Family, a: Sequence[Reaction], b: Sequence[Reaction], quantity: str
) -> tuple[float, float, int, float, str] | None:
    each = [_curves(family, members, quantity) for members in (a, b)]
    both = _curves(family, [*a, *b], quantity, [0] * len(a) + [1] * len(b))
    if both is None or any(c is None for c in each):
        return None
    found = [estimate_ec50(c) for c in each if c is not None]
    if any(e.status != "ok" for e in found):
        return None
    ratio = found[0].ec50 / found[1].ec50
    own = [e.replicates for e in found]
    if len(own[0]) == len(own[1]) > 1 and {r.blot for r in a} == {r.blot for r in b}:
        logs = np.log(own[0]) - np.log(own[1])
        error = float(logs.std(ddof=1)) / math.sqrt(len(logs))
        if error > 0:
            t = abs(float(logs.mean())) / error
            return ratio, t**2, len(logs) - 1, float(2 * special.stdtr(len(logs) - 1, -t)), "blots"
    if "bell" in {e.model for e in found}:
        return None
    f, p, freedom = equal_ec50_p(both)
    return ratio, f, freedom, p, "reactions"
