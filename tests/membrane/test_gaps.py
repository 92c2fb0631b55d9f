"""How deep the gaps between lanes are, on strips drawn here."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot, curved, draw

from ublot.membrane.gaps import TOUCHING, _regress, measure_gaps
from ublot.model import Lane, Lanes, Window


def in_the_gap(drawn):
    """Level midway between two lanes that are as strong as each other, over the lanes': by the shape they are drawn."""
    pitch = float(np.diff(drawn.centres).mean())
    half = 0.5 * drawn.width / np.log(2) ** (1 / drawn.edge)
    x = np.linspace(-0.06, 0.06, 41) * pitch
    return float(np.mean([2 * np.exp(-((abs(0.5 * pitch + s * x) / half) ** drawn.edge)) for s in (1, -1)]))


@pytest.mark.parametrize("fill", [0.68, 0.8, 0.92])
def test_the_depth_of_a_gap_is_measured(fill):
    drawn = draw(fill=fill, membrane=curved)
    depth = measure_gaps(drawn.blot, drawn.lanes).inner[1:-1]
    assert depth == pytest.approx(np.full(7, in_the_gap(drawn)), abs=0.06)
    assert bool(np.median(depth) > TOUCHING) == (in_the_gap(drawn) > TOUCHING)


def test_the_membrane_is_seen_through_the_flanks_of_lanes_that_touch():
    drawn = draw(fill=0.92, membrane=curved)
    gaps = measure_gaps(drawn.blot, drawn.lanes)
    # As high under each lane as the mean of both gaps beside it: how it curves in between they do not show.
    places = [[round(x - 0.5 * drawn.pitch), round(x + 0.5 * drawn.pitch)] for x in drawn.centres[1:-1]]
    beside = [drawn.membrane[:, columns].mean(axis=1) for columns in places]
    level = np.array([np.interp(gaps.rows, np.arange(400), m) for m in (beside[0], *beside, beside[-1])])
    seen, error = gaps.membrane(level)
    off = (seen - level)[1:-1]
    height = np.quantile(gaps.lane - level, 0.98)
    assert np.median(np.abs(off)) < 0.03 * height
    assert np.mean(np.abs(off) < 3 * error[1:-1] + 0.03 * height) > 0.9


def test_two_lanes_alike_beside_a_gap_without_noise_are_measured():
    """Levels drawn by a program: a gap of one level throughout, between two lanes that are the same."""
    bands, both = np.tile(1e4 * np.sin(np.arange(200.0)), (1, 2, 1)), np.ones((1, 2), bool)
    share, error, noise = _regress(np.zeros((1, 200)), bands, np.array([[0.1, 0.1]]), both, 2)
    assert share == pytest.approx(np.zeros((1, 2)), abs=1e-6)
    assert np.isfinite(error).all() and (noise > 0).all()


def test_arms_of_smiling_bands_in_the_gaps_of_a_low_strip_are_no_membrane():
    rows, pitch, lanes = 80, 60, 5
    r, x = np.mgrid[:rows, : lanes * pitch].astype(float)
    off = x % pitch - pitch / 2
    # One band in every lane, bent upwards so far that its arms meet those of its neighbours 18 rows higher.
    image = 300 + 4000 * np.exp(-0.5 * ((r - (50 - 18 * (2 * off / pitch) ** 2)) / 4) ** 2) * (
        np.abs(off) < 0.49 * pitch
    )
    image += np.random.default_rng(0).normal(0, 5, image.shape)
    knots = (0.0, rows - 1.0)
    items = [Lane(i + 1, knots, (pitch * (i + 0.5) - 0.5,) * 2, 40.0) for i in range(lanes)]
    placed = Lanes(tuple(items), Window(0, rows, 0, lanes * pitch), float(pitch), 6.0)
    gaps = measure_gaps(as_blot(image), placed)
    seen, _ = gaps.membrane(np.full((lanes, len(gaps.rows)), 300.0))
    assert np.abs(seen[1:-1] - 300).max() < 400  # of arms that stand at 2800


@pytest.mark.parametrize(("fill", "seed"), [(0.68, 0), (0.68, 1), (0.8, 2), (0.9, 3)])
def test_the_membrane_lies_within_what_the_gaps_show(fill, seed):
    drawn = draw(fill=fill, membrane=curved, seed=seed)
    gaps = measure_gaps(drawn.blot, drawn.lanes)
    low, high = gaps.bounds()
    cores = [slice(round(x - 0.3 * drawn.width), round(x + 0.3 * drawn.width)) for x in drawn.centres]
    level = np.array([np.interp(gaps.rows, np.arange(400), drawn.membrane[:, c].mean(axis=1)) for c in cores])
    height = np.quantile(gaps.lane - level, 0.98)
    # How far it bends between two gaps they do not show: 0.6 % of its level here.
    assert (low - level).max() < 0.02 * height and (level - high).max() < 0.02 * height
    # Of how low it is between lanes that touch nothing is seen. Across one pitch it changes by up to half of this.
    assert np.median(high - low) < 0.5 * height or gaps.inner.max() > 0.4


def test_a_gap_beyond_the_membrane_shows_nothing():
    drawn = draw()
    inside = np.ones(drawn.image.shape, bool)
    left = round(drawn.centres[0] - 0.4 * drawn.pitch)
    inside[:, :left] = False
    image = np.where(inside, drawn.image, 0.0)
    lanes = Lanes(drawn.lanes.items, drawn.lanes.window, drawn.pitch, drawn.edge, inside=inside)
    gaps = measure_gaps(as_blot(image), lanes)
    assert not gaps.seen[0].any() and gaps.seen[1:].all()
    low, high = gaps.bounds()
    assert low[0].min() > 1500 and high[0].max() < 3000
