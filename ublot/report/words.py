"""How numbers and things are called in a report: folds, percentages, what is attached to what."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.report.labels import number_or_nan

if TYPE_CHECKING:
    from ublot.params import Params

__all__ = ["Wording", "by_area", "count_text", "interval_text", "number_text", "percent_text", "series_text", "wording"]

#: Targets that modify themselves: what the assay measures is then *auto*-ubiquitination.
LIGASES = ("cIAP1", "cIAP1-BIR3-RING", "cIAP2", "XIAP", "ML-IAP", "MDM2")
ACTS = {"ubiquitin": "ubiquitination", "NEDD8": "NEDDylation", "ISG15": "ISGylation"}
DONE = {"ubiquitin": "ubiquitinated", "NEDD8": "NEDDylated", "ISG15": "ISGylated"}


@dataclass(frozen=True)
class Wording:
    """The words of one blot or comparison.

    Attributes
    ----------
    target, modifier : str
    act : str
        What is measured, such as ``"auto-ubiquitination of cIAP1"``.
    done : str
        What carries the modifier, such as ``"ubiquitinated cIAP1"``.
    share : str
        What `hmw_fraction` is, such as ``"ubiquitinated share of cIAP1"``.
    vehicle : str
        Name of the vehicle, ``DMSO`` where none is given.
    """

    target: str
    modifier: str
    act: str
    done: str
    share: str
    vehicle: str


def by_area(params: Params) -> bool:
    """Whether the area is the primary score: an antibody against the modifier, or lysates of cells."""
    return params.antibody == "modifier" or params.assay == "cells"


def wording(params: Params, rows: Iterable[Mapping[str, Any]]) -> Wording:
    """Words for an analysis.

    Parameters
    ----------
    params : Params
    rows : iterable of mapping
        As in ``lanes.csv``; the vehicle's name is taken from there.
    """
    from ublot.targets import find_modifier, find_target

    target, modifier = _known(params.target, find_target), _known(params.modifier, find_modifier)
    sumo = modifier.startswith("SUMO")
    act = ACTS.get(modifier, "SUMOylation" if sumo else f"modification with {modifier}")
    done = DONE.get(modifier, "SUMOylated" if sumo else "modified")
    itself = target in LIGASES and params.assay == "in-vitro" and modifier == "ubiquitin"
    name = f"{'auto-' if itself else ''}{act} of {target}"
    if params.antibody == "modifier":
        name = f"{modifier} signal above the mass of {target}"
    elif params.assay == "cells":
        name = f"{done} {target} in the cells"
    names = {str(row.get("compound") or "").strip() for row in rows if row.get("role") == "vehicle"} - {""}
    vehicle = names.pop() if len(names) == 1 else "DMSO" if not names else "the vehicle"
    return Wording(target, modifier, name, f"{done} {target}", f"{done} share of {target}", vehicle)


def _known(name: str, find: Any) -> str:
    """A protein's usual spelling; a name of its own stays as it is."""
    try:
        return str(find(name).name)
    except BlotError:
        return name


def number_text(value: Any) -> str:
    """Number with two significant digits, three from 10 on; empty for none."""
    v = number_or_nan(value)
    if not math.isfinite(v):
        return ""
    if v == 0:
        return "0"
    text = f"{v:.3g}" if 10 <= abs(v) < 1000 else f"{v:.0f}" if abs(v) >= 1000 else f"{v:#.2g}"
    return text.replace("-", "−")


def interval_text(low: Any, high: Any) -> str:
    """Two bounds as ``"2.8–3.4"``; with a word between them where a minus sign would be misread; empty for none."""
    a, b = number_text(low), number_text(high)
    if not (a and b):
        return ""
    return f"{a} to {b}" if "−" in a + b else f"{a}–{b}"


def percent_text(value: Any) -> str:
    """Share as percent without its sign, ``0.123`` as ``"12"``; empty for none."""
    v = number_or_nan(value)
    if not math.isfinite(v):
        return ""
    return (f"{100 * v:.1f}" if abs(v) < 0.0995 else f"{100 * v:.0f}").replace("-", "−")


def series_text(items: Iterable[Any], most: int = 0) -> str:
    """Items as ``"a, b and c"``; those beyond `most` are counted."""
    words = [str(item) for item in items]
    if most and len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def count_text(numbers: Sequence[int]) -> str:
    """Lane numbers as ``"lane 4"`` or ``"lanes 4, 6 and 7"``."""
    return f"lane{'' if len(numbers) == 1 else 's'} {series_text(numbers)}"
