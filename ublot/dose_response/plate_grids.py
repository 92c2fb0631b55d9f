"""Plates as grids, 8 x 12 and 16 x 24, and the plate map that tells what is in a well."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ublot.errors import BlotError
from ublot.inputs.concentrations import concentration_column, find_concentrations, words_of
from ublot.io.sheets import read_records
from ublot.io.tables import Table, read_table, table_from_records

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Grid", "grids_of", "read_map", "well_name"]

SHAPES = {(8, 12), (16, 24)}
_LETTERS = string.ascii_uppercase[:16]
_WELL = re.compile(r"([A-P])0*([1-9]\d?)", re.IGNORECASE)
_FIELDS = {
    "compound": ("compound", "compounds", "drug", "cmpd", "treatment", "sample", "samples", "inhibitor"),
    "role": ("role", "roles", "type", "control", "controls"),
    "group": ("group", "groups", "cell", "cells"),
    "replicate": ("replicate", "replicates"),
    "time_min": ("time",),
}


@dataclass(frozen=True)
class Grid:
    """Cells of a plate, by row and column.

    Attributes
    ----------
    title : str
        Of the lines above it and of its corner.
    cells : tuple of tuple of str
        8 x 12 or 16 x 24; a grid that is written only in part is filled up with empty cells.
    row : int
        Of its line A in the file, from 1; where the file begins with a later one, of where A would stand.
    """

    title: str
    cells: tuple[tuple[str, ...], ...]
    row: int

    @property
    def top(self) -> int:
        """Row of its first line that is written in the file."""
        return self.row + next((i for i, line in enumerate(self.cells) if any(line)), 0)

    def wells(self) -> list[tuple[str, str, int]]:
        """Name, content and row in the file of every well that is not empty."""
        return [
            (f"{_LETTERS[i]}{j + 1}", text, self.row + i)
            for i, line in enumerate(self.cells)
            for j, text in enumerate(line)
            if text
        ]


def well_name(text: str) -> str:
    """``a01`` as ``A1``; as it is where it is no well of a plate."""
    found = _WELL.fullmatch(text.strip())
    return f"{found[1].upper()}{int(found[2])}" if found else text.strip()


def _numbers(cells: Sequence[str]) -> tuple[int, int]:
    """Place and length of the run 1, 2, 3, … in a row; length 0 where there is none."""
    for start, cell in enumerate(cells):
        if cell.strip().lstrip("0") != "1":
            continue
        length = 1
        while start + length < len(cells) and cells[start + length].strip().lstrip("0") == str(length + 1):
            length += 1
        if length in {12, 24}:
            return start, length
    return 0, 0


def _above(records: Sequence[Sequence[str]], row: int, used: int) -> str:
    """Text of the three lines above a row, as far as they belong to no grid before."""
    above = [" ".join(c.strip() for c in records[k] if c.strip()) for k in range(max(used, row - 3), row)]
    return " ".join(text for text in above if text)


def _part(records: Sequence[Sequence[str]], row: int) -> Grid | None:
    """Some rows and columns of a plate under a corner ``<>``, with empty cells around them."""
    head = [cell.strip() for cell in records[row]]
    if not head or head[0] != "<>":
        return None
    columns: list[int] = []
    for cell in head[1:]:
        if not re.fullmatch(r"[1-9]|1\d|2[0-4]", cell) or (columns and int(cell) <= columns[-1]):
            break
        columns.append(int(cell))
    lines: dict[int, Sequence[str]] = {}
    for cells in records[row + 1 :]:
        label = cells[0].strip().upper() if cells else ""
        if len(label) != 1 or label not in _LETTERS or _LETTERS.index(label) in lines:
            break
        lines[_LETTERS.index(label)] = [cell.strip() for cell in cells[1 : 1 + len(columns)]]
    if not columns or not lines:
        return None
    height, width = next(shape for shape in sorted(SHAPES) if max(lines) < shape[0] and columns[-1] <= shape[1])
    grid = [[""] * width for _ in range(height)]
    for line, values in lines.items():
        for column, value in zip(columns, values, strict=False):
            grid[line][column - 1] = value
    return Grid("", tuple(map(tuple, grid)), row + 2 - min(lines))


def _bare(cells: Sequence[str], start: int, width: int) -> bool:
    """Whether a line is one of values under 1, 2, 3, … without the letter of its row."""
    label = cells[start - 1].strip() if start <= len(cells) else "?"
    values = [cell.strip() for cell in cells[start : start + width] if cell.strip()]
    numbers = all(re.fullmatch(r"[-+]?[\d.,]+(e[-+]?\d+)?", v, re.IGNORECASE) for v in values)
    return bool(values) and numbers and not label.isalpha()


def grids_of(records: Sequence[Sequence[str]]) -> list[Grid]:
    """All grids in the rows of a file: a line of 1 to 12 (24), under it lines that begin with A to H (P).

    Under a corner ``<>``, as Tecan writes it, it may be any part of a plate.
    """
    out, i, used = [], 0, 0
    while i < len(records):
        part = _part(records, i)
        if part is not None:
            out.append(replace(part, title=f"{_above(records, i, used)} <>".strip()))
            used = i = i + 1 + sum(any(line) for line in part.cells)
            continue
        start, width = _numbers(records[i])
        if not width:
            i += 1
            continue
        height = 8 if width == 12 else 16
        lines = []
        under = records[i + 1 : i + 1 + height]
        # SoftMax Pro writes the temperature where others write A to H.
        lettered = not (start >= 1 and len(under) == height and all(_bare(cells, start, width) for cells in under))
        for k in range(height):
            cells = list(records[i + 1 + k]) if i + 1 + k < len(records) else []
            label = cells[start - 1].strip().upper() if 1 <= start <= len(cells) else "?"
            if label != _LETTERS[k] and lettered:
                break
            own = [cell.strip() for cell in cells[start : start + width]]
            lines.append(tuple(own + [""] * (width - len(own))))
        if not lines:
            i += 1
            continue
        title = " ".join([_above(records, i, used), records[i][start - 1].strip() if start else ""]).strip()
        lines += [("",) * width] * (height - len(lines))
        out.append(Grid(title, tuple(lines), i + 2))
        i += height + 1
        used = i
    return out


def _field(name: str) -> str:
    """What a grid of this title holds: a column of a table of wells; empty where it does not say."""
    if concentration_column(name):
        return name
    words = words_of(name)
    for field, said in _FIELDS.items():
        if set(words) & set(said):
            return field
    if set(words) & {"conc", "concentration", "concentrations", "dose", "doses"}:
        units = [word for word in words if concentration_column(f"conc {word}") and word not in {"conc", "dose"}]
        return f"concentration_{units[0]}" if units else "concentration"
    return ""


def _content(grid: Grid) -> str:
    cells = [text.casefold() for _, text, _ in grid.wells()]
    if cells and all(re.fullmatch(r"[-+]?[\d.,]+(e[-+]?\d+)?", text) for text in cells):
        return "concentration"
    roles = {"vehicle", "blank", "positive", "negative", "sample", "ignore", "empty"}
    return "role" if cells and set(cells) <= roles else "compound"


def read_map(paths: str | Path | Sequence[str | Path], said: list[str]) -> Table:
    """Plate map as a table with a column ``well``.

    Parameters
    ----------
    paths : path, paths, or text with paths separated by commas
        A list of wells (``well``, ``compound``, a concentration, ``role``, …), or grids: one file or sheet each, or one
        under another, told apart by sheet, title or file name (compound, concentration_nM, role).
    said : list of str
        Gets what had to be assumed.

    Raises
    ------
    BlotError
        Neither a list nor grids.
    """
    if isinstance(paths, str) and "," in paths and not Path(paths).is_file():
        paths = [part.strip() for part in paths.split(",")]
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    fields: dict[str, dict[str, str]] = {}
    decimal_comma = False
    for file in files:
        sheets = read_records(file, "plate map")
        decimal_comma = decimal_comma or any(comma for _, comma in sheets)
        found = [grid for records, _ in sheets for grid in grids_of(records)]
        if not found:
            if len(files) > 1:
                raise BlotError(
                    "no grid of 8 x 12 or 16 x 24 wells in it", file, "give each grid with 1 to 12 above it"
                )
            return _list(file)
        for grid in found:
            names = (grid.title, Path(file).stem)
            field = next((f for name in names if (f := _field(name))), "") or _content(grid)
            field = next((f for name in names if (f := _field(name)) and f != "concentration"), field)
            if field == "concentration":
                said.append(f"{file}: concentrations without a unit are taken as nM")
                field = "concentration_nM"
            fields.setdefault(field, {}).update({well: text for well, text, _ in grid.wells()})
    if "compound" not in fields and "role" not in fields:
        raise BlotError("no grid with the compounds", files[0], "name the grids compound, concentration_nM and role")
    wells = list(dict.fromkeys(well for cells in fields.values() for well in cells))
    header = ["well", *fields]
    body = [[well, *(cells.get(well, "") for cells in fields.values())] for well in wells]
    return table_from_records(str(files[0]), [header, *body], decimal_comma=decimal_comma)


def _list(file: str | Path) -> Table:
    def is_header(cells: Sequence[str]) -> bool:
        words = {" ".join(words_of(cell)) for cell in cells}
        return bool(words & {"well", "wells", "position", "well id"})

    table = read_table(file, "plate map", is_header)
    if find_concentrations(table) is None and not any("compound" in words_of(c) for c in table.columns):
        fix = "give a list with well, compound, concentration_nM and role, or grids of them"
        raise BlotError("neither a list of wells nor grids of 8 x 12 or 16 x 24", file, fix)
    return table
