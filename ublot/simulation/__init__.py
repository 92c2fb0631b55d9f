"""Simulated blots whose truth is known: settings, reaction, separation, membrane, detector, files."""

from __future__ import annotations

from ublot.simulation.blot import SimulatedBlot, demo_blot, simulate_blot
from ublot.simulation.family import draw_family
from ublot.simulation.files import earlier_blots, save_blot, write_blots
from ublot.simulation.settings import DIFFICULTIES, STRESSES, Settings
from ublot.simulation.suite import write_suite
from ublot.simulation.suite_scores import score_results

__all__ = [
    "DIFFICULTIES",
    "STRESSES",
    "Settings",
    "SimulatedBlot",
    "demo_blot",
    "draw_family",
    "earlier_blots",
    "save_blot",
    "score_results",
    "simulate_blot",
    "write_blots",
    "write_suite",
]
