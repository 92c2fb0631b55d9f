"""Small simulated blots, each made once, and their analyses."""

from __future__ import annotations

from functools import cache

import numpy as np

import ublot
from ublot.simulation import simulate_blot

SCORED = ("vehicle", "sample")


@cache
def small_blot(seed=1, difficulty="easy", **stress):
    """Ten lanes on 520 x 696 px: marker, no ATP, three DMSO lanes, four doses, a blank."""
    blot = simulate_blot(seed=seed, difficulty=difficulty, shape=(520, 696), lanes=10, **stress)
    blot.image.flags.writeable = False
    return blot


def layout_of(blot, **changes):
    """Layout as rows; `changes` maps ``lane_N`` to cells that are set otherwise."""
    return [{**row, **changes.get(f"lane_{row['lane']}", {})} for row in blot.layout]


def analyse(blot, *, image=None, layout=None, **options):
    given = {"marker": "precision-plus", **options}
    return ublot.analyze(blot.image if image is None else image, layout=layout or layout_of(blot), **given)


@cache
def analysed(**stress):
    """`small_blot` analysed with its own layout."""
    return analyse(small_blot(**stress))


def truth_of(blot, name):
    return np.array([lane.get(name, np.nan) for lane in blot.truth["lanes"]], float)


def scored(analysis):
    return analysis.lanes.role.isin(SCORED).to_numpy()
