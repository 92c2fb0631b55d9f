"""The stages in their order: the only place where they are composed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ublot.background import estimate_background
from ublot.calibration import row_at
from ublot.errors import BlotError
from ublot.fitness import floor_share, with_crop_flags, with_target_flags
from ublot.gaps import Gaps, measure_gaps
from ublot.lanes import SMALLEST, find_lanes
from ublot.layout import Layout, LayoutRow
from ublot.level_check import check_levels
from ublot.membrane import find_membrane
from ublot.outside import lanes_beside
from ublot.profiles import extract_profiles
from ublot.quality import FLAGS, ordered, refuses
from ublot.quantification import masses_of, quantify_lanes
from ublot.reuse import Run
from ublot.rivals import rowwise_fractions
from ublot.score import SCORED, Score, score_relative
from ublot.threads import one_thread

if TYPE_CHECKING:
    from ublot.ladder import Ladder
    from ublot.model import Background, Blot, Calibration, Lanes, Profile
    from ublot.params import Params
    from ublot.quantification import Quantified
    from ublot.record import Edits

Array = NDArray[np.float64]

__all__ = ["Progress", "Stages", "lane_shifts", "run_stages"]

Progress = Callable[[str, float], None]

DISAGREE = 0.05  # of hmw_fraction, from where on background methods are said to disagree


@dataclass(frozen=True, eq=False)
class Stages:
    """What every stage made.

    `extracted` are the profiles as they were cut out, `profiles` the same with haze taken off, which `quantified` holds
    the ladders of; `ladders` carry the flags that came later as well. `image_flags` are those of the whole image.
    """

    geometry: Lanes
    background: Background
    profiles: tuple[Profile, ...]
    calibration: Calibration | None
    ladders: tuple[Ladder, ...]
    scores: tuple[Score, ...]
    loads: Mapping[int, float]
    spread: Mapping[int, float]
    messages: tuple[str, ...]
    extracted: tuple[Profile, ...] = ()
    quantified: Quantified | None = None
    image_flags: tuple[str, ...] = ()


def _numbers(layout: Layout | None, *roles: str) -> tuple[int, ...]:
    return tuple(row.lane for row in layout if row.role in roles) if layout is not None else ()


def _geometry(blot: Blot, layout: Layout | None, params: Params, edits: Edits) -> Lanes:
    blank = _numbers(layout, "blank")
    if edits.lanes is not None:
        lanes, counted = _given_lanes(blot, layout, edits.lanes), layout is not None
    else:
        count = layout.check_count(params.lanes) if layout is not None else params.lanes
        lanes, counted = find_lanes(blot, count, blank=blank), count is not None
    others = tuple(name for name in lanes.flags if name != "lanes_beside")
    more = counted and lanes_beside(blot, lanes, blank)
    return replace(lanes, flags=(*others, "lanes_beside") if more else others)


def _given_lanes(blot: Blot, layout: Layout | None, lanes: Lanes) -> Lanes:
    """Lanes that a person placed: they keep their places and are numbered from left to right."""
    if layout is not None and len(lanes) != len(layout):
        fix = f"describe all {len(lanes)} lanes in the layout (role blank for empty ones)"
        raise BlotError(f"the layout has {len(layout)} rows, but there are {len(lanes)} lanes", layout.name, fix)
    _check_lanes(blot, lanes)
    in_order = sorted(lanes, key=lambda lane: float(lane.centre(lanes.window.mid_row)))
    items = tuple(replace(lane, number=i) for i, lane in enumerate(in_order, 1))
    # The membrane's mask is not stored with the lanes.
    membrane = find_membrane(blot)
    return replace(lanes, items=items, inside=membrane.inside if membrane.window == lanes.window else None)


def _check_lanes(blot: Blot, lanes: Lanes) -> None:
    """Refuse lanes that cannot be of this picture: a damaged record would have memory taken for them."""
    rows, cols = blot.shape
    window, fix = lanes.window, f"rows are 0:{rows}, columns 0:{cols}"
    if not (0 <= window.top < window.bottom <= rows and 0 <= window.left < window.right <= cols):
        raise BlotError("the lanes' window does not lie inside the image", "lanes", fix)
    if min(window.height, window.width) < SMALLEST:
        raise BlotError(f"a window of {window.height} x {window.width} px shows no lane", "lanes", fix)
    if not 0.5 <= lanes.softness <= 1000:
        raise BlotError(f"a softness of {lanes.softness:g} is no lane's", "lanes", "allowed: 0.5 to 1000, 6 is usual")
    ends = np.array([window.top, window.mid_row, window.bottom - 1])
    for lane in lanes:
        seen = lane.centre(ends)
        if not (1 <= lane.width <= cols and 0 <= seen[1] < cols and np.abs(seen - seen[1]).max() <= cols):
            what = "its centre line does not cross the image, or its width is none"
            raise BlotError(what, f"lane {lane.number}", fix)


def _loads(params: Params, layout: Layout | None, ladders: Sequence[Ladder]) -> dict[int, float]:
    """Amount loaded by lane."""
    given = {row.lane: row.load for row in layout} if layout is not None else {}
    if params.normalise == "none":
        return given
    if params.normalise == "total":
        totals = {ladder.lane: ladder.total for ladder in ladders}
        mean = float(np.mean([t for t in totals.values() if t > 0] or [1.0]))
        return {lane: total / mean if total > 0 else math.nan for lane, total in totals.items()}
    pairs = {int(lane): float(load) for lane, load in params.normalise}
    lacking = [n for n in _numbers(layout, *SCORED) if n not in pairs]
    if lacking:
        raise BlotError(f"no load for lane {lacking[0]}", "option normalise", "give a load for every scored lane")
    return {**given, **pairs}


def _background_spread(blot: Blot, lanes: Lanes, background: Background, ladders: Sequence[Ladder]) -> dict[int, float]:
    """Difference of ``hmw_fraction`` between the two background methods that are fit for smears."""
    rival = rowwise_fractions(blot, lanes, background, ladders)
    return {k.lane: abs(rival[k.lane] - k.hmw / (k.unmodified + k.hmw)) for k in ladders if k.lane in rival}


def _at_edge(blot: Blot, lanes: Lanes) -> Lanes:
    """Flag lanes that the picture, or the region of interest, cuts or leaves no room beside.

    Nearer than its width, a lane has no membrane on that side to take its background from.
    """
    left, right = blot.window.left, blot.window.right - 1
    rows = np.arange(lanes.window.top, lanes.window.bottom)
    items = []
    for lane in lanes:
        x = lane.centre(rows)
        cut = min(x.min() - left, right - x.max()) < lane.width
        others = tuple(name for name in lane.flags if name != "lane_at_edge")
        items.append(replace(lane, flags=(*others, "lane_at_edge") if cut else others))
    return replace(lanes, items=tuple(items))


def _messages(scores: Sequence[Score], layout: Layout | None, params: Params, notes: Sequence[str]) -> tuple[str, ...]:
    """Refusals, `notes` and missing vehicle lanes in words, one line for each reason."""
    loaded = [s for s in scores if layout is None or layout.of(s.lane).role in SCORED]
    refused: dict[str, list[int]] = {}
    overridden: dict[str, list[int]] = {}
    for score in loaded:
        for name in refuses(score.flags, params.background):
            (overridden if params.allow_unfit else refused).setdefault(name, []).append(score.lane)
    against = [f"{_numbered(lanes)} scored against quality control ({n})" for n, lanes in overridden.items()]
    notes = [*against, *notes]
    whole = [name for name, lanes in refused.items() if len(lanes) == len(loaded)]
    if whole:
        # What else there would be to say is of no use: nothing is scored.
        return (*(layout.notes if layout is not None else ()), _refusal("no lane is", whole))
    out = [*notes, *(_refusal(_lanes_in_words(lanes), [name]) for name, lanes in refused.items())]
    alone = [score.lane for score in scores if "no_vehicle" in score.flags]
    if layout is None:
        out.append("no layout: nothing says which lanes hold the vehicle (DMSO), and nothing is relative to it")
    elif not _numbers(layout, "vehicle"):
        out.append("the layout names no vehicle (DMSO) lane: nothing is relative to it")
    elif alone:
        out.append(f"{_lanes_in_words(alone)} relative to the vehicle: it has no lane of their group and time")
    return tuple(out)


def _refusal(which: str, names: Sequence[str]) -> str:
    reasons = "; ".join(f"{FLAGS[name].meaning}; {FLAGS[name].advice}" for name in names)
    return f"{which} scored ({', '.join(names)}): {reasons}, or override with --allow-unfit"


def _lanes_in_words(numbers: Sequence[int]) -> str:
    return f"{_numbered(numbers)} not"


def _numbered(numbers: Sequence[int]) -> str:
    return f"lane {numbers[0]} is" if len(numbers) == 1 else f"lanes {', '.join(map(str, numbers))} are"


@one_thread()
def run_stages(
    blot: Blot,
    layout: Layout | None,
    params: Params,
    edits: Edits,
    progress: Progress | None = None,
    earlier: Run | None = None,
) -> Stages:
    """Run all stages on one blot.

    Parameters
    ----------
    blot : Blot
    layout : Layout or None
    params : Params
    edits : Edits
        A person's overrides.
    progress : callable, optional
        Called with the stage's name and the share that is done.
    earlier : Run, optional
        A finished run: stages that would make the same again are taken over from it.

    Notes
    -----
    The linear algebra runs in one thread: the arrays are small, and sums that are split differently on another machine
    would round differently.
    """
    tell = progress or (lambda stage, share: None)
    run = Run(blot, layout, params, edits)
    done = earlier.stages if earlier is not None and earlier.same_geometry(run) else None
    tell("finding lanes", 0.1)
    geometry = done.geometry if done else _at_edge(blot, _geometry(blot, layout, params, edits))
    blank = _numbers(layout, "blank")
    tell("removing the background", 0.5)
    done = done if earlier is not None and earlier.same_profiles(run) else None
    background = done.background if done else estimate_background(blot, geometry, params.background, blank=blank)
    gaps = measure_gaps(blot, geometry) if params.background == "gutter" and len(geometry) and not done else None
    profiles = done.extracted if done else _checked(extract_profiles(blot, geometry, background), background, gaps)
    image_flags = _image_flags(blot, geometry, background, edits)
    if not profiles:
        lacking = "no lanes found: give the layout or --lanes, check --rotate and --roi"
        return Stages(geometry, background, (), None, (), (), {}, {}, (lacking,), image_flags=image_flags)
    tell("quantifying", 0.8)
    done = done if earlier is not None and earlier.same_ladders(run) else None
    found = done.quantified if done else None
    if done is not None and found is not None:
        ladders, spread = done.ladders, done.spread
    else:
        found = quantify_lanes(profiles, layout, params, edits, geometry)
        ladders, spread = _compared(blot, geometry, background, found, params)
        ladders = with_target_flags(with_crop_flags(ladders, found.loaded), found.loaded)
    loads = _loads(params, layout, ladders)
    scores = _scores(ladders, layout, params, loads, image_flags)
    said = _messages(scores, layout, params, (*found.notes, *(layout.notes if layout is not None else ())))
    cleaned = tuple(k.profile for k in ladders)
    return Stages(
        geometry, background, cleaned, found.calibration, ladders, scores, loads, spread, said, profiles, found,
        image_flags,
    )  # fmt: skip


def _checked(profiles: tuple[Profile, ...], background: Background, gaps: Gaps | None) -> tuple[Profile, ...]:
    """The profiles, their background checked against the lanes' own levels and those of the gaps."""
    of_lane = {}
    if gaps is not None:
        window = background.window
        rows = np.arange(window.top, window.bottom, dtype=np.float64)
        seen, error = gaps.membrane(np.array([np.interp(gaps.rows, rows, level) for level in background.level]))
        for p in profiles:
            at = np.interp(rows, gaps.rows, seen[p.lane - 1]), np.interp(rows, gaps.rows, error[p.lane - 1])
            of_lane[p.lane] = at[0] * p.width, at[1] * p.width
    return tuple(k.profile for k in check_levels(profiles, of_lane))


def _image_flags(blot: Blot, geometry: Lanes, background: Background, edits: Edits) -> tuple[str, ...]:
    """What is noteworthy about the whole image, and so about every lane of it."""
    clipped = ("clipped_background",) * (floor_share(blot, geometry) > 0)
    return ordered(blot.flags, geometry.flags, background.flags, ("edited",) * edits.any, clipped)


def _compared(
    blot: Blot, geometry: Lanes, background: Background, found: Quantified, params: Params
) -> tuple[tuple[Ladder, ...], dict[int, float]]:
    """Ladders with a flag where two ways to take the background disagree, and by how much they do."""
    if params.background != "gutter" or params.antibody != "target":
        return found.ladders, {}
    spread = _background_spread(blot, geometry, background, found.ladders)
    spread = {lane: apart for lane, apart in spread.items() if lane in found.loaded}
    far = {lane for lane, apart in spread.items() if apart > DISAGREE}
    flagged = (replace(k, flags=(*k.flags, *("background_disagrees",) * (k.lane in far))) for k in found.ladders)
    return tuple(flagged), spread


def _scores(
    ladders: Sequence[Ladder],
    layout: Layout | None,
    params: Params,
    loads: Mapping[int, float],
    image_flags: Sequence[str],
) -> tuple[Score, ...]:
    if layout is None:
        # Nobody says what the lanes are: every one is a sample, and none a vehicle.
        layout = Layout(tuple(LayoutRow(k.lane, "sample") for k in ladders))
    return score_relative(
        ladders,
        layout,
        assay=params.assay,
        background=params.background,
        loads=loads,
        image_flags=image_flags,
        allow_unfit=params.allow_unfit,
    )


def lane_shifts(stages: Stages, params: Params) -> dict[int, float]:
    """How much lower than in the marker lane each lane runs, px."""
    if stages.calibration is None:
        return {}
    nominal = float(row_at(stages.calibration, masses_of(params)[0]))
    return {k.lane: k.target_row - nominal for k in stages.ladders if math.isfinite(k.target_row)}
