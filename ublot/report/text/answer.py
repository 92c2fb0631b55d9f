"""The question and its answer in one sentence, with a plain verdict on whether to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ublot.flags import FLAGS, severity_of
from ublot.io.cells import number_or_nan
from ublot.report.text.conditions import Effect, effects_of
from ublot.scoring.primary import by_area, lane_state, primary_quantity
from ublot.statistics.reactions import given_or_first
from ublot.wording.words import Wording, count_text, interval_text, lacking, number_text, percent_text, wording

if TYPE_CHECKING:
    from ublot.inputs.params import Params

__all__ = ["Answer", "answer_of", "effect_sentence", "flag_names", "strongest"]

Row = Mapping[str, Any]

WIDE = 3.0  # upper over lower bound of an interval, from where on it says little
OF_MASSES = ("above_marker",)  # says that masses are uncertain, not that the fold is
ABOVE = "of each lane's signal stands above its main band"
ONE_BLOT = "One blot is one experiment: independent repeats decide whether the compound works."
OF_NOTE = ("single_vehicle", "override", "edited")  # notes that bear on trust


@dataclass(frozen=True)
class Answer:
    """What the first screen says.

    Attributes
    ----------
    question, sentence : str
    verdict : {"good", "care", "none"}
        ``none``: nothing is scored.
    reasons : tuple of str
        Why not simply good.
    more : tuple of str
        Further sentences: other compounds, lanes that are not scored.
    """

    question: str
    sentence: str
    verdict: Literal["good", "care", "none"]
    reasons: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def trust(self) -> str:
        """The verdict in words, without the reasons."""
        return {"good": "good", "care": "with care", "none": "not scored"}[self.verdict]


def flag_names(row: Row) -> list[str]:
    """Flags of a lane."""
    return [name for name in str(row.get("flags") or "").split(";") if name]


def answer_of(rows: Sequence[Row], params: Params, *, layout: bool, messages: Sequence[str] = ()) -> Answer:
    """Answer the question of one blot.

    Parameters
    ----------
    rows : sequence of mapping
        As in ``lanes.csv``.
    params : Params
    layout : bool
        Whether there is one.
    messages : sequence of str
        Refusals in words.
    """
    words = wording(params, rows)
    lacks = lacking(rows, words.target, layout=layout)
    question = f"How much more or less {words.act} is there than with {words.vehicle}?"
    if lacks and rows:
        question = f"How much {ABOVE}, against {words.vehicle}?" if layout else f"How much {ABOVE}?"
    if not rows:
        return Answer(question, "No answer: no lanes were found on this picture.", "none", tuple(messages))
    quantity = primary_quantity(rows, by_area=by_area(params))
    effects = effects_of(rows, quantity) if quantity.startswith("relative") else []
    if effects:
        if not lacks:
            return _scored(question, rows, effects, quantity, words)
        found = _scored(question, rows, effects, quantity, replace(words, act="the signal above the main band"))
        return replace(found, more=(f"To call it {words.act} takes {' and '.join(lacks)}.", *found.more))
    return _not_scored(question, rows, quantity, words, lacks, layout=layout, messages=messages)


def strongest(effects: Sequence[Effect]) -> Effect:
    """The effect that is surest to be large; where none is clear, the one farthest from the vehicle."""
    clear = [effect for effect in effects if effect.direction]
    if clear:
        return max(clear, key=lambda effect: effect.sure)
    return max(effects, key=lambda effect: abs(math.log(max(effect.value, 1e-3))))


def effect_sentence(effect: Effect, words: Wording, *, act: str | None = None) -> str:
    """One effect in one sentence, its interval included."""
    act, fold = act or words.act, number_text(effect.value)
    name = effect.name[:1].upper() + effect.name[1:] if effect.name.startswith(("lane ", "the ")) else effect.name
    if not effect.known:
        return f"{name} had {fold}-fold the {act} of {words.vehicle}; no interval is known."
    bounds = interval_text(effect.low, effect.high)
    if effect.direction:
        verb = "raised" if effect.direction > 0 else "lowered"
        return f"{name} {verb} {act} to {fold}-fold of {words.vehicle} (95 % {bounds})."
    return f"{name} did not measurably change {act}: {fold}-fold of {words.vehicle} (95 % {bounds}, which holds 1)."


def _scored(question: str, rows: Sequence[Row], effects: Sequence[Effect], quantity: str, words: Wording) -> Answer:
    best = strongest(effects)
    sentence = effect_sentence(best, words)
    if not best.direction and len(effects) > 1:
        bounds = interval_text(best.low, best.high)
        bounds = f" (95 % {bounds}, which holds 1)" if bounds else ""
        sentence = (
            f"No sample differs measurably from {words.vehicle} in {words.act}; the farthest, {best.name}, "
            f"has {number_text(best.value)}-fold{bounds}."
        )
    reasons = _reasons(best, rows)
    more = [*_others(best, effects, words), *_remaining(best, rows, quantity, words), *_left_out(rows), ONE_BLOT]
    return Answer(question, sentence, "care" if reasons else "good", tuple(reasons), tuple(more))


def _reasons(best: Effect, rows: Sequence[Row]) -> list[str]:
    """Why the number in the sentence deserves care: flags of its lanes and of their controls, a wide interval."""
    own = [row for row in rows if int(row["lane"]) in best.lanes]
    controls = [
        row
        for row in rows
        if row.get("role") in ("vehicle", "negative")
        and str(row.get("group") or "") == best.group
        and (row.get("role") == "negative" or _same_time(row, best))
    ]
    names: dict[str, list[int]] = {}
    for row in (*own, *controls):
        for name in flag_names(row):
            grave = name not in FLAGS or FLAGS[name].severity != "note" or name in OF_NOTE
            # Negative lanes enter no fold: only that they show what they should not bears on it.
            grave = name == "negative_high" if row.get("role") == "negative" else grave
            if grave and name not in OF_MASSES:
                names.setdefault(name, []).append(int(row["lane"]))
    lanes = {int(row["lane"]) for row in (*own, *controls) if row.get("role") != "negative"}
    reasons = []
    for name in sorted(names, key=lambda n: list(FLAGS).index(n) if n in FLAGS else len(FLAGS)):
        flag = FLAGS.get(name)
        where = "" if set(names[name]) >= lanes else f" ({count_text(sorted(names[name]))})"
        reasons.append(f"{flag.meaning if flag else name.replace('_', ' ')}{where}")
    if best.known and not (best.low > 0 and best.high <= WIDE * best.low):
        reasons.append("the interval is wide")
    return reasons


def _same_time(row: Row, effect: Effect) -> bool:
    own = number_or_nan(row.get("time_min"))
    return math.isnan(own) or own == effect.time_min


def _others(best: Effect, effects: Sequence[Effect], words: Wording) -> list[str]:
    """One sentence for each other compound, group or time, about its surest effect."""
    series: dict[tuple[Any, ...], list[Effect]] = {}
    for effect in effects:
        time = given_or_first(effect.time_min)
        series.setdefault((effect.compound.casefold() or effect.name, effect.group, time), []).append(effect)
    out = []
    for members in series.values():
        known = [e for e in members if math.isfinite(e.concentration_nM)]
        if best in members:
            if len(known) > 1:
                out.append(_range(known, words))
        else:
            out.append(effect_sentence(strongest(members), words))
            if len(known) > 1:
                out[-1] += f" {_range(known, words)}"
    return out


def _range(series: Sequence[Effect], words: Wording) -> str:
    """What the whole dose series of a compound spans."""
    from ublot.wording.labels import dose_text

    doses = sorted(e.concentration_nM for e in series)
    values = sorted(e.value for e in series)
    clear = sum(bool(e.direction) for e in series)
    name = series[0].compound or "the sample"
    name += f" ({series[0].group})" if series[0].group and f"({series[0].group})" in series[0].name else ""
    span = f"{number_text(values[0])}- to {number_text(values[-1])}-fold".replace("−", "-")
    return (
        f"From {dose_text(doses[0])} to {dose_text(doses[-1])}, {name} gives {span} of {words.vehicle}; "
        f"{clear} of {len(series)} doses differ from it."
    )


def _remaining(best: Effect, rows: Sequence[Row], quantity: str, words: Wording) -> list[str]:
    """What is left of the unmodified target, where the area is the score: in cells the product is degraded."""
    if quantity != "relative_hmw_area":
        return []
    found = [e for e in effects_of(rows, "unmodified_remaining") if e.lanes == best.lanes]
    if not found:
        return []
    left = found[0]
    bounds = f" (95 % {percent_text(left.low)} to {percent_text(left.high)} %)" if left.known else ""
    return [f"Of unmodified {words.target}, {percent_text(left.value)} %{bounds} of {words.vehicle} is left."]


def _left_out(rows: Sequence[Row]) -> list[str]:
    out = []
    for state, of_one, of_several in (
        ("refused", "is not scored: quality control refuses it", "are not scored: quality control refuses them"),
        ("no signal", "is without signal above its own uncertainty", "are without signal above their own uncertainty"),
    ):
        lanes = [int(row["lane"]) for row in rows if lane_state(row) == state]
        if lanes:
            out.append(f"{count_text(lanes).capitalize()} {of_one if len(lanes) == 1 else of_several}.")
    return out


def _not_scored(
    question: str,
    rows: Sequence[Row],
    quantity: str,
    words: Wording,
    lacks: Sequence[str],
    *,
    layout: bool,
    messages: Sequence[str],
) -> Answer:
    reacted = [row for row in rows if (row.get("role") or "") in ("", "sample", "vehicle", "negative")]
    fractions = [row for row in reacted if math.isfinite(number_or_nan(row.get("hmw_fraction")))]
    scored = [row for row in reacted if math.isfinite(number_or_nan(row.get(quantity)))]
    refused = bool(reacted) and all(lane_state(row) for row in reacted)
    if not reacted:
        return Answer(question, "No answer: every lane is a marker, blank or ignored.", "none", tuple(messages))
    if refused and not fractions:
        names = {name for row in reacted for name in flag_names(row)}
        known = [FLAGS[n] for n in FLAGS if n in names and severity_of(n) == "refuse"]
        # One lane in ten words; all that can be said of why stands in the messages.
        why = tuple(f"{f.meaning}; {f.advice}" for f in known) or tuple(messages)
        return Answer(question, "No answer: no lane of this blot may be scored.", "none", why)
    vehicle = any(row.get("role") == "vehicle" for row in rows)
    if vehicle and not any(row.get("role") == "sample" for row in rows):
        return Answer(question, "No answer: the layout names no sample lane.", "none", tuple(messages))
    if not layout:
        without = f"No answer yet: there is no layout, so nothing says which lanes hold {words.vehicle}."
    elif not vehicle:
        without = f"No answer: the layout names no {words.vehicle} lane, so there is nothing to compare with."
    else:
        without = f"No answer: no sample lane could be set against its {words.vehicle} lanes."
    said = _spread_of(fractions or scored, words, lacks)
    if lacks and said:
        # What was measured, and what is missing, rather than what there is no answer to.
        return Answer(question, said[0], "none", tuple(messages), (without,))
    return Answer(question, without, "none", tuple(messages), tuple(said))


def _spread_of(rows: Sequence[Row], words: Wording, lacks: Sequence[str]) -> list[str]:
    """What was measured, by the name of what it is where that is known, else with what lacks."""
    known = sorted((number_or_nan(row.get("hmw_fraction")), int(row["lane"])) for row in rows)
    known = [pair for pair in known if math.isfinite(pair[0])]
    if not known:
        return []
    share = "The part of each lane's signal that stands above its main band" if lacks else f"The {words.share}"
    (low, first), (high, last) = known[0], known[-1]
    if first == last:
        said = f"{share} is {percent_text(low)} % in lane {first}"
    else:
        said = f"{share} runs from {percent_text(low)} % (lane {first}) to {percent_text(high)} % (lane {last})"
    if not lacks:
        return [f"{said}."]
    return [f"{said}; to call it the {words.share} takes {' and '.join(lacks)}."]
