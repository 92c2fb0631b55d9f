"""From numbers of ubiquitins to signal along a lane: migration, rungs and smear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.simulation.reaction import LONGEST

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ublot.simulation.settings import Settings

__all__ = ["MARKER_KDA", "STEP", "TARGET_KDA", "UBIQUITIN_KDA", "Gel", "Ladder", "cast_gel", "draw_band", "make_ladder"]

TARGET_KDA, UBIQUITIN_KDA = 69.9, 8.565
MARKER_KDA = (250.0, 150.0, 100.0, 75.0, 50.0, 37.0, 25.0, 20.0, 15.0)
#: Rows of a lane are drawn this finely, in px, so that shifting them by parts of a pixel costs no sharpness.
STEP = 0.5


@dataclass(frozen=True)
class Gel:
    """How far a mass runs: ``well + span / (1 + (mass / half) ** power)``.

    Sigmoid in log mass, straight in the middle; nothing runs above the well or below the front, as in a gel.

    Attributes
    ----------
    well, span : float
        Row of the well edge, and rows from there to the front.
    half_kda, power : float
        Mass that runs half the way, and steepness.
    sigma : float
        Standard deviation of a sharp band, px.
    tail : float
        Of its exponential tail over `sigma`; positive points to the well.
    rows : ndarray
        Where profiles of this gel are drawn, `STEP` apart.
    """

    well: float
    span: float
    half_kda: float
    power: float
    sigma: float
    tail: float
    rows: NDArray[np.float64]

    def row(self, mass: ArrayLike) -> NDArray[np.float64]:
        """Row at which `mass` (kDa) stands."""
        ratio = np.asarray(mass, np.float64) / self.half_kda
        return self.well + self.span / (1.0 + ratio**self.power)

    def mass(self, row: ArrayLike) -> NDArray[np.float64]:
        """Mass (kDa) that stands at `row`; infinite at the well edge and above."""
        share = np.clip((np.asarray(row, np.float64) - self.well) / self.span, 0.0, 1.0 - 1e-9)
        with np.errstate(divide="ignore"):
            return np.asarray(self.half_kda * (1.0 / share - 1.0) ** (1.0 / self.power), np.float64)


def cast_gel(height: int, top: float, bottom: float, rng: np.random.Generator, band: float = 1.0) -> Gel:
    """Draw a gel whose front and well leave some room between `top` and `bottom` of the membrane.

    `band` widens its bands; everything else is as drawn by `rng`.
    """
    length = bottom - top
    well = top + length * rng.uniform(0.03, 0.055)
    return Gel(
        well=float(well),
        span=float(top + 0.99 * length - well),
        half_kda=float(rng.uniform(58, 92)),
        power=float(rng.uniform(1.05, 1.3)),
        sigma=float(band * rng.uniform(3.2, 4.2) * height / 1024),
        tail=float(rng.choice([1.0, 1.0, 1.0, -1.0]) * rng.uniform(0.2, 0.7)),
        rows=np.arange(-0.1 * height, 1.1 * height, STEP),
    )


def draw_band(gel: Gel, row: float, sigma: float, tail: float) -> NDArray[np.float64]:
    """Band of unit area (per px): a Gaussian with an exponential tail, its centre of mass at `row`.

    Exponentially modified Gaussian in the overflow-free form with the scaled complementary error function
    (Kalambet et al. 2011, doi:10.1002/cem.1343).
    """
    from scipy.special import erfc, erfcx

    tau = max(abs(tail), 0.05 * sigma)
    d = (gel.rows - row) * (-1.0 if tail > 0 else 1.0) + tau
    z = (sigma / tau - d / sigma) / np.sqrt(2.0)
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.exp(0.5 * (sigma / tau) ** 2 - d / tau) * erfc(z)
        near = np.exp(-0.5 * (d / sigma) ** 2) * erfcx(z)
    band = np.where(z < 0.0, far, near)
    return np.asarray(band / (band.sum() * STEP), np.float64)


@dataclass(frozen=True)
class Ladder:
    """Shapes along the lane, each of unit area, by number of ubiquitins.

    Attributes
    ----------
    shapes : ndarray, shape (LONGEST + 1, rows)
        The unmodified band first.
    resolved : ndarray, shape (LONGEST + 1,)
        Share of each shape that is a rung; the rest is smear.
    masses : ndarray, shape (LONGEST + 1,)
        Apparent masses of the rungs, kDa.
    """

    shapes: NDArray[np.float64]
    resolved: NDArray[np.float64]
    masses: NDArray[np.float64]


def make_ladder(gel: Gel, settings: Settings, rng: np.random.Generator) -> Ladder:
    """Rungs that run a little off their nominal mass, and for every length the smear of its other topologies.

    A chain of ``n`` built in another way (branched, on several lysines, other linkages) runs like some other mass: the
    smear of ``n`` is a gamma distribution of the added apparent mass about that of rung ``n``, wider for longer
    chains. So the smear is continuous, and every bit of it still belongs to one ``n``.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.stats import gamma

    n = np.arange(LONGEST + 1)
    added = np.cumsum(np.r_[0.0, rng.normal(rng.normal(1.0, settings.stretch), 1.5 * settings.stretch, LONGEST)])
    start = TARGET_KDA * (1.0 + rng.normal(0.0, 0.01))
    masses = start + UBIQUITIN_KDA * added
    turn, ease = rng.uniform(2.5, 5.5), rng.uniform(1.0, 2.0)
    resolved = np.r_[1.0, 1.0 - settings.smear / (1.0 + np.exp((turn - n[1:]) / ease))]

    widths = gel.sigma * np.sqrt(1.0 + 0.05 * n)
    widths[0] = 1.12 * gel.sigma
    rungs = np.array([draw_band(gel, float(gel.row(m)), s, gel.tail * s) for m, s in zip(masses, widths, strict=True)])

    apparent = gel.mass(gel.rows)
    inside = np.isfinite(apparent)
    slope = np.zeros_like(gel.rows)
    slope[inside] = np.abs(np.gradient(apparent[inside], STEP))
    more = np.where(inside, (np.where(inside, apparent, 0.0) - start) / UBIQUITIN_KDA, -1.0)
    spread = 0.18 * np.maximum(n[1:], 1) ** 0.85
    shape_a = (added[1:] / spread) ** 2
    smear = gamma.pdf(more[None], shape_a[:, None], scale=(added[1:] / shape_a)[:, None]) * slope
    smear = gaussian_filter1d(smear, gel.sigma / STEP, axis=1, mode="constant")
    smear /= np.maximum(smear.sum(axis=1, keepdims=True) * STEP, 1e-30)
    shapes = rungs
    shapes[1:] = resolved[1:, None] * rungs[1:] + (1.0 - resolved[1:, None]) * smear
    return Ladder(shapes, resolved, masses)
