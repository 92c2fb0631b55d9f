"""What every stage from pixels to profiles must obey, as functions that a test calls with a blot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ublot.background.estimation import estimate_background
from ublot.lanes.finding import find_lanes
from ublot.profiles.extraction import extract_profiles


def run(blot, count, method="gutter", blank=()):
    """Lanes and the signal of every lane, shape (lanes, rows)."""
    lanes = find_lanes(blot, count, blank=blank)
    profiles = extract_profiles(blot, lanes, estimate_background(blot, lanes, method, blank=blank))
    return lanes, np.array([p.signal for p in profiles])


def frozen(blot):
    """The blot with pixels that nobody can write to."""
    signal = blot.signal.copy()
    signal.flags.writeable = False
    return replace(blot, signal=signal)


def fractions(signal, cut):
    """Share of every lane's signal above a row."""
    return signal[:, :cut].sum(axis=1) / signal.sum(axis=1)


def reads_only(blot, count, method):
    """No stage writes to its input, nor does it depend on the input being writable."""
    before = blot.signal.copy()
    _, first = run(blot, count, method)
    assert np.array_equal(blot.signal, before)
    _, second = run(frozen(blot), count, method)
    assert np.array_equal(first, second)


def repeats(blot, count, method):
    """The same input gives the same numbers, bit for bit."""
    (a, first), (b, second) = run(blot, count, method), run(blot, count, method)
    assert a == b and np.array_equal(first, second)


def scales(blot, count, method, factor, cut, tolerance=2e-3):
    """A signal that is `factor` times as strong gives areas that are, and the same fractions and places."""
    (a, first), (b, second) = run(blot, count, method), run(replace(blot, signal=blot.signal * factor), count, method)
    assert np.allclose([x.xs for x in a], [x.xs for x in b], atol=0.05)
    assert np.allclose(second.sum(axis=1), factor * first.sum(axis=1), rtol=tolerance)
    assert np.allclose(fractions(second, cut), fractions(first, cut), atol=tolerance)


def ignores_offsets(blot, count, method, offset, cut, tolerance=3e-3):
    """A constant added to all pixels changes nothing after background removal."""
    moved = replace(blot, signal=blot.signal + np.float32(offset))
    (a, first), (b, second) = run(blot, count, method), run(moved, count, method)
    # Rounding in float32 may end the refinement a turn earlier or later: its steps are then below 0.1 px.
    assert np.allclose([x.xs for x in a], [x.xs for x in b], atol=0.15)
    assert np.allclose(second.sum(axis=1), first.sum(axis=1), rtol=tolerance)
    assert np.allclose(fractions(second, cut), fractions(first, cut), atol=tolerance)


def mirrors(blot, count, method, cut, tolerance=0.01):
    """The mirror image gives the mirrored lanes and areas."""
    mirrored = replace(blot, signal=np.ascontiguousarray(blot.signal[:, ::-1]))
    (a, first), (b, second) = run(blot, count, method), run(mirrored, count, method)
    right = blot.shape[1] - 1
    assert np.allclose([right - x.xs[0] for x in a], [x.xs[0] for x in b][::-1], atol=0.3)
    assert np.allclose([x.width for x in a], [x.width for x in b][::-1], rtol=0.01)
    assert np.allclose(second[::-1].sum(axis=1), first.sum(axis=1), rtol=tolerance)
    assert np.allclose(fractions(second[::-1], cut), fractions(first, cut), atol=tolerance)
