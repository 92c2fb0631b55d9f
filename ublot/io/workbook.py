"""Tables as one workbook, a sheet for each, with units in the header."""

from __future__ import annotations

import io
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["header_with_unit", "xlsx_bytes"]

UNITS = {"nM": "nM", "min": "min", "kda": "kDa", "px": "px", "deg": "degrees"}
AREAS = ("total_area", "unmodified_area", "hmw_area", "well_area", "area", "area_low", "area_high")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what a workbook cannot hold
_NEVER = datetime(2000, 1, 1)  # the time of its making would make every workbook another one
LONGEST = 32_767
"""Letters that a cell can hold."""


def header_with_unit(name: str) -> str:
    """Column name with its unit in brackets, where it has one.

    Parameters
    ----------
    name : str
        Column of a table; its unit is the last part of its name, as in ``concentration_nM``.
    """
    if name in AREAS:
        return f"{name} [signal x px²]"
    if name.startswith(("ec50_", "ki_")) and name != "ec50_ratio":
        return f"{name.removesuffix('_nM')} [nM]"
    stem, _, last = name.rpartition("_")
    if name.endswith("_per_min"):
        return f"{name.removesuffix('_per_min')} [1/min]"
    return f"{stem} [{UNITS[last]}]" if stem and last in UNITS else name


def xlsx_bytes(tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> bytes:
    """Workbook of tables; the same tables give the same bytes.

    Parameters
    ----------
    tables : mapping of str to columns
        By name of the sheet. Text stays text, also where a spreadsheet would take it for a formula; NaN is empty.
    """
    from xlsxwriter import Workbook

    stream = io.BytesIO()
    with Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"created": _NEVER})
        bold = book.add_format({"bold": True})
        for title, columns in tables.items():
            sheet = book.add_worksheet(title[:31])
            sheet.freeze_panes(1, 0)
            for k, (name, values) in enumerate(columns.items()):
                sheet.write_string(0, k, header_with_unit(name), bold)
                for i, value in enumerate(values, 1):
                    _write(sheet, i, k, value)
    return stream.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, float) and math.isfinite(value):  # nearly all are
        sheet.write_number(row, column, value)
        return
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        value = None if math.isnan(value) else str(value)
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value is not None and str(value):
        sheet.write_string(row, column, _CONTROL.sub("", str(value)).encode("utf-8", "replace").decode()[:LONGEST])
