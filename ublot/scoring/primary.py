"""Which score answers the question (area or fraction), and why a lane has none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ublot.io.cells import number_or_nan
from ublot.model import SCORED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ublot.inputs.params import Params

__all__ = ["REACTED", "by_area", "lane_state", "primary_quantity", "primary_ratio", "role_of"]

REACTED = (*SCORED, "")  # "" without a layout: any lane may be a sample


def primary_quantity(rows: Sequence[Mapping[str, Any]], *, by_area: bool = False) -> str:
    """Column that answers the user's question: over DMSO where there is any, else the fraction itself.

    Parameters
    ----------
    rows : sequence of mapping
        As in ``lanes.csv``.
    by_area : bool
        The area is the primary score (antibody against the modifier, or lysates of cells).
    """
    order = [primary_ratio(by_area=by_area), primary_ratio(by_area=not by_area)]
    if by_area:
        order.append("hmw_fraction")
    elif any(math.isfinite(number_or_nan(row.get("hmw_fraction"))) for row in rows):
        order.insert(1, "hmw_fraction")
    for name in order:
        if any(math.isfinite(number_or_nan(row.get(name))) for row in rows):
            return name
    return order[0]


def primary_ratio(*, by_area: bool) -> str:
    """The quantity over DMSO by which blots are compared."""
    return "relative_hmw_area" if by_area else "relative_hmw"


def lane_state(row: Mapping[str, Any]) -> str:
    """Why a lane that reacted has no score: ``"no signal"``, ``"refused"``, or ``""`` where it has one.

    Parameters
    ----------
    row : mapping
        As in ``lanes.csv``.
    """
    if role_of(row) not in REACTED:
        return ""
    scores = ("hmw_fraction", "relative_hmw", "relative_hmw_area")
    flags = str(row.get("flags") or "").split(";")
    if "no_signal" in flags:
        return "no signal"
    return "" if any(math.isfinite(number_or_nan(row.get(name))) for name in scores) else "refused"


def role_of(row: Mapping[str, Any]) -> str:
    """Role of a lane as in ``lanes.csv``; empty where there is none."""
    role = row.get("role")
    return role if isinstance(role, str) else ""


def by_area(params: Params | None) -> bool:
    """Whether the area is the primary score: an antibody against the modifier, or lysates of cells."""
    return params is not None and (params.antibody == "modifier" or params.assay == "cells")
