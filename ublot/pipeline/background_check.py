"""The HMW fraction on the other background that is fit for smears: how far a score rests on the choice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.background.gutters import gutter_levels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ublot.inputs.params import Params
    from ublot.ladder.cut import Ladder
    from ublot.model import Background, Blot, Lanes
    from ublot.pipeline.quantification import Quantified

__all__ = ["background_spread", "compare_backgrounds", "rowwise_fractions"]

DISAGREE = 0.05  # of hmw_fraction, from where on background methods are said to disagree

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


def compare_backgrounds(
    blot: Blot, geometry: Lanes, background: Background, found: Quantified, params: Params
) -> tuple[tuple[Ladder, ...], dict[int, float]]:
    """Ladders with a flag where two ways to take the background disagree, and the fractions on the other one.

    Returns
    -------
    ladders : tuple of Ladder
    rowwise : dict of int to float
        ``hmw_fraction`` on the gutters row by row, of every lane with signal that may hold target; empty where another
        background was chosen, or there is no fraction.
    """
    if params.background != "gutter" or params.antibody != "target":
        return found.ladders, {}
    rowwise = rowwise_fractions(blot, geometry, background, found.ladders)
    rowwise = {lane: fraction for lane, fraction in rowwise.items() if lane in found.loaded}
    apart = background_spread(found.ladders, rowwise)
    far = {lane for lane, by in apart.items() if by > DISAGREE}
    flagged = (replace(k, flags=(*k.flags, *("background_disagrees",) * (k.lane in far))) for k in found.ladders)
    return tuple(flagged), rowwise


def background_spread(ladders: Sequence[Ladder], rowwise: Mapping[int, float]) -> dict[int, float]:
    """Difference of ``hmw_fraction`` between the two background methods that are fit for smears, by lane."""
    return {k.lane: abs(rowwise[k.lane] - k.hmw / (k.unmodified + k.hmw)) for k in ladders if k.lane in rowwise}
