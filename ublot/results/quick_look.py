"""A first look at an edit of a few lanes, within one blink: only they are measured again. No Qt here.

What is approximate: the background under a moved lane is what was found at its place before, and its ladder is fitted
without what the other lanes would say. It is shown until the whole blot has been measured and is never saved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot import Analysis, Lanes
from ublot.inputs.edits import Edits
from ublot.inputs.layout import Layout, LayoutRow
from ublot.pipeline.quantification import quantify_lanes
from ublot.pipeline.stages import Run, rescored
from ublot.profiles.extraction import extract_profiles
from ublot.results.columns import Tables, lanes_columns, species_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.ladder.cut import Ladder
    from ublot.model import Background
    from ublot.pipeline.stages import Stages

__all__ = ["changed_lanes", "preview"]

OF_BACKGROUND = ("lanes_touching", "background_unsure")  # flags that the gaps gave a lane at its place before
MOST = 2  # lanes that a first look is worth taking at


def changed_lanes(before: Analysis, edits: Edits) -> tuple[int, ...]:
    """Numbers of the lanes that `edits` changes against `before`; empty where it changes something else as well."""
    old, new = before.edits, edits
    lanes = new.lanes or before.geometry
    if len(lanes) != len(before.geometry) or new.calibration != old.calibration:
        return ()
    if new.lanes is None and old.lanes is not None:
        return ()
    moved = {b.number for a, b in zip(before.geometry, lanes, strict=True) if (a.xs, a.width) != (b.xs, b.width)}
    cut = {lane for lane, _ in set(old.boundary_rows) ^ set(new.boundary_rows)}
    return tuple(sorted(moved | cut))


def preview(before: Analysis, edits: Edits) -> Analysis | None:
    """Measure the lanes that `edits` changes, and score all of them.

    Parameters
    ----------
    before : Analysis
        Finished, of the same blot, layout and options.
    edits : Edits

    Returns
    -------
    Analysis or None
        None where more has changed than a first look can show.
    """
    numbers = changed_lanes(before, edits)
    if not 0 < len(numbers) <= MOST or before.calibration is None:
        return None
    lanes = edits.lanes or before.geometry
    ladders = {ladder.lane: ladder for ladder in before.ladders}
    ladders |= {ladder.lane: ladder for ladder in _measured(before, edits, lanes, numbers)}
    run = Run(before.blot, before.layout, before.params, edits)
    stages = rescored(before.stages, run, lanes, [ladders[lane.number] for lane in lanes])
    return Analysis(
        source=before.source,
        params=before.params,
        layout=before.layout,
        edits=edits,
        geometry=lanes,
        calibration=before.calibration,
        messages=before.messages,
        tables=lambda: _tables(before, stages),
        stages=stages,
        blot=before.blot,
    )


def _tables(before: Analysis, stages: Stages) -> Tables:
    """The tables that are shown; that of the profiles, by far the longest, is not."""
    lanes = lanes_columns(
        before.source.name,
        stages.geometry,
        before.layout,
        stages.ladders,
        stages.scores,
        stages.spread,
        stages.loads,
    )
    return {"lanes": lanes, "species": species_columns(stages.ladders), "profiles": {}}


def _measured(before: Analysis, edits: Edits, lanes: Lanes, numbers: Sequence[int]) -> tuple[Ladder, ...]:
    """Ladders of some lanes, measured as if they were all there are: they are numbered 1, 2, … meanwhile."""
    chosen = [lanes[n - 1] for n in numbers]
    own = {n: at for at, n in enumerate(numbers, 1)}
    part = replace(lanes, items=tuple(replace(lane, number=own[lane.number]) for lane in chosen))
    background = _background(before, lanes, numbers)
    rows = [] if before.layout is None else [replace(before.layout.of(n), lane=own[n]) for n in numbers]
    if before.layout is None and before.stages.quantified is not None:
        loaded = before.stages.quantified.loaded
        rows = [LayoutRow(own[n], "sample" if n in loaded else "marker") for n in numbers]
    boundaries = tuple((own[n], row) for n, row in edits.boundary_rows if n in own)
    profiles = extract_profiles(before.blot, part, background, gaps=False)
    found = quantify_lanes(
        profiles, Layout(tuple(rows)), before.params, Edits(part, before.calibration, boundaries), part
    )
    return tuple(
        replace(ladder, profile=replace(ladder.profile, lane=n, gap_level=before.stages.extracted[n - 1].gap_level))
        for n, ladder in zip(numbers, found.ladders, strict=True)
    )


def _background(before: Analysis, lanes: Lanes, numbers: Sequence[int]) -> Background:
    """Background under some lanes: the levels found before, straight from lane to lane, at the places they have now."""
    old: Background = before.stages.background
    geometry = before.geometry
    rows = np.arange(old.window.top, old.window.bottom, dtype=np.float64)
    centres = np.array([lane.centre(rows) for lane in geometry])
    at = np.array([n - 1 for n in numbers])
    level = []
    for n in numbers:
        x = lanes[n - 1].centre(rows)
        # Between the lane's old place and its neighbour's on that side.
        side = np.where(x >= centres[n - 1], 1, -1)
        beside = np.clip(n - 1 + side, 0, len(geometry) - 1)
        index = np.arange(len(rows))
        step = centres[beside, index] - centres[n - 1]
        share = np.clip(np.divide(x - centres[n - 1], step, out=np.zeros_like(x), where=step != 0), 0.0, 1.0)
        level.append((1 - share) * old.level[n - 1] + share * old.level[beside, index])
    before_edit = [set(before.stages.extracted[n - 1].flags) for n in numbers]
    flags = tuple(tuple(name for name in OF_BACKGROUND if name in names) for names in before_edit)
    return replace(old, level=np.array(level), modes=old.modes[:, at], haze=old.haze[at], lane_flags=flags)
