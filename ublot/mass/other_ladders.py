"""Whether the bands of a lane fit a ladder of another kind better than the one that was named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ublot.mass.assignment import assign_masses
from ublot.reference.markers import DNA_LADDERS, MARKERS, Marker

if TYPE_CHECKING:
    from ublot.mass.bands import MarkerBands

__all__ = ["find_better_ladder"]

SUSPECT = 10.0
"""Cost of an assignment from which others are looked at: half of all simulated lanes that lack bands stay below."""

BETTER = 12.0
"""By which another ladder must cost less: two bands that are left out, or a likelihood 400 times as high.

Of 70 simulated protein markers, 2 look like another ladder by that much, both with bands that ran as one.
"""


def find_better_ladder(
    bands: MarkerBands, masses: tuple[float, ...], cost: float, top: float, bottom: float
) -> Marker | None:
    """The ladder that explains the bands far better than the assignment that was found.

    Parameters
    ----------
    bands : MarkerBands
    masses : tuple of float
        Those of the ladder that was named.
    cost : float
        Of its assignment.
    top, bottom : float
        First and last row of the picture.

    Returns
    -------
    Marker or None
    """
    if cost < SUSPECT:
        return None
    best: tuple[float, Marker | None] = (cost - BETTER, None)
    for other in (*MARKERS, *DNA_LADDERS):
        # A list that names a part of a standard is still that standard.
        if set(masses) <= set(other.masses) or set(other.masses) <= set(masses):
            continue
        found = assign_masses(bands, tuple(map(float, other.masses)), top, bottom, thorough=False)
        if found is not None and found.cost < best[0]:
            best = (found.cost, other)
    return best[1]
