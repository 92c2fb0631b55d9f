"""Pixels as greys, protein dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bounds", "greys", "reduced"]

MANY = 300_000  # pixels, from where on every second row and column tell their bounds


def bounds(picture: NDArray[np.float32], low: float, high: float) -> tuple[float, float]:
    """Signal that is shown white, and signal that is shown black: two percentiles, never the same."""
    step = 2 if picture.size > MANY else 1
    known = picture[::step, ::step]
    known = known[np.isfinite(known)]
    white, black = (float(v) for v in np.percentile(known, (low, high))) if known.size else (0.0, 1.0)
    return white, black if black > white else white + 1.0


def greys(picture: NDArray[np.float32], white: float, black: float) -> NDArray[np.uint8]:
    """Linear in signal between the bounds; what is not known is white."""
    level = np.clip((black - picture) * (255 / (black - white)), 0, 255)
    level[np.isnan(level)] = 255
    return np.asarray(np.rint(level, out=level).astype(np.uint8))


def reduced(picture: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Area means, so many pixels to one: leaving out pixels would drop thin bands."""
    import cv2

    if scale <= 1:
        return picture
    size = max(round(picture.shape[1] / scale), 1), max(round(picture.shape[0] / scale), 1)
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA))
