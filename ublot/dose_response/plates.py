"""Wells of companion assays, from any table of them, as percent of the vehicle (or between controls)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ublot.dose_response.intensities import is_computed
from ublot.dose_response.plate_columns import CONTROLS, PlateColumns, Row, is_plate_header, plain_name
from ublot.dose_response.readers import read_wells
from ublot.errors import BlotError
from ublot.inputs.layout_words import vehicle_name
from ublot.io.tables import Table, number, read_table, table_from_columns
from ublot.statistics.reactions import given_or_first

__all__ = ["CONTROLS", "QUANTITY", "Plate", "Well", "read_plate"]


QUANTITY = "percent_of_vehicle"
VEHICLE = "DMSO"
UNASSIGNED = "unassigned"
"""Role of wells at dose 0 of which nothing says what they are."""

_BLANKS = ("blank", "blanks")
_NO_COMPOUND = ("", "none", "no compound", "0", "mock")  # at dose 0 nothing but the vehicle goes by these names
_PASTED = 6  # wells in a row that stand in the table a second time are a copy, not a coincidence


@dataclass(frozen=True)
class Well:
    """One well, its technical duplicates averaged.

    Attributes
    ----------
    plate, group, compound : str
    dose_nM : float
        0 for vehicle, NaN for controls and blanks.
    time_min : float
        NaN where not given.
    vehicle : bool
    signal, percent : float
        Background subtracted; and as percent of the vehicle of its plate, group and time, NaN where that has none.
    rows : str
        Rows of the table that it stands in.
    well : str
        Its place on the plate, where given.
    excluded : bool
        Left out of the vehicle's mean and of the curves, because a person said so.
    role : str
        What is no part of any curve: ``blank``, ``positive``, ``negative`` or ``unassigned``.
    intensity : float
        By which a polarisation or anisotropy is weighed, background subtracted; NaN where it is not known.
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
    intensity: float = math.nan


@dataclass(frozen=True)
class Plate:
    """Wells of a table, with its name, what a person should know of the reading, and the name of the response."""

    name: str
    wells: tuple[Well, ...]
    messages: tuple[str, ...] = ()
    response: str = ""


def read_plate(
    table: Any,
    *,
    response: str,
    vehicle: str = VEHICLE,
    background: str | float | None = None,
    exclude: Collection[str] = (),
    controls: bool = False,
    plate_map: Any = None,
    g_factor: float | None = None,
) -> Plate:
    """Read wells and express them as percent of the vehicle.

    Vehicle is what is named so: by the role ``vehicle`` or by `vehicle` as compound. Other compounds at dose 0 are set
    aside and asked about; only where nothing is named do they serve, if they are the doses 0 of the compounds
    themselves or bear no name. Wells with the role ``blank`` are the background of their plate and time.

    Parameters
    ----------
    table : path, DataFrame, mapping of columns, or list of mappings
        ``compound``, a concentration (see `ublot.inputs.concentrations`) and the response; ``role``, ``group``, a time,
        ``replicate``, ``plate`` (or ``blot``), ``well`` and ``exclude`` are optional. Or a file of a plate reader, or
        grids, see `ublot.dose_response.readers`.
    response : str
        Column with the signal. Where there is none, ``mP`` or ``anisotropy`` is computed from columns ``parallel`` and
        ``perpendicular``, their background subtracted first.
    vehicle : str
        Compound of the vehicle wells.
    background : str or float, optional
        A number or a column that is subtracted from the response; or the compound (or ``blank``, the role) of wells
        whose mean, by plate and time, is.
    exclude : collection of str
        Rows of the table (as in messages) or wells that are left out, beside those that a column ``exclude`` marks.
    controls : bool
        Scale between the controls instead: the wells of the role positive or negative that lie further from the vehicle
        are 0 %, the others (or the vehicle, where there are no others) 100 %.
    plate_map : path or paths, optional
        What is in the wells of a reader's export or of a grid.
    g_factor : float, optional
        Of the reader, by which perpendicular intensities are multiplied; 1 where not given.

    Raises
    ------
    BlotError
        Columns are missing, a cell is no number, or there is no vehicle.
    """
    said: list[str] = []
    source = read_wells(table, response, plate_map, said) if isinstance(table, str | Path) else None
    source = source or _table(table)
    if g_factor is not None and not 0 < g_factor < math.inf:
        raise BlotError(f"{g_factor!r} cannot be right", "option g-factor", "allowed: a number above 0")
    columns = PlateColumns(source, response, background, g_factor)
    rows = [columns.read(index, cells) for index, cells in source.rows]
    rows, more = _counted_once([row for row in rows if row.role != "ignore"], source.name)
    said += more
    empty = [row for row in rows if math.isnan(row.signal)]
    if empty:
        said.append(f"{source.name}: no signal, or one above the reader's range, in {_rows(empty)}: left out")
    rows = [row for row in rows if not math.isnan(row.signal)]
    if not rows:
        raise BlotError(
            f"no well has a value of {response!r}", source.name, "give one row for each well, with its signal"
        )
    taken, wanted = _background(rows, columns, background, source.name)
    rows = _assigned(rows, source.name, vehicle, wanted, said)
    blank = [row for row in rows if row.role == "blank" and (wanted or background is None)]
    wells = _wells(rows, blank, taken, exclude, columns, said)
    if columns.computed:
        how = f"computed from {' and '.join(columns.channels or ())} with G = {columns.g_factor:g}"
        less = "" if blank or taken else ", no background subtracted: give the blank wells their role"
        said.append(f"{source.name}: {response} {how}{less}")
        wells = _lit(wells, source.name, said)
    return Plate(source.name, tuple(_percent(wells, source.name, said, controls=controls)), tuple(said), response)


def _table(table: Any) -> Table:
    if isinstance(table, Table):
        return table
    if isinstance(table, str | Path):
        return read_table(table, "table", is_plate_header)
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        names = dict.fromkeys(name for row in table for name in row)
        table = {name: [row.get(name) for row in table] for name in names}
    if not (isinstance(table, Mapping) or hasattr(table, "columns")):
        raise BlotError(f"a {type(table).__name__} is not a table", "table", "give a path, a DataFrame or columns")
    try:
        return table_from_columns("table", {key: table[key] for key in table})
    except (TypeError, ValueError):
        raise BlotError("its columns are not of one length", "table", "give one value per well in each") from None


def _rows(rows: Sequence[Row]) -> str:
    """Rows in words, the first few by number."""
    numbers = [str(row.index) for row in rows]
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    return f"row{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:8])}{more}"


def _counted_once(rows: Sequence[Row], name: str) -> tuple[list[Row], list[str]]:
    """Rows without those that a second copy of the export added, and what was found."""
    cells = [replace(row, index=0) for row in rows]
    seen: dict[Row, int] = {}
    earlier = [seen.setdefault(cell, i) for i, cell in enumerate(cells)]
    copies: set[int] = set()
    run: list[int] = []
    for i, first in enumerate([*earlier, -1]):
        if run and first >= 0 and first < i and first == earlier[run[-1]] + 1:
            run.append(i)
            continue
        if len(run) >= _PASTED and len({cells[k].signal for k in run}) > _PASTED // 2:
            copies.update(run)
        run = [i] if 0 <= first < i else []
    said = []
    if copies:
        again = [rows[i] for i in sorted(copies)]
        said.append(f"{name}: {_rows(again)} repeat earlier rows, the export stands in the table twice: counted once")
    kept = [row for i, row in enumerate(rows) if i not in copies]
    places: dict[tuple[Any, ...], list[Row]] = {}
    for row in kept:
        if row.well and not row.replicate:
            place = row.plate, row.well.casefold(), given_or_first(row.time_min)
            places.setdefault(place, []).append(row)
    twice = [same for same in places.values() if len(same) > 1]
    if twice:
        well = " of plate ".join(part for part in (twice[0][0].well, twice[0][0].plate) if part)
        more = f", and {len(twice) - 1} more wells" if len(twice) > 1 else ""
        said.append(f"{name}: well {well} is given in {_rows(twice[0])}{more}: is a column plate or time missing?")
    return kept, said


def _assigned(rows: Sequence[Row], name: str, vehicle: str, blanks: Collection[str], said: list[str]) -> list[Row]:
    """Rows with every role decided: vehicle, blank (also the compounds `blanks`), control, sample or unassigned."""
    out = []
    for row in rows:
        role = row.role
        if plain_name(row.compound) in blanks and row.compound:
            role = "blank"
        elif role in {"", "sample"}:
            if vehicle_name(row.compound, vehicle):
                role = "vehicle"
            elif plain_name(row.compound) in _BLANKS:
                role = "blank"
            else:
                role = UNASSIGNED if not row.dose_nM > 0 else "sample"
        out.append(replace(row, role=role))
    idle = [row for row in out if row.role == UNASSIGNED]
    names = {plain_name(row.compound): row.compound for row in out if row.role == "vehicle"}
    if len(names) > 1:
        said.append(f"{name}: the vehicle goes by several names, which are taken together: {', '.join(names.values())}")
    if any(row.role == "vehicle" for row in out):
        if idle:
            many = "; ".join(f"{names[0].compound or 'no name'}, {_rows(names)}" for names in _by_compound(idle))
            what = "wells without a dose that nothing names vehicle are left out"
            said.append(f"{name}: {what} ({many}): give them a role, or name them with --background or --vehicle")
        return out
    dosed = {plain_name(row.compound) for row in out if row.role == "sample"}
    zeros = [row for row in idle if row.dose_nM == 0 or plain_name(row.compound) in _NO_COMPOUND]
    strange = [row for row in zeros if plain_name(row.compound) not in {*dosed, *_NO_COMPOUND}]
    if vehicle != VEHICLE or not zeros or strange or len(zeros) < len(idle):
        compounds = ", ".join(dict.fromkeys(row.compound for row in rows if row.compound))
        fix = f"name the vehicle with --vehicle, or give its wells the role vehicle; it has: {compounds}"
        raise BlotError(f"no vehicle wells ({vehicle})", name, fix)
    said.append(f"{name}: no wells are named {vehicle}: those at dose 0 ({_rows(zeros)}) are taken for the vehicle")
    return [replace(row, role="vehicle") if row.role == UNASSIGNED else row for row in out]


def _by_compound(rows: Sequence[Row]) -> list[list[Row]]:
    names: dict[str, list[Row]] = {}
    for row in rows:
        names.setdefault(plain_name(row.compound), []).append(row)
    return list(names.values())


def _background(
    rows: Sequence[Row], columns: PlateColumns, background: str | float | None, name: str
) -> tuple[float, tuple[str, ...]]:
    """Number that is subtracted, and names of the compounds whose wells are the background (``blank``: the role)."""
    if columns.computed and columns.background is not None:
        fix = "give a number, which is taken off both intensities, or blank wells"
        raise BlotError(f"column {str(background)!r} is not one for each intensity", f"{name}, option background", fix)
    if background is None or columns.background is not None:
        return 0.0, ()
    try:
        return number(str(background), decimal_comma=True), ()
    except ValueError:
        wanted = plain_name(str(background))
    named = any(plain_name(row.compound) == wanted for row in rows)
    if not named and not (wanted in _BLANKS and any(row.role == "blank" for row in rows)):
        compounds = ", ".join(dict.fromkeys(row.compound for row in rows if row.compound))
        fix = f"give a number, a column ({', '.join(columns.table.columns)}), or a compound ({compounds})"
        raise BlotError(f"no column {str(background)!r} and no such wells", f"{name}, option background", fix)
    return 0.0, (wanted, *(_BLANKS if wanted in _BLANKS else ()))


def _wells(
    rows: Sequence[Row],
    blanks: Sequence[Row],
    taken: float,
    exclude: Collection[str],
    columns: PlateColumns,
    said: list[str],
) -> list[Well]:
    name = columns.table.name
    if blanks and not columns.computed and is_computed(columns.response or ""):
        what = f"the {columns.response} of blank wells is no background of {columns.response}: not subtracted"
        said.append(f"{name}: {what}; for that, give the columns parallel and perpendicular")
    asked = {str(one).strip().casefold() for one in exclude}
    seen: set[str] = set()
    found: dict[tuple[Any, ...], list[Well]] = {}
    bare: list[Row] = []
    for row in rows:
        names = {str(row.index), row.well.casefold()} & asked
        seen |= names
        empty = [b for b in blanks if b.plate == row.plate and not b.excluded and _at(b, row)]
        if blanks and not empty:
            bare.append(row)
        signal, intensity = _signal(row, empty, taken, columns) if empty or not blanks else (math.nan, math.nan)
        well = Well(
            row.plate,
            row.group,
            row.compound,
            0.0 if row.role == "vehicle" else row.dose_nM,
            row.time_min,
            row.role == "vehicle",
            signal,
            rows=str(row.index),
            well=row.well,
            excluded=bool(names) or row.excluded,
            role="" if row.role in {"vehicle", "sample"} else row.role,
            intensity=intensity,
        )
        time = given_or_first(well.time_min)
        dose = -1.0 if math.isnan(well.dose_nM) else well.dose_nM
        key = (well.plate, well.group, plain_name(well.compound), dose, time, well.vehicle, well.role, well.excluded)
        found.setdefault((*key, row.replicate or row.index), []).append(well)
    if asked - seen:
        what = f"no well or row {', '.join(sorted(asked - seen))}"
        raise BlotError(what, f"{name}, option exclude", "give rows of the table, or names of its column well")
    if bare:
        where = _places({(row.plate, "", row.time_min) for row in bare})
        said.append(f"{name}: no blank wells on {where}: left out, its background is not known")
    return [_averaged(same) for same in found.values()]


def _signal(row: Row, blanks: Sequence[Row], taken: float, columns: PlateColumns) -> tuple[float, float]:
    """Signal of a well without its background, and the intensity that weighs it where it is a polarisation."""
    own = taken if columns.computed else 0.0
    off = np.mean([b.channels for b in blanks], axis=0) if blanks else np.zeros(2)
    parallel, perpendicular = (float(c) for c in np.asarray(row.channels) - off - own)
    value, intensity = columns.weigh(parallel, perpendicular, columns.g_factor)
    if columns.computed:
        return (math.nan, math.nan) if row.role == "blank" else (value, intensity)
    # The polarisation of a blank is that of what little light there is: it is no background of a polarisation.
    empty = [] if is_computed(columns.response or "") else [b.signal for b in blanks]
    return row.signal - row.background - taken - (float(np.mean(empty)) if empty else 0.0), intensity


def _lit(wells: Sequence[Well], name: str, said: list[str]) -> list[Well]:
    """Wells that shine more than the blank ones."""
    dark = [w for w in wells if w.role != "blank" and not math.isfinite(w.signal)]
    if dark:
        where = ", ".join(w.well or f"row {w.rows}" for w in dark[:8])
        said.append(f"{name}: no light above the background in {where}{', …' * (len(dark) > 8)}: left out")
    return [w for w in wells if math.isfinite(w.signal) or w.role == "blank"]


def _at(blank: Row, row: Row) -> bool:
    return math.isnan(blank.time_min) or blank.time_min == row.time_min


def _places(places: Collection[tuple[str, str, float]]) -> str:
    """Plates, groups and times in words."""
    out = []
    for plate, group, time in sorted(places, key=lambda p: (p[0], p[1], given_or_first(p[2]))):
        parts = [f"plate {plate}" if plate else "", f"group {group}" if group else ""]
        parts.append("" if math.isnan(time) else f"{time:g} min")
        out.append(", ".join(part for part in parts if part) or "the plate")
    return "; ".join(dict.fromkeys(out))


def _averaged(same: Sequence[Well]) -> Well:
    if len(same) == 1:
        return same[0]
    places = ("+".join(dict.fromkeys(getattr(w, name) for w in same if getattr(w, name))) for name in ("rows", "well"))
    rows, well = places
    signal, intensity = (float(np.mean([getattr(w, what) for w in same])) for what in ("signal", "intensity"))
    return replace(same[0], signal=signal, intensity=intensity, rows=rows, well=well)


def _percent(wells: Sequence[Well], name: str, said: list[str], *, controls: bool) -> list[Well]:
    """Wells as percent of the mean vehicle of their plate and group, and of their time where it has one."""
    if controls and not any(w.role in CONTROLS for w in wells):
        raise BlotError("no wells with the role positive or negative", f"{name}, option controls", "give them the role")
    out, without = [], set()
    for w in wells:
        peers = [v for v in wells if not v.excluded and v.plate == w.plate and math.isfinite(v.signal)]
        vehicles = [v for v in peers if v.vehicle and v.group == w.group]
        if any(math.isfinite(v.time_min) for v in vehicles):
            vehicles = [v for v in vehicles if v.time_min == w.time_min]
        if not vehicles:
            if not w.role and math.isfinite(w.signal):
                without.add((w.plate, w.group, w.time_min))
            out.append(w)
            continue
        low, high = 0.0, float(np.mean([v.signal for v in vehicles]))
        if controls:
            ends = _ends(peers, w, high)
            if ends is None:
                without.add((w.plate, w.group, w.time_min))
                out.append(w)
                continue
            low, high = ends
        elif high <= 0:
            what = f"the vehicle's mean is {high:.3g} after background subtraction"
            raise BlotError(what, name, "percent of it makes no sense; check --background")
        out.append(replace(w, percent=100 * (w.signal - low) / (high - low)))
    if without:
        lacking = "no vehicle" if not controls else "no vehicle or control"
        said.append(f"{name}: {lacking} wells for {_places(without)}: left out")
    if all(math.isnan(w.percent) for w in out if not w.role):
        said.append(f"{name}: no well has a vehicle of its own plate, group and time")
    return out


def _ends(peers: Sequence[Well], w: Well, vehicle: float) -> tuple[float, float] | None:
    """Signals of 0 and 100 % by the controls of a well's plate, group and time; None without any."""
    means = []
    for role in CONTROLS:
        own = [v for v in peers if v.role == role and v.group in {w.group, ""}]
        if any(math.isfinite(v.time_min) for v in own):
            own = [v for v in own if v.time_min == w.time_min]
        if own:
            means.append(float(np.mean([v.signal for v in own])))
    if not means:
        return None
    means.sort(key=lambda mean: abs(mean - vehicle), reverse=True)
    ends = means[0], means[1] if len(means) > 1 else vehicle
    return ends if ends[0] != ends[1] else None
