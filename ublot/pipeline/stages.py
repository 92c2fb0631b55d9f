"""The stages in their order: the only place where they are composed."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ublot.background.estimation import estimate_background
from ublot.flags import ordered
from ublot.inputs.layout import Layout, LayoutRow, lanes_with_roles
from ublot.inputs.params import masses_of
from ublot.io.images.response import other_reading
from ublot.ladder.fit.upside_down import hangs_down
from ublot.lanes.borders import flag_lanes_at_edge, lanes_beside
from ublot.lanes.doubts import flag_doubtful_lanes, lane_doubts
from ublot.lanes.finding import find_lanes
from ublot.lanes.ink import without_ink
from ublot.lanes.placement import place_roles
from ublot.lanes.sideways import lanes_are_sideways
from ublot.mass.scale import row_at
from ublot.mass.wrong_way import seen_wrong
from ublot.membrane.lateral_shape import mid_columns
from ublot.membrane.pieces import flag_lanes_across_seams, without_pieces
from ublot.numerics.threads import one_thread
from ublot.option_words import told
from ublot.pipeline.background_check import (
    background_notes,
    background_spread,
    compare_backgrounds,
    with_background_flags,
)
from ublot.pipeline.both_responses import holding_both, how_far_apart, ladders_holding_both
from ublot.pipeline.gates import ends_at_band_in_words, floor_share, with_crop_flags, with_target_flags
from ublot.pipeline.lanes_by_hand import place_given_lanes
from ublot.pipeline.marker_picture import calibrate_elsewhere
from ublot.pipeline.marker_ticks import calibrate_by_pen, calibrate_by_ticks
from ublot.pipeline.messages import messages_of, no_lanes_in_words, pictures_in_words
from ublot.pipeline.quantification import Elsewhere, quantify_lanes
from ublot.pipeline.rows_apart import row_above, row_above_in_words
from ublot.profiles.extraction import extract_profiles
from ublot.profiles.hollow import hollow_lanes
from ublot.scoring.normalisation import amounts_loaded
from ublot.scoring.relative import Score, score_relative
from ublot.wording.lane_lists import lane_ranges

if TYPE_CHECKING:
    from ublot.inputs.edits import Edits
    from ublot.inputs.params import Params
    from ublot.ladder.cut import Ladder
    from ublot.model import Background, Blot, Calibration, Lanes, Profile
    from ublot.pipeline.quantification import Quantified

__all__ = ["Progress", "Run", "Stages", "lane_shifts", "profile_lanes", "run_stages"]

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Stages:
    """What every stage made.

    `extracted` are the profiles as they were cut out, `profiles` the same with haze taken off, which `quantified` holds
    the ladders of; `ladders` carry the flags that came later as well. `rowwise` is ``hmw_fraction`` on the other
    background that is fit for smears, by lane. `image_flags` are those of the whole image, `hollow` the lanes with a
    hollow band. `other_reading` is the run with the other response, where the picture's own is a guess.
    """

    geometry: Lanes
    background: Background
    profiles: tuple[Profile, ...]
    calibration: Calibration | None
    ladders: tuple[Ladder, ...]
    scores: tuple[Score, ...]
    loads: Mapping[int, float]
    rowwise: Mapping[int, float]
    messages: tuple[str, ...]
    extracted: tuple[Profile, ...] = ()
    quantified: Quantified | None = None
    image_flags: tuple[str, ...] = ()
    hollow: Collection[int] = ()
    other_reading: Run | None = None

    @property
    def spread(self) -> dict[int, float]:
        """How far ``hmw_fraction`` differs between backgrounds, and with haze left in, by lane."""
        return background_spread(self.ladders, self.rowwise)


# Options that enter after the lanes are quantified.
LATE = {"normalise", "allow_unfit"}


@dataclass(frozen=True, eq=False)
class Run:
    """The inputs of a run, and what its stages made of them.

    Attributes
    ----------
    blot : Blot
    layout : Layout or None
    params : Params
    edits : Edits
    stages : Stages or None
        None for a run that is still to be made.
    """

    blot: Blot
    layout: Layout | None
    params: Params
    edits: Edits
    stages: Stages | None = None

    def same_geometry(self, other: Run) -> bool:
        """Whether both have the same lanes: the same pixels, and the same lanes given or looked for."""
        if self.blot is not other.blot or self.edits.lanes != other.edits.lanes:
            return False
        if self.edits.lanes is not None:
            # The layout must still be checked against them.
            return (_count(self.layout), _lanes_of(self.layout, "blank")) == (
                _count(other.layout),
                _lanes_of(other.layout, "blank"),
            )
        # What the lanes hold says which of them may be empty.
        return (self.params.lanes, self.params.first_lane, _roles(self.layout)) == (
            other.params.lanes,
            other.params.first_lane,
            _roles(other.layout),
        )

    def same_profiles(self, other: Run) -> bool:
        """Whether both have the same background and profiles, given that they have the same lanes."""
        return self.params.background == other.params.background and _lanes_of(self.layout, "blank") == _lanes_of(
            other.layout, "blank"
        )

    def same_ladders(self, other: Run) -> bool:
        """Whether both have the same calibration and ladders, given that they have the same profiles."""
        return (
            _roles(self.layout) == _roles(other.layout)
            and self.params.model_dump(exclude=LATE) == other.params.model_dump(exclude=LATE)
            and self.edits.calibration == other.edits.calibration
            and self.edits.boundary_rows == other.edits.boundary_rows
        )

    def same_until_ladders(self, other: Run) -> bool:
        """Whether both have the same ladders and all that these are made from."""
        return self.same_geometry(other) and self.same_profiles(other) and self.same_ladders(other)


def _count(layout: Layout | None) -> int | None:
    return None if layout is None else len(layout)


def _roles(layout: Layout | None) -> tuple[str, ...] | None:
    return None if layout is None else layout.roles


def _lanes_of(layout: Layout | None, role: str) -> tuple[int, ...]:
    return () if layout is None else tuple(row.lane for row in layout if row.role == role)


def _geometry(run: Run) -> Lanes:
    blot, layout, params, edits = run.blot, run.layout, run.params, run.edits
    blank, clear = lanes_with_roles(layout, "blank"), without_ink(blot)
    if edits.lanes is not None:
        lanes, counted = place_given_lanes(blot, layout, edits.lanes), layout is not None
    else:
        count = layout.check_count(params.lanes) if layout is not None else params.lanes
        lanes, counted = find_lanes(blot, count, blank=blank), count is not None
        if layout is not None or (count is not None and params.first_lane is not None):
            roles = layout.roles if layout is not None else ("sample",) * len(lanes)
            lanes, _ = place_roles(clear, lanes, roles, params.first_lane)
        lanes = flag_doubtful_lanes(clear, lanes, blank)
    others = tuple(name for name in lanes.flags if name != "lanes_beside")
    more = counted and lanes_beside(clear, lanes, blank)
    return replace(lanes, flags=(*others, "lanes_beside") if more else others)


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
    run = Run(blot, layout, params, edits)
    found = _run_once(run, progress or _nobody, earlier)
    done = earlier.stages.other_reading if earlier is not None and earlier.stages is not None else None
    other = done.blot if done is not None and earlier is not None and earlier.blot is blot else other_reading(blot)
    if other is None or not found.profiles:
        return found
    second = Run(other, layout, params, edits)
    # Lanes are where they are in either reading.
    second = replace(second, stages=_run_once(second, _nobody, done, found.geometry))
    return _holding_both(found, second)


def _holding_both(found: Stages, second: Run) -> Stages:
    other = second.stages
    if other is None:
        return found
    response = "linear" if second.blot.response == "density" else "density"
    return replace(
        found,
        ladders=ladders_holding_both(found.ladders, other.ladders),
        scores=holding_both(found.scores, other.scores),
        messages=(*how_far_apart(found.scores, other.scores, response), *found.messages),
        other_reading=second,
    )


def _run_once(run: Run, tell: Progress, earlier: Run | None, geometry: Lanes | None = None) -> Stages:
    """All stages on one reading of the picture; `geometry` are lanes that were found before."""
    blot, layout, params, edits = run.blot, run.layout, run.params, run.edits
    geometry, background, profiles = profile_lanes(run, tell, earlier, geometry)
    image_flags = _image_flags(blot, geometry, background, edits)
    if not profiles:
        said = (*pictures_in_words(blot), no_lanes_in_words(blot, layout, params))
        return Stages(geometry, background, (), None, (), (), {}, {}, said, image_flags=image_flags)
    tell("quantifying", 0.8)
    done = earlier.stages if earlier is not None and earlier.same_until_ladders(run) else None
    found = done.quantified if done else None
    if done is not None and found is not None:
        ladders, rowwise, hollow = done.ladders, done.rowwise, done.hollow
    else:
        before = earlier.stages if earlier is not None and earlier.stages is not None else None
        hollow = before.hollow if before and before.extracted is profiles else hollow_lanes(blot, geometry, profiles)
        elsewhere = Elsewhere(
            picture=partial(calibrate_elsewhere, blot, geometry, layout, params),
            ticks=partial(calibrate_by_ticks, blot, params),
            pen=partial(calibrate_by_pen, blot, geometry, layout, params),
        )
        quantified = before.quantified if before and before.extracted is profiles else None
        found = quantify_lanes(profiles, layout, params, edits, geometry, elsewhere, quantified)
        ladders, rowwise = compare_backgrounds(blot, geometry, background, found, params)
        ladders = with_target_flags(with_crop_flags(ladders, found.loaded), found.loaded)
        ladders = _with_hollow(ladders, hollow)
        ladders = with_background_flags(ladders, found.loaded)
    other_row = None if edits.boundary_rows else row_above(ladders, found.loaded, found.calibration)
    image_flags = ordered(
        image_flags,
        _seen_wrong(profiles, geometry, layout, params, edits, found),
        # Who chose a part of the picture chose the blot: it is said, and no more.
        ("rows_apart",) * (other_row is not None and params.roi is None and params.panel is None),
    )
    loads = amounts_loaded(params, layout, ladders)
    scores = _scores(ladders, layout, params, loads, image_flags)
    notes = (
        *ends_at_band_in_words(ladders),
        *background_notes(profiles, found.loaded),
        *found.notes,
        *(layout.notes if layout is not None else ()),
    )
    doubted = () if edits.lanes is not None else _doubtful(blot, geometry, lanes_with_roles(layout, "blank"))
    two_rows = () if other_row is None else (row_above_in_words(other_row, ladders, found.loaded, blot.window),)
    placed = (*pictures_in_words(blot), *_one_off(blot, geometry, layout), *doubted, *two_rows)
    said = (*placed, *messages_of(scores, layout, params, notes, blot.source.metadata))
    cleaned = tuple(k.profile for k in ladders)
    return Stages(
        geometry=geometry,
        background=background,
        profiles=cleaned,
        calibration=found.calibration,
        ladders=ladders,
        scores=scores,
        loads=loads,
        rowwise=rowwise,
        messages=said,
        extracted=profiles,
        quantified=found,
        image_flags=image_flags,
        hollow=hollow,
    )


def profile_lanes(
    run: Run, tell: Progress | None = None, earlier: Run | None = None, geometry: Lanes | None = None
) -> tuple[Lanes, Background, tuple[Profile, ...]]:
    """The first stages: lanes, the background under them, and their profiles.

    Parameters
    ----------
    run : Run
        What is given.
    tell : callable, optional
        Called with the stage's name and the share that is done.
    earlier : Run, optional
        A finished run, see `run_stages`.
    geometry : Lanes, optional
        Lanes that are known.
    """
    tell = tell or _nobody
    tell("finding lanes", 0.1)
    done = earlier.stages if earlier is not None and earlier.same_geometry(run) else None
    if geometry is None:
        geometry = done.geometry if done else flag_lanes_at_edge(run.blot, _geometry(run))
        if done is None and "spliced" in run.blot.flags:
            geometry = flag_lanes_across_seams(run.blot, geometry)
    tell("removing the background", 0.5)
    done = done if earlier is not None and earlier.same_profiles(run) else None
    if done is not None:
        return geometry, done.background, done.extracted
    blank = lanes_with_roles(run.layout, "blank")
    membrane = without_pieces(run.blot, geometry) if "spliced" in run.blot.flags else geometry
    background = estimate_background(run.blot, membrane, run.params.background, blank=blank)
    return geometry, background, extract_profiles(run.blot, geometry, background)


def _nobody(stage: str, share: float) -> None:
    """Nobody wants to know how far it is."""


def _one_off(blot: Blot, geometry: Lanes, layout: Layout | None) -> tuple[str, ...]:
    """Both places that the first lane may have, in words, where they are nearly as good."""
    if "lanes_one_off" not in geometry.flags or layout is None:
        return ()
    found = place_roles(without_ink(blot), geometry, layout.roles)[1]
    where = " or ".join(f"x = {each.first_x:.0f} px" for each in found)
    return (told("lane 1 stands at {where}: lanes at the ends are empty; say which with {first_lane} X", where=where),)


def _doubtful(blot: Blot, geometry: Lanes, blank: Sequence[int]) -> tuple[str, ...]:
    """What is wrong with where lanes were placed, one line for each kind."""
    if not any("lane_uncertain" in lane.flags for lane in geometry):
        return ()
    by_doubt: dict[str, list[int]] = {}
    for lane, doubt in lane_doubts(without_ink(blot), geometry, blank).items():
        by_doubt.setdefault(doubt, []).append(lane)
    return tuple(
        f"{lane_ranges(numbers)}{': each' * (len(numbers) > 1)} {doubt}" for doubt, numbers in by_doubt.items()
    )


def _image_flags(blot: Blot, geometry: Lanes, background: Background, edits: Edits) -> tuple[str, ...]:
    """What is noteworthy about the whole image, and so about every lane of it."""
    clipped = ("clipped_background",) * (floor_share(blot, geometry) > 0)
    # Lanes that a person placed are where that person sees them.
    sideways = ("lanes_sideways",) * (edits.lanes is None and lanes_are_sideways(blot))
    return ordered(blot.flags, geometry.flags, background.flags, ("edited",) * edits.any, clipped, sideways)


def _with_hollow(ladders: Sequence[Ladder], hollow: Collection[int]) -> tuple[Ladder, ...]:
    """The ladders, those with a hollow band flagged. They have too much signal, not too little."""
    return tuple(
        replace(k, flags=(*(name for name in k.flags if name != "no_signal"), "hollow_band")) if k.lane in hollow else k
        for k in ladders
    )


def _seen_wrong(
    profiles: Sequence[Profile],
    geometry: Lanes,
    layout: Layout | None,
    params: Params,
    edits: Edits,
    found: Quantified,
) -> tuple[str, ...]:
    """Flags of a blot that is seen upside down or from its back."""
    here = found.calibration is None or not found.calibration.picture
    if edits.calibration is not None or params.marker_positions is not None or not here:
        return ()
    marked = lanes_with_roles(layout, "marker") if layout is not None else None
    blank = lanes_with_roles(layout, "blank")
    by_marker = seen_wrong(profiles, params.marker, found.calibration, marked=marked, blank=blank)
    if found.calibration is not None or "upside_down" in by_marker:
        return by_marker
    # Neither a marker nor rungs above the band: they may be below it.
    target, modifier = masses_of(params)
    ladders = found.ladders
    by_ladder = hangs_down(ladders, target_kda=target, modifier_kda=modifier, x=mid_columns(geometry).tolist())
    # A half turn puts the marker into the mirrored lane, as a mirror alone does.
    return by_ladder if "upside_down" in by_ladder else ordered(by_marker, by_ladder)


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
