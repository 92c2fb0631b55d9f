"""Whether a lane stands beside the outermost ones: then fewer lanes were described than there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ublot.lateral import lane_pitch

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ublot.model import Blot, Lane, Lanes

__all__ = ["lanes_beside"]

ALIKE = 0.7
"""Correlation of its profile with the typical one from which on a strip is a lane: membrane and pen reach 0.5."""

FAINT = 0.2
"""Strength over the typical lane's up to which it may be a bleed, a reflection or nothing."""

CORE, GUTTER = 0.5, 0.16
"""Widths looked at: of the lane's, and of the pitch."""

ROWS = 250
"""Rows looked at, about."""

SLANT = 0.02
"""Share of the rows by which a front may be higher or lower beside."""

FEWEST = 3
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
    loaded = [lane for lane in lanes if lane.number not in blank]
    if len(loaded) < FEWEST:
        return False
    pitch, width = lane_pitch(lanes), float(np.median([lane.width for lane in lanes]))
    own = np.array([_profile(blot, lanes, lane, 0.0, pitch, width) for lane in loaded])
    known = np.isfinite(own).sum(axis=0) >= FEWEST
    typical = np.full(own.shape[1], np.nan)
    typical[known] = np.nanmedian(own[:, known], axis=0)
    ends = ((lanes[0], -pitch), (lanes[len(lanes) - 1], pitch))
    return any(_is_like(_profile(blot, lanes, lane, off, pitch, width), typical) for lane, off in ends)


def _profile(blot: Blot, lanes: Lanes, lane: Lane, off: float, pitch: float, width: float) -> NDArray[np.float64]:
    """Signal of a strip `off` px beside a lane, over the lower of its gutters; NaN where it leaves the membrane."""
    window = lanes.window
    rows = np.arange(window.top, window.bottom, max(1, window.height // ROWS))
    middle = lane.centre(rows) + off
    half = 0.5 * pitch
    sides = [_strip(blot, lanes, rows, middle + side, GUTTER * pitch) for side in (-half, half)]
    return _strip(blot, lanes, rows, middle, CORE * width) - np.fmin(*sides)


def _strip(
    blot: Blot, lanes: Lanes, rows: NDArray[np.intp], middle: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    """Mean signal across a strip at each row."""
    window = lanes.window
    cols = np.round(middle[:, None] - width / 2).astype(int) + np.arange(max(int(width), 1))
    inside = (cols >= window.left) & (cols < window.right)
    cols = np.clip(cols, window.left, window.right - 1)
    for mask in (lanes.inside, blot.valid):
        if mask is not None:
            inside &= mask[rows[:, None], cols]
    means = blot.signal[rows[:, None], cols].mean(axis=1, dtype=np.float64)
    return np.where(inside.all(axis=1), means, np.nan)


def _is_like(seen: NDArray[np.float64], typical: NDArray[np.float64]) -> bool:
    """Whether a profile follows the typical one, moved up or down a little, and is not much fainter."""
    n = len(typical)
    most = max(int(SLANT * n), 2)
    best = (0.0, 0.0)
    for move in range(-most, most + 1, max(most // 6, 1)):
        x, y = typical[max(0, -move) : n - max(0, move)], seen[max(0, move) : n - max(0, -move)]
        known = np.isfinite(x) & np.isfinite(y)
        if known.sum() < 0.6 * n:
            continue
        x, y = x[known] - x[known].mean(), y[known] - y[known].mean()
        xx, xy, yy = float(x @ x), float(x @ y), float(y @ y)
        if xx > 0 and yy > 0:
            best = max(best, (xy / (xx * yy) ** 0.5, xy / xx))
    return best[0] > ALIKE and best[1] > FAINT
