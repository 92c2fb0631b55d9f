"""What the other background method that is fit for smears says: how far the score rests on the choice."""

from __future__ import annotations

from typing import Any

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
    from ublot.rivals import rowwise_fractions

    stages = analysis.stages
    if not stages.spread:
        return {}
    fractions = rowwise_fractions(analysis.blot, stages.geometry, stages.background, stages.ladders)
    return {lane: fractions[lane] for lane in stages.spread}
