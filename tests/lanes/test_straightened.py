"""Lanes cut out along their centre lines."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot, draw

from ublot.lanes.straightened import CORE, core_means, core_width, lane_strip, robust_mean
from ublot.model import Lane, Lanes, Window


def test_strip_of_a_plane_follows_the_centre_line():
    y, x = np.mgrid[0:60, 0:80].astype(np.float32)
    lane = Lane(1, (0.0, 59.0), (20.0, 50.0), 9.0)
    strip = lane_strip(10 * y + x, lane, Window(5, 50, 0, 80), 7)
    rows = np.arange(5, 50)
    expected = 10 * rows[:, None] + lane.centre(rows)[:, None] + np.arange(-3, 4)
    assert strip.shape == (45, 7) and np.abs(strip - expected).max() < 1e-4


def test_strip_of_an_even_number_of_pixels_is_centred():
    x = np.broadcast_to(np.arange(40, dtype=np.float32), (10, 40))
    lane = Lane(1, (0.0,), (20.0,), 6.0)
    assert lane_strip(np.ascontiguousarray(x), lane, Window(0, 10, 0, 40), 6).mean() == pytest.approx(20.0)


def test_beyond_the_image_its_outermost_columns_go_on():
    x = np.ascontiguousarray(np.broadcast_to(np.arange(30, dtype=np.float32), (20, 30)))
    rows = Window(3, 18, 0, 30)
    for centre in (-40.3, -4.0, 1.6, 27.2, 33.5, 80.0):
        lane = Lane(1, (0.0, 19.0), (centre, centre + 4.0), 9.0)
        expected = np.clip(lane.centre(np.arange(3, 18))[:, None] + np.arange(-4, 5), 0, 29)
        assert np.abs(lane_strip(x, lane, rows, 9) - expected).max() < 1e-4
        assert np.abs(lane_strip(x.astype(np.uint8), lane, rows, 9, nearest=True) - expected).max() <= 0.5
    assert (lane_strip(x, Lane(1, (0.0,), (14.5,), 9.0), rows, 50)[:, [0, -1]] == [0, 29]).all()  # wider than the image


def test_masks_stay_masks():
    mask = np.zeros((20, 30), np.uint8)
    mask[:, 10:] = 1
    strip = lane_strip(mask, Lane(1, (0.0,), (10.0,), 6.0), Window(0, 20, 0, 30), 5, nearest=True)
    assert strip.dtype == np.uint8 and strip[0].tolist() == [0, 0, 1, 1, 1]


def test_speck_is_left_out_of_the_mean():
    strip = np.full((6, 20), 100.0, np.float32)
    strip[2, 5] = 5000
    assert robust_mean(strip, np.full(6, 3.0)) == pytest.approx(np.full(6, 100.0))


def test_slanting_band_is_no_speck():
    strip = np.tile(np.linspace(0, 3000, 20, dtype=np.float32), (4, 1))
    assert robust_mean(strip, np.full(4, 5.0)) == pytest.approx(np.full(4, 1500.0))


def test_mean_of_noise_is_unbiased():
    strip = np.random.default_rng(0).normal(100, 10, (4000, 25)).astype(np.float32)
    assert robust_mean(strip, np.full(4000, 10.0)).mean() == pytest.approx(100, abs=0.15)


@pytest.mark.parametrize(("width", "pixels"), [(0.3, 1), (3.0, 2), (40.0, 28)])
def test_core_is_seventy_percent(width, pixels):
    assert CORE == 0.7 and core_width(Lane(1, (0.0,), (0.0,), width)) == pixels


def test_surface_is_in_coordinates_of_the_window():
    drawn = draw()
    window = Window(100, 300, 50, 500)
    lanes = Lanes(drawn.lanes.items[2:4], window, drawn.pitch)
    x = np.broadcast_to(np.arange(50, 500, dtype=np.float32), (200, 450))
    means = core_means(as_blot(drawn.image), lanes, surface=np.ascontiguousarray(x))
    assert np.allclose(means, drawn.centres[2:4][:, None], atol=0.05)


def test_noise_is_averaged_whole_and_specks_of_seven_deviations_are_not():
    """Where the limit is half as high, a fifth of clean rows loses pixels; where it is twice as high, specks count."""
    rng = np.random.default_rng(7)
    clean = rng.normal(100, 10, (3000, 40)).astype(np.float32)
    whole = robust_mean(clean, np.full(3000, 10.0)) - clean.mean(axis=1)
    assert np.mean(np.abs(whole) > 1e-3) < 0.01
    dusty = clean.copy()
    dusty[:, 20] += 70
    assert robust_mean(dusty, np.full(3000, 10.0)).mean() == pytest.approx(100, abs=0.5)
