"""What follows from an edit is, to the last bit, what a run from the start would give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ublot
from ublot.mass.calibration import calibration_from_positions

if TYPE_CHECKING:
    from ublot.inputs.edits import Edits

STEPS = 6


def drag(edits: Edits, before: ublot.Analysis, draw: np.random.Generator) -> Edits:
    """A lane that is moved, bent or given another width."""
    items = list(before.geometry)
    at = int(draw.integers(len(items)))
    shift, bend = draw.normal(0, 2, 2)
    rows = np.linspace(-1, 1, len(items[at].xs))
    xs = tuple((np.array(items[at].xs) + shift + bend * rows).tolist())
    items[at] = replace(items[at], xs=xs, width=items[at].width * float(draw.uniform(0.9, 1.1)))
    return replace(edits, lanes=replace(before.geometry, items=tuple(items)))


def cut(edits: Edits, before: ublot.Analysis, draw: np.random.Generator) -> Edits:
    """A boundary that is moved, or found again."""
    rows = dict(edits.boundary_rows)
    ladder = before.ladders[int(draw.integers(1, len(before.ladders)))]
    if rows and draw.random() < 0.3:
        rows.popitem()
    else:
        rows[ladder.lane] = round(ladder.boundary_row + float(draw.normal(0, 3)), 2)
    return replace(edits, boundary_rows=tuple(sorted(rows.items())))


def rule(edits: Edits, before: ublot.Analysis, draw: np.random.Generator) -> Edits:
    """A band of the marker that is moved, or all found again."""
    if before.calibration is None or draw.random() < 0.2:
        return replace(edits, calibration=None)
    rows = np.array(before.calibration.rows)
    rows[int(draw.integers(len(rows)))] += float(draw.normal(0, 1.5))
    found = calibration_from_positions(list(zip(before.calibration.masses, np.sort(rows).tolist(), strict=True)))
    return replace(edits, calibration=found)


@pytest.mark.parametrize("seed", [1])
def test_random_edits_give_what_a_run_from_the_start_gives(seed: int) -> None:
    draw = np.random.default_rng(seed)
    simulated = ublot.simulate_blot(seed=seed, lanes=8, shape=(320, 560))
    options = {"layout": simulated.layout, "marker": simulated.truth["marker_kda"]}
    now = ublot.analyze(simulated.image, **options)
    steps = [drag, cut, cut, rule, *draw.choice([drag, cut, rule], STEPS - 4)]
    seen = [now]
    for step in steps:
        now = now.with_edits(step(now.edits, now, draw))
        seen.append(now)
        anew = ublot.analyze(simulated.image, edits=now.edits, **options)
        for name in ("lanes", "species", "profiles"):
            for column, values in anew.columns[name].items():
                # Compared as text, in which a number that is none equals itself and all others only themselves.
                assert list(map(repr, now.columns[name][column])) == list(map(repr, values)), (step.__name__, column)
        assert now.messages == anew.messages
    again = now
    for before in reversed(seen[:-1]):
        again = again.with_edits(before.edits)
    assert again == seen[0]
