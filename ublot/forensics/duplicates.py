"""Copies within a picture: the noise of two places is never the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Copy", "find_copy"]

ROWS, COLS = 224, 1536
"""Part in the middle of the picture that is looked at."""

LEAST = 12
"""px: shorter shifts are the detector's own blur."""

CLEAR_COPY, LIKELY_COPY = 12.0, 7.0
"""Standard deviations that the correlation at one shift must stand out by (pictures without copies reach 9); and by how
many it must in rows that were heaped on each other, for a look at all of them."""

HEAPED = 4
"""Parts from top to bottom that are heaped on each other first: a copy remains one, and costs so many times less."""

ALIKE, SMOOTHED = 0.2, 8
"""Correlation of the noise within a copy, over so many columns."""

NARROWEST, WIDEST = 0.025, 0.7
"""Width of a copy as a share of the picture. What is alike all over the picture is a pattern, no copy."""

CAP = 2.5
"""Times the local noise: beyond that it is dust."""

SLOW = 0.2
"""Cycles per px below which waves are left out."""

SECOND_DIFFERENCE = np.array([1, -2, 1], np.float32)


@dataclass(frozen=True)
class Copy:
    """Two places of a picture whose noise is the same.

    Attributes
    ----------
    first, second : tuple of float
        Columns from and to (half-open), px; `second` is the copy of `first` or the other way round.
    mirrored : bool
    strength : float
        Standard deviations that it stands out by.
    """

    first: tuple[float, float]
    second: tuple[float, float]
    mirrored: bool
    strength: float


def find_copy(levels: NDArray[Any]) -> Copy | None:
    """Find two lanes, or other upright strips, that are copies of each other, also brighter, shifted or mirrored.

    What lanes have in common is taken off by second differences in both directions, what is left of it is divided by
    the local noise, and the picture is correlated with itself at all shifts at once (after Fridrich, Soukal & Lukas
    2003, Digital Forensic Research Workshop).

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)

    Returns
    -------
    Copy or None
    """
    if levels.shape[0] < 64 or levels.shape[1] < 64:
        return None
    top, left = (max((n - part) // 2, 0) for n, part in zip(levels.shape, (ROWS, COLS), strict=True))
    rows = min(len(levels), ROWS) // HEAPED * HEAPED
    part = levels[top : top + rows, left : left + COLS]
    heap = np.add.reduce([_noise(quarter) for quarter in np.split(part, HEAPED)])
    maybe = [mirrored for mirrored, correlation in _correlations(heap) if _strength(correlation) > LIKELY_COPY]
    if not maybe:
        return None
    noise = _noise(part)
    for mirrored, correlation in _correlations(noise):
        found = _peak(correlation, noise, mirrored=mirrored) if mirrored in maybe else None
        if found is not None:
            shift = float(left)
            a, b = (tuple(x + shift for x in place) for place in (found.first, found.second))
            return Copy((a[0], a[1]), (b[0], b[1]), mirrored, found.strength)
    return None


def _correlations(noise: NDArray[np.float32]) -> Iterator[tuple[bool, NDArray[np.float32]]]:
    """Correlation of the noise with itself and with its mirror image, at all shifts."""
    # numpy's transform: loading scipy's takes longer than reading a blot.
    spectrum = np.fft.rfft2(noise)
    # Weighted so that all frequencies count alike: an unsharp detector has a broad correlation of its own.
    power = spectrum.real**2 + spectrum.imag**2
    usual = cv2.blur(power, (9, 9)) + np.float32(1e-6 * float(power.mean()) + 1e-12)
    # Slow waves are bands and their edges, which lanes share; a copy has all of the noise in common.
    down, across = (np.fft.fftfreq(noise.shape[0])[:, None], np.arange(spectrum.shape[1]) / noise.shape[1])
    fast = down * down + across * across > SLOW**2
    correlation = _at_shifts(np.where(fast, power / usual - 1, 0), noise.shape)
    # Near no shift at all every picture is like itself.
    for rows in (slice(0, LEAST // 2), slice(-LEAST // 2, None)):
        for cols in (slice(0, LEAST), slice(-LEAST, None)):
            correlation[rows, cols] = 0
    yield False, correlation
    flipped = np.concatenate([spectrum[:1], spectrum[:0:-1]])
    yield True, _at_shifts(np.where(fast, spectrum * flipped / usual, 0), noise.shape)


def _at_shifts(spectrum: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.fft.irfft2(spectrum, shape).astype(np.float32, copy=False)


def _strength(correlation: NDArray[np.float32]) -> float:
    """Standard deviations by which its peak stands out."""
    spread = float(cv2.norm(correlation)) / np.sqrt(correlation.size)
    return float(correlation.max()) / spread if spread > 0 else 0.0


def _noise(part: NDArray[Any]) -> NDArray[np.float32]:
    """Noise over its local size; zero where there is none."""
    rough = cv2.sepFilter2D(part.astype(np.float32), cv2.CV_32F, SECOND_DIFFERENCE, SECOND_DIFFERENCE)
    local = cv2.blur(np.add.reduce(np.abs(rough), keepdims=True) / np.float32(len(rough)), (15, 1))
    noise = np.divide(rough, local + np.float32(1e-6), out=rough)
    np.clip(noise, -CAP, CAP, out=noise)
    # Detectors that are read out by rows have noise in common along them.
    noise -= noise.mean(axis=1, keepdims=True)
    noise -= noise.mean(axis=0, keepdims=True)
    return np.asarray(noise, np.float32)


def _peak(correlation: NDArray[np.float32], noise: NDArray[np.float32], *, mirrored: bool) -> Copy | None:
    """The shift at which the picture is most like itself, where a strip of it carries that."""
    strength = _strength(correlation)
    if strength < CLEAR_COPY:
        return None
    down, across = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
    # Seen from column 0, as the transform does.
    other = np.roll(noise[:, ::-1], 1, axis=1) if mirrored else noise
    product = noise * np.roll(other, (int(down), int(across)), axis=(0, 1))
    size = np.maximum((noise * noise).mean(axis=0), 1e-12)
    alike = np.convolve(product.mean(axis=0) / size, np.full(SMOOTHED, 1 / SMOOTHED), "same") > ALIKE
    places = _runs(alike)
    width = noise.shape[1]
    if not places or max(b - a for a, b in places) < NARROWEST * width or alike.mean() > WIDEST:
        return None
    first = max(places, key=lambda place: place[1] - place[0])
    second = _origin(first, int(across), width, mirrored=mirrored)
    if mirrored and abs(first[0] - second[0]) < max(first[1] - first[0], LEAST):
        return None  # a lane that is its own mirror image
    return Copy(first, second, mirrored, strength)


def _origin(place: tuple[float, float], across: int, width: int, *, mirrored: bool) -> tuple[float, float]:
    """Columns that `place` was compared with."""
    start = (across - place[1] + 1 if mirrored else place[0] - across) % width
    return start, start + place[1] - place[0]


def _runs(mask: NDArray[np.bool_]) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(float(a), float(b)) for a, b in edges.reshape(-1, 2)]
