"""What the other background method that is fit for smears says: how far the score rests on the choice."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["rival_fractions"]


def rival_fractions(analysis: Any) -> dict[int, float]:
    """`hmw_fraction` of every scored lane on the gutters row by row, instead of the joint regression.

    The signed form of `background_spread`: the two differ by just that. Empty where another background was chosen, or
    there is no fraction.

    Parameters
    ----------
    analysis : Analysis
        Its stages are read.
    """
    from ublot.background import gutter_levels
    from ublot.pipeline import HAZE_ROWS

    stages = analysis.stages
    if not stages.spread:
        return {}
    levels = gutter_levels(analysis.blot, stages.geometry)
    out = {}
    for ladder, level, other in zip(stages.ladders, stages.background.level, levels, strict=True):
        if ladder.lane not in stages.spread:
            continue
        rows = ladder.profile.rows
        off = (other - level) * ladder.profile.width
        below = rows > ladder.low_row
        off = np.where(ladder.profile.noise > 0, off - (np.median(off[below]) if below.sum() > HAZE_ROWS else 0.0), 0.0)
        h = float(off[(rows > ladder.well_row) & (rows < ladder.boundary_row)].sum())
        u = float(off[(rows >= ladder.boundary_row) & (rows <= ladder.low_row)].sum())
        total = ladder.unmodified + ladder.hmw
        out[ladder.lane] = (ladder.hmw - h) / (total - h - u)
    return out
