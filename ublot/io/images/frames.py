"""Strips in drawn frames, told from the thin lines about each of them.

So they are found where their inside is as clear as the page, and where labels and neighbours touch them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.model import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_framed"]

LINE, AWAY = 0.06, 3
"""Of the range: how much darker a line is than what stands `AWAY` pixels to either side of it. Frames in light grey
about strips as clear as the page differ by 0.15; the edge of a membrane goes one way only."""

LONG, KEPT = 0.06, 0.9
"""Of the picture's width: how far a line goes at least, and the share of it that is seen: bands touch it."""

EVEN = 0.12
"""Of the range: standard deviation along a line; a row of bands with gaps has twice as much."""

TOUCHING = 12
"""Pixels of a line that a tick, a letter or the head of an arrow beside it may hide, on either side of its middle."""

SIDES = (0.008, 0.1)
"""Least height of a strip, of the picture's height, and width, of its width; neither below `LOWEST` pixels."""

LOWEST = 12
SQUARE, ALONG = 0.6, 0.85
"""Share of its frame that the inside of a rectangle fills, bands that look like lines taken off, and of each of its
sides that it reaches."""

STRONG, BAND, FLATTER = 0.12, (3, 11), 1.2
"""Of the range: what stands out within a strip; rows and columns that a band fills and a letter does not; how many
times wider than high the largest are. Bars of a diagram in a box are higher than wide."""

MOST_STRONG = 0.6
"""Share of a cell that stands out in one that is a strip."""


def find_framed(shades: NDArray[np.float32]) -> list[Window]:
    """Insides of rectangular frames that hold bands.

    Parameters
    ----------
    shades : ndarray of float32, shape (rows, cols)
        Levels from 0 to 1, of a picture on a light page at its own size.

    Returns
    -------
    list of Window
        From top to bottom and left to right.
    """
    rows, cols = shades.shape
    across, down = _lines(shades, 0, cols), _lines(shades, 1, cols)
    if not (across.any() and down.any()):
        return []
    walls = _joined(across, across | down, 0) | _joined(down, across | down, 1)
    # Corners where two lines end a pixel short of one another.
    walls = np.asarray(cv2.morphologyEx(walls, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(1 - walls, connectivity=4)
    high, wide = max(SIDES[0] * rows, LOWEST), max(SIDES[1] * cols, LOWEST)
    found = []
    for number, (left, top, width, height, area) in enumerate(boxes[1:].tolist(), 1):
        outside = left == 0 or top == 0 or left + width == cols or top + height == rows
        if outside or width < wide or height < high or area < SQUARE * width * height:
            continue
        box = (slice(top, top + height), slice(left, left + width))
        if _is_rectangle(labels[box] == number) and _has_bands(shades[box]):
            # Lines were widened by a pixel to either side.
            found.append(Window(top - 1, top + height + 1, left - 1, left + width + 1))
    return sorted(found, key=lambda w: (w.top, w.left))


def _lines(shades: NDArray[np.float32], axis: int, cols: int) -> NDArray[np.bool_]:
    """Pixels of straight lines along rows (0) or columns (1) that are darker than what lies to both sides of them."""
    seen = shades if axis == 0 else shades.T
    # The next frame may be so near that what lies between is as narrow as the line.
    lightest = cv2.dilate(np.ascontiguousarray(seen), np.ones((AWAY, 1), np.uint8))
    beside = cv2.copyMakeBorder(lightest, AWAY, AWAY, 0, 0, cv2.BORDER_REPLICATE)
    darker = np.minimum(beside[: -2 * AWAY], beside[2 * AWAY :]) - seen > LINE
    # A line that is drawn between two rows of pixels may change over from one to the other.
    thick = cv2.dilate(darker.astype(np.uint8), np.ones((3, 1), np.uint8))
    length = max(round(LONG * cols), 3 * LOWEST) if axis == 0 else LOWEST
    run = cv2.blur(thick.astype(np.float32), (length, 1), borderType=cv2.BORDER_CONSTANT) >= KEPT
    # What was drawn has one level; a row of bands has many, and gaps.
    seen = np.ascontiguousarray(seen)
    mean = cv2.blur(seen, (length, 1))
    run &= cv2.blur(seen * seen, (length, 1)) - mean * mean < EVEN**2
    # From its middle, where all of a run is seen, out to its ends.
    long = (cv2.dilate(run.astype(np.uint8), np.ones((1, length), np.uint8)) > 0) & (thick > 0)
    # A run of letters, and a band, is thicker than a line.
    heavy = cv2.morphologyEx(darker.astype(np.uint8), cv2.MORPH_OPEN, np.ones((AWAY + 2, 1), np.uint8))
    slim = long & (cv2.dilate(heavy, np.ones((3, 1), np.uint8)) == 0)
    return np.asarray(slim if axis == 0 else slim.T, bool)


def _joined(lines: NDArray[np.bool_], walls: NDArray[np.bool_], axis: int) -> NDArray[np.uint8]:
    """Lines along an axis carried on to the next wall where a tick, a letter or an arrow beside them hides a piece."""

    def along(length: int) -> NDArray[np.uint8]:
        return np.ones((1, length) if axis == 0 else (length, 1), np.uint8)

    filled = cv2.morphologyEx(walls.astype(np.uint8), cv2.MORPH_CLOSE, along(2 * TOUCHING + 1))
    near = cv2.dilate(lines.astype(np.uint8), along(4 * TOUCHING + 1))
    return np.asarray(lines | ((filled > 0) & (near > 0)), np.uint8)


def _is_rectangle(own: NDArray[np.bool_]) -> bool:
    """Whether a cell reaches all four sides of its frame along most of their length."""
    sides = own[:AWAY].any(axis=0), own[-AWAY:].any(axis=0), own[:, :AWAY].any(axis=1), own[:, -AWAY:].any(axis=1)
    return min(float(side.mean()) for side in sides) >= ALONG


def _has_bands(cell: NDArray[np.float32]) -> bool:
    rim = 2
    inner = cell[rim:-rim, rim:-rim]
    strong = (np.abs(inner - np.float32(np.median(inner))) > STRONG).astype(np.uint8)
    if strong.mean() > MOST_STRONG:
        return False
    bands = cv2.morphologyEx(strong, cv2.MORPH_OPEN, np.ones(BAND, np.uint8))
    boxes = cv2.connectedComponentsWithStats(bands, connectivity=8)[2][1:]
    if not len(boxes):
        return False
    largest = boxes[np.argsort(-boxes[:, cv2.CC_STAT_AREA])[:5]]
    return bool(np.median(largest[:, cv2.CC_STAT_WIDTH] / largest[:, cv2.CC_STAT_HEIGHT]) >= FLATTER)
