"""Published potencies of SMAC mimetics, one value a row with its source, kept where sources disagree.

A potency is comparable only with its own kind: a K_i or K_d is a property of the pair of molecules, an IC50 or EC50 one
of the assay as well.
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["OWN_POTENCIES", "POTENCY_COLUMNS", "Potency", "all_potencies", "find_potencies", "potency_columns"]

OWN_POTENCIES = "UBLOT_POTENCIES"
"""Environment variable that names a table of one's own values, which stand before those of the package."""

KINDS = ("Ki", "Kd", "IC50", "EC50")
RELATIONS = ("=", "<", ">", "~")

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
    evidence : {"primary", "secondary", "own table"}
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


def all_potencies() -> tuple[Potency, ...]:
    """Every value of the table that ships with the package, those of one's own table (`OWN_POTENCIES`) first.

    Raises
    ------
    BlotError
        One's own table cannot be read.
    """
    own = os.environ.get(OWN_POTENCIES, "").strip()
    return (
        *(_own_potencies(own, Path(own).stat().st_mtime_ns if Path(own).is_file() else 0) if own else ()),
        *_shipped(),
    )


@cache
def _shipped() -> tuple[Potency, ...]:
    text = files("ublot.reference").joinpath("potencies.csv").read_text("utf-8")
    return tuple(_potency(row, "potencies.csv") for row in csv.DictReader(text.splitlines()))


@cache
def _own_potencies(path: str, changed: int) -> tuple[Potency, ...]:
    """Values of a table as it was when it was `changed`: comma, semicolon or tab; columns as in `POTENCY_COLUMNS`."""
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        fix = f"{OWN_POTENCIES} names a table in UTF-8 with compound, target, kind, value_nM and source"
        raise BlotError(f"cannot be read ({error})", path, fix) from None
    head = lines[0] if lines else ""
    rows = list(csv.DictReader(lines, delimiter=max(",;\t", key=head.count)))
    lacking = [name for name in ("compound", "target", "kind", "value_nM", "source") if name not in head]
    if lacking:
        raise BlotError(f"no column {', '.join(lacking)}", path, "each value takes its kind and where it stands")
    return tuple(_potency(row, f"{path}, row {k}") for k, row in enumerate(rows, 2))


def _potency(row: Mapping[str, str | None], place: str) -> Potency:
    cells = {name: (row.get(name) or "").strip() for name in (*POTENCY_COLUMNS, "aliases")}
    kind = next((k for k in KINDS if k.casefold() == cells["kind"].casefold().replace("_", "")), None)
    relation = cells["relation"] or "="
    try:
        value, high = (float((cells[c] or "nan").replace(",", ".")) for c in ("value_nM", "value_high_nM"))
    except ValueError:
        raise BlotError(f"value_nM {cells['value_nM']!r} is no number", place, "give a number in nM") from None
    if kind is None or relation not in RELATIONS or not value > 0:
        what = f"kind {cells['kind']!r}, relation {relation!r}, value_nM {cells['value_nM']!r} cannot be right"
        allowed = f"allowed: {', '.join(KINDS)}; {' '.join(RELATIONS)}; a number above 0"
        raise BlotError(what, place, allowed)
    if not (cells["compound"] and cells["target"] and cells["source"]):
        raise BlotError("a value without compound, target or source", place, "say of what it is and where it stands")
    return Potency(
        cells["compound"],
        tuple(name for name in cells["aliases"].split("|" if "|" in cells["aliases"] else ";") if name),
        cells["target"],
        kind,
        relation,
        value,
        high,
        cells["system"] or "not stated",
        cells["evidence"] or "own table",
        cells["source"],
        cells["conflict"].casefold() == "yes",
        cells["note"],
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
