"""What a simulated blot is made of: every knob with its meaning, and named sets of knobs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from ublot.errors import BlotError
from ublot.simulation.lateral import LAWS, Law

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DIFFICULTIES", "STRESSES", "Detector", "Difficulty", "Settings", "settings_for"]

Difficulty = Literal["easy", "ordinary", "hard"]
Detector = Literal["camera16", "camera12", "camera8", "inverted16", "film8", "jpeg8"]


@dataclass(frozen=True)
class Settings:
    """Every knob of the forward model. Lengths are relative so that a blot keeps its look at any size.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    lanes : int
        All of them: marker, controls, samples and blanks.
    compounds, groups : tuple of str
        Sample lanes are shared out over the compounds; with groups, each has its own controls.
    vehicles, negatives, blanks : int
        Control lanes; vehicles and negatives are per group.
    fill : float
        Lane width (full width at half height) over the pitch.
    softness : float
        Standard deviation of the lanes' lateral edge, over the pitch.
    asymmetry, width_scatter, pitch_scatter : float
        One flank of a lane brighter than the other; lane-to-lane scatter of width, and of position over pitch.
    lateral : {"erf", "gaussian", "logistic", "exponential"}
        How a lane falls off at its sides, see `ublot.simulation.lateral`.
    tails : float
        Share of every lane's light in long tails to both sides.
    rims : float
        How much brighter a lane is at its edges than in its middle; drawn for every lane.
    bulge : float
        How much wider than its faintest bands a lane's brightest are, over its width.
    tilt_deg, bow, smile : float
        Turn of the whole gel (the side is drawn); bend of all lanes at half height, over the pitch (the side is
        drawn); how much less the outermost lanes ran, as a share of the distance run.
    curl : float
        How far a band's flanks lag behind its middle, in band widths (sigma); the sign varies from lane to lane.
    slant : float
        Slope of bands across their lane, in band widths (sigma) at its edge; the scatter from lane to lane.
    speed_scatter : float
        Lane-to-lane scatter of the distance run.
    band : float
        Width of bands over that of a sharp gel.
    base_fraction, top_fraction : tuple of float
        Modified fraction with the vehicle and at saturating dose; drawn in this range.
    processive : float
        Share of first encounters that add a whole chain at once.
    smear : float
        Share of long chains that form a smear (branched, multi-mono) instead of a rung; short chains less.
    stretch : float
        Scatter of the apparent mass of one ubiquitin about its nominal mass.
    vehicle_scatter, load_scatter : float
        Reaction-to-reaction and pipetting scatter (standard deviation of the logarithm).
    degrade : float
        Share of the target that is gone at saturating dose (cells).
    modifier_antibody : bool
        The antibody counts ubiquitins: no unmodified band, free chains at the bottom.
    fragments, well : float
        Degradation products below the unmodified band, and aggregate in the well, over the unmodified area.
    marker_missing, marker_merged : bool
        One marker band does not show; two neighbours run as one.
    marker_scatter : float
        Scatter of the markers' apparent mass.
    exposure : float
        Brightest protein over the detector's range: above 1 it saturates.
    level, ripple : float
        Membrane, over the detector's range, and its slow unevenness over its level.
    blotch, blotch_length : float
        Unevenness of the membrane on the scale of a lane, over its level, and its correlation length over the pitch.
    halo, halo_reach, halo_fall : float
        Share of the light that lands in a halo about where it belongs, its reach over the pitch, and the power by which
        it falls off (Moffat 1969).
    haze : float
        Non-specific signal along whole lanes, over the detector's range.
    glare, vignetting, grain : float
        Light scattered far by the lens; loss in the corners; fine texture of the membrane.
    dust, lint : int
        Specks (heavy-tailed) and fibres.
    membrane_edge, pen : bool
        The membrane ends inside the picture; pen strokes.
    detector : str
        ``camera16``, ``camera12`` (12 bits scaled to 16), ``camera8`` (8-bit export), ``inverted16`` (16 bits, black
        on white, still linear), ``film8`` (8-bit scan, dark on light: a density) or ``jpeg8``.
    shoulder : float
        Film: the density at which it can get no blacker; infinite is a film that is linear throughout.
    quality : int
        JPEG quality.
    """

    shape: tuple[int, int] = (1024, 1024)
    lanes: int = 12
    compounds: tuple[str, ...] = ("birinapant",)
    groups: tuple[str, ...] = ("",)
    vehicles: int = 3
    negatives: int = 1
    blanks: int = 1
    fill: float = 0.66
    softness: float = 0.05
    lateral: Law = "erf"
    tails: float = 0.0
    rims: float = 0.0
    bulge: float = 0.0
    asymmetry: float = 0.04
    width_scatter: float = 0.03
    pitch_scatter: float = 0.02
    tilt_deg: float = 0.2
    bow: float = 0.04
    smile: float = 0.006
    curl: float = 0.35
    slant: float = 0.0
    speed_scatter: float = 0.002
    band: float = 1.0
    base_fraction: tuple[float, float] = (0.1, 0.28)
    top_fraction: tuple[float, float] = (0.5, 0.9)
    processive: float = 0.3
    smear: float = 0.75
    stretch: float = 0.02
    vehicle_scatter: float = 0.08
    load_scatter: float = 0.1
    degrade: float = 0.0
    modifier_antibody: bool = False
    fragments: float = 0.0
    well: float = 0.0
    marker_missing: bool = False
    marker_merged: bool = False
    marker_scatter: float = 0.008
    exposure: float = 0.5
    level: float = 0.035
    ripple: float = 0.2
    blotch: float = 0.0
    blotch_length: float = 0.7
    halo: float = 0.0
    halo_reach: float = 0.12
    halo_fall: float = 2.2
    haze: float = 0.0
    glare: float = 0.0
    vignetting: float = 0.01
    grain: float = 0.01
    dust: int = 12
    lint: int = 1
    membrane_edge: bool = False
    pen: bool = False
    detector: Detector = "camera16"
    shoulder: float = math.inf
    quality: int = 75

    def __post_init__(self) -> None:
        rows, cols = self.shape
        needed = 1 + len(self.groups) * (self.vehicles + self.negatives + len(self.compounds)) + self.blanks
        checks: tuple[tuple[str, bool, str], ...] = (
            ("shape", min(rows, cols) >= 128, "at least 128 x 128"),
            ("groups", len(self.groups) >= 1 and len(self.compounds) >= 1, "at least one group and one compound"),
            ("lanes", self.lanes >= needed, f"at least {needed} for these controls and compounds"),
            ("lanes", cols / max(self.lanes, 1) >= 12, "12 columns or more for every lane"),
            ("fill", 0.2 <= self.fill <= 1.0, "0.2 to 1"),
            ("softness", 0.0 < self.softness <= 0.3, "above 0, up to 0.3"),
            ("lateral", self.lateral in LAWS, ", ".join(LAWS)),
            ("tails", 0 <= self.tails <= 0.5, "0 to 0.5"),
            ("halo", 0 <= self.halo <= 0.5, "0 to 0.5"),
            ("halo_fall", self.halo_fall > 1, "above 1: less has no end"),
            ("blotch_length", self.blotch_length > 0, "above 0"),
            ("band", 0.5 <= self.band <= 3, "0.5 to 3"),
            ("exposure", self.exposure > 0, "above 0"),
            ("degrade", 0 <= self.degrade < 1, "0 to 1"),
            ("processive", 0 <= self.processive <= 1, "0 to 1"),
            ("smear", 0 <= self.smear <= 1, "0 to 1"),
            ("detector", self.detector in get_args(Detector), ", ".join(get_args(Detector))),
            ("quality", 1 <= self.quality <= 100, "1 to 100"),
        )
        for name, good, allowed in checks:
            if not good:
                raise BlotError(f"{getattr(self, name)!r} cannot be simulated", name, f"allowed: {allowed}")


def _frozen(table: dict[str, dict[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return MappingProxyType({name: MappingProxyType(knobs) for name, knobs in table.items()})


DIFFICULTIES = _frozen(
    {
        "easy": {
            "tilt_deg": 0.0, "bow": 0.0, "smile": 0.002, "curl": 0.15, "ripple": 0.08, "dust": 0, "lint": 0,
            "fill": 0.6, "softness": 0.04, "smear": 0.5, "stretch": 0.01, "vehicle_scatter": 0.05, "vignetting": 0.0,
        },
        "ordinary": {"glare": 0.004},
        "hard": {
            "tilt_deg": 1.0, "bow": 0.12, "smile": 0.016, "curl": 0.7, "ripple": 0.4, "level": 0.06, "dust": 50,
            "lint": 4, "fill": 0.76, "softness": 0.07, "pitch_scatter": 0.04, "width_scatter": 0.06, "haze": 0.006,
            "smear": 0.95, "stretch": 0.03, "exposure": 0.35, "glare": 0.015, "vignetting": 0.03, "grain": 0.02,
            "well": 0.3, "vehicle_scatter": 0.12, "load_scatter": 0.18, "asymmetry": 0.08,
        },
    }
)  # fmt: skip

#: What each named set of knobs stresses is what its knobs say; everything else is as in `ordinary`.
STRESSES = _frozen(
    {
        "standard": {},
        "tilted": {"tilt_deg": 1.5},
        "smiling": {"smile": 0.035},
        "bowed": {"bow": 0.2},
        "uneven": {"pitch_scatter": 0.07, "width_scatter": 0.1},
        "curled": {"curl": 0.9},
        "wide": {"fill": 0.82},
        "touching": {"fill": 0.97, "softness": 0.02, "pitch_scatter": 0.0, "width_scatter": 0.0},
        "soft": {"softness": 0.13},
        "lopsided": {"asymmetry": 0.25},
        "haze": {"haze": 0.012},
        "membrane": {"level": 0.09, "ripple": 0.5},
        "edges": {"membrane_edge": True},
        "faint": {"exposure": 0.06},
        "dusty": {"dust": 150, "lint": 8},
        "pen": {"pen": True},
        "glare": {"glare": 0.03},
        "blurred": {"band": 1.6},
        "ladder": {"smear": 0.1, "processive": 0.05},
        "smear": {"smear": 1.0, "processive": 0.7},
        "fragments": {"fragments": 0.1},
        "well": {"well": 0.6},
        "blanks": {"lanes": 14, "blanks": 4},
        "marker_missing": {"marker_missing": True},
        "marker_merged": {"marker_merged": True},
        "degraded": {"degrade": 0.95, "load_scatter": 0.06},
        "antibody": {"modifier_antibody": True},
        "saturated": {"exposure": 2.2},
        "camera12": {"detector": "camera12"},
        "camera8": {"detector": "camera8"},
        "inverted": {"detector": "inverted16"},
        "film": {"detector": "film8"},
        "shoulder": {"detector": "film8", "shoulder": 2.2},
        "jpeg": {"detector": "jpeg8"},
        "small": {"shape": (520, 696)},
        "crowded": {"lanes": 18},
        "two_compounds": {"lanes": 18, "compounds": ("birinapant", "LCL161")},
        "groups": {"lanes": 18, "groups": ("cIAP1", "cIAP1 RING mutant"), "vehicles": 2},
    }
)


def settings_for(difficulty: str, stress: Mapping[str, Any]) -> Settings:
    """Knobs of a difficulty with some of them set otherwise.

    Raises
    ------
    BlotError
        For an unknown difficulty or knob, or a value that cannot be simulated.
    """
    if difficulty not in DIFFICULTIES:
        raise BlotError(f"unknown difficulty {difficulty!r}", "difficulty", f"allowed: {', '.join(DIFFICULTIES)}")
    known = {f.name for f in fields(Settings)}
    for name in stress:
        if name not in known:
            raise BlotError("unknown keyword", name, f"allowed: {', '.join(sorted(known))}")
    knobs = cast("dict[str, Any]", {**DIFFICULTIES[difficulty], **stress})
    return Settings(**knobs)
