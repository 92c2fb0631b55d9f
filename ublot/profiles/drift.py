"""What a lane's empty stretch tells about errors that its stated noise does not hold.

Below the unmodified band nothing of the ladder can stand. How much the signal varies there, from row to row and over
longer stretches, shows two things that second differences across a lane cannot: that the grain of a membrane reaches
over several rows, and that the background under a lane is not known as well as its own regression thinks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.numerics.arrays import in_a_row
from ublot.numerics.medians import middle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ublot.model import Profile
    from ublot.numerics.arrays import Array

__all__ = ["BaselineDrift", "measure_drift"]

SPAN = 0.3  # lane widths over which grain has died out: 16 rows of a blot of 1,024 that a dozen lanes stand on
SMOOTH = 6  # such spans: what varies more slowly is background, not grain
FEWEST_ROWS = 4  # in a span: fewer tell no variance of a sum
STRETCH = 2.3  # lane widths over which background errors are alike: about the membrane's own knots
GOES_ON = 0.3  # of a stretch's error that is there in all above it too
SCARCE = 0.8  # a median absolute deviation of n values reads low by n / (n - 0.8): Croux and Rousseeuw 1992, n > 9
CLIP = 9.0  # of the grain, at most
BAND = 5.0  # standard deviations of a local sum from which on it is a band


@dataclass(frozen=True)
class BaselineDrift:
    """Errors of the lanes of one blot.

    Attributes
    ----------
    grain : float
        Variance of a sum of neighbouring rows over that of independent rows with the stated noise; 1 or more.
    drift : float
        Standard deviation of the background's error over stretches of `STRETCH` lane widths, beyond noise and stated
        modes, in units of the stated noise of one row.
    """

    grain: float = 1.0
    drift: float = 0.0

    def modes(self, profile: Profile, below: float, height: int = 1, count: int | None = None) -> Array:
        """The drift as further modes of the background, as means over `count` bins of `height` rows each.

        Where the lane is empty, from row `below` on, haze and background were set right; above, what is off in one
        stretch is in part still off in the next.

        Returns
        -------
        ndarray, shape (modes, bins)
        """
        count = len(profile.raw) // height if count is None else count
        noise = profile.noise[profile.noise > 0]
        if self.drift == 0.0 or not len(noise):
            return np.zeros((0, count))
        stretch, start = _stretch(profile), height * np.arange(count)
        first = stretch * np.arange(-(-len(profile.raw) // stretch))[:, None]
        until = np.clip((first + stretch - start) / height, 0.0, 1.0)  # share of a bin above the end of each stretch
        block = np.diff(until, axis=0, prepend=0.0)
        steps = GOES_ON * until[first[:, 0] < below - profile.top]
        return np.asarray(np.concatenate([block, steps]) * (self.drift * middle(noise)), np.float64)


def _span(profile: Profile) -> int:
    return max(round(SPAN * profile.width), FEWEST_ROWS)


def _stretch(profile: Profile) -> int:
    return max(int(STRETCH * profile.width), _span(profile))


@lru_cache(8)
def _kept(span: int) -> float:
    """Share of the variance of a sum of `span` independent rows that is left without their running mean.

    The weights of the rows in such a sum less its running mean, squared: 0.82 for long spans.
    """
    length = SMOOTH * span + 1
    weights = -np.convolve(np.ones(span), np.full(length, 1 / length))
    first = length // 2
    weights[first : first + span] += 1.0
    return float(weights @ weights / span)


def _grain(scaled: Array, span: int) -> tuple[float, NDArray[np.bool_]]:
    """Variance of sums over `span` rows, robust against bands, and the rows that are none."""
    line = np.ascontiguousarray(scaled)[None]
    flat = scaled - cv2.blur(line, (SMOOTH * span + 1, 1), borderType=cv2.BORDER_REFLECT_101)[0]
    count = len(flat) // span
    sums = flat[: count * span].reshape(count, span).sum(axis=1)
    spread = 1.4826 * middle(np.abs(sums - middle(sums))) * count / (count - SCARCE) / math.sqrt(_kept(span))
    local = cv2.boxFilter(line, -1, (span, 1), normalize=False, borderType=cv2.BORDER_CONSTANT)[0]
    band = np.abs(local - middle(local)) > BAND * max(spread, math.sqrt(span))
    near = cv2.dilate(band.view(np.uint8)[None], np.ones((1, 2 * span + 1), np.uint8))[0]
    return spread**2 / span, near == 0


def measure_drift(profiles: Sequence[Profile], below: Sequence[float]) -> BaselineDrift:
    """Measure grain and drift where lanes are empty.

    Parameters
    ----------
    profiles : sequence of Profile
    below : sequence of float
        Row of each lane from which on it holds no target.

    Returns
    -------
    BaselineDrift
        None of either where the lanes end too early to tell.
    """
    grains, parts = [], []
    for p, row in zip(profiles, below, strict=True):
        first = max(int(np.ceil(row - p.top)), 0)
        use = np.flatnonzero(p.noise[first:] > 0) + first
        span = _span(p)
        if len(use) < 2 * SMOOTH * span:
            continue
        at = in_a_row(use)
        value, quiet = _grain((p.raw[at] - p.background[at]) / p.noise[at], span)
        grains.append(value)
        if np.count_nonzero(quiet) >= SMOOTH * span:
            parts.append((p, use[quiet]))
    if not grains:
        return BaselineDrift()
    grain = float(np.clip(np.median(grains), 1.0, CLIP))
    excess = [_excess(p, use, grain) for p, use in parts]
    return BaselineDrift(grain, float(np.sqrt(max(np.median(excess), 0.0))) if excess else 0.0)


def _excess(profile: Profile, use: NDArray[np.intp], grain: float) -> float:
    """Variance of block means about their mean beyond what is stated, over the stated noise of a row."""
    count = max(len(use) // _stretch(profile), 3)
    size, longer = divmod(len(use), count)
    each = np.arange(count)
    starts, sizes, at = each * size + np.minimum(each, longer), size + (each < longer), in_a_row(use)
    noise = profile.noise[at]
    means = np.add.reduceat(profile.raw[at] - profile.background[at], starts) / sizes
    loads = np.add.reduceat(profile.modes[:, at], starts, axis=1) / sizes
    variance = np.add.reduceat(noise**2, starts) / sizes**2
    # About their mean: every block is a part of it.
    means -= means.mean()
    loads -= loads.mean(axis=1, keepdims=True)
    stated = grain * ((1 - 2 / count) * variance + variance.sum() / count**2) + (loads**2).sum(axis=0)
    seen = middle(means**2) / 0.4549  # of a chi-squared with one degree of freedom
    return (seen - middle(stated)) / (1 - 1 / count) / middle(noise) ** 2
