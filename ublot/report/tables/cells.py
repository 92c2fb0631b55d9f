"""Cells and a table that the pages of blots, comparisons and plates share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ublot.io.cells import number_or_nan
from ublot.report.html import Cell, Column, Row, TableView
from ublot.wording.labels import time_text
from ublot.wording.words import interval_text, number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["bounded_cell", "controls_table", "number_cell", "place_cells"]


def number_cell(value: Any) -> Cell:
    """A number, sorted by its value; empty for none."""
    v = number_or_nan(value)
    return Cell(number_text(v), key="" if math.isnan(v) else f"{v:.6g}")


def bounded_cell(row: Mapping[str, Any], name: str, low: str, high: str) -> Cell:
    """A number with its interval below it, by the names of three columns."""
    cell, bounds = number_cell(row.get(name)), interval_text(row.get(low), row.get(high))
    return Cell(cell.text, f"({bounds})" if bounds else "", cell.key)


def place_cells(row: Mapping[str, Any]) -> tuple[Cell, Cell]:
    """Group and time of a row."""
    time = number_or_nan(row.get("time_min"))
    return Cell(str(row["group"] or "")), Cell(time_text(time), key="" if math.isnan(time) else f"{time:g}")


def controls_table(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    unit: str,
    other: str,
    told: tuple[str, Callable[[Mapping[str, Any]], Cell]],
) -> TableView:
    """How well vehicle and another control are told apart, a row for each `unit`.

    Parameters
    ----------
    title : str
    rows : sequence of mapping
    unit : str
        Column that says of what: ``blot`` or ``plate``.
    other : str
        The other control; its count stands in the column ``n_`` with that name.
    told : tuple of str and callable
        Heading of the fourth column, and the cell that stands in it.
    """
    heading, cell = told
    columns = (
        *(Column(name) for name in (unit, "group", "time", heading)),
        Column("vehicle", "n", number=True),
        Column(other, "n", number=True),
        Column("vehicle CV", "%", number=True),
        *(Column(name, number=True) for name in ("Z′", "SSMD", "signal window")),
        Column("note"),
    )
    out = [
        Row(
            (
                Cell(str(row[unit])),
                *place_cells(row),
                cell(row),
                Cell(str(int(row["n_vehicle"]))),
                Cell(str(int(row[f"n_{other}"]))),
                number_cell(100 * number_or_nan(row["vehicle_cv"])),
                *(number_cell(row[name]) for name in ("z_prime", "ssmd", "signal_window")),
                Cell(str(row["note"])),
            )
        )
        for row in rows
    ]
    return TableView.of(title, columns, out)
