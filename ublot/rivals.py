"""The HMW fraction on the other background that is fit for smears: how far a score rests on the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ublot.background import gutter_levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.ladder import Ladder
    from ublot.model import Background, Blot, Lanes

__all__ = ["rowwise_fractions"]

HAZE_ROWS = 20  # rows below the unmodified band that it takes to compare backgrounds there


def rowwise_fractions(blot: Blot, lanes: Lanes, background: Background, ladders: Sequence[Ladder]) -> dict[int, float]:
    """``hmw_fraction`` on the gutters row by row instead of the background chosen, by lane.

    Their level is compared with the chosen background's, less what it says below the unmodified band, as for haze.
    Lanes without signal are left out.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    background : Background
        The one that the ladders rest on.
    ladders : sequence of Ladder
        Of all lanes.
    """
    rival = gutter_levels(blot, lanes)
    fractions = {}
    for ladder, level, other in zip(ladders, background.level, rival, strict=True):
        total = ladder.unmodified + ladder.hmw
        if not total > 0 or "no_signal" in ladder.flags:
            continue
        rows = ladder.profile.rows
        off = (other - level) * ladder.profile.width
        below = rows > ladder.low_row
        off = np.where(ladder.profile.noise > 0, off - (np.median(off[below]) if below.sum() > HAZE_ROWS else 0.0), 0.0)
        h = float(off[(rows > ladder.well_row) & (rows < ladder.boundary_row)].sum())
        u = float(off[(rows >= ladder.boundary_row) & (rows <= ladder.low_row)].sum())
        fractions[ladder.lane] = (ladder.hmw - h) / (total - h - u)
    return fractions
