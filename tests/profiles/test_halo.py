"""The halo of bands along their lane, on lanes drawn here: its law is not the one it is learned with."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_lanes import CALIBRATION, MASSES, ROWS, TARGET, UBIQUITIN, as_profile, band, row_of, rungs, smear, unmodified

from ublot.ladder.cut import quantify_ladder
from ublot.profiles.halo import BandPlace, without_halo

AT = float(row_of(TARGET))
PLACE = BandPlace(AT, 4.0)
MARKER_ROWS = tuple(float(row_of(m)) for m in MASSES)


def spread(signal, share, reach):
    """Part of the light goes astray, as far from its place as a Cauchy law says."""
    away = np.arange(1 - ROWS // 2, ROWS // 2)
    law = 1 / (1 + (away / reach) ** 2)
    return (1 - share) * signal + share * np.convolve(signal, law / law.sum(), "same")


def lanes(share, reach=8.0, *, fragments=0.0, marker=True, noise=2.0, seed=1):
    """A marker and eight lanes with halo, a twentieth to four fifths of them modified."""
    rng = np.random.default_rng(seed)
    out = [sum(band(30_000, row) for row in MARKER_ROWS)] if marker else []
    for f in (0.02, 0.05, 0.1, 0.15, 0.2, 0.4, 0.6, 0.8):
        modified = rungs([0.1 * f * 2e5] * 3) + smear(0.7 * f * 2e5, 200, TARGET + 3.5 * UBIQUITIN)
        out.append(unmodified((1 - f) * 2e5) + modified + fragments * (band(2e4, AT + 40, 9) + band(1e4, AT + 75, 9)))
    return [as_profile(spread(s, share, reach), i, noise=noise, rng=rng) for i, s in enumerate(out, 1)]


def cleaned(profiles):
    return without_halo(profiles, [None, *[PLACE] * 8], (0, MARKER_ROWS))


def above(profile):
    """Signal from four sigma above the unmodified band on, as far as its halo is looked for."""
    rows = profile.rows
    return float(profile.signal[(rows < AT - 16) & (rows > AT - 70)].sum())


@pytest.mark.parametrize(("share", "reach"), [(0.03, 6.0), (0.06, 12.0)])
def test_light_that_arrives_above_a_band_is_given_back(share, reach):
    hazy, clear = lanes(share, reach, noise=0.5), lanes(0.0, noise=0.5)
    after = cleaned(hazy)
    truth, was, now = (np.array([above(p) for p in each[1:]]) for each in (clear, hazy, after))
    assert was[0] - truth[0] > 500  # what a lane with next to nothing above its band would be off by
    assert np.abs(now - truth).sum() < 0.35 * np.abs(was - truth).sum()
    for k, before in zip(after[1:], hazy[1:], strict=True):
        assert k.signal.sum() == pytest.approx(before.signal.sum(), rel=2e-3)  # moved, not lost
        assert "halo_returned" in k.flags


def test_where_there_is_no_halo_nothing_moves():
    for before, after in zip(lanes(0.0), cleaned(lanes(0.0)), strict=True):
        assert np.abs(after.background - before.background).sum() < 2e-3 * before.signal.sum()


def test_degradation_products_below_the_band_are_no_halo():
    """They stand to one side only: the marker and the lanes without modification have no room for so much light."""
    profiles = lanes(0.0, fragments=1.0)
    for before, after in zip(profiles, cleaned(profiles), strict=True):
        assert (after.background == before.background).all()


def test_few_lanes_tell_no_halo():
    profiles = lanes(0.05)[1:5]
    assert without_halo(profiles, [PLACE] * 4) == tuple(profiles)
    assert without_halo((), ()) == ()


def test_the_fraction_is_right_and_its_interval_holds_it():
    marked = CALIBRATION.__class__(CALIBRATION.rows, CALIBRATION.masses, lane=1)
    found = quantify_ladder(lanes(0.05, 10.0), marked, loaded=set(range(2, 10)))[1:]
    truth = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.4, 0.6, 0.8])
    fraction = np.array([k.hmw / (k.unmodified + k.hmw) for k in found])
    raw = quantify_ladder(
        lanes(0.05, 10.0), loaded=set(range(2, 10)), boundary_rows={k.lane: k.boundary_row for k in found}
    )[1:]
    before = np.array([k.hmw / (k.unmodified + k.hmw) for k in raw])
    assert np.abs(fraction - truth).mean() < 0.4 * np.abs(before - truth).mean()
