"""The shape of a band along its lane: a Gaussian with an exponential tail to either side.

A band is the convolution of a Gaussian and a one-sided exponential (exponentially modified Gaussian, as for peaks in
chromatography: Foley & Dorsey 1984, Anal. Chem. 56, 1583). It is made from its characteristic function,
``exp(-w^2 / 2) exp(i t w) / (1 + i t w)`` for unit sigma and tail ``t``, which is smooth through ``t = 0``: positive
tails point to larger rows, negative ones to the well. The centre is the centre of mass.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bands", "shape_bands"]

Array = NDArray[np.float64]

REACH, STEP = 16.0, 1 / 16  # of the table, in sigma: the period is so long that tails do not wrap around


@dataclass(frozen=True, eq=False)
class Bands:
    """Bands of unit area and their derivatives, each of shape (bands, rows)."""

    curves: Array
    by_position: Array
    by_log_width: Array
    by_tail: Array


@lru_cache(maxsize=1)
def _frequencies() -> tuple[Array, NDArray[np.complex128]]:
    size = int(2 * REACH / STEP)
    w = 2 * np.pi * np.fft.rfftfreq(size, STEP)
    return w, np.exp(-0.5 * w * w) * np.exp(-1j * w * REACH)


def _table(tail: float) -> tuple[Array, Array, Array]:
    """Unit band from ``-REACH`` to ``REACH``, its derivative by the argument and by the tail."""
    w, gauss = _frequencies()
    pole = 1.0 + 1j * tail * w
    band = gauss * np.exp(1j * tail * w) / pole
    stack = np.stack([band, 1j * w * band, band * (1j * w) * (1.0 - 1.0 / pole)])
    curve, slope, by_tail = np.fft.irfft(stack, axis=1) / STEP
    return curve, slope, by_tail


def shape_bands(rows: Array, positions: Array, widths: Array, tail: float) -> Bands:
    """Bands at `positions`.

    Parameters
    ----------
    rows : ndarray, shape (rows,)
    positions, widths : ndarray, shape (bands,)
        Centre of mass and sigma of the Gaussian part, px.
    tail : float
        Of the exponential part over sigma, the same for all.

    Returns
    -------
    Bands
    """
    curve, slope, by_tail = _table(tail)
    z = (rows - positions[:, None]) / widths[:, None]
    at = np.clip((z + REACH) / STEP, 0.0, len(curve) - 2.0)
    low = at.astype(np.intp)
    part = at - low
    unit, lean, tailed = (t[low] + part * (t[low + 1] - t[low]) for t in (curve, slope, by_tail))
    scale = 1.0 / widths[:, None]
    return Bands(unit * scale, -lean * scale**2, -(unit + z * lean) * scale, tailed * scale)
