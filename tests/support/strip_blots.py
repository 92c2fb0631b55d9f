"""Blots drawn for tests of lanes and background, with everything about them known, by no part of the package."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ublot.model import Blot, Lane, Lanes, Source, Window

SHARED = Path(__file__).parents[2] / "../shared"
REAL = SHARED / "real_blots"


def as_blot(signal, **fields):
    """Pixels as a blot, linear, light on dark."""
    image = np.ascontiguousarray(signal, np.float32)
    source = Source("drawn", "", image.nbytes, "array", "float32", image.shape)
    return Blot(image, None, None, "light-on-dark", "linear", 65535.0, source, **fields)


@dataclass(frozen=True)
class Drawn:
    """A drawing and what went into it."""

    image: np.ndarray  # signal with membrane and noise
    membrane: np.ndarray  # without lanes, without noise
    centres: np.ndarray  # of the lanes at mid-height
    slope: float
    bow: float
    width: float
    pitch: float
    heights: np.ndarray  # signal on the centre line, (lanes, rows)
    edge: float
    blank: tuple[int, ...] = ()
    settings: dict = field(default_factory=dict)

    @property
    def blot(self):
        return as_blot(self.image)

    def centre(self, lane, row):
        """True centre of a lane (from 0) at a row: a chord with a parabola on it."""
        rows = self.image.shape[0]
        t = (np.asarray(row) - (rows - 1) / 2) / ((rows - 1) / 2)
        return self.centres[lane] + self.slope * t * (rows - 1) / 2 + self.bow * t**2

    @property
    def lanes(self):
        """The true lanes as the package writes them."""
        rows, cols = self.image.shape
        knots = np.linspace(0, rows - 1, 17)
        items = [Lane(i + 1, tuple(knots), tuple(self.centre(i, knots)), self.width) for i in range(len(self.centres))]
        return Lanes(tuple(items), Window(0, rows, 0, cols), self.pitch, self.edge)


def flat(rows, cols, rng):
    """An even membrane."""
    return np.full((rows, cols), 2000.0)


def curved(rows, cols, rng):
    """A membrane that varies by half of its level across the picture, as bad stripping leaves it."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
    return 5000 + 1800 * np.cos(2.6 * x + 0.7) * (1 - 0.3 * y) + 900 * y * x + 700 * np.sin(2.2 * y)


def ladder(rows, rng, *, smear=0.3, bands=True):
    """Signal down a lane: an unmodified band, rungs above it, a smear above all, as heights by row."""
    y = np.arange(rows) / rows
    out = np.zeros(rows)
    if bands:
        out += 9000 * rng.uniform(0.8, 1.2) * np.exp(-0.5 * ((y - 0.70) / 0.006) ** 2)
        for k in range(1, 5):
            at = 0.70 - 0.055 * k + 0.002 * k * k
            out += 2500 * 0.7**k * rng.uniform(0.8, 1.2) * np.exp(-0.5 * ((y - at) / 0.006) ** 2)
    centre, wide = rng.uniform(0.3, 0.4), rng.uniform(0.08, 0.11)
    return out + smear * 3000 * rng.uniform(0.8, 1.2) * np.exp(-0.5 * ((y - centre) / wide) ** 2)


def draw(
    *,
    rows=400,
    cols=560,
    lanes=8,
    fill=0.68,
    edge=6.0,
    slope=0.0,
    bow=0.0,
    scatter=0.0,
    membrane=flat,
    haze=0.0,
    blank=(),
    smear=0.3,
    noise=25.0,
    margin=0.06,
    seed=0,
):
    """Lanes of one lateral shape ``exp(-ln 2 |2 x / width|^edge)`` on a membrane; `blank` numbers lanes from 1."""
    rng = np.random.default_rng(seed)
    pitch = cols * (1 - 2 * margin) / lanes
    centres = cols * margin + pitch * (np.arange(lanes) + 0.5) - 0.5 + rng.normal(0, scatter * pitch, lanes)
    width = fill * pitch
    heights = np.array([ladder(rows, rng, smear=smear) for _ in range(lanes)])
    heights[[number - 1 for number in blank]] = 0
    base = membrane(rows, cols, rng)
    drawn = Drawn(base, base, centres, slope, bow, width, pitch, heights, edge, tuple(blank))
    y, x = np.mgrid[0:rows, 0:cols].astype(float)
    image = base.copy()
    for i in range(lanes):
        across = np.exp(-np.log(2) * np.abs(2 * (x - drawn.centre(i, y)) / width) ** edge)
        image += across * (heights[i][:, None] + haze * rng.uniform(0.7, 1.3))
    image += rng.normal(0, noise, image.shape)
    return Drawn(image, base, centres, slope, bow, width, pitch, heights, edge, tuple(blank))


def with_dust(image, count, seed=0, height=15000):
    """The image with bright specks of 3 x 3 pixels."""
    rng = np.random.default_rng(seed)
    out = image.copy()
    for r, c in zip(rng.integers(2, out.shape[0] - 2, count), rng.integers(2, out.shape[1] - 2, count), strict=True):
        out[r - 1 : r + 2, c - 1 : c + 2] += rng.uniform(0.2, 1) * height
    return out


def with_pen(image, height=20000):
    """The image with a pen stroke beside the first lane and a notch cut at the bottom."""
    import cv2

    rows, cols = image.shape
    out = np.ascontiguousarray(image)
    cv2.line(out, (int(0.01 * cols), int(0.2 * rows)), (int(0.03 * cols), int(0.6 * rows)), float(height), 3)
    cv2.line(out, (int(0.4 * cols), int(0.97 * rows)), (int(0.55 * cols), int(0.99 * rows)), 300.0, 3)
    return out


def hmw_rows(drawn):
    """Rows of everything above the unmodified band."""
    return slice(0, int(0.67 * drawn.image.shape[0]))


def lateral_mean(edge, core=0.7):
    """Mean of the lateral shape over the core, by numerical integration."""
    u = np.linspace(-core, core, 2001)
    return float(np.exp(-np.log(2) * np.abs(u) ** edge).mean())


@cache
def other_model():
    """The module that draws ladder blots by another forward model; skips where it is absent."""
    path = SHARED / "independent_blots/make.py"
    if not path.exists():
        pytest.skip(f"{path.name} of the independent blots not beside the project")
    spec = importlib.util.spec_from_file_location("independent_make", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def real_file(*names):
    """One of the real blots; skips where it is absent."""
    path = REAL.joinpath(*names)
    if not path.exists():
        pytest.skip(f"the real blot {'/'.join(names)} not beside the project")
    return path
