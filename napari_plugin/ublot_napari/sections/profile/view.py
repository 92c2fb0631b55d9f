"""One lane's densitometry as the plot shows it, taken from an analysis; no Qt here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.scoring.primary import lane_state
from ublot.wording.labels import lane_labels
from ublot.wording.words import lacking, region_words, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ublot import Analysis
    from ublot.ladder.cut import Ladder

    Array = NDArray[np.float64]

__all__ = ["ProfileView", "mass_ticks", "profile_view", "reference_lane", "shift_between"]

ROUND_MASSES = (100, 50, 250, 25, 150, 75, 10, 500, 37, 15, 200, 20, 60, 300, 120, 40, 30, 85, 400)
"""Those named first where there is not room for all."""


@dataclass(frozen=True, eq=False)
class ProfileView:
    """Densitometry of one lane, ready to be drawn.

    Attributes
    ----------
    lane : int
    title : str
        Lane and what it holds; ends with ``refused`` or ``no signal`` where it has no score.
    rows : ndarray, shape (rows,)
        ``row_px``, increasing: 0 is at the wells.
    mass_kda : ndarray, shape (rows,), or None
        Mass at each row; None without a calibration.
    raw, background, signal : ndarray, shape (rows,)
        `signal` is `raw` less `background`.
    fit : ndarray, shape (rows,), or None
        Fitted signal, without background.
    rungs : tuple of (int, float, float)
        Number of ubiquitins, ``row_px`` and height (in units of `signal`) of every resolved rung; 0 is the unmodified
        band.
    smear : ndarray, shape (rows,), or None
        The fit with its resolved rungs cut off from valley to valley: all that is not resolved.
    boundary_row, low_row, well_row : float
        HMW lies from `well_row` to `boundary_row`, the unmodified band from there to `low_row`; NaN where not known.
    called : mapping of str to str
        What the regions U, H and W are, in words: no more than is known of this blot.
    """

    lane: int
    title: str
    rows: Array
    mass_kda: Array | None
    raw: Array
    background: Array
    signal: Array
    fit: Array | None
    rungs: tuple[tuple[int, float, float], ...]
    smear: Array | None
    boundary_row: float
    low_row: float
    well_row: float
    called: Mapping[str, str] = field(default_factory=lambda: region_words(known=False))


def profile_view(analysis: Analysis, lane_number: int) -> ProfileView:
    """Take one lane's densitometry from an analysis.

    Parameters
    ----------
    analysis : Analysis
    lane_number : int
        Counted from 1, left to right.

    Raises
    ------
    BlotError
        There is no such lane.
    """
    ladders = {ladder.lane: ladder for ladder in analysis.ladders}
    if lane_number not in ladders:
        raise BlotError(f"no lane {lane_number}", analysis.source.name, f"it has lanes 1 to {len(ladders)}")
    ladder = ladders[lane_number]
    profile = ladder.profile
    mass = None
    if analysis.calibration is not None:
        # Here and not above: these bring scipy, which a window that only opens does not need.
        from ublot.mass.scale import mass_at
        from ublot.pipeline.stages import lane_shifts  # brings all of scipy along, which a window need not wait for

        shift = lane_shifts(analysis.stages, analysis.params).get(lane_number, 0.0)
        mass = mass_at(analysis.calibration, profile.rows, shift=shift)
    holds_target = _role(analysis, lane_number) not in ("marker", "blank", "ignore")
    cut, low, well = (ladder.boundary_row, ladder.low_row, ladder.well_row) if holds_target else (math.nan,) * 3
    fit = ladder.fit if holds_target else None
    return ProfileView(
        lane_number,
        _title(analysis, lane_number),
        profile.rows,
        mass,
        profile.raw,
        profile.background,
        profile.signal,
        fit,
        _rungs(ladder) if fit is not None else (),
        None if fit is None else _smear(ladder),
        float(cut),
        float(low),
        float(well),
        _region_words(analysis),
    )


def _region_words(analysis: Analysis) -> dict[str, str]:
    rows = _lane_rows(analysis)
    words = wording(analysis.params, rows)
    return region_words(words, known=not lacking(rows, words.target, layout=analysis.layout is not None))


def reference_lane(analysis: Analysis, lane_number: int) -> int | None:
    """First vehicle lane that a lane is compared with: of its own group, and of its own time where that is given."""
    rows = _lane_rows(analysis)
    own = next((row for row in rows if row["lane"] == lane_number), None)
    if own is None:
        return None
    mates = [row for row in rows if row["role"] == "vehicle" and row["group"] == own["group"]]
    same_time = [row for row in mates if row["time_min"] == own["time_min"]]
    chosen = same_time or mates
    return int(chosen[0]["lane"]) if chosen else None


def mass_ticks(view: ProfileView, apart: float) -> list[tuple[float, str]]:
    """Rows of round masses and their names, heaviest first; empty without a calibration.

    Parameters
    ----------
    view : ProfileView
    apart : float
        Rows that two ticks must keep from each other.
    """
    if view.mass_kda is None or len(view.rows) < 2:
        return []
    log_mass = np.log10(view.mass_kda)
    ticks: list[tuple[float, str]] = []
    for mass in ROUND_MASSES:
        x = math.log10(mass)
        row = float(np.interp(-x, -log_mass, view.rows))
        if log_mass[-1] <= x <= log_mass[0] and all(abs(row - other) >= apart for other, _ in ticks):
            ticks.append((row, str(mass)))
    return sorted(ticks)


def shift_between(view: ProfileView, other: ProfileView) -> float:
    """Rows by which `other` must be moved down so that its masses lie where those of `view` do; 0 when not known."""
    if view.mass_kda is None or other.mass_kda is None:
        return 0.0
    middle = other.mass_kda[len(other.rows) // 2]
    here = np.interp(-np.log10(middle), -np.log10(view.mass_kda), view.rows)
    return float(here - other.rows[len(other.rows) // 2])


def _role(analysis: Analysis, lane: int) -> str:
    return analysis.layout.of(lane).role if analysis.layout is not None else "sample"


def _lane_rows(analysis: Analysis) -> list[dict[str, Any]]:
    columns = analysis.columns["lanes"]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _title(analysis: Analysis, lane: int) -> str:
    rows = _lane_rows(analysis)
    at = next(i for i, row in enumerate(rows) if row["lane"] == lane)
    label, state = lane_labels(rows)[at], lane_state(rows[at])
    return " – ".join(part for part in (f"Lane {lane}  {label}".strip(), state) if part)


def _rungs(ladder: Ladder) -> tuple[tuple[int, float, float], ...]:
    """Unmodified band and resolved rungs, with the height of the fit at their places."""
    rows, last = ladder.profile.rows, ladder.resolved_to or 0
    fit = np.asarray(ladder.fit, np.float64)
    return tuple(
        (s.n, s.row_px, float(np.interp(s.row_px, rows, fit)))
        for s in ladder.species
        if s.n <= last and rows[0] <= s.row_px <= rows[-1]
    )


def _smear(ladder: Ladder) -> Array:
    """The fit with what stands above the line through the valleys beside resolved rungs cut off."""
    rows, fit = ladder.profile.rows, np.asarray(ladder.fit, np.float64)
    places = [s.row_px for s in ladder.species if s.n <= (ladder.resolved_to or 0) + 1]
    if ladder.antibody == "target":
        # Nothing ubiquitinated stands below the unmodified band.
        fit = np.where(rows <= places[0], fit, 0.0) if places else fit
    if len(places) < 2:
        return fit
    valleys = [places[0]] * (ladder.antibody == "target")
    heights = [0.0] * len(valleys)
    for below, above in pairwise(places):
        between = np.flatnonzero((rows > above) & (rows < below))
        if len(between):
            lowest = between[int(np.argmin(fit[between]))]
            valleys.append(float(rows[lowest]))
            heights.append(float(fit[lowest]))
    if not valleys:
        return fit
    line = np.interp(rows, valleys[::-1], heights[::-1])
    return np.asarray(np.where(rows >= valleys[-1], np.minimum(fit, line), fit), np.float64)
