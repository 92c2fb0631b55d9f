"""Where the gel lies in the picture, and painting lanes into it without losing any of their signal."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ublot.simulation.lateral import lateral
from ublot.simulation.separation import STEP, Gel

if TYPE_CHECKING:
    from ublot.simulation.lateral import Law
    from ublot.simulation.settings import Settings

__all__ = ["Geometry", "Strip", "lay_out", "membrane_frame", "paint_lane"]

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Strip:
    """One lane's place and shape, in the gel's own coordinates.

    Attributes
    ----------
    centre, width : float
        Column at mid-height and full width at half height, px.
    edges : tuple of float
        Standard deviations of the left and the right flank, px.
    lean : float
        Relative difference of signal between the right and the left flank.
    curl, slope : float
        Rows by which a band's flanks lag behind its middle, and by which its right flank lags behind its left.
    speed : float
        Distance run over that of the gel as a whole.
    law, tails, reach
        How the lane falls off at its sides, see `ublot.simulation.lateral`.
    rims : tuple of float
        How much brighter its left and its right edge is than its middle.
    bulge : float
        How much wider than its faintest bands its brightest are, over its width.
    """

    centre: float
    width: float
    edges: tuple[float, float]
    lean: float
    curl: float
    slope: float
    speed: float
    law: Law = "erf"
    tails: float = 0.0
    reach: float = 1.0
    rims: tuple[float, float] = (0.0, 0.0)
    bulge: float = 0.0


@dataclass(frozen=True, eq=False)
class Geometry:
    """Pixels of the picture in coordinates of the gel: `x` and `y` of each, and how much rows are packed there.

    Attributes
    ----------
    frame : tuple of float
        Top, bottom, left and right of the membrane, in gel coordinates before any smile.
    turned_x, turned_y : ndarray, shape (rows, cols)
        Coordinates after the turn alone: where the membrane is straight.
    x, y, packing : ndarray, shape (rows, cols)
        Coordinates in which lanes are straight and bands level; signal per row is `packing` times denser.
    strips : tuple of Strip
    pitch : float
    x_px : tuple of float
        Where the lanes' centre lines cross mid-height of the picture.
    """

    frame: tuple[float, float, float, float]
    turned_x: F32
    turned_y: F32
    x: F32
    y: F32
    packing: F32
    strips: tuple[Strip, ...]
    pitch: float
    x_px: tuple[float, ...]


def membrane_frame(settings: Settings) -> tuple[float, float, float, float]:
    """Top, bottom, left and right of the membrane; outside the picture unless its edges show."""
    rows, cols = settings.shape
    if settings.membrane_edge:
        return 0.03 * rows, 0.965 * rows, 0.07 * cols, 0.93 * cols
    return 0.0, float(rows), 0.0, float(cols)


def lay_out(settings: Settings, well: float, sigma: float, rng: np.random.Generator) -> Geometry:
    """Place the lanes on the membrane, and the membrane in the picture."""
    rows, cols = settings.shape
    frame = membrane_frame(settings)
    margin = (0.06 if settings.membrane_edge else 0.07) * cols
    left, right = frame[2] + margin, frame[3] - margin
    pitch = (right - left) / settings.lanes
    centres = left + pitch * (np.arange(settings.lanes) + 0.5)
    centres += np.clip(rng.normal(0, settings.pitch_scatter, settings.lanes), -0.1, 0.1) * pitch
    strips = tuple(_draw_strip(settings, float(c), pitch, sigma, rng) for c in centres)
    turn = math.radians(settings.tilt_deg) * rng.choice([-1.0, 1.0])
    bow = settings.bow * pitch * rng.choice([-1.0, 1.0])
    mid_y, mid_x = 0.5 * (rows - 1), 0.5 * (cols - 1)

    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32)
    y, x = y - mid_y, x - mid_x
    turned_x = (x * math.cos(turn) - y * math.sin(turn) + mid_x).astype(np.float32)
    turned_y = (x * math.sin(turn) + y * math.cos(turn) + mid_y).astype(np.float32)
    straight = turned_x - _bend(turned_y, bow, mid_y)
    across = (straight - np.float32(0.5 * (left + right))) / np.float32(0.5 * (right - left))
    # The middle of a warm gel runs ahead: rows are stretched there and packed at the sides, the amount is the same.
    ran = 1.0 - np.float32(settings.smile) * across**2
    level = well + (turned_y - well) / ran
    crossing = tuple(_crossing(s.centre, turn, bow, mid_x, mid_y) for s in strips)
    return Geometry(
        frame, turned_x, turned_y, straight, level.astype(np.float32), (1.0 / ran).astype(np.float32), strips, pitch,
        crossing,
    )  # fmt: skip


def _draw_strip(settings: Settings, centre: float, pitch: float, sigma: float, rng: np.random.Generator) -> Strip:
    flank = settings.softness * pitch
    lag = sigma * settings.curl
    strip = Strip(
        centre=centre,
        width=float(settings.fill * pitch * np.clip(1 + rng.normal(0, settings.width_scatter), 0.8, 1.2)),
        edges=(float(flank * rng.uniform(0.8, 1.2)), float(flank * rng.uniform(0.8, 1.2))),
        lean=float(rng.normal(0, settings.asymmetry)),
        curl=float(lag * rng.choice([1.0, 1.0, 1.0, -0.5]) * rng.uniform(0.4, 1.6)),
        slope=float(lag * rng.normal(0, 0.4)),
        speed=float(1 + rng.normal(0, settings.speed_scatter)),
        law=settings.lateral,
        tails=settings.tails,
        bulge=settings.bulge,
    )
    # Drawn only where they are asked for: all else stays as it was drawn without them.
    if settings.tails:
        strip = replace(strip, reach=float(pitch * rng.uniform(0.1, 0.3)))
    if settings.rims:
        left, right = (settings.rims * rng.uniform(0, 1, 2)).tolist()
        strip = replace(strip, rims=(left, right))
    if settings.slant:
        strip = replace(strip, slope=float(strip.slope + sigma * rng.normal(0, settings.slant)))
    return strip


def _bend(y: NDArray[np.floating], bow: float, mid_y: float) -> NDArray[np.floating]:
    """Columns by which lanes are displaced at row `y`: none at mid-height, `bow` at the ends, steeper below."""
    t = (y - mid_y) / mid_y
    return np.asarray(bow * (1.0 - np.cos(0.5 * math.pi * t)) * (1.0 + 0.25 * t), y.dtype)


def _crossing(centre: float, turn: float, bow: float, mid_x: float, mid_y: float) -> float:
    """Column at which a centre line crosses mid-height, by fixed-point iteration (the turn is small)."""
    dx = centre - mid_x
    for _ in range(8):
        bend = float(_bend(np.asarray(mid_y + dx * math.sin(turn)), bow, mid_y))
        dx = (centre + bend - mid_x) / math.cos(turn)
    return dx + mid_x


def paint_lane(
    canvas: F32,
    geometry: Geometry,
    strip: Strip,
    gel: Gel,
    profile: NDArray[np.float64],
    even: float = 0.0,
    phase: float = 0.0,
) -> None:
    """Add a lane to `canvas` so that its sum grows by the area of `profile`, whatever the lane's shape.

    Parameters
    ----------
    canvas : ndarray, shape (rows, cols)
        Changed in place.
    geometry, strip, gel
        Where.
    profile : ndarray
        Signal along the lane, on ``gel.rows``.
    even : float
        Signal per row that fills the lane from end to end besides (haze), lightly uneven along the lane.
    phase : float
        Of that unevenness, radians.
    """
    half = 0.5 * strip.width
    reach = half + 5 * max(strip.edges)
    if strip.law != "erf" or strip.tails or strip.rims != (0.0, 0.0) or strip.bulge:
        reach = half + 3 * strip.width  # what of a lane lies further off than three others is not drawn
    near = (geometry.x.max(axis=0) > strip.centre - reach) & (geometry.x.min(axis=0) < strip.centre + reach)
    where = np.flatnonzero(near)
    if not len(where):
        return
    part = np.s_[:, where[0] : where[-1] + 1]
    d = geometry.x[part] - np.float32(strip.centre)
    u = np.clip(d / np.float32(half), -1.4, 1.4)
    across = _across(d, strip, half, reach)
    row = geometry.y[part] - strip.curl * (u**2 - 0.33) - strip.slope * u
    row = gel.well + (row - gel.well) / strip.speed
    along = np.interp(((row - gel.rows[0]) / STEP).ravel(), np.arange(len(gel.rows)), profile).reshape(row.shape)
    along *= geometry.packing[part] / strip.speed
    if even:
        t = (row - gel.well) / gel.span
        along += even * (1 + 0.12 * np.cos(4.0 * t + phase))
    if strip.bulge and along.max() > 0:
        # The brighter a band, the wider: as much signal on more columns.
        share = np.float32(1) * along / along.max()
        across = (1 - share) * across + share * _across(d, strip, half * (1 + strip.bulge), reach)
    canvas[part] += (across * along).astype(np.float32)


def _across(d: NDArray[np.floating], strip: Strip, half: float, reach: float) -> NDArray[np.floating]:
    """Signal across a lane, of sum 1 over all columns whatever its shape."""
    from scipy.special import erf

    plain = strip.law == "erf" and not strip.tails and strip.rims == (0.0, 0.0)
    left, right = (np.float32(math.sqrt(2) * s) for s in strip.edges)

    def shape(x: NDArray[np.floating]) -> NDArray[np.floating]:
        lean = 1 + 0.5 * strip.lean * np.clip(x / np.float32(half), -1.4, 1.4)
        if plain:
            return np.asarray(0.5 * (erf((x + half) / left) - erf((x - half) / right)) * lean)
        u = np.clip(x / half, -1.0, 1.0)
        rims = 1 + np.where(u < 0, strip.rims[0], strip.rims[1]) * np.abs(u) ** 5
        return np.asarray(lateral(x, half, strip.edges, strip.law, strip.tails, strip.reach) * lean * rims)

    # Unequal flanks and the lean shift a little signal; the lane's amount must not depend on them.
    fine = np.linspace(-reach, reach, 801)
    return np.asarray(shape(d) / (shape(fine).sum() * (fine[1] - fine[0])))
