"""Tables of text: what a person's spreadsheet exports, and the CSV files that ublot writes.

Reading is forgiving about the dialect (UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab; ``sep=;``; lines above
the header; ``.xlsx``) and strict about the content: a number that may be read in two ways is refused, not guessed.
Writing neutralises text that a spreadsheet would run as a formula; `read_csv` undoes that.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

__all__ = [
    "Table",
    "as_frame",
    "cell_number",
    "csv_bytes",
    "number",
    "number_or_nan",
    "read_csv",
    "read_pairs",
    "read_records",
    "read_table",
    "records_of",
    "table_from_columns",
    "table_from_records",
]

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no text has them
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
# First characters that make a spreadsheet run a cell; the wide forms do so where Japanese or Chinese is written.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

MOST_BYTES, MOST_ROWS = 1 << 26, 200_000
"""Of a table that a person writes; a workbook is packed and may unpack to four times as much."""

DEEPEST_HEADER = 60
"""Lines in which a header is looked for under titles and what an instrument says of itself."""

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


def read_records(
    path: str | Path, what: str = "table", is_header: Callable[[Sequence[str]], bool] | None = None
) -> list[tuple[list[list[str]], bool]]:
    """Rows of text cells as they stand, one list a sheet, and whether a comma in them is a decimal comma.

    Raises
    ------
    BlotError
        As `read_table`.
    """
    path = Path(path)
    # os.path, unlike Path, takes a name that no file can have for one that is not there.
    if not os.path.isfile(path):
        problem = f"the {what} is a folder" if os.path.isdir(path) else f"{what} not found"
        raise BlotError(problem, path, "give a CSV file")
    size = os.path.getsize(path)
    if size > MOST_BYTES:
        raise BlotError(f"a {what} of {size / 1e6:.0f} MB is too large", path, "split it")
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        return [(records, False) for records in _xlsx_records(path, what)]
    text = _decode(path, what, foreign=True)
    said = re.match(r"\s*\"?sep=(.)\"?[ \t]*(?:\r\n|\r|\n|$)", text, re.IGNORECASE)
    delimiter = said[1] if said is not None and said[1] in ",;\t" else _delimiter(text, is_header)
    try:
        # skipinitialspace would swallow the tabs of empty cells.
        skip = delimiter != "\t"
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=skip)
        records = [[_original(cell) for cell in line] for line in _few(lines, path, what)]
    except csv.Error as error:
        raise BlotError(f"the {what} is not a readable CSV ({error})", path, "save it again as CSV") from None
    if said is not None and records:
        records[0] = []
    return [(records, delimiter != ",")]


def _delimiter(text: str, is_header: Callable[[Sequence[str]], bool] | None) -> str:
    """What separates the cells: told by the header where one is known, else by the first line."""
    lines = [line for line in text.splitlines()[: 2 * DEEPEST_HEADER] if line.strip()]
    for line in lines[:DEEPEST_HEADER] if is_header is not None else ():
        for delimiter in sorted(",;\t", key=line.count, reverse=True):
            if is_header is not None and is_header([cell.strip().strip('"') for cell in line.split(delimiter)]):
                return delimiter
    first = lines[0] if lines else ""
    if not any(mark in first for mark in ",;\t"):
        first = "\n".join(lines)  # a title: all lines tell together
    return max(",;\t", key=first.count)


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
    return _from_records(name, [header, *([_text(value) for value in row] for row in cells)])


def number(text: str, *, decimal_comma: bool = False) -> float:
    """Finite number in a cell.

    Raises
    ------
    ValueError
        Anything but a plain decimal number: also ``nan``, ``inf``, ``1_000`` and ``1 000``.
    """
    plain = text.replace(",", ".") if decimal_comma and text.count(",") == 1 and "." not in text else text
    if not _NUMBER.fullmatch(plain) or not math.isfinite(float(plain)):
        raise ValueError(f"not a number: {text!r}")
    return float(plain)


def as_frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Columns as a DataFrame; pandas is loaded by whoever asks for one, not before."""
    import pandas as pd

    return pd.DataFrame(columns)


def records_of(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of plain columns, each as a mapping."""
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def csv_bytes(columns: Any, *, digits: int | None = None) -> bytes:
    """Columns as UTF-8 CSV.

    Parameters
    ----------
    columns : mapping of str to sequence, or DataFrame
        All of one length.
    digits : int, optional
        Significant digits of floats; by default as many as it takes to read the same number back.

    Returns
    -------
    bytes
        Comma separated, one header row, NaN and None empty. Text that a spreadsheet would run as a formula
        (it starts with ``= + - @`` and is not a number) gets a leading apostrophe.
    """
    names = [str(name) for name in columns]
    items = [v.tolist() if hasattr(v, "tolist") else list(v) for v in (columns[name] for name in columns)]
    kinds = [set(map(type, values)) for values in items]
    cells = [_cells(values, kind, digits) for values, kind in zip(items, kinds, strict=True)]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_neutral(name) for name in names])
    if len(cells) > 1 and set().union(*kinds) <= {int, float}:
        # Numbers need no quotes, and there may be a hundred thousand.
        stream.writelines(f"{','.join(row)}\n" for row in zip(*cells, strict=True))
    else:
        writer.writerows(zip(*cells, strict=True))
    # A file name that is no Unicode has halves of characters in it, which UTF-8 cannot hold.
    return stream.getvalue().encode("utf-8", "replace")


def read_csv(path: str | Path, numeric: Collection[str] = ()) -> dict[str, list[Any]]:
    """Read what `csv_bytes` wrote: columns by name, in order.

    Parameters
    ----------
    path : path
    numeric : collection of str
        Columns to turn into floats, NaN where empty; the others stay text, apostrophes undone.

    Raises
    ------
    BlotError
        Missing file, or one that `csv_bytes` did not write.
    """
    text = _decode(Path(path), "table")
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        names = [_original(name) for name in header]
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        return {
            name: [float(v) if v else math.nan for v in values] if name in numeric else [_original(v) for v in values]
            for name, values in columns.items()
        }
    except (ValueError, IndexError, csv.Error) as error:
        raise BlotError(f"damaged table ({error})", path, "run the analysis again") from None


def _few(lines: Iterable[Any], path: Path, what: str) -> Iterator[Any]:
    """`lines` as they come, up to as many as a table may have."""
    for count, line in enumerate(lines):
        if count > MOST_ROWS:
            raise BlotError(f"the {what} has more than {MOST_ROWS:,} rows", path, "split it")
        yield line


def _decode(path: Path, what: str, *, foreign: bool = False) -> str:
    """Text of a file; `foreign`: what other programs write too, UTF-16 and Windows' western code page."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BlotError(f"cannot read the {what} ({error.strerror})", path) from None
    codings = ["utf-16"] if foreign and raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else ["utf-8-sig"]
    if foreign and not _CONTROL.search(raw):
        codings.append("cp1252")
    for coding in codings:
        try:
            text = raw.decode(coding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise BlotError(f"the {what} is not UTF-8 text", path, 'save it as "CSV UTF-8"')
    if "\0" in text:
        raise BlotError(f"the {what} is not a text file", path, "give a CSV or .xlsx file")
    return text


def _xlsx_records(path: Path, what: str) -> list[list[list[str]]]:
    try:
        import openpyxl
    except ImportError:
        fix = "save it as CSV, or: pip install openpyxl"
        raise BlotError("reading .xlsx needs the package openpyxl", path, fix) from None
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > 4 * MOST_BYTES:
                raise BlotError(f"the {what} is packed beyond what a table holds", path, "save it again as CSV")
        values, formulas = (openpyxl.load_workbook(path, read_only=True, data_only=d) for d in (True, False))
        try:
            out = []
            for sheet, written in zip(values.worksheets, formulas.worksheets, strict=True):
                # The size that the sheet claims would have empty cells made up to it.
                sheet.reset_dimensions()
                written.reset_dimensions()
                rows = zip(sheet.iter_rows(values_only=True), written.iter_rows(values_only=True), strict=True)
                records = []
                for i, (row, asked) in enumerate(_few(rows, path, what), 1):
                    _check_stored(row, asked, f"{path}, sheet {sheet.title!r}", i)
                    records.append([_text(value) for value in row])
                out.append(records)
            return out
        finally:
            values.close()
            formulas.close()
    except BlotError:
        raise
    except Exception as error:  # noqa: BLE001 -- a broken workbook makes openpyxl raise nearly anything
        raise BlotError(f"the {what} is not a readable workbook ({error})", path, "save it again as CSV") from None


def _check_stored(row: Sequence[Any], asked: Sequence[Any], where: str, index: int) -> None:
    """Refuse formulas that no spreadsheet has calculated yet: their cells would be read as empty."""
    for column, (value, formula) in enumerate(zip(row, asked, strict=False), 1):
        if value is None and (str(formula).startswith("=") or type(formula).__name__.endswith("Formula")):
            from openpyxl.utils import get_column_letter

            what = f"cell {get_column_letter(column)}{index} holds a formula without a stored value"
            raise BlotError(what, where, "open it in a spreadsheet and save it, or save it as CSV")


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


def _text(value: Any) -> str:
    """Value of a cell as a person would type it; missing values (None, NaN, NaT, NA) are empty."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else _shortest(value)
    return str(value)


def _shortest(value: float) -> str:
    """Shortest text that reads back as the same float."""
    return repr(value).removesuffix(".0")


def _cells(items: Sequence[Any], kinds: set[type], digits: int | None) -> list[str]:
    if kinds == {int}:
        return list(map(str, items))
    if kinds == {float} and digits is not None:
        style = f"%.{digits}g"
        return ["" if v != v else style % v for v in items]
    if kinds == {float}:
        return ["" if v != v else _shortest(v) for v in items]
    return [_neutral(v) if isinstance(v, str) else _text(v) for v in items]


def _runs(text: str) -> bool:
    bare = text.lstrip("'")
    return bare.startswith(_RUNS) and not _NUMBER.fullmatch(bare)


def _neutral(text: str) -> str:
    text = text.replace("\0", "\ufffd")  # no reader of CSV takes it
    return f"'{text}" if _runs(text) else text


def _original(text: str) -> str:
    return text[1:] if text.startswith("'") and _runs(text) else text


def number_or_nan(value: Any) -> float:
    """Turn a cell into a float, NaN where it holds none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


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
