"""Faint lanes at the ends of a row are lanes; halos, flanks and dust beside it are none."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot

from ublot.lanes.centrelines import straight_lane
from ublot.lanes.outermost import with_faint_ends
from ublot.model import Lanes

PITCH, FIRST, HEIGHT, COLS = 50, 110, 400, 520
ROWS = (140, 160, 185, 215, 260)
MARKER = (60, 105, 235, 300, 350)


def blot_of(first=1.0, last=1.0, *, marker=(), halo=0.0, dust=0, width=34, seed=0):
    """Seven lanes of a ladder, the first and last ones weakened, those of `marker` with bands of their own."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:COLS]
    image = rng.normal(1000, 10, y.shape)
    for i in range(7):
        strength = 4000 * (first if i == 0 else last if i == 6 else 1)
        away = np.abs(x - FIRST - PITCH * i)
        across = np.exp(-np.log(2) * (2 * away / width) ** 6) + halo * np.exp(-away / 25)
        for row in MARKER if i in marker else ROWS:
            image += strength * across * np.exp(-0.5 * ((y - row) / 4) ** 2)
    for _ in range(dust):
        r, c = rng.integers(3, HEIGHT - 3), rng.integers(3, COLS - 3)
        image[r - 1 : r + 2, c - 1 : c + 2] += rng.uniform(4000, 20000)
    return as_blot(image)


def inner(blot, which=range(1, 6)):
    """The lanes between the ends as they would be found."""
    knots = np.linspace(0, HEIGHT - 1, 9)
    items = [straight_lane(n, FIRST + PITCH * i, 34, 0.0, 200, knots) for n, i in enumerate(which, 1)]
    return Lanes(tuple(items), blot.window, float(PITCH), 6.0)


def centres(lanes):
    return [round(float(lane.centre(np.array([200.0]))[0])) for lane in lanes]


@pytest.mark.parametrize(("first", "last"), [(0.02, 0.04), (0.03, 0.0), (0.0, 0.02)])
def test_lanes_of_a_few_percent_are_taken(first, last):
    blot = blot_of(first, last)
    found = with_faint_ends(blot, inner(blot))
    expected = [FIRST + PITCH * i for i in range(7) if (i or first) and (i < 6 or last)]
    assert centres(found) == expected
    assert [lane.number for lane in found] == list(range(1, len(expected) + 1))


def test_a_faint_marker_is_taken():
    blot = blot_of(0.0, 0.1, marker=(6,))
    assert centres(with_faint_ends(blot, inner(blot))) == [FIRST + PITCH * i for i in range(1, 7)]


@pytest.mark.parametrize("width", [34, 44])
@pytest.mark.parametrize("seed", range(3))
def test_what_fades_beside_a_row_is_no_lane(seed, width):
    for blot in (
        blot_of(halo=0.1, width=width, seed=seed),
        blot_of(dust=100, width=width, seed=seed),
        blot_of(width=width, seed=seed),
    ):
        row = inner(blot, range(7))
        assert with_faint_ends(blot, row) is row


def test_two_lanes_say_nothing_of_a_third():
    blot = blot_of(0.05, 0.05)
    pair = inner(blot, (1, 2))
    assert with_faint_ends(blot, pair) is pair


@pytest.mark.parametrize("seed", range(2))
def test_a_faint_lane_beside_a_strong_one_that_reaches_into_its_gutter_is_taken(seed):
    blot = blot_of(1.0, 0.03, width=44, seed=seed)
    knots = np.linspace(0, HEIGHT - 1, 9)
    items = [straight_lane(n, FIRST + PITCH * i, 44, 0.0, 200, knots) for n, i in enumerate(range(6), 1)]
    row = Lanes(tuple(items), blot.window, float(PITCH), 6.0)
    assert centres(with_faint_ends(blot, row)) == [FIRST + PITCH * i for i in range(7)]


def test_on_a_white_without_noise_traces_of_compression_are_no_lane():
    y, x = np.mgrid[0:HEIGHT, 0:COLS]
    image = np.zeros(y.shape)
    for i in range(7):
        image += 4000 * (np.abs(x - FIRST - PITCH * i) < 17) * np.exp(-0.5 * ((y - 200) / 4) ** 2)
    # Blocks of eight pixels about the band, of which some keep a level or two.
    for col in range(64, 88, 8):
        image[192 + col % 16 : 200 + col % 16, col : col + 8] += 16
    blot = as_blot(image)
    row = inner(blot, range(7))
    assert with_faint_ends(blot, row) is row
