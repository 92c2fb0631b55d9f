"""Turning and regions: a mark at a known place must land where trigonometry says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from io_blots import blot16

from ublot import BlotError, Window, read_blot

LEVELS = blot16()
SATURATED = LEVELS.copy()
SATURATED[100:104, 200:206] = 65535


def test_quarter_turns_are_exact():
    for degrees, k in ((90, 1), (-90, 3), (180, 2), (270, 3), (450, 1)):
        blot = read_blot(SATURATED, rotate=degrees)
        np.testing.assert_array_equal(blot.signal, np.rot90(SATURATED, k))
        np.testing.assert_array_equal(blot.saturated, np.rot90(SATURATED == 65535, k))
        assert blot.valid is None
        assert blot.rotate == degrees


def test_whole_turns_do_nothing():
    np.testing.assert_array_equal(read_blot(LEVELS, rotate=360).signal, LEVELS)


@pytest.mark.parametrize("degrees", [7.0, -12.5, 33.0, 100.0])
def test_marks_turn_counter_clockwise_about_the_centre(degrees):
    rows, cols = LEVELS.shape
    levels = np.full(LEVELS.shape, 1000.0, np.float32)
    levels[59:62, 79:82] = 50000
    levels[200:203, 250:253] = 30000
    blot = read_blot(levels, rotate=degrees, polarity="light-on-dark")
    a = math.radians(degrees)
    new_rows, new_cols = blot.shape
    assert new_rows == pytest.approx(rows * abs(math.cos(a)) + cols * abs(math.sin(a)), abs=1)
    assert new_cols == pytest.approx(cols * abs(math.cos(a)) + rows * abs(math.sin(a)), abs=1)
    for row, col, low in ((60, 80, 35000), (201, 251, 20000)):
        up, right = (rows - 1) / 2 - row, col - (cols - 1) / 2
        expected_right = right * math.cos(a) - up * math.sin(a)
        expected_up = right * math.sin(a) + up * math.cos(a)
        near = (blot.signal > low) & (blot.signal < (low + 16000))
        r, c = np.nonzero(near if low == 20000 else blot.signal > low)
        if low == 20000:
            keep = np.hypot(r - ((new_rows - 1) / 2 - expected_up), c - ((new_cols - 1) / 2 + expected_right)) < 4
            r, c = r[keep], c[keep]
        assert r.mean() == pytest.approx((new_rows - 1) / 2 - expected_up, abs=0.4)
        assert c.mean() == pytest.approx((new_cols - 1) / 2 + expected_right, abs=0.4)


def test_the_added_corners_are_not_valid():
    blot = read_blot(LEVELS, rotate=10)
    assert blot.valid is not None
    assert blot.valid.sum() == pytest.approx(LEVELS.size, rel=0.02)
    assert not any(blot.valid[r, c] for r in (0, -1) for c in (0, -1))
    # What is valid holds the picture: the total is kept.
    assert blot.signal[blot.valid].sum(dtype=float) == pytest.approx(LEVELS.sum(dtype=float), rel=0.02)


def test_whatever_touches_saturation_is_saturated():
    blot = read_blot(SATURATED, rotate=13)
    assert blot.saturated is not None
    assert 24 < blot.saturated.sum() < 80
    assert (blot.signal[blot.saturated] > LEVELS[90:110, 190:210].min()).all()
    assert blot.signal[~blot.saturated].max() < 40000


def test_the_region_counts_in_the_turned_picture():
    roi = Window(10, 310, 20, 230)
    blot = read_blot(LEVELS, rotate=90, roi=roi)
    assert blot.shape == (320, 240)
    assert blot.window == roi
    with pytest.raises(BlotError, match="after rotation"):
        read_blot(LEVELS, roi=roi)


def test_mirrored_before_it_is_turned_and_counted_in_that():
    blot = read_blot(SATURATED, mirror=True)
    np.testing.assert_array_equal(blot.signal, SATURATED[:, ::-1])
    np.testing.assert_array_equal(blot.saturated, SATURATED[:, ::-1] == 65535)
    assert blot.mirror
    turned = read_blot(SATURATED, mirror=True, rotate=90, roi=Window(10, 40, 20, 90))
    np.testing.assert_array_equal(turned.signal, np.rot90(SATURATED[:, ::-1]))
    np.testing.assert_array_equal(read_blot(blot, rotate=90).signal, turned.signal)
    np.testing.assert_array_equal(read_blot(blot, mirror=True).signal, blot.signal)
    np.testing.assert_array_equal(read_blot(read_blot(SATURATED), mirror=True).signal, blot.signal)
