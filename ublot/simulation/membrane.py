"""What is on a membrane besides the lanes' protein: uneven background, dust, fibres, pen, edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ublot.simulation.geometry import Geometry
    from ublot.simulation.settings import Settings

__all__ = ["add_dirt", "cut_edges", "draw_membrane"]

F32 = NDArray[np.float32]


def draw_membrane(settings: Settings, rng: np.random.Generator) -> F32:
    """Background over the detector's range: a random field of long waves, with a fine texture.

    A stationary Gaussian field with a power-law spectrum, as a sum of cosines of random direction, phase and
    wavelength (half to three times the picture); shape ``settings.shape``.
    """
    rows, cols = settings.shape
    y, x = np.mgrid[0 : rows // 4 + 1, 0 : cols // 4 + 1].astype(np.float32) * 4 / max(rows, cols)
    field = np.zeros_like(x)
    for _ in range(10):
        wave = rng.uniform(0.5, 3.0)
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        k = 2 * np.pi / wave
        field += rng.normal() * wave**1.5 * np.cos(k * (x * np.cos(angle) + y * np.sin(angle)) + phase)
    field = (field - field.mean()) / max(float(field.std()), 1e-6)
    field = cv2.resize(field, (cols, rows), interpolation=cv2.INTER_CUBIC)
    white = rng.standard_normal((rows, cols), np.float32)
    texture = np.asarray(cv2.GaussianBlur(white, (0, 0), 1.5), np.float32)
    texture = texture * np.float32(settings.grain / max(float(texture.std()), 1e-6))
    uneven = settings.ripple * field
    if settings.blotch:
        uneven = uneven + np.float32(settings.blotch) * _blotches(settings, rng)
    even = np.maximum(1.0 + uneven, 0.15)
    return np.asarray(settings.level * even * (1.0 + texture), np.float32)


def _blotches(settings: Settings, rng: np.random.Generator) -> F32:
    """A Gaussian field of unit variance whose correlation dies out over `blotch_length` lanes."""
    rows, cols = settings.shape
    sigma = settings.blotch_length * cols / settings.lanes
    step = max(int(sigma / 4), 1)
    small = rng.standard_normal((rows // step + 8, cols // step + 8), np.float32)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT), np.float32)
    small /= max(float(small.std()), 1e-6)
    return np.asarray(cv2.resize(small, (cols, rows), interpolation=cv2.INTER_CUBIC), np.float32)


def add_dirt(picture: F32, settings: Settings, rng: np.random.Generator) -> None:
    """Specks with heavy-tailed brightness, fibres and pen strokes, in place. A few of them are dark."""
    rows, cols = picture.shape
    for _ in range(settings.dust):
        radius = rng.uniform(0.5, 1.6) * (3.0 if rng.random() < 0.05 else 1.0)
        bright = min(0.02 * (1 + rng.pareto(1.3)), 0.8)
        r, c = rng.integers(0, rows), rng.integers(0, cols)
        reach = int(4 * radius) + 1
        top, left = max(r - reach, 0), max(c - reach, 0)
        patch = picture[top : r + reach + 1, left : c + reach + 1]
        yy, xx = np.ogrid[top : top + patch.shape[0], left : left + patch.shape[1]]
        spot = np.exp(-0.5 * ((yy - r) ** 2 + ((xx - c) / rng.uniform(0.7, 1.4)) ** 2) / radius**2)
        if rng.random() < 0.12:
            patch *= (1 - 0.6 * spot).astype(np.float32)  # a bubble at transfer leaves a hole
        else:
            patch += (bright * spot).astype(np.float32)
    for _ in range(settings.lint):
        steps = rng.normal(0, 0.25, 25).cumsum() + rng.uniform(0, 2 * np.pi)
        way = np.cumsum(np.c_[np.cos(steps), np.sin(steps)], axis=0) * max(rows, cols) * rng.uniform(0.002, 0.008)
        way += rng.uniform(0, 1, 2) * (cols, rows)
        picture += _stroke(picture.shape, way, 1, 0.6) * np.float32(rng.uniform(0.01, 0.08))
    if settings.pen:
        wide = max(2, cols // 300)
        beside = np.array([[0.015, 0.22], [0.03, 0.24], [0.028, 0.4], [0.035, 0.52]]) * (cols, rows)
        below = np.array([[0.38, 0.965], [0.44, 0.98], [0.52, 0.962]]) * (cols, rows)
        picture += _stroke(picture.shape, beside, wide, 0.8) * np.float32(0.35)
        picture *= 1 - np.float32(0.9) * _stroke(picture.shape, below, wide, 0.8)


def _stroke(shape: tuple[int, ...], points: NDArray[np.floating], width: int, blur: float) -> F32:
    """A line through `points` (column, row), 0 to 1."""
    mask = np.zeros(shape, np.uint8)
    cv2.polylines(mask, [np.round(points * 16).astype(np.int32)], False, (255,), width, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur), np.float32)


def cut_edges(picture: F32, geometry: Geometry, settings: Settings, rng: np.random.Generator) -> None:
    """End the membrane inside the picture, in place: a slightly wavy cut with a brighter rim, nothing beyond it."""
    top, bottom, left, right = geometry.frame
    rows, cols = picture.shape
    x, y = geometry.turned_x, geometry.turned_y
    wave = [0.002 * rows * np.sin(x * rng.uniform(4, 9) / cols + rng.uniform(0, 6)) for _ in range(2)]
    skew = rng.normal(0, 0.004, 2) * cols
    sides = (
        y - top + wave[0], bottom - y + wave[1], x - left + skew[0] * y / rows, right - x + skew[1] * y / rows,
    )  # fmt: skip
    depth = np.minimum.reduce(sides)
    picture += (0.5 * settings.level * np.exp(-np.abs(depth) / (0.006 * cols))).astype(np.float32)
    picture *= (1 / (1 + np.exp(-np.clip(depth, -30, 30)))).astype(np.float32)
