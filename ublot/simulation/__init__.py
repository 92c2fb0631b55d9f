"""Simulated blots whose truth is known: settings, reaction, separation, membrane, detector, files."""

from __future__ import annotations

from ublot.simulation.blot import SimulatedBlot, demo_blot, simulate_blot
from ublot.simulation.family import draw_family
from ublot.simulation.files import earlier_blots, save_blot, write_blots
from ublot.simulation.settings import DIFFICULTIES, STRESSES, Settings

__all__ = [
    "DIFFICULTIES",
    "STRESSES",
    "Settings",
    "SimulatedBlot",
    "demo_blot",
    "draw_family",
    "earlier_blots",
    "save_blot",
    "simulate_blot",
    "write_blots",
]
