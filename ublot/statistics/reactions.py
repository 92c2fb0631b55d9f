"""Independent reactions: what statistics count, joined from the lanes of one or more blots."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.flags import ordered
from ublot.model import SCORED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ublot.statistics.scales import Scale

__all__ = ["QUANTITIES", "RELATIVE", "Condition", "Family", "Reaction", "families", "given_or_first", "reactions_of"]

QUANTITIES: Mapping[str, Scale] = {
    "hmw_fraction": "logit",
    "hmw_fraction_net": "logit",
    "relative_hmw": "log",
    "relative_hmw_area": "log",
    "unmodified_remaining": "log",
    "mean_ubiquitins": "log",
}
"""Columns of `lanes.csv` that are averaged and compared, with the scale on which their errors are even."""

RELATIVE = ("relative_hmw", "relative_hmw_area", "unmodified_remaining")
"""Those that are ratios to the vehicle lanes of the same blot."""


@dataclass(frozen=True, order=True)
class Condition:
    """What was done to a reaction; conditions sort as a table should show them.

    Attributes
    ----------
    rank : int
        Place of the role: negative, vehicle, sample.
    compound : str
        In lower case, so that spelling does not divide a compound.
    concentration, time : float
        NM and minutes; -1 where not given.
    """

    rank: int
    compound: str
    concentration: float
    time: float


@dataclass(frozen=True)
class Reaction:
    """One independent reaction on one blot: the mean of its technical duplicates.

    Attributes
    ----------
    blot : str
    role, group, compound : str
    concentration_nM, time_min : float
        NaN where not given.
    values : mapping of str to float
        By quantity; NaN where a lane was refused or has none.
    flags : tuple of str
        Of its lanes.
    """

    blot: str
    role: str
    group: str
    compound: str
    concentration_nM: float
    time_min: float
    values: Mapping[str, float]
    flags: tuple[str, ...] = ()

    @property
    def condition(self) -> Condition:
        rank = ("negative", "vehicle", "sample").index(self.role)
        return Condition(rank, *_what(self.role, self.compound, self.concentration_nM), given_or_first(self.time_min))


def given_or_first(value: float) -> float:
    """A dose or time by which things are told apart and put in order: what is not given is alike, and comes first."""
    return -1.0 if math.isnan(value) else value


def _what(role: str, compound: str, concentration: float) -> tuple[str, float]:
    """What tells conditions of a role apart. All vehicle is one, whether its dose is written 0 or left empty."""
    return ("", -1.0) if role == "vehicle" else (compound.casefold(), given_or_first(concentration))


def reactions_of(lanes: Mapping[str, Sequence[Any]], blot: str) -> tuple[list[Reaction], list[str]]:
    """Independent reactions of one blot.

    Lanes of one condition with the same ``replicate`` are technical duplicates: they are averaged. So are lanes of one
    condition without any ``replicate``, since nothing says that they are more than one reaction loaded again.

    Parameters
    ----------
    lanes : mapping of str to sequence
        Columns of `lanes.csv`.
    blot : str
        Its name.

    Returns
    -------
    reactions : list of Reaction
    notes : list of str
        What was averaged because nothing said otherwise.
    """
    grouped: dict[tuple[Any, ...], list[int]] = {}
    for i, role in enumerate(lanes["role"]):
        if role in SCORED:
            text = [str(lanes[name][i] or "") for name in ("group", "compound", "replicate")]
            dose, time = (_number(lanes[name][i]) for name in ("concentration_nM", "time_min"))
            key = (role, text[0], *_what(role, text[1], dose), given_or_first(time), text[2])
            grouped.setdefault(key, []).append(i)
    reactions = []
    unlabelled = []
    for key, rows in grouped.items():
        first = rows[0]
        numbers = [_number(lanes[name][first]) for name in ("concentration_nM", "time_min")]
        values = {name: _mean(_number(lanes[name][i]) for i in rows) for name in QUANTITIES if name in lanes}
        compound = str(lanes["compound"][first] or "")
        names = {n for i in rows for n in str(lanes["flags"][i] or "").split(";") if n} if "flags" in lanes else ()
        reactions.append(Reaction(blot, key[0], key[1], compound, numbers[0], numbers[1], values, ordered(names)))
        if len(rows) > 1 and not key[-1]:
            unlabelled.append(f"{', '.join(str(int(lanes['lane'][i])) for i in rows)}")
    if not unlabelled:
        return reactions, []
    said = f"{blot}: lanes {'; '.join(unlabelled)} are averaged and count as one reaction each time"
    return reactions, [f"{said}: the layout gives no replicate; number independent reactions there"]


def _number(value: Any) -> float:
    try:
        return math.nan if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return math.nan


def _mean(values: Iterable[float]) -> float:
    known = [v for v in values if math.isfinite(v)]
    return float(np.mean(known)) if known else math.nan


@dataclass(frozen=True)
class Family:
    """Reactions that are compared with the same vehicle.

    Attributes
    ----------
    group : str
    time_min : float
        NaN where the vehicle serves all times.
    reactions : tuple of Reaction
    """

    group: str
    time_min: float
    reactions: tuple[Reaction, ...]

    @property
    def vehicles(self) -> list[Reaction]:
        return [r for r in self.reactions if r.role == "vehicle"]


def families(reactions: Iterable[Reaction]) -> list[Family]:
    """Divide reactions by group, and by time where the group's vehicle lanes carry times."""
    by_group: dict[str, list[Reaction]] = {}
    for reaction in reactions:
        by_group.setdefault(reaction.group, []).append(reaction)
    found = []
    for group, members in sorted(by_group.items()):
        if not any(r.role == "vehicle" and math.isfinite(r.time_min) for r in members):
            found.append(Family(group, math.nan, tuple(members)))
            continue
        times = {given_or_first(r.time_min) for r in members}
        for time in sorted(times):
            same = tuple(r for r in members if given_or_first(r.time_min) == time)
            found.append(Family(group, math.nan if time < 0 else time, same))
    return found
