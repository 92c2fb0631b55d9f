"""A background that lies above the lane, or off the gaps, is seen, moved or said, on lanes drawn here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_lanes import ROWS, as_profile, rungs, unmodified
from strip_blots import draw

from ublot.background.estimation import estimate_background
from ublot.profiles.extraction import extract_profiles
from ublot.profiles.level_check import (
    UNSURE,
    _smooth_cover,
    compared_with_gap,
    kept_below,
    lane_height,
    within_bounds,
)

AT = np.arange(ROWS)
LANE = unmodified(40_000) + rungs([6000, 4000, 2000])


def drawn(off=0.0, seed=3, noise=4.0):
    """A lane on a membrane of 500, with a background that is `off`."""
    profile = as_profile(LANE, noise=noise, rng=np.random.default_rng(seed))
    return replace(profile, background=profile.background + off)


def test_a_right_background_stays_as_it_is():
    for seed in range(10):
        found = kept_below(drawn(seed=seed))
        assert found.background == pytest.approx(np.full(ROWS, 500.0), abs=4.0)
        assert np.median(found.background) == 500.0
        assert found.off < UNSURE


def test_a_background_above_the_lane_is_lowered_to_it_and_the_interval_holds_it():
    hump = 300 * np.exp(-0.5 * ((AT - 800) / 60) ** 2)
    before = drawn(hump)
    found = kept_below(before)
    assert found.off == pytest.approx(300 / lane_height(before), rel=0.1)
    five = np.convolve(found.signal, np.ones(5) / 5, "valid")
    assert five.min() > -4 * 4.0 / np.sqrt(5) - 2
    moved = before.background - found.background
    assert np.sqrt((found.modes**2).sum(axis=0)) == pytest.approx(moved)
    # Where it was right it stays.
    assert np.abs(moved[:600]).max() < 6


@pytest.mark.parametrize("kind", ["steps", "swings", "at the ends", "beside what was not measured"])
def test_no_five_rows_stay_below_their_background_by_more_than_noise(kind):
    off = {
        "steps": 400.0 * (AT % 97 < 7),
        "swings": 300 * np.sin(AT / 9),
        "at the ends": 500.0 * ((AT < 9) | (AT > ROWS - 12)),
        "beside what was not measured": 200 * np.sin(AT / 15),
    }[kind]
    before = drawn(off)
    if kind.startswith("beside"):
        noise = np.where((AT > 300) & (AT < 420) | (AT > ROWS - 30), 0.0, before.noise)
        before = replace(before, noise=noise)
    found = kept_below(before)
    seen = found.noise > 0
    five = np.convolve(np.where(seen, found.signal, 0.0), np.ones(5) / 5, "valid")
    whole = np.convolve(seen, np.ones(5), "valid") == 5
    assert five[whole].min() > -3.01 * 4.0 / np.sqrt(5)
    assert found.off > 0.01 and (found.background <= before.background).all()
    # Nothing is moved where nothing asks for it.
    assert (found.background[~seen] == before.background[~seen]).all()


def test_a_background_off_the_gaps_is_said_with_its_size():
    lane = drawn(-200.0)  # too low: nothing in the lane itself says so
    gap = np.full(ROWS, 500.0), np.full(ROWS, 2.0)
    assert compared_with_gap(drawn(), *gap).off == 0.0
    found = compared_with_gap(lane, *gap)
    assert found.off == pytest.approx(200 / lane_height(lane), rel=0.05)
    assert (found.background == lane.background).all()
    assert np.sqrt((found.modes**2).sum(axis=0)) == pytest.approx(np.full(ROWS, 200.0), abs=10)


def test_what_is_stated_to_be_uncertain_is_not_said_again():
    known = replace(drawn(-200.0), modes=np.full((1, ROWS), 100.0))
    found = compared_with_gap(known, np.full(ROWS, 500.0), np.full(ROWS, 2.0))
    assert found.off == 0.0 and len(found.modes) == 1


def test_lanes_that_touch_are_flagged_with_the_depth_of_their_gaps():
    for fill, touching in ((0.68, False), (0.92, True)):
        lanes = draw(fill=fill)
        profiles = extract_profiles(lanes.blot, lanes.lanes, estimate_background(lanes.blot, lanes.lanes))
        assert np.mean(["lanes_touching" in p.flags for p in profiles]) == pytest.approx(float(touching), abs=0.15)
        assert all((p.gap_level > 0.2) == ("lanes_touching" in p.flags) for p in profiles)


def test_a_background_that_misses_what_is_seen_is_flagged():
    lanes = draw()
    right = estimate_background(lanes.blot, lanes.lanes)
    wrong = replace(right, level=right.level + 400.0, modes_under=lambda place: right.modes_under(place) * 0.01)
    names = ["background_unsure" in p.flags for p in extract_profiles(lanes.blot, lanes.lanes, wrong)]
    assert all(names)
    assert not any("background_unsure" in p.flags for p in extract_profiles(lanes.blot, lanes.lanes, right))


def test_a_background_beyond_what_is_seen_about_it_is_moved_there_and_said():
    hump = 3000 * np.exp(-0.5 * ((AT - 300) / 60) ** 2) - 3000 * np.exp(-0.5 * ((AT - 900) / 60) ** 2)
    before = drawn(hump)
    low, high = np.full(ROWS, 450.0), np.full(ROWS, 600.0)
    found = within_bounds(before, low, high)
    assert found.background.min() > 449 and found.background.max() < 601
    assert found.off == pytest.approx(2950 / lane_height(before), rel=0.1)
    # As smooth as it was; and no more uncertain by it than the bounds are apart.
    steps = np.abs(np.diff(found.background)).max()
    assert steps < 1.5 * np.abs(np.diff(before.background)).max()
    assert np.abs(found.modes[-1]).max() <= 150
    same = within_bounds(drawn(), low, high)
    assert (same.background == drawn().background).all() and same.off == 0.0


@pytest.mark.parametrize("sigma", [0.1, 2.5, 40.0])
@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_a_cover_is_the_highest_of_the_gaussians_over_all_values(sigma, share):
    rng = np.random.default_rng(8)
    values = np.where(rng.random(60) < share, rng.random(60), 0.0)
    away = np.abs(np.subtract.outer(np.arange(60), np.arange(60)))
    fades = np.exp(-0.5 * (away / max(sigma, 0.3)) ** 2) * (away <= max(round(3 * sigma), 1))
    assert _smooth_cover(values, sigma) == pytest.approx((fades * values).max(axis=1), rel=1e-12)


def test_where_no_band_shows_how_lanes_look_across_it_is_said():
    for blank, expected in (((), False), (tuple(range(1, 9)), True)):
        lanes = draw(blank=blank, smear=0.0)
        profiles = extract_profiles(lanes.blot, lanes.lanes, estimate_background(lanes.blot, lanes.lanes))
        assert ["shape_assumed" in p.flags for p in profiles] == [expected] * 8


def test_what_is_moved_does_not_leave_the_bounds_on_its_other_side():
    before = drawn(1000 * np.exp(-0.5 * ((AT - 500) / 40) ** 2))
    low, high = np.full(ROWS, 490.0), np.full(ROWS, 520.0)
    found = within_bounds(replace(before, width=400.0), low, high)
    assert found.background.min() >= 490.0 and found.background.max() <= 520.0 + 1e-9
