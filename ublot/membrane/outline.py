"""Where the membrane is: it often fills only part of the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.membrane.cells import cell_side, make_cells
from ublot.model import Blot, Window
from ublot.numerics.medians import median, quantile
from ublot.numerics.remembering import remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LONG_SIDE", "MembraneArea", "cells_in_order", "find_membrane", "membrane_strips"]

LONG_SIDE = 240  # cells along the longer side of the reduced picture
# Share of the step that a membrane's outline climbs within four cells, in its 10th, 25th and 50th percentile. Lanes and
# shading have outlines that are sharp in places and level in others.
SHARP = (0.1, 0.2, 0.35)
# The share of its own height above the dark that a membrane falls by within four cells at nine tenths of its outline,
# where the outline was drawn lower than a share LOW of the membrane's height.
STEEP, LOW = 0.7, 0.3
# The darkest parts of a membrane stand above what lies beside it by this share of the step at least. Where hazed lanes
# have been taken for a membrane, these parts are gutters, and what lies beside is the same.
DARKEST = 0.02
FILLED, FILLED_LIKE_LANES = 0.2, 0.3
# Share of the cells between two thresholds below which they count as one.
ALIKE = 0.005
# A ring of cells glows when it is brighter than the next one inwards by this share of the membrane's level, by its
# lower values: those between lanes. So many rings may.
RIM, RIM_RANK, RIM_CELLS = 0.01, 0.3, 8
# Cells down and across from which on something beside a membrane is no letter, pen stroke or scratch.
LETTER = (3, 9)
# px: no membrane that has edges in the picture is lower, but rows of bands are.
LOWEST = 24
# Of its convex hull that a membrane fills: they are cut straight. Those of real blots fill 0.95 and more, the glow of
# lanes on a membrane whose own edges are too faint 0.89.
CONVEX = 0.92
# Height over width of all strips together, below which strips side by side are a row of bands: rows of 6 and 9 bands of
# overexposed films stood at 0.07 and 0.1; a strip of membrane is cut as wide as its lanes are and higher than a band.
LOW_ROW = 0.15
# Quantile of a membrane that is membrane and no band, however many bands there are.
LOWER = 0.25
# Share of the variance within a tall membrane that is across it. A single lane varies along itself only.
ACROSS, SLENDER = 0.3, 0.8


@dataclass(frozen=True, eq=False)
class MembraneArea:
    """The part of a picture that is membrane.

    Attributes
    ----------
    window : Window
        The rectangle to look for lanes in.
    inside : ndarray of bool, shape (rows, cols) of the whole image, or None
        Pixels that are membrane; None where all of `window` is.
    flags : tuple of str
    strips : tuple of Window
        All membranes in the picture, from top to bottom and left to right, where there are several.
    """

    window: Window
    inside: NDArray[np.bool_] | None = None
    flags: tuple[str, ...] = ()
    strips: tuple[Window, ...] = ()


def _otsu(ordered: NDArray[np.float32]) -> float:
    """Threshold between two classes (Otsu 1979) of values in order."""
    low, high = float(ordered[0]), float(ordered[-1])
    if not high > low:
        return low
    # In float64: bins may be finer than the distance of neighbouring levels.
    edges = low + np.arange(129) * ((high - low) / 128)
    below = np.searchsorted(ordered, edges[1:-1].astype(np.float32)).astype(float)
    above = len(ordered) - below
    ends = np.concatenate([[0.0], below, [len(ordered)]])
    sums = np.cumsum((ends[1:] - ends[:-1]) * 0.5 * (edges[1:] + edges[:-1]))
    between = below * above * (sums[:-1] / np.maximum(below, 1) - (sums[-1] - sums[:-1]) / np.maximum(above, 1)) ** 2
    # Between two tight classes the criterion is a plateau: its middle lies furthest from both.
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return float(edges[1:-1][best].mean())


def _sharpness(small: NDArray[np.float32], part: NDArray[np.bool_], step: float) -> float:
    """How sharp the outline of `part` is all along, relative to `step`; above 1 it can be a membrane's."""
    climb = np.concatenate([np.abs(one - other) for one, other in _across_outline(small, part)]) / step
    return float((np.quantile(climb, (0.1, 0.25, 0.5)) / SHARP).min()) if len(climb) else 0.0


def _steepness(small: NDArray[np.float32], part: NDArray[np.bool_], dark: float) -> float:
    """The same relative to what stands above `dark` at each place: shading does not matter to it, but glow does."""
    pairs = _across_outline(small, part)
    climb = np.concatenate([np.abs(a - b) / (np.maximum(a, b) - dark + 1e-12) for a, b in pairs])
    return float(np.quantile(climb, 0.1) / STEEP) if len(climb) else 0.0


def _across_outline(
    small: NDArray[np.float32], part: NDArray[np.bool_]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Values two cells to either side of the outline of `part`, down and across."""
    pairs = []
    for axis in (0, 1):
        values, inside = np.moveaxis(small, axis, 0), np.moveaxis(part, axis, 0)
        crossing = inside[3:-2] != inside[2:-3]
        pairs.append((values[5:][crossing], values[:-5][crossing]))
    return pairs


def _is_filled(small: NDArray[np.float32], part: NDArray[np.bool_], usable: NDArray[np.bool_]) -> bool:
    """Whether `part` is brighter than what lies beside it throughout, and not lanes with their gutters closed."""
    brush, solid = np.ones((9, 9), np.uint8), part.astype(np.uint8)
    beside = (cv2.dilate(solid, brush) > 0) & ~part & usable
    core = cv2.erode(solid, brush, borderType=cv2.BORDER_REPLICATE) > 0
    if not beside.any() or not core.any():
        return False
    outside = median(small[beside])
    inside = small[core]
    # From the top of the picture to its bottom: so do lanes.
    share = FILLED_LIKE_LANES if part[0].any() and part[-1].any() else FILLED
    least = outside + share * (median(inside) - outside)
    return bool(np.count_nonzero(inside < least) <= DARKEST * len(inside))


def _is_lane(small: NDArray[np.float32], part: NDArray[np.bool_]) -> bool:
    """Whether `part` is one lane: far taller than wide, and the same all across wherever one looks along it."""
    rows, cols = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if np.ptp(cols) >= SLENDER * np.ptp(rows):
        return False
    core = cv2.erode(part.astype(np.uint8), np.ones((9, 9), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    core &= core.sum(axis=1, keepdims=True) >= 3
    if not core.any():
        return True
    each = core.any(axis=1)
    across = np.nanvar(np.where(core, small, np.nan)[each], axis=1).mean()
    return bool(across < ACROSS * small[core].var())


@remembered(1)
def find_membrane(blot: Blot) -> MembraneArea:
    """Find the membrane within the region of interest, or in the whole picture.

    The picture outside a membrane (camera black, paper, the corners left by a rotation) is darker in signal and the
    change is a sharp, long edge; a membrane's own shading is not. Where no such edge is found, all of it is membrane.

    Parameters
    ----------
    blot : Blot

    Returns
    -------
    MembraneArea
        Where several strips lie in one picture the largest is taken and ``several_membranes`` is flagged: choose one
        with a region of interest.
    """
    window = blot.window
    if blot.roi is not None:
        return _region(blot)
    scale = cell_side(blot, max(window.height, window.width) / LONG_SIDE + 0.5 * blot.tile)
    if min(window.height, window.width) < 12 * scale:
        return MembraneArea(window)
    cells = make_cells(blot, window, (scale, scale))
    small, usable = cells.values, cells.mask
    whole = MembraneArea(window) if usable.all() else _from_mask(window, usable, scale, blot.shape)
    sharpness, strips = membrane_strips(small, usable)
    if sharpness <= 1:
        return whole
    inside = _without_rim(small, strips[0])
    flags = ("several_membranes",) if len(strips) > 1 else ()
    if _leaves_bands(small, inside, np.logical_or.reduce(strips), usable) or _are_bands_in_a_row(strips):
        return whole
    if not _is_cut_straight(inside):
        # It follows the glow of lanes and cuts through the outer ones: what lies about them is membrane as well.
        across, down = (np.flatnonzero(inside.any(axis=axis)) for axis in (0, 1))
        inside[down[0] : down[-1] + 1, across[0] : across[-1] + 1] = True
    found = _from_mask(window, inside & usable, scale, blot.shape, flags)
    if found.window.height < LOWEST:
        return whole
    if len(strips) < 2:
        return found
    windows = (_from_mask(window, strip & usable, scale, blot.shape).window for strip in strips)
    return replace(found, strips=tuple(sorted(windows, key=lambda w: (w.top, w.left))))


def _region(blot: Blot) -> MembraneArea:
    """The region that a person chose, all of it: only what is no picture (corners left by a rotation) is left out."""
    window = blot.window
    if blot.valid is None or blot.valid[window.slices].all():
        return MembraneArea(window)
    inside = np.zeros(blot.shape, bool)
    inside[window.slices] = blot.valid[window.slices]
    return MembraneArea(window, inside)


def _leaves_bands(
    small: NDArray[np.float32], inside: NDArray[np.bool_], strips: NDArray[np.bool_], usable: NDArray[np.bool_]
) -> bool:
    """Whether something brighter than the membrane, and larger than a letter, lies outside of all strips.

    Then it is no membrane: a row of bands that run into each other was taken for one, and bands were left out.
    """
    level = quantile(small[inside], LOWER)
    solid = cv2.morphologyEx((small > level).astype(np.uint8), cv2.MORPH_OPEN, np.ones(LETTER, np.uint8)) > 0
    near = cv2.dilate(strips.astype(np.uint8), np.ones((2 * RIM_CELLS + 5,) * 2, np.uint8)) > 0
    return bool((solid & usable & ~near).any())


def _are_bands_in_a_row(strips: list[NDArray[np.bool_]]) -> bool:
    """Whether several strips lie side by side and are together far lower than wide: bands that run into each other."""
    if len(strips) < 2:
        return False
    rows = [np.flatnonzero(strip.any(axis=1)) for strip in strips]
    together = np.flatnonzero(np.logical_or.reduce(strips).any(axis=0))
    shared = min(r[-1] for r in rows) - max(r[0] for r in rows) + 1
    highest = max(len(r) for r in rows)
    return bool(shared > 0.5 * highest and highest < LOW_ROW * (np.ptp(together) + 1))


def _is_cut_straight(inside: NDArray[np.bool_]) -> bool:
    """Whether an outline bends inwards no more than that of a membrane does."""
    solid = inside.astype(np.uint8)
    outlines = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    hull = cv2.fillConvexPoly(np.zeros_like(solid), cv2.convexHull(np.concatenate(outlines)), 1)
    return cv2.countNonZero(solid) >= CONVEX * cv2.countNonZero(hull)


def _without_rim(small: NDArray[np.float32], strip: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A membrane without its outermost cells, nor those that glow: cut edges hold more of everything."""
    level = median(small[strip]) - quantile(small, 0.02)

    def ring(part: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], float]:
        inner = cv2.erode(part.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
        outline = part & ~inner
        return inner, float(np.quantile(small[outline], RIM_RANK)) if outline.any() else np.nan

    inside, _ = ring(strip)
    for _ in range(RIM_CELLS):
        inner, brightness = ring(inside)
        if not brightness - ring(inner)[1] > RIM * level:
            break
        inside = inner
    return inside


def cells_in_order(small: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The usable cells of a small picture without specks, from dark to bright."""
    return np.sort(np.asarray(cv2.medianBlur(small, 3), np.float32)[usable])


def membrane_strips(
    small: NDArray[np.float32], usable: NDArray[np.bool_], ordered: NDArray[np.float32] | None = None
) -> tuple[float, list[NDArray[np.bool_]]]:
    """Strips of membrane in a small picture, and how sharp the largest one's outline is.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, cols)
        About `LONG_SIDE` cells along its longer side, brighter where there is membrane.
    usable : ndarray of bool, shape (rows, cols)
    ordered : ndarray, optional
        `cells_in_order`, where it is known.

    Returns
    -------
    sharpness : float
        Above 1 where there is a membrane with edges in the picture, else 0.
    strips : list of ndarray of bool
        The largest first.
    """
    smooth = np.asarray(cv2.medianBlur(small, 3), np.float32)
    ordered = cells_in_order(small, usable) if ordered is None else ordered
    top = ordered[int(0.8 * len(ordered))]
    clipped, ordered = np.minimum(smooth, top), np.minimum(ordered, top)
    # Shading widens the membrane's class and drags the threshold up into it: lower ones are tried as well.
    dark, otsu = float(ordered[int(0.02 * len(ordered))]), _otsu(ordered)
    best: tuple[float, list[NDArray[np.bool_]]] = 0.0, []
    tried = len(ordered)
    for share in (1.0, 0.75, 0.5, 0.25):
        threshold = dark + share * (otsu - dark)
        below = int(np.searchsorted(ordered, np.float32(threshold), "right"))
        # Where hardly a cell lies between two thresholds, they show the same.
        if 0 < below < tried - ALIKE * len(ordered):
            best = max(best, _strips(small, clipped, usable, ordered, threshold, dark), key=lambda look: look[0])
            tried = below
    return best


def _strips(
    small: NDArray[np.float32],
    clipped: NDArray[np.float32],
    usable: NDArray[np.bool_],
    ordered: NDArray[np.float32],
    threshold: float,
    dark: float,
) -> tuple[float, list[NDArray[np.bool_]]]:
    """MembraneArea strips above a threshold, the largest first, and the sharpness of its outline (0 without any)."""
    parts = [p for p in _boxes((clipped > threshold) & usable) if _is_filled(clipped, p, usable)]
    parts = [p for p in parts if not _is_lane(small, p)]
    if not parts:
        return 0.0, []
    # Medians of what is above the threshold and of what is not.
    count = int(np.searchsorted(ordered, np.float32(threshold), "right"))
    level = float(ordered[(count + len(ordered)) // 2])
    step = level - float(ordered[count // 2]) + 1e-12
    # Low in the picture's range almost anything has an outline: there it must fall to the dark all along.
    low = threshold < dark + LOW * (level - dark)
    sharp = [(s, p) for p in parts if (s := _steepness(clipped, p, dark) if low else _sharpness(clipped, p, step)) > 1]
    return (sharp[0][0], [p for _, p in sharp]) if sharp else (0.0, [])


def _boxes(high: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Bright components that are shaped like a membrane and not like a lane or a band, the largest first."""
    if high[0].all() and high[-1].all() and high[:, 0].all() and high[:, -1].all():
        return []  # there is nothing beside it
    solid, found = _solid(high), []
    for outline in cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        _, _, wide, tall = cv2.boundingRect(outline)
        if wide >= 0.25 * solid.shape[1] and wide * tall >= 0.06 * solid.size:
            part = cv2.drawContours(np.zeros_like(solid), [outline], -1, 1, cv2.FILLED)
            area = cv2.countNonZero(part)
            if max(0.06 * solid.size, 0.7 * wide * tall) <= area < solid.size:
                found.append((area, part.astype(bool)))
    return [part for _, part in sorted(found, key=lambda each: -each[0])]


def _solid(high: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Close gaps and holes and drop what is thin."""
    brush, pad = np.ones((7, 7), np.uint8), 4
    # The border is continued outwards, so that neither a membrane that leaves the picture nor a dark rim is altered.
    solid = cv2.copyMakeBorder(high.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, brush)
    outlines = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    cv2.drawContours(solid, outlines, -1, 1, cv2.FILLED)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, brush)[pad:-pad, pad:-pad]
    return np.ascontiguousarray(solid, np.uint8)


def _from_mask(
    window: Window,
    inside: NDArray[np.bool_],
    scale: int,
    shape: tuple[int, int],
    flags: tuple[str, ...] = (),
) -> MembraneArea:
    """Window and pixel mask from a mask of cells of `scale` pixels."""
    rows = np.flatnonzero(inside.sum(axis=1) >= 0.5 * inside.sum(axis=1).max())
    cols = np.flatnonzero(inside.any(axis=0))
    if len(rows) < 4 or len(cols) < 4:
        return MembraneArea(window)
    # The last cell also stands for the rows and columns that do not fill one.
    bottom = window.bottom if rows[-1] == len(inside) - 1 else window.top + (rows[-1] + 1) * scale
    right = window.right if cols[-1] == inside.shape[1] - 1 else window.left + (cols[-1] + 1) * scale
    found = Window(window.top + int(rows[0]) * scale, int(bottom), window.left + int(cols[0]) * scale, int(right))
    if inside[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1].all():
        return MembraneArea(found, None, flags)
    mask = np.zeros(shape, bool)
    size = (window.width, window.height)
    mask[window.slices] = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return MembraneArea(found, mask, flags)
