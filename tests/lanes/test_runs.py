"""Runs of signal that stand apart are one lane each, however uneven they are inside."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot

from ublot.lanes.finding import find_lanes
from ublot.lanes.runs import lanes_of_runs, runs_apart

COLS, PITCH = 400, 60


def strip(count=6, *, slant=0.0, middle=1.0, width=52, high=3.0, seed=0):
    """A row of bands with narrow gaps: slanting as a whole, or dark at both edges and dull in their middle."""
    y, x = np.mgrid[0:120, 0:COLS]
    image = np.random.default_rng(seed).normal(0, 4, y.shape)
    for i in range(count):
        away = np.abs(x - 40 - PITCH * i)
        across = (away < width / 2) * np.where(away > 0.32 * width, 1.0, middle)
        image += 1000 * across * np.exp(-0.5 * ((y - 60 - slant * (x - 200)) / high) ** 2)
    return np.maximum(image, 0)


def truth(count=6):
    return 40 + PITCH * np.arange(count)


@pytest.mark.parametrize(("slant", "middle", "high"), [(0.0, 1.0, 2.0), (0.12, 1.0, 2.0), (0.0, 0.3, 12.0)])
def test_every_run_is_seen(slant, middle, high):
    runs = runs_apart(strip(slant=slant, middle=middle, high=high).astype(np.float32), 0.0)
    assert len(runs) == 6
    np.testing.assert_allclose(runs.mean(axis=1), truth(), atol=2)


def test_bands_that_run_into_each_other_are_no_runs():
    image = strip(width=52)
    image[:, 80:160] = image[:, 200:280] = strip(width=80)[:, 80:160]
    assert not len(runs_apart(image.astype(np.float32), 0.0))


def test_letters_of_all_widths_are_no_row():
    rng = np.random.default_rng(3)
    image = np.zeros((60, COLS), np.float32)
    at = 10
    while at < COLS - 40:
        wide = int(rng.integers(4, 28))
        image[20:40, at : at + wide] = 1000
        at += wide + int(rng.integers(4, 30))
    assert not len(runs_apart(image, 0.0))


def test_lanes_that_were_split_are_put_together_and_others_left_alone():
    runs = np.stack([truth() - 26.0, truth() + 26.0], axis=1)
    split = np.sort(np.concatenate([truth() - 15.0, truth() + 15.0]))
    np.testing.assert_allclose(lanes_of_runs(runs, split), truth())
    one_each = truth() + 3.0
    assert lanes_of_runs(runs, one_each) is one_each
    # A place that was passed by keeps its lane.
    np.testing.assert_allclose(lanes_of_runs(np.delete(runs, 2, axis=0), split), truth())


@pytest.mark.parametrize(
    ("slant", "middle", "high"), [(0.05, 1.0, 1.6), (0.08, 1.0, 1.6), (0.0, 0.25, 12.0), (0.0, 0.15, 16.0)]
)
def test_a_row_of_bands_is_not_cut_into_pieces(slant, middle, high):
    lanes = find_lanes(as_blot(strip(slant=slant, middle=middle, high=high)))
    assert len(lanes) == 6
    x = np.array([float(lane.centre(np.array([60.0]))[0]) for lane in lanes])
    np.testing.assert_allclose(x, truth(), atol=0.2 * PITCH)
