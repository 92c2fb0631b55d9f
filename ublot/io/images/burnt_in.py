"""Text, time stamps, arrows and boxes that a program burned into a grey picture.

What a program draws has one level, the lowest or the highest of all, thin strokes, and the picture's own level right
beside it. Light has neither: beside a band that is full, or a speck that is, levels fall off over several pixels.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_burnt_in", "without_burnt_in"]

FEWEST, MOST = 40, 0.05
"""Pixels, and share of all, that what is drawn has: a stamp of six digits at its smallest, a sheet of text at most."""

SMALLEST, STROKES = 4, 4
"""Pixels of a stroke or letter, and how many of them make a text. Hot pixels are smaller, dust is not in groups."""

MAINLY, PATCHES = 0.5, 5000
"""Of all pixels at the extreme; and more patches of them than any text has."""

LONG = 0.05
"""Of the longer side: one stroke that reaches so far is a line, an arrow or a box by itself."""

TICK, TICK_LONG = 2.0, 0.25
"""A stroke so many times wider than high, and no longer than that share of the width, may tell a mass: it is left."""

APART = 3
"""Pixels that each of two strokes is widened by to make one word of them."""

THICK = 4.0
"""Pixels from the edge to the middle of a stroke at most: what is thicker is fill, or a band that is full."""

FAR = 0.4
"""Of the range: how far the level beside a stroke is from its own. Text as bright as what is around it does no harm."""

FLAT = 0.02
"""Of the range: by how much levels two and four pixels from a stroke differ at most. Beside a full band of a Gaussian's
shape, ten times the ceiling, it is 0.07 at a sigma of 2 px, but 0.01 at 1 px: so small a band is told from a stroke by
its shape alone (`TICK`)."""

SMALL, IN_A_ROW, LINE_LIKE, FAINT = 9, 5, 3.0, 0.1
"""Pixels that a stroke of a small letter is thinner than and half of what the letter is high at most; letters or pieces
of them in a row that make a word, how many times longer than high it is, and of the range, what of its letters stands
out of the background."""

EVERY, STEP, STEEP = 3, 4, 0.3
"""Rows, of which one is looked at, to see whether there may be small letters; pixels within which their strokes begin
and end; and of the range, what levels jump by there: five letters of 8 px make 30 such jumps and more."""

LINE_GAP, ALONG = 3.0, 0.6
"""Heights of a line of text that its next letters are away at most, and share of a letter that lies in its rows."""

BAND = 64
"""Of those rows, that are looked at together."""

SOFT, BETWEEN = 3, 11
"""Pixels about a stroke that its blended edge may reach, and between strokes of one word."""


def find_burnt_in(levels: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Pixels that something was drawn over; None where nothing was.

    Parameters
    ----------
    levels : ndarray of uint8 or uint16, shape (rows, cols)
        Of other types nothing is said.
    """
    if levels.dtype not in (np.uint8, np.uint16) or min(levels.shape) < 32:
        return None
    low, high = int(levels.min()), int(levels.max())
    if high == low:
        return None
    found = [_strokes(levels, extreme, float(high - low)) for extreme in (low, high)]
    nothing = all(mask is None for mask in found)
    if nothing and not _has_steps(levels, float(high - low)):
        return None
    scale = 255 / (high - low)  # in 8 bits the filters are several times as fast
    coarse = cv2.convertScaleAbs(np.ascontiguousarray(levels), alpha=scale, beta=-low * scale)
    if nothing:
        found = [_small_letters(levels, coarse, extreme, bright=extreme == high) for extreme in (low, high)]
    drawn = [
        _whole_lines(mask, coarse, bright=bright)
        for mask, bright in zip(found, (False, True), strict=True)
        if mask is not None
    ]
    if not drawn:
        return None
    strokes = np.logical_or.reduce(drawn).astype(np.uint8)
    wide = cv2.dilate(strokes, np.ones((2 * SOFT + 1, 2 * SOFT + 1), np.uint8))
    # Letters that were smoothed have parts that are nowhere of the full level: they stand between those that are.
    return cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((BETWEEN, BETWEEN), np.uint8)).astype(bool)


def without_burnt_in(levels: NDArray[Any], drawn: NDArray[np.bool_]) -> NDArray[Any]:
    """Levels with what is beside `drawn` in its place: a stand-in that misleads no histogram."""
    return np.asarray(cv2.inpaint(np.ascontiguousarray(levels), drawn.astype(np.uint8), 3, cv2.INPAINT_TELEA))


def _strokes(levels: NDArray[Any], extreme: int, span: float) -> NDArray[np.bool_] | None:
    at = levels == extreme
    if not FEWEST <= np.count_nonzero(at) <= MOST * levels.size:
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats(at.astype(np.uint8), connectivity=8)
    if count > PATCHES:
        return None
    thin = [k for k in range(1, count) if _is_stroke(levels, labels, stats[k], k, extreme, span)]
    # Where most of what is at the extreme is no stroke, the few that look like one are chance.
    if sum(int(stats[k, cv2.CC_STAT_AREA]) for k in thin) < MAINLY * np.count_nonzero(at):
        return None
    text = [k for k in thin if not _is_tick(stats[k], levels.shape[1])]
    large = [k for k in text if stats[k, cv2.CC_STAT_AREA] >= SMALLEST]
    sides = [int(max(stats[k, cv2.CC_STAT_WIDTH], stats[k, cv2.CC_STAT_HEIGHT])) for k in large]
    area = sum(int(stats[k, cv2.CC_STAT_AREA]) for k in large)
    if area < FEWEST or not (len(large) >= STROKES or max(sides) >= LONG * max(levels.shape)):
        return None
    # A dash, or a letter's bar that broke off, stands beside letters; what tells a mass stands alone.
    beside = np.ones((2 * APART + 1, 2 * APART + 1), np.uint8)
    _, groups = cv2.connectedComponents(cv2.dilate(np.isin(labels, thin).astype(np.uint8), beside))
    letters = np.unique(groups[np.isin(labels, text)])
    return np.isin(labels, thin) & np.isin(groups, letters)


def _has_steps(levels: NDArray[Any], span: float) -> bool:
    """Whether levels jump anywhere within a few pixels, as they do at letters and hardly anywhere else on a blot."""
    some, jumps = levels[::EVERY], 0
    # In bands, which a processor's cache holds: a copy of a third of a large scan would be two thirds of its memory.
    for top in range(0, len(some), BAND):
        rows = some[top : top + BAND].astype(np.float32)
        jumps += int(np.count_nonzero(cv2.absdiff(rows[:, STEP:], rows[:, :-STEP]) >= STEEP * span))
    return bool(jumps >= FEWEST // 4)


def _small_letters(
    levels: NDArray[Any], coarse: NDArray[Any], extreme: int, *, bright: bool
) -> NDArray[np.bool_] | None:
    """Words in letters so small that smoothing left them without the full level: thin, clear, in a row.

    `coarse` are the levels, their range stretched to that of 8 bits; `extreme` is the end of it that is drawn with.
    """
    span, around = float(np.ptp(levels)), np.ones((SMALL, SMALL), np.uint8)
    how = cv2.MORPH_TOPHAT if bright else cv2.MORPH_BLACKHAT
    out = cv2.morphologyEx(coarse, how, around)
    clear = out >= FAR * 255
    if not FEWEST // 2 <= np.count_nonzero(clear) <= MOST * levels.size:
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats(clear.astype(np.uint8), connectivity=8)
    if count > PATCHES:
        return None
    thin = [
        k
        for k in range(1, count)
        if max(stats[k, cv2.CC_STAT_WIDTH], stats[k, cv2.CC_STAT_HEIGHT]) <= 2 * SMALL
        and not _is_tick(stats[k], levels.shape[1])
        and _is_stroke(levels, labels, stats[k], k, extreme, span)
    ]
    letters = np.isin(labels, thin)
    _, groups, boxes, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(letters.astype(np.uint8), np.ones((3, SMALL), np.uint8)), connectivity=8
    )
    # Every letter lies in one group: its own pixels, which the top row of its box holds some of, tell which.
    row, left, wide = cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT, cv2.CC_STAT_WIDTH
    tops = [np.s_[stats[k, row], stats[k, left] : stats[k, left] + stats[k, wide]] for k in thin]
    members = Counter(int(groups[top][labels[top] == k][0]) for k, top in zip(thin, tops, strict=True))
    words = [
        word
        for word, letters_of in members.items()
        if letters_of >= IN_A_ROW and boxes[word, wide] >= LINE_LIKE * boxes[word, cv2.CC_STAT_HEIGHT]
    ]
    # What is fainter of the letters of a word belongs to it: all that stands out within its frame.
    inside = np.isin(groups, words) & (out >= FAINT * 255)
    return inside | (letters & np.isin(groups, words)) if words else None


def _whole_lines(drawn: NDArray[np.bool_], coarse: NDArray[Any], *, bright: bool) -> NDArray[np.bool_]:
    """What was found of text and the rest of its lines: letters that lack the full level, single ones between words."""
    how = cv2.MORPH_TOPHAT if bright else cv2.MORPH_BLACKHAT
    clear = cv2.morphologyEx(coarse, how, np.ones((SMALL, SMALL), np.uint8)) >= 0.5 * FAR * 255
    _, _, boxes, _ = cv2.connectedComponentsWithStats((clear & ~drawn).astype(np.uint8), connectivity=8)
    joined = cv2.dilate(drawn.astype(np.uint8), np.ones((3, SMALL), np.uint8))
    _, _, lines, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    out = drawn.copy()
    small = boxes[1:][np.max(boxes[1:, 2:4], axis=1) <= 2 * SMALL] if len(boxes) > 1 else boxes[:0]
    for left, top, width, height, _ in lines[1:].tolist():
        if width < LINE_LIKE * height or height > 3 * SMALL:
            continue  # no line of text
        in_rows = np.minimum(small[:, 1] + small[:, 3], top + height) - np.maximum(small[:, 1], top)
        row = small[in_rows >= ALONG * small[:, 3]]
        reach, first, last = LINE_GAP * height, left, left + width
        for step in (row[np.argsort(-row[:, 0])], row[np.argsort(row[:, 0])]):
            for x, y, wide, high, _ in step.tolist():
                if first - reach <= x + wide and x <= last + reach:
                    part = np.s_[y : y + high, x : x + wide]
                    out[part] |= clear[part]
                    first, last = min(first, x), max(last, x + wide)
    return out


def _is_tick(box: NDArray[np.int32], cols: int) -> bool:
    width, height = int(box[cv2.CC_STAT_WIDTH]), int(box[cv2.CC_STAT_HEIGHT])
    return TICK * height <= width <= TICK_LONG * cols and height <= 2 * THICK


def _is_stroke(
    levels: NDArray[Any], labels: NDArray[Any], box: NDArray[np.int32], label: int, extreme: int, span: float
) -> bool:
    """Whether one patch of an extreme level is thin, and the picture about it flat and far from its level."""
    left, top, width, height = (int(v) for v in box[:4])
    rows = slice(max(top - 5, 0), top + height + 5)
    cols = slice(max(left - 5, 0), left + width + 5)
    own = (labels[rows, cols] == label).astype(np.uint8)
    if float(cv2.distanceTransform(np.pad(own, 1), cv2.DIST_L2, 3).max()) > THICK:
        return False
    others = (labels[rows, cols] > 0).astype(np.uint8)
    grown = [cv2.dilate(others, np.ones((2 * k + 1, 2 * k + 1), np.uint8)) for k in (1, 2, 3, 4)]
    near = cv2.dilate(own, np.ones((9, 9), np.uint8)) > 0
    part = levels[rows, cols]
    rings = [part[(outer > inner) & near] for inner, outer in ((grown[0], grown[1]), (grown[2], grown[3]))]
    if min(len(ring) for ring in rings) < 4:
        return False
    second, fourth = (float(np.median(ring)) for ring in rings)
    return abs(second - extreme) >= FAR * span and abs(second - fourth) <= FLAT * span
