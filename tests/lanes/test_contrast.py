"""Rows of bands as strips, films and figures show them: what a lane is does not rest on the picture around it."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot

from ublot.lanes.contrast import PLACES, contrasts
from ublot.lanes.finding import find_lanes


def strip(height, count=9, pitch=80, fill=0.8, thick=0.25, *, strengths=None, glow=0.0, white=0, smile=0.0, seed=0):
    """One row of bands on a strip `height` px high, with `white` px of nothing around it, and their centres."""
    rng = np.random.default_rng(seed)
    cols = pitch * count + pitch // 2
    y, x = np.mgrid[0:height, 0:cols]
    centres = 0.75 * pitch + pitch * np.arange(count)
    strengths = rng.uniform(0.2, 1, count) if strengths is None else strengths
    image = np.zeros(y.shape)
    for centre, strength in zip(centres, strengths, strict=True):
        u = (x - centre) / (0.5 * fill * pitch)
        row = 0.5 * height - smile * thick * height * u**2
        band = np.exp(-np.log(2) * np.abs(u) ** 8) * np.exp(-0.5 * ((y - row) / (0.5 * thick * height)) ** 2)
        halo = np.exp(-np.abs(x - centre) / (0.6 * pitch) - 0.5 * ((y - row) / (thick * height)) ** 2)
        image += strength * (band + glow * halo)
    image = np.pad(image, white)
    return as_blot(1000 + 20000 * image + rng.normal(0, 40, image.shape)), centres + white


@pytest.mark.parametrize("counted", [True, False], ids=["count", "no count"])
@pytest.mark.parametrize(
    "options",
    [
        {"height": 15, "pitch": 24, "count": 6},
        {"height": 30},
        {"height": 84},
        {"height": 60, "thick": 0.7},  # bands as high as the strip
        {"height": 60, "glow": 0.03},
        {"height": 60, "fill": 0.9},
        {"height": 60, "smile": 0.7},
        {"height": 40, "white": 200},  # a row of bands in the middle of nothing
        {"height": 60, "count": 20, "pitch": 40},
    ],
    ids=lambda o: ",".join(f"{k}={v}" for k, v in o.items()),
)
def test_strips(options, counted):
    blot, centres = strip(**options)
    found = find_lanes(blot, len(centres) if counted else None)
    x = np.array([lane.centre(0.5 * blot.shape[0]) for lane in found])
    assert len(x) == len(centres)
    assert np.abs(x - centres).max() < 0.2 * np.diff(centres).mean()


def test_bands_of_few_lanes_in_a_wide_picture_are_not_split():
    blot, centres = strip(60, count=5, pitch=100, white=300)
    found = find_lanes(blot, 5)
    assert np.abs(np.array([lane.centre(330) for lane in found]) - centres).max() < 20


def test_contrast_does_not_rest_on_strength():
    x = np.arange(400)
    lane = sum(s * np.exp(-(((x - c) / 14) ** 6)) for s, c in ((1.0, 100), (0.1, 150), (1.0, 200), (0.1, 250)))
    values = np.tile(lane, (20, 1)).astype(np.float32)
    seen = contrasts(values, np.ones_like(values), np.array([50.0]), 0.0, 1e-3)[0]
    at = {c: seen[round(c * PLACES / 50)] for c in (100, 125, 150, 175, 200, 250)}
    assert min(at[100], at[150], at[200], at[250]) > 0.8
    assert max(at[125], at[175]) < -0.5
