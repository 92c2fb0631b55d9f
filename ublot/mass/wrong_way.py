"""Blots seen the wrong way round: the marker's bands run upward, or stand in the mirrored lane."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.mass.calibration import STRAIGHT, calibrate_mass
from ublot.reference.markers import find_marker

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ublot.model import Calibration, Profile
    from ublot.reference.markers import Marker

__all__ = ["seen_wrong", "turned"]

WHOLE = 0.6
"""Share of a marker's bands that are told with confidence where its lane is read the right way."""

EXACT = 0.002
"""log10(kDa) of scatter from which on no other way is tried: upside down, 8 of 9 bands were read with 0.004."""

BETTER = 3.0
"""Times the scatter of the layout's lane that another way must be below, unless that lane shows two bands less."""

FEWEST = 4
"""Bands of the marker that another way must show at least: a ladder of the target may pass for three."""

MORE = 2
"""Bands that another way must show more than the layout's lane, unless it is straighter."""

EMPTY, FULL = 0.05, 0.3
"""Height of a lane's tallest band over the median lane's, below which it is empty and above which it was loaded."""


def seen_wrong(
    profiles: Sequence[Profile],
    marker: str | Iterable[float] | Marker | None,
    calibration: Calibration | None,
    *,
    marked: Collection[int] | None,
    blank: Collection[int] = (),
) -> tuple[str, ...]:
    """Flags of a picture that shows its blot upside down or from its back; none where it is the right way round.

    Parameters
    ----------
    profiles : sequence of Profile
        Of all lanes, from left to right.
    marker : str, iterable of float, Marker or None
        As for `calibrate_mass`; None where its masses are not known.
    calibration : Calibration or None
        What the marker was read as.
    marked, blank : collection of int
        Lanes of the marker and empty ones by the layout; `marked` is None where there is no layout.

    Returns
    -------
    tuple of str
        ``mirrored``, ``upside_down`` or both.
    """
    count = len(profiles)
    if count < 3:
        return ()
    exchanged = bool(marked and blank) and _back_to_front(profiles, marked or (), blank)
    if exchanged and marker is None:
        return ("mirrored",)
    if marker is None or marked == ():
        return ()
    masses = find_marker(marker).masses
    here = calibration if calibration is not None and calibration.kind == "marker" else None
    if here is not None and "marker_doubtful" in here.flags:
        here = None  # what is doubted from here counts for nothing against another way
    read = len(here.rows) if here is not None else 0
    enough = max(WHOLE * len(masses), FEWEST)
    # Every band in its place, as straight as no ladder of the target is: no other way can be better.
    whole = here is not None and read == len(masses) and here.residual <= STRAIGHT
    exact = here is not None and read >= enough and here.residual <= EXACT
    if len(masses) < FEWEST or whole or exact:
        return ("mirrored",) if exchanged else ()
    lanes = list(marked) if marked is not None else [1, count]
    tallest = np.array([float(p.signal.max(initial=0.0)) for p in profiles])
    empty = {number for number in range(1, count + 1) if tallest[number - 1] < EMPTY * np.median(tallest)}
    ways: list[tuple[str, ...]] = [("upside_down",)]
    if marked is not None:
        ways = [("mirrored",), ("upside_down",), ("upside_down", "mirrored")]
    best: Calibration | None = None
    way: tuple[str, ...] = ()
    for flags in ways:
        # A half turn puts the marker into the mirrored lane, as a mirror alone does.
        swapped = marked is not None and flags in (("mirrored",), ("upside_down",))
        places = {lane for at in lanes for lane in (_mirrored(at, count, len(blank)) if swapped else [at])}
        if marked is not None and not swapped:
            # Lanes were placed by what a marker looks like the right way up: it may stand beside where it was put.
            beside = {at + step for at in empty.intersection(lanes) for step in (-1, 1)}
            places |= beside.intersection(range(1, count + 1))
        for lane in sorted(places):
            profile = turned(profiles[lane - 1]) if "upside_down" in flags else profiles[lane - 1]
            found = calibrate_mass(profile, marker, part=False)
            sound = found is not None and "marker_doubtful" not in found.flags
            told = found is not None and sound and len(found.rows) >= enough and found.residual <= STRAIGHT
            if found is not None and told and (best is None or found.residual < best.residual):
                best, way = found, flags
    if best is None:
        return ("mirrored",) if exchanged else ()
    if exchanged:  # in a mirror or by a half turn: the marker's own bands tell which
        return tuple(sorted(way))
    straighter = here is None or (len(best.rows) >= read and best.residual * BETTER < here.residual)
    return tuple(sorted(way)) if straighter or len(best.rows) >= read + MORE else ()


def _mirrored(lane: int, count: int, blanks: int) -> list[int]:
    """Lanes that one may have become in a mirror, the likeliest first.

    Lanes were looked for with the empty ones where the layout has them: with those at the wrong end, all are shifted.
    """
    there = count + 1 - lane
    near = sorted(range(there - blanks, there + blanks + 1), key=lambda other: abs(other - there))
    return [other for other in near if 1 <= other <= count and other != lane]


def turned(profile: Profile) -> Profile:
    """The same lane read from its other end."""
    return replace(
        profile,
        raw=profile.raw[::-1],
        background=profile.background[::-1],
        noise=profile.noise[::-1],
        modes=profile.modes[:, ::-1],
        saturated=profile.saturated[::-1],
    )


def _back_to_front(profiles: Sequence[Profile], marked: Collection[int], blank: Collection[int]) -> bool:
    """Whether the lanes of the marker are empty and those named blank are not, and mirrored it would be as named."""
    tallest = np.array([float(p.signal.max(initial=0.0)) for p in profiles])
    usual = float(np.median(tallest))
    if not usual > 0:
        return False
    other = [len(profiles) + 1 - lane for lane in blank]
    as_named = all(tallest[lane - 1] < EMPTY * usual for lane in marked)
    full = all(tallest[lane - 1] > FULL * usual for lane in blank)
    return as_named and full and set(other) == set(marked)
