"""Dose-response of companion assays, from any table of wells: percent of vehicle, IC50, and K_i of a competition."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ublot.errors import BlotError
from ublot.io.tables import Table, number, read_table, table_from_columns
from ublot.statistics.reactions import given_or_first

__all__ = ["CONTROLS", "QUANTITY", "Plate", "Well", "read_plate"]


QUANTITY = "percent_of_vehicle"
VEHICLE = "DMSO"
TO_NM = {"pm": 1e-3, "nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "mm": 1e6, "m": 1e9}
LEFT_OUT = ("yes", "y", "true", "1", "x")  # of a column ``exclude``
KEPT = ("", "no", "n", "false", "0")
CONTROLS = ("positive", "negative")
_SKIPPED = ("blank", "ignore", "marker")


@dataclass(frozen=True)
class Well:
    """One well, its technical duplicates averaged.

    Attributes
    ----------
    plate, group, compound : str
    dose_nM : float
        0 for vehicle.
    time_min : float
        NaN where not given.
    vehicle : bool
    signal, percent : float
        Background subtracted; and as percent of the vehicle of its plate, group and time.
    rows : str
        Rows of the table that it stands in.
    well : str
        Its place on the plate, where given.
    excluded : bool
        Left out of the vehicle's mean and of the curves, because a person said so.
    role : str
        ``positive`` or ``negative`` of a control that is no part of any curve.
    """

    plate: str
    group: str
    compound: str
    dose_nM: float
    time_min: float
    vehicle: bool
    signal: float
    percent: float = math.nan
    rows: str = ""
    well: str = ""
    excluded: bool = False
    role: str = ""


@dataclass(frozen=True)
class Plate:
    """Wells of a table, with the name of the table for messages."""

    name: str
    wells: tuple[Well, ...]


def read_plate(
    table: Any,
    *,
    response: str,
    vehicle: str = VEHICLE,
    background: str | float | None = None,
    exclude: Collection[str] = (),
) -> Plate:
    """Read wells and express them as percent of the vehicle.

    Parameters
    ----------
    table : path, DataFrame, mapping of columns, or list of mappings
        ``compound``, a concentration (``concentration_nM``, or ``_uM``, ``_mM``, ``_M``, ``_pM``) and the response;
        ``role``, ``group``, ``time_min``, ``replicate`` and ``plate`` (or ``blot``) are optional.
    response : str
        Column with the signal.
    vehicle : str
        Compound of the vehicle wells; wells with the role ``vehicle`` or a concentration of 0 are vehicle too.
    background : str or float, optional
        Column, or a number, that is subtracted from the response.
    exclude : collection of str
        Rows of the table (as in messages) or wells that are left out, beside those that a column ``exclude`` marks.

    Raises
    ------
    BlotError
        Columns are missing, a cell is no number, or there is no vehicle.
    """
    source = _table(table)
    find = _Columns(source, response, background)
    found: dict[tuple[Any, ...], list[Well]] = {}
    asked = {str(name).strip().casefold() for name in exclude}
    seen: set[str] = set()
    for index, cells in source.rows:
        if find.text(cells, "role").casefold() in _SKIPPED or not cells[find.response]:
            continue
        well = find.well(index, cells, vehicle)
        names = {well.rows, well.well.casefold()} & asked
        seen |= names
        well = replace(well, excluded=bool(names) or find.excluded(index, cells))
        replicate = find.text(cells, "replicate")
        time = given_or_first(well.time_min)
        key = (well.plate, well.group, well.compound.casefold(), well.dose_nM, time, well.vehicle, well.excluded)
        found.setdefault((*key, replicate or index), []).append(well)
    if asked - seen:
        what = f"no well or row {', '.join(sorted(asked - seen))}"
        raise BlotError(what, f"{source.name}, option exclude", "give rows of the table, or names of its column well")
    wells = [_averaged(same) for same in found.values()]
    return Plate(source.name, tuple(_percent(wells, source.name, vehicle)))


def _table(table: Any) -> Table:
    if isinstance(table, str | Path):
        return read_table(table, "table")
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        names = dict.fromkeys(name for row in table for name in row)
        table = {name: [row.get(name) for row in table] for name in names}
    if not (isinstance(table, Mapping) or hasattr(table, "columns")):
        raise BlotError(f"a {type(table).__name__} is not a table", "table", "give a path, a DataFrame or columns")
    try:
        return table_from_columns("table", {key: table[key] for key in table})
    except (TypeError, ValueError):
        raise BlotError("its columns are not of one length", "table", "give one value per well in each") from None


class _Columns:
    """Which column holds what, and what a cell says."""

    def __init__(self, table: Table, response: str, background: str | float | None) -> None:
        self.table = table
        self.by_case = {name.casefold(): name for name in table.columns}
        self.response = self._needed(response, "response")
        self.compound = self._needed("compound")
        self.concentration, self.factor = self._concentration()
        self.background: str | float = 0.0
        if background is not None:
            self.background = self._background(background)

    def _needed(self, name: str, option: str = "") -> str:
        if name.casefold() not in self.by_case:
            where = f"{self.table.name}{f', option {option}' if option else ''}"
            raise BlotError(f"no column {name!r}", where, f"it has: {', '.join(self.table.columns)}")
        return self.by_case[name.casefold()]

    def _concentration(self) -> tuple[str, float]:
        for name in self.table.columns:
            stem, _, unit = name.rpartition("_")
            if stem.casefold() in {"concentration", "conc", "dose"} and unit.casefold() in TO_NM:
                # M is molar and m nothing at all; the other units are told apart whatever their case.
                return name, TO_NM[unit.casefold()]
        fix = f"name it concentration_nM (or _uM, _mM, _M, _pM); it has: {', '.join(self.table.columns)}"
        raise BlotError("no column with the concentration", self.table.name, fix)

    def _background(self, background: str | float) -> str | float:
        if isinstance(background, str) and background.casefold() in self.by_case:
            return self.by_case[background.casefold()]
        try:
            return number(str(background), decimal_comma=True)
        except ValueError:
            fix = f"give a number or a column; it has: {', '.join(self.table.columns)}"
            raise BlotError(f"no column {background!r}", f"{self.table.name}, option background", fix) from None

    def text(self, cells: Mapping[str, str], name: str) -> str:
        return cells.get(self.by_case.get(name, ""), "")

    def value(self, index: int, cells: Mapping[str, str], column: str) -> float:
        try:
            return number(cells[column], decimal_comma=self.table.decimal_comma)
        except ValueError:
            what = f"{cells[column]!r} is not a number" if cells[column] else "the cell is empty"
            where = f"{self.table.name}, row {index}, column {column}"
            raise BlotError(what, where, "write a plain number") from None

    def well(self, index: int, cells: Mapping[str, str], vehicle: str) -> Well:
        compound = cells[self.compound]
        role = self.text(cells, "role").casefold()
        is_vehicle = compound.casefold() == vehicle.casefold() or role == "vehicle"
        dose = 0.0
        if role in CONTROLS:
            dose, is_vehicle = math.nan, False
        elif not is_vehicle:
            if not cells[self.concentration]:
                where = f"{self.table.name}, row {index}, column {self.concentration}"
                fix = f"give it, or name the vehicle with --vehicle if {compound or 'the empty name'} is the vehicle"
                raise BlotError(f"no concentration of {compound or 'a compound without a name'}", where, fix)
            dose = self.value(index, cells, self.concentration) * self.factor
            if dose < 0:
                where = f"{self.table.name}, row {index}, column {self.concentration}"
                raise BlotError(f"{cells[self.concentration]} is below 0", where, "concentrations are 0 or more")
            is_vehicle = dose == 0
        taken = self.value(index, cells, self.background) if isinstance(self.background, str) else self.background
        time = self.by_case.get("time_min", "")
        return Well(
            self.text(cells, "plate") or self.text(cells, "blot"),
            self.text(cells, "group"),
            compound,
            dose,
            self.value(index, cells, time) if cells.get(time) else math.nan,
            is_vehicle,
            self.value(index, cells, self.response) - taken,
            rows=str(index),
            well=self.text(cells, "well"),
            role=role if role in CONTROLS else "",
        )

    def excluded(self, index: int, cells: Mapping[str, str]) -> bool:
        said = self.text(cells, "exclude").casefold()
        if said in LEFT_OUT:
            return True
        if said in KEPT:
            return False
        where = f"{self.table.name}, row {index}, column {self.by_case['exclude']}"
        raise BlotError(f"{said!r} is neither yes nor no", where, "write yes, or leave it empty")


def _averaged(same: Sequence[Well]) -> Well:
    if len(same) == 1:
        return same[0]
    places = ("+".join(dict.fromkeys(getattr(w, name) for w in same if getattr(w, name))) for name in ("rows", "well"))
    rows, well = places
    return replace(same[0], signal=float(np.mean([w.signal for w in same])), rows=rows, well=well)


def _percent(wells: Sequence[Well], name: str, vehicle: str) -> list[Well]:
    """Wells as percent of the mean vehicle of their plate and group, and of their time where it has one."""
    named = any(w.compound.casefold() == vehicle.casefold() for w in wells)
    # Wells of dose 0 may do without a name, but a name that was given and is not there is a mistake.
    if not any(w.vehicle for w in wells) or not (named or vehicle == VEHICLE):
        compounds = ", ".join(dict.fromkeys(w.compound for w in wells))
        raise BlotError(f"no vehicle wells ({vehicle})", name, f"name the vehicle with --vehicle; it has: {compounds}")
    out = []
    for w in wells:
        peers = [v for v in wells if v.vehicle and not v.excluded and (v.plate, v.group) == (w.plate, w.group)]
        if any(math.isfinite(v.time_min) for v in peers):
            peers = [v for v in peers if v.time_min == w.time_min]
        mean = float(np.mean([v.signal for v in peers])) if peers else math.nan
        if mean <= 0:
            what = f"the vehicle's mean is {mean:.3g} after background subtraction"
            raise BlotError(what, name, "percent of it makes no sense; check --background")
        out.append(replace(w, percent=100 * w.signal / mean))
    return out
