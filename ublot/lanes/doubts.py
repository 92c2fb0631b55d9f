"""Whether the picture bears out where the lanes were placed: no lane in the wrong place is scored in silence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.membrane.lateral_shape import lane_cells, lane_centres, lane_pitch, lane_widths, strip_means

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ublot.membrane.cells import Cells
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

TWICE, SUNKEN = -0.4, 0.9
"""Contrast that lanes do not have whose light adds up where they overlap their neighbours, at most to twice their own
(-1/3), and level on the centre line over that to both sides that they keep: it is brighter beside them, in no gap."""

ACROSS = 0.5
"""Level on the centre line over that to both sides below which a lane spans a gap; bands with dark edges keep more."""

FEWEST = 4
"""Lanes from which on a usual distance is known."""

CROWDED, REGULAR, BORDER = 0.75, (0.9, 1.25), 0.28
"""Of the usual distance: neighbours nearer than that are told; between these a lane stands where one is due, so that
it holds nothing where its neighbours shine into it, and is in no gap; and how far from the border of the picture a
centre line is at least. On 285 looks at 30 real pictures with all lanes right, neighbours were nearer on 7, all of them
one picture of torn bands, and centre lines nearer to the border on 5; half of 341 lanes in the wrong place were
either."""

MANY = 0.34
"""Share of the lanes in gaps from which on the whole row may be half a pitch off."""

BETWEEN = (0.25, 0.375, 0.5, 0.625, 0.75)
"""Of the way from a lane to the next one, where the gap between them is looked for."""

JOINED, APART, DARK, SHOWS = 0.9, 0.5, 0.3, 0.2
"""Level in the darkest place between two lanes over that of the fainter one from which on nothing parts them; that of
the usual two up to which lanes are parted here at all; the usual gap's in the same rows up to which both lanes hold a
band there; and strength of the fainter one over the usual that can tell."""


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
    in_gap = clear & (contrast < GAP) & (sunken < GAP) & ((contrast < TWICE) | (dip < SUNKEN))
    steps_from = _steps(lanes)
    irregular = _irregular(steps_from)
    out = {}
    for i, lane in enumerate(lanes):
        if lane.number in skip or "lane_empty" in lane.flags or not clear[i]:
            continue
        if in_gap[i] and (irregular[i] or in_gap.mean() >= MANY):
            out[lane.number] = "stands in a gap: it is brighter half a lane to either side"
        elif dip[i] < ACROSS and contrast[i] > GAP:
            out[lane.number] = "spans a gap: it is brighter beside its centre line than on it"
    empty = np.array([lane.number in skip or "lane_empty" in lane.flags for lane in lanes])
    joined, crowded = _joined(cells, centres, pitch, empty | ~clear), steps_from < CROWDED
    for pairs, words in (
        (joined, "no gap parts it from lane {}, as it does others"),
        (crowded, "stands closer to lane {} than lanes do elsewhere"),
    ):
        for i in np.flatnonzero(pairs).tolist():
            for one, other in ((i, i + 1), (i + 1, i)):
                out.setdefault(lanes[one].number, words.format(lanes[other].number))
    if len(steps_from):
        x = _columns(lanes)
        room = np.minimum(x - blot.window.left, blot.window.right - 1 - x)
        for i in np.flatnonzero(room < BORDER * np.median(np.diff(x))).tolist():
            if not empty[i]:
                out.setdefault(lanes[i].number, "stands on the border of the picture: half of it cannot be seen")
    return dict(sorted(out.items()))


def _columns(lanes: Lanes) -> Array:
    return np.ravel(lane_centres(lanes, np.array([lanes.window.mid_row])))


def _steps(lanes: Lanes) -> Array:
    """Distances of neighbours over the usual one; none where too few tell what is usual."""
    if len(lanes) < FEWEST:
        return np.zeros(0)
    steps = np.diff(_columns(lanes))
    return np.asarray(steps / max(float(np.median(steps)), 1e-9))


def _irregular(steps: Array) -> NDArray[np.bool_]:
    """Which lanes stand where none is due: at an end, or not at the usual distance of both neighbours."""
    if not len(steps):
        return np.ones(FEWEST, bool)
    off = (steps < REGULAR[0]) | (steps > REGULAR[1])
    return np.asarray(np.append(True, off) | np.append(off, True))


def _joined(cells: Cells, centres: Array, pitch: float, unknown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which lanes no gap parts from the next one, where lanes are parted."""
    if len(centres) < FEWEST:
        return np.zeros(len(centres) - 1, bool)
    steps = [centres[:-1] + share * np.diff(centres, axis=0) for share in BETWEEN]
    wide = NARROW * pitch
    on = np.array(strip_means(cells, (centres, wide))[0])
    between = np.array(strip_means(cells, *((at, wide) for at in steps)))
    both = np.concatenate([on, between.min(axis=0)])
    base = np.where(np.isfinite(both), both, np.inf).min(axis=0)
    base = np.where(np.isfinite(base), base, 0.0)
    fainter, darkest = np.minimum(on[:-1], on[1:]) - base, between.min(axis=0) - base
    known = np.isfinite(fainter) & np.isfinite(darkest)
    fainter, darkest = np.where(known, fainter, 0.0), np.where(known, darkest, 0.0)
    weight = fainter**2
    depth = (weight * darkest).sum(axis=1) / ((weight * fainter).sum(axis=1) + 1e-12)
    top = fainter.max(axis=1)
    # Bands of one lane beside nothing of the other say nothing: there the usual gap is as bright.
    usual = (weight * np.median(darkest, axis=0)).sum(axis=1) / ((weight * fainter).sum(axis=1) + 1e-12)
    told = ~(unknown[:-1] | unknown[1:]) & (usual < DARK) & (top > SHOWS * np.quantile(top, 0.75))
    if told.sum() < 3 or np.median(depth[told]) > APART:
        return np.zeros(len(depth), bool)
    return np.asarray(told & (depth > JOINED))


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
