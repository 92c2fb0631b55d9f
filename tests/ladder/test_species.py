"""Species of a lane as columns that make single ones."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ublot.ladder.species import Species, SpeciesColumns
from ublot.model import Interval

COLUMNS = SpeciesColumns(
    np.arange(3), 70 + 8.5 * np.arange(3), np.array([500.0, 450, 410]), np.array([90.0, 6, 4]), np.array([2.0, 1, 1]),
    np.array([0.9, 0.06, 0.04]), np.array([True, True, False]),
)  # fmt: skip


def test_each_is_made_of_its_columns():
    assert COLUMNS[1] == Species(1, 78.5, 450.0, Interval(6.0, 5.0, 7.0), 0.06, "rung")
    assert COLUMNS[-1] == COLUMNS[2] == Species(2, 87.0, 410.0, Interval(4.0, 3.0, 5.0), 0.04, "smear")
    assert COLUMNS[1:] == (COLUMNS[1], COLUMNS[2])
    with pytest.raises(IndexError):
        COLUMNS[3]


def test_they_are_a_sequence():
    assert len(COLUMNS) == 3 and [s.n for s in COLUMNS] == [0, 1, 2]
    assert isinstance(COLUMNS[0].n, int) and isinstance(COLUMNS[0].area.low, float)
    assert list(pickle.loads(pickle.dumps(COLUMNS))) == list(COLUMNS)
