"""Areas, fractions and ubiquitin numbers of lanes whose truth is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_lanes import (
    CALIBRATION,
    MASSES,
    ROWS,
    TARGET,
    UBIQUITIN,
    as_profile,
    band,
    mass_of,
    row_of,
    rungs,
    smear,
    unmodified,
)

from ublot.ladder.cut import quantify_ladder
from ublot.ladder.regions import Nominal, areas_of, share_of_rows
from ublot.model import Calibration
from ublot.reference.proteins import CIAP1
from ublot.reference.proteins import UBIQUITIN as UBIQUITIN_PROTEIN

BORDER = float(row_of(TARGET + 0.5 * UBIQUITIN))


def quantify(*signals, calibration=CALIBRATION, noise=1e-3, modes=None, rng=None, saturated=None, **options):
    profiles = [
        as_profile(s, i, noise=noise, modes=modes, rng=rng, saturated=saturated) for i, s in enumerate(signals, 1)
    ]
    return quantify_ladder(profiles, calibration, **{"target": TARGET, "modifier": UBIQUITIN, **options})


# ------------------------------------------------------------------------------------------------------------- areas
def test_areas_of_bands_and_rungs():
    (lane,) = quantify(unmodified(5000) + rungs([900, 700, 500, 300]) + band(650, row_of(40)))
    assert lane.unmodified == pytest.approx(5000, rel=1e-3)
    assert lane.hmw == pytest.approx(2400, rel=1e-3)
    assert lane.total == pytest.approx(8050, rel=1e-3)
    assert lane.well == 0.0
    assert lane.target_row == pytest.approx(row_of(TARGET), abs=0.1)
    assert lane.boundary_row == pytest.approx(BORDER, abs=0.1)
    assert mass_of(lane.low_row) == pytest.approx(TARGET - 0.5 * UBIQUITIN, rel=1e-3)


def test_a_row_counts_by_its_share():
    """Half-open rows that reach half a pixel up and down: an even signal is cut where the border says."""
    profile = as_profile(np.full(ROWS, 2.0))
    shares = [share_of_rows(profile, 99.5, 104.5), share_of_rows(profile, 99.5, 104.75), share_of_rows(profile, 3, 3)]
    area, _ = areas_of(profile, shares)
    assert area == pytest.approx([10.0, 10.5, 0.0])
    first, second = share_of_rows(profile, -0.5, 311.3), share_of_rows(profile, 311.3, 999.5)
    assert first + second == pytest.approx(np.ones(ROWS))


def test_covariance_is_that_of_noise_and_background():
    rng = np.random.default_rng(0)
    modes = np.stack([np.full(ROWS, 0.4), 0.3 * np.sin(np.arange(ROWS) / 120)])
    regions = [share_of_rows(as_profile(np.zeros(ROWS)), a, b) for a, b in ((100, 400.3), (400.3, 480.2), (20, 100))]
    drawn = np.array(
        [areas_of(as_profile(np.zeros(ROWS), noise=2.0, modes=modes, rng=rng), regions)[0] for _ in range(4000)]
    )
    _, covariance = areas_of(as_profile(np.zeros(ROWS), noise=2.0, modes=modes), regions)
    assert np.cov(drawn.T) == pytest.approx(covariance, rel=0.1, abs=0.05 * covariance.max())


@pytest.mark.parametrize("sigma", [4.0, 8.0, 10.0, 12.0])
def test_the_interval_of_a_plain_cut_holds_what_bands_overlap(sigma):
    (lane,) = quantify(unmodified(5000, 0, sigma) + rungs([900, 700, 500, 300], 0, sigma), leak={1: 0.01})
    error, sd = lane.hmw - 2400, np.sqrt(lane.covariance[1, 1])
    assert abs(error) < 1.96 * sd
    assert (abs(error) > 10) == (sigma > 5)  # it is a real error, where bands are broad
    assert (sd < 0.006 * 2400) == (sigma < 5)
    # What one side has too much the other lacks.
    assert np.sqrt(lane.covariance[:2, :2].sum()) < 0.006 * 2400


def test_smear_in_the_gutters_is_less_sure():
    signal = unmodified(5000) + rungs([900, 700])
    tight, leaky = (np.sqrt(quantify(signal, leak={1: leak})[0].covariance[1, 1]) / 1600 for leak in (0.0, 0.5))
    assert tight == pytest.approx(0.003, rel=0.2) and leaky == pytest.approx(0.013, rel=0.1)


def test_a_negative_area_stays_negative():
    lanes = quantify(*[unmodified(5000) + rungs([800])] * 3, unmodified(5000) + smear(-400, 300, 80))
    assert lanes[3].hmw == pytest.approx(-400, rel=0.02)
    assert "no_signal" not in lanes[3].flags


def test_scaling_scales_areas_and_leaves_the_rest():
    signal = unmodified(5000) + rungs([900, 700, 500]) + smear(1500, 200, 80)
    (one,), (two,) = quantify(signal), quantify(7.0 * signal)
    assert [two.unmodified, two.hmw, two.total] == pytest.approx([7 * one.unmodified, 7 * one.hmw, 7 * one.total])
    assert [two.mean_ubiquitins.value, two.half_mass, *two.shares] == pytest.approx(
        [one.mean_ubiquitins.value, one.half_mass, *one.shares]
    )


def test_each_lane_is_cut_by_its_own_shift():
    """A smile of +-12 rows: without an anchor on each lane's own band, 12 rows would move rungs across the border."""
    shifts = 12 * np.linspace(-1, 1, 7) ** 2
    lanes = quantify(*[unmodified(5000, s) + rungs([900, 700], s) + smear(800, 200, 78.7, s) for s in shifts])
    assert [lane.hmw / (lane.hmw + lane.unmodified) for lane in lanes] == pytest.approx([2400 / 7400] * 7, abs=2e-3)
    assert [lane.target_row - row_of(TARGET) for lane in lanes] == pytest.approx(shifts, abs=0.5)


def test_permuted_lanes_are_permuted_results():
    signals = [unmodified(4000) + rungs([h, 0.5 * h]) + level for h, level in ((300, 3), (2000, 9), (900, 0), (50, 6))]
    order = [2, 0, 3, 1]
    straight = quantify(*signals, x=range(4))
    mixed = quantify(*[signals[i] for i in order], x=order)
    assert [lane.hmw for lane in mixed] == pytest.approx([straight[i].hmw for i in order], rel=1e-9)


# -------------------------------------------------------------------------------------------------- haze, wells, cuts
def test_haze_is_removed_with_fragments_present():
    truth = [0.0, 6.0, 12.0, 18.0, 3.0]
    pieces = band(1500, 640) + band(900, 800)
    signals = [unmodified(5000) + rungs([900, 600]) + pieces + level for level in truth]
    lanes = quantify(*signals, noise=1.0, rng=np.random.default_rng(1))
    assert [lane.haze for lane in lanes] == pytest.approx(truth, abs=0.4)
    assert [lane.hmw for lane in lanes] == pytest.approx([1500] * 5, abs=150)
    assert [lane.unmodified for lane in lanes] == pytest.approx([5000] * 5, rel=0.02)
    assert ["haze_removed" in lane.flags for lane in lanes] == [False, True, True, True, True]


def test_what_sits_in_the_well_is_reported_apart():
    signals = [unmodified(5000) + smear(2000, 180, 80) + band(w, 12, 3) for w in (1500, 1800, 0, 2500)]
    lanes = quantify(*signals, noise=1.0, rng=np.random.default_rng(2))
    assert [lane.hmw for lane in lanes] == pytest.approx([2000] * 4, abs=100)
    assert [lane.well for lane in lanes] == pytest.approx([1500, 1800, 0, 2500], abs=60)
    assert ["well_signal" in lane.flags for lane in lanes] == [True, True, False, True]
    assert all(lane.top_row < lane.well_row < 40 for lane in lanes)


def test_signal_at_the_top_without_a_well_is_said():
    to_the_top = unmodified(5000) + smear(6000, 400, 80)
    assert row_of(400) < 0
    (lane,) = quantify(to_the_top, noise=1.0, rng=np.random.default_rng(3))
    assert "well_assumed" in lane.flags
    assert lane.well_row == lane.top_row == -0.5
    (lane,) = quantify(unmodified(5000) + smear(2000, 200, 80), noise=1.0, rng=np.random.default_rng(3))
    assert "well_assumed" not in lane.flags


def test_signal_beyond_the_top_marker_is_flagged_where_it_matters():
    above = unmodified(5000) + band(700, row_of(280))
    within = unmodified(5000) + band(700, row_of(200))
    assert ["above_marker" in lane.flags for lane in quantify(above, within, noise=0.5)] == [True, False]


def test_a_boundary_moved_by_hand_cuts_there():
    signal = np.full(ROWS, 0.0)
    signal[300:520] = 10.0
    signal = signal + unmodified(5000)
    row = row_of(TARGET + 1.5 * UBIQUITIN)
    first, second = quantify(signal, signal, boundary_rows={2: row})
    moved = first.hmw - second.hmw
    assert moved == pytest.approx(10 * (first.boundary_row - row), rel=2e-3)
    assert "edited" in second.flags and "edited" not in first.flags
    assert second.boundary_row == row


# ------------------------------------------------------------------------------------------------- masses and numbers
def test_ubiquitin_numbers_of_known_rungs():
    areas = [900, 700, 500, 300, 200, 100]
    (lane,) = quantify(unmodified(5000, sigma=2.0) + rungs(areas, sigma=2.0))
    whole = 5000 + sum(areas)
    assert lane.mean_ubiquitins.value == pytest.approx(sum(n * a for n, a in enumerate(areas, 1)) / whole, rel=2e-3)
    assert lane.shares == pytest.approx([2100 / whole, 600 / whole, 0], abs=1e-3)
    assert [s.n for s in lane.species][:4] == [0, 1, 2, 3]
    assert [s.area.value for s in lane.species[:7]] == pytest.approx([5000, *areas], rel=5e-3)
    assert [s.mass_kda for s in lane.species[:3]] == pytest.approx([69.9, 78.465, 87.03])
    assert [s.row_px for s in lane.species[:3]] == pytest.approx(row_of(np.array([69.9, 78.465, 87.03])), abs=0.3)
    assert sum(s.share for s in lane.species) == pytest.approx(1.0)
    assert {s.kind for s in lane.species} <= {"rung", "smear"}


def test_half_mass_of_an_even_smear():
    (lane,) = quantify(unmodified(5000) + smear(3000, 200, 80))
    assert lane.half_mass == pytest.approx(mass_of(0.5 * (row_of(200) + row_of(80))), rel=0.01)


def test_anti_modifier_signal_counts_ubiquitins():
    """A molecule with n of them shines n times as bright, and the unmodified one not at all."""
    molecules = np.array([40.0, 30.0, 20.0, 10.0])
    signal = rungs(molecules * np.arange(1, 5), sigma=2.0) + band(900, row_of(26))
    (lane,) = quantify(signal, antibody="modifier")
    assert np.isnan(lane.unmodified)
    assert lane.hmw == pytest.approx((molecules * np.arange(1, 5)).sum(), rel=0.01)
    assert lane.mean_ubiquitins.value == pytest.approx((molecules * np.arange(1, 5)).sum() / molecules.sum(), rel=0.01)
    assert lane.species[0].n == 1
    assert lane.target_row == pytest.approx(row_of(TARGET), abs=0.1)


def test_another_modifier_moves_the_cut():
    sumo = 11.5
    (lane,) = quantify(unmodified(5000) + band(700, row_of(TARGET + sumo)), modifier=sumo)
    assert mass_of(lane.boundary_row) == pytest.approx(TARGET + 0.5 * sumo, rel=1e-3)
    assert lane.mean_ubiquitins.value == pytest.approx(700 / 5700, rel=0.02)


def test_proteins_or_masses():
    signal = unmodified(5000) + rungs([700])
    named = quantify(signal, target=CIAP1, modifier=UBIQUITIN_PROTEIN)
    massed = quantify(signal, target=CIAP1.mass_kda, modifier=UBIQUITIN_PROTEIN.mass_kda)
    assert named[0].hmw == massed[0].hmw


def test_without_masses_hmw_starts_above_the_unmodified_band():
    (lane,) = quantify(unmodified(5000) + rungs([900, 700, 500]), calibration=None)
    assert "no_calibration" in lane.flags
    assert lane.unmodified == pytest.approx(5000, rel=0.02)
    assert lane.hmw == pytest.approx(2100, rel=0.03)
    assert not len(lane.species) and np.isnan(lane.half_mass) and np.isnan(lane.mean_ubiquitins.value)


def test_a_calibration_of_two_bands_will_do():
    two = Calibration((CALIBRATION.rows[0], CALIBRATION.rows[-1]), (MASSES[0], MASSES[-1]))
    (lane,) = quantify(unmodified(5000) + rungs([900]), calibration=two)
    assert lane.hmw == pytest.approx(900, rel=5e-3)


# ---------------------------------------------------------------------------------------------- gates of single lanes
@pytest.mark.parametrize(
    ("per_row", "rows", "flags"),
    [
        (0, 0, set()),
        (3, 3, set()),  # 9 pixels are dirt
        (10, 1, {"saturated"}),  # 10 of more than 1000 bright ones
        (40, 3, {"saturated", "saturated_heavily"}),
    ],
)
def test_saturation(per_row, rows, flags):
    broad = 30.0  # rows of at least half height: 2.355 * 12
    seen = np.zeros(ROWS, int)
    at = round(float(row_of(TARGET)))
    seen[at : at + rows] = per_row
    (lane,) = quantify(unmodified(9000, sigma=12.0), saturated=seen)
    assert {f for f in lane.flags if f.startswith("saturated")} == flags
    assert lane.saturated_share == pytest.approx(per_row * rows / (2.355 * 12 * 40), rel=0.15)
    assert per_row * rows / (broad * 40) < 0.2


def test_saturation_elsewhere_does_not_matter():
    seen = np.zeros(ROWS, int)
    seen[850:870] = 40  # a degradation product
    (lane,) = quantify(unmodified(9000) + band(90_000, 860), saturated=seen)
    assert not {f for f in lane.flags if f.startswith("saturated")}


def test_saturated_smear_counts_as_well_as_a_saturated_band():
    seen = np.zeros(ROWS, int)
    seen[round(float(row_of(120)))] = 40
    (lane,) = quantify(unmodified(9000) + band(5000, row_of(120), 9.0), saturated=seen)
    assert "saturated_heavily" in lane.flags


def test_no_signal_at_the_nominal_rate():
    """Empty lanes are called empty in all but the 2.5 % that noise lifts above its own interval."""
    rng = np.random.default_rng(4)
    full = unmodified(5000) + rungs([900])
    empty = quantify(*[np.zeros(ROWS)] * 400, full, noise=2.0, rng=rng)
    assert "no_signal" not in empty[-1].flags
    share = np.mean(["no_signal" in lane.flags for lane in empty[:-1]])
    assert 0.94 < share < 1.0
    assert all(not len(lane.species) for lane in empty if "no_signal" in lane.flags)


def test_lanes_that_hold_no_target_have_areas_and_no_flags_about_it():
    signals = [unmodified(5000) + rungs([900]), np.zeros(ROWS), sum(band(3000, row_of(m)) for m in MASSES)]
    lanes = quantify(*signals, noise=1.0, rng=np.random.default_rng(5), loaded=(1,))
    assert lanes[1].flags == () and lanes[2].flags == ()
    assert abs(lanes[1].total) < 300
    assert lanes[2].total == pytest.approx(8 * 3000, rel=0.03)


def test_no_lanes():
    assert quantify_ladder((), CALIBRATION) == ()


# --------------------------------------------------------------------------------------------------------- intervals
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Noise and background errors drawn as the profile states them: 95 % of the intervals hold the truth."""
    from ublot.scoring.ratios import fraction_of, normal_interval

    rng = np.random.default_rng(6)
    modes = np.stack([0.5 * np.cos(np.arange(ROWS) / 300), 0.4 * np.sin(np.arange(ROWS) / 170)])
    clean = unmodified(5000) + rungs([700, 500, 300]) + smear(1000, 240, 95)
    (exact,) = quantify(clean)
    truth_fraction, truth_mean = exact.hmw / (exact.hmw + exact.unmodified), exact.mean_ubiquitins.value
    assert truth_fraction == pytest.approx(2500 / 7500, rel=2e-3)
    held = {"fraction": [], "mean": [], "species": []}
    for _ in range(400):
        (lane,) = quantify(clean, noise=3.0, modes=modes, rng=rng)
        fraction = normal_interval(fraction_of(lane))
        held["fraction"].append(fraction.low <= truth_fraction <= fraction.high)
        held["mean"].append(lane.mean_ubiquitins.low <= truth_mean <= lane.mean_ubiquitins.high)
        held["species"].append(lane.species[2].area.low <= exact.species[2].area.value <= lane.species[2].area.high)
    for name, hits in held.items():
        assert 0.92 < np.mean(hits) < 0.98, name


def test_what_lies_one_modifier_below_the_band_is_not_taken_for_an_empty_lane():
    """A fragment that lost as much as one modifier, three standard deviations of it, is above where lanes are empty."""
    calibration = Calibration(tuple(float(row_of(m)) for m in (250, 100, 50, 25)), (250.0, 100.0, 50.0, 25.0))
    nominal = Nominal.of(calibration, TARGET, UBIQUITIN)
    fragment, width = (
        float(row_of(TARGET - UBIQUITIN)),
        0.12 * (float(row_of(TARGET)) - float(row_of(TARGET + UBIQUITIN))),
    )
    assert fragment + 3 * width < nominal.empty < float(row_of(TARGET - 2 * UBIQUITIN))
