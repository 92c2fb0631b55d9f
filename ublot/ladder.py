"""What stands where in a lane: the unmodified band, the ubiquitinated smear above it, and the well."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ublot.calibration import mass_at, row_at
from ublot.haze import HAZE_CLEAR, remove_haze
from ublot.regions import Frame, areas_of, frame_lanes, saturation, share_of_rows
from ublot.sites import Band, find_unmodified, find_well
from ublot.targets import CIAP1, UBIQUITIN, Protein

if TYPE_CHECKING:
    from ublot.model import Calibration, Profile

__all__ = ["Interval", "Ladder", "Species", "quantify_ladder"]

Array = NDArray[np.float64]

Z95 = 1.959963984540054
ABOUT_TARGET = ("above_marker", "no_signal", "well_assumed", "well_signal", "haze_removed")
BELOW = 1.5  # modifiers below the unmodified band, from where on a lane holds no target
WELL_SHARE = 0.1  # of all signal, from where on the well is worth a flag
ABOVE_SHARE = 0.02  # of the HMW signal, from where on signal beyond the marker is worth a flag


MOST = 500
"""Ubiquitins to which a lane is cut up: a scale that a person mistyped may reach any mass."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Species:
    """Signal of the molecules with `n` ubiquitins, resolved (`rung`) or not (`smear`)."""

    n: int
    mass_kda: float
    row_px: float
    area: Interval
    share: float
    kind: str


@dataclass(frozen=True, eq=False)
class Ladder:
    """One lane, quantified.

    Attributes
    ----------
    profile : Profile
        What it rests on, haze taken off.
    target_row : float
        Centre of the unmodified band (for an anti-modifier blot where it would stand); NaN where nothing is known.
    top_row, well_row, boundary_row, low_row : float
        Well from `top_row` to `well_row`, HMW from there to `boundary_row`, unmodified from there to `low_row`.
    unmodified, hmw, well, total : float
        Areas, signal x px^2; negative ones stay negative.
    covariance : ndarray, shape (3, 3)
        Of unmodified, hmw and well: pixel noise and background.
    total_sd : float
    saturated_share : float
        The larger, over U and H, of: share at the ceiling among the pixels above half that region's peak.
    half_mass : float
        Mass below which half of the HMW signal lies, kDa.
    mean_ubiquitins : Interval
    shares : tuple of float
        Of all signal, by 1-3, 4-8 and more ubiquitins.
    ladder_fraction : float
    resolved_to : int or None
    species : tuple of Species
    fit : ndarray or None
        Fitted signal, aligned with the profile.
    antibody : {"target", "modifier"}
    haze : float
        Signal per row that was taken off.
    flags : tuple of str
    """

    profile: Profile
    target_row: float
    top_row: float
    well_row: float
    boundary_row: float
    low_row: float
    unmodified: float
    hmw: float
    well: float
    total: float
    covariance: Array
    total_sd: float
    saturated_share: float = 0.0
    half_mass: float = math.nan
    mean_ubiquitins: Interval = Interval(math.nan)
    shares: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    ladder_fraction: float = math.nan
    resolved_to: int | None = None
    species: tuple[Species, ...] = ()
    fit: Array | None = None
    antibody: str = "target"
    haze: float = 0.0
    flags: tuple[str, ...] = ()

    @property
    def lane(self) -> int:
        return self.profile.lane


def _by_number(
    profile: Profile, frame: Frame, calibration: Calibration, masses: tuple[float, float], antibody: str
) -> tuple[tuple[Species, ...], Interval]:
    """Signal cut halfway between the places of n and n + 1 ubiquitins, and the mean number of them."""
    target, modifier = masses
    heaviest = float(mass_at(calibration, frame.well, shift=frame.shift))
    last = int(np.clip(np.floor((heaviest - target) / modifier + 0.5), 1, MOST))
    n = np.arange(0 if antibody == "target" else 1, last + 1)
    edges = row_at(calibration, target + (np.append(n, last + 1) - 0.5) * modifier, shift=frame.shift)
    edges = np.maximum(edges, frame.well)
    regions = share_of_rows(profile, edges[1:, None], edges[:-1, None])
    area, by_mode, noise = regions @ profile.signal, regions @ profile.modes.T, profile.noise**2
    total = float(area.sum())
    error = Z95 * np.sqrt(regions**2 @ noise + np.sum(by_mode**2, axis=1))
    rows = row_at(calibration, target + n * modifier, shift=frame.shift)
    species = tuple(
        Species(
            int(k), float(target + k * modifier), float(r), Interval(float(a), float(a - e), float(a + e)),
            float(a / total) if total > 0 else math.nan, "rung" if k == 0 else "smear",
        )
        for k, r, a, e in zip(n, rows, area, error, strict=True)
    )  # fmt: skip
    if total <= 0:
        return species, Interval(math.nan)
    # Anti-ubiquitin signal counts ubiquitins: molecules are signal over n.
    molecules, ubiquitins = (np.ones(len(n)), n) if antibody == "target" else (1 / n, np.ones(len(n)))
    whole = float(molecules @ area)
    mean = float(ubiquitins @ area) / whole
    slope = (ubiquitins - mean * molecules) / whole
    spread = Z95 * float(np.sqrt((slope @ regions) ** 2 @ noise + np.sum((slope @ by_mode) ** 2)))
    return species, Interval(mean, mean - spread, mean + spread)


def _half_mass(profile: Profile, frame: Frame, calibration: Calibration) -> float:
    """Mass below which half of the HMW signal lies."""
    weights = share_of_rows(profile, frame.well, frame.boundary)
    from_below = np.cumsum((weights * profile.signal)[::-1])
    if not len(from_below) or from_below[-1] <= 0:
        return math.nan
    k = int(np.argmax(from_below >= 0.5 * from_below[-1]))
    return float(mass_at(calibration, profile.rows[::-1][k], shift=frame.shift))


def _quantify(
    profile: Profile,
    frame: Frame,
    calibration: Calibration | None,
    masses: tuple[float, float],
    antibody: str,
    haze: tuple[float, float],
) -> Ladder:
    regions = [
        share_of_rows(profile, frame.boundary, frame.low),
        share_of_rows(profile, frame.well, frame.boundary),
        share_of_rows(profile, frame.top, frame.well),
        np.ones(len(profile.raw)),
    ]
    if math.isnan(frame.boundary):
        regions[:2] = np.zeros((2, len(profile.raw)))
    area, covariance = areas_of(profile, regions)
    share, flags = saturation(profile, frame) if not math.isnan(frame.boundary) else (0.0, ())
    found = [*profile.flags, *frame.flags, *flags]
    if abs(haze[0]) > HAZE_CLEAR * haze[1] and haze[0] > 0:
        found.append("haze_removed")
    unmodified = math.nan if antibody == "modifier" or math.isnan(frame.boundary) else float(area[0])
    hmw = math.nan if math.isnan(frame.boundary) else float(area[1])
    ladder = Ladder(
        profile, frame.target_row, frame.top, frame.well, frame.boundary, frame.low, unmodified, hmw, float(area[2]),
        float(area[3]), covariance[:3, :3], float(np.sqrt(covariance[3, 3])), share, antibody=antibody, haze=haze[0],
    )  # fmt: skip
    if antibody == "modifier" and calibration is None:
        return replace(ladder, flags=tuple(found))  # no band says where H begins: nothing can be said of its signal
    signal, sd = _signal(ladder)
    if not signal > Z95 * sd:
        return replace(ladder, flags=(*found, "no_signal"))
    if area[2] > max(WELL_SHARE * signal, 3 * np.sqrt(covariance[2, 2])):
        found.append("well_signal")
    if calibration is None:
        return replace(ladder, flags=tuple(found))
    above = regions[1] * (profile.rows < calibration.rows[0] + frame.shift)
    beyond, beyond_covariance = areas_of(profile, [above])
    read = calibration.kind != "rungs"  # a scale of the ladder's own rungs has no marker to lie above
    if read and beyond[0] > max(ABOVE_SHARE * signal, 3 * np.sqrt(beyond_covariance[0, 0])):
        found.append("above_marker")
    species, mean = _by_number(profile, frame, calibration, masses, antibody)
    bins = [sum(s.share for s in species if a <= s.n <= b) for a, b in ((1, 3), (4, 8), (9, 10**6))]
    half = _half_mass(profile, frame, calibration)
    shares = (bins[0], bins[1], bins[2])
    return replace(ladder, half_mass=half, mean_ubiquitins=mean, shares=shares, species=species, flags=tuple(found))


def _signal(ladder: Ladder) -> tuple[float, float]:
    """``H + U`` (``H`` alone for an anti-modifier blot) and its standard deviation."""
    if ladder.antibody == "modifier":
        return ladder.hmw, float(np.sqrt(ladder.covariance[1, 1]))
    return ladder.unmodified + ladder.hmw, float(np.sqrt(ladder.covariance[:2, :2].sum()))


def quantify_ladder(
    profiles: Iterable[Profile],
    calibration: Calibration | None = None,
    *,
    target: Protein | float = CIAP1,
    modifier: Protein | float = UBIQUITIN,
    antibody: str = "target",
    x: Sequence[float] | None = None,
    loaded: Collection[int] | None = None,
    boundary_rows: dict[int, float] | None = None,
) -> tuple[Ladder, ...]:
    """Quantify the unmodified band, the ladder or smear above it, and the well, in every lane.

    Parameters
    ----------
    profiles : iterable of Profile
        All lanes of a blot.
    calibration : Calibration, optional
        Of the marker lane. Without it the unmodified band is the strongest one common to the lanes, HMW starts at its
        upper edge, and nothing is said about masses (``no_calibration``).
    target, modifier : Protein or float
        The protein and what is attached to it, or their masses in kDa.
    antibody : {"target", "modifier"}
        What the blot was probed for.
    x : sequence of float, optional
        Columns of the lanes, for the smile; their order where not given.
    loaded : collection of int, optional
        Numbers of the lanes that may hold target; all where not given.
    boundary_rows : dict of int to float, optional
        Rows of the boundary between unmodified and HMW that a person moved, by lane.

    Returns
    -------
    tuple of Ladder

    Notes
    -----
    HMW starts half a modifier above the unmodified mass, ``M0 + 0.5 m``; each lane's own shift (smile) is anchored on
    its unmodified band. Intervals hold pixel noise and the background's uncertainty (error propagation, linear).
    """
    chosen = tuple(profiles)
    if not chosen:
        return ()
    masses = _mass_of(target), _mass_of(modifier)
    place = np.asarray(x if x is not None else range(len(chosen)), np.float64)
    usable = loaded if loaded is not None else {p.lane for p in chosen}
    bands: tuple[Band | None, ...] = (None,) * len(chosen)
    expected = spacing = None
    if calibration is not None:
        expected, above = map(float, row_at(calibration, [masses[0], masses[0] + masses[1]]))
        spacing = expected - above
    if antibody == "target":
        bands = find_unmodified(chosen, place, expected, spacing, usable)
    below = [_empty_from(b, calibration, masses) for b in bands]
    clean = remove_haze(chosen, below, {p.lane for p in chosen} - set(usable))
    cleaned = [p for p, _, _ in clean]
    wells = find_well(cleaned, _anchors(bands, expected, spacing, len(chosen)), usable)
    frames = frame_lanes(cleaned, bands, wells, calibration, masses)
    ladders = []
    for p, frame, (_, level, error) in zip(cleaned, frames, clean, strict=True):
        moved = (boundary_rows or {}).get(p.lane)
        own = frame if moved is None else replace(frame, boundary=moved, flags=(*frame.flags, "edited"))
        ladder = _quantify(p, own, calibration, masses, antibody, (level, error))
        if p.lane not in usable:
            # A marker or blank lane holds no target: what these say is of no use to anybody.
            kept = tuple(f for f in ladder.flags if f not in ABOUT_TARGET)
            ladder = replace(ladder, flags=kept, species=(), mean_ubiquitins=Interval(math.nan), half_mass=math.nan)
        ladders.append(ladder)
    return tuple(ladders)


def _mass_of(protein: Protein | float) -> float:
    return protein.mass_kda if isinstance(protein, Protein) else float(protein)


def _empty_from(band: Band | None, calibration: Calibration | None, masses: tuple[float, float]) -> float | None:
    """Row below which a lane holds nothing ubiquitinated and none of the unmodified band."""
    if calibration is None:
        return None if band is None else band.row + 4 * band.sigma
    nominal, low = map(float, row_at(calibration, [masses[0], max(masses[0] - BELOW * masses[1], 1e-3)]))
    return low + (band.row - nominal if band is not None else 0.0)


def _anchors(
    bands: Sequence[Band | None], expected: float | None, spacing: float | None, count: int
) -> Sequence[Band | None]:
    """Bands to measure the wells from: where the unmodified band would stand, for a blot that does not show it."""
    if any(b is not None for b in bands) or expected is None or spacing is None:
        return bands
    return [Band(expected, 0.2 * spacing, 0.0, seen=False)] * count
