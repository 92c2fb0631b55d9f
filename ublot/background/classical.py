"""Rolling ball, arPLS, SNIP, blank lane: for comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.errors import BlotError
from ublot.lanes.straightened import core_means
from ublot.membrane.lateral_shape import lane_pitch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = ["BALL", "BALL_CELLS", "baseline_along_lanes", "blank_lane_level", "no_background", "rolling_ball_level"]

BALL = 1.1  # of the pitch: radius of the rolling ball
BALL_CELLS = 12  # its radius in the reduced picture that it rolls over, as ImageJ does it for large balls


def blank_lane_level(blot: Blot, lanes: Lanes, blank: Collection[int]) -> Array:
    """Level of the blank lanes, weighted by how near they are, under every lane."""
    chosen = [lane for lane in lanes if lane.number in blank]
    if not chosen:
        raise BlotError("the background blank-lane needs a lane with role blank", "layout", "say which lane is blank")
    means = core_means(blot, lanes)
    smooth = max(int(0.02 * lanes.window.height), 1)
    mid = lanes.window.mid_row
    x = np.array([float(lane.centre(mid)) for lane in chosen])
    known = np.array([cv2.blur(means[lane.number - 1][:, None], (1, smooth))[:, 0] for lane in chosen])
    level = []
    for lane in lanes:
        away = np.abs(x - float(lane.centre(mid))) + 1e-6
        level.append(np.average(known, axis=0, weights=1 / away))
    return np.array(level)


def rolling_ball_level(blot: Blot, lanes: Lanes, _: Collection[int]) -> Array:
    """What a ball reaches that rolls below the picture (Sternberg 1983), under every lane."""
    from skimage.restoration import rolling_ball

    window = lanes.window
    radius = BALL * lane_pitch(lanes)
    scale = max(1, round(radius / BALL_CELLS))
    shape = max(window.height // scale, 1), max(window.width // scale, 1)
    small = cv2.resize(blot.signal[window.slices], shape[::-1], interpolation=cv2.INTER_AREA)
    # The ball's height is in the picture's own unit: ImageJ's convention for pictures of 256 levels.
    unit = max(float(np.ptp(small)) / 255.0, 1e-12)
    surface = rolling_ball(small / unit, radius=radius / scale) * unit
    full = cv2.resize(surface.astype(np.float32), (window.width, window.height), interpolation=cv2.INTER_LINEAR)
    return core_means(blot, lanes, surface=full)


def baseline_along_lanes(name: str) -> Callable[[Blot, Lanes, Collection[int]], Array]:
    """A baseline along every lane by a method of pybaselines."""

    def method(blot: Blot, lanes: Lanes, _: Collection[int]) -> Array:
        import warnings

        from pybaselines import Baseline
        from pybaselines.utils import ParameterWarning

        means = core_means(blot, lanes)
        fitter = Baseline()
        half = max(int(0.04 * lanes.window.height), 3)
        # arPLS: the usual smoothness for 1,000 points, carried over to the number of rows.
        options = {"lam": 1e5 * (means.shape[1] / 1000) ** 4} if name == "arpls" else {"max_half_window": half}
        with warnings.catch_warnings():
            # They advise on settings that nobody can set here.
            warnings.simplefilter("ignore", ParameterWarning)
            return np.array([getattr(fitter, name)(row, **options)[0] for row in means])

    return method


def no_background(blot: Blot, lanes: Lanes, _: Collection[int]) -> Array:
    """Nothing taken off."""
    return np.zeros((len(lanes), lanes.window.height))
