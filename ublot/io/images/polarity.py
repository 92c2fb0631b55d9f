"""Which end of the levels is protein, decided from the pixels alone.

A band is a compact vertical excursion from what lies above and below it. On a sketch of the picture each column is
compared with its own running median, which follows membrane edges, page borders and illumination but not bands; the
sign of the cubed excursions, summed, is the polarity. Two scales serve thin rungs and tight crops alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ublot.membrane.outline import LONG_SIDE, membrane_strips
from ublot.numerics.medians import median_of_nine

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Decision", "Polarity", "Sketch", "decide_polarity", "sketch"]

Polarity = Literal["dark-on-light", "light-on-dark"]

ROWS, COLS = 160, 64
"""Of the sketch: enough for a band of 1 % of the height, few enough columns that dust averages out."""

REACH = 17
"""Sketch rows of the running median, of which every second is taken: bands up to half of it stand out whole."""

COARSER = 4
"""Factor between the two scales. A third, coarser one was tried: it mistakes uneven membranes for bands."""

SURE = 0.3
"""Of 1: below, the two signs nearly balance and the polarity is an assumption. Pure noise stays below 0.15."""

CV2_TYPES = (np.uint8, np.uint16, np.int16, np.float32)


@dataclass(frozen=True)
class Decision:
    """What was decided, whether the evidence carries it, and why, in words for a person."""

    value: str
    sure: bool
    why: str


@dataclass(frozen=True, eq=False)
class Sketch:
    """The picture at a fraction of its size.

    Attributes
    ----------
    levels : ndarray of float32, shape (<= ROWS, <= COLS)
        Area means; in areas without picture the nearest level of the same column.
    fill : ndarray of bool, same shape
        Areas of one single level that stand apart: corners of a rotation, a page around a membrane.
    fill_at : mapping
        The part of `fill` that has a level, by that level.
    """

    levels: NDArray[np.float32]
    fill: NDArray[np.bool_]
    fill_at: Mapping[float, NDArray[np.bool_]]


def sketch(levels: NDArray[Any]) -> Sketch:
    """Reduce `levels` (rows, cols) by area means and find what is no picture."""
    rows, cols = levels.shape
    scale = max(1, round(max(rows, cols) / LONG_SIDE))
    size, cells = (min(rows, ROWS), min(cols, COLS)), (max(rows // scale, 1), max(cols // scale, 1))
    some = _halved(levels, max(size[0], cells[0]), max(size[1], cells[1]))
    small = _resized(some, size)
    fill, fill_at = _find_fill(small)
    beside = _beside_membrane(_resized(some, cells), fill)
    return Sketch(_extend(small, fill | beside), fill | beside, fill_at)


def _halved(levels: NDArray[Any], rows: int, cols: int) -> NDArray[Any]:
    """Means of 2 x 2 levels, as often as that leaves `rows` and `cols`: no other reduction is nearly as fast."""
    if levels.dtype.type not in CV2_TYPES:
        # A conversion of all of it would take more memory than the picture.
        levels = levels[:: max(1, len(levels) // (2 * rows))].astype(np.float32)
    eight_bit = levels.dtype == np.uint8
    # Of 8 bits, means of few levels would look flat, and so would all that were rounded to whole levels too often.
    if len(levels) >= 4 * rows and not eight_bit:
        levels = levels[::2]
    rounded = 0
    while levels.shape[0] >= 2 * rows and levels.shape[1] >= 2 * cols:
        high, wide = levels.shape[0] // 2, levels.shape[1] // 2
        levels = cv2.resize(levels[: 2 * high, : 2 * wide], (wide, high), interpolation=cv2.INTER_AREA)
        rounded += 1
        if rounded == (1 if eight_bit else 2):
            levels = levels.astype(np.float32)
    return levels


def _resized(levels: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(levels, size[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _beside_membrane(cells: NDArray[np.float32], fill: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What lies beside a membrane that ends inside the picture, be it darker or brighter than the membrane.

    Its edges would stand out more than any band. The picture is given in cells as `membrane_strips` takes them; the
    answer has the shape of `fill`.
    """
    nothing = np.zeros(fill.shape, bool)
    if min(cells.shape) < 12:
        return nothing
    usable = cv2.resize(fill.astype(np.uint8), cells.shape[::-1], interpolation=cv2.INTER_NEAREST) == 0
    if usable.mean() < 0.1:
        return nothing
    sharpness, strips = max((membrane_strips(sign * cells, usable) for sign in (1, -1)), key=lambda look: look[0])
    if sharpness <= 1:
        return nothing
    inside = cv2.erode(np.any(strips, axis=0).astype(np.uint8), np.ones((7, 7), np.uint8))
    return np.asarray(cv2.resize(inside, fill.shape[::-1], interpolation=cv2.INTER_NEAREST) == 0)


def _find_fill(small: NDArray[np.float32]) -> tuple[NDArray[np.bool_], dict[float, NDArray[np.bool_]]]:
    """Connected areas of one level around a flat block of 1/16 of the picture's sides.

    Noise makes that impossible inside a picture, and what is clipped between bands is narrower than the block. It must
    reach the border of the picture: the blackened top of a saturated lane does not.
    """
    rows, cols = small.shape
    near = np.ones((3, 3), np.uint8)
    # Area means of one level differ in their last bits.
    unit = 1e-5 * float(np.abs(small).max())
    flat = np.asarray(cv2.dilate(small, near) - cv2.erode(small, near) <= unit, np.uint8)
    fill, found = np.zeros((rows, cols), bool), dict[float, NDArray[np.bool_]]()
    block = np.ones((max(3, rows // 16), max(3, cols // 16)), np.uint8)
    margin = max(block.shape)
    wide = cv2.copyMakeBorder(flat, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    core = cv2.morphologyEx(wide, cv2.MORPH_OPEN, block)[margin:-margin, margin:-margin].astype(bool)
    if not core.any():
        return fill, {}
    values, counts = np.unique(np.rint(small[core] / unit) * unit, return_counts=True)
    outside = np.ones((rows, cols), bool)
    outside[1:-1, 1:-1] = False
    # Twice: a page inside a frame touches the frame, not the picture's border.
    for value in 2 * values[np.argsort(-counts)[:4]].tolist():
        same = np.abs(small - value) <= 1.5 * unit
        _, labels = cv2.connectedComponents(same.astype(np.uint8))
        touching = np.intersect1d(labels[core & same], labels[outside & same])
        if touching.size:
            area = np.isin(labels, touching).astype(np.uint8)
            found[value] = np.asarray(cv2.dilate(area, np.ones((5, 5), np.uint8)), bool)
            fill |= found[value]
            outside |= fill
    return (fill, found) if fill.mean() <= 0.9 else (np.zeros((rows, cols), bool), {})


def _extend(small: NDArray[np.float32], fill: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Give filled pixels the nearest level of their column, so that their border is no excursion."""
    if not fill.any():
        return small
    rows = len(small)
    r = np.arange(rows)[:, None]
    above = np.maximum.accumulate(np.where(fill, -rows, r), axis=0)
    below = np.minimum.accumulate(np.where(fill, 3 * rows, r)[::-1], axis=0)[::-1]
    source = np.where(r - above <= below - r, above, below)
    # A column without any picture is constant whatever it is given.
    source = np.where((source < 0) | (source >= rows), 0, source)
    return np.take_along_axis(small, source, axis=0)


def _excursion(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    pad = REACH // 2
    padded = np.pad(levels, ((pad, pad), (0, 0)), mode="reflect" if pad < len(levels) else "edge")
    return np.asarray(levels - median_of_nine([padded[k : k + len(levels)] for k in range(0, REACH, 2)]))


def asymmetry(picture: Sketch) -> float:
    """Balance of bright (+1) against dark (-1) excursions."""
    scales = [(picture.levels, picture.fill)]
    size = (picture.levels.shape[1], len(picture.levels) // COARSER)
    if size[1] >= 3:
        coarse = cv2.resize(picture.levels, size, interpolation=cv2.INTER_AREA)
        filled = cv2.resize(picture.fill.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        scales.append((np.asarray(coarse, np.float32), np.asarray(filled, bool)))
    signed = total = 0.0
    strongest = float(np.ptp(picture.levels)) or 1.0
    for levels, fill in scales:
        # Scaled first: cubes of 16-bit levels are beyond what float32 sums exactly.
        e = np.where(fill, np.float32(0), _excursion(levels) / np.float32(strongest))
        cubed = e * e * e
        signed += float(cubed.sum(dtype=np.float64))
        total += float(np.abs(cubed).sum(dtype=np.float64))
    return signed / total if total else 0.0


def decide_polarity(picture: Sketch) -> Decision:
    """Polarity of the picture; never from a tag, since imagers set *MinIsWhite* on files with bright bands."""
    score = asymmetry(picture)
    value: Polarity = "light-on-dark" if score >= 0 else "dark-on-light"
    side = "brighter" if score >= 0 else "darker"
    return Decision(
        value,
        abs(score) >= SURE,
        f"what stands out along the lanes is {side} than its surroundings (balance {score:+.2f} of 1)",
    )
