"""From profiles to ladders: masses, regions, rungs and smear of every lane."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ublot.errors import BlotError
from ublot.inputs.params import masses_of
from ublot.ladder.cut import Ladder, Ready, cut_ready, make_ready
from ublot.ladder.fit.all_lanes import fit_ladders, lanes_to_fit
from ublot.ladder.rung_calibration import calibrate_by_rungs, rungs_hold
from ublot.mass.calibration import LEFT_OVER, STRAIGHT, calibration_from_positions, read_marker
from ublot.membrane.lateral_shape import gutter_leak, mid_columns
from ublot.model import SCORED
from ublot.numerics.remembering import remembered
from ublot.option_words import told
from ublot.reference.markers import find_marker

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from ublot.inputs.edits import Edits
    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params
    from ublot.model import Calibration, Lanes, Profile
    from ublot.numerics.arrays import Array

__all__ = ["Quantified", "quantify_lanes"]

Unread = Literal["masses unknown", "no marker lane", "marker unread", "marker empty"]
"""Why a marker that is there, or was asked for, gives no masses."""

APART = 0.06  # share of the rows by which marker lanes of one gel may differ: 0.03 were seen on a real, smiling one
PLACING = 0.02  # share of the rows: the length of a stretch that may show where a lane is
CLEAR_LANE = 5.0  # standard deviations by which one such stretch must stand above its uncertainty


@dataclass(frozen=True)
class Elsewhere:
    """Ways to read the marker where the lanes of the blot do not show it; each gives None where there is nothing.

    Attributes
    ----------
    picture : callable
        Another picture of the membrane.
    ticks : callable
        Ticks that are printed beside the region.
    pen : callable
        Strokes of a pen on the film.
    """

    picture: Callable[[], Calibration | None]
    ticks: Callable[[], Calibration | None]
    pen: Callable[[], Calibration | None]


@dataclass(frozen=True, eq=False)
class Quantified:
    """The ladders of a blot, what they were calibrated by, and which lanes may hold target.

    `cuts` were made on the way: a run after an edit takes over of them what it would make again.
    """

    ladders: tuple[Ladder, ...]
    calibration: Calibration | None
    loaded: frozenset[int]
    notes: tuple[str, ...]
    cuts: tuple[_Cut, ...] = ()


@dataclass(frozen=True, eq=False)
class _Cut:
    """Lanes cut into plain regions, and fitted.

    Attributes
    ----------
    given : tuple
        All that the lanes depend on besides boundaries that were moved.
    ready : Ready
    leak : dict of int to float
        As `ublot.membrane.lateral_shape.gutter_leak` gives it.
    boundaries : dict of int to float
        Rows of those, by lane.
    ladders : tuple of Ladder
    fitted : tuple of Ladder
        Empty where fits were not asked for.
    """

    given: tuple[Any, ...]
    ready: Ready
    leak: dict[int, float]
    boundaries: dict[int, float]
    ladders: tuple[Ladder, ...]
    fitted: tuple[Ladder, ...] = ()


def _given_boundaries(geometry: Lanes, edits: Edits) -> dict[int, float]:
    """Rows of the boundary below HMW that a person moved, by lane."""
    window = geometry.window
    for lane, row in edits.boundary_rows:
        if not 1 <= lane <= len(geometry):
            raise BlotError(f"no lane {lane}", "boundary_rows", f"there are lanes 1 to {len(geometry)}")
        if not window.top <= row < window.bottom:
            fix = f"rows {window.top} to {window.bottom - 1} are looked at"
            raise BlotError(f"row {row:g} is not on the membrane", f"boundary_rows, lane {lane}", fix)
    return dict(edits.boundary_rows)


def _unplaced(profiles: Sequence[Profile]) -> set[int]:
    """Lanes no stretch of which stands clear of its uncertainty: their place then rests on their neighbours alone."""
    if not profiles:
        return set()
    rows = len(profiles[0].raw)
    stretch = max(int(PLACING * rows), 1)
    starts = np.arange(0, rows - rows % stretch, stretch)
    area, noise = (
        np.add.reduceat(np.stack(values), starts, axis=1)
        for values in ([p.signal for p in profiles], [p.noise**2 for p in profiles])
    )
    clear = area > CLEAR_LANE * np.sqrt(noise)
    return {p.lane for p, *of in zip(profiles, area, noise, clear, strict=True) if not _placed(p, starts, *of)}


def _placed(profile: Profile, starts: NDArray[np.intp], area: Array, noise: Array, clear: NDArray[np.bool_]) -> bool:
    """Whether one of the stretches that stand clear of their noise does so of the background's uncertainty as well."""
    if not clear.any():
        return False
    best = int((area - CLEAR_LANE * np.sqrt(noise)).argmax())  # in most lanes one look decides
    load = profile.modes[:, starts[best] : (*starts, len(profile.raw))[best + 1]].sum(axis=1)
    if area[best] > CLEAR_LANE * math.sqrt(noise[best] + load @ load):
        return True
    loads = np.add.reduceat(profile.modes, starts, axis=1)
    return bool((area > CLEAR_LANE * np.sqrt(noise + (loads**2).sum(axis=0))).any())


@remembered(4)
def _read_marker(profile: Profile, marker: str | tuple[float, ...], part: bool) -> tuple[Calibration, float] | None:
    """As `read_marker`: a person who moves a boundary leaves the marker lane as it is."""
    return read_marker(profile, marker, part=part)


def _calibration(
    profiles: Sequence[Profile], layout: Layout | None, params: Params, edits: Edits, elsewhere: Elsewhere | None
) -> tuple[Calibration | None, tuple[int, ...], Unread | None]:
    """Calibration, the lanes that hold a marker, and why it gives no masses where it should."""
    marked = tuple(row.lane for row in layout if row.role == "marker") if layout is not None else ()
    if edits.calibration is not None:
        return edits.calibration, marked, None
    if params.marker_positions is not None:
        return calibration_from_positions(params.marker_positions), marked, None
    if params.marker is None:
        return None, marked, "masses unknown" if marked else None
    if params.marker_elsewhere:
        # Where a person says that another picture shows the marker, this one's lanes are not asked.
        other = elsewhere.picture() if elsewhere is not None else None
        return other, marked, None if other is not None else "marker unread"
    found, marked, unread = _own_marker(profiles, layout, params, marked)
    if elsewhere is None:
        return found, marked, unread
    for look in (elsewhere.ticks, elsewhere.picture, elsewhere.pen):
        if look is not elsewhere.ticks and found is not None and "marker_doubtful" not in found.flags:
            break
        other = look()
        if other is not None:
            return _of_both(found, other, params), marked, None
    return found, marked, unread


def _of_both(lane: Calibration | None, other: Calibration, params: Params) -> Calibration:
    """What the lanes show of the marker where the other place bears it out or it needs none, else the other place.

    A person drew ticks at the marker's bands, and knew which are which.
    """
    if lane is None:
        return other
    rows = dict(zip(other.masses, other.rows, strict=True))
    near = 0.5 * min(np.diff(other.rows), default=0.0)
    away = [abs(row - rows[m]) for m, row in zip(lane.masses, lane.rows, strict=True) if m in rows]
    left_over = tuple(note for note in lane.notes if note.startswith(LEFT_OVER))
    if len(away) >= min(3, len(other.masses)) and max(away) <= near:
        return replace(lane, flags=tuple(f for f in lane.flags if f != "marker_doubtful"), notes=left_over)
    masses = find_marker(params.marker).masses if params.marker is not None else ()
    if not lane.flags and lane.masses == masses and lane.residual <= STRAIGHT:
        return lane
    said = f"lane {lane.lane} puts its masses elsewhere"
    return replace(other, flags=("marker_doubtful",), notes=(*other.notes, said))


def _own_marker(
    profiles: Sequence[Profile], layout: Layout | None, params: Params, marked: tuple[int, ...]
) -> tuple[Calibration | None, tuple[int, ...], Unread | None]:
    """What the lanes of the blot show of the marker."""
    if params.marker is None:
        return None, marked, None
    empty = {p.lane for p in profiles if "lane_empty" in p.flags}
    if marked and empty.issuperset(marked):
        return None, marked, "marker empty"
    # Without a layout the marker stands at one of the ends, or else between lanes, where only the whole list will do.
    ends = tuple(dict.fromkeys((profiles[0].lane, profiles[-1].lane)))
    inner = tuple(p.lane for p in profiles if p.lane not in ends)
    # A lane that shows the whole list goes before one of which it may be a part: that could be a ladder of the target.
    seen = tuple(number for number in marked if number not in empty)
    tries = [(seen, False), (seen, True)] if layout is not None else [(ends, False), (ends, True), (inner, False)]
    for candidates, part in tries:
        each = [_read_marker(profiles[number - 1], params.marker, part) for number in candidates]
        read = [k for k in each if k is not None and (candidates is not inner or not k[0].flags)]
        if read:
            # Of several marker lanes one that is read without doubt, shows most, and is read best.
            clearest, _ = min(read, key=lambda k: ("marker_doubtful" in k[0].flags, -len(k[0].masses), k[1]))
            best = _agreed(clearest, [k for k, _ in read], profiles)
            return best, marked if layout is not None else (best.lane or 0,), None
    return None, marked, "no marker lane" if layout is not None and not marked else "marker unread"


def _agreed(best: Calibration, found: Sequence[Calibration], profiles: Sequence[Profile]) -> Calibration:
    """The marker lane that is used, flagged where another one puts the same masses elsewhere."""
    far = APART * len(profiles[0].raw)
    rows = dict(zip(best.masses, best.rows, strict=True))
    for other in found:
        both = [abs(row - rows[m]) for m, row in zip(other.masses, other.rows, strict=True) if m in rows]
        if both and max(both) > far:
            flags = tuple(dict.fromkeys((*best.flags, "marker_doubtful")))
            return replace(best, flags=flags, notes=(*best.notes, f"lane {other.lane} puts its masses elsewhere"))
    return best


def _note(unread: Unread | None, calibration: Calibration | None, params: Params) -> list[str]:
    """Where the masses come from, or why there are none, in words; of a marker that was read what it leaves over."""
    if unread == "masses unknown":
        return [told("the masses of the marker are not known: give {marker}")]
    by_rungs = calibration is not None and calibration.kind == "rungs"
    if unread is not None:
        where = " in the other picture" if params.marker_elsewhere else ""
        why = {
            "no marker lane": "the layout names no marker lane",
            "marker unread": f"the marker could not be read{where}",
            "marker empty": "the marker lane shows nothing",
        }
        left = "masses rest on the ladder's own rungs, taken for one modifier apart" if by_rungs else "no masses"
        return [told("{why}: {left}; give {marker_positions}", why=why[unread], left=left)]
    if by_rungs:
        return [told("masses rest on the ladder's own rungs, taken for one modifier apart; give {marker}")]
    if calibration is None:
        return [told("no mass calibration: HMW starts at the upper edge of the unmodified band; give {marker}")]
    said = [f"the marker was read from {calibration.picture}"] if calibration.picture else []
    if calibration.kind == "marker" and calibration.notes and params.marker is not None:
        said += _marker_in_words(calibration, find_marker(params.marker).masses)
    return said


def _marker_in_words(calibration: Calibration, masses: Sequence[float]) -> list[str]:
    """What there is to say about a marker that was read.

    That nothing but the lightest masses lacks is left to the flag: they often run off the gel or through the membrane,
    and lie far below what is measured.
    """
    notes, lightest = calibration.notes, min(calibration.masses)
    ends = all(m < lightest for m in masses if m not in calibration.masses)
    if not notes or (ends and len(notes) == 1 and notes[0].startswith("no band for")):
        return []
    where = "marker" if calibration.lane is None else f"marker in lane {calibration.lane}"
    return [f"{where}: {'; '.join(notes)} ({', '.join(calibration.flags)})"]


def quantify_lanes(
    profiles: Sequence[Profile],
    layout: Layout | None,
    params: Params,
    edits: Edits,
    geometry: Lanes,
    elsewhere: Elsewhere | None = None,
    before: Quantified | None = None,
) -> Quantified:
    """Calibrate and quantify all lanes of a blot.

    Parameters
    ----------
    profiles : sequence of Profile
    layout : Layout or None
    params : Params
    edits : Edits
    geometry : Lanes
    elsewhere : callable, optional
        Calibrates by what shows the marker besides the lanes: another picture of the membrane. Asked where the options
        name one, or where the lanes do not show the marker well.
    before : Quantified, optional
        Of an earlier run, to take over from what would be made again: with a boundary moved, or moved further.

    Returns
    -------
    Quantified
    """
    calibration, marked, unread = _calibration(profiles, layout, params, edits, elsewhere)
    every = {p.lane for p in profiles}
    loaded = {row.lane for row in layout if row.role in SCORED} if layout is not None else every - set(marked)
    if edits.lanes is None:
        unplaced = _unplaced([p for p in profiles if p.lane in loaded])
        profiles = [replace(p, flags=(*p.flags, "lane_uncertain")) if p.lane in unplaced else p for p in profiles]
    boundaries, earlier = _given_boundaries(geometry, edits), before.cuts if before is not None else ()
    cut = partial(_cut, profiles, params, geometry, loaded, boundaries, earlier)
    cuts = [cut(calibration)]
    ladders = cuts[0].ladders
    target, modifier = masses_of(params)
    if calibration is None:
        free = [k for k in ladders if k.lane in loaded]
        calibration = calibrate_by_rungs(free, target_kda=target, modifier_kda=modifier)
        if calibration is not None:
            cuts.append(_fitted(cut(calibration), calibration, earlier))
            if not rungs_hold(cuts[1].fitted):
                calibration = None
        if calibration is not None:
            ladders = cuts[1].fitted if params.ladder else cuts[1].ladders
            ladders = tuple(k.flagged(*calibration.flags) if k.lane in loaded else k for k in ladders)
    elif params.ladder:
        cuts = [_fitted(cuts[0], calibration, earlier)]
        ladders = cuts[0].fitted
    if calibration is not None and calibration.kind == "marker" and calibration.flags:
        ladders = tuple(k.flagged(*calibration.flags) if k.lane in loaded else k for k in ladders)
    notes = tuple(_note(unread, calibration, params))
    return Quantified(ladders, calibration, frozenset(loaded), notes, tuple(cuts))


def _cut(
    profiles: Sequence[Profile],
    params: Params,
    geometry: Lanes,
    loaded: Collection[int],
    boundaries: dict[int, float],
    earlier: Sequence[_Cut],
    calibration: Calibration | None,
) -> _Cut:
    """Plain regions of all lanes; those whose boundary stays where it was are taken over."""
    (target, modifier), x, leak = masses_of(params), mid_columns(geometry).tolist(), gutter_leak(geometry)
    given = (tuple(profiles), calibration, target, modifier, params.antibody, x, frozenset(loaded), params.haze, leak)
    done = next((other for other in earlier if other.given == given), None)
    if done is not None:
        ladders = tuple(
            old if boundaries.get(old.lane) == done.boundaries.get(old.lane) else new
            for old, new in zip(done.ladders, cut_ready(done.ready, boundaries, leak), strict=True)
        )
        return _Cut(given, done.ready, leak, boundaries, ladders)
    ready = make_ready(
        profiles,
        calibration,
        target=target,
        modifier=modifier,
        antibody=params.antibody,
        x=x,
        loaded=loaded,
        haze=params.haze,
    )
    return _Cut(given, ready, leak, boundaries, cut_ready(ready, boundaries, leak))


def _fitted(cut: _Cut, calibration: Calibration, earlier: Sequence[_Cut]) -> _Cut:
    """Rungs and smear of all lanes, taken over where the same lanes were fitted together before."""
    (target, modifier), loaded = cut.ready.masses, cut.ready.loaded
    chosen = lanes_to_fit(cut.ladders, loaded)
    for done in earlier:
        if done.fitted and lanes_to_fit(done.ladders, loaded) == chosen:
            fits = dict(zip(done.ladders, done.fitted, strict=True))
            return replace(cut, fitted=tuple(fits[k] if k in chosen else k for k in cut.ladders))
    fitted = fit_ladders(
        cut.ladders, calibration, target_kda=target, modifier_kda=modifier, loaded=loaded, leak=cut.leak
    )
    return replace(cut, fitted=fitted)
