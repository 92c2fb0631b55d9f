"""One blot with known truth: the stages of the forward model in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.simulation.detector import ceiling_level, expose, see
from ublot.simulation.geometry import Geometry, lay_out, membrane_frame, paint_lane
from ublot.simulation.membrane import add_dirt, cut_edges, draw_membrane
from ublot.simulation.reaction import Reaction, plan_lanes
from ublot.simulation.sample import Load, load_lane, load_marker, weigh_truth
from ublot.simulation.separation import MARKER_KDA, Gel, cast_gel, make_ladder
from ublot.simulation.settings import Difficulty, Settings, settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["SimulatedBlot", "demo_blot", "simulate_blot"]


@dataclass(frozen=True, eq=False)
class SimulatedBlot:
    """A blot and everything about it that a real one hides.

    Attributes
    ----------
    image : ndarray of uint16 or uint8, shape (rows, cols)
        Levels as a detector stores them (before the compression, where the file is a JPEG).
    layout : tuple of dict
        One row per lane, left to right, in the layout's columns; None where a cell is empty.
    truth : dict
        ``lanes`` (one dict per lane) and what holds for the whole blot; see `weigh_truth`. Areas are sums over the
        lane in levels x px**2 of a 16-bit detector without noise, ceiling or corners.
    signal : ndarray of float32, shape (rows, cols)
        The lanes' protein alone in the same levels: no membrane, haze, dirt, lens or noise.
    settings : Settings
    suffix : str
        Of the file this image is stored in: ``.tif``, ``.png`` or ``.jpg``.
    """

    image: NDArray[np.generic]
    layout: tuple[dict[str, Any], ...]
    truth: dict[str, Any]
    signal: NDArray[np.float32]
    settings: Settings
    suffix: str


def simulate_blot(*, seed: int = 1, difficulty: Difficulty = "ordinary", **stress: Any) -> SimulatedBlot:
    """Simulate the anti-cIAP1 blot of an auto-ubiquitination assay.

    Parameters
    ----------
    seed : int
        The same seed, difficulty and keywords give the same pixels. Each stage draws from a stream of its own, so
        that more dust, say, leaves reaction and noise as they are.
    difficulty : {"easy", "ordinary", "hard"}
        Where the keywords start from.
    **stress
        Any attribute of `Settings`: ``shape``, ``lanes``, ``fill``, ``haze``, ``detector``, ...; `STRESSES` holds
        named sets of them.

    Raises
    ------
    BlotError
        For an unknown keyword or one that cannot be simulated.
    """
    settings = settings_for(difficulty, stress)
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(8)]
    reaction = plan_lanes(settings, streams[0])
    top, bottom, _, _ = membrane_frame(settings)
    gel = cast_gel(settings.shape[0], top, bottom, streams[1], settings.band)
    geometry = lay_out(settings, gel.well, gel.sigma, streams[2])
    loads, marker = _load_lanes(settings, reaction, gel, streams[3])
    signal, gain = _paint(settings, geometry, gel, loads)

    light = signal + draw_membrane(settings, streams[4])
    if settings.haze:
        for strip in geometry.strips:
            even = settings.haze * strip.width * streams[5].uniform(0.6, 1.4)
            phase = streams[5].uniform(0, 2 * np.pi)
            paint_lane(light, geometry, strip, gel, np.zeros_like(gel.rows), even, phase)
    add_dirt(light, settings, streams[6])
    if settings.membrane_edge:
        cut_edges(light, geometry, settings, streams[6])
    image = expose(see(light, settings), settings, streams[7])

    scale = gain * 65535
    truth = _describe(seed, difficulty, stress, settings, reaction, geometry, marker)
    truth["lanes"] = weigh_truth(reaction, loads, gel, settings, scale)
    for lane, place, clipped in zip(
        truth["lanes"], geometry.x_px, _count_ceiling(image, settings, geometry), strict=True
    ):
        lane["x_px"], lane["saturated_px"] = place, clipped
    layout = tuple(_layout_row(i + 1, s, len(settings.groups) > 1) for i, s in enumerate(reaction.samples))
    suffix = {"film8": ".png", "camera8": ".png", "jpeg8": ".jpg"}.get(settings.detector, ".tif")
    return SimulatedBlot(image, layout, truth, signal * np.float32(65535), settings, suffix)


def demo_blot(seed: int = 7) -> SimulatedBlot:
    """A dose series of birinapant as one would hope for: marker, no ATP, three DMSO lanes, eight doses, a blank."""
    return simulate_blot(
        seed=seed,
        shape=(900, 1200),
        lanes=14,
        base_fraction=(0.16, 0.2),
        top_fraction=(0.8, 0.86),
        processive=0.5,
        smear=0.9,
        exposure=0.6,
    )


def _load_lanes(
    settings: Settings, reaction: Reaction, gel: Gel, rng: np.random.Generator
) -> tuple[list[Load], tuple[float, ...]]:
    ladder = make_ladder(gel, settings, rng)
    marker, bands = load_marker(gel, settings, rng)
    loads = [
        marker if sample.role == "marker" else load_lane(sample, reaction, ladder, gel, settings, rng)
        for sample in reaction.samples
    ]
    return loads, bands


def _paint(settings: Settings, geometry: Geometry, gel: Gel, loads: list[Load]) -> tuple[NDArray[np.float32], float]:
    """All lanes' protein over the detector's range, and that range per unit of amount."""
    signal = np.zeros(settings.shape, np.float32)
    for strip, load in zip(geometry.strips, loads, strict=True):
        if load.profile.any():
            paint_lane(signal, geometry, strip, gel, load.profile)
    gain = settings.exposure / max(float(signal.max()), 1e-30)
    signal *= np.float32(gain)
    return signal, gain


def _count_ceiling(image: NDArray[np.generic], settings: Settings, geometry: Geometry) -> list[int]:
    """Pixels of each lane at the detector's ceiling."""
    level = ceiling_level(settings)
    if level is None:
        return [0] * len(geometry.strips)
    full = image == level
    if not full.any():
        return [0] * len(geometry.strips)
    x = geometry.x[full]
    return [int((np.abs(x - s.centre) <= 0.5 * s.width).sum()) for s in geometry.strips]


def _describe(
    seed: int,
    difficulty: str,
    stress: Mapping[str, Any],
    settings: Settings,
    reaction: Reaction,
    geometry: Geometry,
    marker: tuple[float, ...],
) -> dict[str, Any]:
    return {
        "seed": seed,
        "difficulty": difficulty,
        "stress": {k: list(v) if isinstance(v, tuple) else v for k, v in stress.items()},
        "pitch_px": geometry.pitch,
        "lane_width_px": float(np.median([s.width for s in geometry.strips])),
        "response": "density" if settings.detector == "film8" else "linear",
        "detector": settings.detector,
        "marker_kda": list(MARKER_KDA),
        "marker_bands_kda": list(marker),
        "ec50_nM": reaction.ec50_nm[settings.compounds[0]],
        "ec50_by_compound_nM": dict(reaction.ec50_nm),
        "antibody": "modifier" if settings.modifier_antibody else "target",
        "assay": "cells" if settings.degrade else "in-vitro",
    }


def _layout_row(lane: int, sample: Any, grouped: bool) -> dict[str, Any]:
    row = {
        "lane": lane,
        "role": sample.role,
        "compound": sample.compound or None,
        "concentration_nM": sample.concentration_nm,
        "time_min": 45 if sample.role in ("negative", "vehicle", "sample") else None,
        "replicate": sample.replicate,
    }
    return row | ({"group": sample.group or None} if grouped else {})
