"""What the score plot draws: bars by lane or condition, and dose-response series; no Qt here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.cells import number_or_nan
from ublot.scoring.primary import REACTED, lane_state, primary_quantity
from ublot.statistics.reactions import RELATIVE
from ublot.wording.labels import dose_text, lane_labels, time_text
from ublot_napari.sections.answer.flag_words import flag_advice

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "OVER_VEHICLE",
    "TITLES",
    "Point",
    "Series",
    "Slot",
    "choose_column",
    "dose_series",
    "known_columns",
    "score_slots",
    "table_rows",
]


TITLES = {
    "relative_hmw": "ubiquitinated fraction over DMSO",
    "relative_hmw_area": "ubiquitinated signal over DMSO",
    "relative_hmw_net": "net ubiquitinated fraction over DMSO",
    "unmodified_remaining": "unmodified target left over DMSO",
    "hmw_fraction": "ubiquitinated fraction H / (H + U)",
    "mean_ubiquitins": "apparent ubiquitins per molecule",
}

OVER_VEHICLE = (*RELATIVE, "relative_hmw_net")
"""Columns in which 1 is as much as in the vehicle lanes."""

FEWEST_DOSES = 4

STATUS = {
    "above_max_dose": "EC50 above the highest dose",
    "below_min_dose": "EC50 below the lowest dose",
    "flat": "no dose effect",
    "not_estimable": "EC50 not estimable",
}


@dataclass(frozen=True)
class Point:
    """Score of one lane with its 95 % interval; NaN where there is none."""

    lane: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Slot:
    """One bar.

    Attributes
    ----------
    label : str
    role : str
    lanes : tuple of int
    points : tuple of Point
        Of the lanes that have a score.
    mean : float
        Height of the bar; NaN where no lane has a score.
    missing : mapping of str to tuple of int
        Lanes without a score, by the reason: ``refused`` or ``no signal``.
    tip : str
        Value, interval, and every flag in words.
    """

    label: str
    role: str
    lanes: tuple[int, ...]
    points: tuple[Point, ...]
    mean: float
    missing: Mapping[str, tuple[int, ...]]
    tip: str

    @property
    def state(self) -> str:
        """Why lanes have no score, empty where all have one."""
        return ", ".join(self.missing)


@dataclass(frozen=True, eq=False)
class Series:
    """Dose-response of one compound.

    Attributes
    ----------
    name : str
        Compound, with its group and time where these differ.
    doses : ndarray
        NM, above 0.
    points : tuple of Point
        One for each dose.
    curve : tuple of two ndarray, or None
        Doses and fitted response, where the fit may be reported.
    ec50 : tuple of float
        With its interval; NaN where it may not be reported.
    words : str
        EC50 or why there is none.
    """

    name: str
    doses: NDArray[np.float64]
    points: tuple[Point, ...]
    curve: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    ec50: tuple[float, float, float]
    words: str


Rows = Sequence[Mapping[str, Any]]


def choose_column(table: pd.DataFrame | Rows, *, by_area: bool = False) -> str:
    """Primary score: the first that any lane has a number for.

    Parameters
    ----------
    table : DataFrame, or its rows
        ``Analysis.lanes``.
    by_area : bool
        The area over DMSO goes before the fraction: lysates of cells, or an antibody against the modifier.
    """
    return primary_quantity(table_rows(table), by_area=by_area)


def known_columns(table: pd.DataFrame | Rows) -> list[str]:
    """Scores that any lane has a number for."""
    rows = table_rows(table)
    return [name for name in TITLES if any(math.isfinite(number_or_nan(row.get(name))) for row in rows)]


def score_slots(table: pd.DataFrame | Rows, column: str, *, by_condition: bool = False) -> list[Slot]:
    """Bars of the lanes that reacted, left to right.

    Parameters
    ----------
    table : DataFrame, or its rows
        ``Analysis.lanes``.
    column : str
        The score drawn.
    by_condition : bool
        Lanes of the same role, compound, concentration, time and group share a bar.
    """
    rows = [row for row in table_rows(table) if _text(row.get("role")) in REACTED]
    groups: dict[tuple[str, ...], list[tuple[str, Mapping[str, Any]]]] = {}
    for row, label in zip(rows, lane_labels(rows), strict=True):
        role = _text(row.get("role"))
        alone = not by_condition or (role in ("sample", "") and not _text(row.get("compound")))
        key = (str(row["lane"]),) if alone else (role, label)
        groups.setdefault(key, []).append((label, row))
    return [_slot(group, column) for group in groups.values()]


def _slot(group: Sequence[tuple[str, Mapping[str, Any]]], column: str) -> Slot:
    label, first = group[0]
    points = tuple(point for point in (_point(row, column) for _, row in group) if math.isfinite(point.value))
    missing: dict[str, tuple[int, ...]] = {}
    for _, row in group:
        if state := lane_state(row):
            missing[state] = (*missing.get(state, ()), int(row["lane"]))
    return Slot(
        label,
        _text(first.get("role")),
        tuple(int(row["lane"]) for _, row in group),
        points,
        float(np.mean([point.value for point in points])) if points else math.nan,
        missing,
        "\n".join(_tip(label, row, column) for label, row in group),
    )


def _point(row: Mapping[str, Any], column: str) -> Point:
    low, high = number_or_nan(row.get(f"{column}_low")), number_or_nan(row.get(f"{column}_high"))
    return Point(int(row["lane"]), number_or_nan(row.get(column)), low, high)


def _tip(label: str, row: Mapping[str, Any], column: str) -> str:
    point, state = _point(row, column), lane_state(row)
    lines = [f"Lane {point.lane}  {label}".strip()]
    if math.isfinite(point.value):
        known = point.low <= point.high
        lines.append(f"{point.value:.3g}" + (f" (95 %: {point.low:.3g} to {point.high:.3g})" if known else ""))
    else:
        lines.append(state or "no score")
    for name in filter(None, _text(row.get("flags")).split(";")):
        lines.append(flag_advice(name))
    return "\n".join(lines)


def dose_series(table: pd.DataFrame | Rows, dose: pd.DataFrame, column: str) -> tuple[list[Series], list[Point]]:
    """Dose-response of every compound with scores at four doses or more, and the vehicle lanes.

    Parameters
    ----------
    table : DataFrame, or its rows
        ``Analysis.lanes``.
    dose : DataFrame
        ``Analysis.dose_response``; where it says nothing about a compound its points are shown without a curve.
    column : str
        The quantity.
    """
    rows = [row for row in table_rows(table) if math.isfinite(_point(row, column).value)]
    families: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("role") == "sample" and number_or_nan(row.get("concentration_nM")) > 0:
            key = (_text(row.get("compound")).casefold(), time_text(row.get("time_min")), _text(row.get("group")))
            families.setdefault(key, []).append(row)
    enough = {
        key: own for key, own in families.items() if len({row["concentration_nM"] for row in own}) >= FEWEST_DOSES
    }
    fits = [row for row in table_rows(dose) if row["quantity"] == column] if len(dose) else []
    several = [len({key[place] for key in enough}) > 1 for place in (1, 2)]
    series = []
    for (_, time, group), own in enough.items():
        parts = (_text(own[0].get("compound")), time if several[0] else "", group if several[1] else "")
        fit = next((record for record in fits if _belongs(own[0], record)), None)
        series.append(_series(" ".join(filter(None, parts)), fit, own, column))
    vehicles = [_point(row, column) for row in rows if row.get("role") == "vehicle"] if series else []
    return series, vehicles


def _belongs(row: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    return (
        _text(row.get("compound")).casefold() == _text(record["compound"]).casefold()
        and _text(row.get("group")) == _text(record["group"])
        and time_text(row.get("time_min")) == time_text(record["time_min"])
    )


def _series(name: str, record: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]], column: str) -> Series:
    rows = sorted(rows, key=lambda row: float(row["concentration_nM"]))
    doses = np.array([float(row["concentration_nM"]) for row in rows])
    points = tuple(_point(row, column) for row in rows)
    if record is None:
        return Series(name, doses, points, None, (math.nan,) * 3, f"{name}: no curve was fitted")
    ec50, low, high = (number_or_nan(record[key]) for key in ("ec50_nM", "ec50_low", "ec50_high"))
    bottom, top, hill = (number_or_nan(record[key]) for key in ("bottom", "top", "hill"))
    curve = None
    if all(map(math.isfinite, (ec50, bottom, top, hill))):
        x = np.geomspace(doses[0] / 3, doses[-1] * 3, 200)
        # hill is negative where the response falls with dose.
        curve = x, bottom + (top - bottom) / (1 + (ec50 / x) ** hill)
    note = _text(record["note"])
    if record["status"] == "ok":
        words = f"{name}: EC50 {_rounded(ec50)} (95 %: {_rounded(low)} to {_rounded(high)})"
    else:
        words = f"{name}: {STATUS.get(record['status'], record['status'])}"
    words += f" – {note}" if note else ""
    return Series(name, doses, points, curve, (ec50, low, high), words)


def _rounded(dose: float) -> str:
    return dose_text(float(f"{dose:.3g}"))


def table_rows(table: pd.DataFrame | Rows) -> Rows:
    """Rows as mappings, several times as fast as pandas makes them; rows are returned as they are."""
    if isinstance(table, Sequence):
        return table
    names = [str(name) for name in table.columns]
    columns = [table[name].tolist() for name in table.columns]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
