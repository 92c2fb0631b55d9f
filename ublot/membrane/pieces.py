"""Pieces put into a picture: where one was laid over the membrane, and which lanes it cuts.

Software that merges exposures lays the marker's lane of one picture over another; so does a person. What is under the
piece is not known, and its level is none of the membrane's beside it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ublot.forensics.splices import level_seams
from ublot.membrane.lateral_shape import lane_pitch, lane_widths

if TYPE_CHECKING:
    from ublot.model import Blot, Lanes

__all__ = ["flag_lanes_across_seams", "without_pieces"]

WIDEST = 0.34
"""Of the membrane's width that a piece covers at most: where it is half of it, nobody knows which half is the piece."""

RETURNS = 0.5
"""Of the step at one side of a piece by which the level beyond its other side may differ from that before it."""

REACH = 1.6
"""Of the pitch: how far from a lane's centre line a seam lies at most that spoils its background. On simulated blots
with a step of 30 % of the membrane's level, modified shares one and a half pitches away were off by up to 0.03, two and
a half pitches away by 0.009; beside a piece, which is left out as a whole, they are as good as without it."""

HALF = 0.6
"""Of a lane's width, which is taken at half its height, that its light reaches to either side."""


def without_pieces(blot: Blot, lanes: Lanes) -> Lanes:
    """Lanes on the membrane alone: pieces that were laid over it are no part of what is `inside`.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
        Of a blot whose levels change along straight lines.
    """
    pieces = _pieces(_seams(blot, lanes), lanes)
    if not pieces:
        return lanes
    inside = np.ones(blot.shape, bool) if lanes.inside is None else lanes.inside.copy()
    for left, right in pieces:
        inside[:, left:right] = False
    return replace(lanes, inside=inside)


def flag_lanes_across_seams(blot: Blot, lanes: Lanes) -> Lanes:
    """Flag lanes in a piece, those that a seam cuts, and those beside a seam beyond which the level stays another."""
    found = _seams(blot, lanes)
    seams, pieces = {place for place, _ in found}, _pieces(found, lanes)
    alone = seams.difference(edge for piece in pieces for edge in piece)
    rows = np.arange(lanes.window.top, lanes.window.bottom)
    usual = float(np.median(lane_widths(lanes))) if len(lanes) else 0.0
    items = []
    for lane in lanes:
        x = lane.centre(rows)
        half = HALF * max(lane.width, usual)  # what is left of a lane that is cut looks narrow
        cut = any(x.min() - half < place < x.max() + half for place in seams)
        near = any(np.abs(x - place).min() < REACH * lane_pitch(lanes) for place in alone)
        cut |= any(left <= np.median(x) < right for left, right in pieces)
        others = tuple(name for name in lane.flags if name != "seam_in_lane")
        items.append(replace(lane, flags=(*others, "seam_in_lane") if cut or near else others))
    return replace(lanes, items=tuple(items))


def _seams(blot: Blot, lanes: Lanes) -> list[tuple[int, float]]:
    """First columns beyond each seam, and by how much the level changes there, from left to right."""
    left = lanes.window.left
    return [(left + place, step) for place, step in level_seams(blot.signal[lanes.window.slices])]


def _pieces(found: list[tuple[int, float]], lanes: Lanes) -> list[tuple[int, int]]:
    """Columns from and to which a piece was laid over the membrane, which goes on beyond it as it was before."""
    out: list[tuple[int, int]] = []
    for (left, down), (right, up) in pairwise(found):
        if out and out[-1][1] == left:
            continue
        narrow = right - left <= WIDEST * lanes.window.width
        if narrow and abs(down + up) <= RETURNS * max(abs(down), abs(up)):
            out.append((left, right))
    return out
