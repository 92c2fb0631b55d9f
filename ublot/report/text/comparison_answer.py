"""The answer of several blots together: what a compound did, with n and p, and whether to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ublot.io.cells import number_or_nan
from ublot.report.text.answer import Answer
from ublot.report.text.conditions import condition_text
from ublot.statistics.dunnett import LEAST
from ublot.wording.labels import time_text
from ublot.wording.words import Wording, interval_text, number_text, p_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Tested", "comparison_answer", "plain_message", "tested_of"]

LEVEL = 0.05  # chance below which a condition is said to differ from the vehicle


@dataclass(frozen=True)
class Tested:
    """One condition of ``summary.csv``."""

    name: str
    compound: str
    series: tuple[str, str, str]
    concentration_nM: float
    mean: float
    low: float
    high: float
    n: int
    blots: int
    p: float

    @property
    def differs(self) -> bool:
        """Whether the test says so, or without one the interval."""
        if math.isfinite(self.p):
            return self.p < LEVEL
        return math.isfinite(self.low) and not self.low <= 1 <= self.high

    @property
    def size(self) -> tuple[float, float]:
        """How large the effect is, as logarithms of the fold: the least that the interval allows, then the mean."""
        mean = abs(math.log(max(self.mean, 1e-3)))
        if not math.isfinite(self.low) or self.low <= 1 <= self.high:
            return 0.0, mean
        return min(abs(math.log(max(bound, 1e-3))) for bound in (self.low, self.high)), mean


def plain_message(text: str) -> str:
    """A message of the comparison without names of columns."""
    for name, words in (
        ("p_vehicle allow", "p allow"),
        ("relative_hmw_area", "the score"),
        ("relative_hmw", "the score"),
    ):
        text = text.replace(name, words)
    return text


def tested_of(summary: Sequence[Mapping[str, Any]], quantity: str) -> list[Tested]:
    """Sample conditions of one quantity, in the table's order.

    Parameters
    ----------
    summary : sequence of mapping
        As in ``summary.csv``.
    quantity : str
    """
    rows = [row for row in summary if row["role"] == "sample" and row["quantity"] == quantity]
    times = {time_text(row["time_min"]) for row in rows}
    groups = {str(row["group"] or "") for row in rows}
    out = []
    for row in rows:
        name = condition_text(row, time=len(times) > 1, group=len(groups) > 1)
        series = str(row["compound"] or "").casefold(), str(row["group"] or ""), time_text(row["time_min"])
        mean, low, high = (float(row[key]) for key in ("mean", "low", "high"))
        out.append(
            Tested(
                name, str(row["compound"] or ""), series, number_or_nan(row["concentration_nM"]), mean, low, high,
                int(row["n"]), int(row["blots"]), number_or_nan(row["p_vehicle"]),
            )
        )  # fmt: skip
    return out


def comparison_answer(
    summary: Sequence[Mapping[str, Any]], quantity: str, words: Wording, blots: int, messages: Sequence[str] = ()
) -> Answer:
    """Answer the question of a comparison.

    Parameters
    ----------
    summary : sequence of mapping
        As in ``summary.csv``.
    quantity : str
        The primary one.
    words : Wording
    blots : int
        How many were joined.
    messages : sequence of str
        What was averaged, left out or not alike.
    """
    question = f"How much more or less {words.act} is there than with {words.vehicle}, over {_blots(blots)}?"
    tested = [t for t in tested_of(summary, quantity) if math.isfinite(t.mean)]
    if not tested:
        why = tuple(map(plain_message, messages)) or ("no sample lane has a score",)
        return Answer(question, f"No answer: nothing could be set against {words.vehicle}.", "none", why)
    clear = [t for t in tested if t.differs]
    best = max(clear or tested, key=lambda t: t.size)
    enough = [t for t in tested if t.n >= LEAST]
    if clear or len(tested) == 1 or not enough:
        sentence = _sentence(best, words)
    else:
        best = max(enough, key=lambda t: abs(math.log(max(t.mean, 1e-3))))
        sentence = (
            f"No compound differs measurably from {words.vehicle} in {words.act}; the farthest, {best.name}, has "
            f"{number_text(best.mean)}-fold ({_evidence(best)})."
        )
    reasons = _reasons(best, messages)
    more = []
    for series in dict.fromkeys(t.series for t in tested):
        if series != best.series:
            same = [t for t in tested if t.series == series]
            more.append(_sentence(max([t for t in same if t.differs] or same, key=lambda t: t.size), words))
    return Answer(question, sentence, "care" if reasons else "good", tuple(reasons), tuple(more))


def _blots(count: int) -> str:
    return "one blot" if count == 1 else f"{count} blots"


def _sentence(t: Tested, words: Wording) -> str:
    fold = number_text(t.mean)
    if t.differs:
        verb = "raised" if t.mean > 1 else "lowered"
        return f"{t.name} {verb} {words.act} to {fold}-fold of {words.vehicle} ({_evidence(t)})."
    if t.n < LEAST:
        return f"{t.name} had {fold}-fold the {words.act} of {words.vehicle} on average ({_evidence(t)})."
    return f"{t.name} did not measurably change {words.act}: {fold}-fold of {words.vehicle} ({_evidence(t)})."


def _evidence(t: Tested) -> str:
    bounds = interval_text(t.low, t.high)
    n = f"n = {t.n} independent reaction{'' if t.n == 1 else 's'}"
    n += f" on {t.blots} blots" if 1 < t.blots != t.n else ""
    few = "too few for an interval or a test" if t.n < LEAST else ""
    return "; ".join(part for part in (f"95 % {bounds}" if bounds else "", n, p_text(t.p, sign=True) or few) if part)


def _reasons(best: Tested, messages: Sequence[str]) -> list[str]:
    out = []
    if best.n < LEAST:
        out.append(f"{best.n} independent reaction{'' if best.n == 1 else 's'} of {best.name}; a test needs {LEAST}")
    elif not math.isfinite(best.p):
        out.append(f"no test against the vehicle: fewer than {LEAST} vehicle reactions on the same blots, or one blot")
    if best.n >= LEAST and best.blots == 1:
        out.append("all reactions stand on one blot")
    if best.n >= LEAST and best.blots == 2:
        out.append("two blots say little about the next: only a very even effect can be told from none")
    if best.differs and best.low <= 1 <= best.high:
        out.append("the interval from its own scatter holds 1; the test takes the scatter of all conditions together")
    out += [
        plain_message(m)
        for m in messages
        if any(said in m for said in ("blots differ", "another background", "no vehicle"))
    ]
    return out
