"""What is drawn on and beside a blot: marker bands, kDa axis, HMW boundaries, background; no Qt here.

Layers are described by napari's ``(data, keywords, type)``, in the model's coordinates.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ublot import BlotError
from ublot.mass.scale import row_at
from ublot_napari.state.session import marker_lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ublot import Analysis, Window
    from ublot_napari.layers.lanes import LayerTuple

__all__ = [
    "REGION",
    "axis_layer",
    "background_picture",
    "bands_layer",
    "boundaries_layer",
    "cursor_layer",
    "marker_column",
    "numbers_shown",
    "region_layer",
    "rungs_layer",
]

# Magenta and green stand out from grey pictures as well as from the colours of the roles.
MARKED, BOUNDARY, AXIS, REGION = "#CC00CC", "#00B050", "#888888", "#E69F00"

ROUND_MASSES = (500, 400, 300, 250, 200, 150, 120, 100, 85, 75, 60, 50, 40, 30, 25, 20, 15, 10)
# What is written keeps its size on the screen however far the view is zoomed, so that room is counted there, px:
# napari's letters of size 8 to 10 are 9 to 11 wide and 13 to 15 high.
TICK_APART = 17.0
LABEL_WIDTH = 36.0
GAP = 6.0
DIGIT = 11.0
STRIDES = (1, 2, 5, 10, 20, 50)
"""Every first, second, fifth … lane is numbered, as room allows."""


def marker_column(analysis: Analysis) -> float:
    """Column where marker bands are drawn: the marker lane's at mid-height, else the first lane's."""
    lanes = analysis.geometry
    return float(lanes[marker_lane(analysis) - 1].centre(lanes.window.mid_row))


def numbers_shown(columns: Sequence[float], pixel: float) -> list[str]:
    """Numbers of lanes that have room side by side, empty for the others.

    Parameters
    ----------
    columns : sequence of float
        Where the number of each lane begins, left to right.
    pixel : float
        Pixels of the picture on one of the screen.
    """
    count = len(columns)
    need = (DIGIT * len(str(count)) + GAP) * pixel
    apart = min((b - a for a, b in pairwise(columns)), default=need)
    stride = next((s for s in STRIDES if s * apart >= need), STRIDES[-1])
    if stride == 2:
        return [str(n) if n % 2 else "" for n in range(1, count + 1)]
    first = 1 if (stride - 1) * apart >= 0.7 * need or stride == 1 else stride
    return [str(n) if n % stride == 0 or n == first else "" for n in range(1, count + 1)]


def _clear(rows: Sequence[float], apart: float) -> list[bool]:
    """Which of rows, top to bottom, keep their distance from the one before that does."""
    last, clear = -math.inf, []
    for row in rows:
        clear.append(row - last >= apart)
        last = row if clear[-1] else last
    return clear


def bands_layer(bands: Sequence[tuple[float, float]], analysis: Analysis, name: str, pixel: float = 1.0) -> LayerTuple:
    """Return the points layer of the marker bands, each with its mass, to be dragged up and down.

    Parameters
    ----------
    bands : sequence of (float, float)
        Row and mass (kDa) of each.
    analysis : Analysis
        Where the marker lane is.
    name : str
    pixel : float
        Pixels of the picture on one of the screen: a mass without room on it is not written.
    """
    column = marker_column(analysis)
    lanes = analysis.geometry
    aside = 0.5 * lanes[0].width + 0.5 * LABEL_WIDTH * pixel  # the mass stands beside its band
    order = sorted(range(len(bands)), key=lambda k: bands[k][0])
    clear = dict(zip(order, _clear([bands[k][0] for k in order], 0.8 * TICK_APART * pixel), strict=True))
    masses = [f"{mass:g}" if clear[k] and math.isfinite(mass) else "" for k, (_, mass) in enumerate(bands)]
    data = np.array([[row, column] for row, _ in bands], np.float64).reshape(-1, 2)
    keywords = {
        "name": name,
        "features": {"mass": [float(mass) for _, mass in bands]},
        "symbol": "hbar",
        "size": max(10.0, 0.018 * analysis.geometry.window.height),
        "face_color": MARKED,
        "border_color": MARKED,
        "border_width": 0.1,
        "text": {
            "string": {"array": masses, "default": ""},
            "anchor": "center",
            "size": 8,
            "color": MARKED,
            "translation": [0.0, -aside],
        },
        "opacity": 0.9,
    }
    return data, keywords, "points"


def rungs_layer(analysis: Analysis, name: str, pixel: float = 1.0) -> LayerTuple:
    """Return the shapes layer of the ladder's rungs where these are the ruler: a faint line each, with its mass.

    `pixel` is how many pixels of the picture lie on one of the screen.
    """
    found, window = analysis.calibration, analysis.geometry.window
    rungs = [] if found is None or found.kind != "rungs" else sorted(zip(found.rows, found.masses, strict=True))
    # Rungs crowd at the top: one without room for its mass is not drawn.
    clear = _clear([row for row, _ in rungs], TICK_APART * pixel)
    told = [rung for rung, room in zip(rungs, clear, strict=True) if room]
    lines = [np.array([[row, window.right], [row, window.right + LABEL_WIDTH * pixel]]) for row, _ in told]
    labels = [f"{mass:.0f}" for _, mass in told]
    keywords = {
        "name": name,
        "shape_type": "line",
        "features": {"label": labels},
        "edge_color": AXIS,
        "text": {"string": "{label}", "anchor": "upper_left", "size": 8, "color": AXIS},
    }
    return lines, keywords, "shapes"


def region_layer(region: Window, name: str) -> LayerTuple:
    """Return the shapes layer of the region of interest: a box to be moved and sized."""
    top, bottom, left, right = region.top - 0.5, region.bottom - 0.5, region.left - 0.5, region.right - 0.5
    box = np.array([[top, left], [top, right], [bottom, right], [bottom, left]])
    keywords = {"name": name, "shape_type": "rectangle", "edge_color": REGION, "face_color": "transparent"}
    return [box], keywords, "shapes"


def axis_layer(analysis: Analysis, name: str, pixel: float = 1.0) -> LayerTuple:
    """Return the shapes layer of a kDa axis to the left of the blot; without a calibration there is nothing in it.

    `pixel` is how many pixels of the picture lie on one of the screen: ticks that have no room there are left out.
    """
    window, calibration = analysis.geometry.window, analysis.calibration
    ticks: list[tuple[float, str]] = []
    apart = TICK_APART * pixel
    if calibration is not None:
        rows = row_at(calibration, ROUND_MASSES)
        for mass, row in zip(ROUND_MASSES, rows, strict=True):
            above = ticks[-1][0] if ticks else window.top  # "kDa" stands there
            if row < window.bottom and row - above >= apart:
                ticks.append((float(row), f"{mass:g}"))
    right = window.left - GAP * pixel
    if calibration is not None and calibration.kind != "rungs":
        # The masses of the marker stand to the left of its lane.
        marker = analysis.geometry[marker_lane(analysis) - 1]
        right = min(right, marker_column(analysis) - 0.5 * marker.width - (LABEL_WIDTH + GAP) * pixel)
    left = right - LABEL_WIDTH * pixel
    # Every label stands on a line of its own, so that the layer is as wide as its text and nothing is cut.
    lines = [np.array([[row, left], [row, right]]) for row, _ in ticks]
    if lines:
        lines.append(np.array([[window.top, left], [window.top, right]], np.float64))
        lines.append(np.array([[window.top, right], [window.bottom - 1, right]], np.float64))
    keywords = {
        "name": name,
        "shape_type": "line",
        "features": {"label": [*(text for _, text in ticks), "kDa", ""][: len(lines)]},
        "edge_color": AXIS,
        "text": {"string": "{label}", "anchor": "upper_left", "size": 9, "color": AXIS},
    }
    return lines, keywords, "shapes"


def boundaries_layer(analysis: Analysis, name: str) -> LayerTuple:
    """Return the shapes layer of the boundaries between unmodified band and HMW, a line across every scored lane."""
    lanes = analysis.geometry
    roles = analysis.columns["lanes"]["role"]
    try:
        ladders = analysis.ladders
    except BlotError:  # a reopened result whose image is gone
        ladders = ()
    lines, numbers = [], []
    for lane, ladder, role in zip(lanes, ladders, roles, strict=False):
        row = ladder.boundary_row
        if role not in ("marker", "blank", "ignore") and math.isfinite(row):
            x = float(lane.centre(row))
            lines.append(np.array([[row, x - lane.width / 2], [row, x + lane.width / 2]]))
            numbers.append(lane.number)
    keywords = {
        "name": name,
        "features": {"lane": numbers},
        "shape_type": "line",
        "edge_color": BOUNDARY,
        "opacity": 0.9,
    }
    return lines, keywords, "shapes"


def cursor_layer(name: str) -> LayerTuple:
    """Return the points layer that marks the row pointed at in the densitometry."""
    keywords = {"name": name, "symbol": "hbar", "face_color": BOUNDARY, "border_color": BOUNDARY, "opacity": 0.8}
    return np.zeros((1, 2)), keywords, "points"


def background_picture(analysis: Analysis) -> NDArray[np.float32]:
    """What was taken off as background, as a picture: level under every lane, straight in between.

    Returns
    -------
    ndarray of float32, shape of the blot
        Outside the membrane found it is the median of the level.
    """
    lanes, background = analysis.geometry, analysis.stages.background
    window = lanes.window
    rows = np.arange(window.top, window.bottom, dtype=np.float64)
    centres = np.array([lane.centre(rows) for lane in lanes])
    picture = np.full(analysis.blot.shape, np.median(background.level), np.float32)
    columns = np.arange(window.left, window.right, dtype=np.float64)
    for at, row in enumerate(range(window.top, window.bottom)):
        picture[row, window.left : window.right] = np.interp(columns, centres[:, at], background.level[:, at])
    return picture
