"""From rows to masses: the marker's bands, and the monotone curve through them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError
from ublot.io.tables import read_pairs
from ublot.mass.assignment import assign_masses
from ublot.mass.bands import find_bands
from ublot.mass.migration_curve import SCATTER, fit_migration
from ublot.mass.other_ladders import find_better_ladder
from ublot.mass.partial_marker import assign_part
from ublot.model import Calibration
from ublot.reference.markers import Marker, find_marker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.mass.migration_curve import Migration
    from ublot.model import Profile

__all__ = ["LEFT_OVER", "STRAIGHT", "calibrate_mass", "calibration_from_positions", "read_marker"]

FEWEST_BANDS = 3
MORE_BANDS = 16  # that a marker may show beyond those that are named
FAR_OFF = 30.0  # cost of an assignment that 100 simulated lanes, some lacking three bands, all stayed below
FAR_OFF_SAID = 18.0
"""As `FAR_OFF`, of an assignment that leaves nothing over, and so would go by without a word: of 36 such that
were right the worst cost 16.5, of 5 that were two masses off four cost 22 and more, a real film's 19."""

HOPELESS = 35.0  # cost beyond which bands or masses that are left over speak for another marker, or for none
STRAIGHT = 0.012
"""log10(kDa) of scatter about its curve that a marker read the right way stays below: 0.0001 to 0.004 on 54 simulated
blots. Ladders of the target taken for a marker scatter by 0.015 to 0.03."""

LEFT_OVER = ("no band for", "no mass for")
FAR = "its bands lie far off a smooth curve"
CLEAR_ASSIGNMENT = 3.0  # an assignment must cost so much less than any other: e^(3/2), about 4 : 1


def calibrate_mass(
    profile: Profile, marker: str | Iterable[float] | Marker, *, clear: float = CLEAR_ASSIGNMENT, part: bool = True
) -> Calibration | None:
    """Calibrate mass against row by the bands of a marker lane.

    Parameters
    ----------
    profile : Profile
        Of the marker lane.
    marker : str, iterable of float or Marker
        Name or masses of the standard, see `ublot.reference.markers.find_marker`.
    clear : float
        A band is used where any assignment that gives it another mass is worse by this, in units of squared residual
        over scatter squared.
    part : bool
        Whether the masses may be a contiguous part of what the lane shows.

    Returns
    -------
    Calibration or None
        None where fewer than three bands (two for a marker of two masses) can be told with confidence.

    Raises
    ------
    BlotError
        The marker is unknown or its masses cannot be right.
    """
    found = read_marker(profile, marker, clear=clear, part=part)
    return found[0] if found is not None else None


def read_marker(
    profile: Profile, marker: str | Iterable[float] | Marker, *, clear: float = CLEAR_ASSIGNMENT, part: bool = True
) -> tuple[Calibration, float] | None:
    """As `calibrate_mass`, with the cost of the assignment: of several lanes of one marker the least is read best."""
    masses = find_marker(marker).masses
    bands = find_bands(profile, most=2 * len(masses) + 2)
    top, bottom = float(profile.top), float(profile.top + len(profile.raw) - 1)
    found = assign_masses(bands, masses, top, bottom, clear)
    doubts: list[str] = []
    if found is None or len(found.pairs) < min(FEWEST_BANDS, len(masses)):
        if not part:
            return None
        # The list may name only a part of what shows: the bands beyond it are then no dust.
        bands = find_bands(profile, most=2 * len(masses) + MORE_BANDS)
        found = assign_part(bands, masses, clear)
    elif found.cost > FAR_OFF:
        doubts = [FAR]
    elif (other := find_better_ladder(bands, masses, found.cost, top, bottom)) is not None:
        doubts = [f"its bands fit {other.name} ({other.masses[0]:g} to {other.masses[-1]:g}) far better"]
    if found is None:
        return None
    band, mass = np.asarray(found.pairs).T
    at = found.curve.rows(np.log10(masses))
    sight = (at > top + 0.5 * bands.typical) & (at < bottom - 0.5 * bands.typical)
    lacking = [m for j, m in enumerate(masses) if sight[j] and j not in set(mass.tolist())]
    left = _left_over(lacking, [float(bands.rows[i]) for i in found.spare])
    if not left and not doubts and found.cost > FAR_OFF_SAID:
        doubts = [FAR]
    if left and doubts == [FAR] and found.cost > HOPELESS:
        return None  # neither the count of the bands nor their places speak for this marker
    read = Calibration(
        rows=tuple(bands.rows[band].tolist()),
        masses=tuple(masses[j] for j in mass),
        kind="marker",
        residual=_scatter(found.curve, np.log10([masses[j] for j in mass]), bands.rows[band]),
        flags=(*("marker_incomplete",) * bool(left), *("marker_doubtful",) * bool(doubts)),
        lane=profile.lane,
        notes=(*left, *doubts),
    )
    return read, found.cost


def _left_over(masses: Sequence[float], rows: Sequence[float]) -> list[str]:
    """Masses without a band and bands without a mass, in words."""
    said = []
    if masses:
        said.append(f"{LEFT_OVER[0]} {', '.join(f'{m:g}' for m in masses)} kDa")
    if rows:
        said.append(f"{LEFT_OVER[1]} the band{'s' * (len(rows) > 1)} at row {', '.join(f'{r:.0f}' for r in rows)}")
    return said


def _scatter(curve: Migration, log_mass: NDArray[np.float64], rows: NDArray[np.float64]) -> float:
    """Root mean square of the studentised residuals, in log10(kDa); NaN with fewer than four bands.

    A curve that is nearly level at an end would make any residual there a large one of mass: no slope is taken for
    less than a third of the usual one.
    """
    if len(log_mass) < 4:
        return math.nan
    slopes = np.abs(curve.slopes(log_mass))
    misfit = rows - curve.rows(log_mass)
    off = np.sqrt(np.abs(misfit * curve.left_out)) / np.maximum(slopes, np.median(slopes) / 3)
    return float(np.sqrt(np.mean(off**2)))


# -------------------------------------------------------------------------------------------------- given positions
def calibration_from_positions(
    positions: str | Path | Mapping[float, float] | Iterable[tuple[float, float]],
) -> Calibration:
    """Calibrate by positions that a person gave.

    Parameters
    ----------
    positions : path, mapping or iterable of (float, float)
        A CSV with the columns ``mass_kda`` and ``row_px`` (comma, semicolon or tab), a mapping of mass to row, or
        pairs of mass and row, in any order.

    Returns
    -------
    Calibration

    Raises
    ------
    BlotError
        The file cannot be read, a column is missing, a value is not a positive number (rows may be any number), there
        are fewer than two points, or mass does not fall as the row grows.
    """
    if isinstance(positions, str | Path):
        where: object = positions
        pairs = read_pairs(positions, "marker positions", ("mass_kda", "row_px"))
    else:
        where = "marker positions"
        items = positions.items() if isinstance(positions, Mapping) else positions
        try:
            pairs = [(float(m), float(r)) for m, r in items]
        except (TypeError, ValueError):
            raise BlotError("not pairs of mass (kDa) and row (px)", where, "e.g. [(250, 84.5), (150, 160)]") from None
    pairs.sort(key=lambda p: p[1])
    masses, rows = [m for m, _ in pairs], [r for _, r in pairs]
    if len(pairs) < 2:
        raise BlotError(f"{len(pairs)} position(s), at least 2 are needed", where, "give two marker bands or more")
    if not all(math.isfinite(r) and math.isfinite(m) and m > 0 for m, r in pairs):
        raise BlotError("masses must be positive and rows finite numbers", where, "kDa and px")
    for (m0, r0), (m1, r1) in pairwise(pairs):
        if r1 <= r0 or m1 >= m0:
            raise BlotError(
                f"{m0:g} kDa at row {r0:g} and {m1:g} kDa at row {r1:g}", where, "lighter bands must lie lower"
            )
    return Calibration(tuple(rows), tuple(masses), "positions", _scatter_of(rows, masses))


def _scatter_of(rows: list[float], masses: list[float]) -> float:
    if len(rows) < 4:
        return math.nan
    x, r = np.log10(masses), np.asarray(rows)
    curve = fit_migration(r, x, max(SCATTER * float(np.ptp(r)), 1e-9), (float(x[-1]), float(x[0])))
    return _scatter(curve, x, r)


# ---------------------------------------------------------------------------------------------------------- the curve
