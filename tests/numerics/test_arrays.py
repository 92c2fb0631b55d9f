"""Places of arrays."""

from __future__ import annotations

import numpy as np
import pytest

from ublot.numerics.arrays import in_a_row


@pytest.mark.parametrize("places", [[], [3], [3, 4, 5], [3, 5], [0, 1, 2, 7], [2, 3, 5, 6]])
def test_places_in_a_row_are_looked_at_without_a_copy_and_are_the_same(places):
    values, at = np.arange(10.0), np.array(places, np.intp)
    found = values[in_a_row(at)]
    assert (found == values[at]).all()
    assert np.shares_memory(found, values) == (len(places) > 0 and places[-1] - places[0] == len(places) - 1)
