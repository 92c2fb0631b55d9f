"""How lanes look beside their core: flanks that are learned, not assumed.

The lateral shape of a lane begins as a generalised Gaussian (`ublot.membrane.lateral_shape`) and may depart from it
beyond its core in any way: by hat functions of the distance from the lane's edge, narrow at the edge and wider with
distance, each lane and side with its own as far as the next lane, and shared by all lanes further out, where only all
of them together show anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ublot.membrane.lateral_shape import lane_pitch, lane_widths, lateral_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.membrane.along_lanes import AlongLanes
    from ublot.model import Lanes
    from ublot.numerics.arrays import Array

__all__ = ["FAR", "NEAR", "Flanks", "make_flanks"]

# Knots of the hats, pitches beyond the edge of a lane: about a cell at the edge, where lanes fall steeply; then as far
# apart as the flanks of real lanes, which fall exponentially, need to be followed to a few per cent.
NEAR = np.array([-0.06, 0.0, 0.06, 0.12, 0.2, 0.32, 0.5, 0.75])
FAR = np.array([0.5, 0.75, 1.1, 1.6, 2.3])
INNER = 0.84  # of the width of a lane: cells further inside show nothing but the lane
SEEN = 0.15  # height of a hat in the cells of its gutter, from where on it is one to learn
ACROSS = 5  # places across a cell at which shapes are taken


@dataclass(frozen=True, eq=False)
class Flanks:
    """Lateral shapes of all lanes in cells along them, and how they may depart from where they begin.

    Attributes
    ----------
    shapes : ndarray, shape (lanes, cols)
        Where they begin: generalised Gaussians, mean 1 over the core.
    cores : ndarray, shape (lanes, cols)
        What every cell counts for in the mean over the core of each lane.
    seen : ndarray of int, shape (outside,)
        Columns that show something else than the core of a lane with signal.
    lane, side, knot : ndarray of int, shape (hats,)
        Lane of every hat of the flanks near a lane, whether the hat lies to its right (0) or left (1), and its knot.
    hats : ndarray, shape (hats, outside)
    beside : ndarray of int, shape (2, outside)
        The lanes with signal to the left and right of these columns, the only ones that have hats there.
    near : ndarray, shape (lanes, cols, knots)
        The hats of both sides of each lane, as far as they reach.
    far : ndarray, shape (lanes, cols, far knots)
        Those that all lanes share.
    """

    shapes: Array
    cores: Array
    seen: NDArray[np.intp]
    lane: NDArray[np.intp]
    side: NDArray[np.intp]
    knot: NDArray[np.intp]
    hats: Array
    beside: NDArray[np.intp]
    near: Array
    far: Array

    @cached_property
    def of_knot(self) -> list[NDArray[np.intp]]:
        """Which hats lie about each knot of `NEAR`."""
        return [np.flatnonzero(self.knot == k) for k in range(len(NEAR))]

    @cached_property
    def paired(self) -> Array:
        """Sums of two neighbouring hats of `near` each, in the columns seen, shape (knots / 2, lanes, outside)."""
        near = self.near[:, self.seen].transpose(2, 0, 1)
        return np.ascontiguousarray(near[::2] + near[1::2])

    @cached_property
    def far_seen(self) -> Array:
        """Those that all lanes share in the columns seen, shape (far knots, lanes, outside)."""
        return np.ascontiguousarray(self.far[:, self.seen].transpose(2, 0, 1))


def make_flanks(along: AlongLanes, lanes: Lanes, loaded: NDArray[np.bool_], core: float) -> Flanks:
    """Lay hats about the edges of all lanes.

    Parameters
    ----------
    along : AlongLanes
    lanes : Lanes
    loaded : ndarray of bool, shape (lanes,)
        Lanes that may hold signal. The others have the usual width, and show the membrane all over.
    core : float
        Width of the cores, as a share of the lanes' width.
    """
    widths, pitch, middle = lane_widths(lanes), lane_pitch(lanes), along.middle
    if loaded.any():
        widths = np.where(loaded, widths, np.median(widths[loaded]))
    columns, step = along.columns, along.wide
    offset = columns - middle[:, None]
    within = offset[:, :, None] + step * ((np.arange(ACROSS) + 0.5) / ACROSS - 0.5)
    cores = _overlap(along.edges, middle - 0.5 * core * widths, middle + 0.5 * core * widths)
    shapes = lateral_shape(within, widths[:, None, None], lanes.softness).mean(axis=2)
    shapes /= np.maximum((cores * shapes).sum(axis=1), 0.1)[:, None]
    beyond = (np.abs(within) - 0.5 * widths[:, None, None]) / pitch
    near, far = _hats(beyond, NEAR), _hats(beyond, FAR)
    inside = (np.abs(offset) < 0.5 * INNER * widths[:, None]) & loaded[:, None]
    outside = ~inside.any(axis=0)
    seen = np.flatnonzero(outside)
    shown = np.flatnonzero(loaded)
    after = np.searchsorted(middle[shown], columns[seen])
    beside = shown[np.clip([after - 1, after], 0, len(shown) - 1)] if len(shown) else np.zeros((2, len(seen)), np.intp)
    # To the left and to the right of every lane: how far its own hats reach, and which columns of cells these are.
    steps, inner = np.diff(middle), 0.5 * INNER * widths * loaded
    reach = np.full((len(middle), 2), pitch)
    reach[1:, 0], reach[:-1, 1] = steps - inner[:-1], steps - inner[1:]
    within_reach = (np.array([-1, 1])[:, None] * offset[:, None] > 0) & (np.abs(offset)[:, None] < reach[:, :, None])
    own = near[:, None] * (within_reach & outside & loaded[:, None, None])[..., None]
    lane, side, knot = np.nonzero(own.max(axis=2, initial=0.0) > SEEN)
    hats = own[lane, side, :, knot][:, seen]
    return Flanks(shapes, cores, seen, lane, 1 - side, knot, hats, beside, near, far[..., 1:])


def _overlap(edges: Array, begin: Array, end: Array) -> Array:
    """Share of each stretch from `begin` to `end` that lies in each cell, shape (stretches, cells)."""
    part = np.minimum(edges[1:], end[:, None]) - np.maximum(edges[:-1], begin[:, None])
    part = np.maximum(part, 0.0)
    return np.asarray(part / np.maximum(part.sum(axis=1, keepdims=True), 1e-9))


def _hats(places: Array, knots: Array) -> Array:
    """Piecewise linear functions, 1 at their knot and 0 at all others and beyond the ends: means over the last axis."""
    cells, each = places.size // places.shape[-1], len(knots)
    at = np.flatnonzero((places >= knots[0]) & (places <= knots[-1]))
    place = places.ravel()[at]
    before = np.minimum(np.searchsorted(knots, place, side="right") - 1, each - 2)
    share = (place - knots[before]) / (knots[before + 1] - knots[before])
    hat = at // places.shape[-1] * each + before
    total = np.bincount(hat, 1 - share, cells * each) + np.bincount(hat + 1, share, cells * each)
    return np.asarray(total.reshape(*places.shape[:-1], each) / places.shape[-1], np.float64)
