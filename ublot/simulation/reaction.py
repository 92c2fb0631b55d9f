"""Which lanes there are, and how many ubiquitins the molecules in each of them carry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.simulation.settings import Settings

__all__ = ["LONGEST", "Reaction", "Sample", "chain_lengths", "plan_lanes"]

#: Chains of this length and longer are one class.
LONGEST = 60


@dataclass(frozen=True)
class Sample:
    """One lane as a person would write it down, and what the compound does in it.

    Attributes
    ----------
    occupancy : float
        Share of the target that the compound holds.
    expected : float
        Modified fraction without reaction-to-reaction scatter (0 where there is no reaction).
    """

    role: str
    compound: str = ""
    concentration_nm: float | None = None
    replicate: int | None = None
    group: str = ""
    occupancy: float = 0.0
    expected: float = 0.0


@dataclass(frozen=True)
class Reaction:
    """The lanes of a blot and the constants behind them."""

    samples: tuple[Sample, ...]
    base: float
    top: float
    ec50_nm: dict[str, float]


def plan_lanes(settings: Settings, rng: np.random.Generator) -> Reaction:
    """Marker, then per group negative, vehicle and dose lanes, then blanks.

    Doses run from well below to well above the EC50 in equal ratios, as pipetted from a serial dilution.
    """
    base = float(rng.uniform(*settings.base_fraction))
    top = max(float(rng.uniform(*settings.top_fraction)), base)
    ec50 = {c: float(np.exp(rng.uniform(math.log(12), math.log(120)))) for c in settings.compounds}
    fixed = 1 + len(settings.groups) * (settings.vehicles + settings.negatives) + settings.blanks
    parts = len(settings.groups) * len(settings.compounds)
    counts = [len(p) for p in np.array_split(np.arange(settings.lanes - fixed), parts)]
    samples = [Sample("marker")]
    for g, group in enumerate(settings.groups):
        # A second construct answers less: its lanes must be compared with its own vehicle lanes only.
        low, high = base / (1 + 0.8 * g), top / (1 + 0.8 * g)
        samples += [Sample("negative", group=group)] * settings.negatives
        samples += [Sample("vehicle", "DMSO", 0.0, k + 1, group, 0.0, low) for k in range(settings.vehicles)]
        for c, compound in enumerate(settings.compounds):
            n = counts[g * len(settings.compounds) + c]
            ladder = np.geomspace(1.0, 3000.0, n) if n > 2 else np.array([1000.0, 100.0])[:n]
            for dose in ladder:
                dose = float(f"{dose:.2g}")
                held = dose / (dose + ec50[compound])
                samples.append(Sample("sample", compound, dose, 1, group, held, low + (high - low) * held))
    samples += [Sample("blank")] * settings.blanks
    if settings.blanks > 1:
        samples = _spread_blanks(samples, settings.blanks, rng)
    return Reaction(tuple(samples), base, top, ec50)


def _spread_blanks(samples: list[Sample], blanks: int, rng: np.random.Generator) -> list[Sample]:
    """One blank stays at the end, the others stand anywhere between samples, as when lanes are left empty."""
    kept = samples[: -blanks + 1]
    for at in sorted(rng.choice(np.arange(2, len(kept) - 1), blanks - 1, replace=False), reverse=True):
        kept.insert(int(at), Sample("blank"))
    return kept


def chain_lengths(fraction: float, elongation: float, processive: float, burst: float) -> NDArray[np.float64]:
    """Distribution of the number of ubiquitins after one reaction time.

    A pure-birth chain of states 0, 1, ..., `LONGEST`: a molecule is hit for the first time at the rate that makes
    `fraction` of them modified at the end; the hit adds one ubiquitin, or, with probability `processive`, a whole
    chain of negative-binomial length (shape 3, mean `burst`); further ubiquitins are added one by one at the rate
    `elongation` (per reaction time). Solved by the matrix exponential.

    Returns
    -------
    ndarray, shape (LONGEST + 1,)
        Share of the molecules by number of ubiquitins; sums to 1 and starts with ``1 - fraction``.
    """
    from scipy.linalg import expm
    from scipy.stats import nbinom

    first = -math.log1p(-min(fraction, 0.999))
    start = np.zeros(LONGEST + 1)
    start[1:] = processive * nbinom.pmf(np.arange(LONGEST), 3, 3 / (3 + max(burst - 1, 0.1)))
    start[-1] += processive - start.sum()
    start[1] += 1 - processive
    rates = np.zeros((LONGEST + 1, LONGEST + 1))
    rates[:, 0] = first * start
    rates[0, 0] = -first
    for n, following in pairwise(range(1, LONGEST + 1)):
        rates[n, n] -= elongation
        rates[following, n] += elongation
    return np.asarray(np.clip(expm(rates)[:, 0], 0.0, None), np.float64)
