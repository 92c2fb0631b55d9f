"""Lanes whose every area is known in closed form, and quantified lanes made by hand."""

from __future__ import annotations

import math

import numpy as np

from ublot.ladder.cut import Ladder
from ublot.model import Calibration, Profile

TARGET, UBIQUITIN = 69.9, 8.565
MASSES = (250.0, 150.0, 100.0, 75.0, 50.0, 37.0, 25.0, 20.0)
ROWS, WELL_ROW = 1000, 12


def row_of(mass):
    """A gel that is straight in the logarithm of the mass: 250 kDa at row 110, 20 kDa at row 880."""
    return 110 + 770 * (math.log10(250) - np.log10(mass)) / (math.log10(250) - math.log10(20))


def mass_of(row):
    return 10 ** (math.log10(250) - (row - 110) / 770 * (math.log10(250) - math.log10(20)))


CALIBRATION = Calibration(tuple(float(row_of(m)) for m in MASSES), MASSES)


def band(area, row, sigma=4.0):
    return area / (sigma * math.sqrt(2 * math.pi)) * np.exp(-0.5 * ((np.arange(ROWS) - row) / sigma) ** 2)


def smear(area, high, low, shift=0.0):
    """Even signal between two masses, the rows at the ends in parts."""
    first, last = row_of(high) + shift, row_of(low) + shift
    share = np.clip(np.minimum(np.arange(ROWS) + 0.5, last) - np.maximum(np.arange(ROWS) - 0.5, first), 0, 1)
    return area * share / share.sum()


def rungs(areas, shift=0.0, sigma=4.0):
    """Bands of 1, 2, 3, ... ubiquitins."""
    return sum(band(a, row_of(TARGET + n * UBIQUITIN) + shift, sigma) for n, a in enumerate(areas, 1))


def unmodified(area, shift=0.0, sigma=4.0):
    return band(area, row_of(TARGET) + shift, sigma)


def as_profile(signal, lane=1, *, noise=1e-3, membrane=500.0, modes=None, saturated=None, rng=None, flags=(), top=0):
    """A profile of this signal; with `rng`, noise and an error of the background along `modes` are drawn."""
    n = len(signal)
    modes = np.zeros((0, n)) if modes is None else np.asarray(modes, float)
    raw, level = signal + membrane, np.full(n, membrane)
    if rng is not None:
        raw = raw + rng.normal(0, noise, n)
        level = level - rng.standard_normal(len(modes)) @ modes
    seen = np.zeros(n, np.int64) if saturated is None else saturated
    return Profile(lane, top, raw, level, np.full(n, noise), modes, 40.0, seen, 40, tuple(flags))


def quantified(lane, unmodified_area, hmw, *, sd=(1.0, 1.0), well=0.0, flags=(), antibody="target", profile=None):
    """A quantified lane with independent errors of its unmodified and HMW areas."""
    flat = profile or as_profile(np.zeros(ROWS), lane)
    covariance = np.diag([sd[0] ** 2, sd[1] ** 2, 0.0])
    u = math.nan if antibody == "modifier" else unmodified_area
    return Ladder(
        flat, 500.0, 0.0, 20.0, 480.0, 520.0, u, hmw, well, unmodified_area + hmw + well, covariance, 1.0,
        antibody=antibody, flags=tuple(flags),
    )  # fmt: skip
