"""How far a score rests on the choice of background and haze, and whether anything is known with the one chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ublot.background.gutters import gutter_levels
from ublot.numerics.medians import middle
from ublot.scoring.ratios import fraction_of, normal_interval
from ublot.wording.lane_lists import lane_ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ublot.inputs.params import Params
    from ublot.ladder.cut import Ladder
    from ublot.model import Background, Blot, Lanes, Profile
    from ublot.pipeline.quantification import Quantified

__all__ = [
    "background_notes",
    "background_spread",
    "compare_backgrounds",
    "rowwise_fractions",
    "with_background_flags",
]

WIDEST = 0.3
"""Width of the 95 % interval of ``hmw_fraction`` from which on nothing is known of a lane: the only ground on which one
is refused for its background."""

DISAGREE = 0.05  # of hmw_fraction, from where on background methods are said to disagree

HAZE_ROWS = 20  # rows below the unmodified band that it takes to compare backgrounds there


def background_notes(profiles: Sequence[Profile], lanes: Collection[int]) -> tuple[str, ...]:
    """What is measured of these lanes where they touch and where their background is unsure, in words."""
    touching = {p.lane: p.gap_level for p in profiles if "lanes_touching" in p.flags and p.lane in lanes}
    unsure = {p.lane: p.off for p in profiles if "background_unsure" in p.flags and p.lane in lanes}
    return (
        *_measured(touching, "touching: the gap beside it stands at {} of the lane's level"),
        *_measured(unsure, "background unsure by {} of the lane's height; the interval holds it"),
    )


def _measured(values: Mapping[int, float], text: str) -> tuple[str, ...]:
    if not values:
        return ()
    low, high = min(values.values()), max(values.values())
    size = f"{low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"
    return (f"{lane_ranges(values)}: {text.format(size)}",)


def with_background_flags(ladders: Sequence[Ladder], loaded: Collection[int]) -> tuple[Ladder, ...]:
    """The ladders, those of `loaded` lanes of which the background leaves nothing known flagged ``gutters_poor``."""

    def poor(ladder: Ladder) -> bool:
        known = normal_interval(fraction_of(ladder))
        return ladder.lane in loaded and known.high - known.low > WIDEST

    return tuple(k.flagged("gutters_poor") if poor(k) else k for k in ladders)


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
        off = np.where(ladder.profile.noise > 0, off - (middle(off[below]) if below.sum() > HAZE_ROWS else 0.0), 0.0)
        h = float(off[(rows > ladder.well_row) & (rows < ladder.boundary_row)].sum())
        u = float(off[(rows >= ladder.boundary_row) & (rows <= ladder.low_row)].sum())
        fractions[ladder.lane] = (ladder.hmw - h) / (total - h - u)
    return fractions


def _other_haze(ladder: Ladder) -> float:
    """``hmw_fraction`` with haze left in where it was taken off, or taken off where there may be some."""
    profile = ladder.profile
    rows, seen = profile.rows, profile.noise > 0
    h = np.count_nonzero(seen & (rows > ladder.well_row) & (rows < ladder.boundary_row))
    u = np.count_nonzero(seen & (rows >= ladder.boundary_row) & (rows <= ladder.low_row))
    off = ladder.haze_possible - ladder.haze
    return float((ladder.hmw - h * off) / (ladder.unmodified + ladder.hmw - (h + u) * off))


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
    flagged = (k.flagged(*("background_disagrees",) * (k.lane in far)) for k in found.ladders)
    return tuple(flagged), rowwise


def background_spread(ladders: Sequence[Ladder], rowwise: Mapping[int, float]) -> dict[int, float]:
    """Largest difference of ``hmw_fraction`` by lane.

    Between the two background methods that are fit for smears, and between haze taken off and left in.
    """
    spread = {}
    for k in ladders:
        if k.lane in rowwise:
            values = rowwise[k.lane], k.hmw / (k.unmodified + k.hmw), _other_haze(k)
            spread[k.lane] = max(values) - min(values)
    return spread
