"""Quality flags in words, for a person who has the panel and not the command line; no Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ublot.flags import FLAGS, ordered, severity_of
from ublot.io.cells import number_or_nan
from ublot.wording.lane_lists import lane_ranges
from ublot_napari.state.option_places import panel_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ublot import Analysis

__all__ = ["flag_advice", "flag_lines", "flag_severity", "learned"]

SEVERITY = {"refuse": "Refused", "warn": "Check", "note": "Note"}


def learned(before: Analysis, after: Analysis) -> str:
    """By how much lanes that a person did not touch changed with an edit, in words; empty where they did not.

    The fit of rungs and smear learns from all lanes of a blot, so that what is set right in one helps the others.
    """
    if before.params != after.params or before.layout != after.layout or len(before.geometry) != len(after.geometry):
        return ""
    rows = dict(before.edits.boundary_rows), dict(after.edits.boundary_rows)
    untouched = [
        k
        for k, (old, new) in enumerate(zip(before.geometry, after.geometry, strict=True))
        if old == new and rows[0].get(k + 1) == rows[1].get(k + 1)
    ]
    if len(untouched) == len(after.geometry):
        return ""
    shares = before.columns["lanes"]["hmw_fraction"], after.columns["lanes"]["hmw_fraction"]
    old, new = ([round(number_or_nan(share), DECIMALS) for share in shares_of] for shares_of in shares)
    changes = {k + 1: abs(new[k] - old[k]) for k in untouched if abs(new[k] - old[k]) > 0}
    if not changes:
        return ""
    most = max(changes, key=changes.__getitem__)
    return (
        f"Other lanes changed with it, by {changes[most]:.3f} of HMW fraction at most (lane {most}): "
        "lanes are fitted together and learn from each other."
    )


DECIMALS = 3
"""Of the HMW fraction in the table: what changes there is told."""


def flag_advice(name: str) -> str:
    """What a flag means and what to do; its name for one that is not known."""
    flag = FLAGS.get(name)
    return name.replace("_", " ") if flag is None else f"{flag.meaning}. What to do: {panel_words(flag.advice)}."


def flag_severity(name: str) -> str:
    """How much a flag weighs; one that is not known is a note."""
    return severity_of(name) if name in FLAGS else "note"


def flag_lines(flags_of: Mapping[int, Iterable[str]], *, overridden: bool = False) -> list[tuple[str, str, list[int]]]:
    """Flags, what they say in words, and the lanes that carry them; the severest first.

    Parameters
    ----------
    flags_of : mapping of int to iterable of str
        Names of the flags of every lane.
    overridden : bool
        A person has unfit images scored: what would refuse has not.
    """
    lanes: dict[str, list[int]] = {}
    for lane, names in flags_of.items():
        for name in names:
            lanes.setdefault(name, []).append(lane)
    rank = list(SEVERITY)
    severity = {name: flag_severity(name) for name in lanes}
    lines = []
    for name in sorted(ordered(lanes), key=lambda n: rank.index(severity[n])):
        where = "all lanes" if len(lanes[name]) == len(flags_of) > 1 else lane_ranges(lanes[name])
        word = "Scored all the same" if overridden and severity[name] == "refuse" else SEVERITY[severity[name]]
        lines.append((name, f"{word}, {where}: {flag_advice(name)}", lanes[name]))
    return lines
