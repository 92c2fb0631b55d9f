from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ladder_lanes import TARGET, UBIQUITIN, calibration, chain_shares, hump_shares, make_lane

from ublot.calibration import row_at
from ublot.ladder import quantify_ladder
from ublot.selfcalibration import calibrate_by_rungs

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
