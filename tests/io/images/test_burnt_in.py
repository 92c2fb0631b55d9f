"""Text and boxes burned into grey pictures are found, and nothing that light made."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from io_blots import bands, blot8, blot16
from PIL import Image, ImageDraw, ImageFont

from ublot.io.images.burnt_in import find_burnt_in
from ublot.io.images.reading import read_blot


def stamped(levels, level, *, what="2024-05-06 3", smooth=False, box=False):
    out = levels.copy()
    ink = np.zeros(levels.shape, np.uint8)
    line = cv2.LINE_AA if smooth else cv2.LINE_8
    if what:
        cv2.putText(ink, what, (12, levels.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2, line)
    if box:
        cv2.rectangle(ink, (20, 20), (levels.shape[1] - 30, levels.shape[0] // 2), 255, 2)
    share = ink / 255.0
    out = np.rint((1 - share) * out + share * level).astype(levels.dtype)
    return out, ink


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("kind", ["16", "8", "inverted"])
def test_a_time_stamp_is_left_out(kind, smooth):
    levels = {"16": blot16, "8": blot8, "inverted": lambda: 65535 - blot16()}[kind]()
    level = 0 if kind == "inverted" else np.iinfo(levels.dtype).max
    marked, ink = stamped(levels, level, smooth=smooth)
    blot, clean = read_blot(marked), read_blot(levels)
    assert "drawn_over" in blot.flags and "drawn" in blot.source.metadata
    assert blot.valid is not None and blot.valid[ink > 60].mean() < 0.02
    assert blot.valid.mean() > 0.9
    assert blot.saturated is None or not blot.saturated.any()
    assert (blot.polarity, blot.response) == (clean.polarity, clean.response)
    where = blot.valid
    np.testing.assert_allclose(np.ptp(blot.signal[where]), np.ptp(clean.signal), rtol=0.1)


def test_a_box_about_lanes_is_left_out():
    marked, ink = stamped(blot16(), 65535, what="", box=True)
    found = find_burnt_in(marked)
    assert found is not None
    # Where it crosses a lane its sides still touch: it is one stroke.
    assert found[ink > 0].mean() > 0.99


@pytest.mark.parametrize("strength", [30_000.0, 90_000.0, 400_000.0, 2_000_000.0])
def test_bands_that_are_full_are_not_drawn(strength):
    levels = np.clip(np.rint(bands(height=strength)), 0, 65535).astype(np.uint16)
    assert find_burnt_in(levels) is None
    assert find_burnt_in(65535 - levels) is None
    assert find_burnt_in((levels // 257).astype(np.uint8)) is None


def test_hot_pixels_and_specks_are_not_drawn():
    rng = np.random.default_rng(5)
    levels = blot16()
    levels[tuple(rng.integers(0, n, 200) for n in levels.shape)] = 65535
    assert find_burnt_in(levels) is None
    specks = np.zeros(levels.shape, np.float32)
    specks[tuple(rng.integers(0, n, 20) for n in levels.shape)] = 1e6
    spotted = np.clip(levels + cv2.GaussianBlur(specks, (0, 0), 1.2), 0, 65535).astype(np.uint16)
    assert find_burnt_in(spotted) is None


@pytest.mark.parametrize("scale", [0.4, 0.5])
def test_small_letters_that_were_smoothed_are_found(scale):
    levels = blot16(rows=300, cols=400)
    drawn = np.zeros(levels.shape, np.uint8)
    cv2.putText(drawn, "2024-11-28 14:32 exp 30 s", (20, 285), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
    part = 0.8 * drawn / 255.0  # nowhere of the full level
    stamped = np.rint(levels * (1 - part) + 60000 * part).astype(np.uint16)
    found = find_burnt_in(stamped)
    assert found is not None
    assert found[drawn > 150].mean() > 0.9
    assert found.mean() < 0.1
    assert find_burnt_in(levels) is None


@pytest.mark.parametrize("size", [9, 12, 15])
def test_a_line_of_text_is_found_to_its_last_letter(size):
    """Single letters between words, and those that smoothing left without the full level, belong to the line."""
    levels = blot16(rows=300, cols=400)
    ink = Image.new("L", levels.shape[::-1], 0)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(ink).text((12, 278), "2024-11-28 14:32  exp 30.0 s  chemi", fill=255, font=font)
    share = np.asarray(ink) / 255
    found = find_burnt_in(np.rint((1 - share) * levels + share * 65535).astype(np.uint16))
    assert found is not None
    assert found[share > 0.5].mean() > 0.99
    assert found.mean() < 0.1
