"""What is pipetted into each lane, as signal along it, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.simulation.reaction import LONGEST, Reaction, Sample, chain_lengths
from ublot.simulation.separation import MARKER_KDA, STEP, Gel, Ladder, draw_band

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.simulation.settings import Settings

__all__ = ["Load", "load_lane", "load_marker", "weigh_truth"]


@dataclass(frozen=True, eq=False)
class Load:
    """One lane's signal along its rows, and what it is made of (areas in one unit for the whole blot).

    Attributes
    ----------
    profile : ndarray
        On ``gel.rows``, everything included.
    modified : ndarray
        The part of it that is ubiquitinated target.
    shares : ndarray, shape (LONGEST + 1,)
        Share of the molecules by number of ubiquitins; empty where there is no target.
    unmodified_area, modified_area, well_area, below_area : float
    resolved : float
        Share of the modified signal that stands in rungs.
    """

    profile: NDArray[np.float64]
    modified: NDArray[np.float64]
    shares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    unmodified_area: float = 0.0
    modified_area: float = 0.0
    well_area: float = 0.0
    below_area: float = 0.0
    resolved: float = float("nan")


def load_lane(
    sample: Sample, reaction: Reaction, ladder: Ladder, gel: Gel, settings: Settings, rng: np.random.Generator
) -> Load:
    """React, stop, load and run one lane; a blank lane stays empty."""
    nothing = np.zeros_like(gel.rows)
    scatter, amount = np.exp(rng.normal(0, (settings.vehicle_scatter, settings.load_scatter)))
    burst, elongation = rng.uniform(8, 16), rng.uniform(2.5, 4.5)
    if sample.role == "blank":
        return Load(nothing, nothing)
    if sample.role == "negative":
        shares = chain_lengths(float(rng.uniform(0.004, 0.015)), 0.2, 0.0, 2.0)
    else:
        # Scatter acts on the odds, so that a nearly complete reaction cannot pass completion.
        odds = sample.expected / (1 - sample.expected) * scatter
        shares = chain_lengths(
            float(odds / (1 + odds)), elongation * (0.5 + sample.occupancy), settings.processive, burst
        )
    amount *= 1.0 - settings.degrade * sample.occupancy
    n = np.arange(LONGEST + 1)
    weights = amount * shares * (n / 5.0 if settings.modifier_antibody else 1.0)
    modified = weights[1:] @ ladder.shapes[1:]
    profile = weights[0] * ladder.shapes[0] + modified
    below, well = _by_products(gel, settings, amount, shares[0], rng)
    return Load(
        profile=profile + below + well,
        modified=modified,
        shares=shares,
        unmodified_area=float(weights[0]),
        modified_area=float(weights[1:].sum()),
        well_area=float(well.sum() * STEP),
        below_area=float(below.sum() * STEP),
        resolved=float(weights[1:] @ ladder.resolved[1:] / weights[1:].sum()),
    )


def _by_products(
    gel: Gel, settings: Settings, amount: float, left: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Signal that is no ladder: what runs below the target, and what stays in the well."""
    below, well = np.zeros_like(gel.rows), np.zeros_like(gel.rows)
    if settings.fragments:
        for mass in (54.0, 35.0):
            part = settings.fragments * amount * left * rng.uniform(0.5, 1.5)
            below += part * draw_band(gel, float(gel.row(mass)), 1.3 * gel.sigma, 0.5 * gel.sigma)
    if settings.modifier_antibody:
        for k in range(2, 5):
            below += 0.1 * amount / k * draw_band(gel, float(gel.row(8.565 * k)), gel.sigma, 0.3 * gel.sigma)
    if settings.well:
        part = settings.well * 0.3 * amount * rng.uniform(0.5, 1.5)
        well += part * draw_band(gel, gel.well - 1.5 * gel.sigma, 0.6 * gel.sigma, 0.2 * gel.sigma)
    return below, well


def load_marker(gel: Gel, settings: Settings, rng: np.random.Generator) -> tuple[Load, tuple[float, ...]]:
    """The marker lane, and the nominal masses of the bands that show by themselves."""
    masses = np.array(MARKER_KDA)
    strength = rng.uniform(0.15, 0.5, len(masses)) * np.where(np.isin(masses, (75.0, 25.0)), 1.8, 1.0)
    apparent = masses * (1 + rng.normal(0, settings.marker_scatter, len(masses)))
    rows, sigma = gel.row(apparent), np.full(len(masses), gel.sigma * 1.05)
    shown = np.ones(len(masses), bool)
    if settings.marker_missing:
        strength[int(rng.integers(1, len(masses) - 2))] = 0.0
        shown = strength > 0
    if settings.marker_merged:
        i = int(rng.choice([2, 6]))  # the strong 75 with 100, or the strong 25 with 20 close below it, when overloaded
        rows[i : i + 2] = rows[i : i + 2].mean()
        sigma[i : i + 2] *= 1.6
        shown[i : i + 2] = False
    profile = np.zeros_like(gel.rows)
    for s, r, w in zip(strength, rows, sigma, strict=True):
        if s:
            profile += s * draw_band(gel, float(r), float(w), gel.tail * float(w))
    return Load(profile, np.zeros_like(profile)), tuple(float(m) for m in masses[shown])


def weigh_truth(
    reaction: Reaction, loads: list[Load], gel: Gel, settings: Settings, scale: float
) -> list[dict[str, Any]]:
    """What a perfect analysis would say of each lane.

    ``hmw_fraction`` and whatever rests on it is given for vehicle and sample lanes, ``negative_fraction`` for negative
    ones. ``relative_hmw`` is over the mean of this blot's vehicle lanes (of the same group), ``relative_population``
    over what those scatter around. With an antibody against the modifier, fractions and ``shares`` are still of
    molecules, and ``mean_ubiquitins`` is per modified molecule.
    """
    lanes: list[dict[str, Any]] = []
    n = np.arange(LONGEST + 1)
    for sample, load in zip(reaction.samples, loads, strict=True):
        lane: dict[str, Any] = {"role": sample.role, "group": sample.group, "well": scale * load.well_area}
        lane |= {"unmodified": scale * load.unmodified_area, "modified": scale * load.modified_area}
        if settings.modifier_antibody:
            lane["unmodified"] = 0.0
        if sample.role == "negative":
            lane["negative_fraction"] = float(1 - load.shares[0])
        if sample.role in ("vehicle", "sample"):
            fraction = float(1 - load.shares[0])
            mean = float((n * load.shares).sum())
            half = np.interp(0.5, np.cumsum(load.modified) / load.modified.sum(), gel.rows)
            lane |= {
                "hmw_fraction": fraction,
                "mean_ubiquitins": mean / fraction if settings.modifier_antibody else mean,
                "shares": [float(s) for s in load.shares[:4]],
                "species": [float(s) for s in load.shares],
                "resolved_share": load.resolved,
                "half_mass_kda": float(gel.mass(half)),
                "expected_fraction": sample.expected,
            }
        lanes.append(lane)
    _relate(lanes)
    return lanes


def _relate(lanes: list[dict[str, Any]]) -> None:
    """Put every scored lane over the vehicle lanes of its group, in place."""
    for group in {lane["group"] for lane in lanes}:
        mine = [lane for lane in lanes if lane["group"] == group and "hmw_fraction" in lane]
        vehicles = [lane for lane in mine if lane["role"] == "vehicle"]
        if not vehicles:
            continue
        mean = {k: float(np.mean([v[k] for v in vehicles])) for k in ("hmw_fraction", "modified", "unmodified")}
        base = vehicles[0]["expected_fraction"]
        for lane in mine:
            lane["relative_hmw"] = lane["hmw_fraction"] / mean["hmw_fraction"]
            lane["relative_population"] = lane["hmw_fraction"] / base
            lane["relative_hmw_area"] = lane["modified"] / mean["modified"]
            if mean["unmodified"]:
                lane["unmodified_remaining"] = lane["unmodified"] / mean["unmodified"]
