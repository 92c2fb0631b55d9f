"""Whether the picture bears out where the lanes were placed: no lane in the wrong place is scored in silence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.membrane.lateral_shape import lane_cells, lane_centres, lane_pitch, lane_widths, strip_means

if TYPE_CHECKING:
    from collections.abc import Collection

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = ["flag_doubtful_lanes", "lane_doubts"]

ROWS = 160
"""Rows looked at, about."""

NARROW = 0.16
"""Of the pitch: strips looked at on the centre line, in the gutters, and to both sides of the centre line."""

ASIDE = 0.3
"""Of the width to both sides of the centre line, where a lane that spans a gap is brightest."""

NOISE = 8.0
"""Standard errors of its strongest row from which on a lane shows something that can be judged."""

GAP = 0.0
"""Contrast with both gutters below which a lane stands in a gap, from -1 to 1. Right lanes that part: above 0.15."""

ACROSS = 0.5
"""Level on the centre line over that to both sides below which a lane spans a gap; bands with dark edges keep more."""


def _weighted(value: Array, weight: Array) -> Array:
    return np.asarray((value * weight).sum(axis=1) / (weight.sum(axis=1) + 1e-12))


def lane_doubts(blot: Blot, lanes: Lanes, skip: Collection[int] = ()) -> dict[int, str]:
    """What is wrong with where lanes stand, in words, by lane; those that stand right are not named.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    skip : collection of int
        Numbers of lanes that hold nothing.
    """
    if len(lanes) < 2:
        return {}
    cells, pitch = lane_cells(blot, lanes, ROWS), lane_pitch(lanes)
    centres, width = lane_centres(lanes, cells.row_px), lane_widths(lanes)[:, None]
    strips = [centres, centres - ASIDE * width, centres + ASIDE * width, centres - 0.5 * pitch, centres + 0.5 * pitch]
    seen = np.array(strip_means(cells, *((at, NARROW * pitch) for at in strips)))
    known = np.isfinite(seen).all(axis=0)
    base = np.where(np.isfinite(seen), seen, np.inf).min(axis=(0, 1))
    height = np.where(known, seen - np.where(np.isfinite(base), base, 0.0), 0.0)
    steps = np.abs(np.diff(seen[3:], axis=2))
    steps = steps[np.isfinite(steps)]
    noise = 1.4826 * float(np.median(steps)) / 2**0.5 + 1e-12 if steps.size else np.inf
    middle, left, right, before, after = height
    strength = np.where(known, np.maximum(height.max(axis=0) - height.min(axis=0), 0), 0.0)
    clear = strength.max(axis=1) > NOISE * noise
    # The rows in which something differs most count most.
    weight = strength**2
    own, sides = middle, np.minimum(before, after)
    contrast = _weighted((own - np.maximum(before, after)) / (own + np.maximum(before, after) + noise), weight)
    sunken = _weighted((own - sides) / (own + sides + noise), weight)
    dip = _weighted(middle / (np.minimum(left, right) + noise), weight)
    out = {}
    for i, lane in enumerate(lanes):
        if lane.number in skip or "lane_empty" in lane.flags or not clear[i]:
            continue
        if contrast[i] < GAP and sunken[i] < GAP:
            out[lane.number] = "stands in a gap: it is brighter half a lane to either side"
        elif dip[i] < ACROSS and contrast[i] > GAP:
            out[lane.number] = "spans a gap: it is brighter beside its centre line than on it"
    return out


def flag_doubtful_lanes(blot: Blot, lanes: Lanes, skip: Collection[int] = ()) -> Lanes:
    """Lanes with ``lane_uncertain`` on those that the picture does not bear out."""
    doubts = lane_doubts(blot, lanes, skip)
    if not doubts:
        return lanes
    items = tuple(
        replace(lane, flags=(*lane.flags, "lane_uncertain"))
        if lane.number in doubts and "lane_uncertain" not in lane.flags
        else lane
        for lane in lanes
    )
    return replace(lanes, items=items)
