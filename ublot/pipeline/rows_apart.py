"""Two rows of bands on one picture, as of a target and its loading control, where nothing says which is the target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ublot.ladder.cut import Ladder
    from ublot.model import Calibration, Window

__all__ = ["row_above", "row_above_in_words"]

APART, CLEAR, ROW = 0.12, 0.05, 0.15
"""Share of the picture's height that lies between the two rows at least; and heights over the chosen row's, in the
median lane: what stands between the rows at most, and the other row at least. Rungs and smears begin right above their
target, so that a row of these is no other row."""

EDGE = 0.04
"""Share of the height, below the top or the well edge, that may hold what the well holds."""

FEWEST = 3
"""Lanes that make a row."""


def row_above(ladders: Sequence[Ladder], loaded: Collection[int], calibration: Calibration | None) -> float | None:
    """Row of bands that runs through most lanes far above the band that was taken for the target, with nothing between.

    Parameters
    ----------
    ladders : sequence of Ladder
    loaded : collection of int
        Numbers of the lanes that may hold target.
    calibration : Calibration or None
        With one, masses say which row the target is.

    Returns
    -------
    float or None
        Its row in the median lane; None where there is none, or masses are known.
    """
    if calibration is not None:
        return None
    lanes = [k for k in ladders if k.lane in loaded and math.isfinite(k.target_row) and k.antibody == "target"]
    if len(lanes) < FEWEST:
        return None
    height = len(lanes[0].profile.raw)
    least = max(round(APART * height), 8)
    reach = int(min(k.target_row - max(k.well_row, k.profile.top) - EDGE * height for k in lanes))
    if reach <= least:
        return None
    near = max(round(0.01 * height), 2)
    above = []
    for k in lanes:
        at = round(k.target_row - k.profile.top)
        signal = k.profile.signal
        band = float(signal[max(at - near, 0) : at + near + 1].max(initial=0.0))
        if band > 0 and reach <= at < len(signal):  # a band may lie just beyond the picture's end
            above.append(signal[at - reach : at + 1][::-1] / band)
    if len(above) < FEWEST:
        return None
    usual = np.median(np.stack(above), axis=0)
    start = int(np.argmax(usual < CLEAR))  # where the band itself has ended
    between, beyond = usual[start:least], usual[least:]
    if not len(between) or start >= least // 2 or between.max() > CLEAR or not beyond.max(initial=0.0) > ROW:
        return None
    away = least + int(np.argmax(beyond))
    return float(np.median([k.target_row for k in lanes])) - away


def row_above_in_words(row: float, ladders: Sequence[Ladder], loaded: Collection[int], window: Window) -> str:
    """Which row was taken for the target, and how to take the other."""
    taken = float(np.median([k.target_row for k in ladders if k.lane in loaded and math.isfinite(k.target_row)]))
    middle = round(0.5 * (row + taken))
    box = f"{window.top}:{middle},{window.left}:{window.right}"
    return told(
        "two rows of bands run through the lanes, at rows {row} and {taken}, and nothing says which is the target: "
        "that at {taken} was taken; if it is a loading control, choose the other with {roi} {box}, "
        "or give {marker}",
        row=f"{row:.0f}",
        taken=f"{taken:.0f}",
        box=box,
    )
