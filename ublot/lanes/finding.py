"""Finding lanes: how many, where, how tilted, how bowed, how wide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.errors import BlotError
from ublot.lanes.centrelines import refine_lanes, straight_lane
from ublot.lanes.contrast import SPECK, contrasts, lane_heights, opened, resized
from ublot.lanes.plausibility import are_lanes
from ublot.lanes.spacing import LaneRow, best_comb
from ublot.lanes.tilt import sharpest_sums
from ublot.membrane.cells import Cells, cell_side, make_cells
from ublot.membrane.lateral_shape import USUAL_FILL, lane_cells
from ublot.membrane.outline import MembraneArea, find_membrane
from ublot.model import Blot, Lanes
from ublot.numerics.medians import median, quantile

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

__all__ = ["SMALLEST", "find_lanes"]

COARSE = (192, 512)  # cells down and across for the first look, about
COUNTED_ROWS = 96  # of them, where it is known how many lanes there are
ENOUGH = 60  # cells to a pitch, were lanes to fill the picture, where it is known how many there are
DENSEST = 20.0  # cells to a pitch: twice as many are taken together
SPACINGS = 8  # tried in an octave
MAX_TILT = 6.0  # degrees
GLOW = 0.01  # of the strongest bands, that what is left beside them by glow and compression reaches
SQUEEZE = 0.7  # power that heights are raised to
RIM_WIDTH = 0.012  # of the membrane's width
KNOTS = 9
SHARP = 160, 22  # cells down the picture and across one pitch, to see whether spots are round
SOFTNESS = 6.0  # to start from
SMALLEST = 8  # px: no lane is seen in a picture lower or narrower than that
NARROWEST = 3  # px: lanes do not stand closer


@dataclass(frozen=True, eq=False)
class _Sighting:
    """A row of lanes, and the slope it was seen along, columns of cells per row of cells."""

    comb: LaneRow
    slope: float


@dataclass(frozen=True, eq=False)
class _Clean:
    """Cells without specks on a scale on which faint and strong lanes are not far apart.

    `values` are the usual ones of their row where they are no membrane, `usable` is 0 there; `floor` is what noise, and
    what compression leaves of strong bands beside them, reaches.
    """

    values: NDArray[np.float32]
    usable: NDArray[np.float32]
    floor: float


def _clean(cells: Cells) -> _Clean:
    values = cv2.medianBlur(cells.values, 3) if min(cells.values.shape) > 3 else cells.values
    pairs = cells.mask[:, 1:] & cells.mask[:, :-1]
    noise = 1.4826 * median(np.abs(np.diff(cells.values, axis=1))[pairs]) / 2**0.5 if pairs.any() else 0.0
    if not cells.mask.all():
        usable = cells.mask.any(axis=1)
        rows = np.full((len(values), 1), median(values[cells.mask]), np.float32)
        rows[usable, 0] = np.nanmedian(np.where(cells.mask, values, np.nan)[usable], axis=1)
        values = np.where(cells.mask, values, rows)
    height = np.maximum(values - values.min(axis=1, keepdims=True), 0).astype(np.float32)
    floor = 3 * noise + GLOW * quantile(height, 0.995) + 1e-12
    # The same scale for every response: a density is the logarithm of what a camera counts.
    squeezed = (height + np.float32(floor)) ** np.float32(SQUEEZE)
    return _Clean(np.asarray(squeezed, np.float32), cells.mask.astype(np.float32), SQUEEZE * floor**SQUEEZE)


def _best_sighting(cells: Cells, count: int | None, blank: Collection[int]) -> _Sighting:
    """Search all spacings, octave by octave.

    What is taken off as membrane before looking must be wider than a lane and is better not much wider.
    """
    rows, span = cells.values.shape
    if count is None:
        low, high = max(span / 70, 5.0), span / 1.5
    else:
        # A single lane has no neighbours to stand close to: its spacing says how wide it is, no more.
        low, high = (0.3 if count > 1 else 0.08) * span / count, min(1.3 * span / count, span)
    octaves = max(int(np.ceil(np.log2(high / low))), 1)
    edges = np.geomspace(max(low, 4.0), high, octaves + 1)
    pitches = np.geomspace(edges[:-1], edges[1:], SPACINGS, axis=1)
    clean = _clean(cells)
    looks = []
    for widest in edges[1:].tolist():
        fewer = span // max(int(widest / DENSEST), 1)
        values = opened(resized(clean.values, rows, fewer), SPECK * widest * fewer / span)
        looks.append((values, resized(clean.usable, rows, fewer), fewer / span))
    evidence = []
    for (values, usable, scale), widest in zip(looks, edges[1:].tolist(), strict=True):
        seen = lane_heights(values, usable, widest * scale, clean.floor)
        evidence.append(resized(np.log1p(seen.heights / seen.against), rows, span))
    steepest = np.tan(np.deg2rad(MAX_TILT)) * rows * cells.size[0] / cells.size[1]
    leans = sharpest_sums(np.array(evidence), edges[:-1], steepest)[1]
    scores = [
        contrasts(values, usable, tried * scale, lean * scale, clean.floor)
        for (values, usable, scale), tried, lean in zip(looks, pitches, leans.tolist(), strict=True)
    ]
    comb = best_comb(scores, pitches, count, blank)
    return _Sighting(comb, float(leans[comb.profile]) / rows)


def _straight_lanes(cells: Cells, membrane: MembraneArea, sighting: _Sighting) -> Lanes:
    """Straight, parallel lanes in image coordinates: where refinement starts."""
    comb, window = sighting.comb, membrane.window
    pitch = (float(np.median(np.diff(comb.centres))) if len(comb.centres) > 1 else comb.pitch) * cells.size[1]
    centres = cells.x_px[0] + comb.centres * cells.size[1]
    knots = np.linspace(window.top, window.bottom - 1, KNOTS)
    middle = 0.5 * (cells.row_px[0] + cells.row_px[-1])
    tilt = sighting.slope * cells.size[1] / cells.size[0]
    items = [straight_lane(i + 1, x, USUAL_FILL * pitch, tilt, middle, knots) for i, x in enumerate(centres)]
    return Lanes(tuple(items), window, pitch, SOFTNESS, membrane.flags, membrane.inside)


def find_lanes(blot: Blot, count: int | None = None, *, blank: Collection[int] = ()) -> Lanes:
    """Find the lanes of a blot.

    Parameters
    ----------
    blot : Blot
    count : int, optional
        How many there are, blank ones included. Without it lanes are those that show, and the blank ones between.
    blank : collection of int, optional
        Numbers (from 1) of the lanes known to hold nothing: they are placed by the spacing of the others.

    Returns
    -------
    Lanes
        Empty, with ``no_lanes`` among the flags, where the picture shows none. Without a count a single lane is none:
        nothing tells it from a stain.

    Raises
    ------
    BlotError
        For a count below 1, or of more lanes than the picture has room for.
    """
    if count is not None and not 1 <= count <= max(blot.window.width // NARROWEST, 1):
        room = f"from 1 to {max(blot.window.width // NARROWEST, 1)} in {blot.window.width} px"
        raise BlotError(f"{count} lanes cannot be found", "lanes", room)
    membrane = find_membrane(blot)
    if count is not None and count > membrane.window.width // NARROWEST:
        membrane = MembraneArea(blot.window)
    window = membrane.window
    nothing = Lanes((), window, flags=(*membrane.flags, "no_lanes"), inside=membrane.inside)
    if min(window.height, window.width) < SMALLEST:
        return nothing
    half = 0.5 * blot.tile
    down, across = COARSE if count is None else (COUNTED_ROWS, min(COARSE[1], ENOUGH * max(count, 4)))
    size = cell_side(blot, window.height / down + half), cell_side(blot, window.width / across + half)
    rims = window.left > blot.window.left, window.right < blot.window.right
    # The rim of a membrane shines, dries or curls: the first look leaves it out.
    rim = cell_side(blot, RIM_WIDTH * window.width)
    inner = replace(window, left=window.left + rim * rims[0], right=window.right - rim * rims[1])
    cells = make_cells(blot, inner, size, membrane.inside)
    sighting = _best_sighting(cells, count, blank)
    if len(sighting.comb.centres) < (count or 2):
        return nothing
    lanes = _straight_lanes(cells, membrane, sighting)
    fine = lane_cells(blot, lanes)
    lanes, fit = refine_lanes(fine, lanes, blank=blank)
    contrast = sighting.comb.score / len(lanes)
    if count is None and not are_lanes(fine, lanes, fit, lane_cells(blot, lanes, *SHARP), contrast):
        return nothing
    x = np.array([lane.centre(window.mid_row) for lane in lanes])
    return replace(lanes, pitch=float(np.median(np.diff(x))) if len(x) > 1 else lanes.pitch)
