"""Medians against numpy's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.ndimage import median_filter

from ublot.numerics.medians import (
    SAMPLE,
    column_quantiles,
    linear_quantiles,
    median,
    median_of_nine,
    medians_of,
    quantile,
    row_medians,
    running_medians,
)


def test_the_median_of_nine_is_right_for_every_order_there_is():
    # A network of comparisons that is right for all zeros and ones is right for all numbers.
    cases = np.array(list(itertools.product((0, 1), repeat=9))).T
    assert (median_of_nine(list(cases)) == np.median(cases, axis=0)).all()
    before = cases.copy()
    median_of_nine(list(cases))
    assert (cases == before).all()


@pytest.mark.parametrize("count", [1, 2, 7, 100, 1001])
def test_a_quantile_is_one_of_the_values(count):
    values = np.random.default_rng(count).normal(size=count).astype(np.float32)
    for share in (0.0, 0.3, 0.5, 1.0):
        assert quantile(values, share) == np.sort(values)[min(int(share * count), count - 1)]
    assert median(values) == np.sort(values)[count // 2]


@pytest.mark.parametrize("odd", [None, -50.0, 50.0, np.nan])
def test_a_quantile_of_many_values_does_not_hang_on_the_sample(odd):
    values = np.random.default_rng(7).normal(size=50_021)
    if odd is not None:
        values[:: len(values) // SAMPLE | 1] = odd  # all that is looked at first
    for share in (0.0, 0.02, 0.5, 0.9, 0.995, 1.0):
        right = np.sort(values)[min(int(share * len(values)), len(values) - 1)]
        assert quantile(values, share) == right or np.isnan(right)
    levels = np.arange(50_021) % 7  # few levels, each many times
    assert quantile(levels, 0.5) == np.sort(levels)[25_010]


@pytest.mark.parametrize("shape", [(5, 1), (4, 8), (3, 2, 11)])
def test_medians_of_rows_are_those_of_numpy(shape):
    rows = np.random.default_rng(5).normal(size=shape).astype(np.float32)
    assert (row_medians(rows) == np.median(rows, axis=-1)).all()
    assert row_medians(rows).dtype == np.float32


@pytest.mark.parametrize("count", [1, 2, 3, 10, 501])
def test_linear_quantiles_are_those_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).normal(0, 1, count)
    shares = (0.0, 0.02, 0.5, 0.95, 1.0)
    assert linear_quantiles(values, *shares) == pytest.approx(np.quantile(values, shares), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("rows", [2, 3, 102])
def test_quantiles_of_columns_are_those_of_numpy(rows):
    table = np.random.default_rng(rows).normal(0, 1, (rows, 5))
    for share in (0.0, 0.3, 0.98, 1.0):
        assert column_quantiles(table, share) == pytest.approx(np.quantile(table, share, axis=0), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("width", [1, 5, 11, 31])
def test_running_medians_are_those_of_a_filter(width):
    lines = np.random.default_rng(width).normal(size=(3, 40))
    assert (running_medians(lines, width) == median_filter(lines, size=(1, width), mode="nearest")).all()


def test_medians_of_what_is_kept_are_those_of_numpy():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 17))
    kept = rng.random(values.shape) < 0.4
    kept[:, 5] = True
    expected = [np.median(line[seen]) for line, seen in zip(values, kept, strict=True)]
    assert (medians_of(values, kept)[:, 0] == expected).all()
