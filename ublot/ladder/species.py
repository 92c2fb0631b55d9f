"""Signal by the number of ubiquitins that a molecule bears, cut halfway between their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ublot.mass.scale import mass_at, row_at
from ublot.model import UNKNOWN, Z95, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.ladder.areas import RegionAreas
    from ublot.ladder.regions import Frame
    from ublot.model import Calibration
    from ublot.numerics.arrays import Array

__all__ = ["NO_SPECIES", "Numbers", "Species", "SpeciesColumns", "mean_numbers", "number_rows", "species_of"]


MOST = 500
"""Ubiquitins to which a lane is cut up: a scale that a person mistyped may reach any mass."""


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
class SpeciesColumns(Sequence[Species]):
    """All species of one lane, each made when it is asked for: there may be a hundred.

    Attributes
    ----------
    n : ndarray of int, shape (species,)
    mass_kda, row_px, area, reach, share : ndarray, shape (species,)
        `reach` is half the width of the area's 95 % interval.
    rung : ndarray of bool, shape (species,)
    """

    n: NDArray[np.intp]
    mass_kda: Array
    row_px: Array
    area: Array
    reach: Array
    share: Array
    rung: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.n)

    def columns(self) -> dict[str, list[Any]]:
        """All of them as plain columns, under the names that `species.csv` has for them."""
        return {
            "n": self.n.tolist(),
            "mass_kda": self.mass_kda.tolist(),
            "row_px": self.row_px.tolist(),
            "area": self.area.tolist(),
            "area_low": (self.area - self.reach).tolist(),
            "area_high": (self.area + self.reach).tolist(),
            "share": self.share.tolist(),
            "kind": ["rung" if resolved else "smear" for resolved in self.rung.tolist()],
        }

    @overload
    def __getitem__(self, index: int) -> Species: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Species, ...]: ...
    def __getitem__(self, index: int | slice) -> Species | tuple[Species, ...]:
        if isinstance(index, slice):
            return tuple(self[k] for k in range(*index.indices(len(self))))
        area, reach = float(self.area[index]), float(self.reach[index])
        return Species(
            int(self.n[index]), float(self.mass_kda[index]), float(self.row_px[index]),
            Interval(area, area - reach, area + reach), float(self.share[index]),
            "rung" if self.rung[index] else "smear",
        )  # fmt: skip


_NONE = np.zeros(0)
NO_SPECIES = SpeciesColumns(np.zeros(0, np.intp), _NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(0, bool))


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


def species_of(numbers: Numbers, shift: Array, area: Array, sd: Array) -> tuple[list[SpeciesColumns], Array]:
    """Species of every lane, and what of its signal bears 1-3, 4-8 and more ubiquitins.

    Parameters
    ----------
    numbers : Numbers
    shift : ndarray, shape (lanes,)
    area, sd : ndarray, shape (lanes, numbers)
        Nothing where a lane shows no such number.

    Returns
    -------
    list of SpeciesColumns
    shares : ndarray, shape (lanes, 3)
        NaN without signal.
    """
    total = area.sum(axis=1, keepdims=True)
    share, rows = area / np.where(total > 0, total, np.nan), numbers.row + shift[:, None]
    reach, rung = Z95 * sd, numbers.n == 0
    found = [
        SpeciesColumns(
            numbers.n[:k], numbers.mass_kda[:k], rows[i, :k], area[i, :k], reach[i, :k], share[i, :k], rung[:k]
        )
        for i, k in enumerate(numbers.shown.tolist())
    ]
    first, few, some = np.searchsorted(numbers.n, [1, 4, 9])
    parts = (slice(first, few), slice(few, some), slice(some, None))
    return found, np.stack([share[:, part].sum(axis=1) for part in parts], axis=1)


def mean_numbers(n: NDArray[np.intp], cuts: RegionAreas, antibody: str, regions: slice) -> list[Interval]:
    """Mean number of ubiquitins in every lane, from the `regions` of each number."""
    area = cuts.area[:, regions]
    # Anti-ubiquitin signal counts ubiquitins: molecules are signal over n.
    molecules, ubiquitins = (np.ones(len(n)), n) if antibody == "target" else (1 / n, np.ones(len(n)))
    known = area.sum(axis=1) > 0
    whole = np.where(known, area @ molecules, np.nan)[:, None]
    mean = (area @ ubiquitins)[:, None] / whole
    slope = ((ubiquitins - mean * molecules) / whole)[:, None]
    reach = Z95 * np.sqrt(cuts.covariance(slope, regions)[:, :, 0])
    found = np.concatenate([mean, mean - reach, mean + reach], axis=1).tolist()
    return [Interval(*one) if good else UNKNOWN for one, good in zip(found, known, strict=True)]
