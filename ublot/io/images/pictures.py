"""Several pictures on one: membranes, films or strips with labels on a page, each as a region.

A page is what has one level, white or black, and reaches the border. What stands on it is a picture where it fills its
frame to the corners; letters are too small for that, bands too round, and a plot is mostly page itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.io.images.colour import LARGEST
from ublot.model import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_pictures"]

LONG = 1000
"""Pixels along the longer side of what is looked at: a strip of a whole figure is still ten rows high."""

EVEN = 0.04
"""Of the range of levels: by so much a page may differ from its level, after lossy compression too."""

EXTREME = (0.05, 0.1)
"""Of the range, from either end, that the level of a page lies within; and that of a page inside of another's frame."""

PAGE = 0.08
"""Share of the picture below which there is no page but a margin."""

SIDES, AREA, WHOLE = (10, 0.012, 0.1), 0.004, 0.8
"""Least height in pixels and as a share, least width as a share; least and largest area as a share."""

FILM = 0.14
"""Least share of the width of a film that was cut by hand: lanes of a heavy smear have straight sides too."""

FILLED, ROUGH, CORNERS, EMPTY = 0.85, 0.8, 0.6, 0.85
"""Shares: of its frame that a picture fills, and a film that was cut by hand; of its corners that are no page; of its
inside that would make it a plot.

Set on 16 figures and scans from papers and databases: films are cut roughly and fill 0.8, bands have corners below
0.45, title boxes and diagrams are 0.88 and more of page.
"""


def find_pictures(levels: NDArray[Any]) -> tuple[Window, ...]:
    """Regions of pictures that stand on a page, from top to bottom and left to right.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
        As stored, or any monotone function of them.

    Returns
    -------
    tuple of Window
        Empty where there is no page, as on most blots; one where a blot stands on a page alone.
    """
    shrunk = max(max(levels.shape) / LONG, 1.0)
    rows, cols = (round(side / shrunk) for side in levels.shape)
    if min(rows, cols) < 24 or not _are_levels(levels) or not _may_have_page(levels):
        return ()
    small = levels.astype(np.float32) if shrunk == 1.0 else _reduced(levels, rows, cols)
    low, high = np.quantile(small[::2, ::2], (0.002, 0.998))
    if not high > low:
        return ()
    shades = np.clip((small - low) / (high - low), 0, 1)
    page = _find_page(shades)
    if page.mean() < PAGE:
        return ()
    white = bool(np.median(shades[page]) > 0.5)
    found = []
    _, labels, boxes, _ = cv2.connectedComponentsWithStats((~page).astype(np.uint8), connectivity=4)
    for number, (left, top, width, height, _) in enumerate(boxes[1:].tolist(), 1):
        area = width * height / (rows * cols)
        # A lane of a heavy smear may look like a picture, but for being so narrow.
        if width < max(SIDES[2] * cols, height / 3) or height < max(SIDES[0], SIDES[1] * rows):
            continue
        if not AREA < area < WHOLE:
            continue
        box = (slice(top, top + height), slice(left, left + width))
        blank, film = _like_page(shades[box], page[box], shades[page]), white and width > FILM * cols
        if _is_picture(labels[box] == number, blank, film):
            edges = (round(edge * shrunk) for edge in (top, top + height, left, left + width))
            found.append(Window(*edges))
    return tuple(sorted(found, key=lambda w: (w.top, w.left)))


def _are_levels(levels: NDArray[Any]) -> bool:
    """Whether all values can be levels; reading refuses or replaces those that cannot, and says so."""
    return levels.dtype.kind in "biu" or bool(-LARGEST <= float(levels.min()) <= float(levels.max()) <= LARGEST)


def _may_have_page(levels: NDArray[Any]) -> bool:
    """Whether a quarter of the border is nearly white or black: a cheap look that most blots do not pass.

    The dark around a membrane under a camera is no page: it has more than 8 bits, and `find_membrane` knows it.
    """
    some = levels[:: max(len(levels) // 100, 1), :: max(levels.shape[1] // 100, 1)]
    low, high = (float(v) for v in np.quantile(some, (0.002, 0.998)))
    border = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]]).astype(np.float32)
    shades = (border - low) / max(high - low, 1e-9)
    light, dark = np.mean(shades > 1 - EXTREME[1]), np.mean(shades < EXTREME[1])
    return bool(max(light, dark if levels.dtype == np.uint8 else 0.0) > 0.25)


def _reduced(levels: NDArray[Any], rows: int, cols: int) -> NDArray[np.float32]:
    if levels.dtype.type not in (np.uint8, np.uint16, np.int16, np.float32):
        levels = levels.astype(np.float32)
    return np.asarray(cv2.resize(levels, (cols, rows), interpolation=cv2.INTER_AREA), np.float32)


def _find_page(shades: NDArray[np.float32]) -> NDArray[np.bool_]:
    """White or black of one level that reaches the border, and a page inside of that."""
    page, outside = np.zeros(shades.shape, bool), np.ones(shades.shape, bool)
    outside[1:-1, 1:-1] = False
    for extreme in EXTREME:
        border = shades[outside & ~page]
        counts, edges = np.histogram(border, 25, (0, 1))
        for k in np.flatnonzero(counts > 0.25 * max(border.size, 1)).tolist():
            level = float(np.median(border[(border >= edges[k]) & (border <= edges[k + 1])]))
            if extreme < level < 1 - extreme:
                continue
            same = (np.abs(shades - level) < EVEN).astype(np.uint8)
            _, labels = cv2.connectedComponents(same, connectivity=4)
            page |= np.isin(labels, np.setdiff1d(labels[outside & (same > 0)], [0]))
        outside |= cv2.dilate(page.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return page


def _like_page(box: NDArray[np.float32], page: NDArray[np.bool_], levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(page | (np.abs(box - np.median(levels)) < EVEN))


def _is_picture(own: NDArray[np.bool_], blank: NDArray[np.bool_], film: bool) -> bool:
    rows, cols = own.shape
    # What is page inside of it belongs to it: a strip with a frame may be white within.
    flooded = cv2.copyMakeBorder(own.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(flooded, None, (0, 0), 2)
    whole = flooded[1:-1, 1:-1] != 2
    high, wide = max(2, round(0.1 * rows)), max(2, round(0.1 * cols))
    corners = [whole[r, c].mean() for r in (slice(high), slice(-high, None)) for c in (slice(wide), slice(-wide, None))]
    inside = blank[rows // 12 : rows - rows // 12, cols // 24 : cols - cols // 24]
    # A film that was cut by hand lacks corners, and is higher than a band.
    rough = film and cols < 1.2 * rows and whole.mean() > ROUGH
    square = np.mean(corners) > CORNERS and whole.mean() > FILLED
    return bool((square or rough) and inside.mean() < EMPTY)
