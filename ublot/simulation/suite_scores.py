"""How far a program's table is from the truth of a suite, set by set and over all."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.io.tables import cell_number, read_table
from ublot.simulation.suite import UNJUDGED, read_suite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ublot.io.tables import Table
    from ublot.numerics.arrays import Array

__all__ = ["COLUMNS", "score_results"]

COLUMNS = (
    *("set", "blots", "lanes", "scored", "fraction_median", "fraction_p95", "fraction_bias"),
    *("fold_median", "fold_p95", "coverage", "width_median"),
)
POOLED = "all"


@dataclass(frozen=True)
class _Given:
    """What a program says of one lane; NaN where it says nothing."""

    fraction: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class _Error:
    """One lane against the truth."""

    fraction: float
    fold: float
    covered: float
    width: float


def score_results(results: str | Path, suite: str | Path) -> list[dict[str, Any]]:
    """Score a program's table on a suite.

    Parameters
    ----------
    results : path
        CSV or XLSX with ``image, lane, hmw_fraction``, and ``low, high`` (or ``hmw_fraction_low, hmw_fraction_high``)
        where the program gives an interval.
    suite : path
        Folder that `write_suite` wrote.

    Returns
    -------
    list of dict
        `COLUMNS`, a row for each set and one over all sets but `UNJUDGED`. ``lanes``: vehicle and sample lanes of the
        truth; ``scored``: the share of them that has a number, on which all others rest; ``fraction_median`` and
        ``fraction_p95``: of the absolute error of H / (H + U), ``fraction_bias`` its signed mean; ``fold_...``: of the
        relative error of samples over the mean of the vehicles of their blot and group; ``coverage``: share of the
        intervals that hold the truth; ``width_median``: of the intervals. NaN where nothing can be told.

    Raises
    ------
    BlotError
        No suite, no table, a column that is missing, a cell that is no number, or a picture or lane named twice.
    """
    kinds = read_suite(suite)["blots"]
    given = _read(Path(results), kinds)
    by_set: dict[str, list[list[_Error]]] = {}
    for name, kind in kinds.items():
        by_set.setdefault(kind, []).append(_errors(_truth(Path(suite), name), given.get(name, {})))
    rows = [_row(kind, blots) for kind, blots in by_set.items()]
    pooled = [blot for kind, blots in by_set.items() if kind not in UNJUDGED for blot in blots]
    return [*rows, _row(POOLED, pooled)]


def _read(path: Path, kinds: Mapping[str, str]) -> dict[str, dict[int, _Given]]:
    """What the program says, by name of the blot and number of the lane."""
    table = read_table(path, "results")
    for column in ("image", "lane", "hmw_fraction"):
        if column not in table.columns:
            raise BlotError(f"there is no column {column!r}", path, "give image,lane,hmw_fraction[,low,high]")
    low, high = ("low", "high") if "low" in table.columns else ("hmw_fraction_low", "hmw_fraction_high")
    out: dict[str, dict[int, _Given]] = {}
    for number, cells in table.rows:
        name = Path(cells["image"].replace("\\", "/")).stem
        if name not in kinds:
            raise BlotError(f"{cells['image']!r} is no blot of the suite", f"{path}, row {number}", "check the suite")
        lane = cell_number(table, number, cells, "lane")
        if not lane.is_integer() or lane < 1:
            raise BlotError(f"{cells['lane']!r} is no lane", f"{path}, row {number}", "lanes are counted from 1")
        lanes = out.setdefault(name, {})
        if int(lane) in lanes:
            raise BlotError(f"lane {int(lane)} of {name} stands twice", f"{path}, row {number}", "give each lane once")
        lanes[int(lane)] = _Given(*(_value(table, number, cells, c) for c in ("hmw_fraction", low, high)))
    return out


def _value(table: Table, number: int, cells: Mapping[str, str], column: str) -> float:
    return cell_number(table, number, cells, column) if cells.get(column) else math.nan


def _truth(suite: Path, name: str) -> list[dict[str, Any]]:
    path = suite / f"{name}.truth.json"
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["lanes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BlotError(f"the truth cannot be read ({error})", path, "write the suite again") from None


def _errors(truth: Sequence[Mapping[str, Any]], given: Mapping[int, _Given]) -> list[_Error]:
    """Errors of all lanes that have a truth."""
    lanes = {n: lane for n, lane in enumerate(truth, start=1) if "hmw_fraction" in lane}
    said = {n: given.get(n, _Given()) for n in lanes}
    out = []
    for n, lane in lanes.items():
        true, mine = float(lane["hmw_fraction"]), said[n]
        vehicles = [k for k, other in lanes.items() if other["role"] == "vehicle" and other["group"] == lane["group"]]
        fold = math.nan
        if lane["role"] != "vehicle" and vehicles:
            right = true / float(np.mean([lanes[k]["hmw_fraction"] for k in vehicles]))
            base = float(np.mean([said[k].fraction for k in vehicles]))
            fold = mine.fraction / base / right - 1 if base else math.nan
        told = math.isfinite(mine.low) and math.isfinite(mine.high)
        covered = float(mine.low <= true <= mine.high) if told else math.nan
        out.append(_Error(mine.fraction - true, fold, covered, mine.high - mine.low))
    return out


def _row(name: str, blots: Sequence[Sequence[_Error]]) -> dict[str, Any]:
    errors = [error for blot in blots for error in blot]

    def of(field: str) -> Array:
        values = np.array([getattr(error, field) for error in errors], float)
        finite: Array = values[np.isfinite(values)]
        return finite

    fraction, fold, covered, width = of("fraction"), of("fold"), of("covered"), of("width")
    return {
        "set": name,
        "blots": len(blots),
        "lanes": len(errors),
        "scored": len(fraction) / len(errors) if errors else math.nan,
        "fraction_median": _over(np.median, np.abs(fraction)),
        "fraction_p95": _over(lambda v: np.quantile(v, 0.95), np.abs(fraction)),
        "fraction_bias": _over(np.mean, fraction),
        "fold_median": _over(np.median, np.abs(fold)),
        "fold_p95": _over(lambda v: np.quantile(v, 0.95), np.abs(fold)),
        "coverage": _over(np.mean, covered),
        "width_median": _over(np.median, width),
    }


def _over(reduce: Any, values: Array) -> float:
    return float(reduce(values)) if len(values) else math.nan
