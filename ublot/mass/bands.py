"""Bands of one lane: rows, heights and widths of what stands out of a smooth profile.

No length here is a constant in px: the common width of the bands is taken from the profile itself. Plain numpy, since
importing ``scipy.signal`` takes longer than analysing a blot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from scipy.linalg import lapack

from ublot.numerics.medians import middle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Profile

__all__ = ["MarkerBands", "find_bands"]

FWHM = 2.3548  # full width at half height of a Gaussian over its sigma
FEWEST_ROWS = 16
MARGIN = 8  # rows that a profile is thought to go on for beyond its ends: enough for one flank of a band


@dataclass(frozen=True, eq=False)
class MarkerBands:
    """Bands of one lane from top to bottom.

    Attributes
    ----------
    rows : ndarray, shape (bands,)
        Sub-pixel centres, ``row_px``.
    heights : ndarray, shape (bands,)
        Prominence in signal units.
    widths : ndarray, shape (bands,)
        Full width at half prominence, px; of a band on another's flank at least the typical one.
    typical : float
        The width that most of the signal has, px.
    """

    rows: NDArray[np.float64]
    heights: NDArray[np.float64]
    widths: NDArray[np.float64]
    typical: float

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class _Peak:
    at: int
    height: float  # above the higher of the two valleys that part it from higher ground
    left: float  # where it falls to half its height
    right: float

    @property
    def width(self) -> float:
        return self.right - self.left


def find_bands(profile: Profile, most: int) -> MarkerBands:
    """Find the bands of a lane.

    Parameters
    ----------
    profile : Profile
        A smooth background does not matter: a band is what stands out of its surroundings.
    most : int
        Keep at most so many, the most prominent.

    Returns
    -------
    MarkerBands
        Possibly none.
    """
    y = np.asarray(profile.signal, np.float64)
    if len(y) < FEWEST_ROWS or not np.all(np.isfinite(y)):
        return _as_bands([], [], 0.0)
    noise = _noise(y, profile.noise)
    y, saturated = _with_margins(y, profile.saturated)
    first = _peaks(_smooth(y, 1.0), 5 * noise)
    if not first:
        return _as_bands([], [], 0.0)
    typical = _typical_width(first, most)
    sigma = 0.25 * typical  # less than a matched filter, so that close bands stay apart
    smooth = _smooth(y, sigma)
    peaks = []
    for peak in _peaks(smooth, 5 * noise / np.sqrt(max(2 * np.sqrt(np.pi) * sigma, 1.0))):
        width = np.sqrt(max(peak.width**2 - (FWHM * sigma) ** 2, 0.0))
        inside = MARGIN < peak.at < len(y) - 1 - MARGIN  # what still rises at the end of the picture has no row there
        if _leans(smooth, peak, typical):  # nothing is known of its width
            width = max(width, typical)
        if inside and 0.3 * typical < width < 4 * typical:  # narrower is dust, wider is background
            peaks.append((peak, float(width)))
    tallest = max((p.height for p, _ in peaks), default=0.0)
    peaks = sorted(((p, w) for p, w in peaks if p.height > 0.01 * tallest), key=lambda pw: -pw[0].height)[:most]
    peaks.sort(key=lambda pw: pw[0].at)
    rows = [profile.top - MARGIN + _centre(smooth, p, saturated) for p, _ in peaks]
    return _as_bands(rows, peaks, typical)


def _leans(y: NDArray[np.float64], peak: _Peak, typical: float) -> bool:
    """Whether a peak stands on a neighbour's flank: only its top then shows, which looks narrow whatever it is."""
    reach = math.ceil(3 * typical)
    around = y[max(peak.at - reach, 0) : peak.at + reach + 1]
    return bool(peak.height < 0.75 * (y[peak.at] - around.min()))


def _with_margins(y: NDArray[np.float64], saturated: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """The profile as it might go on beyond the picture: a band whose other flank lies there is still a band."""
    above, below = np.full(MARGIN, y[:MARGIN].min()), np.full(MARGIN, y[-MARGIN:].min())
    return np.concatenate([above, y, below]), np.pad(saturated, MARGIN)


def _as_bands(rows: list[float], peaks: list[tuple[_Peak, float]], typical: float) -> MarkerBands:
    heights, widths = [p.height for p, _ in peaks], [w for _, w in peaks]
    return MarkerBands(np.array(rows, np.float64), np.array(heights, np.float64), np.array(widths, np.float64), typical)


def _noise(y: NDArray[np.float64], stated: NDArray[np.float64]) -> float:
    """The stated noise, or what the second differences show where that is more (stated noise may leave out a part)."""
    seen = middle(np.abs(y[2:] - 2 * y[1:-1] + y[:-2])) / 0.6745 / math.sqrt(6)
    usable = stated[np.isfinite(stated)]
    return max(seen, middle(usable) if usable.size else 0.0, 1e-4 * float(y.max() - y.min()), 1e-12)


def _smooth(y: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    half = max(int(np.ceil(3 * sigma)), 1)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    smooth = cv2.filter2D(y[None], cv2.CV_64F, (kernel / kernel.sum())[None], borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth[0], np.float64)


def _peaks(y: NDArray[np.float64], level: float) -> list[_Peak]:
    """Peaks that rise at least `level` above the valleys beside them, top to bottom."""
    turns = np.flatnonzero(np.diff(np.sign(np.diff(y))) != 0) + 1  # plateaus give two turns, which does no harm
    values = y[turns].tolist()
    peaks, best, best_at, low, rising = [], -np.inf, 0, float(y[0]), True
    for at, value in zip([*turns.tolist(), len(y) - 1], [*values, float(y[-1])], strict=True):
        if rising:
            if value > best:
                best, best_at = value, at
            if value < best - level:
                if best - low > level:
                    peaks.append(best_at)
                rising, low = False, value
        else:
            low = min(low, value)
            if value > low + level:
                rising, best, best_at = True, value, at
    return [_measure(y, at) for at in peaks]


def _measure(y: NDArray[np.float64], at: int) -> _Peak:
    above, below = y[at::-1], y[at:]  # both begin with the peak
    top = float(y[at])
    valley = max(_lowest(above, top), _lowest(below, top))
    half = 0.5 * (top + valley)
    return _Peak(at, top - valley, max(at - _fall(above, half), 0.0), min(at + _fall(below, half), len(y) - 1.0))


def _lowest(side: NDArray[np.float64], top: float) -> float:
    """The lowest on one side of a peak until it is higher than that."""
    higher = side > top
    until = int(higher.argmax())
    return float(side[: until + 1 if higher[until] else len(side)].min())


def _fall(side: NDArray[np.float64], half: float) -> float:
    """Rows to where one side of a peak falls to a height; infinite where it does not."""
    under = side < half
    n = int(under.argmax())
    return n - float((half - side[n]) / (side[n - 1] - side[n])) if under[n] else math.inf


def _typical_width(peaks: list[_Peak], most: int) -> float:
    """Median width weighted by area: dust is tall but has little area."""
    areas = np.array([p.height * p.width for p in peaks])
    widths = np.array([p.width for p in peaks])
    top = np.argsort(areas)[-most:]
    order = top[np.argsort(widths[top])]
    share = np.cumsum(areas[order])
    return max(float(widths[order][np.searchsorted(share, 0.5 * share[-1])]), 2.0)


def _centre(y: NDArray[np.float64], peak: _Peak, saturated: NDArray[np.int64]) -> float:
    """Sub-pixel row of a peak within the profile.

    The log of a Gaussian is a parabola; weights by height undo what the log does to the noise (Guo 2011, IEEE Signal
    Processing Magazine 28, 134). A saturated top is no Gaussian: there the middle of the half-height points is taken.
    """
    middle = 0.5 * (peak.left + peak.right)
    lo, hi = math.ceil(peak.left), math.floor(peak.right) + 1
    above = y[lo:hi] - (y[peak.at] - peak.height)
    if hi - lo < 3 or (saturated[lo:hi] > 0).any() or (above <= 0).any():
        return middle
    u = (np.arange(lo, hi) - peak.at) / (hi - lo)
    design = np.array([u * u, u, np.ones(len(u))]) * above
    _, (bend, slope, _), _ = lapack.dposv(design @ design.T, design @ (np.log(above) * above))
    top = peak.at - (hi - lo) * slope / (2 * bend) if bend < 0 else middle
    return float(top) if peak.left < top < peak.right else middle
