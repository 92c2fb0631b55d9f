"""How well an assay tells its controls apart: Z', SSMD, signal window and the vehicle's coefficient of variation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.statistics.reactions import Reaction, families

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from ublot.numerics.arrays import Array

__all__ = ["QUALITY_COLUMNS", "AssayQuality", "assay_quality", "quality_columns"]

FEWEST_CONTROLS = 5  # controls of each kind from which on Z' is more than a guess
QUALITY_COLUMNS = (
    *("blot", "group", "time_min", "quantity", "n_vehicle", "n_negative", "vehicle_mean", "vehicle_cv"),
    *("z_prime", "ssmd", "signal_window", "note"),
)


@dataclass(frozen=True)
class AssayQuality:
    """Separation of two controls.

    Attributes
    ----------
    z_prime : float
        ``1 - 3 (s_high + s_low) / |m_high - m_low|`` (Zhang, Chung & Oldenburg 1999, J Biomol Screen 4:67).
    ssmd : float
        ``(m_high - m_low) / sqrt(s_high^2 + s_low^2)`` (Zhang 2007, Genomics 89:552).
    signal_window : float
        ``(m_high - m_low - 3 (s_high + s_low)) / s_high`` (Sittampalam et al. 1997, J Biomol Screen 2:159).
    vehicle_cv : float
        Standard deviation over mean of the vehicle.
    note : str
        What to keep in mind; empty when nothing.
    """

    z_prime: float
    ssmd: float
    signal_window: float
    vehicle_cv: float
    note: str


def _known(values: ArrayLike) -> Array:
    v = np.asarray(values, np.float64)
    return v[np.isfinite(v)]


def _sd(v: Array) -> float:
    return float(v.std(ddof=1)) if len(v) > 1 else math.nan


def _ratio(a: float, b: float) -> float:
    return a / b if b != 0 else math.nan


def assay_quality(vehicle: ArrayLike, other: ArrayLike) -> AssayQuality:
    """Compare the vehicle with the other control, whichever is the higher.

    Parameters
    ----------
    vehicle, other : array-like
        One value for each independent reaction or well; NaN are left out. What two values of each cannot give is NaN.
    """
    v, o = _known(vehicle), _known(other)
    sd_v, sd_o = _sd(v), _sd(o)
    mean_v = float(v.mean()) if len(v) else math.nan
    mean_o = float(o.mean()) if len(o) else math.nan
    high_sd = sd_v if not mean_v < mean_o else sd_o
    gap, spread = abs(mean_v - mean_o), 3 * (sd_v + sd_o)
    return AssayQuality(
        1 - _ratio(spread, gap),
        _ratio(gap, math.hypot(sd_v, sd_o)),
        _ratio(gap - spread, high_sd),
        _ratio(sd_v, abs(mean_v)),
        _note(len(v), len(o)),
    )


def _note(vehicle: int, other: int) -> str:
    if vehicle < 2:
        return "one vehicle reaction says nothing about scatter" if vehicle else "no vehicle"
    if not other:
        return "no negative control: no window"
    if other < 2:
        return "one negative control says nothing about scatter: no window"
    few = min(vehicle, other)
    if few < FEWEST_CONTROLS:
        return f"{few} controls of a kind are too few for a stable Z'; read SSMD and the points themselves"
    return ""


def quality_columns(reactions: Iterable[Reaction]) -> dict[str, list[Any]]:
    """One row per blot, group (and time): the vehicle against the negative controls.

    On the modified fraction, or on the high-mass area over the vehicle's where there is no fraction.

    Parameters
    ----------
    reactions : iterable of Reaction
    """
    by_blot: dict[str, list[Reaction]] = {}
    for reaction in reactions:
        by_blot.setdefault(reaction.blot, []).append(reaction)
    rows = []
    for blot, members in by_blot.items():
        negative = [r for r in members if r.role == "negative"]
        for family in families(members):
            if not family.vehicles:
                continue
            has = any(math.isfinite(r.values.get("hmw_fraction", math.nan)) for r in family.vehicles)
            quantity = "hmw_fraction" if has else "relative_hmw_area"
            vehicle = _known([r.values.get(quantity, math.nan) for r in family.vehicles])
            # A negative control of another time (t = 0) serves the vehicle of every time of its group.
            others = _known([r.values.get(quantity, math.nan) for r in negative if r.group == family.group])
            found = assay_quality(vehicle, others)
            mean = float(vehicle.mean()) if len(vehicle) else math.nan
            place = (blot, family.group, family.time_min, quantity, len(vehicle), len(others), mean)
            rows.append((*place, found.vehicle_cv, found.z_prime, found.ssmd, found.signal_window, found.note))
    return {name: [row[i] for row in rows] for i, name in enumerate(QUALITY_COLUMNS)}
