"""A picture whose response is a guess is read both ways, and every interval holds both answers.

A camera's export black on white looks like a scanned film. Where nothing tells them apart, the lanes are measured as if
levels were linear and as if they were a density; the numbers stay those of the likelier reading.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ublot.model import Interval
from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ublot.ladder.cut import Ladder
    from ublot.scoring.relative import Score

__all__ = ["holding_both", "how_far_apart", "ladders_holding_both"]

INTERVALS = ("fraction", "fraction_net", "relative", "relative_measured", "relative_area", "remaining")
"""What of a score has an interval."""

APART = (("relative_hmw", "relative"), ("hmw_fraction", "fraction"), ("relative_hmw_area", "relative_area"))
"""By what it is told how far both readings differ: the first of them that is known."""
ALIKE = 5e-4
"""By how much they differ where that is not to be seen in what is printed of a fraction."""


def holding_both(scores: Sequence[Score], others: Iterable[Score]) -> tuple[Score, ...]:
    """The scores, their intervals widened to hold those of the other reading; lanes that only one scores stay."""
    beside = {score.lane: score for score in others if score.scored}
    out = []
    for score in scores:
        other = beside.get(score.lane)
        if score.scored and other is not None:
            wider: dict[str, Any] = {name: _both(getattr(score, name), getattr(other, name)) for name in INTERVALS}
            score = replace(score, **wider)
        out.append(score)
    return tuple(out)


def ladders_holding_both(ladders: Sequence[Ladder], others: Iterable[Ladder]) -> tuple[Ladder, ...]:
    """The ladders, the interval of their mean number of ubiquitins widened likewise; areas have units of their own."""
    beside = {ladder.lane: ladder for ladder in others}
    return tuple(
        replace(k, mean_ubiquitins=_both(k.mean_ubiquitins, beside[k.lane].mean_ubiquitins)) if k.lane in beside else k
        for k in ladders
    )


def _both(one: Interval, other: Interval) -> Interval:
    ends = [x for x in (other.value, other.low, other.high) if math.isfinite(x)]
    if not (math.isfinite(one.value) and ends):
        return one
    # An end that is not known stays so: it is no narrower for the other reading.
    low = min(one.low, *ends) if math.isfinite(one.low) else one.low
    return Interval(one.value, low, max(one.high, *ends) if math.isfinite(one.high) else one.high)


def how_far_apart(scores: Iterable[Score], others: Iterable[Score], response: str) -> tuple[str, ...]:
    """One line: by how much both readings differ, in the lane where they differ most.

    Parameters
    ----------
    scores, others : iterable of Score
        Of the reading that the numbers are from, not yet widened, and of the other.
    response : {"linear", "density"}
        Of the former.
    """
    beside = {score.lane: score for score in others if score.scored}
    name, worst = "", None
    for quantity, attribute in APART:
        pairs = [
            (score.lane, getattr(score, attribute).value, getattr(beside[score.lane], attribute).value)
            for score in scores
            if score.scored and score.lane in beside
        ]
        known = [p for p in pairs if math.isfinite(p[1]) and math.isfinite(p[2])]
        if known:
            name, worst = quantity, max(known, key=lambda p: abs(p[1] - p[2]))
            break
    if worst is None:
        return ()
    lane, own, other = worst
    if abs(own - other) < ALIKE:
        return (told("nothing tells whether levels are linear or a density: both were measured, and give the same"),)
    return (
        told(
            "nothing tells whether levels are linear or a density: both were measured. They differ most in lane {lane}:"
            " {name} {own} as {one}, {other} as {two}; the intervals hold both. Set {response}",
            lane=lane,
            name=name.replace("hmw", "HMW").replace("_", " "),
            own=f"{own:.3g}",
            one=_named(response),
            other=f"{other:.3g}",
            two=_named("linear" if response == "density" else "density"),
        ),
    )


def _named(response: str) -> str:
    return "a density" if response == "density" else "linear"
