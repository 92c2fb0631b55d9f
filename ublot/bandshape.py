"""The shape of a band along its lane: a Gaussian with an exponential tail to one side.

A band is the convolution of a Gaussian and a one-sided exponential (exponentially modified Gaussian, as for peaks in
chromatography: Foley & Dorsey 1984, Anal. Chem. 56, 1583), told by centre of mass, standard deviation and skewness
``s``. With ``a = (s / 2)^(1/3)``, the exponential's share of the standard deviation, its characteristic function for
unit standard deviation is ``exp(-(1 - a^2) w^2 / 2 + i a w) / (1 + i a w)``. By the skewness it is smooth through 0,
where the derivative by the length of the tail vanishes and a fit would not find to either side. Positive skewness
points to larger rows, negative to the well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bands", "shape_bands"]

Array = NDArray[np.float64]

REACH, STEP = 16.0, 1 / 16  # of the table, in standard deviations: the period is so long that tails do not wrap around


@dataclass(frozen=True, eq=False)
class Bands:
    """Bands of unit area.

    Attributes
    ----------
    curves : ndarray, shape (bands, rows)
    """

    curves: Array
    _tables: Array
    _place: tuple[NDArray[np.intp], Array, Array, Array]

    def derivatives(self) -> tuple[Array, Array, Array]:
        """By position, by log width and by skewness, each of shape (bands, rows)."""
        low, part, z, scale = self._place
        lean, skewed = (_look_up(t, low, part) for t in self._tables[1:])
        return -lean * scale**2, -(self.curves + z * lean * scale), skewed * scale


def _look_up(table: Array, low: NDArray[np.intp], part: Array) -> Array:
    at = table[low]
    return np.asarray(at + part * (table[low + 1] - at), np.float64)


@lru_cache(maxsize=1)
def _frequencies() -> tuple[Array, NDArray[np.complex128]]:
    w = np.asarray(2 * np.pi * np.fft.rfftfreq(int(2 * REACH / STEP), STEP), np.float64)
    return w, np.asarray(np.exp(-1j * w * REACH), np.complex128)


def _table(skewness: float) -> Array:
    """Unit band from ``-REACH`` to ``REACH``, its derivative by the argument and by the skewness."""
    w, centred = _frequencies()
    a = float(np.cbrt(0.5 * skewness))
    pole = 1.0 + 1j * a * w
    band = centred * np.exp(-0.5 * (1 - a * a) * w * w + 1j * a * w) / pole
    stack = np.stack([band, 1j * w * band, band * 1j * w**3 / (6 * pole)])
    return np.asarray(np.fft.irfft(stack, axis=1) / STEP, np.float64)


def shape_bands(rows: Array, positions: Array, widths: Array, skewness: float) -> Bands:
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
    Bands
    """
    tables = _table(skewness)
    z = (rows - positions[:, None]) / widths[:, None]
    at = np.clip((z + REACH) / STEP, 0.0, tables.shape[1] - 2.0)
    low = at.astype(np.intp)
    part, scale = at - low, 1.0 / widths[:, None]
    return Bands(_look_up(tables[0], low, part) * scale, tables, (low, part, z, scale))
