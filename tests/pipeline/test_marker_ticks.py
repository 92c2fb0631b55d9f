"""A marker that is drawn, not loaded: ticks beside the region and strokes of a pen stand for its masses."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import ublot
from ublot.model import Calibration
from ublot.pipeline.marker_ticks import calibrate_by_pen
from ublot.pipeline.quantification import _of_both

MASSES = (250.0, 130.0, 100.0, 70.0, 55.0)
ROWS = (60, 92, 107, 128, 142)
LANES = (110, 140, 170, 200, 230)


def figure(seed=0, *, ticks=ROWS, pen=()):
    """Five lanes of bands on a film, on white paper, as dark ink on 8 bits."""
    rng = np.random.default_rng(seed)
    image = np.full((210, 300), 255.0)
    y, x = np.mgrid[40:180, 90:250]
    film = np.full(x.shape, 215.0) + rng.normal(0, 1.5, x.shape)
    for k, centre in enumerate(LANES if not pen else LANES[1:]):
        across = np.exp(-(((x - centre) / 10.0) ** 8))
        film -= across * (
            120 * np.exp(-0.5 * ((y - 128) / 2.0) ** 2) + 30 * (k + 1) / 5 * np.exp(-(((y - 95) / 15.0) ** 2))
        )
    image[40:180, 90:250] = film
    image = image.clip(0, 255).round().astype(np.uint8)
    for row in ticks:
        cv2.line(image, (76, row), (84, row), 0, 1)
    for mass, row in zip(MASSES, ticks, strict=False):
        cv2.putText(image, f"{mass:g}", (45, row + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 0, 1, cv2.LINE_AA)
    for row, wide in zip(pen, (9, 4, 8, 1, 7), strict=False):
        cv2.rectangle(image, (LANES[0] - wide, row - 1), (LANES[0] + wide, row + 1), 20, -1)
    return image


def layout(first):
    return [{"lane": k + 1, "role": first if k == 0 else "sample"} for k in range(len(LANES))]


def analyse(image, first="sample"):
    options = {"roi": "40:180,90:250", "polarity": "dark-on-light", "response": "density"}
    return ublot.analyze(image, layout=layout(first), marker=MASSES, ladder=False, allow_unfit=True, **options)


def test_printed_ticks_give_masses_where_no_lane_does():
    found = analyse(figure())
    assert found.calibration.masses == MASSES
    assert found.calibration.flags == ()
    np.testing.assert_allclose(found.calibration.rows, ROWS, atol=1)
    assert "the marker was read from the ticks at the left of the region" in found.messages


def test_a_tick_too_few_gives_none():
    found = analyse(figure(ticks=ROWS[:-1]))
    assert found.calibration is None or found.calibration.kind != "marker"


def test_strokes_of_a_pen_in_the_marker_lane_of_a_film():
    found = analyse(figure(ticks=(), pen=ROWS), "marker")
    pen = calibrate_by_pen(found.blot, found.geometry, found.layout, found.params)
    assert pen.masses == MASSES
    assert pen.picture == "pen strokes in lane 1"
    np.testing.assert_allclose(pen.rows, ROWS, atol=1.5)
    # A lane that reads without doubt is not overruled, even where it lacks a dot.
    for mass, row in zip(found.calibration.masses, found.calibration.rows, strict=True):
        assert row == pytest.approx(ROWS[MASSES.index(mass)], abs=1.5)


@pytest.mark.parametrize(
    ("rows", "kept", "flags"),
    [
        ((61.0, 91.0, 106.0, 129.0, 141.0), True, ()),
        ((60.0, 107.0, 128.0, 142.0, 170.0), False, ("marker_doubtful",)),
    ],
)
def test_ticks_bear_out_a_doubted_lane_or_stand_in_for_it(rows, kept, flags):
    lane = Calibration(rows, MASSES, residual=0.03, flags=("marker_doubtful",), lane=1, notes=("far off",))
    ticks = Calibration(tuple(map(float, ROWS)), MASSES, residual=0.01, picture="ticks")
    both = _of_both(lane, ticks, ublot.Params(marker=MASSES))
    assert (both.rows == rows) is kept
    assert both.flags == flags
    assert both.notes == (() if kept else ("lane 1 puts its masses elsewhere",))


def test_a_lane_that_shows_all_masses_on_a_smooth_curve_is_believed():
    lane = Calibration((60.0, 107.0, 128.0, 142.0, 170.0), MASSES, residual=0.004, lane=1)
    ticks = Calibration(tuple(map(float, ROWS)), MASSES, residual=0.01, picture="ticks")
    assert _of_both(lane, ticks, ublot.Params(marker=MASSES)) is lane
