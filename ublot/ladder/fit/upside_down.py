"""Blots on their heads, told without a marker: the ladder hangs down from the unmodified band."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ublot.ladder.cut import quantify_ladder
from ublot.ladder.fit.all_lanes import fit_ladders
from ublot.ladder.rung_calibration import calibrate_by_rungs, rungs_hold
from ublot.mass.wrong_way import turned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.ladder.cut import Ladder

__all__ = ["hangs_down"]

FEWEST = 3
"""Lanes with a band."""

BAND = 0.03
"""Of the rows to either side of the unmodified band: what belongs to it."""

MOST_ABOVE = 0.25
"""Of what lies below the band: what may lie above it in a picture on its head. A ladder of DNA, bands on both sides of
its brightest, has 0.29."""

WIDE = 0.12
"""Of the rows: bands less than half as high are no smear."""

BELOW, ABOVE = 0.08, 0.01
"""Shares of a lane's signal, in the median lane, that lie below the band at least and above it at most. Of 53 simulated
blots of all kinds seen upside down all but three had 0.10 below, and none 0.01 above."""


def hangs_down(
    ladders: Sequence[Ladder], *, target_kda: float, modifier_kda: float, x: Sequence[float]
) -> tuple[str, ...]:
    """Flags of a blot without masses whose wells seem to be at the bottom; none where nothing says so.

    Parameters
    ----------
    ladders : sequence of Ladder
        Of all lanes, quantified without a calibration, since no rungs were found above the unmodified band.
    target_kda, modifier_kda : float
    x : sequence of float
        Columns of the lanes.

    Returns
    -------
    tuple of str
        ``upside_down`` where rungs stand one modifier apart below the band, as they would above it; ``signal_below``
        where a smear stands below it and nothing above.
    """
    seen = [
        (k, column)
        for k, column in zip(ladders, x, strict=True)
        if math.isfinite(k.target_row) and "lane_empty" not in k.flags and k.antibody == "target"
    ]
    if len(seen) < FEWEST:
        return ()
    above, below, smear = np.median([_beside_band(k) for k, _ in seen], axis=0)
    if above > MOST_ABOVE * below:
        return ()
    profiles = tuple(turned(k.profile) for k, _ in seen)
    columns = [column for _, column in seen]
    cut = quantify_ladder(profiles, target=target_kda, modifier=modifier_kda, x=columns)
    by_rungs = calibrate_by_rungs(cut, target_kda=target_kda, modifier_kda=modifier_kda)
    if by_rungs is not None:
        cut = quantify_ladder(profiles, by_rungs, target=target_kda, modifier=modifier_kda, x=columns)
        loaded = {p.lane for p in profiles}
        if rungs_hold(fit_ladders(cut, by_rungs, target_kda=target_kda, modifier_kda=modifier_kda, loaded=loaded)):
            return ("upside_down",)
    return ("signal_below",) if smear >= BELOW and above <= ABOVE else ()


def _beside_band(ladder: Ladder) -> tuple[float, float, float]:
    """Shares of the lane's signal above the unmodified band, below it, and of the latter in a smear."""
    from scipy.ndimage import median_filter  # here: most blots have masses, and it takes long to import

    signal = ladder.profile.signal
    whole = float(np.abs(signal).sum())
    if not whole > 0:
        return 0.0, 0.0, 0.0
    at, reach = ladder.target_row - ladder.profile.top, max(BAND * len(signal), 3.0)
    wide = 2 * round(0.5 * WIDE * len(signal)) + 1
    above, below = signal[: max(int(at - reach), 0)], signal[int(at + reach) :]
    smear = median_filter(below, wide, mode="nearest")
    return float(above.sum()) / whole, float(below.sum()) / whole, float(smear.sum()) / whole
