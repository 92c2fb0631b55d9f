"""Exports of plate readers, by the library allotropy, and bare grids, joined with a plate map to a table of wells."""

from __future__ import annotations

import codecs
import math
import re
import tempfile
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from ublot.dose_response.intensities import find_channels, is_computed
from ublot.dose_response.plate_columns import BEYOND, is_plate_header, names_compound
from ublot.dose_response.plate_grids import Grid, grids_of, read_map, well_name
from ublot.dose_response.plate_lists import labels_above, readings_in_lists
from ublot.dose_response.reading import SIGNAL, Reading
from ublot.errors import BlotError
from ublot.inputs.concentrations import words_of
from ublot.io.sheets import DEEPEST_HEADER, read_records
from ublot.io.tables import Table, table_from_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["read_wells", "readings_of"]

# What an export says of itself in its first lines, and the reader of allotropy that knows it; none: grids and lists.
_MAKERS = (
    (r"(Application|Programm): (Tecan i-control|SparkControl)", "Tecan i-control", ""),
    (r"##BLOCKS=", "SoftMax Pro", "MOLDEV_SOFTMAX_PRO"),
    (r"Experiment File Path:|Protocol File Path:", "Gen5", "AGILENT_GEN5"),
    (r"User: .*Path: .*Test (run no|ID)", "BMG MARS", "BMG_MARS"),
    (r"Plate information\b.*\bPlate,Repeat,Barcode", "EnVision", "PERKIN_ELMER_ENVISION"),
    (r"Kaleido|Results for .*Barcode", "Kaleido", "REVVITY_KALEIDO"),
)
_SHEET_MAKERS = (
    (r"(Application|Programm): (Tecan i-control|SparkControl)", "Tecan i-control", ""),
    (r"Path: .*Test ID: .*Test Name: ", "BMG SMART Control", "BMG_LABTECH_SMART_CONTROL"),
    (r"Raw data.*Well positions|Magellan|i-control|Tecan", "Tecan Magellan", "TECAN_MAGELLAN"),
    (r"SkanIt|Measurement results|Execution time", "SkanIt", "THERMO_SKANIT"),
)
LONGEST = 60  # characters of a title that are kept, the last ones
_LIST = "a list of wells"
_VALUES_IN = "the values in"
_KINDS = ("fluorescence", "absorbance", "luminescence")


def read_wells(path: str | Path, response: str, plate_map: Any, said: list[str]) -> Table | None:
    """Table of wells from a reader's export or grids, with what the plate map says of them.

    Parameters
    ----------
    path : path
    response : str
        Which measurement, where there are several; it names the column.
    plate_map : path or paths, optional
        See `ublot.dose_response.plate_grids.read_map`.
    said : list of str
        Gets what had to be assumed.

    Returns
    -------
    Table or None
        None where the file is a table of wells already.

    Raises
    ------
    BlotError
        Neither, with what was recognised; no plate map; the extra is not installed.
    """
    sheets = read_records(path)
    heads = [[c.strip() for c in row] for rows, _ in sheets for row in rows[:DEEPEST_HEADER]]
    if plate_map is None and any(map(is_plate_header, heads)):
        return None
    maker, readings = readings_of(path, sheets)
    if not readings or (plate_map is None and maker == _LIST and any(map(names_compound, heads))):
        return None
    names = list(dict.fromkeys(r.measurement for r in readings))
    wells = len({(r.plate, r.well) for r in readings})
    seen = f"{maker} with {wells} wells ({'; '.join(names)})"
    if plate_map is None:
        fix = "tell what is in the wells with --plate-map: a list (well, compound, concentration_nM, role), or grids"
        raise BlotError(f"recognised {seen}; a plate map is missing", path, fix)
    chosen = _chosen(names, response)
    pair = find_channels(names) if chosen is None and is_computed(response) else None
    if chosen is None and pair is None:
        raise BlotError(f"no measurement {response!r} in {seen}", f"{path}, option response", "give one of them")
    if maker.startswith(_VALUES_IN):
        said.append(f"{path}: recognised {seen}, not read as such an export: check that these are the readings")
    again = [name for name in names if chosen is not None and name.startswith(f"{chosen} read ")]
    if again:
        said.append(f"{path}: {chosen} was read {len(again) + 1} times: the first is taken; others: {'; '.join(again)}")
    wanted = (
        {chosen: response} if chosen is not None else dict(zip(pair or (), ("parallel", "perpendicular"), strict=True))
    )
    return _joined(str(path), readings, read_map(plate_map, said), wanted, said)


def _chosen(names: Sequence[str], response: str) -> str | None:
    if len(names) == 1:
        return names[0]
    wanted = words_of(response)
    exact = [name for name in names if words_of(name) == wanted]
    first = [name for name in names if all(n == name or n.startswith(f"{name} read ") for n in names)]
    part = [name for name in names if wanted and set(wanted) <= set(words_of(name))]
    return exact[0] if exact else part[0] if len(part) == 1 else first[0] if first else None


def _joined(
    name: str, readings: Sequence[Reading], contents: Table, wanted: Mapping[str, str], said: list[str]
) -> Table:
    """Rows of the map, each with the readings of its well, a column for each of the measurements that are `wanted`."""
    well = next(c for c in contents.columns if " ".join(words_of(c)) in {"well", "wells", "position", "well id"})
    plate = next((c for c in contents.columns if " ".join(words_of(c)) in {"plate", "plate id", "barcode"}), None)
    kept = [r for r in readings if r.measurement in wanted]
    timed = any(math.isfinite(r.time_min) for r in kept)
    responses = {response.casefold() for response in wanted.values()}
    others = [c for c in contents.columns if c not in {well, plate} and c.casefold() not in responses]
    by_well: dict[str, list[Mapping[str, str]]] = {}
    for _, cells in contents.rows:
        by_well.setdefault(well_name(cells[well]), []).append(cells)
    places: dict[tuple[str, str, str], dict[str, str]] = {}
    for r in kept:
        places.setdefault((r.plate, r.well, f"{r.time_min:g}"), {})[r.measurement] = r.value
    body, unknown = [], []
    for (where, place, time), values in places.items():
        described = [c for c in by_well.get(place, ()) if plate is None or not c[plate] or c[plate] == where]
        if not described:
            unknown.append(place)
            continue
        own = [time] if timed else []
        signals = [values.get(measurement, "") for measurement in wanted]
        body.append([where, place, *own, *signals, *(described[0][c] for c in others)])
    if not body:
        raise BlotError("no well of the plate map is in the export", contents.name, f"wells are A1 to H12 in {name}")
    if unknown:
        wells = ", ".join(dict.fromkeys(unknown[:6]))
        said.append(f"{contents.name}: {len(unknown)} readings are of wells that the map does not tell ({wells}, …)")
    if plate is not None and not {r.plate for r in kept} & {c[plate] for _, c in contents.rows}:
        told = ", ".join(dict.fromkeys(c[plate] for _, c in contents.rows if c[plate]))
        if told:
            read = ", ".join(dict.fromkeys(r.plate or "no name" for r in kept))
            said.append(f"{contents.name}: its plates ({told}) are none of the export's ({read})")
    header = ["plate", "well", *(["time_min"] if timed else []), *wanted.values(), *others]
    found = table_from_records(name, [header, *body])
    return Table(found.name, found.columns, found.rows, contents.decimal_comma, contents.ambiguous)


def readings_of(path: str | Path, sheets: Sequence[tuple[Sequence[Sequence[str]], bool]]) -> tuple[str, list[Reading]]:
    """Readings of a file and what it was recognised as; none where it is neither an export nor a grid."""
    book = Path(path).suffix.lower() in {".xlsx", ".xlsm", ".xls"}
    head = " ".join(cell for rows, _ in sheets for row in rows[:40] for cell in row)
    first = "\n".join(",".join(row) for rows, _ in sheets[:1] for row in rows[:40])
    for pattern, name, maker in _SHEET_MAKERS if book else _MAKERS:
        if not re.search(pattern, head if book else first, re.DOTALL):
            continue
        if maker:
            try:
                found = _told_apart(_by_allotropy(path, name, maker))
            except BlotError:
                # A short export may hold no more than the grid itself, or a list.
                found = _of_grids(path, sheets, apart=True) or _of_lists(sheets)
                if not found:
                    raise
                return f"{_VALUES_IN} an export of {name}", found
        else:
            found = _of_grids(path, sheets, apart=True) or _of_lists(sheets)
        if not any(r.value for r in found):
            what = f"recognised an export of {name}, in which no well has an end point or a time course"
            raise BlotError(what, path, "export the raw values of the wells, not spectra, curves or reduced values")
        return f"an export of {name}", found
    found = _of_grids(path, sheets)
    if found:
        return "a grid", found
    return _LIST, _of_lists(sheets)


def _told_apart(readings: Sequence[Reading]) -> list[Reading]:
    """Readings of which several of one name are numbered in their order, so that none hides another."""
    seen: dict[tuple[str, str, str, str], int] = {}
    out = []
    for r in readings:
        key = r.plate, r.well, r.measurement, f"{r.time_min:g}"
        seen[key] = count = seen.get(key, 0) + 1
        out.append(r if count == 1 else replace(r, measurement=f"{r.measurement} read {count}"))
    return out


def _of_lists(sheets: Sequence[tuple[Sequence[Sequence[str]], bool]]) -> list[Reading]:
    found = [readings_in_lists(rows, decimal_comma=comma) for rows, comma in sheets]
    several = sum(map(bool, found)) > 1
    return [
        replace(r, plate=f"sheet {k}" if several and not r.plate else r.plate)
        for k, readings in enumerate(found, 1)
        for r in _told_apart(readings)
    ]


def _of_grids(
    path: str | Path, sheets: Sequence[tuple[Sequence[Sequence[str]], bool]], *, apart: bool = False
) -> list[Reading]:
    """Values of all grids of numbers: of one measurement on several plates, or (`apart`) of several measurements."""
    out = []
    each = [(rows, comma, [grid for grid in grids_of(rows) if _numeric(grid)]) for rows, comma in sheets]
    several = sum(bool(grids) for _, _, grids in each) > 1
    for sheet, (rows, comma, grids) in enumerate(each, 1):
        before = f"sheet {sheet}" if several else ""
        for k, grid in enumerate(grids, 1):
            title = labels_above(rows, grid.top - 1) if apart else ""
            title = title or grid.title[-LONGEST:].strip()
            sides = [word for word in words_of(title) if word in {"parallel", "perpendicular"}]
            if sides and not apart:
                plate = " ".join(w for w in title.split() if w.casefold().strip(":()") != sides[0])
                name = sides[0]
            elif apart:
                plate, name = "", (title or f"grid {k}") if len(grids) > 1 else SIGNAL
            else:
                # Grids one under another are plates; what stands above them names them.
                plate, name = title or (f"plate {k}" if len(grids) > 1 else ""), SIGNAL
            plate = " ".join(part for part in (before, plate) if part)
            wells = grid.wells()
            texts = _with_points(path, wells) if comma else [text for _, text, _ in wells]
            out += [Reading(plate, well, name, math.nan, text) for (well, _, _), text in zip(wells, texts, strict=True)]
    return _told_apart(out)


def _with_points(path: str | Path, wells: Sequence[tuple[str, str, int]]) -> list[str]:
    """Values of a grid with decimal commas, points of thousands taken out, as a table of them is read."""
    column = table_from_records(str(path), [["value"], *([text] for _, text, _ in wells)], decimal_comma=True)
    if column.ambiguous:
        at, text = column.ambiguous["value"]
        plain = text.replace(".", "")
        what = f"{text} may be {float(text):g} or {plain}: nothing in the grid tells the point's meaning"
        raise BlotError(what, f"{path}, well {wells[at - 2][0]}", f"write {float(text):g} or {plain}")
    values = [cells["value"] for _, cells in column.rows]
    return [text.replace(",", ".") if "." not in text else text for text in values]


def _numeric(grid: Grid) -> bool:
    """Whether a grid holds values and not the names of what is in the wells."""
    wells = grid.wells()
    value = re.compile(r"[-+<>*]?\s*[\d.,]*\d[.,]?(e[-+]?\d+)?\s*[*#%?]*", re.IGNORECASE)
    return sum(value.fullmatch(text) is not None for _, text, _ in wells) > len(wells) / 2


def _by_allotropy(path: str | Path, name: str, maker: str) -> list[Reading]:
    """Readings of an export; of one that holds several plates of Gen5, which allotropy refuses, plate by plate."""
    raw = Path(path).read_bytes() if maker == "AGILENT_GEN5" else b""
    encoding = "utf-16" if raw[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "latin-1"
    plates = re.split(r"^(?=Software Version\b)", raw.decode(encoding, "replace"), flags=re.MULTILINE)[1:]
    if len(plates) < 2:
        return _one_export(path, path, name, maker)
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for k, text in enumerate(plates, 1):
            part = Path(folder) / f"plate {k}{Path(path).suffix}"
            part.write_bytes(text.encode(encoding))
            out += _one_export(part, path, name, maker)
    return out


def _one_export(part: str | Path, path: str | Path, name: str, maker: str) -> list[Reading]:
    """Readings of the file `part`, which messages call `path`."""
    import warnings

    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # pandas 3 has strings of their own kind, with which allotropy, written for pandas 2, does not reckon.
            with pd.option_context("future.infer_string", False):
                from allotropy.parser_factory import Vendor
                from allotropy.to_allotrope import allotrope_from_file

                document = allotrope_from_file(str(part), Vendor[maker])
    except ImportError:
        raise BlotError(f"an export of {name} takes the package allotropy", path, "pip install ublot[plates]") from None
    except Exception as error:  # noqa: BLE001 -- it raises nearly anything on a file it does not expect
        said = " ".join(str(error).split())[:160]
        fix = "export the plate as a grid of 8 x 12 or 16 x 24, or as a table of wells"
        raise BlotError(f"recognised an export of {name}, which could not be read ({said})", path, fix) from None
    plates = [value for key, value in document.items() if key.startswith("plate reader")]
    return [reading for part in plates for reading in _readings(part)]


def _readings(part: Mapping[str, Any]) -> Iterator[Reading]:
    for each in part.get("plate reader document", ()):
        group = each["measurement aggregate document"]
        for one in group["measurement document"]:
            sample = one.get("sample document", {})
            plate = str(sample.get("well plate identifier") or group.get("experimental data identifier") or "")
            plate = PureWindowsPath(plate).stem if "\\" in plate else plate
            well = well_name(str(sample.get("location identifier", "")))
            wave = _wavelengths(one)
            wrong = {
                str(e.get("error feature", "")).casefold(): str(e.get("error", ""))
                for e in one.get("error aggregate document", {}).get("error document", ())
            }
            for kind in _KINDS:
                if isinstance(one.get(kind), dict):
                    value = one[kind]["value"]
                    if kind in wrong:
                        # There stands -0.0 for what is not there, or is no number.
                        said = wrong[kind] if wrong[kind].casefold() in BEYOND else ""
                        yield Reading(plate, well, " ".join([kind, *wave]), math.nan, said)
                    elif isinstance(value, int | float) and math.isfinite(value):
                        yield Reading(plate, well, " ".join([kind, *wave]), math.nan, repr(float(value)))
            for key, cube in one.items():
                if key.endswith("data cube") and isinstance(cube, dict):
                    yield from _course(plate, well, " ".join([key.removesuffix(" data cube"), *wave]), cube)


def _wavelengths(one: Mapping[str, Any]) -> list[str]:
    """Excitation and emission in nm, as ``485/520``, and the direction of the light where it is said."""
    control = one.get("device control aggregate document", {}).get("device control document", [{}])[0]
    settings = (control.get(name, {}) for name in ("excitation wavelength setting", "detector wavelength setting"))
    waves = [f"{s['value']:g}" for s in settings if isinstance(s, dict) and isinstance(s.get("value"), int | float)]
    side = str(control.get("custom information document", {}).get("Direction of emitted light", "")).casefold()
    return [*(["/".join(waves)] if waves else []), *([side] if side else [])]


def _course(plate: str, well: str, name: str, cube: Mapping[str, Any]) -> Iterator[Reading]:
    """Reads over time."""
    structure, data = cube.get("cube-structure", {}), cube.get("data", {})
    dimensions = structure.get("dimensions", [])
    times = data.get("dimensions", [[]])[0]
    values = data.get("measures", [[]])[0]
    if not dimensions or "time" not in str(dimensions[0].get("concept", "")):
        return
    unit = {"s": 1 / 60, "min": 1.0, "h": 60.0}.get(str(dimensions[0].get("unit", "s")), 1 / 60)
    for time, value in zip(times, values, strict=False):
        if value is not None:
            yield Reading(plate, well, name, float(time) * unit, repr(float(value)))
