"""A list of masses that names only a contiguous part of what a marker lane shows.

Bands above the heaviest and below the lightest named mass then cost nothing. The masses are laid along every run of
neighbouring bands, and the spacing decides: how far the bands lie from a curve of ordinary bend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ublot.mass.assignment import Assignment
from ublot.mass.migration_curve import SCATTER, fit_migration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.mass.bands import MarkerBands

__all__ = ["assign_part"]

FEWEST_MASSES = 3  # masses: any two bands fit any two masses
FAINT = 0.1  # of the strong bands' height: less is dust
WIDTHS = (0.6, 1.8)  # of the typical width that a single band may have
DECADES = 1.2  # that an ordinary marker spans; the ordinary bend is that over such a length
TOP = 4.0  # what a run that leaves out the topmost band costs: a list is mostly read off from the top
WORST = (1.0, 2.0)  # cost above which no run fits, and more per mass beyond two: a line takes up two


def assign_part(bands: MarkerBands, masses: tuple[float, ...], clear: float = 3.0) -> Assignment | None:
    """Find the run of neighbouring bands that the masses fit.

    Parameters
    ----------
    bands : MarkerBands
        All that the lane shows.
    masses : tuple of float
        kDa, descending; a contiguous part of the marker.
    clear : float
        The run must cost less than any other by this, in units of squared residual over scatter squared; the run from
        the topmost band on is exempt, once it costs no more than another run with `TOP` added.

    Returns
    -------
    Assignment or None
        None where fewer than three masses are named, no more bands than masses show, no run fits, or two lower runs
        fit about equally well.
    """
    sound = _sound(bands)
    n = len(masses)
    if n < FEWEST_MASSES or len(sound) <= n:
        return None
    x = np.log10(np.asarray(masses, np.float64))
    middle, half = 0.5 * (x[0] + x[-1]), 0.5 * max(float(x[0] - x[-1]), DECADES)
    span = (float(middle - half), float(middle + half))
    rows = bands.rows[sound]
    scatter = float(np.hypot(SCATTER * np.ptp(rows), 0.05 * bands.typical))
    curves = [fit_migration(rows[k : k + n], x, scatter, span) for k in range(len(rows) - n + 1)]
    costs = np.array([c.cost if np.all(c.slopes(x) < 0) else np.inf for c in curves])
    ranked = costs + np.where(np.arange(len(costs)) > 0, TOP, 0.0)
    best = int(ranked.argmin())
    if not costs[best] <= WORST[0] + WORST[1] * (n - 2):
        return None
    if best > 0 and np.delete(ranked, best).min() < ranked[best] + clear:
        return None
    pairs = tuple((int(sound[best + j]), j) for j in range(n))
    spare = tuple(int(i) for i in sound if not sound[best] <= i <= sound[best + n - 1])
    return Assignment(pairs, curves[best], float(costs[best]), spare)


def _sound(bands: MarkerBands) -> NDArray[np.intp]:
    """Indices of the bands that are neither dust nor background."""
    if len(bands) == 0:
        return np.empty(0, np.intp)
    strong = float(np.median(np.sort(bands.heights)[-max(len(bands) // 2, 1) :]))
    width = bands.widths / bands.typical
    return np.flatnonzero((bands.heights > FAINT * strong) & (width > WIDTHS[0]) & (width < WIDTHS[1]))
