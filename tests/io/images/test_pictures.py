"""Pictures on a page: each must be found where it was put, and a blot alone must not be taken for several."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from io_blots import blot16

from ublot import BlotError, read_blot
from ublot.io.images.pictures import find_pictures
from ublot.model import Window


def grey_strip(rows, cols, seed=0, paper=205):
    """A strip with a row of dark bands on grey."""
    rng = np.random.default_rng(seed)
    r, c = np.mgrid[:rows, :cols]
    out = paper + rng.normal(0, 2, (rows, cols))
    for x in (np.arange(8) + 0.5) * cols / 8:
        out -= 150 * np.exp(-(((r - rows / 2) / (rows / 6)) ** 2) - np.abs((c - x) / (cols / 24)) ** 4)
    return out


def lettering(page, row, col, letters=12, seed=0):
    rng = np.random.default_rng(seed)
    for k in range(letters):
        page[row : row + 11, col + 9 * k : col + 9 * k + 7] = np.where(rng.random((11, 7)) > 0.5, 10, 255)


def figure(kind):
    """A page of a kind, and the regions of its pictures."""
    page, boxes = np.full((700, 900), 255.0), []
    if kind == "strips with labels":
        boxes = [(100, 160, 150, 700), (190, 250, 150, 700), (280, 340, 150, 700)]
        for k, (top, bottom, left, right) in enumerate(boxes):
            page[top:bottom, left:right] = grey_strip(bottom - top, right - left, k)
            lettering(page, top + 20, 20, seed=k)
        lettering(page, 60, 160, 50)
    elif kind == "framed strips on white":
        boxes = [(100, 160, 150, 700), (300, 360, 150, 700)]
        for k, (top, bottom, left, right) in enumerate(boxes):
            page[top:bottom, left:right] = 0
            page[top + 2 : bottom - 2, left + 2 : right - 2] = grey_strip(bottom - top - 4, right - left - 4, k, 252)
    elif kind == "films on a scanner":
        boxes = [(80, 380, 40, 240), (90, 400, 300, 520), (60, 390, 600, 830)]
        for k, (top, bottom, left, right) in enumerate(boxes):
            page[top:bottom, left:right] = grey_strip(bottom - top, right - left, k, 190)
            page[top : top + 40, left : left + 30] = 255  # a corner cut off
            lettering(page, 450, left, 14, seed=k)
    elif kind == "two membranes on a black bed":
        page[:] = 0
        boxes = [(50, 300, 60, 840), (360, 650, 60, 840)]
        for k, (top, bottom, left, right) in enumerate(boxes):
            page[top:bottom, left:right] = 255 - grey_strip(bottom - top, right - left, k, 200)
    elif kind == "strips in frames that nearly touch":
        boxes = [(200, 280, 100, 800), (284, 364, 100, 800)]
        for k, (top, bottom, left, right) in enumerate(boxes):
            page[top:bottom, left:right] = 0
            page[top + 2 : bottom - 2, left + 2 : right - 2] = grey_strip(bottom - top - 4, right - left - 4, k, 190)
        page = cv2.GaussianBlur(page, (0, 0), 1.0)
    elif kind == "membranes askew with a gap that closes":
        boxes = [(30, 330, 60, 840), (340, 640, 60, 840)]
        for k, (top, bottom, left, right) in enumerate(boxes):
            page[top:bottom, left:right] = grey_strip(bottom - top, right - left, k, 140)
        turn = cv2.getRotationMatrix2D((60, 335), 0.6, 1.0)
        page = cv2.warpAffine(page, turn, (900, 700), borderValue=255.0, flags=cv2.INTER_LINEAR)
        page[334:337, 20:60] = 140  # a bridge of membrane left of it
    return np.clip(np.rint(page), 0, 255).astype(np.uint8), boxes


KINDS = (
    "strips with labels",
    "framed strips on white",
    "films on a scanner",
    "two membranes on a black bed",
    "strips in frames that nearly touch",
    "membranes askew with a gap that closes",
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_found_where_it_was_put(kind):
    page, boxes = figure(kind)
    found = [(w.top, w.bottom, w.left, w.right) for w in find_pictures(page)]
    assert len(found) == len(boxes)
    for box in boxes:
        assert min(np.max(np.abs(np.subtract(box, one))) for one in found) <= (12 if "askew" in kind else 3)
    blot = read_blot(page)
    assert "several_pictures" in blot.flags and len(blot.pictures) == len(boxes)


def test_frames_and_half_pixels_of_paper_are_no_part_of_a_picture():
    for strips, line in (("framed strips on white", 2), ("strips in frames that nearly touch", 2)):
        page, boxes = figure(strips)
        blurred = cv2.GaussianBlur(page, (0, 0), 0.7)
        for window, (top, bottom, left, right) in zip(find_pictures(blurred), boxes, strict=True):
            assert window.top >= top + line and window.bottom <= bottom - line
            assert window.left >= left + line and window.right <= right - line
            assert window.height >= bottom - top - 2 * line - 4 and window.width >= right - left - 2 * line - 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_panel_is_its_region(kind):
    page, _ = figure(kind)
    windows = find_pictures(page)
    second = read_blot(page, panel=2)
    assert second.roi == windows[1]
    assert "several_pictures" not in second.flags
    assert second.polarity == read_blot(page, roi=windows[1]).polarity
    assert read_blot(read_blot(page), panel=2).roi == windows[1]
    mirrored = read_blot(np.ascontiguousarray(page[:, ::-1]), mirror=True)
    assert [w.top for w in mirrored.pictures] == [w.top for w in windows]


def test_a_panel_that_is_not_there():
    page, _ = figure("strips with labels")
    with pytest.raises(BlotError, match=r"no panel 4: 3 pictures .*allowed: 1 to 3"):
        read_blot(page, panel=4)
    with pytest.raises(BlotError, match="no pictures were told apart"):
        read_blot(blot16(), panel=1)
    with pytest.raises(BlotError, match="not both"):
        read_blot(page, panel=1, roi=find_pictures(page)[0])


def test_one_blot_is_not_several_pictures():
    rng = np.random.default_rng(2)
    r, c = np.mgrid[:600, :800]
    smears = np.full(r.shape, 254.0)
    for k in range(6):  # heavy smears from the well on, straight sides
        x = 80 + 125 * k
        smears -= 230 / (1 + np.exp((np.abs(c - x) - 42) / 2.0)) * np.exp(-(((r - 60) / 350.0) ** 2)) * (r > 60)
    for levels in (smears, grey_strip(90, 900, 3, 254), grey_strip(500, 700, 3, 254), 255 - smears):
        noisy = np.clip(np.rint(levels + rng.normal(0, 1, levels.shape)), 0, 255).astype(np.uint8)
        assert "several_pictures" not in read_blot(noisy).flags
    assert find_pictures(blot16()) == find_pictures(65535 - blot16()) == ()


def test_films_as_clear_as_the_page_beside_one_that_is_not():
    page = np.full((700, 1000), 245.0)
    page[250:480, 30:230] = grey_strip(230, 200, 0, 150)
    for left in (380, 700):
        for lane in range(4):  # heavy lanes on nothing
            page[260 + 10 * lane : 470, left + 40 * lane : left + 40 * lane + 32] = 40
        lettering(page, 520, left, 14)
    found = find_pictures(page.astype(np.uint8))
    assert len(found) == 3
    assert np.abs(np.array([w.left for w in sorted(found, key=lambda w: w.left)]) - (30, 380, 700)).max() <= 3
    alone = page.copy()
    alone[:, 350:] = 245
    lettering(alone, 300, 500, 40)
    assert len(find_pictures(alone.astype(np.uint8))) == 1


@pytest.mark.parametrize("inverted", [False, True])
def test_membranes_with_the_bed_of_the_imager_between_them(inverted):
    blot = blot16(rows=300, cols=400)
    strip = blot16(rows=120, cols=400, seed=1)
    both = np.concatenate([blot, np.full((16, 400), 200, np.uint16), strip])
    levels = 65535 - both if inverted else both
    found = find_pictures(levels)
    assert [(w.top, w.bottom) for w in found] == [(0, 300), (316, 436)]
    assert "several_pictures" in read_blot(levels).flags
    # What is burnt out from side to side is no bed, nor is a dark rim.
    bright = np.concatenate([blot, np.full((16, 400), 60000, np.uint16), strip])
    rim = np.concatenate([np.full((16, 400), 200, np.uint16), blot])
    assert find_pictures(bright) == find_pictures(rim) == ()


def test_the_box_of_a_title_is_no_picture():
    page = np.full((540, 900), 255, np.uint8)
    cv2.rectangle(page, (250, 20), (660, 80), 0, 2)
    cv2.putText(page, "Antibody validation", (270, 58), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2, cv2.LINE_AA)
    assert find_pictures(page) == ()


def test_one_picture_on_a_page_is_the_region():
    page = np.full((540, 720), 255, np.uint8)
    page[200:440, 80:500] = np.clip(np.rint(grey_strip(240, 420, 0, 200)), 0, 255)
    lettering(page, 40, 60, 60)
    blot = read_blot(page)
    assert [blot.roi] == list(blot.pictures)
    assert (
        np.abs(np.subtract((blot.roi.top, blot.roi.bottom, blot.roi.left, blot.roi.right), (200, 440, 80, 500))).max()
        <= 2
    )
    assert "several_pictures" not in blot.flags
    everything = Window(0, 540, 0, 720)
    assert read_blot(page, roi=everything).roi == everything
    assert read_blot(blot).roi == read_blot(replace(blot, roi=None)).roi == blot.roi


def strips_in_thin_frames():
    """Six strips as clear as the page, in thin grey frames that nearly touch, with ticks, arrows and numbers."""
    page, boxes = np.full((620, 900), 255.0), []
    for col, left in enumerate((90, 520)):
        for k, top in enumerate((60, 124, 248)):
            high = (60, 120, 44)[k]
            strip = grey_strip(high - 4, 276, 3 * col + k, 250)
            page[top : top + high, left : left + 280] = 205
            page[top + 2 : top + high - 2, left + 2 : left + 278] = strip
            boxes.append((top, top + high, left, left + 280))
            for row in (top + 12, top + 34):
                page[row : row + 2, left - 14 : left] = 10  # a tick
                lettering(page, row - 5, left - 40, 2, seed=k)
            for d in range(9):  # the head of an arrow
                page[top + 20 - d : top + 21 + d, left + 281 + d] = 20
        page[330:334, left : left + 270 : 36] = 0
    # Axes and bars of a diagram, and a title in a box.
    page[400:580, 100:103] = 0
    page[580:583, 100:420] = 0
    for k in range(5):
        page[580 - 30 * (k + 1) : 580, 130 + 55 * k : 160 + 55 * k] = (120, 180)[k % 2]
    cv2.rectangle(page, (520, 420), (830, 460), 120.0, 1)
    lettering(page, 434, 560, 20)
    return np.clip(np.rint(page), 0, 255).astype(np.uint8), boxes


def test_strips_as_clear_as_the_page_are_found_by_their_frames():
    page, boxes = strips_in_thin_frames()
    found = [(w.top, w.bottom, w.left, w.right) for w in find_pictures(page)]
    assert len(found) == len(boxes)
    for box in boxes:
        assert min(np.max(np.abs(np.subtract(box, one))) for one in found) <= 4


def test_a_box_that_was_drawn_on_a_membrane_is_no_picture():
    page = np.full((500, 700), 255.0)
    page[60:440, 80:620] = grey_strip(380, 540, 4, 215)
    cv2.rectangle(page, (200, 150), (420, 300), 20.0, 2)
    found = find_pictures(np.clip(page, 0, 255).astype(np.uint8))
    assert [(w.top, w.left) for w in found] == [(60, 80)]


def test_numbers_that_touch_a_strip_do_not_hide_it():
    page, boxes = figure("framed strips on white")
    lettering(page, 361, 200, 30, seed=4)  # right below a frame
    lettering(page, 90, 200, 30, seed=5)
    found = [(w.top, w.bottom, w.left, w.right) for w in find_pictures(page.astype(np.uint8))]
    assert len(found) == 2
    for box in boxes:
        assert min(np.max(np.abs(np.subtract(box, one))) for one in found) <= 4


def test_photographs_beside_blots_are_no_panels():
    page, boxes = figure("strips with labels")
    colours = np.repeat(page[..., None], 3, axis=2)
    rng = np.random.default_rng(0)
    for left in (150, 450):  # tissue in two stains
        part = cv2.GaussianBlur(rng.normal(0, 1, (200, 200, 2)).astype(np.float32), (0, 0), 4)
        part = part / part.std() * 0.3 + 0.5
        stains = np.array([[120, 60, 20], [10, 90, 60]])
        colours[420:620, left : left + 200] = np.clip(240 - part @ stains, 0, 255)
    blot = read_blot(colours)
    assert [w.top for w in blot.pictures] == [top for top, *_ in boxes]
    assert "2 pictures in many colours" in blot.source.metadata["left_out"]
    # In one tint they are films.
    tinted = (np.repeat(page[..., None], 3, axis=2) * np.array([0.7, 0.8, 1.0])).astype(np.uint8)
    assert len(read_blot(tinted).pictures) == len(boxes)


@pytest.mark.parametrize("level", [205, 234])
def test_pale_membranes_on_a_white_bed_are_two_pictures(level):
    """A scan of two membranes, grey or nearly as light as what they lie on, with black beside it."""
    rng = np.random.default_rng(4)
    page = np.full((620, 520), 255.0)
    page[:, :8] = 0
    row, col = np.mgrid[:250, :430].astype(float)
    for top in (40, 310):
        strip = level + rng.normal(0, 1.5, row.shape)
        for x in np.arange(30, 430, 46):
            strip -= 190 * np.exp(-(((row - 120) / 4.0) ** 2) - np.abs((col - x) / 16.0) ** 6)
        page[top : top + 250, 45:475] = strip
    # The membranes do not lie straight: no bar of the bed runs from edge to edge.
    page = cv2.warpAffine(page, cv2.getRotationMatrix2D((260, 310), 2.0, 1.0), (520, 620), borderValue=255)
    found = find_pictures(np.clip(page, 0, 255).astype(np.uint8))
    assert len(found) == 2
    for window, top in zip(found, (40, 310), strict=True):
        edges = (window.top, window.bottom, window.left, window.right)
        np.testing.assert_allclose(edges, (top, top + 250, 45, 475), atol=22)
