"""Strips on the picture to lanes and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ublot import BlotError, Lane, Lanes, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


HANDLES = 5
"""Corners on either side of a strip: a lane bends once or twice, and more of them are dragged one by one."""
CLOSE = 0.04
"""Share of a strip's height below which two corners are taken for one that was doubled."""

__all__ = ["lane_at", "lane_of_strip", "strip_of_lane"]


def lane_at(lanes: Lanes, row: float, column: float) -> int:
    """Number of the lane at a place, 0 where there is none."""
    window = lanes.window
    if not window.top - 0.5 <= row < window.bottom - 0.5:
        return 0
    away = [abs(float(lane.centre(row)) - column) / (0.5 * lane.width) for lane in lanes]
    nearest = int(np.argmin(away)) if away else 0
    return lanes[nearest].number if away and away[nearest] <= 1 else 0


def strip_of_lane(lane: Lane, window: Window) -> NDArray[np.float64]:
    """Outline of a lane, from the top down its left side and up its right one.

    Returns
    -------
    ndarray, shape (2 handles, 2)
        Row and column of the corners, at most `HANDLES` on either side; the strip ends at the outer edges of the
        window's first and last pixels.
    """
    top, bottom = window.top - 0.5, window.bottom - 0.5
    rows = _handles([top, *(row for row in lane.rows if top < row < bottom), bottom])
    centre = lane.centre(rows)
    left = np.column_stack([rows, centre - lane.width / 2])
    right = np.column_stack([rows, centre + lane.width / 2])
    return np.concatenate([left, right[::-1]])


def lane_of_strip(outline: NDArray[np.floating[Any]], number: int) -> Lane:
    """Lane whose outline this is, also after a person has dragged its corners.

    At the row of every corner the lane's centre is half-way between the outline's two sides; the width is the median
    over these rows.

    Raises
    ------
    BlotError
        The outline has no extent: it is a line or a point.
    """
    corners = np.asarray(outline, np.float64)
    rows = _handles(np.unique(corners[:, 0]))
    extent = np.ptp(corners, axis=0)
    if len(corners) < 3 or not (extent > 0).all():
        raise BlotError("the outline has no width or no height", f"lane {number}", "draw it again as a strip")
    # A horizontal side has no single crossing with its own row: look a hair inside.
    inside = np.clip(rows, rows[0] + 1e-6 * extent[0], rows[-1] - 1e-6 * extent[0])
    sides = np.array([_crossings(corners, row) for row in inside])
    centre, width = sides.mean(axis=1), float(np.median(sides[:, 1] - sides[:, 0]))
    return Lane(number, tuple(rows.tolist()), tuple(centre.tolist()), width)


def _handles(rows: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a strip's corners: as they are where they are few and apart, else evenly spaced between the ends."""
    at = np.asarray(rows, np.float64)
    apart = len(at) < 2 or np.diff(at).min() >= CLOSE * (at[-1] - at[0])
    return at if apart and len(at) <= HANDLES else np.linspace(at[0], at[-1], HANDLES)


def _crossings(corners: NDArray[np.float64], row: float) -> tuple[float, float]:
    """Leftmost and rightmost column where a closed outline meets a row."""
    begin, end = corners, np.roll(corners, -1, axis=0)
    step = end[:, 0] - begin[:, 0]
    meets = (np.minimum(begin[:, 0], end[:, 0]) <= row) & (row <= np.maximum(begin[:, 0], end[:, 0])) & (step != 0)
    share = (row - begin[meets, 0]) / step[meets]
    columns = begin[meets, 1] + share * (end[meets, 1] - begin[meets, 1])
    return float(columns.min()), float(columns.max())
