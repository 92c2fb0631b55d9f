"""The layout as cells of text that a person is still filling in, checked by `ublot.inputs.layout`; no Qt here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING

from ublot.errors import BlotError
from ublot.inputs.concentrations import TO_NM, concentration_column, nm_text, unit_column
from ublot.inputs.layout import LayoutRow, read_layout, spelled_out
from ublot.inputs.layout_words import column_meant, role_meant, said_as_control
from ublot.io.tables import Table, number, table_from_columns, table_from_records
from ublot.option_words import joined
from ublot_napari.state.option_places import panel_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "COLUMNS",
    "NUMERIC",
    "UNITS",
    "Problem",
    "Rows",
    "cell_problems",
    "dose_text",
    "is_header",
    "known_name",
    "layout_notes",
    "pasted_table",
    "plain_number",
    "role_text",
    "shown_dose",
    "text_rows",
]

Rows = list[dict[str, str]]

COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(LayoutRow) if field.name != "extra")
"""Known columns of a layout, in their order."""

NUMERIC = frozenset({"lane", "concentration_nM", "time_min", "load"})

UNITS = ("pM", "nM", "µM", "mM")
"""Units in which concentrations may be shown and typed."""

_BY_CASE = {name.casefold(): name for name in COLUMNS}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a cell, or with the table where `lane` is None.

    Attributes
    ----------
    lane : int or None
        0 for a row whose lane is no number.
    column : str
    words : str
    """

    lane: int | None
    column: str
    words: str


def known_name(name: str) -> str:
    """A column's own name whatever the case it is typed in; other names unchanged."""
    return _BY_CASE.get(name.strip().casefold(), name.strip())


def plain_number(column: str, text: str) -> str:
    """The text of a number with a decimal point where it was typed with a decimal comma, as in a pasted table."""
    if column not in NUMERIC or "," not in text:
        return text
    try:
        number(text, decimal_comma=True)
    except ValueError:
        return text
    return text.replace(",", ".")


def dose_text(text: str, unit: str) -> str:
    """What is typed as a concentration, in nM: a number in `unit`, or with its own as in ``1 µM``; else as it is."""
    column = f"concentration_{unit}"
    try:
        (_, cells), *_ = spelled_out(Table("layout", (column,), ((2, {column: text}),), decimal_comma=True))[0].rows
    except BlotError:
        return text
    return cells["concentration_nM"]


def shown_dose(text: str, unit: str) -> str:
    """A concentration in nM as it is shown in `unit`; what is none stays as it is."""
    try:
        return text if unit == "nM" else nm_text(number(text) / TO_NM[unit.replace("µ", "u").casefold()])
    except ValueError:
        return text


def role_text(text: str, rows: Rows, at: int) -> str:
    """The role that is typed into a row, in ublot's words; a control beside vehicle lanes may be another one."""
    meant = role_meant(text, rows[at].get("compound", ""))
    vehicles = any(row.get("role") == "vehicle" for k, row in enumerate(rows) if k != at)
    return text if not meant or (vehicles and said_as_control(text)) else meant


def is_header(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether the first row of a pasted block names columns."""
    names = [name for name in cells if name.strip()]
    meant = [column_meant(name) or known_name(name) for name in names]
    if not names or len(set(meant)) < len(meant):
        return False
    doses = [concentration_column(name) or unit_column(name) for name in names]
    known = all(dose or name in {*COLUMNS, *columns} for name, dose in zip(meant, doses, strict=True))
    # ``sample`` may head a column of names, and be the first of a column of roles.
    said = any(not role_meant(name) for name in names)
    return bool({"lane", "role"} & set(meant)) or (known and said) or ("compound" in meant and any(doses))


def pasted_table(block: Sequence[Sequence[str]]) -> Table:
    """A block with a header, its columns, roles and doses in ublot's words.

    Raises
    ------
    BlotError
        A column occurs twice, or a number may be read in two ways.
    """
    named = [k for k, name in enumerate(block[0]) if name.strip()]
    cells = [[row[k] if k < len(row) else "" for k in named] for row in block]
    return spelled_out(table_from_records("pasted", cells, decimal_comma=True))[0]


def text_rows(rows: Sequence[Mapping[str, object]]) -> tuple[list[str], Rows]:
    """Columns and rows as text, known columns first; missing values are empty.

    Raises
    ------
    BlotError
        Columns of one name, or none at all.
    """
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    table = table_from_columns("layout", {name: [row.get(name) for row in rows] for name in names})
    found = {name: known_name(name) for name in table.columns}
    if len(set(found.values())) < len(found):
        twice = next(name for name in found.values() if list(found.values()).count(name) > 1)
        raise BlotError(f"column {twice!r} occurs twice", "layout", "keep one of them")
    extra = [name for name in found.values() if name not in COLUMNS]
    text = [{found[name]: cell for name, cell in cells.items()} for _, cells in table.rows]
    return [*COLUMNS, *extra], text


def cell_problems(rows: Rows, lanes: Sequence[int] | None = None) -> list[Problem]:
    """Everything wrong with a layout, cell by cell, in the words of `ublot.inputs.layout`.

    Its check stops at the first cell that cannot be used; here every cell is put to it alone, then the table as a
    whole. A layout in which nothing is filled in is none, and nothing is wrong with it.

    Parameters
    ----------
    rows : list of dict
    lanes : sequence of int, optional
        Lanes of the picture, which the layout must describe.
    """
    if not any(cell for row in rows for name, cell in row.items() if name != "lane"):
        return []
    found = []
    for row in rows:
        for name in COLUMNS:
            words = _wrong_with(name, row.get(name, ""), row.get("compound", "") if name == "role" else "")
            if words:
                found.append(Problem(_lane(row), name, words))
    return found or _wrong_with_all(rows, lanes)


def layout_notes(rows: Rows) -> list[str]:
    """Columns that look like a known one but are only carried along, in words; none while cells are wrong."""
    try:
        return [note.removeprefix("layout: ") for note in read_layout([dict(row) for row in rows]).notes]
    except BlotError:
        return []


@lru_cache(maxsize=4096)  # the same few texts are asked about at every change
def _wrong_with(column: str, text: str, compound: str) -> str:
    cells = {"lane": "1", "role": "sample", "compound": compound, column: text}
    try:
        read_layout(Table("layout", tuple(cells), ((2, cells),)))
    except BlotError as error:
        # A lane's number is right or wrong beside those of the other lanes only.
        if column == "lane" and error.where is not None and "row" not in error.where:
            return ""
        return _words(error)
    return ""


def _wrong_with_all(rows: Rows, lanes: Sequence[int] | None) -> list[Problem]:
    try:
        layout = read_layout([dict(row) for row in rows])
        layout.check_count(None if lanes is None else len(lanes))
    except BlotError as error:
        if error.where is not None and error.where.endswith("column role"):
            return [Problem(_lane(row), "role", _words(error)) for row in rows if said_as_control(row.get("role", ""))]
        numbers = [_lane(row) for row in rows]
        beyond = {n for n in numbers if numbers.count(n) > 1 or (lanes is not None and n not in lanes)}
        places: list[int | None] = [*sorted(beyond)] or [None]
        return [Problem(lane, "lane", _words(error)) for lane in places]
    return []


def _words(error: BlotError) -> str:
    return panel_words(error.what if error.fix is None else joined("; ", [error.what, error.fix]))


def _lane(row: Mapping[str, str]) -> int:
    """Number of a row's lane, 0 where it has none."""
    text = row.get("lane", "")
    return int(text) if text.isdecimal() else 0
