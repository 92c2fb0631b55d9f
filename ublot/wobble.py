"""What a lane's empty stretch tells about errors that its stated noise does not hold.

Below the unmodified band nothing of the ladder can stand. How much the signal varies there, from row to row and over
longer stretches, shows two things that second differences across a lane cannot: that the grain of a membrane reaches
over several rows, and that the background under a lane is not known as well as its own regression thinks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ublot.model import Profile

__all__ = ["Wobble", "measure_wobble"]

Array = NDArray[np.float64]

SPAN = 16  # rows over which grain has died out
SMOOTH = 101  # rows: what varies more slowly is background, not grain
STRETCH = 2.3  # lane widths over which background errors are alike: about the membrane's own knots
GOES_ON = 0.3  # of a stretch's error that is there in all above it too
CLIP = 9.0  # of the grain, at most
BAND = 5.0  # standard deviations of a local sum from which on it is a band


@dataclass(frozen=True)
class Wobble:
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

    def modes(self, profile: Profile, below: float) -> Array:
        """The drift as further modes of the background.

        Where the lane is empty, from row `below` on, haze and background were set right; above, what is off in one
        stretch is in part still off in the next.

        Returns
        -------
        ndarray, shape (modes, rows)
        """
        if self.drift == 0.0 or not np.any(profile.noise > 0):
            return np.zeros((0, len(profile.raw)))
        block = np.arange(len(profile.raw)) // _stretch(profile)
        each = np.arange(block[-1] + 1)[:, None]
        steps = GOES_ON * (block <= each[each[:, 0] * _stretch(profile) < below - profile.top])
        typical = self.drift * float(np.median(profile.noise[profile.noise > 0]))
        return np.asarray(np.concatenate([block == each, steps]) * typical, np.float64)


def _stretch(profile: Profile) -> int:
    return max(int(STRETCH * profile.width), SPAN)


def _grain(scaled: Array) -> tuple[float, NDArray[np.bool_]]:
    """Variance of sums over `SPAN` rows, robust against bands, and the rows that are none."""
    kernel = np.full(SMOOTH, 1 / SMOOTH)
    flat = scaled - np.convolve(np.pad(scaled, SMOOTH // 2, mode="reflect"), kernel, "valid")
    count = len(flat) // SPAN
    sums = flat[: count * SPAN].reshape(count, SPAN).sum(axis=1)
    spread = 1.4826 * float(np.median(np.abs(sums - np.median(sums))))
    local = np.convolve(scaled, np.ones(SPAN), "same")
    band = np.abs(local - np.median(local)) > BAND * max(spread, np.sqrt(SPAN))
    near = np.convolve(band, np.ones(2 * SPAN + 1), "same") > 0.5
    return spread**2 / SPAN, ~near


def measure_wobble(profiles: Sequence[Profile], below: Sequence[float]) -> Wobble:
    """Measure grain and drift where lanes are empty.

    Parameters
    ----------
    profiles : sequence of Profile
    below : sequence of float
        Row of each lane from which on it holds no target.

    Returns
    -------
    Wobble
        None of either where the lanes end too early to tell.
    """
    grains, parts = [], []
    for p, row in zip(profiles, below, strict=True):
        first = max(int(np.ceil(row - p.top)), 0)
        use = np.flatnonzero(p.noise[first:] > 0) + first
        if len(use) < 2 * SMOOTH:
            continue
        value, quiet = _grain(p.signal[use] / p.noise[use])
        grains.append(value)
        if np.count_nonzero(quiet) >= SMOOTH:
            parts.append((p, use[quiet]))
    if not grains:
        return Wobble()
    grain = float(np.clip(np.median(grains), 1.0, CLIP))
    excess = [_excess(p, use, grain) for p, use in parts]
    return Wobble(grain, float(np.sqrt(max(np.median(excess), 0.0))) if excess else 0.0)


def _excess(profile: Profile, use: NDArray[np.intp], grain: float) -> float:
    """Variance of block means about their mean beyond what is stated, over the stated noise of a row."""
    blocks = np.array_split(use, max(len(use) // _stretch(profile), 3))
    weights = np.zeros((len(blocks), len(profile.raw)))
    for w, block in zip(weights, blocks, strict=True):
        w[block] = 1 / len(block)
    weights -= weights.mean(axis=0)
    means = weights @ profile.signal
    stated = grain * (weights**2) @ profile.noise**2 + np.sum((weights @ profile.modes.T) ** 2, axis=1)
    seen = np.median(means**2) / 0.4549  # of a chi-squared with one degree of freedom
    lost = 1 - 1 / len(blocks)
    return float((seen - np.median(stated)) / lost / np.median(profile.noise[use]) ** 2)
