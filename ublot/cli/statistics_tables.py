"""How the command line tells statistics: short tables, everything else in the files."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ublot.scoring.primary import primary_ratio

__all__ = ["print_comparison", "print_dose_response"]

Columns = Mapping[str, Sequence[Any]]


def _rows(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _short(value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return "" if math.isnan(value) else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _interval(row: Mapping[str, Any], value: str, low: str, high: str) -> str:
    said = _short(row[value])
    return f"{said} [{_short(row[low])}, {_short(row[high])}]" if said and _short(row[low]) else said


def _limits(row: Mapping[str, Any], name: str = "ec50") -> str:
    """What is known of a number that is not."""
    above, below = (_short(row.get(f"{name}_{side}_nM", math.nan)) for side in ("above", "below"))
    return ", ".join(f"{sign} {value}" for sign, value in ((">", above), ("<", below)) if value)


def _p(value: float) -> str:
    return "" if math.isnan(value) else "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def _print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    filled = [k for k in range(len(titles)) if any(row[k] for row in rows)]
    for k in filled:
        table.add_column(titles[k])
    for row in rows:
        table.add_row(*(Text(row[k]) for k in filled))
    Console(width=None if sys.stdout.isatty() else 110, highlight=False, soft_wrap=False).print(table)


def print_comparison(columns: Mapping[str, Columns], *, by_area: bool = False) -> None:
    """Print the primary score by condition, then the EC50 of the compounds beside published potencies.

    Parameters
    ----------
    columns : mapping of str to columns
        Of `ublot.results.comparison.Comparison`.
    by_area : bool
        The area is the primary score.
    """
    quantity = primary_ratio(by_area=by_area)
    title = "H area over DMSO" if by_area else "fold over DMSO"
    rows = [row for row in _rows(columns["summary"]) if row["quantity"] == quantity]
    _print_table(
        ("group", "sample", "nM", "min", "n", f"{title} [95 % interval]", "p against DMSO (adjusted)"),
        [
            (
                row["group"],
                row["compound"] or row["role"],
                _short(row["concentration_nM"]) if row["role"] == "sample" else "",
                _short(row["time_min"]),
                str(row["n"]),
                _interval(row, "mean", "low", "high"),
                _p(row["p_vehicle"]),
            )
            for row in rows
        ],
    )
    # In cells the product is degraded: what is left of the target tells as much.
    told = (quantity, "unmodified_remaining") if by_area else (quantity,)
    fits = columns["dose_response"]
    kept = [q in told for q in fits["quantity"]]
    if any(kept):
        print_dose_response({k: [v for v, keep in zip(c, kept, strict=True) if keep] for k, c in fits.items()})
    for row in _rows(columns["ec50_comparison"]):
        if row["quantity"] == quantity:
            ratio, p = _short(row["ec50_ratio"]), _p(row["p"])
            print(f"EC50 of {row['compound_a']} over {row['compound_b']}: {ratio} (p = {p} for equal EC50)")
    for row in _rows(columns["potencies"]):
        said = f"{row['relation'] if row['relation'] != '=' else ''}{_short(row['value_nM'])}"
        said += f"-{_short(row['value_high_nM'])}" if _short(row["value_high_nM"]) else ""
        doubt = ", disputed" if row["conflict"] else ""
        print(f"published, {row['evidence']}{doubt}: {row['compound']} {row['target']} {row['kind']} {said} nM "
              f"({row['system']}; {row['source']})")  # fmt: skip


def print_dose_response(columns: Columns, *, name: str = "EC50") -> None:
    """Print one row per compound: its EC50, or why there is none.

    Parameters
    ----------
    columns : mapping of str to sequence
        As in ``dose_response.csv``; with ``ki_nM`` where there is a K_i.
    name : str
        ``EC50`` or ``IC50``.
    """
    rows = _rows(columns)
    _print_table(
        (
            "group",
            "compound",
            "min",
            "of",
            f"{name}, nM [95 % interval]",
            "Hill",
            "at 50 %, nM",
            "K_i, nM",
            "K_d, nM",
            "status",
        ),
        [
            (
                row["group"],
                row["compound"],
                _short(row["time_min"]),
                row["quantity"].replace("_", " ") if len(set(columns["quantity"])) > 1 else "",
                _interval(row, "ec50_nM", "ec50_low", "ec50_high") or _limits(row),
                _short(row["hill"]),
                _short(row.get("absolute_ic50_nM", math.nan)),
                *(
                    _interval(row, f"{k}_nM", f"{k}_low", f"{k}_high") or _limits(row, k) if f"{k}_nM" in row else ""
                    for k in ("ki", "kd")
                ),
                row["status"].replace("_", " "),
            )
            for row in rows
        ],
    )
    for row in rows:
        if row["note"]:
            print(f"{row['compound']}: {row['note']}")
