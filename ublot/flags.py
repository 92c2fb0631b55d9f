"""Every flag in one table, used by library, command line, batch, report and plugin."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


__all__ = ["FLAGS", "REFUSING", "Flag", "Severity", "join_flags", "ordered", "refuses", "severity_of"]

Severity = Literal["note", "warn", "refuse"]


@dataclass(frozen=True)
class Flag:
    """What a flag means, what a person can do about it, and on what grounds.

    Attributes
    ----------
    name : str
    severity : {"note", "warn", "refuse"}
        ``refuse`` forbids the score of the lane, or of all lanes where the flag is of the whole image.
    meaning, advice, source : str
        `source` is a publication, or says that the project itself measured it.
    """

    name: str
    severity: Severity
    meaning: str
    advice: str
    source: str


# Publications that several flags rest on.
_GASSMANN = "Gassmann et al. 2009, Electrophoresis 30, 1845"
_PILLAI = "Pillai-Kastoori et al. 2020, Analytical Biochemistry 593, 113608"
_TAYLOR = "Taylor et al. 2013, Molecular Biotechnology 55, 217"
_CROMEY = "Cromey 2010, Science and Engineering Ethics 16, 639"
_ROSSNER = "Rossner & Yamada 2004, Journal of Cell Biology 166, 11"
_LOWRY = "Lowry & Rees 2020, bioRxiv 2020.12.16.423026 (technical scatter across a blot)"
_OWN = "measured on simulated blots of known truth"
_DESIGN = "follows from how the score is defined"

_TABLE = (
    Flag(
        "lossy",
        "refuse",
        "lossy compression (JPEG) changed the levels",
        "export an uncompressed 16-bit TIFF",
        f"{_CROMEY}; found after Fan & de Queiroz 2003, IEEE Transactions on Image Processing 12, 230",
    ),
    Flag(
        "wrapped",
        "refuse",
        "levels ran below zero and came out at the top: a background was subtracted where no level can be negative",
        "use the raw export, or subtract nothing",
        _DESIGN,
    ),
    Flag(
        "saturated_heavily",
        "refuse",
        "more than 1 % of the band's or the smear's bright pixels are at the detector's ceiling",
        "expose shorter, or load less",
        _GASSMANN,
    ),
    Flag(
        "hollow_band",
        "refuse",
        "a band is burnt out, darker in its heart than at its rim, or nearly so: the substrate was used up",
        "expose at once and shorter, or load less or dilute the antibody",
        "Ghosh, Gilda & Gomes 2014, Expert Review of Proteomics 11, 549",
    ),
    Flag(
        "seam_in_lane",
        "refuse",
        "the level changes along a straight line through the lane or beside it: its background is of another picture",
        "use one exposure of one membrane, unedited",
        _ROSSNER,
    ),
    Flag(
        "gutters_poor",
        "refuse",
        "the background is so uncertain that the 95 % interval of the HMW fraction is wider than 0.3",
        told(
            "leave wider gaps between lanes, or load more; {background} blank-lane where the layout names a blank lane"
        ),
        _DESIGN,
    ),
    Flag(
        "lanes_touching",
        "warn",
        "lanes stand in the gaps between them: the membrane there is seen through their flanks",
        "look at gap_level and at the interval; leave wider gaps",
        _OWN,
    ),
    Flag(
        "shape_assumed",
        "warn",
        "no band of the picture is sharp and strong enough to show how lanes look across: their shape is the usual one",
        "compare with a longer exposure; the interval holds what lanes may look like",
        _OWN,
    ),
    Flag(
        "background_unsure",
        "warn",
        "the background disagrees with the lane's own level or with the gaps beside it; the interval holds by how much",
        "look at the profile and at background_off",
        _OWN,
    ),
    Flag(
        "saturated",
        "warn",
        "pixels of this lane are at the detector's ceiling",
        "expose shorter",
        f"{_GASSMANN}; {_TAYLOR}",
    ),
    Flag(
        "eight_bit",
        "warn",
        "only 256 levels: faint smears are lost in rounding",
        "export 16 bits from the imager",
        _PILLAI,
    ),
    Flag(
        "stretched",
        "warn",
        "the contrast was stretched: gaps between levels, or levels cut off at both ends",
        "use the raw export",
        f"{_ROSSNER}; found after Stamm & Liu 2010, IEEE Transactions on Information Forensics and Security 5, 492",
    ),
    Flag(
        "upconverted",
        "warn",
        "a file of more bits that holds no more than 256 levels",
        "export 16 bits from the imager",
        _PILLAI,
    ),
    Flag(
        "gamma",
        "warn",
        "the file says that its levels are gamma-coded: they are not linear in the light",
        "export without gamma, curves or a colour profile",
        f"{_CROMEY}; PNG specification (gAMA), TIFF 6.0 (TransferFunction), ICC.1",
    ),
    Flag(
        "upscaled",
        "warn",
        "the picture was enlarged: its pixels are not the detector's",
        "use the raw export at its own size",
        "Gallagher 2005; Mahdian & Saic 2008, IEEE Transactions on Information Forensics and Security 3, 529",
    ),
    Flag(
        "spliced",
        "warn",
        "level or noise of the background change along a straight line: pieces may have been put together",
        "use one exposure of one membrane, unedited",
        f"{_ROSSNER}; found after Mahdian & Saic 2009, Image and Vision Computing 27, 1497",
    ),
    Flag(
        "copied",
        "warn",
        "two places have the same noise: one may be a copy of the other",
        "use the raw export",
        f"{_ROSSNER}; found after Fridrich, Soukal & Lukas 2003, Digital Forensic Research Workshop",
    ),
    Flag(
        "clipped_background",
        "warn",
        "the background is cut off at the floor: faint smear is lost",
        "use the raw export",
        _GASSMANN,
    ),
    Flag(
        "response_assumed",
        "warn",
        "whether levels are linear or a density was a guess",
        told("set {response}"),
        f"{_GASSMANN} (film)",
    ),
    Flag("polarity_assumed", "warn", "whether bands are dark or bright was a guess", told("set {polarity}"), _OWN),
    Flag(
        "dyes_merged",
        "refuse",
        "the colours are pictures of different dyes, laid over one another: their mean is none of them",
        told("choose one with {channel}"),
        _DESIGN,
    ),
    Flag(
        "pseudocolour",
        "note",
        "false colours: levels are the places in their colour table",
        "export 16-bit grey",
        _DESIGN,
    ),
    Flag(
        "drawn_over",
        "warn",
        "something was drawn over the picture (text, arrows, boxes, a mark of saturation): it is left out",
        "use the export without annotations",
        _DESIGN,
    ),
    Flag(
        "colour_merged",
        "note",
        "a colour picture was turned into its luminance",
        told("choose one with {channel}"),
        "Rec. ITU-R BT.601",
    ),
    Flag(
        "first_page",
        "note",
        "the file holds several pictures: the first was read",
        told("choose one with {channel}"),
        _DESIGN,
    ),
    Flag(
        "no_lanes", "warn", "no lanes could be found", told("give the layout or {lanes}, and check {rotate}"), _DESIGN
    ),
    Flag(
        "lanes_beside",
        "warn",
        "one more lane stands beside the outermost: fewer were described than there are, and all may be one off",
        "describe every lane in the layout, empty ones too",
        _OWN,
    ),
    Flag(
        "lanes_sideways",
        "refuse",
        "the lanes run sideways",
        told("turn the picture with {rotate} 90, or {rotate} -90 where the wells then are at the bottom"),
        _OWN,
    ),
    Flag(
        "upside_down",
        "refuse",
        "the marker or the ladder reads from bottom to top: the wells are at the bottom",
        told("turn the picture with {rotate} 180"),
        _OWN,
    ),
    Flag(
        "signal_below",
        "warn",
        "a smear stands below the band taken for the target and nothing above it: the wells may be at the bottom",
        told("turn the picture with {rotate} 180, or set {target}"),
        _OWN,
    ),
    Flag(
        "mirrored",
        "refuse",
        "the marker stands where its lane is in a mirror: the picture shows the blot from its back",
        told("use {mirror}, or correct the layout"),
        _OWN,
    ),
    Flag(
        "several_pictures",
        "refuse",
        "several pictures stand on one page: what holds for all of them together is not known",
        told("choose one with {panel} N, or with {roi}"),
        _DESIGN,
    ),
    Flag(
        "several_membranes",
        "note",
        "the picture shows several membranes: one was analysed",
        told("choose one with {panel} N, or with {roi}"),
        _DESIGN,
    ),
    Flag(
        "lanes_one_off",
        "refuse",
        "lanes at the ends show nothing, and the lanes described may stand one place further left or right",
        told("say where the first lane is with {first_lane}"),
        _OWN,
    ),
    Flag(
        "lane_empty",
        "note",
        "nothing stands in this lane above what its neighbours leave in it",
        told("a pre-stained marker gives no light: take the masses from {marker_image} or {marker_positions}"),
        _OWN,
    ),
    Flag(
        "lane_at_edge",
        "warn",
        "the lane is nearer to the image's edge than a band's width",
        "crop less tightly",
        _DESIGN,
    ),
    Flag(
        "crop_tight",
        "warn",
        "the picture or region ends within the smear, or at or above the unmodified band",
        told("crop less tightly, or set {roi} larger"),
        _DESIGN,
    ),
    Flag(
        "lane_uncertain",
        "warn",
        "the lane's place rests on its neighbours, or the picture speaks against it",
        "look at it, drag it",
        _OWN,
    ),
    Flag(
        "haze_removed",
        "note",
        "non-specific signal along the whole lane was subtracted",
        told("look at the profile and at haze_area; {haze} none leaves it in"),
        _OWN,
    ),
    Flag(
        "halo_returned",
        "note",
        "light of strong bands that arrives above and below them was given back to them",
        "nothing; it was learned below the unmodified bands and between the marker's, and its doubt is in the interval",
        _OWN,
    ),
    Flag(
        "smear_at_risk",
        "warn",
        "this background method takes smear for background",
        told("use {background} gutter"),
        _OWN,
    ),
    Flag(
        "background_disagrees", "warn", "background methods disagree about the smear", "look at background_spread", _OWN
    ),
    Flag(
        "target_unseen",
        "warn",
        "no lane shows a band at the mass of the unmodified target: what is measured may not be it",
        told("check {target}, {marker} and which lane the marker is in"),
        _OWN,
    ),
    Flag(
        "rows_apart",
        "refuse",
        "two rows of bands run through the lanes, and nothing says which is the target: the other may be",
        told("choose the row with {roi} or {panel}, or give {marker}"),
        _OWN,
    ),
    Flag(
        "no_calibration",
        "warn",
        "no mass calibration: no masses and no ubiquitin numbers",
        told("give {marker}"),
        _DESIGN,
    ),
    Flag(
        "marker_incomplete",
        "note",
        "masses of the marker have no band, or bands of its lane no mass",
        told("look at the masses beside the marker lane in overlay.png; set them right with {marker_positions}"),
        _DESIGN,
    ),
    Flag(
        "marker_doubtful",
        "warn",
        "the marker's bands lie far off a smooth curve or fit another ladder better: all masses may be wrong",
        told("check {marker} and which lane it is in, or give {marker_positions}"),
        _OWN,
    ),
    Flag("self_calibrated", "note", "masses rest on the ladder's own rungs", told("give {marker}"), _DESIGN),
    Flag(
        "above_marker",
        "warn",
        "signal beyond the top marker: its masses are extrapolated",
        "use a larger marker",
        _DESIGN,
    ),
    Flag(
        "well_signal",
        "warn",
        "much of the signal sits in the well and is counted in no score",
        "check solubility",
        _DESIGN,
    ),
    Flag(
        "well_assumed",
        "note",
        "the well edge was not seen: the top of the region stands for it",
        told("set {roi}"),
        _DESIGN,
    ),
    Flag(
        "no_signal",
        "warn",
        "the lane's signal is not above its own uncertainty",
        "load more, or expose longer",
        _DESIGN,
    ),
    Flag("ladder_unresolved", "note", "no rungs could be resolved: all of it is smear", "use a longer run", _OWN),
    Flag(
        "vehicle_disagrees",
        "warn",
        "vehicle lanes scatter more than their measurement explains",
        "check the lanes",
        _LOWRY,
    ),
    Flag(
        "vehicle_refused", "warn", "a vehicle lane was refused: scores rest on the others", "repeat the blot", _DESIGN
    ),
    Flag("no_vehicle", "warn", "no vehicle lane: nothing can be relative to it", "name one in the layout", _DESIGN),
    Flag(
        "single_vehicle",
        "note",
        "one vehicle lane only: what replicates scatter by is assumed",
        "load more of them",
        _LOWRY,
    ),
    Flag(
        "mass_balance",
        "warn",
        "total signal over load differs between lanes",
        "check loading and transfer",
        "Janes 2015, Science Signaling 8, rs2",
    ),
    Flag("negative_high", "warn", "the negative lane has ubiquitinated signal", "check the control", _DESIGN),
    Flag("edited", "note", "a person changed lanes, regions or calibration", "see the edits in analysis.json", _DESIGN),
    Flag("override", "warn", "scored although quality control refuses it", "do not publish without saying so", _DESIGN),
)

FLAGS: Mapping[str, Flag] = MappingProxyType({flag.name: flag for flag in _TABLE})
"""All flags by name, in the order in which they are listed to a person."""

REFUSING = frozenset(flag.name for flag in _TABLE if flag.severity == "refuse")
"""What forbids a score."""

_RANK = {name: rank for rank, name in enumerate(FLAGS)}


def ordered(*groups: Iterable[str]) -> tuple[str, ...]:
    """Names of all groups without repeats, in registry order.

    A name that is not in `FLAGS` comes last: losing it, or the result with it, would be worse than its lack of meaning.
    """
    return tuple(sorted({name for group in groups for name in group}, key=lambda n: (_RANK.get(n, len(_RANK)), n)))


def join_flags(*groups: Iterable[str]) -> str:
    """Names of all groups joined by ``;``, without repeats, in registry order; empty when clean."""
    return ";".join(ordered(*groups))


def severity_of(name: str) -> Severity:
    """How much a flag weighs; one that is not in the table warns."""
    flag = FLAGS.get(name)
    return "warn" if flag is None else flag.severity


def refuses(flags: Iterable[str]) -> tuple[str, ...]:
    """Those of `flags` that forbid a score."""
    return ordered(name for name in flags if name in REFUSING)
