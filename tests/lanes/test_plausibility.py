"""No lanes where there are none: dot blots and noise; and lanes where there are some."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot, draw, real_file

from ublot.io.images.reading import read_blot
from ublot.lanes.finding import find_lanes


def dots(rows, cols, down, across, radius, *, edge=3.0, seed=0):
    """A grid of round spots ``exp(-ln 2 (r / radius)^(2 edge))`` of very different heights."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:cols]
    image = rng.normal(1000, 30, (rows, cols))
    for r in down:
        for c in across:
            image += rng.uniform(500, 9000) * np.exp(-np.log(2) * (((x - c) ** 2 + (y - r) ** 2) / radius**2) ** edge)
    return as_blot(image)


@pytest.mark.parametrize("edge", [1.0, 3.0], ids=["soft", "sharp"])
@pytest.mark.parametrize(
    ("rows", "cols", "down", "across", "radius"),
    [
        (300, 700, (100, 200), range(75, 700, 110), 18),
        (200, 900, (100,), range(60, 900, 110), 20),
        (400, 900, range(60, 400, 90), range(50, 900, 85), 22),
        (360, 960, range(40, 360, 34), range(30, 960, 36), 10.5),
    ],
    ids=["2 rows", "1 row", "4 rows", "array"],
)
def test_dots_are_not_lanes(rows, cols, down, across, radius, edge):
    blot = dots(rows, cols, down, across, radius, edge=edge)
    found = find_lanes(blot)
    assert len(found) == 0 and found.flags == ("no_lanes",)
    # Whoever says that there are lanes gets them.
    assert len(find_lanes(blot, len(across))) == len(across)


@pytest.mark.parametrize(
    "options", [{"fill": 0.4}, {"fill": 0.4, "smear": 1.0}, {"smear": 0.0}, {"smear": 1.5, "rows": 250}, {"lanes": 3}]
)
def test_bands_and_smears_are_lanes(options):
    assert len(find_lanes(draw(**options).blot)) == options.get("lanes", 8)


@pytest.mark.parametrize("thick", [4, 10])
def test_single_bands_are_lanes(thick):
    # A loading control: one band in every lane and nothing else.
    y, x = np.mgrid[0:200, 0:560]
    image = np.random.default_rng(0).normal(1000, 25, y.shape)
    for centre in range(60, 540, 62):
        image += 6000 * np.exp(-np.log(2) * np.abs(2 * (x - centre) / 42) ** 6 - 0.5 * ((y - 110) / thick) ** 2)
    assert len(find_lanes(as_blot(image))) == 8


@pytest.mark.parametrize("name", ["test1.1sc", "test1_imglab_analysis.tif"])
def test_real_dot_blot_shows_no_lanes(name):
    found = find_lanes(read_blot(real_file("chemidoc_1sc", name)))
    assert len(found) == 0 and "no_lanes" in found.flags


@pytest.mark.parametrize("high", [46, 50, 54])
def test_long_exposed_bands_as_high_as_wide_are_lanes_where_dots_stand_apart(high):
    y, x = np.mgrid[0:150, 0:424]
    image = np.random.default_rng(1).normal(1000, 25, y.shape)
    for centre in range(36, 410, 70):
        across, along = np.abs(2 * (x - centre) / 70) ** 2.5, np.abs(2 * (y - 75) / high) ** 2.5
        image += 6000 * np.exp(-np.log(2) * (across + along))
    assert len(find_lanes(as_blot(image))) == 6


@pytest.mark.parametrize("dip", [0.6, 0.9])
def test_a_low_row_of_bands_that_run_into_each_other_is_no_membrane(dip):
    """A narrow strip: bands all but join, a fainter place in their middle parts them into two "strips" of membrane."""
    y, x = np.mgrid[0:95, 0:744]
    image = np.random.default_rng(2).normal(1000, 15, y.shape)
    centres = np.arange(42, 740, 82.5)
    for centre in centres:
        image += 6000 * np.exp(-np.log(2) * (np.abs(2 * (x - centre) / 80) ** 8 + np.abs(2 * (y - 45) / 30) ** 10))
    image -= dip * (image - 1000) * (np.abs(x - 0.5 * (centres[4] + centres[5])) < 12)
    found = find_lanes(as_blot(image))
    assert [lane.centre(45) for lane in found] == pytest.approx(centres.tolist(), abs=12)
