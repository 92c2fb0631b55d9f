from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ladder_lanes import TARGET, UBIQUITIN, calibration, chain_shares, hump_shares, make_lane

from ublot.ladder.cut import quantify_ladder
from ublot.ladder.fit.all_lanes import fit_ladders
from ublot.ladder.rung_calibration import calibrate_by_rungs, rungs_hold
from ublot.mass.scale import row_at

ONE_BAND = Path(__file__).parents[2] / "../shared/real_blots/two_colour/5xcgg_wt_h3.png"
MASSES = {"target_kda": TARGET, "modifier_kda": UBIQUITIN}


def ladder_lanes(seed, resolved=0.9, count=6, **more):
    rng = np.random.default_rng(seed)
    profiles = [
        make_lane(chain_shares(rng.uniform(0.2, 0.6), rng.uniform(0.75, 0.85)), resolved, rng, number=k + 1, **more)
        for k in range(count)
    ]
    return quantify_ladder(profiles)


@pytest.mark.parametrize("stretch", [1.0, 1.6, 0.8])
def test_rungs_are_counted_whatever_their_spacing(stretch):
    # A modifier of another mass on the same gel: its mass is given, so the ruler's marks must be its own.
    found = calibrate_by_rungs(
        ladder_lanes(1, stretch=stretch, sigma=3.0), target_kda=TARGET, modifier_kda=stretch * UBIQUITIN
    )
    assert found is not None
    assert (found.kind, found.flags) == ("rungs", ("self_calibrated",))
    masses = TARGET + stretch * UBIQUITIN * np.arange(4)
    truth = row_at(calibration(), masses)
    spacing = truth[2] - truth[3]
    assert np.abs(row_at(found, masses) - truth).max() < 0.15 * spacing


def test_every_lanes_own_shift_is_allowed_for():
    ladders = list(ladder_lanes(2))
    moved = []
    for k, ladder in enumerate(ladders):
        rows = np.arange(700) - 6.0 * (k - 2)
        p = ladder.profile
        moved.append(replace(p, raw=np.interp(rows, np.arange(700), p.raw)))
    found = calibrate_by_rungs(quantify_ladder(moved, x=range(6)), **MASSES)
    assert found is not None
    steps = np.diff(row_at(found, TARGET + UBIQUITIN * np.arange(4)))
    truth = np.diff(row_at(calibration(), TARGET + UBIQUITIN * np.arange(4)))
    assert steps == pytest.approx(truth, abs=1.5)


def test_no_ruler_without_rungs():
    rng = np.random.default_rng(3)
    smears = [make_lane(hump_shares(0.5, 8, 3.5), 0.0, rng, number=k + 1) for k in range(6)]
    bare = [make_lane(np.array([1.0]), 1.0, rng, number=k + 1) for k in range(6)]
    for profiles in (smears, bare):
        assert calibrate_by_rungs(quantify_ladder(profiles), **MASSES) is None
    assert calibrate_by_rungs([], **MASSES) is None


def ruled(profiles):
    """Lanes fitted by the ruler that they were drawn with, as if it had been found."""
    ruler = replace(calibration(), kind="rungs")
    return fit_ladders(quantify_ladder(profiles, ruler, target=TARGET, modifier=UBIQUITIN), ruler, **MASSES)


def one_band(rng, count=6):
    return [make_lane(np.array([1.0]), 1.0, rng, number=k + 1) for k in range(count)]


def noise_only(rng, count=6):
    lanes = one_band(rng, count)
    return [replace(p, raw=rng.normal(0.0, 1.0, len(p.raw)) * p.noise + p.background) for p in lanes]


@pytest.mark.parametrize("draw", [one_band, noise_only])
def test_a_ruler_is_not_borne_out_by_lanes_without_rungs(draw):
    for seed in range(4):
        assert not rungs_hold(ruled(draw(np.random.default_rng(seed))))


def test_a_ruler_is_borne_out_by_rungs():
    assert rungs_hold(ruled([k.profile for k in ladder_lanes(5)]))


def test_two_rungs_bear_out_nothing():
    rng = np.random.default_rng(6)
    assert not rungs_hold(ruled([make_lane(np.array([0.6, 0.25, 0.15]), 1.0, rng, number=k + 1) for k in range(6)]))


def test_signal_above_rungs_is_not_above_a_marker():
    profiles = [k.profile for k in ladder_lanes(7)]
    short = replace(calibration(), rows=calibration().rows[-4:], masses=calibration().masses[-4:])
    by_marker = quantify_ladder(profiles, short, target=TARGET, modifier=UBIQUITIN)
    by_rungs = quantify_ladder(profiles, replace(short, kind="rungs"), target=TARGET, modifier=UBIQUITIN)
    assert all("above_marker" in k.flags for k in by_marker)
    assert not any("above_marker" in k.flags for k in by_rungs)


@pytest.mark.skipif(not ONE_BAND.exists(), reason="the blot of histone H3 is not beside the project")
def test_one_band_per_lane_of_a_real_blot_gives_no_scale():
    import ublot

    found = ublot.analyze(ONE_BAND)
    assert found.calibration is None
    assert not any("self_calibrated" in k.flags for k in found.ladders)
    assert all(k.resolved_to is None for k in found.ladders)
