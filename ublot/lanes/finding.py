"""Finding lanes: how many, where, how tilted, how bowed, how wide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.errors import BlotError
from ublot.lanes.centrelines import refine_lanes, straight_lane
from ublot.lanes.contrast import SPECK, contrasts, lane_heights, opened, resized
from ublot.lanes.halves import join_halves
from ublot.lanes.ink import without_ink
from ublot.lanes.lines_between import line_scores
from ublot.lanes.outermost import with_faint_ends
from ublot.lanes.plausibility import are_lanes
from ublot.lanes.runs import lanes_of_runs, runs_apart
from ublot.lanes.spacing import LaneRow, best_comb
from ublot.lanes.tilt import sharpest_sums
from ublot.membrane.cells import Cells, cell_side, make_cells
from ublot.membrane.lateral_shape import USUAL_FILL, lane_cells, lane_centres
from ublot.membrane.outline import MembraneArea, find_membrane
from ublot.model import Blot, Lanes
from ublot.numerics.medians import median, quantile

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["SMALLEST", "find_lanes"]

COARSE = (192, 512)  # cells down and across for the first look, about
COUNTED_ROWS = 96  # of them, where it is known how many lanes there are
ENOUGH = 60  # cells to a pitch, were lanes to fill the picture, where it is known how many there are
DENSEST = 20.0  # cells to a pitch: twice as many are taken together
SPACINGS = 8  # tried in an octave
MAX_TILT = 6.0  # degrees
GLOW = 0.01  # of the strongest bands, that what is left beside them by glow and compression reaches
SQUEEZE = 0.7  # power that heights are raised to
THIN = 0.06  # of the pitch: what is narrower than that is no edge of a lane that shines there
BRIGHT, DULL, SHOWN = (
    0.98,
    0.3,
    0.25,
)  # quantiles of a row of cells, and share of their largest difference, to show lanes
LOW_STRIP, MARGIN = 0.5, 0.3  # share of the rows that bands take up at most to be looked at alone, and room about them
SAME = 0.25  # of the pitch that lanes of two looks differ by at most
BETTER = 1.2  # score of the second look over that of the first from which on it counts
POOR = 0.2  # contrast of the mean lane below which it is looked at once more
LINES = 0.1  # weight of the lines between lanes beside what they rise above their gutters; with 0.2 empty ones stray
RIM_WIDTH = 0.012  # of the membrane's width
KNOTS = 9
SHARP = 160, 22  # cells down the picture and across one pitch, to see whether spots are round
SOFTNESS = 6.0  # to start from
SMALLEST = 8  # px: no lane is seen in a picture lower or narrower than that
FEWEST_APART, CLOSEST = 4, 0.65  # lanes, and of their usual distance, that neighbours stand apart: first seen at 0.72
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


def _spacings(span: int, count: int | None) -> tuple[Array, Array]:
    """Ends of the octaves of spacings to look at, cells, and the spacings tried in each, shape (octaves, spacings)."""
    if count is None:
        low, high = max(span / 70, 5.0), span / 1.5
    else:
        # A single lane has no neighbours to stand close to: its spacing says how wide it is, no more.
        low, high = (0.3 if count > 1 else 0.08) * span / count, min(1.3 * span / count, span)
    octaves = max(int(np.ceil(np.log2(high / low))), 1)
    edges = np.geomspace(max(low, 4.0), high, octaves + 1)
    return edges, np.geomspace(edges[:-1], edges[1:], SPACINGS, axis=1)


def _best_sighting(cells: Cells, count: int | None, blank: Collection[int], *, rimmed: bool = False) -> _Sighting:
    """Search all spacings, octave by octave.

    What is taken off as membrane before looking must be wider than a lane and is better not much wider. Lanes that are
    `rimmed` may shine at their edges only.
    """
    rows, span = cells.values.shape
    edges, pitches = _spacings(span, count)
    clean = _clean(cells)
    looks = []
    for widest in edges[1:].tolist():
        fewer = span // max(int(widest / DENSEST), 1)
        thin = THIN if rimmed else SPECK
        values = opened(resized(clean.values, rows, fewer), thin * widest * fewer / span)
        looks.append((values, resized(clean.usable, rows, fewer), fewer / span))
    evidence = []
    for (values, usable, scale), widest in zip(looks, edges[1:].tolist(), strict=True):
        seen = lane_heights(values, usable, widest * scale, clean.floor)
        evidence.append(resized(np.log1p(seen.heights / seen.against), rows, span))
    steepest = np.tan(np.deg2rad(MAX_TILT)) * rows * cells.size[0] / cells.size[1]
    leans = sharpest_sums(np.array(evidence), edges[:-1], steepest)[1]
    scores = []
    for (values, usable, scale), tried, lean in zip(looks, pitches, leans.tolist(), strict=True):
        risen = contrasts(values, usable, tried * scale, lean * scale, clean.floor, rimmed=rimmed)
        if count is not None:  # else bands' own edges, and whatever has some, would be lanes
            fine = resized(clean.values, rows, values.shape[1])
            lines = line_scores(fine, tried * scale, lean * scale, clean.floor)
            risen = [one + LINES * other for one, other in zip(risen, lines, strict=True)]
        scores.append(risen)
    comb = best_comb(scores, pitches, count, blank)
    return _Sighting(comb, float(leans[comb.profile]) / rows)


def _second_look(
    blot: Blot, cells: Cells, membrane: MembraneArea, first: _Sighting, count: int | None, blank: Collection[int]
) -> tuple[Cells, _Sighting]:
    """The cells and the row of lanes of a closer look, where it shows them better than the first one.

    Bands that are a small part of a tall picture are lower than a cell of it; lanes that shine at both their edges and
    are dull in their middle look like two lanes each, or none.
    """
    across = np.quantile(cells.values, BRIGHT, axis=1) - np.quantile(cells.values, DULL, axis=1)
    shown = np.flatnonzero(across > SHOWN * across.max())
    if not len(shown):
        return cells, first
    top, bottom = int(shown[0]), int(shown[-1]) + 1
    near = cells
    if bottom - top < LOW_STRIP * len(cells.values):
        high, room = cells.size[0], max(int(MARGIN * (bottom - top)), 2)
        lines = max(top - room, 0) * high, min((bottom + room) * high, cells.window.height)
        window = replace(cells.window, top=cells.window.top + lines[0], bottom=cells.window.top + lines[1])
        rows = COARSE[0] if count is None else COUNTED_ROWS
        side = cell_side(blot, window.height / rows + 0.5 * blot.tile)
        near = make_cells(blot, window, (side, cells.size[1]), membrane.inside)
        if not near.mask.any():
            return cells, first  # no cell of it lies on the membrane with all its pixels
    second = _best_sighting(near, count, blank, rimmed=True)
    if second.comb.score <= BETTER * max(first.comb.score, 0.0):
        return cells, first
    same = _same_lanes(first.comb, second.comb)
    if same and count is None:
        # The same edges: what lies between them is seen better from near.
        same = len(join_halves(_clean(near).values, second.comb.centres, second.slope)) == len(second.comb.centres)
    if same:
        return cells, replace(first, comb=replace(first.comb, score=second.comb.score))
    return near, second


def _same_lanes(one: LaneRow, other: LaneRow) -> bool:
    """Whether two looks show the same lanes: refinement makes the most of either."""
    if len(one.centres) != len(other.centres):
        return False
    return bool(np.abs(one.centres - other.centres).max(initial=0.0) < SAME * one.pitch)


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


def _apart(lanes: Lanes, start: Lanes) -> Lanes:
    """Lanes that were drawn on top of their neighbours back where they were first seen.

    Bands that slant or are faint in a low strip say little of where their lane is, and the strong one beside them much.
    """
    row = np.array([lanes.window.mid_row])
    x = np.ravel(lane_centres(lanes, row))
    if len(x) < FEWEST_APART:
        return lanes
    near = np.diff(x) < CLOSEST * np.median(np.diff(x))
    if not near.any():
        return lanes
    back = np.append(near, False) | np.append(False, near)
    widths = np.array([lane.width for lane in lanes])
    usual = float(np.median(widths[~back])) if not back.all() else float(np.median(widths))
    items = tuple(
        replace(first, width=usual) if moved else lane for lane, first, moved in zip(lanes, start, back, strict=True)
    )
    return replace(lanes, items=items)


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
    blot = without_ink(blot)
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
    if sighting.comb.score < POOR * max(len(sighting.comb.centres), 1):
        cells, sighting = _second_look(blot, cells, membrane, sighting, count, blank)
    if len(sighting.comb.centres) < (count or 2):
        return nothing
    if count is None:
        values = _clean(cells).values
        centres = join_halves(values, sighting.comb.centres, sighting.slope)
        centres = lanes_of_runs(runs_apart(values, sighting.slope), centres)
        if len(centres) < len(sighting.comb.centres):
            sighting = replace(sighting, comb=replace(sighting.comb, centres=centres))
    lanes = _straight_lanes(cells, membrane, sighting)
    fine = lane_cells(blot, lanes)
    start = lanes
    lanes, fit = refine_lanes(fine, start, blank=blank)
    lanes = _apart(lanes, start)
    if count is None:
        more = with_faint_ends(blot, lanes)
        if len(more) > len(lanes):
            lanes, fit = refine_lanes(fine, more)
    contrast = sighting.comb.score / len(sighting.comb.centres)
    if count is None and not are_lanes(fine, lanes, fit, lane_cells(blot, lanes, *SHARP), contrast):
        return nothing
    x = np.array([lane.centre(window.mid_row) for lane in lanes])
    return replace(lanes, pitch=float(np.median(np.diff(x))) if len(x) > 1 else lanes.pitch)
