"""Pictures on a page: each must be found where it was put, and a blot alone must not be taken for several."""

from __future__ import annotations

import numpy as np
import pytest
from io_blots import blot16

from ublot import BlotError, read_blot
from ublot.io.images.pictures import find_pictures


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
    return np.clip(np.rint(page), 0, 255).astype(np.uint8), boxes


KINDS = ("strips with labels", "framed strips on white", "films on a scanner", "two membranes on a black bed")


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_found_where_it_was_put(kind):
    page, boxes = figure(kind)
    found = [(w.top, w.bottom, w.left, w.right) for w in find_pictures(page)]
    assert len(found) == len(boxes)
    for box in boxes:
        assert min(np.max(np.abs(np.subtract(box, one))) for one in found) <= 3
    blot = read_blot(page)
    assert "several_pictures" in blot.flags and len(blot.pictures) == len(boxes)


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
