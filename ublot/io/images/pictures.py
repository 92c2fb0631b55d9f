"""Several pictures on one: membranes, films or strips with labels on a page, each as a region.

A page is what has one level, white or black, and reaches the border. What stands on it is a picture where it fills its
frame to the corners; letters are too small for that, bands too round, and a plot is mostly page itself. Beside a film
that stands out from the page others may be as clear as the page: what shows of them is bands and smears, far larger
than letters, close together. Where pictures stand one above the other, a bar of page or of the imager's bed from edge
to edge parts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.io.images.colour import LARGEST, is_photograph
from ublot.io.images.frames import find_framed
from ublot.model import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_pictures", "without_photographs"]

LONG, LONG_LINES = 1000, 2200
"""Pixels along the longer side of what is looked at: a strip of a whole figure is still ten rows high; and of what
lines of frames are looked for in, which must not fade."""

INSIDE = 0.5
"""Share of a picture that frames inside of it cover, from which on each of these is a picture. A box that was drawn
around some lanes of a membrane covers less."""

MOSTLY, OWN, LEFT, SOLID_STRIP = (0.2, 0.5), 0.9, 0.5, 0.97
"""Where labels that touch the edge of a strip are cut off: share of a row or column that it fills and ticks, or text,
do not; of what belongs to it, and of its frame, that stays; and of its frame that is filled without them. A word and a
row of bands that touch fill 0.9."""

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
0.45, diagrams are 0.88 and more of page.
"""

LETTERED, STRONG, INK, STROKE = 0.5, 0.3, 0.02, (3, 13)
"""Share of page from which on what stands in a frame must not be the letters of a title: how far from the page they
are, of the range, how much of the frame they cover at least, and rows and columns that a band fills and a stroke of a
letter does not."""

BLOCKS, REACH, RIM = 24, 0.08, 0.05
"""Blocks across that a bar between two pictures is seen in; share of the height that it takes up where it slants, and
of the width at either side that may be page beside a picture that stands askew."""

CLEAR = 0.1
"""Of the range: a picture lighter than that below the page has no bars that can be told from it."""

BED, THICK = 32, (3, 0.004)
"""Columns of the whole picture that a bar of the imager's bed is looked for in; its least height in pixels and as a
share."""

SOLID, NEAR, AS_LARGE = 0.012, 0.035, (0.5, 0.25)
"""Of the longer side: what is thinner is a letter or a pen stroke; how near bands of one film stand. Height and area of
a film that is as clear as the page, over those of a film that is not, at least."""

MARGIN, LOWER, STEP = (3, 0.02), 0.1, 0.1
"""How far a frame or paper reaches into a picture, in pixels and as a share; the quantile of a line of pixels that is
membrane and no band; of the range, by how much a frame is further from the page than membrane is, and paper nearer."""


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
    if min(rows, cols) < 24 or not _are_levels(levels):
        return ()
    if not _may_have_page(levels):
        return _parted_by_bed(levels)
    small = levels.astype(np.float32) if shrunk == 1.0 else _reduced(levels, rows, cols)
    low, high = np.quantile(small[::2, ::2], (0.002, 0.998))
    if not high > low:
        return ()
    shades = np.clip((small - low) / (high - low), 0, 1)
    page = _find_page(shades)
    if page.mean() < PAGE:
        return _parted_by_bed(levels)
    found = _on_page(shades, page)
    found += _clear_films(shades, page, found)
    scaled = [_scaled(w, shrunk) for w in found]
    if float(np.median(shades[page])) > 0.5:
        scaled = _with_framed(scaled, _framed(levels, low, high))
    if len(scaled) < 2:
        # Membranes nearly as pale as the page that they lie on are no page themselves.
        outer = _find_page(shades, EXTREME[:1])
        pale = _on_page(shades, outer) if PAGE <= outer.mean() < page.mean() else []
        scaled = [_scaled(w, shrunk) for w in pale] if len(pale) > 1 else scaled
    if not scaled:
        return _parted_by_bed(levels)
    return tuple(sorted(scaled, key=lambda w: (w.top, w.left)))


def without_photographs(pictures: tuple[Window, ...], colours: NDArray[np.uint8]) -> tuple[Window, ...]:
    """Pictures that may be blots: photographs in many colours beside them are none.

    Parameters
    ----------
    pictures : tuple of Window
    colours : ndarray of uint8, shape (rows, cols, 3)
        The whole picture.

    Returns
    -------
    tuple of Window
        All of them where none is anything but a photograph.
    """
    left = tuple(w for w in pictures if not is_photograph(colours[w.slices]))
    return left or pictures


def _scaled(window: Window, by: float) -> Window:
    return Window(*(round(edge * by) for edge in (window.top, window.bottom, window.left, window.right)))


def _framed(levels: NDArray[Any], low: float, high: float) -> list[Window]:
    """Strips in frames of thin lines, in pixels of `levels`."""
    shrunk = max(max(levels.shape) / LONG_LINES, 1.0)
    rows, cols = (round(side / shrunk) for side in levels.shape)
    some = levels.astype(np.float32) if shrunk == 1.0 else _reduced(levels, rows, cols)
    return [_scaled(w, shrunk) for w in find_framed(np.clip((some - low) / np.float32(high - low), 0, 1))]


def _with_framed(found: list[Window], framed: list[Window]) -> list[Window]:
    """Pictures, and the strips in frames among them: those within one picture take its place where they fill it."""
    out, left = [], list(framed)
    for w in found:
        inside = [f for f in left if _overlap(w, f) > 0.5 * f.height * f.width]
        left = [f for f in left if f not in inside]
        covered = sum(_overlap(w, f) for f in inside)
        out += inside if covered > INSIDE * w.height * w.width else [w]
    # One frame alone is a box that somebody drew.
    return out + left if len(out) + len(left) > 1 else out


def _overlap(one: Window, other: Window) -> int:
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    wide = min(one.right, other.right) - max(one.left, other.left)
    return max(high, 0) * max(wide, 0)


def _on_page(shades: NDArray[np.float32], page: NDArray[np.bool_]) -> list[Window]:
    """Pictures that fill their frames, those that stand close one above the other told apart."""
    rows, cols = shades.shape
    level = float(np.median(shades[page]))
    found: list[Window] = []
    _, labels, boxes, _ = cv2.connectedComponentsWithStats((~page).astype(np.uint8), connectivity=4)
    for number, (left, top, width, height, own) in enumerate(boxes[1:].tolist(), 1):
        whole = (left, top, width, height)
        if not _is_large(whole, rows, cols):
            continue
        ticks, letters = (_without_labels(np.asarray(labels), number, whole, own, share) for share in MOSTLY)
        for left, top, width, height in (ticks, whole, letters):
            box = (slice(top, top + height), slice(left, left + width))
            blank, film = _like_page(shades[box], page[box], shades[page]), level > 0.5 and width > FILM * cols
            if _is_large((left, top, width, height), rows, cols) and _is_picture(labels[box] == number, blank, film):
                break
        else:
            continue
        area = width * height / (rows * cols)
        if _is_lettered(shades[box], blank, level):
            continue
        # Beyond the page, lighter than white, lies the bed of an imager: then the page is a membrane.
        beyond = float(np.median(shades[box])) - level
        if (beyond if level > 0.5 else -beyond) > EVEN:
            continue
        parts = _parted_by_page(shades[box], level)
        if len(parts) > 1 or area < WHOLE:
            found += [Window(top + one, top + other, left, left + width) for one, other in parts]
    found = [_without_frame(shades, w, level) for w in found]
    return [w for w in found if not any(_is_within(other, w) for other in found)]


def _is_within(one: Window, other: Window) -> bool:
    """Whether a picture is what another's frame holds."""
    inside = one.top >= other.top and one.bottom <= other.bottom and one.left >= other.left and one.right <= other.right
    return one != other and inside and one.height * one.width > FILLED * other.height * other.width


def _without_frame(shades: NDArray[np.float32], window: Window, level: float) -> Window:
    """A picture without the lines that are drawn about it, and without pixels that are half paper."""
    away = np.abs(shades[window.slices] - level)
    left, right = _inner(away.T)
    top, bottom = _inner(away[:, left:right])
    return Window(window.top + top, window.top + bottom, window.left + left, window.left + right)


def _inner(away: NDArray[np.float32]) -> tuple[int, int]:
    """First line of pixels of a picture that is no frame or paper, and the one after the last.

    `away` is its distance from the page. Frames and paper end within a pixel or two, from side to side.
    """
    lower = np.quantile(away, LOWER, axis=1)
    reach = max(MARGIN[0], round(MARGIN[1] * len(lower)))
    inside = lower[reach:-reach]
    if len(inside) < 2 * reach:
        return 0, len(lower)
    beyond = (lower > inside.max() + STEP) | (lower < inside.min() - STEP)
    ends = []
    for line, odd in ((lower, beyond), (lower[::-1], beyond[::-1])):
        steps = np.abs(line[:reach] - line[2 : reach + 2]) > STEP
        found = np.flatnonzero(odd[:reach] | steps)
        ends.append(int(found[-1]) + 1 if len(found) else 0)
    return ends[0], len(lower) - ends[1]


def _is_large(box: tuple[int, int, int, int], rows: int, cols: int) -> bool:
    """Whether left, top, width and height are those of a picture among `rows` and `cols`.

    A lane of a heavy smear may look like a picture, but for being so narrow.
    """
    _, _, width, height = box
    wide, high = max(SIDES[2] * cols, height / 3), max(SIDES[0], SIDES[1] * rows)
    return width >= wide and height >= high and width * height > AREA * rows * cols


def _without_labels(
    labels: NDArray[np.int32], number: int, box: tuple[int, int, int, int], area: int, share: float
) -> tuple[int, int, int, int]:
    """Left, top, width and height of the rows and columns of which one component fills a share.

    So ticks, letters and numbers that touch it are cut off.
    """
    left, top, width, height = box
    own = labels[top : top + height, left : left + width] == number
    whole = _flooded(own)
    down = np.flatnonzero(whole.mean(axis=1) > share)
    across = np.flatnonzero(whole.mean(axis=0) > share)
    if not (down.size and across.size):
        return box
    rows, cols = slice(int(down[0]), int(down[-1]) + 1), slice(int(across[0]), int(across[-1]) + 1)
    # A word, or a row of bands that touch, would lose what tells it from a strip.
    filled = whole[rows, cols]
    if filled.size < LEFT * own.size or np.count_nonzero(own[rows, cols]) < OWN * area or filled.mean() < SOLID_STRIP:
        return box
    return left + cols.start, top + rows.start, cols.stop - cols.start, rows.stop - rows.start


def _is_lettered(box: NDArray[np.float32], blank: NDArray[np.bool_], level: float) -> bool:
    """Whether what stands in a frame on the page is letters, as in the box of a title."""
    high, wide = (side // 12 for side in box.shape)
    inner = np.s_[high : box.shape[0] - high, wide : box.shape[1] - wide]
    if blank[inner].mean() < LETTERED:
        return False
    strong = (np.abs(box[inner] - level) > STRONG).astype(np.uint8)
    bands = cv2.morphologyEx(strong, cv2.MORPH_OPEN, np.ones(STROKE, np.uint8)).any()
    return bool(strong.mean() > INK and not bands)


def _parted_by_page(box: NDArray[np.float32], level: float) -> list[tuple[int, int]]:
    """Rows, half-open, of the pictures in a frame that a bar of the page's level parts; all rows where none does.

    The bar may slant, but goes from edge to edge, and nothing else in the pictures is as near to the page.
    """
    rows, cols = box.shape
    rim = round(RIM * cols)
    blocks = np.asarray(cv2.resize(box[:, rim : cols - rim], (BLOCKS, rows), interpolation=cv2.INTER_AREA), np.float32)
    away = np.abs(blocks - level)
    usual = float(np.quantile(away, 0.25))
    if usual < CLEAR:
        return [(0, rows)]
    _, labels, boxes, _ = cv2.connectedComponentsWithStats((away < 0.5 * usual).astype(np.uint8), connectivity=8)
    starts, parts = 0, []
    for number, (_, top, wide, high, _) in sorted(enumerate(boxes[1:].tolist(), 1), key=lambda each: each[1][1]):
        if wide < BLOCKS or high > max(REACH * rows, 3):
            continue
        bar = labels[top : top + high] == number
        first, last = top + int(bar.argmax(axis=0).max()), top + high - int(bar[::-1].argmax(axis=0).max())
        parts.append((starts, first))
        starts = last
    parts = [(one, other) for one, other in [*parts, (starts, rows)] if other - one >= max(SIDES[0], REACH * rows)]
    return parts if len(parts) > 1 else [(0, rows)]


def _clear_films(shades: NDArray[np.float32], page: NDArray[np.bool_], found: list[Window]) -> list[Window]:
    """Films as clear as the page beside one that is not: their bands, as large together as a film.

    Where several pictures were found, what else is as large may be a plot.
    """
    if len(found) != 1 or np.median(shades[page]) < 0.5:
        return []
    side = max(shades.shape)
    rest = ~page & (np.abs(shades - np.median(shades[page])) >= EVEN)
    for w in found:
        rest[w.slices] = False
    marks = rest.astype(np.uint8)
    solid = cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((max(round(SOLID * side), 3),) * 2, np.uint8))
    joined = cv2.dilate(solid, np.ones((2 * round(NEAR * side) + 1,) * 2, np.uint8))
    like = max(found, key=lambda w: w.height * w.width)
    out = []
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    for number, (left, top, width, height, _) in enumerate(boxes[1:].tolist(), 1):
        own = rest[top : top + height, left : left + width] & (
            labels[top : top + height, left : left + width] == number
        )
        down, across = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        high, wide = int(np.ptp(down)) + 1, int(np.ptp(across)) + 1
        if high > AS_LARGE[0] * like.height and high * wide > AS_LARGE[1] * like.height * like.width:
            out.append(
                Window(top + int(down[0]), top + int(down[-1]) + 1, left + int(across[0]), left + int(across[-1]) + 1)
            )
    return out


def _parted_by_bed(levels: NDArray[Any]) -> tuple[Window, ...]:
    """Membranes that fill the picture from side to side, one above the other, with the bed of the imager between them.

    The bed lies beyond all that is membrane, on the side where there are no bands.
    """
    rows, cols = levels.shape
    some = levels[:, :: max(cols // BED, 1)].astype(np.float32)
    low, high = float(some.min()), float(some.max())
    lower, usual, upper = (float(v) for v in np.quantile(some[::8], (0.1, 0.5, 0.9)))
    dark_bands = high - usual < usual - low
    beyond = some > 0.5 * (upper + high) if dark_bands else some < 0.5 * (lower + low)
    bar = np.asarray(beyond.all(axis=1), np.bool_)
    if not bar[1:-1].any() or beyond[~bar].mean() > REACH:
        return ()
    edges = np.flatnonzero(np.diff(bar.astype(np.int8), prepend=1, append=1))
    pairs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    thick = max(THICK[0], THICK[1] * rows)
    parts: list[tuple[int, int]] = []
    for top, bottom in pairs:
        if parts and top - parts[-1][1] < thick:
            parts[-1] = (parts[-1][0], bottom)
        else:
            parts.append((top, bottom))
    parts = [(top, bottom) for top, bottom in parts if bottom - top >= max(SIDES[0], REACH * rows)]
    return tuple(Window(top, bottom, 0, cols) for top, bottom in parts) if len(parts) > 1 else ()


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


def _find_page(shades: NDArray[np.float32], extremes: tuple[float, ...] = EXTREME) -> NDArray[np.bool_]:
    """White or black of one level that reaches the border, and a page inside of that."""
    page, outside = np.zeros(shades.shape, bool), np.ones(shades.shape, bool)
    outside[1:-1, 1:-1] = False
    for extreme in extremes:
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


def _flooded(own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A component with what is page inside of it: a strip with a frame may be white within."""
    flooded = cv2.copyMakeBorder(own.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(flooded, None, (0, 0), 2)
    return np.asarray(flooded[1:-1, 1:-1] != 2)


def _is_picture(own: NDArray[np.bool_], blank: NDArray[np.bool_], film: bool) -> bool:
    rows, cols = own.shape
    whole = _flooded(own)
    high, wide = max(2, round(0.1 * rows)), max(2, round(0.1 * cols))
    corners = [whole[r, c].mean() for r in (slice(high), slice(-high, None)) for c in (slice(wide), slice(-wide, None))]
    inside = blank[rows // 12 : rows - rows // 12, cols // 24 : cols - cols // 24]
    # A film that was cut by hand lacks corners, and is higher than a band.
    rough = film and cols < 1.2 * rows and whole.mean() > ROUGH
    square = np.mean(corners) > CORNERS and whole.mean() > FILLED
    return bool((square or rough) and inside.mean() < EMPTY)
