"""Every column of a result is described, and nothing that is not there."""

from __future__ import annotations

import pytest

import ublot
from ublot.results.column_meanings import MEANINGS, meaning


@pytest.fixture(scope="module")
def tables(root):
    analysis = ublot.analyze(root / "test_images/dose_series.tif", marker="precision-plus")
    return {**analysis.columns, **analysis.statistics}


@pytest.mark.parametrize("name", list(MEANINGS))
def test_every_column_has_a_meaning_and_every_meaning_a_column(tables, name):
    described = {column: meaning(name, column) for column in tables[name]}
    assert all(described.values())
    ends = {f"{stem}_{end}" for stem in MEANINGS[name] for end in ("low", "high")}
    assert set(MEANINGS[name]) - set(tables[name]) <= {"relative_hmw_measured"}  # only its two ends are columns
    assert {c for c in tables[name] if c not in MEANINGS[name]} <= ends | {
        *("ec50_low", "ec50_high", "descending_low", "descending_high", "robust_low", "robust_high"),
    }


def test_an_interval_names_what_it_belongs_to():
    assert meaning("lanes", "hmw_fraction_low") == "lower end of the 95 % interval of hmw_fraction"
    assert meaning("dose_response", "robust_high") == "upper end of the 95 % interval of robust_ec50_nM"
    with pytest.raises(KeyError):
        meaning("lanes", "nothing_low")
