"""Values that flow through the pipeline: what they work out of themselves."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot

from ublot.model import Window


@pytest.mark.parametrize(("shape", "roi"), [((777, 1030), None), ((301, 90), Window(3, 297, 1, 88)), ((40, 33), None)])
@pytest.mark.parametrize("side", [1, 2, 8])
def test_means_are_those_of_whole_squares_of_the_region(shape, roi, side) -> None:
    signal = np.random.default_rng(0).normal(1000, 100, shape).astype(np.float32)
    blot = as_blot(signal, roi=roi)
    rows, cols = blot.window.height // side, blot.window.width // side
    used = signal[blot.window.slices].astype(np.float64)[: rows * side, : cols * side]
    truth = used.reshape(rows, side, cols, side).mean(axis=(1, 3))
    np.testing.assert_allclose(blot.means(side), truth, rtol=1e-6)
