"""Tables as one workbook, a sheet for each, with units in the header."""

from __future__ import annotations

import io
import math
import re
import tempfile
import zipfile
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["header_with_unit", "xlsx_bytes"]

UNITS = {"nM": "nM", "min": "min", "kda": "kDa", "px": "px", "deg": "degrees"}
AREAS = ("total_area", "unmodified_area", "hmw_area", "well_area", "area", "area_low", "area_high")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what a workbook cannot hold
_TIMES = re.compile(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:(created|modified)>")


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
    """Workbook of tables.

    Parameters
    ----------
    tables : mapping of str to columns
        By name of the sheet. Text stays text, also where a spreadsheet would take it for a formula; NaN is empty.

    Raises
    ------
    BlotError
        The disk for temporary files, on which openpyxl writes sheets, is full.
    """
    try:
        return _timeless(_packed(tables))
    except Exception as error:
        # What openpyxl raises then depends on the XML library that it found.
        if isinstance(error, OSError) or type(error).__name__ == "SerialisationError":
            what = f"the workbook cannot be written ({getattr(error, 'strerror', None) or error})"
            raise BlotError(
                what, tempfile.gettempdir(), told("free the disk for temporary files, or use {no_report}")
            ) from None
        raise


def _packed(tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    for title, columns in tables.items():
        sheet = book.create_sheet(title[:31])
        sheet.freeze_panes = "A2"

        def cell(value: Any, bold: bool = False, sheet: Any = sheet) -> Any:
            value = value.item() if hasattr(value, "item") else value
            if isinstance(value, float) and not math.isfinite(value):
                value = None if math.isnan(value) else str(value)
            made = WriteOnlyCell(sheet, _CONTROL.sub("", value) if isinstance(value, str) else value)
            if isinstance(value, str):
                made.data_type = "s"
            if bold:
                made.font = Font(bold=True)
            return made

        sheet.append([cell(header_with_unit(name), bold=True) for name in columns])
        for row in zip(*columns.values(), strict=True):
            sheet.append([cell(value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _timeless(workbook: bytes) -> bytes:
    """The same without the time of its making: the same tables are to give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _TIMES.sub(b"", content)
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
