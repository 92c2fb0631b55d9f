"""From profiles to ladders: masses, regions, rungs and smear of every lane."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from ublot.errors import BlotError
from ublot.inputs.params import masses_of
from ublot.ladder.cut import Ladder, quantify_ladder
from ublot.ladder.fit.all_lanes import fit_ladders
from ublot.ladder.rung_calibration import calibrate_by_rungs, rungs_hold
from ublot.mass.calibration import calibrate_mass, calibration_from_positions
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


@dataclass(frozen=True, eq=False)
class Quantified:
    """The ladders of a blot, what they were calibrated by, and which lanes may hold target."""

    ladders: tuple[Ladder, ...]
    calibration: Calibration | None
    loaded: frozenset[int]
    notes: tuple[str, ...]


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
def _read_marker(profile: Profile, marker: str | tuple[float, ...], part: bool) -> Calibration | None:
    """As `calibrate_mass`: a person who moves a boundary leaves the marker lane as it is."""
    return calibrate_mass(profile, marker, part=part)


def _calibration(
    profiles: Sequence[Profile], layout: Layout | None, params: Params, edits: Edits
) -> tuple[Calibration | None, tuple[int, ...], Unread | None]:
    """Calibration, the lanes that hold a marker, and why it gives no masses where it should."""
    marked = tuple(row.lane for row in layout if row.role == "marker") if layout is not None else ()
    if edits.calibration is not None:
        return edits.calibration, marked, None
    if params.marker_positions is not None:
        return calibration_from_positions(params.marker_positions), marked, None
    if params.marker is None:
        return None, marked, "masses unknown" if marked else None
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
        found = [k for k in each if k is not None and (candidates is not inner or not k.flags)]
        if found:
            # Of several marker lanes, the first that is read without doubt, or else the one that shows most.
            best = _agreed(min(found, key=lambda k: ("marker_doubtful" in k.flags, -len(k.masses))), found, profiles)
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
        why = {
            "no marker lane": "the layout names no marker lane",
            "marker unread": "the marker could not be read",
            "marker empty": "the marker lane shows nothing",
        }
        left = "masses rest on the ladder's own rungs, taken for one modifier apart" if by_rungs else "no masses"
        return [told("{why}: {left}; give {marker_positions}", why=why[unread], left=left)]
    if by_rungs:
        return [told("masses rest on the ladder's own rungs, taken for one modifier apart; give {marker}")]
    if calibration is None:
        return [told("no mass calibration: HMW starts at the upper edge of the unmodified band; give {marker}")]
    if calibration.kind == "marker" and calibration.notes and params.marker is not None:
        return _marker_in_words(calibration, find_marker(params.marker).masses)
    return []


def _marker_in_words(calibration: Calibration, masses: Sequence[float]) -> list[str]:
    """What there is to say about a marker that was read.

    That nothing but the lightest masses lacks is left to the flag: they often run off the gel or through the membrane,
    and lie far below what is measured.
    """
    notes, lightest = calibration.notes, min(calibration.masses)
    ends = all(m < lightest for m in masses if m not in calibration.masses)
    if not notes or (ends and len(notes) == 1 and notes[0].startswith("no band for")):
        return []
    return [f"marker in lane {calibration.lane}: {'; '.join(notes)} ({', '.join(calibration.flags)})"]


def quantify_lanes(
    profiles: Sequence[Profile], layout: Layout | None, params: Params, edits: Edits, geometry: Lanes
) -> Quantified:
    """Calibrate and quantify all lanes of a blot.

    Parameters
    ----------
    profiles : sequence of Profile
    layout : Layout or None
    params : Params
    edits : Edits
    geometry : Lanes

    Returns
    -------
    Quantified
    """
    calibration, marked, unread = _calibration(profiles, layout, params, edits)
    every = {p.lane for p in profiles}
    loaded = {row.lane for row in layout if row.role in SCORED} if layout is not None else every - set(marked)
    if edits.lanes is None:
        unplaced = _unplaced([p for p in profiles if p.lane in loaded])
        profiles = [replace(p, flags=(*p.flags, "lane_uncertain")) if p.lane in unplaced else p for p in profiles]
    boundaries, leak = _given_boundaries(geometry, edits), gutter_leak(geometry)
    ladders = _cut(profiles, calibration, params, geometry, loaded, boundaries, leak)
    target, modifier = masses_of(params)
    if calibration is None:
        free = [k for k in ladders if k.lane in loaded]
        calibration = calibrate_by_rungs(free, target_kda=target, modifier_kda=modifier)
        if calibration is not None:
            by_rungs = _cut(profiles, calibration, params, geometry, loaded, boundaries, leak)
            fitted = _fitted(by_rungs, calibration, params, loaded, leak)
            if not rungs_hold(fitted):
                calibration = None
        if calibration is not None:
            ladders = fitted if params.ladder else by_rungs
            ladders = tuple(k.flagged(*calibration.flags) if k.lane in loaded else k for k in ladders)
    elif params.ladder:
        ladders = _fitted(ladders, calibration, params, loaded, leak)
    if calibration is not None and calibration.kind == "marker" and calibration.flags:
        ladders = tuple(k.flagged(*calibration.flags) if k.lane in loaded else k for k in ladders)
    return Quantified(ladders, calibration, frozenset(loaded), tuple(_note(unread, calibration, params)))


def _cut(
    profiles: Sequence[Profile],
    calibration: Calibration | None,
    params: Params,
    geometry: Lanes,
    loaded: Collection[int],
    boundaries: dict[int, float],
    leak: dict[int, float],
) -> tuple[Ladder, ...]:
    """Plain regions of all lanes."""
    target, modifier = masses_of(params)
    return quantify_ladder(
        profiles,
        calibration,
        target=target,
        modifier=modifier,
        antibody=params.antibody,
        x=mid_columns(geometry).tolist(),
        loaded=loaded,
        boundary_rows=boundaries,
        leak=leak,
        haze=params.haze,
    )


def _fitted(
    ladders: tuple[Ladder, ...],
    calibration: Calibration,
    params: Params,
    loaded: Collection[int],
    leak: dict[int, float],
) -> tuple[Ladder, ...]:
    """Rungs and smear of all lanes."""
    target, modifier = masses_of(params)
    return fit_ladders(ladders, calibration, target_kda=target, modifier_kda=modifier, loaded=loaded, leak=leak)
