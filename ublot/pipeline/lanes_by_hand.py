"""Lanes that a person placed, checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError
from ublot.lanes.finding import SMALLEST
from ublot.membrane.outline import find_membrane

if TYPE_CHECKING:
    from ublot.inputs.layout import Layout
    from ublot.model import Blot, Lanes

__all__ = ["place_given_lanes"]


def place_given_lanes(blot: Blot, layout: Layout | None, lanes: Lanes) -> Lanes:
    """Lanes that a person placed: they keep their places and are numbered from left to right."""
    if layout is not None and len(lanes) != len(layout):
        fix = f"describe all {len(lanes)} lanes in the layout (role blank for empty ones)"
        raise BlotError(f"the layout has {len(layout)} rows, but there are {len(lanes)} lanes", layout.name, fix)
    _check_lanes(blot, lanes)
    in_order = sorted(lanes, key=lambda lane: float(lane.centre(lanes.window.mid_row)))
    items = tuple(replace(lane, number=i) for i, lane in enumerate(in_order, 1))
    # The membrane's mask is not stored with the lanes.
    membrane = find_membrane(blot)
    return replace(lanes, items=items, inside=membrane.inside if membrane.window == lanes.window else None)


def _check_lanes(blot: Blot, lanes: Lanes) -> None:
    """Refuse lanes that cannot be of this picture: a damaged record would have memory taken for them."""
    rows, cols = blot.shape
    window, fix = lanes.window, f"rows are 0:{rows}, columns 0:{cols}"
    if not (0 <= window.top < window.bottom <= rows and 0 <= window.left < window.right <= cols):
        raise BlotError("the lanes' window does not lie inside the image", "lanes", fix)
    if min(window.height, window.width) < SMALLEST:
        raise BlotError(f"a window of {window.height} x {window.width} px shows no lane", "lanes", fix)
    if not 0.5 <= lanes.softness <= 1000:
        raise BlotError(f"a softness of {lanes.softness:g} is no lane's", "lanes", "allowed: 0.5 to 1000, 6 is usual")
    ends = np.array([window.top, window.mid_row, window.bottom - 1])
    for lane in lanes:
        seen = lane.centre(ends)
        if not (1 <= lane.width <= cols and 0 <= seen[1] < cols and np.abs(seen - seen[1]).max() <= cols):
            what = "its centre line does not cross the image, or its width is none"
            raise BlotError(what, f"lane {lane.number}", fix)
