"""Concentrations as people write them: units in the header, in a column of their own or in the cell; logarithms."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ublot.errors import BlotError
from ublot.io.tables import Table, cell_number, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "TO_NM",
    "Concentrations",
    "concentration_column",
    "find_concentrations",
    "nm_text",
    "unit_column",
    "words_of",
]

TO_NM = {"fm": 1e-6, "pm": 1e-3, "nm": 1.0, "um": 1e3, "mm": 1e6, "m": 1e9}
"""Factors to nM, by unit in lower case with ``u`` for micro; ``m`` alone is molar."""

_STEMS = {"concentration", "conc", "concn", "concentrations", "dose", "doses", "dosage"}
_BESIDE = {"final", "compound", "drug", "inhibitor", "ligand", "in", "total", "well", "of", "the", "cmpd", "test"}
_GIVEN = {"compound", "drug", "inhibitor", "ligand", "cmpd"}
_UNIT_COLUMNS = {"unit", "units", "conc unit", "concentration unit", "dose unit", "conc units", "concentration units"}
_MASSES = {"ug", "ng", "mg", "pg", "g"}
_OWN_UNIT = re.compile(r"(.*[\d.])\s*([a-zA-Zµμ]+(?:/[lL])?)")
_AGREE = 0.01  # two columns of one concentration agree within what rounding to three digits leaves


@dataclass(frozen=True)
class _Column:
    name: str
    factor: float | None  # None: the unit stands elsewhere
    log: bool
    sign: float = 1.0  # of a logarithm


def words_of(name: str) -> list[str]:
    """Words of a header in lower case, whatever stands between them: ``Dose (µM)`` is ``dose``, ``um``."""
    plain = name.replace("µ", "u").replace("μ", "u").casefold()
    return [word for word in re.split(r"[^a-z0-9]+", plain) if word]


def _unit(words: Sequence[str]) -> tuple[float | None, list[str]]:
    """Factor of a unit in the words of a header, and the words without it."""
    joined = list(words)
    for i, word in enumerate(joined):
        if word in {"mol", "fmol", "pmol", "nmol", "umol", "mmol"} and i + 1 < len(joined) and joined[i + 1] == "l":
            joined[i : i + 2] = [word.removesuffix("mol") + "m"]
            break
    units = [word for word in joined if word in TO_NM]
    rest = [word for word in joined if word not in TO_NM]
    return (TO_NM[units[-1]] if len(units) == 1 else None), rest


def unit_column(name: str) -> bool:
    """Whether a header names a column with the units of a concentration beside it."""
    return " ".join(words_of(name)) in _UNIT_COLUMNS


def concentration_column(name: str) -> bool:
    """Whether a header names a concentration, its unit given or not."""
    return _as_column(name) is not None


def _as_column(name: str) -> _Column | None:
    words = words_of(name)
    if _MASSES & set(words):
        return None
    log = False
    if words[:1] in (["neg"], ["negative"]):
        words = words[1:]
    if words and re.fullmatch(r"log(10)?", words[0]):
        log, words = True, words[1:]
        words = words[1:] if words[:1] == ["10"] else words
    elif len(words) == 1 and (short := re.fullmatch(r"log(?:10)?([fpnum]?m)", words[0])):
        log, words = True, [short[1]]
    factor, rest = _unit(words)
    stem = bool(_STEMS & set(rest)) and set(rest) <= _STEMS | _BESIDE
    # A unit alone is a concentration; the single letter m is not, unless it is molar by a logarithm before it.
    alone = not rest and factor is not None and (log or words != ["m"])
    # [Inhibitor] (nM): an amount of something that is given.
    amount = bool(_GIVEN & set(rest)) and set(rest) <= _BESIDE and factor is not None and "m" not in words
    if not stem and not alone and not amount:
        return None
    # pIC50 are written so: -log10 M.
    negative = log and re.match(r"\s*(?:[-−–]|neg(?:ative)?\b)", name, re.IGNORECASE) is not None
    return _Column(name, factor, log, -1.0 if negative else 1.0)


@dataclass(frozen=True)
class Concentrations:
    """The columns of a table that hold the concentration."""

    table: Table
    columns: tuple[_Column, ...]
    unit: str | None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def with_units(self) -> Concentrations | None:
        """The columns whose unit is known, from the header, a column beside or every cell; None for none of them."""
        kept = tuple(c for c in self.columns if self.unit is not None or c.factor is not None or self._all_say(c))
        return Concentrations(self.table, kept, self.unit) if kept else None

    def _all_say(self, column: _Column) -> bool:
        cells = [cells[column.name] for _, cells in self.table.rows]
        own = [_OWN_UNIT.fullmatch(text) for text in cells if text.strip("0.,")]
        return bool(own) and all(found is not None and _factor(found[2]) is not None for found in own)

    def read(self, row: int, cells: Mapping[str, str]) -> float | None:
        """Concentration of a row in nM; None where its cells are empty.

        Raises
        ------
        BlotError
            No number, below 0, without a unit, or columns that contradict each other.
        """
        found = [(c, value) for c in self.columns if (value := self._value(row, cells, c)) is not None]
        if not found:
            return None
        first, value = found[0]
        for other, again in found[1:]:
            if abs(again - value) > _AGREE * max(abs(again), abs(value)):
                what = f"{first.name} says {value:g} nM and {other.name} says {again:g} nM"
                raise BlotError(what, f"{self.table.name}, row {row}", "keep the column that is right")
        return value

    def _value(self, row: int, cells: Mapping[str, str], column: _Column) -> float | None:
        text = cells[column.name]
        where = f"{self.table.name}, row {row}, column {column.name}"
        if not text or (column.log and text.casefold().lstrip("-") in {"inf", "infinity", "∞"}):
            return None if not text else 0.0
        factor = column.factor
        own = _OWN_UNIT.fullmatch(text)
        said = cells.get(self.unit, "") if self.unit else ""
        if own is not None and not column.log and _factor(own[2]) is not None:
            text, factor = own[1].strip(), _factor(own[2])  # what is written at the number is meant
        if said:
            factor = self._same(factor, _factor(said), where, said)
        if text == cells[column.name]:
            value = cell_number(self.table, row, cells, column.name)
        else:
            try:
                value = number(text, decimal_comma=self.table.decimal_comma)
            except ValueError:
                raise BlotError(f"{cells[column.name]!r} is not a number", where, "write a plain number") from None
        if column.log:
            if factor is None:
                raise BlotError("the unit of the logarithm is missing", where, "name the column log10_M or log10_nM")
            if not -30 < value < 30:
                raise BlotError(f"{text} cannot be right", where, "allowed: a logarithm to the base 10")
            return factor * 10 ** (column.sign * value)
        if value < 0:
            raise BlotError(f"{text} is below 0", where, "concentrations are 0 or more")
        if value == 0:
            return 0.0
        if factor is None:
            fix = "name the column concentration_nM (or _uM, _mM, _M, _pM), or add a column unit"
            raise BlotError("the unit of the concentration is missing", where, fix)
        return value * factor

    def _same(self, factor: float | None, other: float | None, where: str, said: str) -> float:
        if other is None:
            raise BlotError(f"{said!r} is no unit of concentration", where, "allowed: pM, nM, µM, mM, M")
        if factor is not None and not math.isclose(factor, other):
            raise BlotError(
                f"the header and the unit {said!r} contradict each other", where, "keep the one that is right"
            )
        return other


def _factor(text: str) -> float | None:
    factor, rest = _unit(words_of(text))
    return factor if not rest else None


def nm_text(value: float) -> str:
    """A concentration as it is typed, rid of what a factor of a thousand leaves behind the twelfth digit."""
    return repr(float(f"{value:.12g}")).removesuffix(".0")


def find_concentrations(table: Table) -> Concentrations | None:
    """Columns with the concentration of a table, None where there is none.

    Known are ``concentration``, ``conc`` and ``dose`` with a unit behind, before or in brackets (pM to M, also mol/L),
    a unit alone, ``log10`` of any of them, and a column ``unit`` beside.
    """
    columns = tuple(column for name in table.columns if (column := _as_column(name)) is not None)
    unit = next((name for name in table.columns if unit_column(name)), None)
    return Concentrations(table, columns, unit) if columns else None
