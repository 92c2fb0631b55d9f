"""Sums along slanted lines, against a picture of such lines."""

from __future__ import annotations

import numpy as np
import pytest

from ublot.lanes.tilt import sharpest_sums


def slanted(lean: float, *, rows: int = 90, cols: int = 200, pitch: float = 25.0) -> np.ndarray:
    """Lanes that run to the right by `lean` columns from the top edge to the bottom edge."""
    y, x = np.mgrid[0:rows, 0:cols]
    at_middle = x - lean * ((y + 0.5) / rows - 0.5)
    return np.asarray(np.abs((at_middle - 30) % pitch - 0.5 * pitch) > 0.25 * pitch, np.float32)


@pytest.mark.parametrize("lean", [0.0, 7.0, -19.0, 33.0])
def test_lines_are_followed(lean):
    picture = slanted(lean) + np.random.default_rng(2).normal(0, 1, (90, 200)).astype(np.float32)
    means, leans = sharpest_sums(picture[None], np.array([20.0]), 40.0)
    assert leans[0] == pytest.approx(lean, abs=2)
    inner = slice(40, 160)
    assert np.corrcoef(means[0, inner], slanted(0.0)[45, inner])[0, 1] > 0.8


def test_every_picture_has_its_own_slope():
    pictures = np.array([slanted(12.0), slanted(-25.0)])
    _, leans = sharpest_sums(pictures, np.array([20.0, 20.0]), 30.0)
    assert leans == pytest.approx([12, -25], abs=1.5)


def test_steep_lines_in_more_columns_than_strips():
    _, leans = sharpest_sums(slanted(150.0, rows=400, cols=500, pitch=80.0)[None], np.array([60.0]), 180.0)
    assert leans[0] == pytest.approx(150, abs=5)
