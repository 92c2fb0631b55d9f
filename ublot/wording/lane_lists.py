"""Lanes of which something is said, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["lane_ranges"]


def lane_ranges(numbers: Iterable[int]) -> str:
    """``lane 3``, ``lanes 2, 3``, ``lanes 1–4, 7``: three in a row or more are a range."""
    runs: list[list[int]] = []
    for n in sorted(set(numbers)):
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    parts = [str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a}–{b}" for a, b in runs]
    several = len(runs) > 1 or any(a != b for a, b in runs)
    return f"lane{'s' * several} {', '.join(parts)}"
