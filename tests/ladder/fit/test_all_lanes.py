from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ladder_lanes import (
    TARGET,
    UBIQUITIN,
    calibration,
    chain_shares,
    cut_lanes,
    hump_shares,
    make_lane,
)
from scipy.stats import exponnorm

from ublot.ladder.fit.all_lanes import fit_ladders
from ublot.ladder.fit.band_shape import shape_bands
from ublot.numerics.nonnegative import scaled_inverse
from ublot.profiles.drift import BaselineDrift, measure_drift

MASSES = {"target_kda": TARGET, "modifier_kda": UBIQUITIN}


def fit(ladders, scale=1.0, **more):
    return fit_ladders(ladders, calibration(scale), **MASSES, **more)


def fraction(ladder):
    u, h = ladder.unmodified, ladder.hmw
    slope = np.array([-h, u]) / (h + u) ** 2
    return h / (h + u), float(np.sqrt(slope @ ladder.covariance[:2, :2] @ slope))


def by_number(ladder):
    shares = {}
    for s in ladder.species:
        shares[s.n] = shares.get(s.n, 0.0) + s.share
    return shares


def some_lanes(rng, count=6, chain=(0.6, 0.85), resolved=None, **more):
    """Lanes with falling resolution, and the true shares of each."""
    profiles, truths = [], []
    for k in range(count):
        shares = chain_shares(rng.uniform(0.1, 0.7), rng.uniform(*chain))
        r = np.clip(1.05 - 0.09 * np.arange(len(shares)), 0, 1) if resolved is None else resolved
        profiles.append(make_lane(shares, r, rng, number=k + 1, **more))
        truths.append((shares, np.broadcast_to(r, shares.shape)))
    return profiles, truths


# ------------------------------------------------------------------------------------------------------------- shapes
@pytest.mark.parametrize("skewness", [-0.9, -0.2, 0.3, 1.2])
def test_band_is_an_exponentially_modified_gaussian(skewness):
    rows = np.arange(200.0)
    a = np.cbrt(abs(skewness) / 2)
    gauss, k = 5 * np.sqrt(1 - a * a), a / np.sqrt(1 - a * a)
    truth = exponnorm.pdf((rows - 100) * np.sign(skewness), k, loc=-5 * a, scale=gauss)
    band = shape_bands(rows, np.array([100.0]), np.array([5.0]), skewness)
    assert np.abs(band.curves[0] - truth).max() < 1e-3 * truth.max()


def test_band_derivatives_are_those_of_the_curve():
    rows, at, width = np.arange(200.0), np.array([100.3]), np.array([5.0])
    for skewness in (-0.4, 0.7):
        found = shape_bands(rows, at, width, skewness).derivatives
        step = 2e-2
        moved = (
            (shape_bands(rows, at + step, width, skewness), shape_bands(rows, at - step, width, skewness)),
            (
                shape_bands(rows, at, width * np.exp(step), skewness),
                shape_bands(rows, at, width * np.exp(-step), skewness),
            ),
            (shape_bands(rows, at, width, skewness + step), shape_bands(rows, at, width, skewness - step)),
        )
        for slope, (more, less) in zip(found, moved, strict=True):
            truth = (more.curves - less.curves) / (2 * step)
            assert np.abs(slope - truth).max() < 0.05 * np.abs(truth).max()


# -------------------------------------------------------------------------------------------------------- what it finds
def test_numbers_of_ubiquitins_and_rungs_are_found():
    profiles, truths = some_lanes(np.random.default_rng(1))
    for ladder, (shares, resolved) in zip(fit(cut_lanes(profiles)), truths, strict=True):
        n = np.arange(len(shares))
        found = by_number(ladder)
        assert max(abs(found[k] - shares[k]) for k in range(4)) < 0.015
        assert ladder.mean_ubiquitins.value == pytest.approx((n * shares).sum(), abs=0.15)
        assert ladder.ladder_fraction == pytest.approx((shares * resolved)[1:].sum() / shares[1:].sum(), abs=0.25)
        assert ladder.resolved_to >= 3
        rungs = {s.n: s.area.value for s in ladder.species if s.kind == "rung"}
        for k in (1, 2):
            assert rungs[k] == pytest.approx(1e6 * shares[k] * resolved[k], rel=0.2, abs=3e3)


def test_rows_of_one_number_add_up():
    profiles, _ = some_lanes(np.random.default_rng(2), count=3)
    for ladder in fit(cut_lanes(profiles)):
        assert sum(s.share for s in ladder.species) == pytest.approx(1.0)
        modified = sum(s.area.value for s in ladder.species if s.n > 0)
        assert modified == pytest.approx(ladder.hmw, rel=1e-9)
        assert sum(ladder.shares) == pytest.approx(ladder.hmw / (ladder.hmw + ladder.unmodified), rel=1e-9)
        assert {s.kind for s in ladder.species if s.n > (ladder.resolved_to or 0)} == {"smear"}


@pytest.mark.parametrize(("sigma", "tail", "gain"), [(6.0, 0.4, 4.0), (4.0, 0.9, 3.0)])
def test_signal_on_the_wrong_side_of_the_cut_is_told_apart(sigma, tail, gain):
    profiles, truths = some_lanes(np.random.default_rng(3), sigma=sigma, tail=tail)
    cut = cut_lanes(profiles)
    true = [1 - shares[0] for shares, _ in truths]
    plain = np.mean([abs(fraction(k)[0] - f) for k, f in zip(cut, true, strict=True)])
    fitted = np.mean([abs(fraction(k)[0] - f) for k, f in zip(fit(cut), true, strict=True)])
    assert fitted < plain / gain


def test_apparent_mass_of_the_modifier_is_learned_from_the_rungs():
    profiles, truths = some_lanes(np.random.default_rng(4), stretch=1.05, resolved=1.0)
    cut = cut_lanes(profiles)
    fitted = fit(cut)
    true = np.array([(np.arange(len(shares)) * shares).sum() for shares, _ in truths])
    plain = np.abs([k.mean_ubiquitins.value for k in cut] - true)
    assert np.abs([k.mean_ubiquitins.value for k in fitted] - true).mean() < 0.6 * plain.mean()
    rung = next(s for s in fitted[0].species if s.n == 4 and s.kind == "rung")
    place = calibration().rows[0] + 400 * np.log10(250 / (TARGET + 1.05 * 4 * UBIQUITIN))
    assert rung.row_px == pytest.approx(place, abs=0.6)


@pytest.mark.parametrize("stretch", [0.85, 0.9])
def test_rungs_half_a_spacing_off_are_not_taken_for_their_neighbours(stretch):
    """Strong signal far from where it is expected pulls hard: no band may leap to the place of the next one."""
    rng = np.random.default_rng(0)
    profiles, truths = some_lanes(rng, stretch=stretch, noise=0.3, scale=2.0)
    fitted = fit(cut_lanes(profiles, 2.0), 2.0)
    true = np.array([(np.arange(len(shares)) * shares).sum() for shares, _ in truths])
    assert np.abs([k.mean_ubiquitins.value for k in fitted] - true).max() < 0.2


def test_pure_smear_gets_no_rungs():
    rng = np.random.default_rng(5)
    profiles = [make_lane(hump_shares(0.5, 8, 3.5), 0.0, rng, number=k + 1) for k in range(6)]
    for ladder in fit(cut_lanes(profiles)):
        assert ladder.resolved_to is None
        assert ladder.ladder_fraction == 0.0
        assert "ladder_unresolved" in ladder.flags
        assert fraction(ladder)[0] == pytest.approx(0.5, abs=0.01)


def test_anti_modifier_signal_is_divided_by_the_number():
    rng = np.random.default_rng(6)
    n = np.arange(21)
    shares = [chain_shares(1.0, c) for c in (0.6, 0.7, 0.8)]
    profiles = [make_lane(s, 0.8, rng, number=k + 1, weight=n / 5) for k, s in enumerate(shares)]
    for ladder, s in zip(fit(cut_lanes(profiles, antibody="modifier")), shares, strict=True):
        assert np.isnan(ladder.unmodified)
        assert ladder.mean_ubiquitins.value == pytest.approx((n * s).sum(), rel=0.05)
        assert min(q.n for q in ladder.species) == 1


# ------------------------------------------------------------------------------------------------------- how sure it is
def test_intervals_hold_the_truth_at_their_rate():
    rng = np.random.default_rng(7)
    inside_fraction, inside_number, off_fraction, off_number = [], [], [], []
    for trial in range(12):
        profiles, truths = some_lanes(rng, noise=(300.0, 1000.0, 2500.0)[trial % 3])
        for ladder, (shares, _) in zip(fit(cut_lanes(profiles)), truths, strict=True):
            f, sd = fraction(ladder)
            off_fraction.append((f - 1 + shares[0]) / sd)
            inside_fraction.append(abs(off_fraction[-1]) < 1.96)
            m = ladder.mean_ubiquitins
            number = (np.arange(len(shares)) * shares).sum()
            off_number.append((m.value - number) / (0.5 * (m.high - m.low) / 1.96))
            inside_number.append(m.low <= number <= m.high)
    assert np.mean(inside_fraction) >= 0.88
    assert np.mean(inside_number) >= 0.88
    # and are no wider than that takes
    assert 0.4 < np.sqrt(np.mean(np.square(off_fraction))) < 1.3
    assert 0.4 < np.sqrt(np.mean(np.square(off_number))) < 1.3


def test_lanes_without_ubiquitin_hold_zero_at_the_nominal_rate_and_scatter_about_it():
    rng = np.random.default_rng(8)
    z, holds, rungs = [], [], 0
    for _ in range(15):
        profiles = [make_lane(np.array([1.0]), 1.0, rng, number=k + 1) for k in range(6)]
        for ladder in fit(cut_lanes(profiles)):
            z.append(ladder.hmw / np.sqrt(ladder.covariance[1, 1]))
            holds.append(ladder.mean_ubiquitins.low <= 0 <= ladder.mean_ubiquitins.high)
            rungs += ladder.resolved_to is not None
    assert abs(np.mean(z)) < 0.35  # not lifted by non-negativity
    assert 0.7 < np.std(z) < 1.3
    assert 0.88 <= np.mean(holds) <= 1.0
    assert rungs <= 2


def test_uncertain_background_widens_the_intervals():
    rng = np.random.default_rng(9)
    profiles, _ = some_lanes(rng, count=3)
    off = np.full((1, 700), 200.0)
    wide = [replace(p, modes=off) for p in profiles]
    for sure, unsure in zip(fit(cut_lanes(profiles)), fit(cut_lanes(wide)), strict=True):
        # A background off by 200 everywhere puts 200 x rows into H: about what the mode says, at least.
        rows = sure.boundary_row - sure.well_row
        grown = unsure.covariance[1, 1] - sure.covariance[1, 1]
        assert np.sqrt(grown) == pytest.approx(200 * rows, rel=0.2)


def test_grain_and_drift_of_the_empty_stretch_are_measured():
    rng = np.random.default_rng(10)
    white = [make_lane(np.array([1.0]), 1.0, rng, number=k + 1) for k in range(10)]
    below = [320.0] * 10
    # Ten lanes of six spans each: 0.17 is one standard deviation.
    assert measure_drift(white, below).grain == pytest.approx(1.0, abs=0.45)
    kernel = np.full(4, 0.25)
    grainy = [replace(p, raw=p.raw + 600 * np.convolve(rng.normal(size=703), kernel, "valid")) for p in white]
    # Sums over many rows: white noise of 300 plus 600 drawn out over four rows.
    truth = (300**2 + 600**2) / 300**2
    assert measure_drift(grainy, below).grain == pytest.approx(truth, rel=0.35)
    wave = 150 * np.sin(2 * np.pi * np.arange(700) / 300)
    drifting = [replace(p, raw=p.raw + wave) for p in white]
    assert measure_drift(drifting, below).drift * 300 == pytest.approx(150 / np.sqrt(2), rel=0.5)


def test_grain_that_reaches_over_rows_is_seen_for_the_larger_part():
    """Sums over half as many rows, or about a mean of half as many, leave out what neighbouring rows share."""
    rng = np.random.default_rng(10)
    white = [make_lane(np.array([1.0]), 1.0, rng, number=k + 1) for k in range(40)]
    kernel = np.full(6, 1 / 6)
    grainy = [replace(p, raw=p.raw + 600 * np.convolve(rng.normal(size=705), kernel, "valid")) for p in white]
    truth = (300**2 + 600**2) / 300**2
    assert measure_drift(grainy, [320.0] * 40).grain == pytest.approx(truth, rel=0.4)


# -------------------------------------------------------------------------------------------------------- what it obeys
def test_drift_in_bins_is_the_mean_of_their_rows():
    profile = make_lane(np.array([1.0]), 1.0, np.random.default_rng(1))
    drift = BaselineDrift(drift=2.0)
    rows, count = drift.modes(profile, 400.0), len(profile.raw) // 6
    means = rows[:, : 6 * count].reshape(len(rows), count, 6).mean(axis=2)
    assert drift.modes(profile, 400.0, 6) == pytest.approx(means, abs=1e-12)
    assert drift.modes(profile, 400.0, 6, 50) == pytest.approx(means[:, :50], abs=1e-12)
    assert len(rows) > 4 and rows.max() > 0


def test_more_signal_changes_no_share():
    profiles, _ = some_lanes(np.random.default_rng(11), count=4)
    bright = [
        replace(p, raw=3 * p.raw, background=3 * p.background, noise=3 * p.noise, modes=3 * p.modes) for p in profiles
    ]
    for one, other in zip(fit(cut_lanes(profiles)), fit(cut_lanes(bright)), strict=True):
        assert other.hmw == pytest.approx(3 * one.hmw, rel=1e-3)
        assert other.mean_ubiquitins.value == pytest.approx(one.mean_ubiquitins.value, abs=2e-3)
        assert other.ladder_fraction == pytest.approx(one.ladder_fraction, abs=5e-3)


def test_double_resolution_agrees_within_intervals():
    shares = chain_shares(0.4, 0.75)
    for scale in (1.0, 2.0):
        profiles = [make_lane(shares, 0.8, np.random.default_rng(k), number=k + 1, scale=scale) for k in range(4)]
        for ladder in fit(cut_lanes(profiles, scale), scale):
            m = ladder.mean_ubiquitins
            assert m.low <= (np.arange(len(shares)) * shares).sum() <= m.high
            assert fraction(ladder)[0] == pytest.approx(0.4, abs=0.015)


def test_lanes_that_are_not_to_be_fitted_stay_as_they_are():
    rng = np.random.default_rng(12)
    profiles, _ = some_lanes(rng, count=3)
    profiles.append(make_lane(np.array([0.0]), 1.0, rng, number=4))
    cut = list(cut_lanes(profiles))
    cut[1] = replace(cut[1], flags=(*cut[1].flags, "edited"))
    done = fit(cut, loaded=[2, 3, 4])
    assert done[0] is cut[0]
    assert done[1] is cut[1]
    assert done[2].fit is not None
    assert "no_signal" in cut[3].flags
    assert done[3] is cut[3]
    assert fit([]) == ()


def test_bands_too_wide_to_tell_keep_the_plain_cut():
    profiles, _ = some_lanes(np.random.default_rng(13), count=3, sigma=11.0)
    cut = cut_lanes(profiles)
    for before, ladder in zip(cut, fit(cut), strict=True):
        assert ladder.hmw == before.hmw
        assert "ladder_unresolved" in ladder.flags


def test_nothing_is_changed_in_place():
    profiles, _ = some_lanes(np.random.default_rng(14), count=2)
    for p in profiles:
        for values in (p.raw, p.background, p.noise, p.modes):
            values.flags.writeable = False
    cut = cut_lanes(profiles)
    first, second = fit(cut), fit(cut)
    assert [k.hmw for k in first] == [k.hmw for k in second]


def test_an_unknown_that_nothing_depends_on_is_known_to_nothing():
    known = np.array([[4.0, 1.0], [1.0, 9.0]])
    gram = np.zeros((3, 3))
    gram[:2, :2] = known
    found = scaled_inverse(gram)
    assert found[:2, :2] == pytest.approx(np.linalg.inv(known), rel=1e-6)
    assert found[2, 2] > 1e20 and np.isfinite(found).all()
