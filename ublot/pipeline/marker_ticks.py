"""The marker as somebody drew it: ticks printed beside the picture, pen strokes beside the lanes or in the marker's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.inputs.layout import lanes_with_roles
from ublot.mass.calibration import calibration_from_positions
from ublot.mass.ticks import FEWEST_TICKS, Ticks, find_marks, find_ticks
from ublot.model import Calibration
from ublot.reference.markers import find_marker

if TYPE_CHECKING:
    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params
    from ublot.model import Blot, Lanes

__all__ = ["calibrate_by_pen", "calibrate_by_ticks"]

MARGIN = (0.5, 150)
"""How far beside the region ticks are looked for: share of its width, and px at least (labels stand further away)."""

ROUGH = 0.06
"""log10(kDa) of scatter about a smooth curve up to which strokes are the marker's. Printed ticks and pen strokes of
real figures stay below 0.045, letters that stand as many times in a column are above 0.1."""

UNEVEN = (3.0, 6.0)
"""Ratio of the rows per log mass between neighbours up to which three strokes, and more, are the marker's: 1.5 to 1.8
on real figures with three, up to 3.2 with more. Both bars of a letter in two words are above 30."""


def calibrate_by_ticks(blot: Blot, params: Params) -> Calibration | None:
    """Calibrate mass by ticks that are printed beside the region, one for every mass.

    Parameters
    ----------
    blot : Blot
    params : Params

    Returns
    -------
    Calibration or None
        None where no region was chosen or seen on a page, or no ticks are there, as many as masses.
    """
    if blot.roi is None or params.marker is None:
        return None
    masses, region = find_marker(params.marker).masses, blot.roi
    far = max(round(MARGIN[0] * region.width), MARGIN[1])
    sides = (
        ("left", (region.left - far, region.left)),
        ("right", (region.right, region.right + far)),
    )
    found = [(side, find_ticks(blot.signal, region, columns, len(masses))) for side, columns in sides]
    return _best(found, masses, "the ticks at the {} of the region")


def calibrate_by_pen(blot: Blot, geometry: Lanes, layout: Layout | None, params: Params) -> Calibration | None:
    """Calibrate mass by strokes of a pen on the film, one for every mass: beside the lanes, or in the marker's lane.

    Parameters
    ----------
    blot : Blot
    geometry : Lanes
    layout : Layout or None
    params : Params

    Returns
    -------
    Calibration or None
    """
    if params.marker is None or not len(geometry):
        return None
    masses, window = find_marker(params.marker).masses, geometry.window
    if len(masses) < FEWEST_TICKS:
        return None
    rows = np.arange(window.top, window.bottom)
    edges = [lane.centre(rows) + side * 0.5 * lane.width for lane, side in ((geometry[0], -1), (geometry[-1], 1))]
    first, last = int(edges[0].min()), int(edges[1].max()) + 1
    beside = (("left", (blot.window.left, first)), ("right", (last, blot.window.right)))
    found = [(side, find_ticks(blot.signal, window, columns, len(masses))) for side, columns in beside]
    best = _best(found, masses, "pen strokes at the {} of the lanes")
    if best is not None or layout is None:
        return best
    marked = [lane for lane in geometry if lane.number in lanes_with_roles(layout, "marker")]
    for lane in marked:
        centre = lane.centre(rows)
        left, right = int(centre.min() - 0.5 * lane.width), int(centre.max() + 0.5 * lane.width) + 1
        columns = max(left, window.left), min(right, window.right)
        within = [(str(lane.number), find_marks(blot.signal, window, columns, len(masses)))]
        best = _best(within, masses, "pen strokes in lane {}")
        if best is not None:
            return best
    return None


def _best(found: list[tuple[str, Ticks | None]], masses: tuple[float, ...], words: str) -> Calibration | None:
    """Of strokes that lie on a curve, those that stand most evenly; in doubt where others would do as well."""
    read: list[tuple[float, Calibration]] = []
    for place, ticks in found:
        if ticks is None:
            continue
        curve, uneven = calibration_from_positions(zip(masses, ticks.rows, strict=True)), _uneven(masses, ticks.rows)
        if not curve.residual > ROUGH and uneven <= UNEVEN[len(masses) > FEWEST_TICKS]:
            there = Calibration(ticks.rows, masses, "marker", curve.residual, picture=words.format(place))
            read.append((uneven, there))
    if not read:
        return None
    read.sort(key=lambda each: each[0])
    best = read[0][1]
    near = 0.5 * float(np.diff(best.rows).min())
    others = [k for _, k in read[1:] if np.abs(np.subtract(k.rows, best.rows)).max() > near]
    if not others:
        return best
    return replace(best, flags=("marker_doubtful",), notes=(f"{others[0].picture} would put its masses elsewhere",))


def _uneven(masses: tuple[float, ...], rows: tuple[float, ...]) -> float:
    """Ratio of the rows per log mass between neighbours, the largest over the smallest."""
    steps = np.diff(rows) / -np.diff(np.log(masses))
    return float(steps.max() / steps.min())
