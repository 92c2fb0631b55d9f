"""Short names of lanes and doses, the same in figures, pages and on the command line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ublot.io.cells import number_or_nan
from ublot.model import SCORED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LONGEST", "dose_text", "lane_labels", "shortened", "time_text"]

LONGEST = 44  # letters that a name may have in a figure

_ROLE_NAMES = {"vehicle": "DMSO", "negative": "no ATP/E1", "blank": "blank", "marker": "marker", "ignore": "ignored"}


def dose_text(concentration: Any) -> str:
    """Concentration with its unit, ``"250 nM"`` or ``"2.5 µM"``; empty for none.

    Parameters
    ----------
    concentration : float or None
        In nM.
    """
    value = number_or_nan(concentration)
    if not math.isfinite(value):
        return ""
    for scale, unit in ((1e6, "mM"), (1e3, "µM"), (1.0, "nM"), (1e-3, "pM")):
        if value >= scale or unit == "pM":
            break
    return "0 nM" if value == 0 else f"{value / scale:.4g} {unit}"


def shortened(text: str, most: int = LONGEST) -> str:
    """Text that a figure has room for."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def time_text(time: Any) -> str:
    """Time in minutes with its unit; empty for none."""
    value = number_or_nan(time)
    return f"{value:g} min" if math.isfinite(value) else ""


def lane_labels(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each lane holds in a few words.

    Time and group are named only where they differ between the lanes, since they are otherwise the whole blot's.

    Parameters
    ----------
    rows : sequence of mapping
        With ``role``, ``compound``, ``concentration_nM``, ``time_min`` and ``group``, as in ``lanes.csv``.
    """
    reacted = [row for row in rows if (row.get("role") or "") in (*SCORED, "")]
    times = {time_text(row.get("time_min")) for row in reacted}
    groups = {_text(row.get("group")) for row in reacted}
    labels = []
    for row in rows:
        role, compound = _text(row.get("role")), _text(row.get("compound"))
        dose = dose_text(row.get("concentration_nM"))
        # "DMSO 0 nM" says nothing more than DMSO.
        parts = [compound or _ROLE_NAMES.get(role, ""), dose if role == "sample" or dose != "0 nM" else ""]
        if role in {"marker", "blank", "ignore"}:
            parts = [_ROLE_NAMES[role]]
        else:
            parts += [time_text(row.get("time_min"))] if len(times) > 1 else []
            parts += [_text(row.get("group"))] if len(groups) > 1 else []
        labels.append(" ".join(part for part in parts if part))
    return labels


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
