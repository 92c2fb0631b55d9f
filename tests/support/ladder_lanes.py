"""Lanes built band by band from scipy's exponentially modified Gaussian, for tests of the ladder."""

from __future__ import annotations

import numpy as np
from scipy.stats import exponnorm, norm

from ublot.ladder.cut import Ladder, quantify_ladder
from ublot.mass.scale import row_at
from ublot.model import Calibration, Profile

MARKER = (250.0, 150.0, 100.0, 75.0, 50.0, 37.0, 25.0, 20.0, 15.0)
TARGET, UBIQUITIN = 69.9, 8.565
BASE = 5000.0


def calibration(scale: float = 1.0) -> Calibration:
    """Log mass straight against row: 20 px from the unmodified band to the first rung, times `scale`."""
    rows = tuple(scale * (1000 - 400 * float(np.log10(m))) for m in MARKER)
    return Calibration(rows, MARKER, residual=0.001)


def chain_shares(fraction: float, chain: float, longest: int = 20) -> np.ndarray:
    """Share of molecules by number of ubiquitins: a geometric chain."""
    n = np.arange(longest + 1)
    shares = chain**n
    shares[0] = 0.0
    shares *= fraction / max(shares.sum(), 1e-300)
    shares[0] = 1 - fraction
    return shares


def hump_shares(fraction: float, mean: float, sd: float, longest: int = 20) -> np.ndarray:
    """Share of molecules by number of ubiquitins: long chains."""
    n = np.arange(longest + 1)
    shares = np.exp(-0.5 * ((n - mean) / sd) ** 2)
    shares[0] = 0.0
    shares *= fraction / shares.sum()
    shares[0] = 1 - fraction
    return shares


def make_lane(
    shares: np.ndarray,
    resolved: np.ndarray | float,
    rng: np.random.Generator,
    *,
    number: int = 1,
    sigma: float = 4.0,
    tail: float = 0.4,
    stretch: float = 1.0,
    noise: float = 300.0,
    amount: float = 1e6,
    scale: float = 1.0,
    weight: np.ndarray | float = 1.0,
) -> Profile:
    """A lane of 700 rows (times `scale`): `resolved` of every species as a rung, the rest smeared about its place.

    `tail` is the exponential's length over the Gaussian's sigma and points to the well; `stretch` is the apparent mass
    of one ubiquitin over its nominal one; `weight` is signal per molecule.
    """
    n = np.arange(len(shares))
    size = int(700 * scale)
    fine = np.arange(-0.45, size - 0.5, 0.1)
    places = row_at(calibration(scale), TARGET + stretch * UBIQUITIN * n)
    signal = np.zeros(size)
    amounts = amount * scale * shares * weight
    for k, (a, r, p) in enumerate(zip(amounts, np.broadcast_to(resolved, len(n)), places, strict=True)):
        if a == 0:
            continue
        width = scale * sigma * (1.1 if k == 0 else np.sqrt(1 + 0.04 * k))
        gauss = width / np.hypot(1.0, tail)
        shape = exponnorm.pdf(p - fine, tail, loc=-tail * gauss, scale=gauss)
        if k:
            shape = r * shape + (1 - r) * norm.pdf(fine, p, scale * max(11.0, 15 - 0.4 * k))
        signal += a * shape.reshape(size, -1).mean(axis=1)
    sd = np.sqrt(noise**2 + 4e-4 * signal * noise)
    raw = BASE + signal + rng.normal(size=size) * sd
    empty = np.zeros((0, size))
    return Profile(number, 0, raw, np.full(size, BASE), sd, empty, 45.0, np.zeros(size, np.int64), 45)


def cut_lanes(profiles: list[Profile], scale: float = 1.0, antibody: str = "target") -> tuple[Ladder, ...]:
    """The plain cut."""
    return quantify_ladder(profiles, calibration(scale), antibody=antibody)
