"""Quality flags in words, with what to do about them: the registry of `ublot.flags` told for one blot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ublot.flags import FLAGS, severity_of
from ublot.wording.words import count_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FlagWords", "flags_in_words"]

SEVERITY = {"refuse": "Not scored", "warn": "Care", "note": "Note"}
OVERRIDDEN = "Scored all the same"


@dataclass(frozen=True)
class FlagWords:
    """One flag, as a page tells it."""

    name: str
    severity: str
    word: str
    where: str
    meaning: str
    advice: str


def flags_in_words(rows: Sequence[Mapping[str, Any]], also: Sequence[str] = ()) -> list[FlagWords]:
    """Every flag once, the gravest first.

    Parameters
    ----------
    rows : sequence of mapping
        As in ``lanes.csv``.
    also : sequence of str
        Flags of the whole image, for a blot without lanes.
    """
    lanes: dict[str, list[int]] = {name: [] for name in also}
    scored: set[str] = set()  # flags that some lane was scored in spite of
    for row in rows:
        names = list(filter(None, str(row.get("flags") or "").split(";")))
        scored.update(names if "override" in names else ())
        for name in names:
            lanes.setdefault(name, []).append(int(row["lane"]))
    rank = {"refuse": 0, "warn": 1, "note": 2}
    out = []
    for name, numbers in lanes.items():
        flag = FLAGS.get(name)
        severity = severity_of(name)
        word = OVERRIDDEN if severity == "refuse" and name in scored else SEVERITY[severity]
        where = "all lanes" if len(numbers) == len(rows) else count_text(numbers)
        if not numbers:
            where = "the whole picture"
        meaning = flag.meaning if flag else "no meaning is on record"
        advice = flag.advice if flag else "look at the picture"
        out.append(FlagWords(name, severity, word, where, _sentence(meaning), advice))
    order = {name: i for i, name in enumerate(FLAGS)}
    return sorted(out, key=lambda f: (rank[f.severity], order.get(f.name, len(order))))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
