"""The halo along the lanes: light of a strong band that arrives above and below it belongs to that band.

A detector spreads a small share of all light far beyond where it comes from (scattered and reflected light, chemistry
that drifts). Beside a lane that is a flank of its lateral shape; along a lane the light of the unmodified band arrives
among the modified ones. What arrives is seen where nothing else stands: below the unmodified band, and between the
bands of the marker. How it falls off with distance is a mixture of Gaussians,

    signal = (1 - sum_k c_k) x + sum_k c_k (g_k * x),    c_k >= 0,

with ``x`` the light as it left, so that to first order ``x = signal - sum_k c_k (g_k * signal - signal)``. Exponentials
and power laws are such mixtures (Andrews & Mallows 1974, J. R. Stat. Soc. B 36, 99).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.numerics.medians import medians_of, middle
from ublot.numerics.nonnegative import solve_nonnegative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ublot.model import Profile
    from ublot.numerics.arrays import Array

__all__ = ["BandPlace", "without_halo"]

REACHES = np.array([0.2, 0.4, 0.8])  # lane widths: sigma of the Gaussians, over the distances at which halo is seen
BIN = 0.08  # lane widths: a quarter of what is near
NEAREST, FARTHEST = 0.3, 1.7  # lane widths from a band, between which its halo is seen
CLEAR_OF_BAND = 5.0  # sigma of a band beyond which it has ended, a tail to one side (`ublot.ladder.fit`) included
FEWEST = 5  # bins of a lane, and lanes, that tell a halo
ROUNDS, OUTLIER = 3, 4.0  # of re-weighting; standard deviations from which on a bin holds something else
WINDOW = 0.2  # lane widths over which what stands above a band is compared with the halo expected there
SURE = 2.0  # standard deviations
DISPROVEN = 0.5  # of it: where there is no room for that much, what stands below the bands is something else
MOST = 0.2  # share of all light: halos that were measured hold 0.02 to 0.08
DOUBT = 0.25  # of the halo: that it is the same to both sides, and goes on towards the band as it falls off


@dataclass(frozen=True)
class BandPlace:
    """A strong band beside which nothing else is known to stand.

    Attributes
    ----------
    row, sigma : float
        Its centre, ``row_px``, and its width as the standard deviation of a Gaussian, px.
    """

    row: float
    sigma: float


@dataclass(frozen=True, eq=False)
class _Binned:
    """Profiles of one blot, as means over bins.

    Attributes
    ----------
    rows : ndarray, shape (bins,)
    signal, variance : ndarray, shape (lanes, bins)
    unsure : ndarray, shape (lanes, bins)
        Variance by the background's modes.
    arriving : ndarray, shape (reaches, lanes, bins)
        The signal, spread by every Gaussian.
    """

    rows: Array
    signal: Array
    variance: Array
    unsure: Array
    arriving: Array


def _binned(profiles: Sequence[Profile], width: float) -> _Binned:
    high = max(round(BIN * width), 1)
    count = len(profiles[0].raw) // high

    def means(values: Array) -> Array:
        return np.asarray(values[:, : count * high].reshape(len(values), count, high).mean(axis=2), np.float64)

    seen = np.stack([p.noise > 0 for p in profiles])
    signal = means(np.where(seen, np.stack([p.signal for p in profiles]), 0.0))
    variance = means(np.stack([p.noise for p in profiles]) ** 2) / high
    unsure = np.stack([(p.modes[:, high // 2 :: high][:, :count] ** 2).sum(axis=0) for p in profiles])
    away = high * np.arange(count)
    weights = np.exp(-0.5 * (away / (REACHES[:, None] * width)) ** 2)
    weights /= 2 * weights.sum(axis=1, keepdims=True) - 1
    # From every bin to every other: rows of what falls off to both sides, each one place further on.
    both = np.concatenate([weights[:, :0:-1], weights], axis=1)
    spread = np.lib.stride_tricks.sliding_window_view(both, count, axis=1)[:, ::-1]
    rows = profiles[0].top + away + 0.5 * (high - 1)
    return _Binned(np.asarray(rows, np.float64), signal, variance, unsure, signal @ np.ascontiguousarray(spread))


def _quiet_rows(
    binned: _Binned, lane: int, bands: Sequence[BandPlace], width: float, *, alone: bool
) -> NDArray[np.intp]:
    """Bins of a lane that show nothing but halo: below its only band, or between all the bands of a marker."""
    rows = binned.rows
    usable = binned.variance[lane] > 0
    if alone:
        band = bands[0]
        usable &= (rows > band.row + max(CLEAR_OF_BAND * band.sigma, NEAREST * width)) & (
            rows < band.row + FARTHEST * width
        )
    else:
        place = np.array([band.row for band in bands])
        away = np.abs(np.subtract.outer(rows, place)).min(axis=1)
        usable &= (
            (away > max(CLEAR_OF_BAND * bands[0].sigma, NEAREST * width)) & (rows > place.min()) & (rows < place.max())
        )
    return np.flatnonzero(usable)


def _shares(binned: _Binned, quiet: Sequence[tuple[int, NDArray[np.intp]]]) -> tuple[Array, Array, Array, Array]:
    """Shares of light that go astray, what they are without each of the lanes, and every lane's normal equations."""
    # Lanes one below the other: those that show fewer bins are filled up with what has no weight.
    counts = np.array([len(at) for _, at in quiet])
    kept = np.arange(counts.max()) < counts[:, None]
    lane, bins = np.repeat([lane for lane, _ in quiet], counts), np.concatenate([at for _, at in quiet])
    signal, known, design = (
        np.zeros(kept.shape),
        np.zeros(kept.shape),
        np.zeros((len(kept), len(REACHES), kept.shape[1])),
    )
    signal[kept], known[kept] = binned.signal[lane, bins], 1 / (binned.variance[lane, bins] + 1e-30)
    design.transpose(0, 2, 1)[kept] = binned.arriving[:, lane, bins].T
    grams, moments = _normal(design, signal, known)
    shares = solve_nonnegative(grams.sum(axis=0), moments.sum(axis=0))
    for _ in range(ROUNDS - 1):
        left = signal - shares @ design
        left -= medians_of(left, kept)
        spread = np.maximum((1.4826 * medians_of(np.abs(left) * np.sqrt(known), kept)) ** 2, 1.0)
        weights = known / spread * np.maximum(1 - left**2 * known / (OUTLIER**2 * spread), 0.0) ** 2
        grams, moments = _normal(design, signal, weights)
        shares = solve_nonnegative(grams.sum(axis=0), moments.sum(axis=0))
    total, moment = grams.sum(axis=0), moments.sum(axis=0)
    without = [solve_nonnegative(total - g, moment - m) for g, m in zip(grams, moments, strict=True)]
    return np.asarray(shares), np.array(without), grams, moments


def _normal(design: Array, signal: Array, weights: Array) -> tuple[Array, Array]:
    """Normal equations of every lane for the shares, its own constant level eliminated.

    Parameters
    ----------
    design : ndarray, shape (lanes, reaches, bins)
    signal, weights : ndarray, shape (lanes, bins)
    """
    total = weights.sum(axis=1)[:, None, None]
    means = design @ weights[:, :, None] / np.where(total > 0, total, 1.0)
    about = design - means
    weighted = about * weights[:, None]
    return np.asarray(weighted @ about.transpose(0, 2, 1)), np.asarray((weighted @ signal[:, :, None])[..., 0])


def _room_above(binned: _Binned, lanes: Sequence[tuple[int, BandPlace]], shares: Array, width: float) -> float:
    """The part of this halo that there may be above the bands, judged by the lane that shows least there."""
    step = float(binned.rows[1] - binned.rows[0])
    size, most = max(round(WINDOW * width / step), 1), 1.0
    for lane, band in lanes:
        away = band.row - binned.rows
        far_enough = away > max(CLEAR_OF_BAND * band.sigma, NEAREST * width)
        at = np.flatnonzero(far_enough & (away < FARTHEST * width) & (binned.variance[lane] > 0))
        if len(at) < size:
            continue
        values = np.stack(
            [binned.signal[lane], binned.variance[lane], binned.unsure[lane], shares @ binned.arriving[:, lane]]
        )
        seen, noise, unsure, expected = _running(values[:, at], size)
        clear = expected > 0
        if clear.any():
            most = min(most, float(((seen + SURE * np.sqrt(noise / size + unsure))[clear] / expected[clear]).min()))
    return max(most, 0.0)


def _running(values: Array, size: int) -> Array:
    """Means of `size` neighbours along lines."""
    sums = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return np.asarray((sums[:, size:] - sums[:, :-size]) / size)


def _room_between(gram: Array, moment: Array, shares: Array) -> float:
    """The part of this halo that there may be between the marker's bands, by its normal equations."""
    known = float(shares @ gram @ shares)
    if not known > 0:
        return 1.0
    return min(max((float(shares @ moment) + SURE * math.sqrt(known)) / known, 0.0), 1.0)


def without_halo(
    profiles: Sequence[Profile],
    bands: Sequence[BandPlace | None],
    marker: tuple[int, Sequence[float]] | None = None,
) -> tuple[Profile, ...]:
    """Give the halo of strong bands along their lane back to them.

    Its shares and reaches are learned from all lanes together, from what stands below their unmodified bands and
    between the marker's bands beyond a level of its own in every lane, and taken to be the same to both sides; but no
    more than what the lane that shows least above its band has room for. Where nothing is seen nothing is moved.

    Parameters
    ----------
    profiles : sequence of Profile
        On the same rows.
    bands : sequence of (BandPlace or None)
        The unmodified band of every lane that shows one.
    marker : tuple of int and sequence of float, optional
        Which of `profiles` is the marker's, and the rows of its bands.

    Returns
    -------
    tuple of Profile
        With what is moved in their background, and what is not known of it in its uncertainty.
    """
    width = float(np.median([p.width for p in profiles])) if profiles else 0.0
    shown = [(i, band) for i, band in enumerate(bands) if band is not None and (marker is None or i != marker[0])]
    if len(shown) < FEWEST or len(profiles[0].raw) < FEWEST * width:
        return tuple(profiles)
    binned = _binned(profiles, width)
    quiet = [(i, _quiet_rows(binned, i, [band], width, alone=True)) for i, band in shown]
    if marker is not None and len(marker[1]) > 1:
        sigma = middle(np.array([band.sigma for _, band in shown]))
        places = [BandPlace(row, sigma) for row in marker[1]]
        quiet.append((marker[0], _quiet_rows(binned, marker[0], places, width, alone=False)))
    quiet = [(i, at) for i, at in quiet if len(at) >= FEWEST]
    if len(quiet) < FEWEST:
        return tuple(profiles)
    shares, without, grams, moments = _shares(binned, quiet)
    # How sure: by what every lane moves it, weighed by what arrives where it is seen.
    arriving = np.array([binned.arriving[:, i, at].mean(axis=1) for i, at in quiet]).mean(axis=0)
    amounts, amount = without @ arriving, float(shares @ arriving)
    if not amount > 0:
        return tuple(profiles)
    scatter = (len(quiet) - 1) / len(quiet) * float(((amounts - amounts.mean()) ** 2).sum()) / amount**2
    scatter += 1 / max(float(shares @ grams.sum(axis=0) @ shares), 1e-30)
    part = _room_above(binned, shown, shares, width)
    if marker is not None and quiet[-1][0] == marker[0]:
        part = min(part, _room_between(grams[-1], moments[-1], shares))
    if part < DISPROVEN or shares.sum() > MOST:
        return tuple(profiles)
    sure = max(1 - SURE**2 * scatter, 0.0)
    shares, doubt = part * shares, math.hypot(DOUBT * sure, math.sqrt(min(scatter, 1.0)))
    out, rows = [], profiles[0].rows
    for i, p in enumerate(profiles):
        moved = np.interp(rows, binned.rows, shares @ binned.arriving[:, i]) - shares.sum() * p.signal
        moved *= p.noise > 0
        out.append(
            replace(
                p,
                background=p.background + sure * moved,
                modes=np.concatenate([p.modes, doubt * moved[None]]),
                flags=(*p.flags, *("halo_returned",) * (sure > 0 and bands[i] is not None)),
            )
        )
    return tuple(out)
