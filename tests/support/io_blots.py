"""Small blots drawn for tests of reading, with every level known."""

from __future__ import annotations

import numpy as np


def bands(rows=240, cols=320, *, background=2000.0, height=20000.0, noise=30.0, seed=0):
    """Five lanes of one strong band and a ladder above it, bright on dark; float64 levels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:cols].astype(float)
    image = background + 0.1 * background * (x / cols)
    for lane in range(5):
        centre = cols * (lane + 0.75) / 5.5
        across = np.exp(-(np.abs((x - centre) / (0.07 * cols)) ** 6))
        for k in range(6):
            peak = height * (1 if k == 0 else 0.25 / k)
            image += peak * across * np.exp(-0.5 * ((y - rows * (0.7 - 0.07 * k)) / (0.012 * rows)) ** 2)
    return image + rng.normal(size=image.shape) * np.sqrt(noise**2 + 2 * image)


def blot16(**options):
    return np.clip(np.rint(bands(**options)), 0, 65535).astype(np.uint16)


def blot8(**options):
    return np.clip(np.rint(bands(**options) / 100), 0, 255).astype(np.uint8)
