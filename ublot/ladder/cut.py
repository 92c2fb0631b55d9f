"""What stands where in a lane: the unmodified band, the ubiquitinated smear above it, and the well."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.ladder.areas import RegionAreas, cut_lanes
from ublot.ladder.landmarks import Band, find_unmodified, find_well
from ublot.ladder.regions import Frame, Nominal, frame_lanes, saturation, to_background
from ublot.ladder.species import NO_SPECIES, Numbers, SpeciesColumns, mean_numbers, number_rows, species_of
from ublot.mass.scale import mass_at
from ublot.model import UNKNOWN, Z95, Interval
from ublot.numerics.medians import middle
from ublot.profiles.halo import BandPlace, without_halo
from ublot.profiles.haze import HAZE_CLEAR, Cleaned, Stretch, remove_haze
from ublot.reference.proteins import CIAP1, UBIQUITIN, Protein

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ublot.model import Calibration, Profile
    from ublot.numerics.arrays import Array

__all__ = ["Ladder", "Ready", "cut_ready", "make_ready", "quantify_ladder"]

BAND_CLEAR, BAND_SHARE, BAND_ROWS = 8.0, 0.1, 3  # a band: so many noises, such a share of the strongest, so many rows
ABOUT_TARGET = ("above_marker", "no_signal", "well_assumed", "well_signal", "haze_removed", "halo_returned")
WELL_SHARE = 0.1  # of all signal, from where on the well is worth a flag
CUT_REACH = 0.3  # of the way from the cut to the unmodified band: what is near the cut, to both sides
CUT_DOUBT = 0.3  # of what is near the cut, which may belong to the other side (standard deviation)
ABOVE_SHARE = 0.02  # of the HMW signal, from where on signal beyond the marker is worth a flag


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
        Of unmodified, hmw and well: pixel noise, background and where they are cut.
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
    species : SpeciesColumns
    curve : callable or None
        Gives what `fit` is.
    antibody : {"target", "modifier"}
    haze, haze_possible : float
        Signal per row that was taken off as haze, and the most that it may be where it is not proven.
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
    mean_ubiquitins: Interval = UNKNOWN
    shares: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    ladder_fraction: float = math.nan
    resolved_to: int | None = None
    species: SpeciesColumns = NO_SPECIES
    curve: Callable[[], Array] | None = None
    antibody: str = "target"
    haze: float = 0.0
    haze_possible: float = 0.0
    flags: tuple[str, ...] = ()

    @property
    def lane(self) -> int:
        return self.profile.lane

    def flagged(self, *names: str) -> Ladder:
        """The same with more flags."""
        return replace(self, flags=(*self.flags, *names)) if names else self

    @property
    def fit(self) -> Array | None:
        """Fitted signal, aligned with the profile; None where nothing was fitted."""
        return None if self.curve is None else self.curve()

    @property
    def haze_area(self) -> float:
        """Signal that was taken off as haze over the whole lane."""
        return self.haze * float(np.count_nonzero(self.profile.noise > 0))


UNMODIFIED, HMW, WELL, TOTAL, NEAR, ABOVE, BY_NUMBER = range(7)  # regions of a lane; by number are all from there on


def _cut(
    profiles: Sequence[Profile], frames: Sequence[Frame], calibration: Calibration | None, numbers: Numbers | None
) -> RegionAreas:
    """Areas of every lane: of its regions, of what lies above the marker, and halfway between numbers of ubiquitins."""
    ends = np.array([[f.top, f.well, f.boundary, f.low] for f in frames])
    well, shift = ends[:, 1:2], np.array([[f.shift] for f in frames])
    reach = CUT_REACH * np.abs(np.array([[f.target_row] for f in frames]) - ends[:, 2:3])
    near = np.maximum(np.concatenate([ends[:, 2:3] - reach, ends[:, 2:3] + reach], axis=1), well)
    edges = [ends, np.array([[p.top + len(p.raw) - 0.5] for p in profiles]), near]
    regions = [(2, 3), (1, 2), (0, 1), (0, 4), (5, 6)]
    if calibration is not None and numbers is not None:
        # Rows whose centres lie above the heaviest band of the marker.
        marker = np.minimum(np.ceil(calibration.rows[0] + shift) - 0.5, ends[:, 2:3])
        edges += [marker, np.maximum(numbers.edges + shift, well)]
        regions += [(1, 7), *((k + 9, k + 8) for k in range(len(numbers.n)))]
    rows = np.concatenate(edges, axis=1)
    return cut_lanes(profiles, np.where(np.isnan(rows), well, rows), regions)


def _half_row(profile: Profile, frame: Frame) -> float:
    """Row below which half of the HMW signal lies."""
    first = max(math.floor(frame.well - profile.top + 0.5), 0)
    last = min(math.ceil(frame.boundary - profile.top + 0.5), len(profile.raw))
    if last <= first:
        return math.nan
    signal = profile.raw[first:last] - profile.background[first:last]
    signal[0] *= min(first + 0.5, frame.boundary - profile.top) - max(first - 0.5, frame.well - profile.top)
    if last > first + 1:
        signal[-1] *= min(last - 0.5, frame.boundary - profile.top) - (last - 1.5)
    from_below = signal[::-1].cumsum()
    if from_below[-1] <= 0:
        return math.nan
    return float(profile.top + last - 1 - int((from_below >= 0.5 * from_below[-1]).argmax()))


def _quantify(ready: Ready, frames: Sequence[Frame], leak: Mapping[int, float]) -> list[Ladder]:
    profiles = [k.profile for k in ready.clean]
    calibration, masses, antibody = ready.calibration, ready.masses, ready.antibody
    numbers = number_rows(frames, calibration, masses, antibody) if calibration is not None else None
    cuts = _cut(profiles, frames, calibration, numbers)
    parts = np.broadcast_to(np.eye(3), (len(profiles), 3, 3))
    covariance, sd = cuts.covariance(parts, slice(UNMODIFIED, WELL + 1)), np.sqrt(cuts.variance)
    of_signal = np.sqrt(covariance[:, : HMW + 1, : HMW + 1].sum(axis=(1, 2))) if antibody == "target" else sd[:, HMW]
    covariance += _doubts(cuts, np.array([to_background(leak.get(p.lane, 0.0)) for p in profiles]))
    by_number: list[dict[str, Any]] = [{}] * len(profiles)
    if calibration is not None and numbers is not None:
        by_number = _by_number(profiles, frames, calibration, numbers, cuts, sd, antibody)
    out = []
    for i, (p, frame, haze, shows) in enumerate(zip(profiles, frames, ready.clean, _showing(profiles), strict=True)):
        known = not math.isnan(frame.boundary)
        area, errors = cuts.area[i, :BY_NUMBER].tolist(), sd[i, :BY_NUMBER].tolist()
        if antibody == "modifier" or not known:
            area[UNMODIFIED] = math.nan
        if not known:
            area[HMW] = math.nan
        share, full = saturation(p, frame) if known else (0.0, ())
        hazy = ("haze_removed",) * (haze.haze > max(HAZE_CLEAR * haze.error, 0.0))
        seen = _flags(area, errors, float(of_signal[i]), antibody, calibration, shows=shows)
        more = by_number[i] if "no_signal" not in seen else {}
        out.append(
            Ladder(
                p, frame.target_row, frame.top, frame.well, frame.boundary, frame.low, area[UNMODIFIED], area[HMW],
                area[WELL], area[TOTAL], covariance[i], errors[TOTAL], share, antibody=antibody, haze=haze.haze,
                haze_possible=haze.possible,
                flags=(*p.flags, *frame.flags, *full, *hazy, *seen), **more,
            )
        )  # fmt: skip
    return out


def _doubts(cuts: RegionAreas, lost: Array) -> Array:
    """Covariance of unmodified, hmw and well by what a plain cut cannot know, shape (lanes, 3, 3).

    Of what stands near the cut a part belongs to the other side, the unmodified band's tail or the first rung's; and
    a share of the smear may be `lost` to the background, or the other way.
    """
    mixed = (CUT_DOUBT * np.maximum(cuts.area[:, NEAR], 0.0)) ** 2
    out = mixed[:, None, None] * np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    out[:, HMW, HMW] += (lost * cuts.area[:, HMW]) ** 2
    return np.asarray(out, np.float64)


def _showing(profiles: Sequence[Profile]) -> list[bool]:
    """Which lanes have bands: rows far above their noise and above the lane's usual row, not faint beside all lanes."""
    heights = [p.raw - p.background for p in profiles]
    above = [np.where(p.noise > 0, h - middle(h), 0.0) for p, h in zip(profiles, heights, strict=True)]
    rank = [-min(BAND_ROWS, len(h)) for h in above]
    tops = np.array([float(np.partition(h, k)[k]) if len(h) else 0.0 for h, k in zip(above, rank, strict=True)])
    clear = [middle(p.noise[p.noise > 0]) if (p.noise > 0).any() else np.inf for p in profiles]
    strongest = float(tops.max()) if len(tops) else 0.0
    return [
        bool(top > BAND_CLEAR * noise and top > BAND_SHARE * strongest) for top, noise in zip(tops, clear, strict=True)
    ]


def _flags(
    area: Sequence[float],
    sd: Sequence[float],
    error: float,
    antibody: str,
    calibration: Calibration | None,
    *,
    shows: bool,
) -> tuple[str, ...]:
    """What is noteworthy about the signal of a lane, which is seen with an `error`; `shows` where it has bands."""
    if antibody == "modifier" and calibration is None:
        return ()  # no band says where H begins: nothing can be said of its signal
    signal = area[HMW] if antibody == "modifier" else area[UNMODIFIED] + area[HMW]
    if math.isnan(signal) and area[TOTAL] > Z95 * sd[TOTAL]:
        # There is signal, all of it in smears: no band that U and H could be told from.
        return ("target_unseen",)
    if not signal > Z95 * error:
        # A lane with bands has signal: what is not known is how much of it is background.
        return ("background_unsure",) if shows and signal > 0 else ("no_signal",)
    found = ("well_signal",) * (area[WELL] > max(WELL_SHARE * signal, 3 * sd[WELL]))
    # A scale of the ladder's own rungs has no marker to lie above.
    if calibration is not None and calibration.kind != "rungs":
        found += ("above_marker",) * (area[ABOVE] > max(ABOVE_SHARE * signal, 3 * sd[ABOVE]))
    return found


def _by_number(
    profiles: Sequence[Profile],
    frames: Sequence[Frame],
    calibration: Calibration,
    numbers: Numbers,
    cuts: RegionAreas,
    sd: Array,
    antibody: str,
) -> list[dict[str, Any]]:
    """What the numbers of ubiquitins say of every lane: fields of its `Ladder`."""
    every = slice(BY_NUMBER, None)
    shift = np.array([f.shift for f in frames])
    means = mean_numbers(numbers.n, cuts, antibody, every)
    half = mass_at(calibration, [_half_row(p, f) for p, f in zip(profiles, frames, strict=True)] - shift)
    species, shares = species_of(numbers, shift, cuts.area[:, every], sd[:, every])
    return [
        {"half_mass": h, "mean_ubiquitins": m, "shares": tuple(s), "species": k}
        for h, m, s, k in zip(half.tolist(), means, shares.tolist(), species, strict=True)
    ]


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
    leak: Mapping[int, float] | None = None,
    haze: str = "auto",
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
    leak : mapping of int to float, optional
        Signal of each lane in the middle of its gutters, as a share of its own; 0 where not given.
    haze : {"auto", "none", "below"}
        Whether non-specific signal along a whole lane is taken off: where it is proven, never, or whatever stands below
        the unmodified band (`ublot.profiles.haze`).

    Returns
    -------
    tuple of Ladder

    Notes
    -----
    HMW starts half a modifier above the unmodified mass, ``M0 + 0.5 m``; each lane's own shift (smile) is anchored on
    its unmodified band. Intervals hold pixel noise and the background's uncertainty (error propagation, linear),
    and those of unmodified and HMW also that bands overlap at the cut and that a broad smear is taken for background.
    """
    ready = make_ready(
        profiles,
        calibration,
        target=target,
        modifier=modifier,
        antibody=antibody,
        x=x,
        loaded=loaded,
        haze=haze,
    )
    return cut_ready(ready, boundary_rows, leak)


@dataclass(frozen=True, eq=False)
class Ready:
    """Lanes of a blot, ready to be cut: all that does not depend on boundaries which a person moves.

    Attributes
    ----------
    clean : tuple of Cleaned
        Every lane without halo and haze.
    frames : tuple of Frame
        Where the regions of every lane begin and end.
    calibration : Calibration or None
    masses : tuple of float
        Of the target and what is attached to it, kDa.
    antibody : {"target", "modifier"}
    loaded : frozenset of int
        Numbers of the lanes that may hold target.
    """

    clean: tuple[Cleaned, ...]
    frames: tuple[Frame, ...]
    calibration: Calibration | None
    masses: tuple[float, float]
    antibody: str
    loaded: frozenset[int]


def make_ready(
    profiles: Iterable[Profile],
    calibration: Calibration | None,
    *,
    target: Protein | float,
    modifier: Protein | float,
    antibody: str,
    x: Sequence[float] | None,
    loaded: Collection[int] | None,
    haze: str,
) -> Ready:
    """What `quantify_ladder`, whose parameters these are, needs to know before lanes are cut."""
    chosen = tuple(profiles)
    masses = _mass_of(target), _mass_of(modifier)
    usable = frozenset(loaded if loaded is not None else (p.lane for p in chosen))
    if not chosen:
        return Ready((), (), calibration, masses, antibody, usable)
    place = np.asarray(x if x is not None else range(len(chosen)), np.float64)
    bands: tuple[Band | None, ...] = (None,) * len(chosen)
    nominal = Nominal.of(calibration, *masses) if calibration is not None else None
    expected, spacing = (nominal.band, nominal.band - nominal.above) if nominal is not None else (None, None)
    if antibody == "target":
        bands = find_unmodified(chosen, place, expected, spacing, usable)
        chosen = _without_halo(chosen, bands, calibration, usable)
    clean = tuple(Cleaned(p) for p in chosen)
    if haze != "none":
        above = _ladders_of(chosen, bands, nominal, usable) if haze == "auto" else None
        clean = remove_haze(chosen, _empty_from(bands, nominal), {p.lane for p in chosen} - set(usable), above=above)
    cleaned = [k.profile for k in clean]
    wells = find_well(cleaned, _anchors(bands, expected, spacing, len(chosen)), usable)
    frames = frame_lanes(cleaned, bands, wells, nominal)
    return Ready(clean, tuple(frames), calibration, masses, antibody, usable)


def cut_ready(
    ready: Ready, boundary_rows: Mapping[int, float] | None = None, leak: Mapping[int, float] | None = None
) -> tuple[Ladder, ...]:
    """Cut lanes that are ready, see `quantify_ladder`."""
    if not ready.clean:
        return ()
    moved = boundary_rows or {}
    frames = [_moved(f, moved.get(k.profile.lane)) for k, f in zip(ready.clean, ready.frames, strict=True)]
    return tuple(k if k.lane in ready.loaded else _without_target(k) for k in _quantify(ready, frames, leak or {}))


def _without_halo(
    profiles: tuple[Profile, ...],
    bands: Sequence[Band | None],
    calibration: Calibration | None,
    usable: Collection[int],
) -> tuple[Profile, ...]:
    """The profiles with the light of strong bands given back to them, as far as a blot of known masses shows it."""
    if calibration is None or calibration.kind == "rungs":
        return profiles
    shown = [
        BandPlace(band.row, band.sigma) if band is not None and band.seen and p.lane in usable else None
        for p, band in zip(profiles, bands, strict=True)
    ]
    of_marker = [i for i, p in enumerate(profiles) if p.lane == calibration.lane and calibration.kind == "marker"]
    return without_halo(profiles, shown, (of_marker[0], calibration.rows) if of_marker else None)


def _moved(frame: Frame, boundary: float | None) -> Frame:
    """A frame whose boundary a person moved."""
    return frame if boundary is None else replace(frame, boundary=boundary, flags=(*frame.flags, "edited"))


def _without_target(ladder: Ladder) -> Ladder:
    """A marker or blank lane holds no target: what these say is of no use to anybody."""
    kept = tuple(f for f in ladder.flags if f not in ABOUT_TARGET)
    return replace(ladder, flags=kept, species=NO_SPECIES, mean_ubiquitins=UNKNOWN, half_mass=math.nan)


def _mass_of(protein: Protein | float) -> float:
    return protein.mass_kda if isinstance(protein, Protein) else float(protein)


def _empty_from(bands: Sequence[Band | None], nominal: Nominal | None) -> list[float | None]:
    """Row of every lane below which it holds nothing ubiquitinated and none of the unmodified band."""
    if nominal is None:
        return [None if band is None else band.row + 4 * band.sigma for band in bands]
    return [nominal.empty + (band.row - nominal.band if band is not None else 0.0) for band in bands]


def _ladders_of(
    profiles: Sequence[Profile], bands: Sequence[Band | None], nominal: Nominal | None, usable: Collection[int]
) -> list[Stretch | None]:
    """Where every lane holds ladder and smear: from the well, or the top where none is seen, to the unmodified band."""
    anchors = _anchors(bands, nominal.band if nominal is not None else None, None, len(profiles))
    wells = find_well(profiles, anchors, usable)
    out: list[Stretch | None] = []
    for p, band, well in zip(profiles, bands, wells, strict=True):
        if nominal is not None:
            bottom = nominal.boundary + (band.row - nominal.band if band is not None else 0.0)
        elif band is not None:
            bottom = band.row - 4 * band.sigma
        else:
            out.append(None)
            continue
        out.append(Stretch(p.top - 0.5 if well is None else well, bottom))
    return out


def _anchors(
    bands: Sequence[Band | None], expected: float | None, spacing: float | None, count: int
) -> Sequence[Band | None]:
    """Bands to measure the wells from: where the unmodified band would stand, for a blot that does not show it."""
    if any(b is not None for b in bands) or expected is None or spacing is None:
        return bands
    return [Band(expected, 0.2 * spacing, 0.0, seen=False)] * count
