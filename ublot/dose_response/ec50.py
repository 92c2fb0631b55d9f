"""EC50 of compounds from blots or any table, with the rules by which one may be reported."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.dose_response.logistic import Curves, Fit, fit_curves, profile_interval
from ublot.dose_response.significance import dose_effect_p, equal_ec50_p
from ublot.flags import join_flags
from ublot.statistics.reactions import QUANTITIES, RELATIVE, Family, Reaction, families, given_or_first
from ublot.statistics.scales import fitting_scale, to_scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "DOSE_COLUMNS",
    "FEWEST_DOSES",
    "Estimate",
    "dose_response_columns",
    "ec50_comparison_columns",
    "estimate_ec50",
    "estimate_row",
]

DOSE_COLUMNS = (
    *("group", "compound", "time_min", "quantity", "ec50_nM", "ec50_low", "ec50_high", "hill", "bottom", "top"),
    *("status", "note", "n", "doses", "scale", "tight_binding_limit_nM", "flags"),
)
"""Columns of `dose_response.csv`; `flags` are those of all lanes of the compound."""


FEWEST_DOSES = 4
BEND = 4.680498579  # bend points lie at ec50 x BEND^(+-1 / hill) (Sebaugh & McCray 2003, Pharm Stat 2:167)
BEYOND = 2  # doses on either side of the bend points that an EC50 takes (Sebaugh 2011, Pharm Stat 10:128)
EFFECT = 0.05  # chance from which on there is no dose effect to be seen
STEEP = 8.0  # hill from which on a curve is a step between two doses
HOOKED = "the effect falls again at the highest doses (hook), which one sigmoid does not describe"
HOOK = 4.0  # residual standard deviations by which a fall at the top of the series is one


@dataclass(frozen=True)
class Estimate:
    """EC50 of one compound, or why there is none.

    Attributes
    ----------
    ec50, low, high : float
        NM; NaN unless `status` is ``ok``. Interval by profile likelihood, 95 %.
    hill : float
        Positive where the response rises with dose.
    bottom, top : float
        Lower and upper plateau.
    status : {"ok", "above_max_dose", "below_min_dose", "flat", "not_estimable"}
    note : str
        The same in words, and what else to know.
    n, doses : int
        Points, vehicle included, and distinct doses.
    scale : str
        On which errors were taken as even.
    fit : Fit or None
        The curve, also where no EC50 may be reported.
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


def estimate_ec50(curves: Curves) -> Estimate:
    """Fit one compound and decide what may be said.

    An EC50 is reported when there is a dose effect at all, when at least two doses lie beyond either bend point of the
    curve (vehicle reactions count as such on their side, up to two of them, but one dose at least must lie below the
    EC50), and when its profile-likelihood interval is bounded on both sides.

    Parameters
    ----------
    curves : Curves
        One curve; dose 0 is vehicle.
    """
    doses = np.unique(curves.dose[curves.dose > 0])
    size = len(curves.dose), len(doses), curves.scale
    nothing = (math.nan,) * 6
    if len(doses) < FEWEST_DOSES:
        return Estimate(*nothing, "not_estimable", f"{len(doses)} doses; at least {FEWEST_DOSES} are needed", *size)
    fit = fit_curves(curves)
    if fit.freedom < 1:
        said = f"{len(curves.dose)} points are too few for a curve"
        return Estimate(*nothing, "not_estimable", said, *size, fit)
    p = dose_effect_p(curves)
    if p >= EFFECT:
        if _rises_and_falls(curves):
            return Estimate(*nothing, "not_estimable", HOOKED, *size, fit)
        said = f"no dose effect beyond the scatter (p = {p:.2g})"
        return Estimate(*nothing, "flat", said, *size, fit)
    end, hill, ec50 = float(fit.end[0]), float(fit.hill[0]), float(fit.ec50[0])
    shape = hill if end > fit.start else -hill, min(fit.start, end), max(fit.start, end)
    interval = profile_interval(curves, fit)
    status, said = _reportable(curves, fit, interval)
    notes = [said, _hook(curves, fit), _differing(curves)]
    note = "; ".join(n for n in notes if n)
    ok = status == "ok"
    numbers = (ec50, *interval) if ok else (math.nan,) * 3
    # Plateaus and slope of a curve that is not determined are as little known as its EC50.
    return Estimate(*numbers, *(shape if ok else (math.nan,) * 3), status, note, *size, fit)


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
    if beyond < BEYOND:
        return "not_estimable", f"the upper plateau is not reached: {_doses(beyond)} beyond the upper bend of the curve"
    if before < BEYOND:
        return "not_estimable", f"the lower plateau is not seen: {_doses(before)} before the lower bend of the curve"
    if float(fit.hill[0]) > STEEP:
        around = f"between {_short(doses[doses <= ec50].max())} and {_short(doses[doses >= ec50].min())} nM"
        return "not_estimable", f"no dose lies on the slope of the curve: half of the effect is {around}"
    if not (low > 0 and math.isfinite(high)):
        side = "below" if low <= 0 else "above"
        return "not_estimable", f"the data set no limit to the EC50 from {side}"
    outside = [side for side, holds in (("below", low < doses[0]), ("above", high > doses[-1])) if holds]
    return "ok", f"the interval reaches {' and '.join(outside)} the doses tested" if outside else ""


def _doses(count: int) -> str:
    return f"{count or 'no'} dose{'' if count == 1 else 's'}"


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _rises_and_falls(curves: Curves) -> bool:
    """Whether the doses up to the strongest effect show one that the higher doses lose again."""
    doses = np.unique(curves.dose[curves.dose > 0])
    z = to_scale(curves.response, curves.scale)
    for sign in (1.0, -1.0):
        peak = int(np.argmax([sign * z[curves.dose == d].mean() for d in doses]))
        kept = curves.dose <= doses[peak]
        if 2 <= peak < len(doses) - 1 and kept.sum() > FEWEST_DOSES:
            part = Curves.of(curves.dose[kept], curves.response[kept], curves.block[kept], 0, curves.scale)
            # The peak was chosen because it is one: stricter than for the whole series.
            if dose_effect_p(part) < EFFECT / 5:
                return True
    return False


def _hook(curves: Curves, fit: Fit) -> str:
    """Say where the effect falls off again at the highest doses, as bivalent compounds do."""
    sign = 1.0 if fit.end[0] > fit.start else -1.0
    z = sign * to_scale(curves.response, curves.scale)
    doses = np.unique(curves.dose[curves.dose > 0])
    means = np.array([z[curves.dose == d].mean() for d in doses])
    peak = int(means.argmax())
    if peak + 1 < FEWEST_DOSES or peak == len(doses) - 1:
        return ""
    kept = curves.dose <= doses[peak]
    part = Curves.of(curves.dose[kept], curves.response[kept], curves.block[kept], 0, curves.scale)
    rising = fit_curves(part)
    if rising.freedom < 1 or part.blocks < curves.blocks:
        return ""
    last = curves.dose == doses[-1]
    drop = float(means[peak] - z[last].mean())
    if drop < HOOK * max(rising.sd, 0.02) * math.sqrt(1 + 1 / int(last.sum())):
        return ""
    return f"the effect falls again above {_short(doses[peak])} nM (hook), which one sigmoid does not describe"


def _differing(curves: Curves) -> str:
    """Say where blots disagree about the EC50: the interval then holds for these blots together, not for the next."""
    if curves.blocks < 2:
        return ""
    for j in range(curves.blocks):
        if len(np.unique(curves.dose[(curves.block == j) & (curves.dose > 0)])) < FEWEST_DOSES:
            return ""
    f, p, freedom = equal_ec50_p(Curves(curves.dose, curves.response, curves.block, curves.block, curves.scale))
    if not p < EFFECT:
        return ""
    test = f"F({curves.blocks - 1}, {freedom}) = {f:.3g}, p = {p:.2g}"
    return f"blots differ in EC50 ({test}): the interval says nothing about the next blot"


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
        extra-sum-of-squares F test of one EC50 for both, plateaus and slopes free, the vehicle common.
    """
    names = ("group", "time_min", "quantity", "compound_a", "compound_b", "ec50_ratio", "f", "freedom", "p")
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
) -> tuple[float, float, int, float] | None:
    each = [_curves(family, members, quantity) for members in (a, b)]
    both = _curves(family, [*a, *b], quantity, [0] * len(a) + [1] * len(b))
    if both is None or any(c is None for c in each):
        return None
    found = [estimate_ec50(c) for c in each if c is not None]
    if any(e.status != "ok" for e in found):
        return None
    f, p, freedom = equal_ec50_p(both)
    return found[0].ec50 / found[1].ec50, f, freedom, p
