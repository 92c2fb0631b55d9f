"""Where things stand in every lane: the unmodified band and the well edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack

from ublot.numerics.medians import middle
from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from ublot.model import Profile
    from ublot.numerics.arrays import Array

__all__ = ["Band", "find_unmodified", "find_well"]

LOOSE = 0.2  # of the height: how far from the strongest common band a lane's own may stand when no masses are known
SETTLED = 1e-7  # px that a smile still moves in one turn
WELL_ZONE = 0.18  # share of the way from the top of the lanes to the unmodified band in which wells are looked for
WELL_CLEAR = 6.0  # standard deviations a band at the wells must stand above what lies below it


@dataclass(frozen=True)
class Band:
    """One band in one lane.

    Attributes
    ----------
    row : float
        Its centre, ``row_px``.
    sigma : float
        Its width as the standard deviation of a Gaussian, px.
    height : float
        Signal at the centre.
    seen : bool
        Whether it was found in this lane, or only follows from the others.
    """

    row: float
    sigma: float
    height: float
    seen: bool = True


@dataclass(frozen=True, eq=False)
class _Peaks:
    """Local maxima of all lanes, lightly smoothed.

    Attributes
    ----------
    top : int
        ``row_px`` of the first row.
    signal, noise : ndarray, shape (lanes, rows)
    rows : tuple of ndarray of int
        Of every lane's maxima, counted from `top`.
    """

    top: int
    signal: Array
    noise: Array
    rows: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> _Peaks:
        signal = smooth_rows(np.stack([p.signal for p in profiles]), 1.0)
        lane, row = np.nonzero((signal[:, 1:-1] >= signal[:, :-2]) & (signal[:, 1:-1] > signal[:, 2:]))
        each = np.split(row + 1, np.searchsorted(lane, np.arange(1, len(profiles))))
        return cls(profiles[0].top, signal, np.stack([p.noise for p in profiles]), tuple(each))

    def highest(self, lane: int, low: float, high: float) -> int | None:
        """Row of the highest maximum between two rows (``row_px``), counted from `top`; None where none is clear."""
        signal, rows = self.signal[lane], self.rows[lane]
        a, b = max(int(low - self.top), 1), min(int(high - self.top) + 1, len(signal) - 1)
        rows = rows[slice(*rows.searchsorted((a, b)))]
        if b - a < 3 or not len(rows):
            return None
        k = int(rows[signal[rows].argmax()])
        return None if signal[k] < 4 * self.noise[lane, k] + 1e-12 else k

    def measure(self, lane: int, k: int) -> Band | None:
        """The peak at a maximum, by a parabola through the logarithm of its top; None where it is none."""
        signal = self.signal[lane]
        low = signal <= 0.6 * signal[k]
        first = k - int(low[k::-1].argmax()) + 1 if low[: k + 1].any() else 0
        last = k + int(low[k:].argmax()) - 1 if low[k:].any() else len(signal) - 1
        if last - first < 2:
            first, last = max(k - 1, 0), min(k + 1, len(signal) - 1)
        reach = last - first
        u = np.arange(first - k, last - k + 1) / reach
        design = np.array([u * u, u, np.ones(len(u))])
        height = np.log(np.maximum(signal[first : last + 1], 0.05 * signal[k]))
        _, curve, _ = lapack.dposv(design @ design.T, design @ height)
        if curve[0] >= 0:
            return None
        centre = min(max(k - reach * curve[1] / (2 * curve[0]), first), last)
        return Band(self.top + float(centre), reach * math.sqrt(-0.5 / curve[0]), float(signal[k]))


def _smile(x: Array, shift: Array, weight: Array) -> Array:
    """Robust smooth curve (a parabola where there are points enough) through shifts of lanes at `x`."""
    used = weight > 0
    degree = 2 if used.sum() >= 6 else 1 if used.sum() >= 4 else 0
    u = 2 * (x - x.min()) / max(float(np.ptp(x)), 1e-9) - 1
    design = np.stack([np.ones_like(u), u, 1.5 * u * u - 0.5])[: degree + 1]
    fitted = np.full(len(x), middle(shift[used]))
    for _ in range(8):
        off = shift - fitted
        scale = 1.4826 * middle(np.abs(off[used])) + 0.5
        w = weight * np.maximum(1 - (off / (4 * scale)) ** 2, 0.0) ** 2
        if np.count_nonzero(w) <= degree:
            break
        weighted = design * w
        _, coefficients, wrong = lapack.dposv(weighted @ design.T, weighted @ shift)
        if wrong:  # lanes on top of each other: no curve goes through them
            break
        before, fitted = fitted, coefficients @ design
        if np.abs(fitted - before).max() < SETTLED:
            break
    return fitted


def _strongest_common(profiles: Sequence[Profile]) -> float:
    """Row of the strongest band of a picture without masses: every lane counts alike."""
    signal = smooth_rows(np.stack([p.signal for p in profiles]), 2.0)
    total = np.sqrt(np.maximum(signal, 0) / np.maximum(signal.max(axis=1, keepdims=True), 1e-12)).sum(axis=0)
    return float(np.argmax(total)) + profiles[0].top


def find_unmodified(
    profiles: Sequence[Profile], x: Array, expected: float | None, spacing: float | None, loaded: Collection[int]
) -> tuple[Band | None, ...]:
    """Find the unmodified band of every lane.

    The bands of one blot stand on a smooth curve (the smile). Lanes in which the band is weak take their place from
    that curve.

    Parameters
    ----------
    profiles : sequence of Profile
        All lanes, left to right.
    x : ndarray, shape (lanes,)
        Column of each lane.
    expected : float or None
        Row at which the calibration puts the band; None without a calibration: the strongest common band is taken.
    spacing : float or None
        Rows from the band to that with one modifier more.
    loaded : collection of int
        Numbers of the lanes that may hold target.

    Returns
    -------
    tuple of (Band or None)
        None everywhere where no lane shows a band.
    """
    chosen = [i for i, p in enumerate(profiles) if p.lane in loaded]
    if not chosen:
        return (None,) * len(profiles)
    height = len(profiles[0].raw)
    known = expected is not None and spacing is not None
    start = expected if expected is not None else _strongest_common([profiles[i] for i in chosen])
    # Without masses nothing says how far a smile may carry a band: the strongest ones nearby decide.
    reach = max(1.3 * spacing, 0.02 * height) if spacing is not None and known else LOOSE * height
    spacing = spacing if spacing is not None and known else max(0.03 * height, 8.0)
    centre, peaks = np.full(len(profiles), start), _Peaks.of(profiles)
    bands: list[Band | None] = [None] * len(profiles)
    places: list[int | None] = [None] * len(profiles)
    for turn in range(3):
        for i in chosen:
            place = peaks.highest(i, centre[i] - reach, centre[i] + reach)
            before = bands[i]
            if place is None and not known and before is not None:
                # The summit of a broad band that is steeper on one side stands beside its centre.
                near = max(reach, before.sigma)
                place = peaks.highest(i, centre[i] - near, centre[i] + near)
            if place != places[i]:
                places[i], bands[i] = place, None if place is None else peaks.measure(i, place)
        found = np.array([b is not None for b in bands])
        if not found.any():
            return (None,) * len(profiles)
        shift = np.array([b.row - start if b else 0.0 for b in bands])
        strength = np.array([b.height if b else 0.0 for b in bands])
        weight = np.where(found, np.sqrt(strength / strength.max()), 0.0)
        centre = start + _smile(x, shift, weight)
        reach = (0.6, 0.45, 0.45)[turn] * spacing
    sigma = float(np.median([b.sigma for b in bands if b]))
    out = []
    for b, c, p in zip(bands, centre, profiles, strict=True):
        near = b is not None and abs(b.row - c) <= reach
        at = min(max(round(float(c) - p.top), 0), height - 1)
        out.append(b if near else Band(float(c), sigma, float(p.raw[at] - p.background[at]), seen=False))
    return tuple(out)


def find_well(
    profiles: Sequence[Profile], bands: Sequence[Band | None], loaded: Collection[int]
) -> tuple[float | None, ...]:
    """Row in every lane at which the well's own band ends and the lane begins; None where no well shows.

    A well holds a band as sharp as any, at one height in most lanes that show it, with the lane's signal low beneath.
    """
    chosen = [i for i, p in enumerate(profiles) if p.lane in loaded and bands[i] is not None]
    peaks = _Peaks.of(profiles)
    edges = {i: _well_band(profiles[i], peaks, i, bands[i]) for i in chosen}
    found = {i: edge for i, edge in edges.items() if edge is not None}
    if len(found) < max(2, 0.3 * len(chosen)):
        return (None,) * len(profiles)
    lift = np.array([found[i][0] - bands[i].row for i in found])  # type: ignore[union-attr]
    typical, sigma = float(np.median(lift)), float(np.median([s for _, s in found.values()]))
    agreeing = [i for i, d in zip(found, lift, strict=True) if abs(d - typical) <= 3 * sigma + 2]
    if len(agreeing) < max(2, 0.3 * len(chosen)):
        return (None,) * len(profiles)
    typical = float(np.median([found[i][0] - bands[i].row for i in agreeing]))  # type: ignore[union-attr]
    return tuple(None if b is None else b.row + typical + 3.0 * sigma for b in bands)


def _well_band(profile: Profile, peaks: _Peaks, lane: int, unmodified: Band | None) -> tuple[float, float] | None:
    """Row and width of a sharp band in the well zone of one lane."""
    if unmodified is None:
        return None
    zone = profile.top + WELL_ZONE * (unmodified.row - profile.top)
    place = peaks.highest(lane, profile.top, zone)
    band = None if place is None else peaks.measure(lane, place)
    if band is None or band.sigma > 2.0 * unmodified.sigma:
        return None
    k = int(band.row + 3 * band.sigma - profile.top)
    rest = profile.signal[k : k + max(int(4 * band.sigma), 3)]
    noise = profile.noise[int(band.row - profile.top)] + profile.noise[min(k, len(profile.noise) - 1)]
    if not len(rest) or band.height - rest.mean() < WELL_CLEAR * noise or band.height < 2.5 * rest.mean():
        return None
    return band.row, band.sigma
