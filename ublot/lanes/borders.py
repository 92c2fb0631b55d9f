"""Whether a lane stands beside the outermost ones: then fewer lanes were described than there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.membrane.lateral_shape import lane_cells, lane_centres, lane_pitch, lane_widths, strip_means

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes


__all__ = ["best_match", "flag_lanes_at_edge", "lanes_beside", "likeness"]

ALIKE = 0.65
"""Correlation of its profile with the typical one from which on a strip is a lane: membrane and pen reach 0.5."""

FAINT = 0.2
"""Strength over the typical lane's up to which it may be a bleed, a reflection or nothing."""

CORE_LOOKED_AT, GUTTER = 0.5, 0.16
"""Widths looked at: of the lane's, and of the pitch."""

ROWS = 160
"""Rows looked at, about."""

SLANT, MOST_SLANT = 0.02, 0.12
"""Share of the rows by which a front may be higher or lower beside; half a band's height where that is more, as on a
strip of one row of bands, and no more than the other: a smear is no band, and moved by half of its height it looks like
anything."""

SEEN = 0.6
"""Share of the rows that must lie on the membrane."""

FEWEST_LANES = 3
"""Lanes it takes to know what a lane looks like here."""


def lanes_beside(blot: Blot, lanes: Lanes, blank: Collection[int] = ()) -> bool:
    """Whether, one pitch beside the first or the last lane, something stands that looks like the lanes found.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    blank : collection of int
        Numbers of the lanes with nothing in them.
    """
    loaded = [lane.number not in blank for lane in lanes]
    if sum(loaded) < FEWEST_LANES:
        return False
    cells = lane_cells(blot, lanes, ROWS)
    pitch, width = lane_pitch(lanes), float(np.median(lane_widths(lanes)))
    centres = lane_centres(lanes, cells.row_px)
    places = np.concatenate([centres[loaded], centres[:1] - pitch, centres[-1:] + pitch])
    half = 0.5 * pitch
    strips = ((places, CORE_LOOKED_AT * width), (places - half, GUTTER * pitch), (places + half, GUTTER * pitch))
    core, *gutters = strip_means(cells, *strips)
    seen = core - np.fmin(*gutters)
    own, beside = seen[:-2], seen[-2:]
    known = np.isfinite(own).sum(axis=0) >= FEWEST_LANES
    typical = np.full(own.shape[1], np.nan)
    whole = np.isfinite(own).all(axis=0)
    typical[whole] = np.sort(own[:, whole], axis=0)[len(own) // 2]
    typical[known & ~whole] = np.nanmedian(own[:, known & ~whole], axis=0)
    return any(_is_like(profile, typical) for profile in beside)


def likeness(seen: NDArray[np.float64], typical: NDArray[np.float64]) -> float:
    """Correlation of a profile with the typical one, moved up or down a little; 0 where too little of it is known."""
    return best_match(seen, typical)[0]


def _is_like(seen: NDArray[np.float64], typical: NDArray[np.float64]) -> bool:
    """Whether a profile follows the typical one, moved up or down a little, and is not much fainter."""
    alike, strength = best_match(seen, typical)
    return alike > ALIKE and strength > FAINT


def best_match(seen: NDArray[np.float64], typical: NDArray[np.float64]) -> tuple[float, float]:
    """Best correlation with the typical profile, and the strength over it there."""
    n = len(typical)
    most = max(int(SLANT * n), min(_band(typical) // 2, int(MOST_SLANT * n)), 2)
    moves = np.arange(-most, most + 1, max(most // 6, 1))
    at = np.arange(n) + moves[:, None]
    moved = np.where((at >= 0) & (at < n), seen[np.clip(at, 0, n - 1)], np.nan)
    known = np.isfinite(typical) & np.isfinite(moved)
    count = known.sum(axis=1)
    known, moved, count = (part[count >= SEEN * n] for part in (known, moved, count))
    x, y = (np.where(known, profile, 0.0) for profile in (typical, moved))
    x, y = (np.where(known, p - (p.sum(axis=1) / count)[:, None], 0.0) for p in (x, y))
    xx, xy, yy = (np.einsum("ij,ij->i", a, b) for a, b in ((x, x), (x, y), (y, y)))
    told = (xx > 0) & (yy > 0)
    if not told.any():
        return 0.0, 0.0
    alike = xy[told] / np.sqrt(xx * yy)[told]
    best = int(alike.argmax())
    return float(alike[best]), float(xy[told][best] / xx[told][best])


def _band(typical: NDArray[np.float64]) -> int:
    """Rows of the strongest band of a profile, at half of its height."""
    if not np.isfinite(typical).any():
        return 0
    level = np.nan_to_num(typical - np.nanmin(typical))
    top = int(level.argmax())
    low = np.flatnonzero(level < 0.5 * level[top])
    above, below = low[low < top], low[low > top]
    return int((below[0] if len(below) else len(level)) - (above[-1] if len(above) else -1) - 1)


def flag_lanes_at_edge(blot: Blot, lanes: Lanes) -> Lanes:
    """Flag lanes that the picture, or the region of interest, cuts or leaves no room beside.

    Nearer than its width, a lane has no membrane on that side to take its background from.
    """
    left, right = blot.window.left, blot.window.right - 1
    rows = np.arange(lanes.window.top, lanes.window.bottom)
    items = []
    for lane in lanes:
        x = lane.centre(rows)
        cut = min(x.min() - left, right - x.max()) < lane.width
        others = tuple(name for name in lane.flags if name != "lane_at_edge")
        items.append(replace(lane, flags=(*others, "lane_at_edge") if cut else others))
    return replace(lanes, items=tuple(items))
