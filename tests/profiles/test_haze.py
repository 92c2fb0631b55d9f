"""The haze of lanes: its level, and how sure it is above the band, on lanes drawn here."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_lanes import ROWS, TARGET, UBIQUITIN, as_profile, band, row_of, rungs, smear, unmodified

from ublot.profiles.haze import Stretch, remove_haze

AT = float(row_of(TARGET))


def hazy(levels, fragments=0.0, *, noise=2.0, seed=2):
    rng = np.random.default_rng(seed)
    pieces = band(fragments, 640, 5) + band(0.6 * fragments, 790, 5)
    return [
        as_profile(unmodified(4000) + rungs([600, 400]) + level + pieces, i, noise=noise, rng=rng)
        for i, level in enumerate(levels, 1)
    ]


@pytest.mark.parametrize("fragments", [0.0, 3000.0])
def test_haze_is_taken_off_whole_beside_degradation_products(fragments):
    truth = np.array([0.0, 8.0, 15.0, 4.0, 22.0, 11.0])
    cleaned = remove_haze(hazy(truth, fragments), [AT + 50] * 6)
    assert [k.haze for k in cleaned] == pytest.approx(truth, abs=0.5)
    for k, was in zip(cleaned, hazy(truth, fragments), strict=True):
        assert k.profile.background == pytest.approx(was.background + k.haze)
        assert (k.profile.raw == was.raw).all()
        assert 0 < k.error < 0.5


def test_lanes_without_haze_gain_nothing():
    """Empirical Bayes: what is taken off lanes without haze is less than the noise of looking for it."""
    plain = remove_haze(hazy([0.0] * 12), [AT + 50] * 12)
    taken = np.array([k.haze for k in plain])
    noise_of_a_look = 2.0 / np.sqrt(ROWS - AT - 50)
    assert np.sqrt(np.mean(taken**2)) < noise_of_a_look


def test_the_error_of_the_haze_is_what_it_scatters_by():
    truth = np.linspace(5, 25, 12)
    off = []
    for seed in range(25):
        for k, t in zip(remove_haze(hazy(truth, seed=seed), [AT + 50] * 12), truth, strict=True):
            off.append((k.haze - t) / k.error)
    assert 0.8 < np.std(off) < 1.25


def test_haze_needs_room_below_the_band():
    lanes = hazy([10.0, 20.0])
    for place in ([None, None], [ROWS - 10.0, ROWS + 40.0]):
        assert [k.haze for k in remove_haze(lanes, place)] == [0.0, 0.0]


def test_a_background_that_is_off_goes_with_the_haze():
    """A level error that all rows share is known after the look below the band: what is left of its mode is small."""
    rng = np.random.default_rng(5)
    modes = np.full((1, ROWS), 3.0)
    lanes = [
        as_profile(unmodified(4000) + level, i, noise=1.0, modes=modes, rng=rng)
        for i, level in enumerate(np.linspace(0, 60, 8), 1)
    ]
    for profile in [k.profile for k in remove_haze(lanes, [AT + 50] * 8)]:
        assert np.abs(profile.modes[0]).max() < 0.1
        assert np.median(profile.signal[700:]) == pytest.approx(0.0, abs=0.8)


def drifting(amplitude, seed, count=10):
    """Lanes of haze alone above and below an unmodified band, each uneven in its own way; the last two are empty."""
    rng = np.random.default_rng(seed)
    rows = np.arange(ROWS)
    levels = rng.uniform(60, 140, count)
    haze = [level * (1 + amplitude * np.cos(4 * rows / ROWS + rng.uniform(0, 2 * np.pi))) for level in levels]
    lanes = [
        as_profile(unmodified(4000 if i < count - 2 else 0) + h, i + 1, noise=1.0, rng=rng) for i, h in enumerate(haze)
    ]
    return lanes, haze


def above(seed, amplitude):
    """Error of the haze above the band, as a share of it, and what is said of that error, of the loaded lanes."""
    lanes, haze = drifting(amplitude, seed)
    cleaned = remove_haze(lanes, [AT + 50] * len(lanes), {len(lanes) - 1, len(lanes)})
    until = int(AT - 40)
    out = []
    for k, was, h in list(zip(cleaned, lanes, haze, strict=True))[:-2]:
        profile = k.profile
        taken = (profile.background - was.background)[:until].sum()
        stated = np.sqrt(np.sum(profile.modes[:, :until].sum(axis=1) ** 2))
        out.append(((taken - h[:until].sum()) / h[:until].sum(), stated / h[:until].sum()))
    return np.array(out)


def test_haze_that_drifts_is_known_to_be_uneven_above_the_band():
    """What is stated is what the error scatters by, however uneven the blot's haze is."""
    for amplitude in (0.06, 0.12):
        error, stated = np.concatenate([above(seed, amplitude) for seed in range(12)]).T
        assert np.sqrt(np.mean(error**2)) > 0.4 * amplitude  # it is a real error
        assert 0.6 < np.sqrt(np.mean((error / stated) ** 2)) < 1.5


def test_even_haze_is_known_well():
    stated = np.concatenate([above(seed, 0.0) for seed in range(4)])[:, 1]
    assert stated.max() < 0.03


ABOVE = Stretch(20.0, AT - 15)


def proven(lanes):
    return remove_haze(lanes, [AT + 50] * len(lanes), above=[ABOVE] * len(lanes))


def test_haze_is_proven_where_it_is_level_below_and_above_the_band():
    truth = np.array([9.0, 0.0, 15.0, 12.0, 22.0, 11.0])
    found = proven(hazy(truth, 3000.0))
    assert [k.haze for k in found] == pytest.approx(truth, abs=0.5)
    assert found[1].haze == 0.0  # nothing is proven there, and nothing taken


@pytest.mark.parametrize("bow", [3.0, -3.0])
def test_haze_that_bends_is_followed_under_a_smear(bow):
    """Nothing shows it there; where it is seen, below the band, it leans, which a straight line does not heed."""
    rng, rows = np.random.default_rng(8), np.arange(ROWS)
    arc = bow * (1 - ((rows - 440) / 340) ** 2)  # none near the well and half-way down the stretch below the band
    lanes = [
        as_profile(unmodified(4000) + smear(6000, 200, 75) + 20.0 + arc, i, noise=2.0, rng=rng) for i in range(1, 7)
    ]
    middle = (rows > row_of(150)) & (rows < row_of(90))
    off = [
        (k.profile.background - was.background - 20.0 - arc)[middle].mean()
        for k, was in zip(proven(lanes), lanes, strict=True)
    ]
    assert np.abs(off).max() < 0.75 * np.abs(arc[middle].mean())


def test_what_stands_below_the_band_alone_is_no_haze():
    """Fragments that run into each other, level below the band, with nothing like them above it."""
    rng = np.random.default_rng(4)
    below = np.where(np.arange(ROWS) > AT + 30, 18.0, 0.0)
    lanes = [as_profile(unmodified(4000) + rungs([600, 400]) + below, i, noise=2.0, rng=rng) for i in range(1, 7)]
    assert [k.haze for k in remove_haze(lanes, [AT + 50] * 6)] == pytest.approx([18.0] * 6, abs=1)
    for k, was in zip(proven(lanes), lanes, strict=True):
        assert k.haze == 0.0
        assert (k.profile.background == was.background).all()
        # The most that could be haze is what is left above the band: next to nothing.
        assert 0 <= k.possible < 2.0


def test_a_smear_is_not_taken_for_haze():
    """Even signal from the band to the well, and none below it."""
    rng = np.random.default_rng(4)
    wide = smear(40 * (AT - 20), 300, TARGET + 0.5 * UBIQUITIN)
    lanes = [as_profile(unmodified(4000) + wide, i, noise=2.0, rng=rng) for i in range(1, 7)]
    assert [k.haze for k in proven(lanes)] == [0.0] * 6


def test_a_lane_whose_smear_reaches_the_well_goes_with_those_that_prove_haze():
    levels = np.array([12.0, 14.0, 10.0, 13.0, 11.0])
    lanes = hazy(levels)
    full = as_profile(lanes[3].signal + np.where(np.arange(ROWS) < AT - 10, 50.0, 0.0), 4, noise=2.0)
    mixed = [*lanes[:3], full, lanes[4]]
    assert proven(mixed)[3].haze == pytest.approx(levels[3], abs=0.5)
    # Alone nothing is proven: all that stands below the band may be haze, and the interval holds it.
    (alone,) = proven([full])
    assert alone.haze == 0.0
    assert alone.possible == pytest.approx(levels[3], abs=0.5)
    more = alone.profile.modes[len(full.modes) :]
    held = 1.96 * np.sqrt((more**2).sum(axis=0))
    assert np.all(
        (held > 1.1 * alone.possible) & (held < 1.3 * alone.possible)
    )  # and what a fraction falls by beyond it


@pytest.mark.parametrize("amplitude", [0.06, 0.12])
def test_haze_that_drifts_is_followed_to_where_the_lane_shows_nothing_else(amplitude):
    """By what bands leave free above the band half of the error goes that the level below alone would make."""
    errors = []
    for seed in range(8):
        lanes, haze = drifting(amplitude, seed)
        end, until = [AT + 50] * len(lanes), int(AT - 40)
        empty = {len(lanes) - 1, len(lanes)}
        for found in (remove_haze(lanes, end, empty), remove_haze(lanes, end, empty, above=[ABOVE] * len(lanes))):
            taken = [(k.profile.background - was.background)[:until] for k, was in zip(found, lanes, strict=True)]
            errors.append([(t.sum() / h[:until].sum()) - 1 for t, h in zip(taken, haze, strict=True)])
    alone, followed = (np.sqrt(np.mean(np.square(errors[k::2]))) for k in (0, 1))
    assert followed < 0.6 * alone


def test_fragments_that_leave_no_level_below_the_band_do_not_hide_the_haze_of_their_lane():
    levels = [12.0, 14.0, 10.0, 13.0, 11.0]
    lanes = hazy(levels)
    rows = np.arange(ROWS)
    pieces = np.where(rows > AT + 50, 40.0 * (rows - AT - 50) / (ROWS - AT - 50), 0.0)
    mixed = [*lanes[:2], as_profile(lanes[2].signal + pieces, 3, noise=2.0), *lanes[3:]]
    found = proven(mixed)[2]
    assert (found.profile.background - 500)[: int(AT - 40)].mean() == pytest.approx(10.0, abs=1.5)
