"""Lanes from a table that a person edited: the columns of ``lanes.csv`` that say where a lane is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ublot.errors import BlotError
from ublot.model import Lane, Lanes

__all__ = ["as_lanes", "pitch_of"]

PLACE = ("x_px", "width_px", "angle_deg")
SAME = 1e-6  # px and degrees: a number that was only written down and read again


def as_lanes(source: Any, found: Lanes) -> Lanes:
    """Lanes that a person gives, from a table where they are not lanes yet.

    Parameters
    ----------
    source : Lanes, DataFrame, mapping of columns, or iterable of Lane or of mappings
        A table needs ``x_px``, the lane's centre at mid-height. A row whose ``lane`` is among `found` keeps that lane's
        bow, and its ``width_px`` and ``angle_deg`` where the table does not say; any other row is a new lane. Rows that
        are missing are lanes that were deleted.
    found : Lanes
        Those that the table was made from.

    Returns
    -------
    Lanes
        From left to right, numbered anew.

    Raises
    ------
    BlotError
        It is no such table, is empty, or holds what no lane can be.
    """
    if isinstance(source, Lanes):
        return source
    rows = _rows(source)
    if not rows:
        raise BlotError("no lane is left", "lanes", "give at least one")
    of = {lane.number: lane for lane in found}
    usual = float(np.median([lane.width for lane in found])) if len(found) else math.nan
    lanes = [
        row if isinstance(row, Lane) else _lane(row, index, of, usual, found) for index, row in enumerate(rows, start=1)
    ]
    mid = found.window.mid_row
    lanes.sort(key=lambda lane: float(lane.centre(mid)))
    items = tuple(replace(lane, number=number) for number, lane in enumerate(lanes, 1))
    return replace(found, items=items, pitch=pitch_of(items, mid, found.pitch))


def pitch_of(lanes: Iterable[Lane], row: float, otherwise: float = 0.0) -> float:
    """Median distance of neighbouring centre lines at `row`; `otherwise` with fewer than two lanes."""
    centres = [float(lane.centre(row)) for lane in lanes]
    return float(np.median(np.diff(centres))) if len(centres) > 1 else otherwise


def _rows(source: Any) -> list[Any]:
    if hasattr(source, "to_dict") and hasattr(source, "columns"):
        return list(source.to_dict("records"))
    if isinstance(source, Mapping):
        try:
            return [dict(zip(source, cells, strict=True)) for cells in zip(*source.values(), strict=True)]
        except (TypeError, ValueError):
            raise BlotError("its columns are not of one length", "lanes", "give one value per lane in each") from None
    rows = list(source) if isinstance(source, Iterable) and not isinstance(source, str | bytes) else [None]
    if not all(isinstance(row, Lane | Mapping) for row in rows):
        what = f"a {type(source).__name__} holds no lanes"
        raise BlotError(what, "lanes", "give Lanes, or a table with the columns lane and x_px")
    return rows


def _lane(row: Mapping[str, Any], index: int, of: Mapping[int, Lane], usual: float, found: Lanes) -> Lane:
    known = of.get(int(number)) if math.isfinite(number := _number(row, "lane", index)) else None
    x, width, angle = (_number(row, name, index) for name in PLACE)
    where = f"lanes, row {index}"
    if math.isnan(x):
        raise BlotError("no x_px", where, "give the column of the lane's centre at mid-height")
    if math.isnan(width):
        width = known.width if known else usual
    if not (math.isfinite(width) and width > 0 and math.isfinite(x) and not abs(angle) >= 90):
        raise BlotError("no lane can be like that", where, "give x_px, a width_px above 0 and an angle_deg within ±90")
    mid, window = found.window.mid_row, found.window
    if known is None:
        slope = math.tan(math.radians(angle)) if math.isfinite(angle) else 0.0
        ends = float(window.top), float(window.bottom - 1)
        return Lane(index, ends, tuple(x + (end - mid) * slope for end in ends), width)
    across = x - float(known.centre(mid))
    lean = 0.0
    if math.isfinite(angle) and abs(angle - known.angle_deg) > SAME:
        lean = math.tan(math.radians(angle)) - math.tan(math.radians(known.angle_deg))
    if abs(across) <= SAME and not lean:
        xs = known.xs
    else:
        xs = tuple(old + across + lean * (r - mid) for r, old in zip(known.rows, known.xs, strict=True))
    moved = xs != known.xs or abs(width - known.width) > SAME
    return replace(known, xs=xs, width=width if moved else known.width)


def _number(row: Mapping[str, Any], name: str, index: int) -> float:
    """Number in a cell, NaN for an empty one."""
    cell = row.get(name)
    if cell is None or cell == "":
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise BlotError(f"{cell!r} is not a number", f"lanes, row {index}, column {name}", "give a number") from None
