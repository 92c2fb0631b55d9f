"""Densitometry against heights drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strip_blots import as_blot, curved, draw, lateral_mean, with_dust

from ublot.background.estimation import estimate_background
from ublot.lanes.finding import find_lanes
from ublot.model import Lanes, Window
from ublot.profiles.extraction import extract_profiles


def measured(blot, lanes, method="gutter"):
    return extract_profiles(blot, lanes, estimate_background(blot, lanes, method))


def test_profile_is_the_height_drawn_times_the_width():
    drawn = draw(membrane=curved, slope=0.03, bow=5.0)
    lanes = find_lanes(drawn.blot, 8)
    for i, profile in enumerate(measured(drawn.blot, lanes)):
        assert profile.lane == i + 1 and profile.top == 0 and len(profile.rows) == 400
        expected = drawn.heights[i] * lateral_mean(drawn.edge) * drawn.width
        assert np.abs(profile.signal - expected).mean() < 0.03 * expected.mean()
        assert profile.signal.sum() == pytest.approx(expected.sum(), rel=0.03)


def test_dust_does_not_move_profiles():
    drawn = draw()
    lanes = drawn.lanes
    clean = measured(drawn.blot, lanes)
    # The worst of four draws moves a lane by 0.6 %, this one by 0.3 %.
    dusty = measured(as_blot(with_dust(drawn.image, 120, seed=4)), lanes)
    for a, b in zip(clean, dusty, strict=True):
        assert b.signal.sum() == pytest.approx(a.signal.sum(), rel=0.0075)


def test_noise_is_what_repetitions_scatter_by():
    clean = draw(noise=0.0, cols=1600, lanes=6)
    lanes = clean.lanes
    rng = np.random.default_rng(1)
    many = [measured(as_blot(clean.image + rng.normal(0, 40, clean.image.shape)), lanes, "none") for _ in range(12)]
    raw = np.array([[p.raw for p in ps] for ps in many])
    claimed = np.mean([[p.noise for p in ps] for ps in many], axis=0)
    quiet = slice(320, 400)  # below the bands
    assert np.median(claimed[:, quiet]) == pytest.approx(raw.std(axis=0, ddof=1)[:, quiet].mean(), rel=0.15)


def test_a_band_that_an_outline_cuts_off_may_be_signal():
    drawn = draw(rows=200, cols=300)
    inside = np.ones(drawn.image.shape, bool)
    inside[100:, :50] = False  # of the first lane, with its unmodified band at row 140
    first, *others = measured(drawn.blot, replace(drawn.lanes, inside=inside))
    unsure = np.sqrt((first.modes**2).sum(axis=0))
    assert not first.signal[100:].any()
    band = drawn.heights[0][130:150] * lateral_mean(drawn.edge) * drawn.width
    # The lane's usual row, which it is counted from, holds some smear.
    assert unsure[130:150].sum() == pytest.approx(band.sum(), rel=0.2)
    assert all(p.signal[130:150].sum() > 10 * np.sqrt((p.modes**2).sum(axis=0))[130:150].sum() for p in others)


def test_membrane_edge_holds_no_signal():
    drawn = draw()
    inside = np.ones(drawn.image.shape, bool)
    inside[:60] = False
    image = np.where(inside, drawn.image, 100.0)
    lanes = replace(drawn.lanes, inside=inside)
    for i, profile in enumerate(measured(as_blot(image), lanes)):
        assert not profile.signal[:60].any() and not profile.noise[:60].any() and not profile.modes[:, :60].any()
        expected = drawn.heights[i][60:] * lateral_mean(drawn.edge) * drawn.width
        assert profile.signal[60:].sum() == pytest.approx(expected.sum(), rel=0.04)


def test_saturated_pixels_are_counted_by_row():
    drawn = draw()
    saturated = np.zeros(drawn.image.shape, bool)
    x = round(drawn.centres[2])
    saturated[280, x - 5 : x + 6] = True
    saturated[281, x] = True
    profiles = measured(replace(drawn.blot, saturated=saturated), drawn.lanes)
    assert profiles[2].saturated[[279, 280, 281, 282]].tolist() == [0, 11, 1, 0]
    assert profiles[2].pixels == round(drawn.width)
    assert sum(p.saturated.sum() for p in profiles) == 12


def test_flags_of_lane_and_background_travel_on():
    drawn = draw()
    items = tuple(replace(lane, flags=("edited",)) if lane.number == 3 else lane for lane in drawn.lanes)
    lanes = replace(drawn.lanes, items=items)
    background = estimate_background(drawn.blot, lanes)
    background = replace(background, lane_flags=(("lane_uncertain",),) * 3 + ((),) * 5)
    profiles = extract_profiles(drawn.blot, lanes, background)
    assert profiles[2].flags == ("edited", "lane_uncertain")
    assert profiles[0].flags == ("lane_uncertain",) and profiles[7].flags == ()


def test_no_lanes_no_profiles():
    lanes = Lanes((), Window(0, 400, 0, 560))
    assert measured(draw().blot, lanes) == ()
