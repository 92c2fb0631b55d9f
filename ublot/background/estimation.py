"""What is not the lanes' protein: the membrane under them, by several methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ublot.background.classical import baseline_along_lanes, blank_lane_level, no_background, rolling_ball_level
from ublot.background.gutters import gutter_membrane
from ublot.errors import BlotError
from ublot.model import Background, Blot, Lanes, Widening

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ublot.numerics.arrays import Array

    Found = tuple[Array, Callable[[int], Array], Widening]

__all__ = ["METHODS", "estimate_background"]

METHODS: Mapping[str, Callable[[Blot, Lanes, Collection[int]], Array | Found]] = {
    "gutter": gutter_membrane,
    "blank-lane": blank_lane_level,
    "rolling-ball": rolling_ball_level,
    "arpls": baseline_along_lanes("arpls"),
    "snip": baseline_along_lanes("snip"),
    "none": no_background,
}
EATS_SMEARS = ("rolling-ball", "arpls", "snip")


def estimate_background(blot: Blot, lanes: Lanes, method: str = "gutter", *, blank: Collection[int] = ()) -> Background:
    """Estimate the background under every lane.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    method : {"gutter", "blank-lane", "rolling-ball", "arpls", "snip", "none"}
        ``gutter`` takes the membrane from the gutters between lanes, at the same row, by a joint regression of lanes
        and membrane in which the lateral shapes are learned too (`ublot.membrane.joint_fit`): the only one that a smear
        cannot lift. The others are there to compare with.
    blank : collection of int
        Numbers of the lanes with nothing in them: ``blank-lane`` needs one, ``gutter`` is surer with one.

    Returns
    -------
    Background
        With ``smear_at_risk`` among the flags for a method that takes part of a smear for background.

    Raises
    ------
    BlotError
        For an unknown method, or ``blank-lane`` without a blank lane.
    """
    if method not in METHODS:
        raise BlotError(f"{method!r} is no background method", "background", f"one of {', '.join(METHODS)}")
    if not len(lanes):
        return Background(method, np.zeros((0, lanes.window.height)), np.zeros(0), lanes.window)
    found = METHODS[method](blot, lanes, blank)
    flags = ("smear_at_risk",) if method in EATS_SMEARS else ()
    haze = np.zeros(len(lanes))
    if not isinstance(found, tuple):
        return Background(method, found, haze, lanes.window, flags)
    level, modes, widening = found
    return Background(method, level, haze, lanes.window, flags, modes_under=modes, widening=widening)
