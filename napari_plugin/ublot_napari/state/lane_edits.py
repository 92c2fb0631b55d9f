"""From strips that a person moved, drew or deleted to lanes, and what goes with them; neither Qt nor napari here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot import BlotError, Lanes
from ublot.lanes.lane_table import pitch_of
from ublot_napari.state.strips import lane_of_strip, strip_of_lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ublot import Lane
    from ublot.inputs.edits import Edits
    from ublot_napari.state.session import Rows

__all__ = ["LaneEdit", "edit_lanes", "rows_after", "shifted_edits"]

UNMOVED = 1e-3  # px: napari keeps coordinates as float32


@dataclass(frozen=True, eq=False)
class LaneEdit:
    """Lanes after an edit.

    Attributes
    ----------
    lanes : Lanes
        From left to right, numbered anew.
    origins : tuple of (int or None)
        Number that each lane had before, None for a new one.
    step : str
        What was done, in words.
    """

    lanes: Lanes
    origins: tuple[int | None, ...]
    step: str


def edit_lanes(outlines: Sequence[NDArray[np.floating[Any]]], numbers: Sequence[float], before: Lanes) -> LaneEdit:
    """Lanes that the strips on the picture are now.

    Parameters
    ----------
    outlines : sequence of ndarray, shape (corners, 2)
    numbers : sequence of int
        What the layer says about each: the lane it was drawn for. A shape drawn anew inherits the number of another,
        so only the first of a number is that lane.
    before : Lanes
        The lanes that the strips were drawn for.

    Raises
    ------
    BlotError
        No strip is left, or one is no strip.
    """
    if not len(outlines):
        raise BlotError("no lane is left", "lanes", "undo (Ctrl+Z), or find lanes again")
    known = {lane.number: lane for lane in before}
    found: list[tuple[float, int | None, Lane]] = []
    moved: list[int | None] = []
    for outline, label in zip(outlines, numbers, strict=True):
        number = int(label) if np.isfinite(label) else None
        lane = known.pop(number, None) if number is not None else None
        if lane is not None and _unmoved(outline, lane, before):
            now = lane
        elif lane is not None and (aside := _moved_aside(outline, lane, before)):
            now = replace(lane, xs=tuple(x + aside for x in lane.xs))
            moved.append(lane.number)
        else:
            now = lane_of_strip(outline, lane.number if lane else len(found) + 1)
            moved.append(lane.number if lane else None)
        found.append((float(now.centre(before.window.mid_row)), lane.number if lane else None, now))
    found.sort(key=lambda item: item[0])
    items = tuple(replace(lane, number=at) for at, (_, _, lane) in enumerate(found, 1))
    lanes = replace(before, items=items, pitch=pitch_of(items, before.window.mid_row, before.pitch))
    return LaneEdit(lanes, tuple(origin for _, origin, _ in found), _step(moved, sorted(known)))


def _unmoved(outline: NDArray[np.floating[Any]], lane: Lane, before: Lanes) -> bool:
    strip = strip_of_lane(lane, before.window)
    corners = np.asarray(outline, np.float64)
    # float32 keeps 7 digits: on a large scan that is coarser than the limit.
    limit = max(UNMOVED, 1e-6 * float(np.abs(strip).max()))
    return corners.shape == strip.shape and bool(np.abs(corners - strip).max() <= limit)


def _moved_aside(outline: NDArray[np.floating[Any]], lane: Lane, before: Lanes) -> float:
    """By how much a strip was dragged sideways as a whole, 0 where it was changed otherwise.

    Lanes run over the whole height, so that a hand's wavering up or down means nothing, and the lane keeps its shape.
    """
    strip = strip_of_lane(lane, before.window)
    corners = np.asarray(outline, np.float64)
    if corners.shape != strip.shape:
        return 0.0
    shift = corners - strip
    limit = max(UNMOVED, 1e-6 * float(np.abs(strip).max()))
    return float(np.median(shift[:, 1])) if np.ptp(shift, axis=0).max() <= 2 * limit else 0.0


def _step(moved: Sequence[int | None], gone: Sequence[int]) -> str:
    said = [f"lane {n} deleted" for n in gone]
    said += ["lane added" if n is None else f"lane {n} moved" for n in moved]
    return ", ".join(said[:2]) + (" …" if len(said) > 2 else "")


def rows_after(rows: Rows, origins: Sequence[int | None]) -> Rows:
    """Layout after an edit of the lanes: each row goes with its lane; a new lane is a sample."""
    if not rows:
        return rows
    by_lane = {row.get("lane", ""): row for row in rows}
    new = dict.fromkeys(rows[0], "") | {"role": "sample"}
    kept = [by_lane.get(str(origin), new) if origin is not None else new for origin in origins]
    return tuple({**row, "lane": str(at)} for at, row in enumerate(kept, 1))


def shifted_edits(edits: Edits, edit: LaneEdit) -> Edits:
    """Edits with the lanes replaced; boundaries go with their lanes."""
    now = {origin: at for at, origin in enumerate(edit.origins, 1) if origin is not None}
    rows = tuple((now[lane], row) for lane, row in edits.boundary_rows if lane in now)
    return replace(edits, lanes=edit.lanes, boundary_rows=rows)
