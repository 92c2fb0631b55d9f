"""What the columns of a table of wells hold, and what a row of it says, as people write both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ublot.dose_response.intensities import ANISOTROPY, anisotropy, find_channels, is_computed, polarisation
from ublot.errors import BlotError
from ublot.inputs.concentrations import concentration_column, find_concentrations, words_of
from ublot.io.tables import Table, cell_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CONTROLS", "PlateColumns", "Row", "is_plate_header", "names_compound", "plain_name"]

CONTROLS = ("positive", "negative")
LEFT_OUT = ("yes", "y", "true", "1", "x")  # of a column ``exclude``
KEPT = ("", "no", "n", "false", "0")
BEYOND = ("over", "ovrflw", "overflow", "saturated", "sat", "out of range", "oor", ">max", "####", "*****")
"""What readers write where the signal is above their range."""
MISSING = ("", "-", "na", "n/a", "nan", "n.d.", "nd", "missing", "empty")

_ROLES = {
    **dict.fromkeys(("vehicle", "veh", "solvent", "vehicle control", "solvent control"), "vehicle"),
    **dict.fromkeys(("blank", "blanks", "background"), "blank"),
    **dict.fromkeys(("positive", "pos", "positive control", "pos control", "+"), "positive"),
    **dict.fromkeys(("negative", "neg", "negative control", "neg control"), "negative"),
    **dict.fromkeys(("sample", "samples", "test", "compound", "unknown", "treated", "treatment"), "sample"),
    **dict.fromkeys(("ignore", "empty", "marker", "skip"), "ignore"),
    "": "",
}
_COMPOUND = ("compound", "drug", "cmpd", "cpd", "compound name", "compound id", "treatment", "inhibitor", "substance")
_PLATE = ("plate", "blot", "plate id", "plate name", "barcode", "plate number")
_GROUP = ("group", "cell line", "cells", "construct")
_WELL = ("well", "wells", "position", "well id", "well position")
_TIMES = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 1.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 60.0),
    **dict.fromkeys(("s", "sec", "seconds"), 1 / 60),
    **dict.fromkeys(("d", "day", "days"), 1440.0),
}


def plain_name(name: str) -> str:
    """A name whatever its case and blanks."""
    return " ".join(name.split()).casefold()


def is_plate_header(cells: Sequence[str]) -> bool:
    """Whether a row names the columns of a table of wells: a compound and a concentration among them."""
    return names_compound(cells) and any(concentration_column(cell) for cell in cells)


def names_compound(cells: Sequence[str]) -> bool:
    """Whether one of the cells heads a column of compounds."""
    return any(_meant(cell, _COMPOUND) for cell in cells)


def _meant(name: str, words: Sequence[str]) -> bool:
    return " ".join(words_of(name)) in words


def _lacks(cell: str) -> bool:
    """Whether a cell says that there is no signal to be used."""
    return cell.casefold() in MISSING or cell.casefold() in BEYOND


@dataclass(frozen=True)
class Row:
    """What a row of the table says of its well.

    Attributes
    ----------
    index : int
        As a spreadsheet counts.
    role : str
        ``vehicle``, ``blank``, ``positive``, ``negative``, ``sample``, ``ignore``, or empty where not given.
    dose_nM : float
        NaN where not given.
    time_min : float
        NaN where not given.
    signal : float
        NaN where the cell says that there is none.
    background : float
    channels : (float, float)
        Intensities parallel and perpendicular; NaN where there are none.
    """

    index: int
    plate: str
    group: str
    compound: str
    role: str
    dose_nM: float
    time_min: float
    replicate: str
    well: str
    excluded: bool
    signal: float
    background: float
    channels: tuple[float, float] = (math.nan, math.nan)


class PlateColumns:
    """Which column holds what, and what a cell says."""

    def __init__(
        self, table: Table, response: str, background: str | float | None, g_factor: float | None = None
    ) -> None:
        self.table = table
        self.response = self._by_name(response)
        self.channels = find_channels(table.columns)
        self.g_factor = 1.0 if g_factor is None else g_factor
        self.computed = self.response is None and self.channels is not None and is_computed(response)
        self.weigh = anisotropy if ANISOTROPY & set(words_of(response)) else polarisation
        if self.response is None and not self.computed:
            raise BlotError(f"no column {response!r}", f"{table.name}, option response", self._has)
        if g_factor is not None and self.channels is None:
            what = "there are no intensities parallel and perpendicular for it"
            raise BlotError(what, f"{table.name}, option g-factor", f"name them so; {self._has}")
        self.compound = self._one_of(_COMPOUND)
        concentrations = find_concentrations(table)
        if self.compound is None:
            raise BlotError("no column 'compound'", table.name, self._has)
        if concentrations is None:
            fix = f"name it concentration_nM (or _uM, _mM, _M, _pM); {self._has}"
            raise BlotError("no column with the concentration", table.name, fix)
        self.concentrations = concentrations
        self.plate, self.group, self.well = (self._one_of(words) for words in (_PLATE, _GROUP, _WELL))
        self.role, self.replicate, self.exclude = (self._one_of((word,)) for word in ("role", "replicate", "exclude"))
        self.time, self.minutes = self._time()
        self.background = self._by_name(background) if isinstance(background, str) else None

    @property
    def _has(self) -> str:
        return f"it has: {', '.join(self.table.columns)}"

    def _by_name(self, name: str) -> str | None:
        wanted = words_of(name)
        exact = next((c for c in self.table.columns if c.casefold() == name.casefold()), None)
        return exact or next((c for c in self.table.columns if wanted and words_of(c) == wanted), None)

    def _one_of(self, words: Sequence[str]) -> str | None:
        """Column by the first of the words that names one."""
        return next((c for word in words for c in self.table.columns if " ".join(words_of(c)) == word), None)

    def _time(self) -> tuple[str | None, float]:
        for name in self.table.columns:
            words = words_of(name)
            rest = [word for word in words if word not in _TIMES]
            units = [word for word in words if word in _TIMES]
            if rest and set(rest) <= {"time", "timepoint", "incubation", "read"} and len(units) == 1:
                return name, _TIMES[units[0]]
        return None, 1.0

    def _text(self, cells: Mapping[str, str], column: str | None) -> str:
        return "" if column is None else " ".join(cells[column].split())

    def read(self, index: int, cells: Mapping[str, str]) -> Row:
        """Read one row.

        Raises
        ------
        BlotError
            A cell that cannot be used, with its row and column.
        """
        role = self._role(index, cells)
        pair = self.channels or ()
        measured = pair if self.computed else (self.response,)
        missing = any(_lacks(cells[column]) for column in measured if column)
        dose = None if role in {"ignore", "blank", *CONTROLS} else self.concentrations.read(index, cells)
        time = math.nan
        if self.time is not None and cells[self.time]:
            time = cell_number(self.table, index, cells, self.time) * self.minutes
        channels = tuple(
            math.nan if role == "ignore" or _lacks(cells[c]) else self._number(index, cells, c) for c in pair
        )
        if missing or role == "ignore":
            signal = math.nan
        elif self.computed:
            signal = self.weigh(channels[0], channels[1], self.g_factor)[0]
        else:
            signal = self._number(index, cells, self.response)
        return Row(
            index=index,
            plate=self._text(cells, self.plate),
            group=self._text(cells, self.group),
            compound=self._text(cells, self.compound),
            role=role,
            dose_nM=math.nan if dose is None else dose,
            time_min=time,
            replicate=self._text(cells, self.replicate),
            well=self._text(cells, self.well),
            excluded=self._excluded(index, cells),
            signal=signal,
            background=0.0 if self.background is None or missing or role in {"ignore", "blank"}
            else self._number(index, cells, self.background),
            channels=(channels[0], channels[1]) if pair else (math.nan, math.nan),
        )  # fmt: skip

    def _number(self, index: int, cells: Mapping[str, str], column: str | None) -> float:
        return math.nan if column is None else cell_number(self.table, index, cells, column)

    def _role(self, index: int, cells: Mapping[str, str]) -> str:
        said = plain_name(self._text(cells, self.role)).replace("_", " ")
        if said in _ROLES:
            return _ROLES[said]
        where = f"{self.table.name}, row {index}, column {self.role}"
        fix = "allowed: vehicle, blank, positive, negative, sample, ignore"
        raise BlotError(f"unknown role {said!r}", where, fix)

    def _excluded(self, index: int, cells: Mapping[str, str]) -> bool:
        said = self._text(cells, self.exclude).casefold()
        if said in LEFT_OUT:
            return True
        if said in KEPT:
            return False
        where = f"{self.table.name}, row {index}, column {self.exclude}"
        raise BlotError(f"{said!r} is neither yes nor no", where, "write yes, or leave it empty")
