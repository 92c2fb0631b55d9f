"""What a cell of a table holds as text, and text that a spreadsheet would run."""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["NUMBER", "cell_text", "neutral", "number_or_nan", "original", "shortest"]

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""A plain decimal number."""

# First characters that make a spreadsheet run a cell; the wide forms do so where Japanese or Chinese is written.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def cell_text(value: Any) -> str:
    """Value of a cell as a person would type it; missing values (None, NaN, NaT, NA) are empty."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else shortest(value)
    return str(value)


def shortest(value: float) -> str:
    """Shortest text that reads back as the same float."""
    return repr(value).removesuffix(".0")


def _runs(text: str) -> bool:
    bare = text.lstrip("'")
    return bare.startswith(_RUNS) and not NUMBER.fullmatch(bare)


def neutral(text: str) -> str:
    """Text that no spreadsheet runs: with an apostrophe before a formula."""
    text = text.replace("\0", "\ufffd")  # no reader of CSV takes it
    return f"'{text}" if _runs(text) else text


def original(text: str) -> str:
    """Undo `neutral`."""
    return text[1:] if text.startswith("'") and _runs(text) else text


def number_or_nan(value: Any) -> float:
    """Turn a cell into a float, NaN where it holds none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
