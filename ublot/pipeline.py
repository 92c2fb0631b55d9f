"""The stages in their order: the only place where they are composed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ublot.background import estimate_background, gutter_levels
from ublot.calibration import calibrate_mass, calibration_from_positions, row_at
from ublot.errors import BlotError
from ublot.ladder import Ladder, quantify_ladder
from ublot.lanes import find_lanes
from ublot.layout import Layout, LayoutRow
from ublot.membrane import find_membrane
from ublot.model import Background, Blot, Calibration, Lanes, Profile
from ublot.params import Params
from ublot.profiles import extract_profiles
from ublot.quality import FLAGS, refuses
from ublot.record import Edits
from ublot.score import SCORED, Score, score_relative
from ublot.targets import find_modifier, find_target

__all__ = ["Progress", "Stages", "lane_shifts", "run_stages"]

Progress = Callable[[str, float], None]

DISAGREE = 0.05  # of hmw_fraction, from where on background methods are said to disagree
HAZE_ROWS = 20  # rows below the unmodified band that it takes to compare backgrounds there


@dataclass(frozen=True, eq=False)
class Stages:
    """What every stage made."""

    geometry: Lanes
    background: Background
    profiles: tuple[Profile, ...]
    calibration: Calibration | None
    ladders: tuple[Ladder, ...]
    scores: tuple[Score, ...]
    loads: Mapping[int, float]
    spread: Mapping[int, float]
    messages: tuple[str, ...]


def _masses(params: Params) -> tuple[float, float]:
    target = params.target_kda if params.target_kda is not None else find_target(params.target).mass_kda
    modifier = params.modifier_kda if params.modifier_kda is not None else find_modifier(params.modifier).mass_kda
    return float(target), float(modifier)


def _numbers(layout: Layout | None, *roles: str) -> tuple[int, ...]:
    return tuple(row.lane for row in layout if row.role in roles) if layout is not None else ()


def _geometry(blot: Blot, layout: Layout | None, params: Params, edits: Edits) -> Lanes:
    if edits.lanes is not None:
        membrane = find_membrane(blot)
        # A person's lanes keep their places; the membrane's mask is not stored with them.
        inside = membrane.inside if membrane.window == edits.lanes.window else None
        return replace(edits.lanes, inside=inside)
    count = layout.check_count(params.lanes) if layout is not None else params.lanes
    return find_lanes(blot, count, blank=_numbers(layout, "blank"))


def _calibration(
    profiles: Sequence[Profile], layout: Layout | None, params: Params, edits: Edits
) -> tuple[Calibration | None, tuple[int, ...], list[str]]:
    """Calibration, the lanes that hold a marker, and what there is to say about it."""
    marked = _numbers(layout, "marker")
    if edits.calibration is not None:
        return edits.calibration, marked, []
    if params.marker_positions is not None:
        return calibration_from_positions(params.marker_positions), marked, []
    if params.marker is None:
        if marked:
            return None, marked, ["the masses of the marker are not known: give --marker"]
        return None, (), ["no mass calibration: HMW starts at the upper edge of the unmodified band; give --marker"]
    # Without a layout the marker stands at one of the ends.
    candidates = marked if layout is not None else tuple(dict.fromkeys((profiles[0].lane, profiles[-1].lane)))
    for number in candidates:
        found = calibrate_mass(profiles[number - 1], params.marker)
        if found is not None:
            return found, (number,) if layout is None else marked, []
    where = "the layout names no marker lane" if layout is not None and not marked else "the marker could not be read"
    return None, marked, [f"{where}: no masses; give --marker-positions"]


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
    """Difference of ``hmw_fraction`` between the two background methods that are fit for smears.

    The other one is the gutters row by row. Its level is compared with the chosen background's, less what it says
    below the unmodified band, as for haze.
    """
    rival = gutter_levels(blot, lanes)
    spread = {}
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
        spread[ladder.lane] = abs((ladder.hmw - h) / (total - h - u) - ladder.hmw / total)
    return spread


def _at_edge(blot: Blot, lanes: Lanes) -> Lanes:
    """Flag lanes that the picture cuts."""
    cols = blot.shape[1]
    rows = np.arange(lanes.window.top, lanes.window.bottom)
    items = []
    for lane in lanes:
        x = lane.centre(rows)
        cut = x.min() - 0.5 * lane.width < -0.5 or x.max() + 0.5 * lane.width > cols - 0.5
        items.append(replace(lane, flags=(*lane.flags, "lane_at_edge")) if cut and "lane_at_edge" not in lane.flags else lane)
    return replace(lanes, items=tuple(items))


def _messages(scores: Sequence[Score], layout: Layout | None, params: Params) -> list[str]:
    """Refusals in words, one line for each reason."""
    out = []
    refused: dict[str, list[int]] = {}
    for score in scores:
        role = layout.of(score.lane).role if layout is not None and score.lane <= len(layout) else ""
        if role in SCORED and "override" not in score.flags:
            for name in refuses(score.flags, params.background):
                refused.setdefault(name, []).append(score.lane)
    for name, numbers in refused.items():
        flag = FLAGS[name]
        which = f"lane {numbers[0]} is" if len(numbers) == 1 else f"lanes {', '.join(map(str, numbers))} are"
        out.append(f"{which} not scored ({name}): {flag.meaning}; {flag.advice}, or override with --allow-unfit")
    if layout is not None and not _numbers(layout, "vehicle"):
        out.append("the layout names no vehicle (DMSO) lane: nothing is relative to it")
    return out


def run_stages(
    blot: Blot, layout: Layout | None, params: Params, edits: Edits, progress: Progress | None = None
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
    """
    tell = progress or (lambda stage, share: None)
    tell("finding lanes", 0.1)
    geometry = _at_edge(blot, _geometry(blot, layout, params, edits))
    blank = _numbers(layout, "blank")
    tell("removing the background", 0.5)
    background = estimate_background(blot, geometry, params.background, blank=blank)
    profiles = extract_profiles(blot, geometry, background)
    if not profiles:
        said = "no lanes found: give the layout or --lanes, check --rotate and --roi"
        return Stages(geometry, background, (), None, (), (), {}, {}, (said,))
    tell("quantifying", 0.8)
    calibration, marked, said = _calibration(profiles, layout, params, edits)
    masses = _masses(params)
    loaded = _numbers(layout, *SCORED) if layout is not None else tuple(p.lane for p in profiles if p.lane not in marked)
    ladders = quantify_ladder(
        profiles,
        calibration,
        target=masses[0],
        modifier=masses[1],
        antibody=params.antibody,
        x=[float(lane.centre(geometry.window.mid_row)) for lane in geometry],
        loaded=loaded,
        boundary_rows=dict(edits.boundary_rows),
    )
    loads = _loads(params, layout, ladders)
    image_flags = (*blot.flags, *geometry.flags, *background.flags, *(("edited",) if edits.any else ()))
    spread: dict[int, float] = {}
    if params.background == "gutter" and params.antibody == "target":
        spread = {k: v for k, v in _background_spread(blot, geometry, background, ladders).items() if k in loaded}
        ladders = tuple(
            replace(k, flags=(*k.flags, "background_disagrees")) if spread.get(k.lane, 0) > DISAGREE else k for k in ladders
        )
    scores = _scores(ladders, layout, params, loads, image_flags)
    return Stages(
        geometry, background, tuple(k.profile for k in ladders), calibration, ladders, scores, loads, spread,
        (*said, *(layout.notes if layout is not None else ()), *_messages(scores, layout, params)),
    )  # fmt: skip


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
    nominal = float(row_at(stages.calibration, _masses(params)[0]))
    return {k.lane: k.target_row - nominal for k in stages.ladders if math.isfinite(k.target_row)}
