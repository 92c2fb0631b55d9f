"""Dose-response of companion assays, from any table of wells: percent of vehicle, IC50, and K_i of a competition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.competition import competition_ki
from ublot.doseresponse import DOSE_COLUMNS, FEWEST_DOSES, Estimate, estimate_ec50, estimate_row
from ublot.errors import BlotError
from ublot.logistic import Curves
from ublot.results import Kind, json_bytes, write_result
from ublot.tables import Table, as_frame, csv_bytes, number, read_table, table_from_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PLATES", "PLATE_COLUMNS", "Plate", "Well", "fit_dose_response", "plate_columns", "read_plate", "save_plate"]

PLATE_COLUMNS = (*(name for name in DOSE_COLUMNS if name != "flags"), "absolute_ic50_nM", "ki_nM", "ki_low", "ki_high")
"""Columns of the answer: those of `dose_response.csv` and what only plates have."""

PLATES = Kind(
    "dose_response.json", "ublot dose-response", frozenset({"dose_response.json", "dose_response.csv", "wells.csv"})
)
QUANTITY = "percent_of_vehicle"
VEHICLE = "DMSO"
TO_NM = {"pm": 1e-3, "nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "mm": 1e6, "m": 1e9}
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
    """

    plate: str
    group: str
    compound: str
    dose_nM: float
    time_min: float
    vehicle: bool
    signal: float
    percent: float = math.nan


@dataclass(frozen=True)
class Plate:
    """Wells of a table, with the name of the table for messages."""

    name: str
    wells: tuple[Well, ...]


def read_plate(table: Any, *, response: str, vehicle: str = VEHICLE, background: str | float | None = None) -> Plate:
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

    Raises
    ------
    BlotError
        Columns are missing, a cell is no number, or there is no vehicle.
    """
    source = _table(table)
    find = _Columns(source, response, background)
    found: dict[tuple[Any, ...], list[Well]] = {}
    for index, cells in source.rows:
        if find.text(cells, "role") in _SKIPPED or not cells[find.response]:
            continue
        well = find.well(index, cells, vehicle)
        replicate = find.text(cells, "replicate")
        time = -1.0 if math.isnan(well.time_min) else well.time_min
        key = (well.plate, well.group, well.compound.casefold(), well.dose_nM, time, well.vehicle)
        found.setdefault((*key, replicate or index), []).append(well)
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
        is_vehicle = compound.casefold() == vehicle.casefold() or self.text(cells, "role").casefold() == "vehicle"
        dose = 0.0
        if not is_vehicle:
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
        )


def _averaged(same: Sequence[Well]) -> Well:
    first = same[0]
    mean = float(np.mean([w.signal for w in same]))
    return Well(first.plate, first.group, first.compound, first.dose_nM, first.time_min, first.vehicle, mean)


def _percent(wells: Sequence[Well], name: str, vehicle: str) -> list[Well]:
    """Wells as percent of the mean vehicle of their plate and group, and of their time where it has one."""
    named = any(w.compound.casefold() == vehicle.casefold() for w in wells)
    # Wells of dose 0 may do without a name, but a name that was given and is not there is a mistake.
    if not any(w.vehicle for w in wells) or not (named or vehicle == VEHICLE):
        compounds = ", ".join(dict.fromkeys(w.compound for w in wells))
        raise BlotError(f"no vehicle wells ({vehicle})", name, f"name the vehicle with --vehicle; it has: {compounds}")
    out = []
    for w in wells:
        peers = [v for v in wells if v.vehicle and (v.plate, v.group) == (w.plate, w.group)]
        if any(math.isfinite(v.time_min) for v in peers):
            peers = [v for v in peers if v.time_min == w.time_min]
        mean = float(np.mean([v.signal for v in peers])) if peers else math.nan
        if mean <= 0:
            what = f"the vehicle's mean is {mean:.3g} after background subtraction"
            raise BlotError(what, name, "percent of it makes no sense; check --background")
        percent = 100 * w.signal / mean
        out.append(Well(w.plate, w.group, w.compound, w.dose_nM, w.time_min, w.vehicle, w.signal, percent))
    return out


def fit_dose_response(
    table: Any,
    *,
    response: str,
    vehicle: str = "DMSO",
    background: str | float | None = None,
    protein_nM: float | None = None,
    probe_nM: float | None = None,
    probe_kd_nM: float | None = None,
) -> pd.DataFrame:
    """IC50 / EC50 of every compound of a table, and K_i of a fluorescence-polarisation competition.

    The response is the mean of technical duplicates (same ``replicate``) less background, in percent of the vehicle of
    the same plate, group and time. Errors are taken as even in percent; plates are blocks. For K_i the IC50 is that of
    the signal between bound and free probe, so no background but the buffer's should be subtracted.

    Parameters
    ----------
    table, response, vehicle, background
        See `read_plate`.
    protein_nM : float, optional
        Protein in the well: the limit of tight binding, and needed for K_i.
    probe_nM, probe_kd_nM : float, optional
        Total probe and its K_d: both, with `protein_nM`, give K_i, see `ublot.competition.competition_ki`.

    Returns
    -------
    DataFrame
        `PLATE_COLUMNS`, one row per group, compound (and time) with at least four doses. ``ec50_nM`` is the dose of
        half the effect between the fitted plateaus, ``absolute_ic50_nM`` that at 50 % of the vehicle.

    Raises
    ------
    BlotError
        The table or an option cannot be used.
    """
    plate = read_plate(table, response=response, vehicle=vehicle, background=background)
    return as_frame(plate_columns(plate, protein_nM=protein_nM, probe_nM=probe_nM, probe_kd_nM=probe_kd_nM))


def plate_columns(
    plate: Plate, *, protein_nM: float | None = None, probe_nM: float | None = None, probe_kd_nM: float | None = None
) -> dict[str, list[Any]]:
    """Columns of `fit_dose_response`."""
    binding = _binding(protein_nM, probe_nM, probe_kd_nM)
    rows = []
    series: dict[tuple[Any, ...], list[Well]] = {}
    for w in plate.wells:
        if not w.vehicle:
            time = -1.0 if math.isnan(w.time_min) else w.time_min
            series.setdefault((w.group, w.compound.casefold(), time), []).append(w)
    for (group, _, time), members in series.items():
        if len({w.dose_nM for w in members}) < FEWEST_DOSES:
            continue
        plates = {w.plate for w in members}
        peers = [v for v in plate.wells if v.vehicle and v.group == group and v.plate in plates]
        if any(math.isfinite(v.time_min) for v in peers):
            peers = [v for v in peers if v.time_min == time]
        points = [*members, *peers]
        found = estimate_ec50(
            Curves.of(
                [w.dose_nM for w in points], [w.percent for w in points], [w.plate for w in points], 0, "arithmetic"
            )
        )
        place = {"group": group, "compound": members[0].compound, "time_min": math.nan if time < 0 else time}
        row = estimate_row({**place, "quantity": QUANTITY}, found, protein_nM)
        rows.append({**row, "absolute_ic50_nM": _absolute(found), **_ki(found, binding, row)})
    if not rows:
        fix = f"an EC50 takes at least {FEWEST_DOSES} doses"
        raise BlotError(f"no compound with {FEWEST_DOSES} doses", plate.name, fix)
    return {name: [row[name] for row in rows] for name in PLATE_COLUMNS}


def save_plate(out: str | Path, plate: Plate, columns: Mapping[str, Sequence[Any]], options: Mapping[str, Any]) -> Path:
    """Write ``dose_response.csv``, ``wells.csv`` (percent of vehicle), and how they were made.

    Raises
    ------
    BlotError
        The folder was not written by this command, or cannot be written.
    """
    wells = {field.name: [getattr(w, field.name) for w in plate.wells] for field in fields(Well)}
    record = {"writer": PLATES.writer, "schema": 1, "table": plate.name, "options": dict(options)}
    files = {
        "dose_response.csv": csv_bytes(columns),
        "wells.csv": csv_bytes(wells),
        PLATES.record: json_bytes(record),
    }
    return write_result(out, files, kind=PLATES)


def _binding(protein: float | None, probe: float | None, probe_kd: float | None) -> tuple[float, float, float] | None:
    given = {"protein-nM": protein, "probe-nM": probe, "probe-kd-nM": probe_kd}
    for name, value in given.items():
        if value is not None and not 0 < value < math.inf:
            raise BlotError(f"{value!r} cannot be right", f"option {name}", "allowed: a number above 0, in nM")
    if protein is not None and probe is not None and probe_kd is not None:
        return protein, probe, probe_kd
    if probe is not None or probe_kd is not None:
        lacking = next(name for name, value in given.items() if value is None)
        raise BlotError("K_i takes the protein, the probe and its K_d", f"option {lacking}", "give all three")
    return None


def _absolute(found: Estimate) -> float:
    """Dose at which the fitted curve is at 50 % of the vehicle."""
    if found.status != "ok" or found.fit is None:
        return math.nan
    start, end = found.fit.start, float(found.fit.end[0])
    if not min(start, end) < 50 < max(start, end):
        return math.nan
    return found.ec50 * float(((50 - start) / (end - 50)) ** (1 / float(found.fit.hill[0])))


def _ki(found: Estimate, binding: tuple[float, float, float] | None, row: dict[str, Any]) -> dict[str, float]:
    """K_i with its interval, by the same formula from the interval of the IC50; notes go to the row."""
    names = ("ki_nM", "ki_low", "ki_high")
    if binding is None or found.status != "ok":
        return dict.fromkeys(names, math.nan)
    protein, probe, kd = binding
    values = [
        competition_ki(ic50, probe_kd_nM=kd, probe_nM=probe, protein_nM=protein)
        for ic50 in (found.ec50, found.low, found.high)
    ]
    if math.isnan(values[0]):
        said = "K_i: the inhibitor binds as tightly as the protein allows to see, its IC50 is the protein's own amount"
        row["note"] = f"{row['note']}; {said}" if row["note"] else said
    elif math.isnan(values[1]):
        values[1] = 0.0
    return dict(zip(names, values, strict=True))
