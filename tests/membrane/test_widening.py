"""Bands wider than their lane, against drawings in which their width is known."""

from __future__ import annotations

import numpy as np
import pytest
from flanked_lanes import CENTRES, COLS, PITCH, ROWS, box_with_flanks, fitted, heights
from strip_blots import as_blot

from ublot.background.estimation import estimate_background
from ublot.model import Lane, Lanes, Window
from ublot.profiles.extraction import extract_profiles
from ublot.profiles.widening import COUNTED

BAND = slice(322, 339)  # the unmodified band that `heights` draws
ABOVE = slice(100, 305)


def drawing(rng, *, wider=0.0, slope=0.0, tall=None):
    """Lanes whose strong bands are wider by a share of themselves, and lie aslant by so many rows at the edge."""
    y, x = np.mgrid[:ROWS, :COLS].astype(float)
    tall = heights(rng) if tall is None else tall
    image = np.full((ROWS, COLS), 2000.0) + 20.0 * rng.normal(size=(ROWS, COLS))
    for lane, centre in zip(tall, CENTRES, strict=True):
        offset = x - centre
        along = np.interp((y - slope * np.clip(offset / 27.0, -1.4, 1.4)).ravel(), np.arange(ROWS), lane)
        along = along.reshape(y.shape)
        share = np.clip(along / tall.max(), 0, 1)
        image += along * ((1 - share) * box_with_flanks(offset) + share * box_with_flanks(offset / (1 + wider)))
    items = tuple(Lane(i + 1, (0.0, ROWS - 1.0), (c, c), 54.0) for i, c in enumerate(CENTRES))
    return as_blot(image), Lanes(items, Window(0, ROWS, 0, COLS), PITCH, 8.0), tall


def shares(blot, lanes, tall):
    """Widening that was seen in the unmodified band and above it, weighed by light, shape (lanes,) each."""
    fit = fitted(blot, lanes)
    rows = np.arange(ROWS)
    seen = np.array([np.interp(rows, fit.along.row_px, w) for w in fit.widening.T])
    return [(seen[:, part] * tall[:, part]).sum(axis=1) / tall[:, part].sum(axis=1) for part in (BAND, ABOVE)]


@pytest.mark.parametrize("wider", [0.05, 0.12])
def test_light_of_a_wider_band_is_what_it_was_drawn_with(wider):
    blot, lanes, tall = drawing(np.random.default_rng(5), wider=wider)
    band, above = shares(blot, lanes, tall)
    drawn = [wider * (tall[:, p] ** 2).sum(axis=1) / tall[:, p].sum(axis=1) / tall.max() for p in (BAND, ABOVE)]
    # The shape itself may hold some of it: what counts is how much wider the band is than what stands above it.
    assert band - above == pytest.approx(drawn[0] - drawn[1], rel=0.35, abs=0.006)
    assert np.mean(band - above) == pytest.approx(np.mean(drawn[0] - drawn[1]), rel=0.15)


@pytest.mark.parametrize("slope", [0.0, 5.0])
def test_bands_that_are_no_wider_stay_as_they_are(slope):
    rng = np.random.default_rng(6)
    blot, lanes, tall = drawing(rng, slope=slope)
    band, above = shares(blot, lanes, tall)
    assert np.abs(band).max() < 0.01 and np.abs(above).max() < 0.01


def test_interval_holds_from_none_to_all_of_the_light_beside_a_band():
    blot, lanes, _ = drawing(np.random.default_rng(7), wider=0.1)
    background = estimate_background(blot, lanes)
    for profile, share in zip(extract_profiles(blot, lanes, background), background.widening.share, strict=True):
        top = int(np.argmax(profile.signal))
        alone = profile.signal[top] / (1 + COUNTED * share[top])
        reach = 1.96 * np.sqrt((profile.modes[:, top] ** 2).sum())
        assert share[top] > 0.02
        assert profile.signal[top] - reach < alone and alone * (1 + share[top]) < profile.signal[top] + reach
