"""Readings that stand as lists: a line for each well, or a column for each well and a line for each time.

So write Tecan's i-control, SparkControl and Magellan, and whoever exports "well, value".
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ublot.dose_response.plate_grids import well_name
from ublot.dose_response.reading import SIGNAL, Reading
from ublot.inputs.concentrations import concentration_column, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["labels_above", "readings_in_lists"]

FEWEST_WELLS = 4  # in a row that make a list
HEADER_LINES = 4  # over a list: its name, times, temperatures
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
_WELL = re.compile(r"[A-P]0*([1-9]|1\d|2[0-4])", re.IGNORECASE)
_NO_SIGNAL = {
    "time",
    "temp",
    "temperature",
    "row",
    "column",
    "col",
    "cycle",
    "nr",
    "no",
    "id",
    "index",
    "stdev",
    "sd",
    "cv",
}
_VALUES = {"value", "mean", "wert", "mittelwert"}
_PLATE = {"plate", "plate id", "barcode", "plate name"}
_UNITS = {"s": 1 / 60, "sec": 1 / 60, "ms": 1 / 60000, "min": 1.0, "h": 60.0, "hr": 60.0}


def readings_in_lists(records: Sequence[Sequence[str]], *, decimal_comma: bool = False) -> list[Reading]:
    """All readings of the lists in the rows of a file.

    Parameters
    ----------
    records : sequence of rows of cells
    decimal_comma : bool
        A comma within a number is a decimal comma.
    """
    rows = [[cell.strip() for cell in row] for row in records]
    return [*_down(rows, decimal_comma), *_across(rows, decimal_comma)]


def labels_above(rows: Sequence[Sequence[str]], row: int) -> str:
    """What the nearest line ``Label: NAME`` or ``Name, NAME`` above a row (from 0) says; empty where there is none."""
    for k in range(row - 1, -1, -1):
        first, *rest = [cell.strip() for cell in rows[k] if cell.strip()] or [""]
        if first.casefold().startswith("label"):
            return first.split(":", 1)[1].strip() if ":" in first else first
        if first.casefold() == "name" and rest:
            return rest[0]
    return ""


def _well(cell: str) -> bool:
    return _WELL.fullmatch(cell) is not None


def _value(cell: str, decimal_comma: bool) -> str | None:
    if _NUMBER.fullmatch(cell) is None:
        return None
    return cell.replace(",", ".") if decimal_comma and "." not in cell else cell


def _time(text: str, unit: str, decimal_comma: bool) -> float:
    """Minutes; NaN where the text is no number or the unit is unknown."""
    value = _value(text, decimal_comma)
    factor = next((_UNITS[word] for word in words_of(unit) if word in _UNITS), math.nan)
    return math.nan if value is None else float(value) * factor


def _down(rows: Sequence[Sequence[str]], comma: bool) -> Iterator[Reading]:
    """Lists with a line for each well."""
    start = 0
    while start < len(rows):
        place = next((c for c, cell in enumerate(rows[start]) if _well(cell)), None)
        end = start
        while place is not None and end < len(rows) and place < len(rows[end]) and _well(rows[end][place]):
            end += 1
        # A line of column heads A1, A2, … is no list of wells downwards.
        if place is None or end - start < FEWEST_WELLS or sum(map(_well, rows[start])) >= FEWEST_WELLS:
            start += 1
            continue
        yield from _list(rows, start, end, place, comma)
        start = end


def _list(rows: Sequence[Sequence[str]], start: int, end: int, place: int, comma: bool) -> Iterator[Reading]:
    above: list[Sequence[str]] = []
    for k in range(start - 1, max(start - 1 - HEADER_LINES, -1), -1):
        if sum(bool(cell) for cell in rows[k]) < 2:
            break
        above.insert(0, rows[k])
    lines = rows[start:end]
    times = next((line for line in above if line[0].casefold().startswith(("time", "zeit"))), None)
    title = labels_above(rows, start)
    plates = [c for c in range(len(above[0]) if above else 0) if " ".join(words_of(above[0][c])) in _PLATE]
    for column in range(max(len(line) for line in lines)):
        cells = [line[column] if column < len(line) else "" for line in lines]
        values = [_value(cell, comma) for cell in cells]
        head = above[0][column] if above and column < len(above[0]) else ""
        if column == place or column in plates or sum(v is not None for v in values) * 2 < len(values):
            continue
        if times is not None:
            name, time = title or SIGNAL, _time(times[column] if column < len(times) else "", times[0], comma)
            if math.isnan(time):
                continue
        elif _NO_SIGNAL & set(words_of(head)) or concentration_column(head):
            continue
        else:
            name, time = (
                (title if title and not head.casefold().startswith("label") else "") or head or SIGNAL,
                math.nan,
            )
            if head.casefold() not in {"value", "mean", "mittelwert", ""}:
                name = head
        for line, value in zip(lines, values, strict=True):
            if value is not None:
                plate = line[plates[0]] if plates and plates[0] < len(line) else ""
                yield Reading(plate, well_name(line[place]), name, time, value)


def _across(rows: Sequence[Sequence[str]], comma: bool) -> Iterator[Reading]:
    """Lists with a column for each well and a line for each time, or one line with the values."""
    for k, head in enumerate(rows):
        wells = [c for c, cell in enumerate(head) if _well(cell)]
        clock = next((c for c, cell in enumerate(head) if cell.casefold().startswith(("time", "zeit"))), None)
        if len(wells) < FEWEST_WELLS:
            continue
        title = " ".join(cell for cell in rows[k - 1] if cell) if k else ""
        if clock is None:
            line = rows[k + 1] if k + 1 < len(rows) else []
            if line and line[0].casefold() in _VALUES:
                for c in wells:
                    value = _value(line[c], comma) if c < len(line) else None
                    if value is not None:
                        yield Reading("", well_name(head[c]), labels_above(rows, k) or SIGNAL, math.nan, value)
            continue
        for line in rows[k + 1 :]:
            time = _time(line[clock], head[clock], comma) if clock < len(line) else math.nan
            if math.isnan(time):
                break
            for c in wells:
                value = _value(line[c], comma) if c < len(line) else None
                if value is not None:
                    yield Reading("", well_name(head[c]), labels_above(rows, k) or title or SIGNAL, time, value)
