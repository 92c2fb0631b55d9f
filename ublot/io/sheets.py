"""Files of text cells: CSV in whatever dialect, and workbooks, as rows that stand as they are.

Forgiving about the dialect: UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab; ``sep=;``; ``.xlsx``.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.io.cells import cell_text, original

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["DEEPEST_HEADER", "decode", "read_records"]

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no text has them

MOST_BYTES, MOST_ROWS = 1 << 26, 200_000
"""Of a table that a person writes; a workbook is packed and may unpack to four times as much."""

DEEPEST_HEADER = 60
"""Lines in which a header is looked for under titles and what an instrument says of itself."""


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
    text = decode(path, what, foreign=True)
    said = re.match(r"\s*\"?sep=(.)\"?[ \t]*(?:\r\n|\r|\n|$)", text, re.IGNORECASE)
    delimiter = said[1] if said is not None and said[1] in ",;\t" else _delimiter(text, is_header)
    try:
        # skipinitialspace would swallow the tabs of empty cells.
        skip = delimiter != "\t"
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=skip)
        records = [[original(cell) for cell in line] for line in _few(lines, path, what)]
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


def _few(lines: Iterable[Any], path: Path, what: str) -> Iterator[Any]:
    """`lines` as they come, up to as many as a table may have."""
    for count, line in enumerate(lines):
        if count > MOST_ROWS:
            raise BlotError(f"the {what} has more than {MOST_ROWS:,} rows", path, "split it")
        yield line


def decode(path: Path, what: str, *, foreign: bool = False) -> str:
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
                    records.append([cell_text(value) for value in row])
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
