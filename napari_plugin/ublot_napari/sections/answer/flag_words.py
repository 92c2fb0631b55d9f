"""Quality flags in words, for a person who has the panel and not the command line; no Qt here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ublot.flags import FLAGS, ordered, severity_of
from ublot.inputs.params import Params

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["flag_advice", "flag_lines", "flag_severity", "lane_ranges", "panel_words"]

SEVERITY = {"refuse": "Refused", "warn": "Check", "note": "Note"}
_OPTION = re.compile(r"--([a-z][a-z-]*)")


def panel_words(text: str) -> str:
    """A message with the command line's options under the names that they have in the panel."""

    def title(found: re.Match[str]) -> str:
        field = Params.model_fields.get(found.group(1).replace("-", "_"))
        return f"“{field.title}”" if field is not None else found.group()

    return _OPTION.sub(title, text)


def flag_advice(name: str) -> str:
    """What a flag means and what to do; its name for one that is not known."""
    flag = FLAGS.get(name)
    return name.replace("_", " ") if flag is None else panel_words(f"{flag.meaning}. What to do: {flag.advice}.")


def flag_severity(name: str) -> str:
    """How much a flag weighs; one that is not known is a note."""
    return severity_of(name) if name in FLAGS else "note"


def flag_lines(flags_of: Mapping[int, Iterable[str]]) -> list[tuple[str, str, list[int]]]:
    """Flags, what they say in words, and the lanes that carry them; the severest first.

    Parameters
    ----------
    flags_of : mapping of int to iterable of str
        Names of the flags of every lane.
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
        lines.append((name, f"{SEVERITY[severity[name]]}, {where}: {flag_advice(name)}", lanes[name]))
    return lines


def lane_ranges(numbers: Sequence[int]) -> str:
    """``lanes 2-4, 7``."""
    runs: list[list[int]] = []
    for n in sorted(numbers):
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    parts = [str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a}–{b}" for a, b in runs]
    return f"lane{'s' * (len(numbers) > 1)} {', '.join(parts)}"
