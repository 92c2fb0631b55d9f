"""Smoothing against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from ublot.numerics.medians import middle
from ublot.numerics.smoothing import smooth_rows


@pytest.mark.parametrize(("rows", "sigma"), [(300, 1.0), (700, 3.3), (1024, 57.0), (40, 15.0)])
def test_as_by_scipy(rows, sigma):
    values = np.random.default_rng(rows).normal(size=rows)
    assert smooth_rows(values, sigma) == pytest.approx(gaussian_filter1d(values, sigma), abs=1e-12)
    zeros = smooth_rows(values, sigma, mirror=False)
    assert zeros == pytest.approx(gaussian_filter1d(values, sigma, mode="constant"), abs=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11])
def test_middle_is_the_median(count):
    values = np.random.default_rng(count).normal(size=count)
    assert middle(values) == np.median(values)
