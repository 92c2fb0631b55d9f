"""The plugin's table of scores as text."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from ublot_napari.sections.answer.rows import score_header, score_rows


def table(**cells: object) -> pd.DataFrame:
    row = {
        "lane": 6,
        "role": "sample",
        "compound": "birinapant",
        "concentration_nM": 25.0,
        "hmw_fraction": 0.61239,
        "relative_hmw": 3.4567,
        "relative_hmw_low": 2.9,
        "relative_hmw_high": 4.123,
        "unmodified_remaining": 0.5,
        "flags": "eight_bit;well_signal",
    }
    return pd.DataFrame([row | cells])


def test_a_lane_in_words() -> None:
    (row,) = score_rows(table())
    said = dict(zip(score_header(), row, strict=True))
    assert said == {
        "Lane": "6",
        "Role": "sample",
        "Compound": "birinapant",
        "nM": "25",
        "HMW fraction": "0.612",
        "Over vehicle (95 %)": "3.46 (2.90 – 4.12)",
        "Unmodified left": "0.50",
        "Flags": "eight bit, well signal",
    }


@pytest.mark.parametrize("nothing", [None, math.nan, pd.NA, ""])
def test_what_is_missing_is_empty(nothing: object) -> None:
    names = ("compound", "concentration_nM", "hmw_fraction", "relative_hmw", "relative_hmw_low", "flags")
    (row,) = score_rows(table(**dict.fromkeys(names, nothing)))
    assert row == ("6", "", "", "", "", "0.50", "sample", "")


def test_a_score_without_interval_stands_alone() -> None:
    (row,) = score_rows(table(relative_hmw_low=math.nan, relative_hmw_high=math.nan))
    assert row[3] == "3.46"


def test_minus_is_a_minus() -> None:
    (row,) = score_rows(table(hmw_fraction=-0.004))
    assert row[4] == "−0.004"
