"""What is written or drawn in a picture and is no protein: letters, the lines of frames, pen.

The region that a person chose often holds the labels beside a strip, the frame about it, a stroke of a pen. Lanes are
looked for in a picture without them. A letter is made of strokes that are thin whichever way one looks, and stands on
what is blank; a band is filled, and lies in its lane. Letters come in company: of one size, of one thickness, in lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.io.images.pictures import find_pictures
from ublot.model import Window
from ublot.numerics.medians import quantile
from ublot.numerics.remembering import remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot
    from ublot.numerics.arrays import Array

__all__ = ["find_ink", "without_ink"]

SMALLEST, MOST = 12, 4000
"""px of the shorter side, and patches of signal, between which anything is looked for: noise has more."""

LONG_SIDE = 1280
"""px of the longer side that are looked at, at most."""

QUICKEST = cv2.CCL_GRANA
"""How patches are told apart: the library's default takes three times as long for the same."""

ROUND, FLOOR, COARSE = 9, 0.1, 16
"""px at least, and share of the longer side, that something is wider than which is no stroke but what lies below; and
how many pixels it is looked at with."""

STRONG = 0.35
"""Of the strongest signal: what letters and lines reach. Grey ones are as faint as bands and do as little harm."""

THIN, FILLED = 0.45, 0.75
"""Thickness of a stroke over the shorter side of its letter, and of its frame that a letter fills, at most. Over 400
letters of 12 real pictures: 0.05 to 0.45 and 0.25 to 0.65, printed in bold 0.73; bands: 0.8 and more, 0.7 and more."""

RUN = (3.0, 4.0)
"""Thicknesses of its stroke that a letter is filled without a break, across and down, on average."""

LETTER = (5, 12, 0.1)
"""Height of letters: px at least, and at most px or, where that is more, the share of the region's width."""

BLANK = 0.06
"""Of the strongest signal, that four fifths of what lies about a letter stay below: 0.04 about printed and handwritten
ones; 0.1 to 0.3 about bands that run into each other so that they look like letters."""

COMPANY, ALIKE, AS_THICK = 3, 1.6, 2.0
"""Letters of one kind that make a text; how many times higher, and thicker, one of them may be than another."""

BAR, WORD = 2.2, (1.25, 1.15, 1.8)
"""Height over width of a 1, an l or a bracket; strokes that a line across, and one down, meet in letters that are
joined, and their width over their thickness at most: a band that smiles is met once by a line down, and those of a
ladder that run into each other are wide."""

NEAR, DASH, JOINED = (0.7, 4.0), (1.4, 0.9, 1.2), 5.0
"""Heights of a line of text that its next letter is away at most, and a dash between signs; thickness of a dash over
that of letters, and its width over their height, at most; the same of what is a band in its row; and of
letters that touch."""

LINE = (4.0, 0.008)
"""Thickness of a line that is drawn, at most: px or, where that is more, the share of the region's longer side."""

ALONG, PEN, RULE = 0.6, 8.0, (25.0, 0.6, 1.1, 0.2)
"""Share of the region's side that the line of a frame runs along; length over thickness of a pen's stroke down the
picture; and the same of a line across, its usual thickness over the largest, how often it is met by a line down, and
the share of the region's width that it takes up: the thinnest bands of two dozen pixels are one high."""

PAGE, SPOTS = 0.04, 0.03
"""Of the range, that a page varies by, and share of it that more stands on, at most: what is left of labels and arrows
takes up to 0.024 of it on real figures."""

EVEN, CONSTANT = 0.3, 0.7
"""Of the strongest signal, that a line along the border varies by at most along itself; and what lines anywhere keep at
their faintest of their strongest: a row of bands has gaps, and bands of different lanes."""


@dataclass(frozen=True, eq=False)
class _Patches:
    """Patches of signal: where they are and how they look; the first one is all the rest.

    Attributes
    ----------
    labels : ndarray of int, shape (rows, cols)
    left, top, wide, high : ndarray
        Their frames, px.
    thick : ndarray
        Of the thickest place, px.
    across, down : ndarray
        Strokes that a line across, and one down, meets on average.
    area : ndarray
    height : ndarray, shape (rows, cols)
        Of the signal above what is wider than a stroke, over the strongest.
    """

    labels: NDArray[np.int32]
    left: Array
    top: Array
    wide: Array
    high: Array
    thick: Array
    across: Array
    down: Array
    area: Array
    height: NDArray[np.float32]

    @property
    def filled(self) -> Array:
        return np.asarray(self.area / (self.wide * self.high))


def find_ink(signal: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Pixels of a region that are written or drawn; None where nothing is.

    Large regions are looked at reduced: so are their letters.

    Parameters
    ----------
    signal : ndarray of float32, shape (rows, cols)
        Positive where there is protein, and ink.
    """
    if min(signal.shape) < SMALLEST:
        return None
    rows, cols = signal.shape
    side = -(-max(rows, cols) // LONG_SIDE)
    if side > 1:
        small = cv2.resize(signal, (cols // side, rows // side), interpolation=cv2.INTER_AREA)
        ink = find_ink(np.asarray(small, np.float32))
        if ink is None:
            return None
        return np.asarray(cv2.resize(ink.astype(np.uint8), (cols, rows), interpolation=cv2.INTER_NEAREST) > 0)
    height = _above_floor(signal)
    if height is None:
        return None
    ink = _borders(height) | _long_lines(height)
    rest = np.where(ink, np.float32(0), height)
    patches = _patches(rest)
    if patches is not None:
        chosen = _letters(patches) | _pen(patches)
        if chosen.any():
            ink |= chosen[patches.labels]
    if not ink.any():
        return None
    # Strokes end softly.
    return np.asarray(cv2.dilate(ink.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)


def without_ink(blot: Blot) -> Blot:
    """The blot with what lies beside it in the place of all that is written or drawn in its region.

    Parameters
    ----------
    blot : Blot

    Returns
    -------
    Blot
        To look for lanes in; the same where nothing is written. Where labels stand on a page about a membrane that a
        person's region holds, the region is the membrane.
    """
    return _inked(blot) or blot


@remembered(1)
def _inked(blot: Blot) -> Blot | None:
    window = blot.window
    part = np.ascontiguousarray(blot.signal[window.slices], np.float32)
    ink = find_ink(part)
    if ink is None:
        return None
    signal = blot.signal.copy()
    signal[window.slices] = clear = _filled(part, ink)
    return replace(blot, signal=signal, roi=_membrane_on_page(clear, window) if blot.roi else None)


def _membrane_on_page(clear: NDArray[np.float32], window: Window) -> Window:
    """The membrane alone, where it stands on the white or black of a page that labels were taken off; else all."""
    low, high = float(clear.min()), float(clear.max())
    if not high > low:
        return window
    levels = np.asarray((high - clear) * (255 / (high - low)), np.uint8)
    found = find_pictures(levels)
    if len(found) != 1:
        return window
    beside = np.ones(clear.shape, bool)
    beside[found[0].slices] = False
    page = float(np.median(levels[beside]))
    if np.mean(np.abs(levels[beside] - page) > PAGE * 255) > SPOTS:
        return window
    top, left = window.top, window.left
    return Window(top + found[0].top, top + found[0].bottom, left + found[0].left, left + found[0].right)


def _filled(part: NDArray[np.float32], ink: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The fainter of what stands to the left and to the right of ink in its place: it never makes a lane."""
    out = part.copy()
    at = np.arange(part.shape[1])
    for r in np.flatnonzero(ink.any(axis=1)).tolist():
        clear = np.flatnonzero(~ink[r])
        if not len(clear):
            continue
        hidden = at[ink[r]]
        place = np.searchsorted(clear, hidden)
        before, after = clear[np.maximum(place - 1, 0)], clear[np.minimum(place, len(clear) - 1)]
        out[r, hidden] = np.minimum(part[r, before], part[r, after])
    whole = ink.all(axis=1)
    if whole.any() and not whole.all():
        clear = np.flatnonzero(~whole)
        nearest = clear[np.abs(np.flatnonzero(whole)[:, None] - clear).argmin(axis=1)]
        out[whole] = out[nearest]
    return out


def _above_floor(signal: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Heights above what is wider than a stroke, over the strongest of them."""
    rows, cols = signal.shape
    side = int(np.clip(FLOOR * max(rows, cols), ROUND, 0.9 * min(rows, cols))) | 1
    smooth = cv2.medianBlur(np.ascontiguousarray(signal, np.float32), 3)
    # What is far wider than a stroke is seen as well in fewer pixels.
    fewer = max(side // COARSE, 1)
    small = cv2.resize(smooth, (max(cols // fewer, 1), max(rows // fewer, 1)), interpolation=cv2.INTER_AREA)
    brush = np.ones((min(side // fewer, small.shape[0]), min(side // fewer, small.shape[1])), np.uint8)
    floor = cv2.morphologyEx(small, cv2.MORPH_OPEN, brush, borderType=cv2.BORDER_REPLICATE)
    height = np.asarray(cv2.resize(floor, (cols, rows), interpolation=cv2.INTER_LINEAR), np.float32)
    np.subtract(signal, height, out=height)
    strongest = quantile(height, 0.998)
    if strongest <= 0:
        return None
    height /= np.float32(strongest)
    return height


def _patches(height: NDArray[np.float32]) -> _Patches | None:
    strong, cols = height > STRONG, height.shape[1]
    seen = strong.view(np.uint8)
    count, found, boxes, _ = cv2.connectedComponentsWithStatsWithAlgorithm(seen, 8, cv2.CV_32S, QUICKEST)
    labels = np.asarray(found, np.int32)
    if not 1 < count <= MOST:
        return None
    framed = cv2.copyMakeBorder(seen, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    inner = cv2.distanceTransform(framed, cv2.DIST_L2, 5)
    # Pixels that belong to one, in the picture and within its border.
    place = np.flatnonzero(strong)
    own, at = labels.ravel()[place], (place // cols + 1) * (cols + 2) + place % cols + 1
    thick = np.zeros(count, np.float32)
    np.maximum.at(thick, own, inner.ravel()[at])
    left, top, wide, high, area = boxes.T.astype(np.float64)
    across, down = (
        np.bincount(own[framed.ravel()[at - back] == 0], minlength=count) / side
        for back, side in ((1, high), (cols + 2, wide))
    )
    # Distances are from the centres of pixels to the first one outside.
    return _Patches(labels, left, top, wide, high, np.maximum(2 * thick - 1, 1), across, down, area, height)


def _letters(patches: _Patches) -> NDArray[np.bool_]:
    """Which patches are letters: those that look like it and are in company, and what belongs to their lines."""
    p, least, limit = patches, LETTER[0], max(LETTER[1], LETTER[2] * patches.labels.shape[1])
    sized = (p.high >= least) & (p.high <= limit)
    run = p.area / np.maximum(p.across * p.high, 1)
    runs = (run <= RUN[0] * p.thick) & (p.area / np.maximum(p.down * p.wide, 1) <= RUN[1] * p.thick)
    shaped = (p.thick <= THIN * np.minimum(p.wide, p.high)) & (p.filled <= FILLED) & runs
    joined = (p.across >= WORD[0]) & (p.down >= WORD[1]) & (run <= WORD[2] * np.maximum(p.thick, WORD[2]))
    seeds = sized & shaped & ((p.high >= 0.7 * p.wide) | joined)
    seeds[0] = False
    seeds[[k for k in np.flatnonzero(seeds).tolist() if not _on_blank(p, k)]] = False
    at = np.flatnonzero(seeds)
    high, thick = p.high[at], p.thick[at]
    same = (np.maximum(high[:, None], high) <= ALIKE * np.minimum(high[:, None], high)) & (
        np.maximum(thick[:, None], thick) <= AS_THICK * np.minimum(thick[:, None], thick)
    )
    seeds[at[same.sum(axis=1) < COMPANY]] = False
    return _whole_lines(p, seeds) if seeds.any() else seeds


def _on_blank(patches: _Patches, k: int) -> bool:
    """Whether hardly anything stands around a patch."""
    far = 2 + int(0.5 * patches.thick[k])
    room = far + 3
    top, left = max(int(patches.top[k]) - room, 0), max(int(patches.left[k]) - room, 0)
    box = np.s_[
        top : int(patches.top[k] + patches.high[k]) + room, left : int(patches.left[k] + patches.wide[k]) + room
    ]
    labels = patches.labels[box]
    own, some = (labels == k).astype(np.uint8), (labels > 0).astype(np.uint8)
    around = cv2.dilate(own, np.ones((2 * far + 5,) * 2, np.uint8)) > 0
    around &= cv2.dilate(some, np.ones((2 * far + 1,) * 2, np.uint8)) == 0
    levels = patches.height[box][around]
    return bool(len(levels) > 4 and np.quantile(levels, 0.8) < BLANK)


def _whole_lines(patches: _Patches, seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Letters and what belongs to their lines: full stops, a 1 or an l, dashes between signs."""
    p, found = patches, seeds.copy()
    middle = p.top + 0.5 * p.high
    # What is flat and filled may be a band; a word whose letters touch is neither.
    flat = (p.filled > FILLED) & (p.wide > 1.3 * p.high)
    flat[0] = False
    joined = (p.filled <= FILLED) & (p.across >= WORD[0])
    band = np.flatnonzero(flat & (p.wide > DASH[2] * np.median(p.high[seeds])))
    in_row = np.any((p.top[band] <= middle[:, None]) & (middle[:, None] <= (p.top + p.high)[band]), axis=1)
    in_row = np.asarray(in_row, np.bool_)
    for _ in range(8):
        at = np.flatnonzero(found)
        others = np.flatnonzero(~found)[1:]
        # Of every letter and every other patch: whether it lies in the letter's line, and how far away.
        high = p.high[at]
        in_line = np.abs(middle[others, None] - (p.top + 0.5 * p.high)[at]) <= 0.6 * high
        gap = np.maximum(p.left[at] - (p.left + p.wide)[others, None], p.left[others, None] - (p.left + p.wide)[at])
        lower = p.high[others, None] <= 1.3 * high
        like = p.thick[others, None] <= AS_THICK * p.thick[at]
        dash = (p.thick[others, None] <= DASH[0] * p.thick[at]) & (p.wide[others, None] <= DASH[1] * high)
        # A dash in a row of bands is one of them, but for the tick beside a letter.
        dash &= ~in_row[others, None] | (gap <= 0.5 * NEAR[0] * high)
        short = np.where(joined[others, None], JOINED, 1.5) * high
        fits = np.where(flat[others, None], dash, (p.wide[others, None] <= short) & (like | joined[others, None]))
        close = in_line & lower & (gap <= NEAR[0] * high) & fits
        bar = (p.high >= BAR * p.wide)[others, None] & (p.high[others, None] >= high / ALIKE)
        row = (bar & (gap <= 4 * NEAR[1] * high)) | (flat[others, None] & dash & (gap <= NEAR[1] * high))
        away = in_line & lower & like & row
        more = others[(close | away).any(axis=1)]
        if not len(more):
            break
        found[more] = True
    return found


def _pen(patches: _Patches) -> NDArray[np.bool_]:
    """Which patches are strokes of a pen down the picture, or lines across: long and thin, on what is blank."""
    p, side = patches, max(patches.labels.shape)
    down = (np.hypot(p.wide, p.high) >= PEN * p.thick) & (p.high > p.wide) & (p.high >= 2 * LETTER[1])
    even = p.area / np.maximum(p.down * p.wide, 1) >= RULE[1] * p.thick
    wide = p.wide >= np.maximum(RULE[0] * p.thick, RULE[3] * patches.labels.shape[1])
    across = wide & (p.down <= RULE[2]) & even
    found = (down | across) & (p.thick <= max(LINE[0], LINE[1] * side))
    found[0] = False
    found[[k for k in np.flatnonzero(found).tolist() if not _on_blank(p, k)]] = False
    return np.asarray(found, np.bool_)


def _borders(height: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Lines of a frame along the borders of the region, and what lies outside of them."""
    out = np.zeros(height.shape, bool)
    reach = max(round(2 * LINE[0]), round(2 * LINE[1] * max(height.shape)))
    for turn in range(4):
        seen, marked = np.rot90(height, turn), np.rot90(out, turn)
        last = _border_line(seen[: min(2 * reach, len(seen) // 3)], reach)
        if last:
            marked[:last] = True
    return out


def _border_line(lines: NDArray[np.float32], reach: int) -> int:
    """How many of the first rows lie on or outside of a line along the border; 0 where there is none."""
    if not len(lines):
        return 0
    # Only where hardly anything is weaker can nine tenths be strong.
    able = np.flatnonzero(np.count_nonzero(lines <= STRONG, axis=1) <= 0.1 * lines.shape[1] + 1)
    if not len(able):
        return 0
    low, high = np.quantile(lines[able], (0.1, 0.9), axis=1)
    on = np.zeros(len(lines), bool)
    on[able] = (low > STRONG) & (high - low < EVEN)
    at = np.flatnonzero(on[:reach])
    if not len(at):
        return 0
    after = np.flatnonzero(~on[at[-1] :])
    end = int(at[-1]) + (int(after[0]) if len(after) else len(lines))
    return end + 1 if end < len(lines) else 0


def _long_lines(height: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Straight lines along most of the region, as of frames."""
    out = np.zeros(height.shape, bool)
    thick = int(max(LINE[0], LINE[1] * max(height.shape)))
    lowest = STRONG + min(float(height.min()), 0.0)  # what is less can stand nowhere as far above what lies below it
    for turn in range(2):
        seen, marked = (height, out) if not turn else (height.T, out.T)
        if len(seen) < 3 * thick:
            continue
        length = max(round(ALONG * seen.shape[1]), SMALLEST)
        # Nothing stands against a run beyond the border: half of its length may do there.
        able = np.flatnonzero(np.count_nonzero(seen > lowest, axis=1) >= length // 2)
        if not len(able):
            continue
        first = max(int(able[0]) - 2 * thick, 0)
        part = np.s_[first : int(able[-1]) + 2 * thick + 1]
        seen, marked = seen[part], marked[part]
        lying = np.ascontiguousarray(seen)
        low = cv2.morphologyEx(lying, cv2.MORPH_OPEN, np.ones((2 * thick + 1, 1), np.uint8))
        slim = ((lying - low) > STRONG).astype(np.uint8)
        some = slim.sum(axis=1) >= length // 2
        if not some.any():
            continue
        run = np.zeros_like(slim)
        run[some] = cv2.morphologyEx(slim[some], cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
        if not run.any():
            continue
        for left, top, wide, high, _ in cv2.connectedComponentsWithStats(run, connectivity=8)[2][1:].tolist():
            box = np.s_[top : top + high, left : left + wide]
            along = np.where(run[box] > 0, seen[box], 0).max(axis=0)
            if np.quantile(along, 0.1) >= CONSTANT * np.quantile(along, 0.9):
                marked[box] |= run[box] > 0
    return out
