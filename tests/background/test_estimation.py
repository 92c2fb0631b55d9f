"""What each background keeps of a known smear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strip_blots import as_blot, curved, draw, hmw_rows, lateral_mean, other_model

from ublot.background.estimation import METHODS, estimate_background
from ublot.background.gutters import gutter_levels
from ublot.errors import BlotError
from ublot.io.images.reading import read_blot
from ublot.lanes.finding import find_lanes
from ublot.model import Lanes, Window
from ublot.profiles.extraction import extract_profiles

CLASSICAL = ("rolling-ball", "arpls", "snip")
LANES = {
    "ordinary": {"fill": 0.68},
    "wide": {"fill": 0.84},
    "soft": {"fill": 0.68, "edge": 3.0},
    "curved": {"fill": 0.68, "membrane": curved},
    "wide and curved": {"fill": 0.84, "membrane": curved},
}


def kept(drawn, method, *, lanes=None, blank=()):
    """Share of the true signal above the unmodified band that is left, lane by lane."""
    lanes = find_lanes(drawn.blot, len(drawn.centres), blank=blank) if lanes is None else lanes
    background = estimate_background(drawn.blot, lanes, method, blank=blank)
    rows = hmw_rows(drawn)
    measured = np.array([p.signal[rows].sum() / p.width for p in extract_profiles(drawn.blot, lanes, background)])
    loaded = [i for i in range(len(lanes)) if i + 1 not in blank]
    return (measured / lateral_mean(drawn.edge))[loaded] / drawn.heights[loaded][:, rows].sum(axis=1)


@pytest.mark.parametrize("name", LANES)
def test_gutter_keeps_the_smear(name):
    shares = np.concatenate([kept(draw(smear=0.4, seed=seed, **LANES[name]), "gutter") for seed in range(2)])
    assert 0.97 < np.median(shares) < 1.03
    assert shares.min() > 0.94 and shares.max() < 1.06


def test_gutter_takes_haze_of_a_lane_for_signal_and_leaves_the_smear():
    """Haze is a matter of the ladder's rows below the band; the membrane under it must not move."""
    drawn = draw(haze=300.0, smear=0.4)
    lanes = find_lanes(drawn.blot, 8)
    background = estimate_background(drawn.blot, lanes)
    assert np.abs(background.level - 2000).mean() < 15


@pytest.mark.parametrize("name", ["ordinary", "wide", "curved"])
def test_rolling_ball_does_not_keep_the_smear(name):
    drawn = draw(smear=0.4, **LANES[name])
    gutter, ball = kept(drawn, "gutter"), kept(drawn, "rolling-ball")
    assert np.abs(gutter - 1).mean() < 0.5 * np.abs(ball - 1).mean()


@pytest.mark.parametrize("method", ["arpls", "snip"])
def test_baselines_along_the_lane_eat_the_smear(method):
    assert np.median(kept(draw(smear=0.4), method)) < 0.8


@pytest.mark.parametrize("name", ["standard", "wide", "soft", "membrane"])
def test_gutter_on_blots_of_another_forward_model(name):
    make = other_model()
    raw, rows, truth = make.blot(700, **make.SETS[name])
    blank = [row[0] for row in rows if row[1] == "blank"]
    blot = read_blot(raw)
    lanes = find_lanes(blot, len(rows), blank=blank)
    background = estimate_background(blot, lanes, blank=blank)
    cut = int(make.row_of(make.TARGET + 0.5 * make.UB, raw.shape[0]))
    shares = [
        profile.signal[:cut].sum() / profile.width / lateral_mean(make.SETS[name].get("edge", 6)) / lane["modified"]
        for profile, lane in zip(extract_profiles(blot, lanes, background), truth["lanes"], strict=True)
        if lane["role"] in ("vehicle", "sample")
    ]
    assert 0.97 < np.median(shares) < 1.03


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_background_of_the_right_form(method):
    drawn = draw(blank=(8,))
    lanes = find_lanes(drawn.blot, 8, blank=(8,))
    background = estimate_background(drawn.blot, lanes, method, blank=(8,))
    assert background.method == method
    assert background.level.shape == (8, 400)
    assert background.modes.shape[1:] == (8, 400)
    assert background.haze.shape == (8,)
    assert np.isfinite(background.level).all() and np.isfinite(background.modes).all()
    assert ("smear_at_risk" in background.flags) == (method in CLASSICAL)


def test_blank_lane_shows_an_even_membrane():
    drawn = draw(blank=(8,), haze=0.0)
    background = estimate_background(drawn.blot, drawn.lanes, "blank-lane", blank=(8,))
    assert np.abs(background.level - 2000).max() < 20


def test_none_takes_nothing_off():
    drawn = draw()
    assert not estimate_background(drawn.blot, drawn.lanes, "none").level.any()


def test_blank_lane_needs_one():
    drawn = draw()
    with pytest.raises(BlotError, match="role blank"):
        estimate_background(drawn.blot, drawn.lanes, "blank-lane")


def test_unknown_method_lists_the_known():
    drawn = draw()
    with pytest.raises(BlotError) as error:
        estimate_background(drawn.blot, drawn.lanes, "bowling")
    assert "bowling" in str(error.value) and all(name in str(error.value) for name in METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_no_lanes_no_background(method):
    background = estimate_background(draw().blot, Lanes((), Window(0, 400, 0, 560)), method)
    assert background.level.shape == (0, 400)


def test_blank_lane_makes_the_gutter_surer_where_lanes_are_wide():
    drawn = draw(fill=0.9, membrane=curved, blank=(4,), smear=0.4)
    lanes = drawn.lanes
    told, untold = (
        np.linalg.norm(estimate_background(drawn.blot, lanes, blank=b).modes, axis=0)[3].mean() for b in ((4,), ())
    )
    assert told < 0.8 * untold


def test_modes_say_how_far_the_gutter_background_may_be_off():
    ratios = []
    for seed in range(12):
        drawn = draw(seed=seed, fill=0.75)
        background = estimate_background(drawn.blot, drawn.lanes)
        sd = np.sqrt((background.modes**2).sum(axis=0))
        rows = np.arange(400)
        under = np.array([drawn.membrane[rows, np.round(drawn.centre(i, rows)).astype(int)] for i in range(8)])
        ratios.append((background.level - under) / sd)
    assert 0.65 < np.sqrt(np.mean(np.square(ratios))) < 1.5


def test_plain_gutters_show_an_even_membrane():
    drawn = draw(fill=0.6)
    assert np.abs(gutter_levels(drawn.blot, drawn.lanes) - 2000).mean() < 20


def test_single_lane_given_by_a_person():
    drawn = draw(lanes=1, fill=0.3, smear=0.4)
    lanes = Lanes(drawn.lanes.items, drawn.lanes.window, 0.0)
    assert kept(drawn, "gutter", lanes=lanes)[0] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("method", ["gutter", "rolling-ball", "blank-lane", "none"])
def test_lanes_that_leave_the_picture_hold_nothing(method):
    drawn = draw()
    far = replace(drawn.lanes[7], xs=tuple(x + 300 for x in drawn.lanes[7].xs))
    lanes = replace(drawn.lanes, items=(*drawn.lanes.items[:7], far))
    profiles = extract_profiles(drawn.blot, lanes, estimate_background(drawn.blot, lanes, method, blank=(1,)))
    assert not profiles[7].signal.any()
    assert all(np.isfinite(p.signal).all() for p in profiles)


def test_lanes_of_which_only_some_are_listed_keep_their_smear():
    drawn = draw(smear=0.6, seed=2)
    lanes = Lanes(drawn.lanes.items[2:5], drawn.lanes.window, drawn.pitch)
    shares = []
    background = estimate_background(
        as_blot(drawn.image),
        Lanes(tuple(replace(lane, number=i + 1) for i, lane in enumerate(lanes)), lanes.window, lanes.pitch),
    )
    for i, level in enumerate(background.level):
        shares.append(1 - (level - 2000)[hmw_rows(drawn)].sum() / drawn.heights[2 + i][hmw_rows(drawn)].sum())
    assert min(shares) > 0.9 and max(shares) < 1.1
