"""How much of a lane's light arrives where its neighbour stands, seen where the neighbour is none or shows no band.

Between lanes nothing tells what of a lane's flank goes on under the neighbour, and what a gap shows may be arms of bent
bands, thick edges, or light that is spread along the run as well. On the outer side of the first and the last lane
there is no neighbour, and a marker or an empty lane has no band in the rows of the bands beside it: what arrives there
is seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.membrane.along_lanes import AlongLanes
    from ublot.numerics.arrays import Array

__all__ = ["most_light_beside"]

REACH = 1.0  # pitches along the run (sigma): what varies more slowly is membrane
FEWEST = 24  # rows of cells that show it
WHOLE = 0.6  # of the place of a neighbour that must be on the picture
SURE = 2.0  # standard errors
UNLIKE = 1.25  # times: by how much more another lane may shed than an outermost one (widths differ by a few per cent)
ALIKE = 3.0  # rows of cells that tell as much as one: what is off is smooth along the run


def most_light_beside(along: AlongLanes, heights: Array, loaded: NDArray[np.intp], core: float) -> float:
    """The largest share of a lane's height that its neighbour's core may see; infinite where no lane shows it.

    Parameters
    ----------
    along : AlongLanes
    heights : ndarray, shape (rows, lanes)
    loaded : ndarray of int
        Lanes with signal.
    core : float
        Width of a core, px.
    """
    middle = along.middle
    if len(loaded) < 2:
        return math.inf
    steps, last = np.diff(middle), len(middle) - 1
    places = [
        (0, float(middle[0] - steps[0]), float(steps[0])),
        (last, float(middle[-1] + steps[-1]), float(steps[-1])),
    ]
    found = [
        _share(along, heights[:, lane], *_beside(along, place, core), step)
        for lane, place, step in places
        if lane in loaded
    ]
    outside = min((share for share in found if share is not None), default=math.inf)
    found, cores = [], along.core.mean(axis=2)
    for left, step in enumerate(steps.tolist()):
        for lane, other in ((left, left + 1), (left + 1, left)):
            if lane in loaded:
                found.append(_share(along, heights[:, lane], cores[:, other], along.core_mask[:, other], step))
    beside = sorted(share for share in found if share is not None)
    # Where something else stands as well, more is seen: the least counts, among lanes but for one pair that may be odd.
    return min(outside, beside[1] if len(beside) > 1 else math.inf)


def _beside(along: AlongLanes, place: float, core: float) -> tuple[Array, NDArray[np.bool_]]:
    """What is seen of a place as wide as a core, and in which rows."""
    there = np.flatnonzero(np.abs(along.columns - place) <= 0.5 * core)
    if len(there) * along.wide < WHOLE * core:
        return np.zeros(len(along.values)), np.zeros(len(along.values), bool)
    return along.values[:, there].mean(axis=1), np.asarray(along.mask[:, there].all(axis=1), bool)


def _share(along: AlongLanes, height: Array, seen: Array, shown: NDArray[np.bool_], pitch: float) -> float | None:
    """What is seen somewhere that goes with the height of a lane, over it, at most; None where too few rows show it."""
    rows = np.flatnonzero(shown)
    if len(rows) < FEWEST:
        return None
    both = np.stack([seen[rows], height[rows]])
    sharp, tall = both - smooth_rows(both, max(REACH * pitch / along.high, 1.0))
    power = float(tall @ tall)
    if not power > 0:
        return None
    share = float(tall @ sharp) / power
    left = sharp - share * tall
    error = math.sqrt(float(left @ left) / max(len(rows) - 1, 1) * ALIKE / power)
    return UNLIKE * max(share, 0.0) + SURE * error
