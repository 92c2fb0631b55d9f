"""Refusals and missing controls in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ublot.flags import FLAGS, refuses
from ublot.inputs.layout import Layout, lanes_with_roles
from ublot.model import SCORED
from ublot.option_words import joined, told
from ublot.pipeline.pixels import membranes_of
from ublot.wording.lane_lists import lane_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ublot.inputs.params import Params
    from ublot.model import Blot, Window
    from ublot.scoring.relative import Score


__all__ = ["is_refusal", "messages_of", "no_lanes_in_words", "pictures_in_words"]


def messages_of(
    scores: Sequence[Score],
    layout: Layout | None,
    params: Params,
    notes: Sequence[str],
    said: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Refusals, `notes` and missing vehicle lanes in words, one line for each reason.

    `said` is what the file says about itself: which channels hold dyes that were merged.
    """
    channels = (said or {}).get("channels", "")
    loaded = [s for s in scores if layout is None or layout.of(s.lane).role in SCORED]
    refused: dict[str, list[int]] = {}
    overridden: dict[str, list[int]] = {}
    for score in loaded:
        for name in refuses(score.flags):
            (overridden if params.allow_unfit else refused).setdefault(name, []).append(score.lane)
    against = [f"{_numbered(lanes)} scored against quality control ({n})" for n, lanes in overridden.items()]
    notes = [*against, *notes]
    whole = [name for name, lanes in refused.items() if len(lanes) == len(loaded)]
    if whole:
        # What else there would be to say is of no use: nothing is scored.
        return (*(layout.notes if layout is not None else ()), _refusal("no lane is", whole, channels))
    out = [*notes, *(_refusal(_lanes_in_words(lanes), [name], channels) for name, lanes in refused.items())]
    alone = [score.lane for score in scores if "no_vehicle" in score.flags]
    if layout is None:
        out.append("no layout: nothing says which lanes hold the vehicle (DMSO), and nothing is relative to it")
    elif not lanes_with_roles(layout, "vehicle"):
        out.append("the layout names no vehicle (DMSO) lane: nothing is relative to it")
    elif alone:
        out.append(f"{_lanes_in_words(alone)} relative to the vehicle: it has no lane of their group and time")
    return tuple(out)


def is_refusal(message: str) -> bool:
    """Whether a line of an analysis' messages says that lanes are not scored, which is to be read before all others."""
    return " scored (" in message


def pictures_in_words(blot: Blot) -> tuple[str, ...]:
    """One line about the pictures on a page, or the membranes in a picture, each with the region to paste.

    None where there is neither.
    """
    if "several_pictures" not in blot.flags:
        if len(blot.pictures) == 1 and blot.roi == blot.pictures[0]:
            box = f"{blot.roi.top}:{blot.roi.bottom},{blot.roi.left}:{blot.roi.right}"
            return (told("one picture stands on a page, and only it was analysed: {roi} {box}", box=box),)
        strips = membranes_of(blot)
        if not strips:
            return ()
        which = "{count} membranes in this picture, the largest was analysed: choose with {panel} N: {each}"
        return (told(which, count=len(strips), each=_regions(strips)),)
    each = _regions(blot.pictures)
    out = told("{count} pictures on this one: choose with {panel} N: {each}", count=len(blot.pictures), each=each)
    beside = blot.source.metadata.get("left_out", "")
    return (told("{out} ({beside})", out=out, beside=beside) if beside else out,)


def _regions(windows: Sequence[Window]) -> str:
    boxes = (f"{w.top}:{w.bottom},{w.left}:{w.right}" for w in windows)
    return joined(", ", (told("{n} = {roi} {box}", n=n, box=box) for n, box in enumerate(boxes, 1)))


def no_lanes_in_words(blot: Blot, layout: Layout | None, params: Params) -> str:
    """What to do where no lanes were found: nothing that was done already."""
    steps = []
    if layout is None and params.lanes is None:
        steps.append(told("give the layout or {lanes}"))
    whole = params.roi is None and params.panel is None
    steps.append(told("check {rotate}" if whole else "check {rotate} and the region"))
    if whole:
        steps.append(told("give {roi}"))
    if "polarity_assumed" in blot.flags:
        steps.append(told("set {polarity}"))
    return told("no lanes found: {steps}", steps=joined(", ", steps))


def _refusal(which: str, names: Sequence[str], channels: str) -> str:
    def words(name: str) -> tuple[str, str]:
        advice = FLAGS[name].advice
        if name == "dyes_merged" and channels:
            advice = told("{advice}: {channels}", advice=advice, channels=channels)
        return FLAGS[name].meaning, advice

    reasons = joined("; ", (text for name in names for text in words(name)))
    said = "{which} scored ({names}): {reasons}, or override with {allow_unfit}"
    return told(said, which=which, names=", ".join(names), reasons=reasons)


def _lanes_in_words(numbers: Sequence[int]) -> str:
    return f"{_numbered(numbers)} not"


def _numbered(numbers: Sequence[int]) -> str:
    return f"{lane_ranges(numbers)} {'is' if len(numbers) == 1 else 'are'}"
