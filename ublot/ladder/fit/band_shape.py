"""The shape of a band along its lane: a Gaussian with an exponential tail to one side.

A band is the convolution of a Gaussian and a one-sided exponential (exponentially modified Gaussian, as for peaks in
chromatography: Foley & Dorsey 1984, Anal. Chem. 56, 1583), told by centre of mass, standard deviation and skewness
``s``. With ``a = (s / 2)^(1/3)``, the exponential's share of the standard deviation, its characteristic function for
unit standard deviation is ``exp(-(1 - a^2) w^2 / 2 + i a w) / (1 + i a w)``. By the skewness it is smooth through 0,
where the derivative by the length of the tail vanishes and a fit would not find to either side. Positive skewness
points to larger rows, negative to the well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["BandCurves", "shape_bands"]

REACH, STEP = 16.0, 1 / 16  # of the table, in standard deviations: the period is so long that tails do not wrap around
ENTRIES = int(2 * REACH / STEP)
VANISHED = 40.0  # exponent from where on nothing is left of a band's spectrum


@dataclass(frozen=True, eq=False)
class BandCurves:
    """Bands of unit area.

    Attributes
    ----------
    curves : ndarray, shape (bands, rows)
    """

    curves: Array
    _derive: Callable[[], tuple[Array, ...]]

    @cached_property
    def derivatives(self) -> tuple[Array, ...]:
        """By position, by log width and by skewness, each of shape (bands, rows)."""
        return self._derive()

    def only(self, bands: slice) -> BandCurves:
        """Some of them."""
        return BandCurves(self.curves[bands], lambda: tuple(values[bands] for values in self.derivatives))


@dataclass(frozen=True, eq=False)
class _Spectrum:
    """A unit band by angular frequency, as far as there is something of it."""

    band: NDArray[np.complex128]
    w: Array
    pole: NDArray[np.complex128]

    @classmethod
    def of(cls, skewness: float) -> _Spectrum:
        a = float(np.cbrt(0.5 * skewness))
        w, centred = _frequencies()
        end = math.sqrt(2 * VANISHED / max(1 - a * a, 1e-6))
        w = w[: int(end / w[1]) + 2]
        pole = 1.0 + 1j * a * w
        band = centred[: len(w)] * np.exp((1j * a - (0.5 * (1 - a * a)) * w) * w) / pole
        return cls(np.asarray(band, np.complex128), w, np.asarray(pole, np.complex128))

    def table(self) -> Array:
        """The unit band from ``-REACH`` to ``REACH``."""
        return _tabulated(self.band)

    def derivatives(self) -> Array:
        """Tables of its derivative by the argument and by the skewness."""
        return _tabulated(np.array([1j * self.w * self.band, self.band * (1j / 6) * self.w**3 / self.pole]))


def _tabulated(spectrum: NDArray[np.complex128]) -> Array:
    return np.asarray(np.fft.irfft(spectrum, ENTRIES) / STEP, np.float64)


def _look_up(table: Array, low: NDArray[np.intp], part: Array) -> Array:
    found = (table[1:] - table[:-1]).take(low)
    found *= part
    found += table.take(low)
    return np.asarray(found, np.float64)


@lru_cache(maxsize=1)
def _frequencies() -> tuple[Array, NDArray[np.complex128]]:
    w = np.asarray(2 * np.pi * np.fft.rfftfreq(ENTRIES, STEP), np.float64)
    return w, np.asarray(np.exp(-1j * w * REACH), np.complex128)


def shape_bands(rows: Array, positions: Array, widths: Array, skewness: float) -> BandCurves:
    """Bands at `positions`.

    Parameters
    ----------
    rows : ndarray, shape (rows,)
    positions, widths : ndarray, shape (bands,)
        Centre of mass and standard deviation, px.
    skewness : float
        The same for all, between -2 and 2.

    Returns
    -------
    BandCurves
    """
    spectrum = _Spectrum.of(skewness)
    scale = 1.0 / widths[:, None]
    z = rows - positions[:, None]
    z *= scale
    part = z * (1 / STEP)
    part += REACH / STEP
    part.clip(0.0, ENTRIES - 2.0, out=part)
    low = part.astype(np.intp)
    part -= low
    curves = _look_up(spectrum.table(), low, part)
    curves *= scale

    def derive() -> tuple[Array, ...]:
        lean, skewed = (_look_up(t, low, part) for t in spectrum.derivatives())
        lean *= scale
        skewed *= scale
        wider = z * lean
        wider += curves
        lean *= -scale
        return lean, np.negative(wider, out=wider), skewed

    return BandCurves(curves, derive)
