"""What the histogram of the levels tells: few levels, gaps and combs of a stretched contrast, a clipped floor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.numerics.medians import median

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["clipped_share", "is_stretched", "is_upconverted", "is_wrapped"]

SAMPLE = 20_000
"""Pixels that tell most pictures with many levels from one with few; only in doubt all are counted."""

FEW_LEVELS = 256

COUNTED = 700_000
"""Pixels that the histogram of a large picture is made of."""

DENSE = 6.0
"""Pixels per level, over `NEAR` levels on each side, where an empty level is no accident."""

NEAR = 64
FEWEST_LEVELS = 24
"""Levels in use among the dense ones, from which on something can be said about their distances."""

UNEVEN = 0.1
"""Share of the distances between levels that a change of bit depth cannot have made."""

COMB = 40.0
"""Power of a comb over that of counting noise. Whatever the picture, chance does not reach 25."""

PILED, CUT = 4.0, 2e-4
"""Times the levels beside it, and share of all pixels, that the last level of a cut range holds."""

BESIDE = 20
"""Frequencies on each side of one whose power is the usual there."""

JUMP, JUMPS, WRAPPED_LEVELS = 60_000, 0.005, 8
"""Of 65536: steps between neighbours that levels make which wrapped around, share of the pixels that take one, and
different levels beyond it. Hot pixels and text take such steps too, but few or to one level; where a simulated membrane
lay within its noise of zero, a quarter of all pixels did."""

SQUARES, FASTEST = 1.5, 4
"""Times the power of a comb in the level that one in its root must have, and roots that share one level at most. On
simulated blots the combs of 20,000 roots are squares by 8 and more, those of gains by 0.2 at most; with 4,000 roots,
fewer than scanners use, all the membrane is on a few of them and the two look alike."""

EVENLY = 0.07
"""Power of a comb of squares, of what it would be if all that stands out were in it: on the same blots 0.10 to 0.34,
through gamma curves of 0.5 to 0.8 at most 0.05."""

GAPPED, FEWEST_APART, WIDE_RANGE = 3, 150, 1.5
"""Levels to the next that is in use from which on rounding blurs no lattice of roots; how many such levels there are at
least, and the highest over the lowest."""

ROOT_BINS, IN_STEP = 1 << 17, 0.5
"""Places that roots are sorted into, and share of the levels that must be in step with one lattice: on simulated blots
of 1,000 to 20,000 roots 0.80 and more, on ones stretched by gains of 1.3 to 40 or through gamma curves 0.17 at most."""

LONGEST_PERIOD = 6
"""Levels: a slower wave of the histogram is the picture's own."""


def is_upconverted(levels: NDArray[Any]) -> bool:
    """Whether wider samples hold no more than 256 different levels."""
    # Whole rows: pixels that lie far apart in memory cost as much as all those between them.
    if _distinct(levels[:: max(1, levels.size // SAMPLE)]) > FEW_LEVELS or levels.size <= 4 * FEW_LEVELS:
        return False
    return _distinct(levels) <= FEW_LEVELS


def _distinct(levels: NDArray[Any]) -> int:
    return int(np.count_nonzero(_counts(levels))) if levels.dtype == np.uint16 else len(np.unique(levels))


def _counts(levels: NDArray[Any]) -> NDArray[np.float64]:
    """Pixels of every level of an unsigned type."""
    count = np.iinfo(levels.dtype).max + 1
    return np.asarray(cv2.calcHist([levels], [0], None, [count], [0, count]).ravel(), np.float64)


def clipped_share(levels: NDArray[Any]) -> float:
    """Share of pixels at the lowest level: meant for the membrane, whose background should lie above the floor."""
    floor = levels.min()
    return float(np.count_nonzero(levels == floor) / levels.size)


def is_stretched(levels: NDArray[Any]) -> bool:
    """Whether the histogram is a comb: empty or overfull levels amid well-filled ones.

    A gain above 1 leaves levels empty, one below 1 doubles some (Stamm & Liu 2010, IEEE Transactions on Information
    Forensics and Security 5, 492). Imagers do that as well when they store 12 or 14 bits in 16, or average two
    readings: their combs have a period of 2, 4, 8, ... levels, and pass.

    Parameters
    ----------
    levels : ndarray of uint8 or uint16, shape (rows, cols)
        Of other types nothing is said.
    """
    if levels.dtype == np.uint8:
        of_bytes = _counts(levels)
        return _has_holes(of_bytes) or _cut_at_both_ends(of_bytes)
    if levels.dtype != np.uint16:
        return False
    counts = _counts(levels[:: max(1, round(levels.size / COUNTED))])
    used = counts > 0
    lowest = int(np.argmax(used))
    counts = counts[lowest : len(used) - int(np.argmax(used[::-1]))]
    total = np.cumsum(np.pad(counts, (NEAR + 1, NEAR)))
    dense = (total[2 * NEAR + 1 :] - total[: -2 * NEAR - 1]) > DENSE * (2 * NEAR + 1)
    # Clipped pixels and fill pile up on one level, beside which everything else looks empty.
    if counts.max() > 0.02 * counts.sum():
        pile = int(np.argmax(counts))
        dense[max(pile - NEAR, 0) : pile + NEAR + 1] = False
    gap = _usual_gap(counts, dense)
    # Levels that are in use everywhere: those between them would swamp the comb that is looked for.
    offset = 0 if gap is None else int(np.argmax([counts[k::gap].sum() for k in range(gap)]))
    combed = gap is None or _has_comb(counts[offset::gap], dense[offset::gap])
    return combed and not _are_squares(counts, dense, lowest)


def _are_squares(counts: NDArray[np.float64], dense: NDArray[np.bool_], lowest: int) -> bool:
    """Whether the comb is that of squares: levels that a scanner coded as square roots, made linear by its software.

    Its teeth are evenly spaced in the root of the level; those of a stretched contrast in the level itself.
    """
    if _lie_on_squares((np.flatnonzero(counts) + lowest).astype(np.float64)):
        return True
    places = np.flatnonzero(dense)
    if len(places) < 4 * FEWEST_LEVELS or lowest + places[-1] == 0:
        return False
    smooth = cv2.blur(counts[:, None], (1, 17)).ravel()
    odd = np.clip((counts - smooth) / np.sqrt(np.maximum(smooth, 1)), -12, 12)[places]
    level = (places + lowest).astype(np.float64)
    squares = _tooth(odd, np.sqrt(level), 2 * FASTEST * np.sqrt(level[-1]))
    # The teeth of a gamma curve are evenly spaced in neither.
    whole = len(odd) * float(np.sum(odd * odd))
    return squares > max(SQUARES * _tooth(odd, level, 0.5), EVENLY * whole)


def _lie_on_squares(used: NDArray[np.float64]) -> bool:
    """Whether levels that are far enough apart, those of bands above all, lie at even distances in their roots.

    Few roots leave the membrane on a handful of levels, which look alike either way; those of bands reach over so wide
    a range that a comb of the level itself does not.
    """
    gap = np.minimum(np.diff(used, prepend=-np.inf), np.diff(used, append=np.inf))
    apart = used[(gap >= GAPPED) & (used > 0)]
    if len(apart) < FEWEST_APART or apart[-1] < WIDE_RANGE * apart[0]:
        return False
    root = np.sqrt(apart)
    span = float(root[-1] - root[0])
    at = np.minimum((root - root[0]) * (ROOT_BINS / span), ROOT_BINS - 1).astype(np.intp)
    power = np.abs(np.fft.rfft(np.bincount(at, minlength=ROOT_BINS)))
    # Slower waves are where the picture has levels and where not.
    return float(power[len(apart) // 2 :].max(initial=0.0)) >= IN_STEP * len(apart)


def _tooth(odd: NDArray[np.float64], at: NDArray[np.float64], fastest: float) -> float:
    """Power of the strongest wave, up to so many cycles per unit of `at`, in what stands out at each place."""
    span = float(at[-1] - at[0])
    bins = 1 << int(np.ceil(np.log2(max(4 * fastest * span, 1024))))
    sums = np.bincount(np.minimum((at - at[0]) * (bins / 2 / span), bins - 1).astype(np.int64), odd, bins)
    power = np.abs(np.fft.rfft(sums)) ** 2
    # Slower waves are the picture's own.
    return float(power[round(2 * fastest * span / (2 * FASTEST * LONGEST_PERIOD)) :].max(initial=0.0))


def is_wrapped(levels: NDArray[Any]) -> bool:
    """Whether 16-bit levels ran below zero and came out at the top: neighbours lie at both ends of the range.

    Light does not jump from one pixel to the next, least of all at the membrane, whose noise about zero does that.
    """
    if levels.dtype != np.uint16:
        return False
    some = levels[:: max(1, round(levels.size / COUNTED))].astype(np.int32)
    jumps = np.abs(np.diff(some, axis=1)) > JUMP
    # Text and frames have both ends as well, but few different levels there.
    top = np.unique(some[some > JUMP])
    return bool(jumps.mean() > JUMPS and len(top) >= WRAPPED_LEVELS)


def _has_holes(counts: NDArray[Any]) -> bool:
    """Empty levels amid well-filled ones, in 8 bits."""
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


def _cut_at_both_ends(counts: NDArray[Any]) -> bool:
    """Whether 8-bit levels pile up on 0 and on 255: the range was set within the picture's own."""
    body, least = counts.astype(np.float64), CUT * counts.sum()
    low, high = PILED * body[1:4].mean(), PILED * body[-4:-1].mean()
    return bool(body[0] > max(low, least) and body[-1] > max(high, least))


def _usual_gap(counts: NDArray[np.float64], dense: NDArray[np.bool_]) -> int | None:
    """Distance of levels in use; None where no change of bit depth makes such: 1 and 2 in turns, or 3 throughout."""
    used = np.flatnonzero((counts > 0) & dense)
    # Where the dense region is broken the distance is not a gap of the histogram.
    gaps = np.diff(used)
    gaps = gaps[gaps <= NEAR]
    if len(gaps) < FEWEST_LEVELS:
        return 1
    usual = int(median(gaps))
    shift = usual & (usual - 1) == 0
    return usual if shift and np.mean(gaps != usual) <= UNEVEN else None


def _has_comb(counts: NDArray[np.float64], dense: NDArray[np.bool_]) -> bool:
    """Whether the counts rise and fall with a period, other than 2, 4, 8, ..., beyond their own noise."""
    places = np.flatnonzero(dense)
    if len(places) < 4 * FEWEST_LEVELS:
        return False
    # The longest unbroken run of dense levels.
    breaks = np.flatnonzero(np.diff(places) > 1)
    starts, ends = np.r_[0, breaks + 1], np.r_[breaks, len(places) - 1]
    k = int(np.argmax(ends - starts))
    run = slice(int(places[starts[k]]), int(places[ends[k]]) + 1)
    if run.stop - run.start < 4 * FEWEST_LEVELS:
        return False
    body = counts[run]
    smooth = cv2.blur(body[:, None], (1, 17)).ravel()
    noise = np.clip((body - smooth) / np.sqrt(np.maximum(smooth, 1)), -12, 12)
    power = np.abs(np.fft.rfft(noise * np.hanning(len(noise)))) ** 2 / (0.375 * len(noise))
    lines = np.flatnonzero(power > COMB)
    frequency = lines / len(noise)
    foreign = frequency >= 1 / LONGEST_PERIOD
    for period in (2, 4, 8, 16):
        away = np.abs(frequency * period - np.rint(frequency * period)) / period
        foreign &= away >= max(4 / len(noise), 0.012)
    # A comb is a line; a narrow histogram leaks smoothly into all frequencies.
    padded = np.pad(power, BESIDE, mode="reflect")
    return any(power[k] >= COMB * np.median(padded[k : k + 2 * BESIDE + 1]) for k in lines[foreign])
