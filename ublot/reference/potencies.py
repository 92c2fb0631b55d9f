"""Published potencies of SMAC mimetics, one value a row with its source, kept where sources disagree.

A potency is comparable only with its own kind: a K_i or K_d is a property of the pair of molecules, an IC50 or EC50 one
of the assay as well.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["POTENCY_COLUMNS", "Potency", "all_potencies", "find_potencies", "potency_columns"]

POTENCY_COLUMNS = (
    *("compound", "target", "kind", "relation", "value_nM", "value_high_nM", "system", "evidence", "source"),
    *("conflict", "note"),
)


@dataclass(frozen=True)
class Potency:
    """One published value.

    Attributes
    ----------
    compound : str
    aliases : tuple of str
    target : str
        Protein, or ``growth`` for a cell assay.
    kind : {"Ki", "Kd", "IC50", "EC50"}
    relation : {"=", "<", ">", "~"}
    value_nM, value_high_nM : float
        The second is NaN unless the source gives a range.
    system : str
        Domain, cells, or ``not stated``.
    evidence : {"primary", "secondary"}
        Whether the source measured it itself.
    source : str
    conflict : bool
        Another source disagrees; `note` says how.
    note : str
    """

    compound: str
    aliases: tuple[str, ...]
    target: str
    kind: str
    relation: str
    value_nM: float
    value_high_nM: float
    system: str
    evidence: str
    source: str
    conflict: bool
    note: str


@cache
def all_potencies() -> tuple[Potency, ...]:
    """Every value of the table that ships with the package."""
    text = files("ublot.reference").joinpath("potencies.csv").read_text("utf-8")
    return tuple(
        Potency(
            row["compound"],
            tuple(name for name in row["aliases"].split(";") if name),
            row["target"],
            row["kind"],
            row["relation"],
            float(row["value_nM"]),
            float(row["value_high_nM"] or math.nan),
            row["system"],
            row["evidence"],
            row["source"],
            row["conflict"] == "yes",
            row["note"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def find_potencies(compound: str) -> tuple[Potency, ...]:
    """Values of a compound under any of its names, whatever the case, spaces and hyphens.

    Of several names in one, as in ``Debio 1143 (AT-406)`` or ``birinapant / TL32711``, any will do.
    """
    wanted = {_plain(part) for part in (compound, *re.split(r"[()\[\]/,;=]", compound))} - {""}
    return tuple(p for p in all_potencies() if wanted & {_plain(n) for n in (p.compound, *p.aliases)})


def potency_columns(compounds: Iterable[str]) -> dict[str, list[Any]]:
    """Columns of all values of some compounds, under the names they are asked by."""
    rows = [(name, p) for name in compounds for p in find_potencies(name)]
    out: dict[str, list[Any]] = {c: [getattr(p, c) for _, p in rows] for c in POTENCY_COLUMNS}
    out["compound"] = [name for name, _ in rows]
    out["conflict"] = ["yes" if p.conflict else "" for _, p in rows]
    return out
