"""Signal by the number of ubiquitins that a molecule bears, cut halfway between their places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ublot.calibration import mass_at, row_at

if TYPE_CHECKING:
    from ublot.cuts import Cuts
    from ublot.model import Calibration
    from ublot.regions import Frame

__all__ = ["UNKNOWN", "Interval", "Numbers", "Species", "mean_numbers", "number_rows", "species_of"]

Array = NDArray[np.float64]

Z95 = 1.959963984540054

MOST = 500
"""Ubiquitins to which a lane is cut up: a scale that a person mistyped may reach any mass."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float = math.nan
    high: float = math.nan


UNKNOWN = Interval(math.nan)


@dataclass(frozen=True)
class Species:
    """Signal of the molecules with `n` ubiquitins, resolved (`rung`) or not (`smear`)."""

    n: int
    mass_kda: float
    row_px: float
    area: Interval
    share: float
    kind: str


@dataclass(frozen=True, eq=False)
class Numbers:
    """Where molecules with so many ubiquitins run.

    Attributes
    ----------
    n : ndarray of int, shape (numbers,)
    mass_kda, row : ndarray, shape (numbers,)
        Nominal: without a lane's shift.
    edges : ndarray, shape (numbers + 1,)
        Nominal rows halfway in between, from the bottom up.
    shown : ndarray of int, shape (lanes,)
        How many numbers are told apart in each lane: until the well.
    """

    n: NDArray[np.intp]
    mass_kda: Array
    row: Array
    edges: Array
    shown: NDArray[np.intp]


def number_rows(
    frames: Sequence[Frame], calibration: Calibration, masses: tuple[float, float], antibody: str
) -> Numbers:
    """Places of 0 (of 1 where the unmodified target is not seen), 1, 2, ... ubiquitins up to the well."""
    target, modifier = masses
    heaviest = mass_at(calibration, [f.well - f.shift for f in frames])
    last = np.clip(np.floor((heaviest - target) / modifier + 0.5), 1, MOST).astype(np.intp)
    first = 0 if antibody == "target" else 1
    n = np.arange(first, last.max() + 1)
    between = target + (np.arange(first, last.max() + 2) - 0.5) * modifier
    mass = target + n * modifier
    rows = row_at(calibration, np.concatenate([mass, between]))
    return Numbers(n, mass, rows[: len(n)], rows[len(n) :], last - first + 1)


def species_of(
    numbers: Numbers, shift: float, area: Array, error: Array
) -> tuple[tuple[Species, ...], tuple[float, float, float]]:
    """Species of one lane, and what of its signal bears 1-3, 4-8 and more ubiquitins."""
    total = float(area.sum())
    share = area / total if total > 0 else np.full(len(area), math.nan)
    few, some = np.searchsorted(numbers.n[: len(area)], [4, 9])
    species = tuple(
        Species(n, mass, row, Interval(a, a - e, a + e), s, "rung" if n == 0 else "smear")
        for n, mass, row, a, e, s in zip(
            numbers.n.tolist(), numbers.mass_kda.tolist(), (numbers.row + shift).tolist(), area.tolist(),
            error.tolist(), share.tolist(), strict=False,
        )
    )  # fmt: skip
    first = 1 - int(numbers.n[0])
    return species, (float(share[first:few].sum()), float(share[few:some].sum()), float(share[some:].sum()))


def mean_numbers(n: NDArray[np.intp], cuts: Cuts, antibody: str, start: int) -> tuple[Array, Array]:
    """Mean number of ubiquitins in every lane, and the half-width of its 95 % interval.

    Numbers are the regions of `cuts` from `start` on.
    """
    area = cuts.area[:, start:]
    # Anti-ubiquitin signal counts ubiquitins: molecules are signal over n.
    molecules, ubiquitins = (np.ones(len(n)), n) if antibody == "target" else (1 / n, np.ones(len(n)))
    whole = (area @ molecules)[:, None]
    whole = np.where(whole == 0, np.nan, whole)
    mean = (area @ ubiquitins)[:, None] / whole
    slope = np.zeros((len(area), 1, cuts.area.shape[1]))
    slope[:, 0, start:] = (ubiquitins - mean * molecules) / whole
    return mean[:, 0], Z95 * np.sqrt(cuts.covariance(slope)[:, 0, 0])
