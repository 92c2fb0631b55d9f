"""Letters, frames and pen in a region are no lanes and hide none; bands are no letters."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from strip_blots import as_blot, draw

from ublot.lanes.finding import find_lanes
from ublot.lanes.ink import find_ink, without_ink
from ublot.model import Window

INK = 30000.0
LANES, PITCH, MARGIN = 7, 48, 12


def strip(rows=60, width=32, heights=(9, 20, 14, 6, 25, 12, 17), level=200.0, seed=1):
    """A row of bands, and its lanes' columns."""
    rng = np.random.default_rng(seed)
    cols = 2 * MARGIN + LANES * PITCH
    x = MARGIN + PITCH * (np.arange(LANES) + 0.5) - 0.5
    row, col = np.mgrid[0:rows, 0:cols].astype(float)
    image = np.full((rows, cols), level) + rng.normal(0, 30, (rows, cols))
    for at, height in zip(x, heights, strict=True):
        across = np.exp(-np.log(2) * np.abs(2 * (col - at) / width) ** 6)
        image += 1000 * height * across * np.exp(-0.5 * ((row - 0.5 * rows) / 4) ** 2)
    return image.astype(np.float32), x


def written(image, text, left, bottom, high=20, thick=2):
    """The picture with words whose letters are `high` px."""
    ink = np.zeros(image.shape, np.uint8)
    place = (int(left), int(bottom))
    cv2.putText(ink, text, place, cv2.FONT_HERSHEY_SIMPLEX, high / 22, 255, thick, cv2.LINE_AA)
    share = ink.astype(np.float32) / 255
    return image * (1 - share) + np.float32(INK) * share


def on_page(image, top=0, bottom=0, left=0, right=0):
    return cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0.0)


def framed(image, x):
    out = image.copy()
    cv2.rectangle(out, (2, 2), (image.shape[1] - 3, image.shape[0] - 3), INK, 3)
    return out, x


def framed_on_page(image, x):
    out = on_page(image, 16, 16, 16, 16)
    cv2.rectangle(out, (14, 14), (out.shape[1] - 15, out.shape[0] - 15), INK, 2)
    return out, x + 16


def masses_beside(image, x):
    out = on_page(image, left=90)
    for mass, bottom in ((75, 27), (50, 54)):
        out = written(out, f"{mass}-", 12, bottom)
    return out, x + 90


def name_beside(image, x):
    return written(on_page(image, right=130), "p-SMAD", image.shape[1] + 16, 40), x


def signs_above(image, x):
    out = on_page(image, top=60)
    for i, at in enumerate(x):
        out = written(out, "+-"[i % 2], at - 8, 28, thick=3)
        out = written(out, str(i + 1), at - 7, 56)
    return out, x


def groups_above(image, x):
    out = on_page(image, top=60)
    for first, last in ((0, 2), (3, 6)):
        cv2.line(out, (int(x[first]) - 14, 44), (int(x[last]) + 14, 44), INK, 2)
        out = written(out, "siRNA", 0.5 * (x[first] + x[last]) - 36, 32)
    return out, x


def pen_down(image, x):
    out, rows = image.copy(), np.arange(6, len(image) - 6)
    between = 0.5 * (x[3] + x[4]) + 2 * np.sin(rows / 9)
    cv2.polylines(out, [np.stack([between, rows], axis=1).astype(np.int32)], False, INK, 2)
    return out, x


def pen_across(image, x):
    out, cols = image.copy(), np.arange(20, image.shape[1] - 60)
    cv2.polylines(out, [np.stack([cols, 54 - 3 * np.sin(cols / 60)], axis=1).astype(np.int32)], False, INK, 2)
    return out, x


DRAWN = [
    framed,
    framed_on_page,
    masses_beside,
    name_beside,
    signs_above,
    groups_above,
    pen_down,
    pen_across,
]


def region(image):
    return as_blot(image, roi=Window(0, image.shape[0], 0, image.shape[1]))


def at(lanes, row):
    return np.array([float(lane.centre(np.array([row]))[0]) for lane in lanes])


@pytest.mark.parametrize("count", [LANES, None])
@pytest.mark.parametrize("ink", DRAWN, ids=lambda each: each.__name__)
def test_lanes_beside_ink_are_right(ink, count):
    image, x = strip()
    image, x = ink(image, x)
    found = at(find_lanes(region(image), count), image.shape[0] - 30)
    assert len(found) == LANES
    np.testing.assert_allclose(found, x, atol=0.2 * PITCH)


@pytest.mark.parametrize("ink", DRAWN, ids=lambda each: each.__name__)
def test_ink_is_taken_and_bands_are_left(ink):
    image, x = strip()
    drawn, moved = ink(image, x)
    left, down = round(float(moved[0] - x[0])), drawn.shape[0] - image.shape[0] - (16 if ink is framed_on_page else 0)
    own = np.zeros(drawn.shape, np.float32)
    own[down : down + image.shape[0], left : left + image.shape[1]] = image
    clear = without_ink(region(drawn)).signal
    # Of what was drawn nothing stands out any more, and no pixel of a band is another one.
    seen = drawn - own > 0.5 * INK
    assert np.quantile(clear[seen] - own[seen], 0.95) < 0.1 * INK
    bands = (own > 4000) & ~(cv2.dilate((drawn != own).astype(np.uint8), np.ones((11, 11))) > 0)
    np.testing.assert_array_equal(clear[bands], own[bands])


@pytest.mark.parametrize(
    "options",
    [{}, {"slope": 0.05}, {"fill": 0.9}, {"fill": 0.4, "lanes": 14}, {"bow": 9.0}, {"lanes": 2}, {"rows": 90}],
)
def test_nothing_is_taken_from_a_blot_without_ink(options):
    drawn = draw(**options)
    blot = drawn.blot
    assert without_ink(blot) is blot


def test_bands_that_run_into_each_other_are_no_letters():
    """Pairs of bands joined at one side, as in a ladder that is overexposed, look like a C or an E."""
    image = np.random.default_rng(0).normal(0, 30, (220, 420)).astype(np.float32)
    for left in range(20, 400, 60):
        for top in (40, 56, 120, 136):
            image[top : top + 8, left : left + 40] += 20000
        image[40:64, left : left + 9] += 15000
        image[120:144, left + 30 : left + 40] += 15000
    image = cv2.GaussianBlur(image, (0, 0), 2)
    assert find_ink(image) is None


def test_a_label_on_the_page_leaves_the_membrane_as_region():
    image, x = strip(rows=90, level=6000.0)
    drawn = on_page(image, left=100, top=40)
    for text, bottom in (("100-", 70), ("75-", 96), ("50-", 122)):
        drawn = written(drawn, text, 12, bottom)
    found = find_lanes(region(drawn), LANES)
    assert abs(found.window.left - 100) <= 4 and abs(found.window.top - 40) <= 4
    np.testing.assert_allclose(at(found, 85), x + 100, atol=0.2 * PITCH)
