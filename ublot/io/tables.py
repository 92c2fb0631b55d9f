"""Tables that a person writes: a header, rows of text cells under it, and the numbers in them.

Strict about the content: a number that may be read in two ways is refused, not guessed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.io.cells import NUMBER, cell_text
from ublot.io.sheets import DEEPEST_HEADER, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "Table",
    "cell_number",
    "number",
    "read_pairs",
    "read_table",
    "table_from_columns",
    "table_from_records",
]

_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?")  # 10.000: thousands, or a decimal point
_GROUPED_FOR_SURE = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3}){2,}(,\d+)?|[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+")
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?(\d*\.\d+|\d+\.)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Table:
    """Cells as trimmed text.

    Attributes
    ----------
    name : str
        For messages: the file, or ``"layout"`` and the like.
    columns : tuple of str
    rows : tuple of (int, dict)
        Row number as a spreadsheet counts (the header is row 1), and the cells by column.
    decimal_comma : bool
        A comma inside a number is a decimal comma (the cells are separated by something else).
    ambiguous : mapping of str to (int, str)
        Columns in which a point may be one of decimals or of thousands, with a row and its cell.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    decimal_comma: bool = False
    ambiguous: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def read_table(
    path: str | Path, what: str = "table", is_header: Callable[[Sequence[str]], bool] | None = None
) -> Table:
    """Read a CSV or XLSX file into text cells.

    Parameters
    ----------
    path : path
    what : str
        What the file is to the user, for messages: ``"layout"``.
    is_header : function of a row's cells to bool, optional
        Tells the header: what stands above it is passed over, and of a workbook the first sheet with one is read.
        Without, or where no row is one, the first row with anything in it is the header.

    A leading apostrophe that `csv_bytes` put before a formula is taken off.

    Raises
    ------
    BlotError
        No such file, not a table, too large for one, rows that do not fit the header, or formulas without a value.
    """
    sheets = read_records(path, what, is_header)
    name = str(path)
    for records, decimal_comma in sheets:
        start = _header_row(records, is_header)
        if start is not None:
            return _from_records(name, records, start=start, decimal_comma=decimal_comma)
    records, decimal_comma = sheets[0]
    return _from_records(name, records, decimal_comma=decimal_comma)


def table_from_records(name: str, records: Sequence[Sequence[str]], *, decimal_comma: bool = False) -> Table:
    """Table of rows of text cells, the first that is not empty being the header."""
    return _from_records(name, records, decimal_comma=decimal_comma)


def _header_row(records: Sequence[Sequence[str]], is_header: Callable[[Sequence[str]], bool] | None) -> int | None:
    filled = [i for i, cells in enumerate(records) if any(c.strip() for c in cells)][:DEEPEST_HEADER]
    for i in filled if is_header is not None else ():
        if is_header is not None and is_header([c.strip() for c in records[i]]):
            return i
    return None


def cell_number(table: Table, row: int, cells: Mapping[str, str], column: str) -> float:
    """Number in a cell of a table.

    Raises
    ------
    BlotError
        Empty, no plain number, or one that may be read in two ways: with row and column.
    """
    if column in table.ambiguous:
        at, text = table.ambiguous[column]
        plain = text.replace(".", "")
        what = f"{text} may be {float(text):g} or {plain}: nothing in the table tells the point's meaning"
        raise BlotError(what, f"{table.name}, row {at}, column {column}", f"write {float(text):g} or {plain}")
    try:
        return number(cells[column], decimal_comma=table.decimal_comma)
    except ValueError:
        what = f"{cells[column]!r} is not a number" if cells[column] else "the cell is empty"
        raise BlotError(what, f"{table.name}, row {row}, column {column}", "write a plain number") from None


def table_from_columns(name: str, columns: Mapping[str, Iterable[Any]]) -> Table:
    """Table of values given in memory, column by column; ``None`` and NaN become empty cells."""
    header = [str(key) for key in columns]
    cells = zip(*columns.values(), strict=True)
    return _from_records(name, [header, *([cell_text(value) for value in row] for row in cells)])


def number(text: str, *, decimal_comma: bool = False) -> float:
    """Finite number in a cell.

    Raises
    ------
    ValueError
        Anything but a plain decimal number: also ``nan``, ``inf``, ``1_000`` and ``1 000``.
    """
    plain = text.replace(",", ".") if decimal_comma and text.count(",") == 1 and "." not in text else text
    if not NUMBER.fullmatch(plain) or not math.isfinite(float(plain)):
        raise ValueError(f"not a number: {text!r}")
    return float(plain)


def read_pairs(path: str | Path, what: str, columns: tuple[str, str]) -> list[tuple[float, float]]:
    """Pairs of numbers from two columns of a table.

    Parameters
    ----------
    path : path
    what : str
        What the table is, for a message.
    columns : tuple of str

    Raises
    ------
    BlotError
        It cannot be read, a column is missing, or a cell holds no number.
    """
    table = read_table(path, f"{what} table")
    for column in columns:
        if column not in table.columns:
            fix = f"it needs the columns {' and '.join(columns)}; it has: {', '.join(table.columns)}"
            raise BlotError(f"column {column!r} is missing", table.name, fix)
    pairs = []
    for index, cells in table.rows:
        values = []
        for column in columns:
            try:
                values.append(number(cells[column], decimal_comma=table.decimal_comma))
            except ValueError:
                where = f"{table.name}, row {index}, column {column}"
                raise BlotError(f"{cells[column]!r} is not a number", where, "write a plain number") from None
        pairs.append((values[0], values[1]))
    return pairs


def _from_records(name: str, records: Sequence[Sequence[str]], *, start: int = 0, decimal_comma: bool = False) -> Table:
    numbered = enumerate(records[start:], start + 1)
    filled = [(i, [c.strip() for c in cells]) for i, cells in numbered if any(c.strip() for c in cells)]
    if not filled:
        raise BlotError("the table is empty", name)
    header = filled[0][1]
    while header and not header[-1]:
        header.pop()
    for column in header:
        if not column:
            raise BlotError("a column has no name", f"{name}, row {filled[0][0]}", "name every column")
        if header.count(column) > 1:
            raise BlotError(f"column {column!r} occurs twice", name, "keep one of them")
    rows = []
    for index, cells in filled[1:]:
        if any(cells[len(header) :]):
            what = f"{len(cells)} cells under {len(header)} columns"
            raise BlotError(what, f"{name}, row {index}", "put text that holds the separator in double quotes")
        cells = cells + [""] * (len(header) - len(cells))
        rows.append((index, dict(zip(header, cells, strict=False))))
    ambiguous = _ungroup(header, [cells for _, cells in rows]) if decimal_comma else {}
    said = {column: (rows[i][0], text) for column, (i, text) in ambiguous.items()}
    return Table(name, tuple(header), tuple(rows), decimal_comma, said)


def _ungroup(header: Sequence[str], rows: Sequence[dict[str, str]]) -> dict[str, tuple[int, str]]:
    """Take points of thousands out of numbers, where the table shows that they are; else say where they stand.

    A column that has decimal commas, or numbers with several points, groups by points; one with points that no
    grouping puts there (0.5, 12.25) has decimal points; a column that shows neither follows the other columns.
    """

    def style(cells: Iterable[str]) -> str:
        comma = point = False
        for text in cells:
            comma = comma or _COMMA.fullmatch(text) is not None or _GROUPED_FOR_SURE.fullmatch(text) is not None
            point = point or (_POINT.fullmatch(text) is not None and _GROUPED.fullmatch(text) is None)
        return "both" if comma and point else "comma" if comma else "point" if point else ""

    styles = {column: style(cells[column] for cells in rows) for column in header}
    shown = set(styles.values()) - {""}
    out = {}
    for column in header:
        own = styles[column] or (next(iter(shown)) if len(shown) == 1 else "")
        for i, cells in enumerate(rows):
            text = cells[column]
            if not _GROUPED.fullmatch(text) or own == "point":
                continue
            if own != "comma":
                out[column] = i, text
                break
            cells[column] = text.replace(".", "")
    return out
