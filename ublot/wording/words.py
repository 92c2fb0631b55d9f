"""How numbers and things are called in a report: folds, percentages, what is attached to what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.io.cells import number_or_nan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ublot.inputs.params import Params

__all__ = [
    "Wording",
    "affinity_text",
    "count_text",
    "dose_sentence",
    "interval_text",
    "lacking",
    "level_text",
    "number_text",
    "p_text",
    "percent_text",
    "region_words",
    "series_text",
    "wording",
]

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


def wording(params: Params, rows: Iterable[Mapping[str, Any]]) -> Wording:
    """Words for an analysis.

    Parameters
    ----------
    params : Params
    rows : iterable of mapping
        As in ``lanes.csv``; the vehicle's name is taken from there.
    """
    from ublot.reference.proteins import find_modifier, find_target

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


def lacking(rows: Iterable[Mapping[str, Any]], target: str, *, layout: bool) -> list[str]:
    """What it would take to call what was measured by its name, in words; none where all of it is there.

    Parameters
    ----------
    rows : iterable of mapping
        As in ``lanes.csv``.
    target : str
        Name of the target.
    layout : bool
        Whether there is one.
    """
    flags = {name for row in rows for name in str(row.get("flags") or "").split(";")}
    lacks = [] if layout else ["a layout that says what the lanes are"]
    lacks += ["a mass calibration"] * ("no_calibration" in flags)
    lacks += [f"a band seen at the mass of {target}"] * ("target_unseen" in flags)
    return lacks


def region_words(words: Wording | None = None, *, known: bool) -> dict[str, str]:
    """What the regions U, H and W are called.

    Parameters
    ----------
    words : Wording, optional
        Names the target and what carries the modifier.
    known : bool
        False where nothing says that the main band is the target, and what stands above it modified.
    """
    if not known:
        return {"U": "U, the main band", "H": "H, above it", "W": "W, the well"}
    unmodified, done = ("unmodified", "ubiquitinated") if words is None else (f"unmodified {words.target}", words.done)
    return {"U": f"U, {unmodified}", "H": f"H, {done}", "W": "W, the well"}


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


def affinity_text(row: Mapping[str, Any], of: str = "") -> str:
    """K_i or K_d of a row of ``dose_response.csv`` in nM with its interval, or its limit; empty without either.

    Parameters
    ----------
    row : mapping
    of : str
        What stands before the interval.
    """
    for key, name in (("ki", "K_i"), ("kd", "K_d")):
        value, above, below = (number_text(row.get(f"{key}{end}")) for end in ("_nM", "_above_nM", "_below_nM"))
        if value:
            return f"{name} {value} nM ({of}{interval_text(row.get(f'{key}_low'), row.get(f'{key}_high'))})"
        if below or above:
            return f"{name} {f'< {below}' if below else f'> {above}'} nM"
    return ""


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


def p_text(p: Any, *, sign: bool = False) -> str:
    """Chance with two digits; with `sign` as ``"p = 0.012"``; empty for none."""
    value = number_or_nan(p)
    if not math.isfinite(value):
        return ""
    if value < 1e-4:
        return "p < 0.0001" if sign else "< 0.0001"
    text = f"{value:.2g}" if value < 0.0995 else f"{value:.2f}"
    return f"p = {text}" if sign else text


def level_text(value: float) -> str:
    """A signal in a caption; a zero has no sign."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value + 0.0:.4g}"


def dose_sentence(fit: Mapping[str, Any], words: Wording) -> str:
    """What a row of ``dose_response.csv`` says."""
    name = str(fit["compound"]) or "the sample"
    name += f" ({fit['group']})" if fit["group"] else ""
    if fit["quantity"] == "unmodified_remaining":
        name += f", unmodified {words.target} left"
    if fit["status"] == "ok":
        bounds = interval_text(fit["ec50_low"], fit["ec50_high"])
        span = f"from {number_text(fit['bottom'])} to {number_text(fit['top'])} times {words.vehicle}"
        text = f"{name}: EC50 {number_text(fit['ec50_nM'])} nM (95 % {bounds}), Hill slope {number_text(fit['hill'])}"
        return f"{text}, {span}{'; ' + str(fit['note']) if fit['note'] else ''}."
    return f"{name}: no EC50 ({str(fit['status']).replace('_', ' ')}): {fit['note']}."
