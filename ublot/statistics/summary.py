"""Means of conditions with intervals, and their comparison with the vehicle: what ``summary.csv`` holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.flags import join_flags
from ublot.statistics.dunnett import LEAST, compare_with_control, interaction_p, t_interval
from ublot.statistics.reactions import QUANTITIES, RELATIVE, Condition, Family, Reaction, families
from ublot.statistics.scales import Scale, fitting_scale, from_scale, to_scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["SUMMARY_COLUMNS", "blot_notes", "summary_columns"]

SUMMARY_COLUMNS = (
    *("group", "role", "compound", "concentration_nM", "time_min", "quantity"),
    *("n", "blots", "mean", "sd", "low", "high", "p_vehicle", "scale", "flags"),
)
"""Columns of `summary.csv`; `flags` are those of all lanes that a mean rests on."""


_VEHICLE = "vehicle"
DIFFERING = 0.01  # chance below which blots are said to differ in what conditions do


def summary_columns(reactions: Iterable[Reaction]) -> dict[str, list[Any]]:
    """One row per condition and quantity.

    ``mean, low, high`` are in the quantity's own unit, computed on the scale that ``scale`` names (geometric mean for
    ``log``); ``sd`` is on that scale (natural logarithm, log-odds). ``low`` to ``high`` is Student's 95 % interval of
    the mean from 3 reactions on; where a blot holds several reactions of a condition, the means of the blots enter it.
    ``p_vehicle`` compares with the vehicle of the group (and time), blots as blocks, adjusted for all conditions of
    that group and time (`ublot.statistics.dunnett.compare_with_control`).

    Parameters
    ----------
    reactions : iterable of Reaction

    Returns
    -------
    dict of str to list
        `SUMMARY_COLUMNS`.
    """
    rows = []
    for family in families(reactions):
        for quantity, wanted in QUANTITIES.items():
            rows += _rows(family, quantity, wanted)
    rows.sort(key=lambda row: row[0])
    return {name: [row[1][name] for row in rows] for name in SUMMARY_COLUMNS}


def _rows(family: Family, quantity: str, wanted: Scale) -> list[tuple[Any, dict[str, Any]]]:
    known = [r for r in family.reactions if math.isfinite(r.values.get(quantity, math.nan))]
    if not known:
        return []
    # A negative control may be below zero and is not compared: it does not decide how the others are.
    compared = [r for r in known if r.role != "negative"]
    scale = fitting_scale([r.values[quantity] for r in compared], wanted)
    p_of = _adjusted(compared, quantity, scale)
    members: dict[Condition, list[Reaction]] = {}
    for reaction in known:
        members.setdefault(reaction.condition, []).append(reaction)
    order = list(QUANTITIES).index(quantity)
    out = []
    for condition, same in members.items():
        own = fitting_scale([r.values[quantity] for r in same], scale)
        key = (family.group, condition.time, condition, order)
        first = same[0]
        row = {
            "group": family.group,
            "role": first.role,
            "compound": first.compound,
            "concentration_nM": first.concentration_nM,
            "time_min": first.time_min,
            "quantity": quantity,
            **_describe(same, quantity, own),
            "p_vehicle": p_of.get(condition, math.nan),
            "scale": own,
            "flags": join_flags(*(r.flags for r in same)),
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
    if quantity in RELATIVE and same[0].role == "vehicle":
        # The vehicle is 1 on every blot by definition: only the scatter within blots is its own.
        freedom = n - len(names)
        z = z - of_blot[[names.index(b) for b in blots]]
        mean = float(of_blot.mean())
    else:
        mean = float(z.mean())
        z = z - mean
        if n >= LEAST:
            low, high = t_interval(z + mean if len(names) in (1, n) else of_blot)
    limits = from_scale([mean, low, high], scale)
    return {
        "n": n,
        "blots": len(names),
        "mean": float(limits[0]),
        "sd": math.sqrt(float(z @ z) / freedom) if freedom > 0 else math.nan,
        "low": float(limits[1]),
        "high": float(limits[2]),
    }


def _adjusted(compared: Sequence[Reaction], quantity: str, scale: Scale) -> dict[Any, float]:
    z: NDArray[np.float64] = to_scale([r.values[quantity] for r in compared], scale)
    labels = [_VEHICLE if r.role == "vehicle" else r.condition for r in compared]
    found = compare_with_control(z, labels, [r.blot for r in compared], _VEHICLE)
    return {condition: contrast.p for condition, contrast in found.items()}


def blot_notes(reactions: Iterable[Reaction], quantity: str) -> list[str]:
    """Say where blots differ in what compounds do: ``p_vehicle`` then speaks for these blots, not for the next.

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
            notes.append(f"{said}: p_vehicle holds for these blots, the intervals of the means for blots to come")
    return notes
