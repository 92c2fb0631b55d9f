"""Every flag, and the gates that stored levels must pass: one table, used by library, command line and plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FLAGS",
    "REFUSING",
    "Flag",
    "blockiness",
    "clipped_share",
    "is_stretched",
    "is_upconverted",
    "join_flags",
    "level_flags",
    "ordered",
    "refuses",
]

Severity = Literal["note", "warn", "refuse"]


@dataclass(frozen=True)
class Flag:
    """What a flag means and what a person can do about it."""

    name: str
    severity: Severity
    meaning: str
    advice: str


_TABLE = (
    Flag("lossy", "refuse", "lossy compression (JPEG) changed the levels", "export an uncompressed 16-bit TIFF"),
    Flag(
        "saturated_heavily",
        "refuse",
        "more than 1 % of the band's or the smear's bright pixels are at the detector's ceiling",
        "expose shorter, or load less",
    ),
    Flag(
        "saturated",
        "warn",
        "pixels of this lane are at the detector's ceiling",
        "expose shorter",
    ),
    Flag("eight_bit", "warn", "only 256 levels: faint smears are lost in rounding", "export 16 bits from the imager"),
    Flag("stretched", "warn", "the contrast was stretched: there are gaps between levels", "use the raw export"),
    Flag("upconverted", "warn", "a 16-bit file that holds no more than 256 levels", "export 16 bits from the imager"),
    Flag(
        "clipped_background",
        "warn",
        "the background is cut off at the floor: faint smear is lost",
        "use the raw export",
    ),
    Flag("response_assumed", "warn", "whether levels are linear or a density was a guess", "set --response"),
    Flag("polarity_assumed", "warn", "whether bands are dark or bright was a guess", "set --polarity"),
    Flag("colour_merged", "note", "a colour picture was turned into its luminance", "choose one with --channel"),
    Flag("first_page", "note", "the file holds several pictures: the first was read", "choose one with --channel"),
    Flag("no_lanes", "warn", "no lanes could be found", "give the layout or --lanes, and check --rotate"),
    Flag("several_membranes", "note", "the picture shows several membranes: one was analysed", "choose one with --roi"),
    Flag("lane_at_edge", "warn", "the lane is nearer to the image's edge than a band's width", "crop less tightly"),
    Flag("crop_tight", "warn", "the picture ends above the top rung or below the unmodified band", "crop less tightly"),
    Flag("lanes_touching", "warn", "lanes leave no membrane between them", "use --background blank-lane"),
    Flag("lane_uncertain", "warn", "the lane's place rests on its neighbours, not on its own signal", "drag it"),
    Flag("haze_removed", "note", "non-specific signal along the whole lane was subtracted", "check the profile"),
    Flag("gutters_poor", "warn", "the gutters are narrow or bled into: the background is uncertain", "compare methods"),
    Flag("smear_at_risk", "warn", "this background method takes smear for background", "use --background gutter"),
    Flag("background_disagrees", "warn", "background methods disagree about the smear", "look at background_spread"),
    Flag("no_calibration", "warn", "no mass calibration: no masses and no ubiquitin numbers", "give --marker"),
    Flag("self_calibrated", "note", "masses rest on the ladder's own rungs", "give --marker"),
    Flag("above_marker", "warn", "signal beyond the top marker: its masses are extrapolated", "use a larger marker"),
    Flag("well_signal", "warn", "much of the signal sits in the well and is counted in no score", "check solubility"),
    Flag("well_assumed", "note", "the well edge was not seen: the top of the region stands for it", "set --roi"),
    Flag("no_signal", "warn", "the lane's signal is not above its own uncertainty", "load more, or expose longer"),
    Flag("ladder_unresolved", "note", "no rungs could be resolved: all of it is smear", "use a longer run"),
    Flag("vehicle_disagrees", "warn", "vehicle lanes scatter more than their measurement explains", "check the lanes"),
    Flag("vehicle_refused", "warn", "a vehicle lane was refused: scores rest on the others", "repeat the blot"),
    Flag("no_vehicle", "warn", "no vehicle lane: nothing can be relative to it", "name one in the layout"),
    Flag("single_vehicle", "note", "one vehicle lane only: what replicates scatter by is assumed", "load more of them"),
    Flag("mass_balance", "warn", "total signal over load differs between lanes", "check loading and transfer"),
    Flag("negative_high", "warn", "the negative lane has ubiquitinated signal", "check the control"),
    Flag("edited", "note", "a person changed lanes, regions or calibration", "see the edits in analysis.json"),
    Flag("override", "note", "scored although quality control refuses it", "do not publish without saying so"),
)

FLAGS: Mapping[str, Flag] = MappingProxyType({flag.name: flag for flag in _TABLE})
"""All flags by name, in the order in which they are listed to a person."""

REFUSING = frozenset(flag.name for flag in _TABLE if flag.severity == "refuse")

_RANK = {name: rank for rank, name in enumerate(FLAGS)}


def ordered(*groups: Iterable[str]) -> tuple[str, ...]:
    """Names of all groups without repeats, in registry order.

    A name that is not in `FLAGS` comes last: losing it, or the result with it, would be worse than its lack of meaning.
    """
    return tuple(sorted({name for group in groups for name in group}, key=lambda n: (_RANK.get(n, len(_RANK)), n)))


def join_flags(*groups: Iterable[str]) -> str:
    """Names of all groups joined by ``;``, without repeats, in registry order; empty when clean."""
    return ";".join(ordered(*groups))


def refuses(flags: Iterable[str], background: str | None = None) -> tuple[str, ...]:
    """Those of `flags` that forbid a score.

    Lanes that touch have no gutters: they are refused when `background` is ``"gutter"``, not otherwise.
    """
    refusing = REFUSING | {"lanes_touching"} if background == "gutter" else REFUSING
    return ordered(name for name in flags if name in refusing)


# --- gates on stored levels -------------------------------------------------------------------------------------

SAMPLE = 20_000
"""Pixels that tell most pictures with many levels from one with few; only in doubt all are counted."""

FEW_LEVELS = 256

BLOCK = 8
BLOCKY, BLOCKY_SURE = 0.15, 5.0
"""How much rougher block borders must be than the rest, and by how many standard errors."""


def level_flags(levels: NDArray[Any], *, declared_lossy: bool = False) -> tuple[str, ...]:
    """Flags of a whole image that its stored levels give rise to.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
        As stored, before any response is applied.
    declared_lossy : bool
        The file says itself that its compression is lossy.
    """
    found = []
    eight_bit = levels.dtype.itemsize == 1
    few = not eight_bit and is_upconverted(levels)
    # Blocks of 8 x 8 cannot be seen in genuine 16-bit data: JPEG has 8 bits.
    if declared_lossy or ((eight_bit or few) and blockiness(levels) > BLOCKY):
        found.append("lossy")
    if eight_bit:
        found.append("eight_bit")
        if is_stretched(levels):
            found.append("stretched")
    if few:
        found.append("upconverted")
    return tuple(found)


def _sample(levels: NDArray[Any]) -> NDArray[Any]:
    step = max(1, int(np.sqrt(levels.size / SAMPLE)))
    return levels[::step, ::step]


def is_upconverted(levels: NDArray[Any]) -> bool:
    """Whether wider samples hold no more than 256 different levels."""
    some = _sample(levels)
    if _distinct(some) > FEW_LEVELS or levels.size <= 4 * FEW_LEVELS:
        return False
    return _distinct(levels) <= FEW_LEVELS


def _distinct(levels: NDArray[Any]) -> int:
    if levels.dtype == np.uint16:
        return int(np.count_nonzero(np.bincount(levels.ravel(), minlength=65536)))
    return len(np.unique(levels))


def is_stretched(levels: NDArray[Any]) -> bool:
    """Whether the histogram of 8-bit levels is a comb: empty levels amid well-filled ones."""
    counts = np.bincount(levels.view(np.uint8).ravel(), minlength=256)
    total = counts.sum()
    inside = np.flatnonzero(np.cumsum(counts) > 0.001 * total)
    first, last = int(inside[0]), int(np.searchsorted(np.cumsum(counts), 0.999 * total))
    if last - first < 16:
        return False
    body = counts[first : last + 1].astype(np.float64)
    beside = np.minimum(body[:-2], body[2:])
    # Both neighbours full and the level itself nearly empty; a noise fluctuation of 25 counts cannot do that.
    holes = (beside >= 25) & (body[1:-1] < 0.05 * beside)
    return bool(holes.sum() >= max(3, 0.02 * len(body)))


def blockiness(levels: NDArray[Any]) -> float:
    """How much rougher the picture is across the borders of 8 x 8 blocks than elsewhere (0: not at all).

    At every pixel border the step is compared with the mean of the steps before and behind it; a JPEG has more of it at
    every eighth border, at one and the same phase all over the picture, along rows as along columns. The lesser of the
    two directions counts, and only where it is beyond its own scatter.
    """
    picture = levels[: 8 * 256, : 8 * 256].astype(np.float32)
    return min(_blockiness_along(picture), _blockiness_along(np.ascontiguousarray(picture.T)))


def _blockiness_along(picture: NDArray[np.float32]) -> float:
    if min(picture.shape) < 4 * BLOCK:
        return 0.0
    step = np.abs(np.diff(picture, axis=1))
    excess = step[:, 1:-1] - 0.5 * (step[:, :-2] + step[:, 2:])
    rough = step[:, 1:-1].mean(axis=0)
    per_border = excess.mean(axis=0)
    periods = len(per_border) // BLOCK
    by_phase = per_border[: periods * BLOCK].reshape(periods, BLOCK)
    # The median over the periods passes over lane edges and drawn frames.
    middle = np.median(by_phase, axis=0)
    second, best = np.argsort(middle)[-2:]
    # A picture enlarged by repeating pixels is rough at every second or fourth border: only one phase alone is JPEG.
    alone = middle[best] - max(middle[second], 0.0)
    # Standard error of a median, from the median absolute deviation: edges would swell a standard deviation.
    error = 1.2533 * 1.4826 * np.median(np.abs(by_phase[:, best] - middle[best])) / np.sqrt(periods)
    typical = float(rough.mean())
    if typical <= 0 or alone <= BLOCKY_SURE * error:
        return 0.0
    return float(alone / typical)


def clipped_share(levels: NDArray[Any]) -> float:
    """Share of pixels at the lowest level: meant for the membrane, whose background should lie above the floor."""
    floor = levels.min()
    return float(np.count_nonzero(levels == floor) / levels.size)
