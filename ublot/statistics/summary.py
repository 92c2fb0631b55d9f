"""Means of conditions with intervals, and their comparison with the vehicle: what ``summary.csv`` holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.flags import join_flags
from ublot.statistics.across_blots import compare_across_blots
from ublot.statistics.dunnett import LEAST, Contrast, compare_with_controls, interaction_p, t_interval
from ublot.statistics.reactions import QUANTITIES, RELATIVE, Condition, Family, Reaction, families
from ublot.statistics.scales import Scale, fitting_scale, from_scale, to_scale

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

__all__ = ["SUMMARY_COLUMNS", "blot_notes", "summary_columns"]

SUMMARY_COLUMNS = (
    *("group", "role", "compound", "concentration_nM", "time_min", "quantity"),
    *("n", "blots", "mean", "sd", "low", "high", "p_vehicle", "scale", "flags"),
    *("unit", "freedom"),
)
"""Columns of `summary.csv`; `flags` are those of all lanes that a mean rests on, `unit` is what its p counts."""


RATIOS = (*RELATIVE, "percent_of_vehicle")  # the vehicle is the same on every blot or plate, by definition
DIFFERING = 0.01  # chance below which blots are said to differ in what conditions do


def summary_columns(
    reactions: Iterable[Reaction], quantities: Mapping[str, Scale] = QUANTITIES
) -> dict[str, list[Any]]:
    """One row per condition and quantity.

    ``mean, low, high`` are in the quantity's own unit, computed on the scale that ``scale`` names (geometric mean for
    ``log``); ``sd`` is on that scale (natural logarithm, log-odds). The unit of evidence is the blot: where there are
    several, the mean is that of the blots' means, and ``low`` to ``high`` is Student's 95 % interval over these (from 3
    reactions on). With one blot the reactions are the unit. ``p_vehicle`` compares with the vehicle of the group (and
    time), adjusted for all conditions and times of that group: over the blots' own differences from their vehicle
    (`ublot.statistics.across_blots`), or over the reactions of a single blot (`ublot.statistics.dunnett`); ``unit`` is
    ``blots`` or ``reactions``, and ``freedom`` the degrees of freedom. It is empty with fewer than 3 reactions of the
    condition or of the vehicle, and where only one of several blots holds both.

    Parameters
    ----------
    reactions : iterable of Reaction
    quantities : mapping of str to scale
        What is averaged, and the scale on which its errors are even.

    Returns
    -------
    dict of str to list
        `SUMMARY_COLUMNS`.
    """
    groups: dict[str, list[Family]] = {}
    for family in families(reactions):
        groups.setdefault(family.group, []).append(family)
    rows = []
    for together in groups.values():
        for place, (quantity, wanted) in enumerate(quantities.items()):
            scales = [_scale(family, quantity, wanted) for family in together]
            tests = _tests(together, quantity, scales)
            for i, family in enumerate(together):
                rows += _rows(family, quantity, place, scales[i], {c: t for (j, c), t in tests.items() if j == i})
    rows.sort(key=lambda row: row[0])
    return {name: [row[1][name] for row in rows] for name in SUMMARY_COLUMNS}


def _known(family: Family, quantity: str) -> list[Reaction]:
    return [r for r in family.reactions if math.isfinite(r.values.get(quantity, math.nan))]


def _scale(family: Family, quantity: str, wanted: Scale) -> Scale:
    # A negative control may be below zero and is not compared: it does not decide how the others are.
    return fitting_scale([r.values[quantity] for r in _known(family, quantity) if r.role != "negative"], wanted)


def _rows(
    family: Family, quantity: str, place: int, scale: Scale, tests: dict[Condition, tuple[str, Contrast]]
) -> list[tuple[Any, dict[str, Any]]]:
    members: dict[Condition, list[Reaction]] = {}
    for reaction in _known(family, quantity):
        members.setdefault(reaction.condition, []).append(reaction)
    out = []
    for condition, same in members.items():
        own = fitting_scale([r.values[quantity] for r in same], scale)
        key = (family.group, condition.time, condition, place)
        first = same[0]
        unit, test = tests.get(condition, ("", None))
        row = {
            "group": family.group,
            "role": first.role,
            "compound": first.compound,
            "concentration_nM": first.concentration_nM,
            "time_min": first.time_min,
            "quantity": quantity,
            **_describe(same, quantity, own),
            "p_vehicle": test.p if test else math.nan,
            "scale": own,
            "flags": join_flags(*(r.flags for r in same)),
            "unit": unit,
            "freedom": test.freedom if test else math.nan,
        }
        out.append((key, row))
    return out


def _describe(same: Sequence[Reaction], quantity: str, scale: Scale) -> dict[str, Any]:
    z = to_scale([r.values[quantity] for r in same], scale)
    blots = [r.blot for r in same]
    names = list(dict.fromkeys(blots))
    of_blot = np.array([z[[b == name for b in blots]].mean() for name in names])
    n = len(z)
    low, high = math.nan, math.nan
    freedom = n - 1
    if quantity in RATIOS and same[0].role == "vehicle":
        # The vehicle is 1 on every blot by definition: only the scatter within blots is its own.
        freedom = n - len(names)
        z = z - of_blot[[names.index(b) for b in blots]]
        mean = float(of_blot.mean())
    else:
        several = len(names) > 1
        mean = float(of_blot.mean() if several else z.mean())
        if n >= LEAST:
            low, high = t_interval(of_blot if several else z)
        z = z - z.mean()
    limits = from_scale([mean, low, high], scale)
    return {
        "n": n,
        "blots": len(names),
        "mean": float(limits[0]),
        "sd": math.sqrt(float(z @ z) / freedom) if freedom > 0 else math.nan,
        "low": float(limits[1]),
        "high": float(limits[2]),
    }


def _tests(
    together: Sequence[Family], quantity: str, scales: Sequence[Scale]
) -> dict[tuple[int, Condition], tuple[str, Contrast]]:
    """By family and condition of a group: what the test counts, and its result."""
    compared = [[r for r in _known(family, quantity) if r.role != "negative"] for family in together]
    blots = {r.blot for members in compared for r in members if r.role == "vehicle"}
    if len(blots) > 1:
        return {key: ("blots", found) for key, found in _across(compared, quantity, scales).items()}
    # One scatter for all times takes one scale.
    common = scales[0] if len(set(scales)) == 1 else "arithmetic"
    labels: list[tuple[int, Condition | None]] = []
    values = []
    for i, members in enumerate(compared):
        labels += [(i, None if r.role == "vehicle" else r.condition) for r in members if r.blot in blots]
        values += [r.values[quantity] for r in members if r.blot in blots]
    pairs: dict[Hashable, Hashable] = {label: (label[0], None) for label in labels if label[1] is not None}
    found = compare_with_controls(to_scale(values, common), labels, pairs)
    return {key: ("reactions", contrast) for key, contrast in found.items()}  # type: ignore[misc]


def _across(
    compared: Sequence[Sequence[Reaction]], quantity: str, scales: Sequence[Scale]
) -> dict[tuple[int, Condition], Contrast]:
    """Differences of each condition from the vehicle of its own blot, tested over the blots."""
    differences: dict[Hashable, dict[Hashable, float]] = {}
    for i, (members, scale) in enumerate(zip(compared, scales, strict=True)):
        cells: dict[Condition | None, dict[str, list[float]]] = {}
        for r, value in zip(members, to_scale([r.values[quantity] for r in members], scale), strict=True):
            condition = None if r.role == "vehicle" else r.condition
            cells.setdefault(condition, {}).setdefault(r.blot, []).append(float(value))
        vehicle = cells.pop(None, {})
        for condition, of_blot in cells.items():
            both = [blot for blot in of_blot if blot in vehicle]
            if min(sum(len(of[blot]) for blot in both) for of in (of_blot, vehicle)) >= LEAST:
                differences[i, condition] = {b: float(np.mean(of_blot[b]) - np.mean(vehicle[b])) for b in both}
    return compare_across_blots(differences)  # type: ignore[return-value]


def blot_notes(reactions: Iterable[Reaction], quantity: str) -> list[str]:
    """Say where blots differ in what compounds do: more blots, not more reactions, then make the mean surer.

    Parameters
    ----------
    reactions : iterable of Reaction
    quantity : str
        The primary one.
    """
    notes = []
    for family in families(reactions):
        known = [
            r for r in family.reactions if r.role != "negative" and math.isfinite(r.values.get(quantity, math.nan))
        ]
        if len({r.blot for r in known}) < 2:
            continue
        values = [r.values[quantity] for r in known]
        z = to_scale(values, fitting_scale(values, QUANTITIES[quantity]))
        p = interaction_p(z, [r.condition for r in known], [r.blot for r in known])
        if p < DIFFERING:
            where = f"group {family.group}: " if family.group else ""
            said = f"{where}blots differ in what the conditions do to {quantity} (p = {p:.1g})"
            notes.append(f"{said}: the intervals and p_vehicle allow for it and count blots")
    return notes
