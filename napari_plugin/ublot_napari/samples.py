"""Simulated blots under *Open Sample*, with their layout, so that they can be analysed at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ublot
from ublot.simulation import demo_blot
from ublot_napari.layers.lanes import LayerTuple, blot_layer

if TYPE_CHECKING:
    from ublot.simulation import SimulatedBlot

__all__ = ["dose_series", "hard_blot", "smear"]


def dose_series() -> list[LayerTuple]:
    """Return DMSO and a dose series of a SMAC mimetic as one would hope for."""
    return [_layer(demo_blot(), "simulated dose series")]


def smear() -> list[LayerTuple]:
    """Return a dose series whose ladders run into a smear."""
    return [_layer(ublot.simulate_blot(seed=3, smear=1.0), "simulated smear")]


def hard_blot() -> list[LayerTuple]:
    """Return a tilted, bowed, dirty blot with haze."""
    return [_layer(ublot.simulate_blot(seed=1, difficulty="hard"), "simulated hard blot")]


def _layer(simulated: SimulatedBlot, name: str) -> LayerTuple:
    blot = ublot.read_blot(simulated.image)
    blot = replace(blot, source=replace(blot.source, name=name))
    data, keywords, kind = blot_layer(blot)
    marker = ", ".join(f"{mass:g}" for mass in simulated.truth["marker_kda"])
    keywords["metadata"] |= {
        "ublot_layout": simulated.layout,
        "ublot_options": {"marker": marker},
        "ublot_pixels": simulated.image,
        "ublot_sample": True,  # measured as soon as it is shown
    }
    return data, keywords, kind
