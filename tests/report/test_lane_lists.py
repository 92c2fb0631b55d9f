"""Lanes in words."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ublot.wording.lane_lists import lane_ranges


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "lane 3"),
        ([3, 2], "lanes 2, 3"),
        (range(1, 16), "lanes 1–15"),
        ([1, 2, 3, 7, 9, 10], "lanes 1–3, 7, 9, 10"),
    ],
)
def test_three_in_a_row_are_a_range(numbers: Iterable[int], words: str) -> None:
    assert lane_ranges(numbers) == words
