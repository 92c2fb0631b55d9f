"""What stands in which lane: the layout, a table with one row per lane from left to right."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ublot.errors import BlotError
from ublot.inputs.concentrations import Concentrations, find_concentrations, nm_text
from ublot.inputs.layout_words import (
    COLUMNS,
    ROLES,
    Role,
    bare_name,
    column_meant,
    role_meant,
    roles_of_names,
    said_as_control,
)
from ublot.io.tables import Table, cell_number, number, read_table, table_from_columns
from ublot.option_words import told

__all__ = [
    "ROLES",
    "Layout",
    "LayoutRow",
    "Role",
    "find_layout",
    "is_layout_header",
    "lanes_with_roles",
    "read_layout",
    "spelled_out",
]

MOST_LANES = 200
_NEEDED = ("lane", "role")
_UNITS = {"", "nm", "um", "µm", "μm", "mm", "pm", "m", "min", "mins", "minutes", "h", "hours", "s"}
_NOT_NM = {"um", "µm", "μm", "mm", "pm", "m"}
_OTHER_WORDS = {
    **dict.fromkeys(
        ("conc", "concn", "concentr", "concentration", "dose", "dosage", "nm", "um", "µm"), "concentration_nM"
    ),
    **dict.fromkeys(("time", "timepoint", "incubation", "duration", "min", "minutes"), "time_min"),
    **dict.fromkeys(("drug", "cmpd", "cpd", "comp", "treatment", "inhibitor", "molecule", "substance"), "compound"),
    **dict.fromkeys(("rep", "repl", "repeat", "experiment"), "replicate"),
    **dict.fromkeys(("loading", "loaded", "amount", "loadingcontrol"), "load"),
    **dict.fromkeys(("type", "kind", "control"), "role"),
}
_ROLES_IN_WORDS = "marker, vehicle (DMSO), sample, negative (no ATP, no E1 or t = 0), blank (nothing loaded) or ignore"


@dataclass(frozen=True)
class LayoutRow:
    """One lane.

    Attributes
    ----------
    lane : int
        1 is the leftmost.
    role : str
        One of `ROLES`.
    compound : str
        Empty where it makes no sense, as `replicate` and `group`.
    concentration_nM, time_min : float or None
        None where not given.
    replicate, group : str
    load : float
        Relative amount loaded.
    extra : mapping of str to str
        Any other column, unchanged.
    """

    lane: int
    role: str
    compound: str = ""
    concentration_nM: float | None = None
    time_min: float | None = None
    replicate: str = ""
    group: str = ""
    load: float = 1.0
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Layout:
    """The lanes of one blot, left to right, numbered 1 to N.

    Attributes
    ----------
    rows : tuple of LayoutRow
    name : str
        Where it was read from, for messages.
    notes : tuple of str
        Columns that look like a known one but are only carried along.
    """

    rows: tuple[LayoutRow, ...]
    name: str = field(default="layout", compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[LayoutRow]:
        return iter(self.rows)

    @property
    def roles(self) -> tuple[str, ...]:
        """Role of each lane, left to right."""
        return tuple(row.role for row in self.rows)

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Columns beyond the known ones, in their order."""
        return tuple(self.rows[0].extra)

    def of(self, lane: int) -> LayoutRow:
        """Row of a lane, counted from 1.

        Raises
        ------
        BlotError
            No such lane.
        """
        if not 1 <= lane <= len(self.rows):
            raise BlotError(f"no lane {lane}", self.name, f"it has lanes 1 to {len(self.rows)}")
        return self.rows[lane - 1]

    def check_count(self, lanes: int | None) -> int:
        """Check the number of lanes asked for (`lanes`, None for no wish) against the rows; return that number.

        Raises
        ------
        BlotError
            They differ.
        """
        if lanes is not None and lanes != len(self.rows):
            fix = told("describe all {count} lanes (role blank for empty ones), or leave out {lanes}", count=lanes)
            raise BlotError(f"the layout has {len(self.rows)} rows, but lanes is {lanes}", self.name, fix)
        return len(self.rows)

    def records(self) -> list[dict[str, Any]]:
        """Rows as plain mappings; `read_layout` of them gives an equal layout."""
        known = [{name: getattr(row, name) for name in COLUMNS} for row in self.rows]
        return [{**cells, **row.extra} for cells, row in zip(known, self.rows, strict=True)]


def find_layout(image: str | Path) -> Path | None:
    """``NAME.layout.csv`` beside the image ``NAME.tif``, or None."""
    path = Path(image)
    beside = path.with_name(f"{path.stem}.layout.csv") if path.name else None
    return beside if beside is not None and os.path.isfile(beside) else None


def read_layout(source: Any) -> Layout:
    """Read and check a layout.

    Parameters
    ----------
    source : path, DataFrame, mapping of columns, iterable of mappings, Table or Layout
        ``lane`` and ``role`` are needed, the other columns of the contract are optional, any more are carried along.
        A file is CSV (UTF-8; comma, semicolon or tab; with the latter two a decimal comma is understood) or XLSX.

    Returns
    -------
    Layout

    Raises
    ------
    BlotError
        With the row and the column that cannot be used, and what is allowed there.
    """
    if isinstance(source, Layout):
        return source
    table, concentrations, renamed = _known_columns(_as_table(source))
    for column in _NEEDED:
        if column not in table.columns:
            fix = f"the first row names the columns; it has: {', '.join(table.columns)}"
            raise BlotError(f"column {column!r} is missing", table.name, fix)
    if not table.rows:
        raise BlotError("the layout has no lanes", table.name, "write one row per lane")
    if len(table.rows) > MOST_LANES:
        raise BlotError(f"the layout has {len(table.rows)} rows", table.name, f"a blot has at most {MOST_LANES} lanes")
    rows = tuple(
        sorted((_row(table, index, cells, concentrations) for index, cells in table.rows), key=lambda row: row.lane)
    )
    _check_numbering(table, rows)
    _check_controls(table)
    return Layout(rows, table.name, tuple(renamed))


def _as_table(source: Any) -> Table:
    if isinstance(source, Table):
        return source
    if isinstance(source, str | Path):
        return read_table(source, "layout", is_layout_header)
    if isinstance(source, Mapping) or hasattr(source, "columns"):
        return _from_columns({key: source[key] for key in source})
    if isinstance(source, Iterable):
        records = list(source)
        if records and all(isinstance(record, Mapping) for record in records):
            names = list(dict.fromkeys(name for record in records for name in record))
            return _from_columns({name: [record.get(name) for record in records] for name in names})
    what = "an empty list" if source == [] else f"a {type(source).__name__}"
    raise BlotError(f"{what} is not a layout", "layout", "give a path, a DataFrame or a list of mappings, one per lane")


def _from_columns(columns: Mapping[str, Any]) -> Table:
    try:
        return table_from_columns("layout", columns)
    except (TypeError, ValueError):
        raise BlotError("its columns are not of one length", "layout", "give one value per lane in each") from None


def is_layout_header(cells: Sequence[str]) -> bool:
    """Whether a row names the columns of a layout: the lane, and what it is or what is in it."""
    meant = {column_meant(cell) for cell in cells}
    typed = {"type", "kind"} & {cell.casefold() for cell in cells}
    return "lane" in meant and bool({"role", "compound"} & meant or typed)


def spelled_out(table: Table) -> tuple[Table, tuple[str, ...]]:
    """A layout with columns, roles and doses in ublot's own words as far as it can tell them, and notes on the rest.

    What cannot be used stays as it is: `read_layout` says what is wrong with it, of this table as of the given one.

    Raises
    ------
    BlotError
        A column occurs twice, or a point in its numbers may mean two things.
    """
    table, concentrations, notes = _known_columns(table)
    for column in {*COLUMNS, *(concentrations.names if concentrations is not None else ())} & set(table.ambiguous):
        cell_number(table, *table.rows[0], column)  # which says so
    alone = not _unclear_control(table)
    used = () if concentrations is None else (*concentrations.names, *filter(None, [concentrations.unit]))
    rows = []
    for index, cells in table.rows:
        said = {name: text for name, text in cells.items() if name not in used or name == "concentration_nM"}
        if "role" in said:
            meant = role_meant(said["role"], said.get("compound", ""))
            said["role"] = meant if meant and (alone or not said_as_control(said["role"])) else said["role"]
        if concentrations is not None:
            said["concentration_nM"] = _dose_text(concentrations, index, cells)
        for name in ("lane", "time_min", "load"):
            said |= {name: said[name].replace(",", ".")} if table.decimal_comma and name in said else {}
        rows.append((index, said))
    extra = [name for name in table.columns if name not in used and name not in COLUMNS]
    dosed = {"concentration_nM"} if concentrations is not None else set()
    known = [name for name in COLUMNS if name in {*table.columns} | dosed]
    columns = (*known, *extra)
    ordered = tuple((index, {name: cells[name] for name in columns}) for index, cells in rows)
    return Table(table.name, columns, ordered), tuple(notes)


def _dose_text(concentrations: Concentrations, index: int, cells: Mapping[str, str]) -> str:
    try:
        value = concentrations.read(index, cells)
    except BlotError:
        # As it stands, with its unit, so that a person sees what is meant and what is wrong.
        return " or ".join(dict.fromkeys(cells[name] for name in concentrations.names if cells[name]))
    return "" if value is None else nm_text(value)


def _known_columns(table: Table) -> tuple[Table, Concentrations | None, list[str]]:
    """Known columns under their own names however they are set, the concentration's, and notes on ones that look so."""
    names = _own_names(table)
    for name in names:
        if names.count(name) > 1:
            raise BlotError(f"column {name!r} occurs twice", table.name, "keep one of them")
    rows = tuple((i, dict(zip(names, cells.values(), strict=True))) for i, cells in table.rows)
    renamed = dict(zip(table.columns, names, strict=True))
    ambiguous = {renamed[name]: found for name, found in table.ambiguous.items()}
    table = Table(table.name, tuple(names), rows, table.decimal_comma, ambiguous)
    notes = []
    if "role" not in names and {"lane", "compound"} <= set(names):
        roles = roles_of_names([cells["compound"] for _, cells in table.rows])
        if roles is not None:
            given = next(name for name, own in renamed.items() if own == "compound")
            notes.append(f"{table.name}: no column 'role': what each lane is was told by its name in {given!r}")
            rows = tuple((i, {**cells, "role": role}) for (i, cells), role in zip(table.rows, roles, strict=True))
            table = replace(table, columns=(*table.columns, "role"), rows=rows)
    concentrations = find_concentrations(table)
    # Without any unit it is not known what the numbers are: carried along, and asked about.
    concentrations = concentrations.with_units() if concentrations is not None else None
    used = () if concentrations is None else (*concentrations.names, concentrations.unit)
    for name in names:
        if name in used:
            continue
        meant = _meant(name) if name not in COLUMNS else None
        if meant is not None and meant not in names:
            note = f"{table.name}: column {name!r} is carried along only; is it meant as {meant!r}?"
            other_unit = meant == "concentration_nM" and _NOT_NM.intersection(re.split(r"[^a-zµμ]+", name.casefold()))
            notes.append(f"{note[:-1]}, with values in nM?" if other_unit else note)
    return table, concentrations, notes


def _own_names(table: Table) -> list[str]:
    """Names of the columns, known ones in ublot's words; of two for one thing neither is taken for it."""
    exact = {bare_name(name): name for name in COLUMNS}
    names = [exact.get(bare_name(name), name) for name in table.columns]
    below = {name: [cells[name] for _, cells in table.rows] for name in table.columns}
    meant = [column_meant(name, below[name]) for name in table.columns]
    once = {m for m in meant if m and m not in names and meant.count(m) == 1}
    return [m if m in once else name for name, m in zip(names, meant, strict=True)]


def _meant(name: str) -> str | None:
    """Known column that an unknown one may stand for: mistyped, cut short, or another word for it."""
    by_case = {known.casefold(): known for known in COLUMNS}
    near = difflib.get_close_matches(name.casefold(), by_case, 1, 0.7)
    if near:
        return by_case[near[0]]
    parts = re.split(r"[^a-zµμ]+", name.casefold())
    # A unit alone says what is in the column as well; behind a word it says nothing new.
    return _OTHER_WORDS.get("".join(part for part in parts if part not in _UNITS) or "".join(parts))


def _row(table: Table, index: int, cells: Mapping[str, str], concentrations: Concentrations | None) -> LayoutRow:
    def where(column: str) -> str:
        return f"{table.name}, row {index}, column {column}"

    def value(column: str, allowed: str, *, zero: bool) -> float | None:
        text = cells.get(column, "")
        if not text:
            return None
        if column in table.ambiguous:
            cell_number(table, index, cells, column)
        try:
            found = number(text, decimal_comma=table.decimal_comma)
        except ValueError:
            raise BlotError(f"{text!r} is not a number", where(column), f"allowed: {allowed}") from None
        if found < 0 or (found == 0 and not zero):
            raise BlotError(f"{text} is too small", where(column), f"allowed: {allowed}")
        return found

    role = role_meant(cells["role"], cells.get("compound", ""))
    if not role:
        what = f"unknown role {cells['role']!r}" if cells["role"] else "the role is empty"
        raise BlotError(what, where("role"), f"allowed: {_ROLES_IN_WORDS}")
    lane = value("lane", "1, 2, 3, …", zero=False)
    if lane is None or lane != int(lane):
        what = "the lane number is empty" if lane is None else f"{cells['lane']} is not a whole number"
        raise BlotError(what, where("lane"), "allowed: 1, 2, 3, …")
    load = value("load", "a number above 0, or empty for 1", zero=False)
    read = () if concentrations is None else (*concentrations.names, concentrations.unit)
    return LayoutRow(
        lane=int(lane),
        role=role,
        compound=cells.get("compound", ""),
        concentration_nM=None if concentrations is None else concentrations.read(index, cells),
        time_min=value("time_min", "0 or more (minutes), or empty", zero=True),
        replicate=cells.get("replicate", ""),
        group=cells.get("group", ""),
        load=1.0 if load is None else load,
        extra={name: text for name, text in cells.items() if name not in COLUMNS and name not in read},
    )


def _check_numbering(table: Table, rows: tuple[LayoutRow, ...]) -> None:
    numbers = [row.lane for row in rows]
    fix = f"number the lanes 1 to {len(rows)} from left to right, each once"
    for expected, found in enumerate(numbers, 1):
        if numbers.count(found) > 1:
            at = [str(i) for i, cells in table.rows if int(number(cells["lane"], decimal_comma=True)) == found]
            raise BlotError(f"lane {found} is described twice", f"{table.name}, rows {' and '.join(at)}", fix)
        if found != expected:
            raise BlotError(f"lane {expected} is missing", f"{table.name}, column lane", fix)


def _check_controls(table: Table) -> None:
    """A control of nobody knows what is the vehicle, but not beside lanes that are said to be it."""
    found = _unclear_control(table)
    if found is not None:
        index, role = found
        what = f"{role!r} may be the vehicle or a negative control: other lanes are the vehicle"
        raise BlotError(what, f"{table.name}, row {index}, column role", f"allowed: {_ROLES_IN_WORDS}")


def _unclear_control(table: Table) -> tuple[int, str] | None:
    said = [(index, cells.get("role", ""), cells.get("compound", "")) for index, cells in table.rows]
    named = [(index, role) for index, role, compound in said if role_meant(role, compound) == "vehicle"]
    # A control that is DMSO is the vehicle whatever the others are.
    bare = [index for index, role, compound in said if said_as_control(role) and role_meant(compound) != "vehicle"]
    controls = [(index, role) for index, role in named if index in bare]
    return controls[0] if controls and len(controls) < len(named) else None


def lanes_with_roles(layout: Layout | None, *roles: str) -> tuple[int, ...]:
    """Numbers of the lanes that have one of the roles; none without a layout."""
    return tuple(row.lane for row in layout if row.role in roles) if layout is not None else ()
