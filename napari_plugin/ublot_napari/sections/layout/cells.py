"""The layout as cells of text that a person is still filling in, checked by `ublot.inputs.layout`; no Qt here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING

from ublot.errors import BlotError
from ublot.inputs.layout import LayoutRow, read_layout
from ublot.io.tables import Table, number, table_from_columns
from ublot.option_words import joined
from ublot_napari.state.option_places import panel_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "COLUMNS",
    "NUMERIC",
    "Problem",
    "Rows",
    "cell_problems",
    "is_header",
    "known_name",
    "layout_notes",
    "plain_number",
    "text_rows",
]

Rows = list[dict[str, str]]

COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(LayoutRow) if field.name != "extra")
"""Known columns of a layout, in their order."""

NUMERIC = frozenset({"lane", "concentration_nM", "time_min", "load"})

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


def is_header(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether the first row of a pasted block names columns."""
    names = [known_name(cell) for cell in cells if cell.strip()]
    if not names or len(set(names)) < len(names):
        return False
    return bool({"lane", "role"} & set(names)) or all(name in columns for name in names)


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
            words = _wrong_with(name, row.get(name, ""))
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
def _wrong_with(column: str, text: str) -> str:
    cells = {"lane": "1", "role": "sample", column: text}
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
