"""A loading row on the picture of the target: which of the two is measured must not be a silent guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_lanes import ROWS, as_profile, quantified

import ublot
from ublot.pipeline.rows_apart import row_above

COLUMNS = np.array([70, 150, 230, 310, 390, 470])


def blot(*, loading, ladder=True):
    """Six lanes with a target at row 150 and, where asked for, a stronger row of bands far below it."""
    rng = np.random.default_rng(4)
    rows, cols = np.mgrid[:420, :540]
    out = 2000 + rng.normal(0, 25, rows.shape)
    for k, x in enumerate(COLUMNS):
        across = np.exp(-((np.abs(cols - x) / 22.0) ** 6))
        out += across * 9000 * np.exp(-(((rows - 150) / 4.0) ** 2))
        for rung in range(1, 5) if ladder else ():
            out += across * (400 + 350 * k) / rung * np.exp(-(((rows - 150 + 13 * rung) / 4.0) ** 2))
        if loading:
            out += across * 20000 * np.exp(-(((rows - 350) / 5.0) ** 2))
    return np.clip(np.rint(out), 0, 65535).astype(np.uint16)


def test_two_rows_are_told_apart_and_the_other_is_offered():
    found = ublot.analyze(blot(loading=True), lanes=6)
    assert "rows_apart" in found.stages.image_flags
    assert found.lanes["hmw_fraction"].isna().all()  # it may be the loading control's
    (said,) = [line for line in found.messages if line.startswith("two rows of bands")]
    assert "at rows 150 and 350" in said and "that at 350 was taken" in said
    assert "--roi 0:250,0:540" in said
    chosen = ublot.analyze(blot(loading=True), lanes=6, roi="0:250,0:540")
    assert "rows_apart" not in chosen.stages.image_flags
    assert abs(np.median([k.target_row for k in chosen.stages.ladders]) - 150) < 3


def test_a_region_that_was_chosen_is_measured_and_the_other_row_is_said():
    found = ublot.analyze(blot(loading=True), lanes=6, roi="5:415,0:540")
    assert "rows_apart" not in found.stages.image_flags
    assert found.lanes["hmw_fraction"].notna().all()
    assert any(line.startswith("two rows of bands") for line in found.messages)


@pytest.mark.parametrize("ladder", [True, False])
def test_one_row_with_or_without_its_rungs_is_alone(ladder):
    assert "rows_apart" not in ublot.analyze(blot(loading=False, ladder=ladder), lanes=6).stages.image_flags


def test_a_band_just_beyond_the_end_counts_for_nothing():
    signal = 1000 * np.exp(-0.5 * ((np.arange(ROWS) - ROWS + 2) / 3.0) ** 2)
    lanes = [
        replace(quantified(number, 1000.0, 100.0, profile=as_profile(signal, number)), target_row=ROWS - 2.0)
        for number in range(1, 6)
    ]
    lanes[2] = replace(lanes[2], target_row=ROWS - 0.1)
    assert row_above(lanes, {1, 2, 3, 4, 5}, None) is None
