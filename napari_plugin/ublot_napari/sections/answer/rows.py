"""The table of scores as short text, for people; no Qt here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ublot.scoring.primary import primary_ratio

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["number_table", "records", "score_header", "score_rows"]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, as `DataFrame.to_dict` gives them: of a few wide rows in a twentieth of its time."""
    from pandas import NA

    columns = {str(name): [None if value is NA else value for value in table[name].tolist()] for name in table}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def score_header(*, by_area: bool = False) -> tuple[str, ...]:
    """Titles of the columns; `by_area` as for `score_rows`."""
    over = "HMW area over vehicle (95 %)" if by_area else "Over vehicle (95 %)"
    return ("Lane", "Compound", "nM", over, "HMW fraction", "Unmodified left", "Role", "Flags")


def score_rows(table: pd.DataFrame, *, by_area: bool = False) -> list[tuple[str, ...]]:
    """One row of text per lane, in the order of `score_header`.

    Parameters
    ----------
    table : DataFrame
        ``Analysis.lanes``.
    by_area : bool
        The area over the vehicle is the score, as `ublot.scoring.primary.by_area` says of the options.
    """
    ratio = primary_ratio(by_area=by_area)
    return [_row(record, ratio) for record in records(table)]


def number_table(table: pd.DataFrame, *, by_area: bool = False) -> list[tuple[str, ...]]:
    """The same for spreadsheets and Prism: titles, then one row per lane, each number and end of interval in a column.

    Decimal points and digits are those of `lanes.csv`, and so are the names of the columns.
    """
    ratio = primary_ratio(by_area=by_area)
    scores = [name for score in (ratio, "hmw_fraction") for name in (score, f"{score}_low", f"{score}_high")]
    names = [
        name
        for name in ("lane", "role", "compound", "concentration_nM", "group", *scores, "unmodified_remaining", "flags")
        if name in table.columns
    ]
    rows = [tuple(_plain(record[name]) for name in names) for record in records(table)]
    return [tuple(names), *rows]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return _text(value)


def _row(lane: dict[Any, Any], ratio: str) -> tuple[str, ...]:
    flags = _text(lane.get("flags"))
    return (
        _text(lane["lane"]),
        _text(lane.get("compound")),
        _number(lane.get("concentration_nM"), "g"),
        _interval(lane, ratio),
        _number(lane.get("hmw_fraction"), ".3f"),
        _number(lane.get("unmodified_remaining"), ".2f"),
        _text(lane.get("role")),
        flags.replace(";", ", ").replace("_", " "),
    )


def _interval(lane: dict[Any, Any], name: str) -> str:
    value, low, high = (_number(lane.get(key), ".2f") for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value} ({low} – {high})" if low and high else value


def _number(value: Any, spec: str) -> str:
    """Text of a number with a true minus sign, empty for a missing one."""
    if value is None or value == "" or not math.isfinite(number := float(value)):
        return ""
    return format(number, spec).replace("-", "−")


def _text(value: Any) -> str:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value)
