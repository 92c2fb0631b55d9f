"""The table of scores as short text, for people; no Qt here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HEADER", "score_rows"]

HEADER = ("Lane", "Compound", "nM", "Over vehicle (95 %)", "HMW fraction", "Unmodified left", "Role", "Flags")


def score_rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """One row of text per lane, in the order and under the names of `HEADER`.

    Parameters
    ----------
    table : DataFrame
        ``Analysis.lanes``.
    """
    return [_row(record) for record in table.to_dict("records")]


def _row(lane: dict[Any, Any]) -> tuple[str, ...]:
    flags = _text(lane.get("flags"))
    return (
        _text(lane["lane"]),
        _text(lane.get("compound")),
        _number(lane.get("concentration_nM"), "g"),
        _interval(lane, "relative_hmw"),
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
