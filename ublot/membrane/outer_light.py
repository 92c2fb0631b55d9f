"""How much of a lane's light arrives where its neighbour would stand, seen beside the outermost lanes.

Between lanes nothing tells what of a lane's flank goes on under the neighbour: it is as smooth there as the neighbour
itself, and what a gap shows may be arms of bent bands, thick edges, or light that is spread along the run as well. On
the outer side of the first and the last lane there is no neighbour, and what arrives at its place is seen.
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
    steps, last, most = np.diff(middle), len(middle) - 1, []
    for lane, side, pitch in ((0, -1, float(steps[0])), (last, 1, float(steps[-1]))):
        if lane in loaded:
            share = _share(along, heights[:, lane], float(middle[lane] + side * pitch), core, pitch)
            if share is not None:
                most.append(share)
    # Something else may stand there, or a lane lean outwards: the side that shows less.
    return min(most, default=math.inf)


def _share(along: AlongLanes, height: Array, place: float, core: float, pitch: float) -> float | None:
    """What is seen at a place that goes with the height of a lane, over it, at most."""
    there = np.flatnonzero(np.abs(along.columns - place) <= 0.5 * core)
    if len(there) * along.wide < WHOLE * core:
        return None
    rows = np.flatnonzero(along.mask[:, there].all(axis=1))
    if len(rows) < FEWEST:
        return None
    seen = along.values[np.ix_(rows, there)].mean(axis=1)
    sharp, tall = (x - smooth_rows(x, max(REACH * pitch / along.high, 1.0)) for x in (seen, height[rows]))
    power = float(tall @ tall)
    if not power > 0:
        return None
    share = float(tall @ sharp) / power
    left = sharp - share * tall
    error = math.sqrt(float(left @ left) / max(len(rows) - 1, 1) * ALIKE / power)
    return UNLIKE * max(share, 0.0) + SURE * error
