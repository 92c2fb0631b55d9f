"""What is drawn on and beside a blot: marker bands, kDa axis, HMW boundaries, background; no Qt here.

Layers are described by napari's ``(data, keywords, type)``, in the model's coordinates.
"""

from __future__ import annotations

import math
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
    "region_layer",
    "rungs_layer",
]

# Magenta and green stand out from grey pictures as well as from the colours of the roles.
MARKED, BOUNDARY, AXIS, REGION = "#CC00CC", "#00B050", "#888888", "#E69F00"

ROUND_MASSES = (500, 400, 300, 250, 200, 150, 120, 100, 85, 75, 60, 50, 40, 30, 25, 20, 15, 10)
TICK_SPACING = 0.045  # of the height, that two ticks of the axis keep
LABEL_WIDTH = 0.06  # of the blot's width


def marker_column(analysis: Analysis) -> float:
    """Column where marker bands are drawn: the marker lane's at mid-height, else the first lane's."""
    lanes = analysis.geometry
    return float(lanes[marker_lane(analysis) - 1].centre(lanes.window.mid_row))


def bands_layer(bands: Sequence[tuple[float, float]], analysis: Analysis, name: str) -> LayerTuple:
    """Return the points layer of the marker bands, each with its mass, to be dragged up and down.

    Parameters
    ----------
    bands : sequence of (float, float)
        Row and mass (kDa) of each.
    analysis : Analysis
        Where the marker lane is.
    name : str
    """
    column = marker_column(analysis)
    lanes = analysis.geometry
    aside = 0.5 * lanes[0].width + 0.022 * lanes.window.width  # the mass stands beside its band
    data = np.array([[row, column] for row, _ in bands], np.float64).reshape(-1, 2)
    keywords = {
        "name": name,
        "features": {"mass": [float(mass) for _, mass in bands]},
        "symbol": "hbar",
        "size": max(10.0, 0.018 * analysis.geometry.window.height),
        "face_color": MARKED,
        "border_color": MARKED,
        "border_width": 0.1,
        "text": {"string": "{mass:g}", "anchor": "center", "size": 8, "color": MARKED, "translation": [0.0, -aside]},
        "opacity": 0.9,
    }
    return data, keywords, "points"


def rungs_layer(analysis: Analysis, name: str) -> LayerTuple:
    """Return the shapes layer of the ladder's rungs where these are the ruler: a faint line each, with its mass."""
    found, window = analysis.calibration, analysis.geometry.window
    lines: list[NDArray[np.float64]] = []
    labels: list[str] = []
    for row, mass in zip(found.rows, found.masses, strict=True) if found is not None and found.kind == "rungs" else ():
        lines.append(np.array([[row, window.right], [row, window.right + 0.03 * window.width]]))
        # Rungs crowd at the top: a label keeps the distance that ticks of the axis keep.
        told = [lines[k][0, 0] for k, text in enumerate(labels) if text]
        clear = all(abs(row - other) >= TICK_SPACING * window.height for other in told)
        labels.append(f"{mass:.0f}" if clear else "")
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


def axis_layer(analysis: Analysis, name: str) -> LayerTuple:
    """Return the shapes layer of a kDa axis to the left of the blot; without a calibration there is nothing in it."""
    window, calibration = analysis.geometry.window, analysis.calibration
    ticks: list[tuple[float, str]] = []
    if calibration is not None:
        rows = row_at(calibration, ROUND_MASSES)
        for mass, row in zip(ROUND_MASSES, rows, strict=True):
            inside = window.top <= row < window.bottom
            if inside and (not ticks or row - ticks[-1][0] >= TICK_SPACING * window.height):
                ticks.append((float(row), f"{mass:g}"))
    right = window.left - 0.01 * window.width
    left = right - LABEL_WIDTH * window.width
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
