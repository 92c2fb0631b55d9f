"""Lanes drawn flat and steep with long flanks, which no generalised Gaussian is."""

from __future__ import annotations

import numpy as np
from strip_blots import as_blot

from ublot.membrane.joint_fit import fit_membrane_and_flanks
from ublot.model import Lane, Lanes, Window

ROWS, COLS, LANES, PITCH = 480, 720, 8, 80.0
CENTRES = 80 + PITCH * np.arange(LANES)


def box_with_flanks(offset, half=27.0, edge=3.0, tail=0.0, reach=12.0):
    """Flat, steep, and with flanks of height `tail` at the edge: no generalised Gaussian."""
    steep = 0.5 * (np.tanh((offset + half) / edge) - np.tanh((offset - half) / edge))
    beyond = np.maximum(np.abs(offset) - half, 0)
    return (1 - tail) * steep + tail * np.exp(-beyond / reach)


def heights(rng, *, smear=600.0):
    y, out = np.arange(ROWS), []
    for _ in range(LANES):
        bands = sum(
            h * np.exp(-0.5 * ((y - at) / 4.0) ** 2)
            for at, h in ((330, 9000 * rng.uniform(0.5, 1.2)), (295, 2500), (268, 1500), (245, 800))
        )
        out.append(bands + smear * rng.uniform(0.5, 1.5) * np.exp(-0.5 * ((y - 170) / 70.0) ** 2))
    return np.array(out)


def drawing(rng, *, membrane=None, noise=20.0, tall=None, **shape):
    """A picture, its lanes as a generalised Gaussian would have them, and its true membrane."""
    x = np.arange(COLS)
    membrane = np.full((ROWS, COLS), 2000.0) if membrane is None else membrane
    tall = heights(rng) if tall is None else tall
    signal = sum(h[:, None] * box_with_flanks(x - c, **shape) for h, c in zip(tall, CENTRES, strict=True))
    image = membrane + signal + noise * rng.normal(size=membrane.shape)
    items = tuple(Lane(i + 1, (0.0, ROWS - 1.0), (c, c), 54.0) for i, c in enumerate(CENTRES))
    return as_blot(image), Lanes(items, Window(0, ROWS, 0, COLS), PITCH, 8.0), membrane


def fitted(blot, lanes, blank=()):
    empty = np.array([lane.number in blank for lane in lanes])
    return fit_membrane_and_flanks(blot, lanes, empty, 0.7, 16)
