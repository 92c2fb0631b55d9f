"""What is not the lanes' protein: the membrane under them, by several methods."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ublot.errors import BlotError
from ublot.gutter import Membrane, fit_membrane
from ublot.lateral import beside_lanes, lane_cells, lane_centres, lane_pitch, lane_shapes, lane_widths
from ublot.medians import row_medians
from ublot.membranegrid import make_grid
from ublot.model import Background, Blot, Lanes
from ublot.strips import CORE, core_means

__all__ = ["METHODS", "estimate_background", "gutter_levels"]

Array = NDArray[np.float64]

KNOT_SPACING = 1.5  # of the pitch: the membrane varies no faster than that
MODES = 16  # directions kept of the membrane's uncertainty
ROWS, MODE_ROWS = 96, 24  # down the picture, where membrane and modes are worked out: they are smooth
CORE_POINTS = np.array([-0.5, 0.5]) * CORE / 3**0.5  # of the lane's width: their mean is that of a cubic over the core
BALL = 1.1  # of the pitch: radius of the rolling ball
BALL_CELLS = 12  # its radius in the reduced picture that it rolls over, as ImageJ does it for large balls
GUTTER_CORE = 0.06  # of the pitch: half the width of a gutter that is surely membrane
LEVEL_CELLS = 160  # down the picture
GUTTER_ROWS = 11  # cells down the rows over which the median of a gutter is taken
TOUCHING = 0.85  # full width at half height over pitch, from where on the gutters no longer show membrane


def _under_lanes(membrane: Membrane, lanes: Lanes) -> tuple[Array, Array]:
    """Mean membrane over the core of every lane, shape (lanes, rows), and its modes, shape (modes, lanes, rows)."""
    window, count = lanes.window, len(lanes)
    step = max(window.height // ROWS, 1)
    rows = window.top + 0.5 * (step - 1) + step * np.arange(window.height // step + 1.0)
    down, across = _core_bases(membrane, lanes, rows)
    level = ((down @ membrane.coefficients) * across).sum(axis=2)
    # What directions of the coefficients lanes depend on most shows in some of the rows as well.
    some = np.s_[:: max(len(rows) // MODE_ROWS, 1)]
    design = down[some][:, :, None] * across[:, some, None, :]
    spread = design.reshape(-1, membrane.factor.shape[0]) @ membrane.factor
    directions = membrane.factor @ _leading(spread.T @ spread, MODES)
    each = (down @ directions.reshape(down.shape[1], -1)).reshape(len(rows), across.shape[2], -1)
    modes = across.transpose(1, 0, 2) @ each
    known = np.concatenate([level[None], modes.transpose(2, 1, 0)]).reshape(-1, len(rows))
    ends = 2 * known[:, :1] - known[:, 1:2], 2 * known[:, -1:] - known[:, -2:-1]
    every = _between(np.concatenate([ends[0], known, ends[1]], axis=1), step, window.height)
    every = every.reshape(-1, count, window.height)
    return every[0], every[1:]


def _leading(gram: Array, count: int) -> Array:
    """Orthonormal directions, shape (n, count), close to those of the largest eigenvalues (subspace iteration)."""
    count = min(count, len(gram))
    found = gram[:, :: max(len(gram) // (2 * count), 1)]
    for _ in range(2):
        found, _ = np.linalg.qr(gram @ (gram @ found))
    _, vectors = np.linalg.eigh(found.T @ (gram @ found))
    return np.asarray(found @ vectors[:, : -count - 1 : -1])


def _core_bases(membrane: Membrane, lanes: Lanes, rows: Array) -> tuple[Array, Array]:
    """Splines down `rows`, shape (rows, splines), and across, averaged over each core, shape (lanes, rows, splines)."""
    x = lane_centres(lanes, rows)[:, :, None] + lane_widths(lanes)[:, None, None] * CORE_POINTS
    down, across = membrane.basis(rows, x.ravel())
    return down, across.reshape(*x.shape, -1).mean(axis=2)


def _between(known: Array, step: int, count: int) -> Array:
    """The first `count` places of rows of values that are known in the middle of every `step` places, linear between.

    `known` begins with a value one step before the first place, and ends with one beyond the last.
    """
    every = cv2.resize(known, (known.shape[1] * step, len(known)), interpolation=cv2.INTER_LINEAR)
    return np.asarray(every[:, step : step + count], np.float64)


def _gutter(blot: Blot, lanes: Lanes, blank: Collection[int]) -> tuple[Array, Array]:
    cells = lane_cells(blot, lanes)
    empty = [i for i, lane in enumerate(lanes) if lane.number in blank]
    shapes, beside = lane_shapes(cells, lanes), beside_lanes(cells, lanes)
    grid = make_grid(cells, KNOT_SPACING * lane_pitch(lanes))
    membrane = fit_membrane(grid, shapes, blank=empty, beside=beside)
    return _under_lanes(membrane, lanes)


def gutter_levels(blot: Blot, lanes: Lanes) -> Array:
    """Membrane under every lane from the gutters row by row, linear in between: a plain method to compare with.

    Returns
    -------
    ndarray, shape (lanes, rows of the window)
    """
    cells = lane_cells(blot, lanes, LEVEL_CELLS)
    centres = lane_centres(lanes, cells.row_px)
    half = 0.5 * lane_pitch(lanes)
    places = np.vstack([centres[:1] - half, 0.5 * (centres[1:] + centres[:-1]), centres[-1:] + half])
    reach = min(int(GUTTER_CORE * 2 * half / cells.size[1]), (len(cells.x_px) - 1) // 2)
    column = np.clip(np.round((places - cells.x_px[0]) / cells.size[1]).astype(int), reach, len(cells.x_px) - 1 - reach)
    window = column[:, :, None] + np.arange(-reach, reach + 1)
    values = row_medians(cells.values[np.arange(len(cells.row_px))[:, None], window])
    # A median down the rows: a strong band bleeds into the gutter, a smear hardly does.
    ends = np.arange(-(GUTTER_ROWS // 2), len(cells.row_px) + GUTTER_ROWS // 2).clip(0, len(cells.row_px) - 1)
    lines = np.lib.stride_tricks.sliding_window_view(values[:, ends].astype(np.float64), GUTTER_ROWS, axis=1)
    smooth = row_medians(lines)
    level = 0.5 * (smooth[1:] + smooth[:-1])
    return _between(np.concatenate([level[:, :1], level, level[:, -1:]], axis=1), cells.size[0], lanes.window.height)


def _blank_lane(blot: Blot, lanes: Lanes, blank: Collection[int]) -> tuple[Array, Array]:
    chosen = [lane for lane in lanes if lane.number in blank]
    if not chosen:
        raise BlotError("the background blank-lane needs a lane with role blank", "layout", "say which lane is blank")
    means = core_means(blot, lanes)
    smooth = max(int(0.02 * lanes.window.height), 1)
    mid = lanes.window.mid_row
    x = np.array([float(lane.centre(mid)) for lane in chosen])
    known = np.array([cv2.blur(means[lane.number - 1][:, None], (1, smooth))[:, 0] for lane in chosen])
    level = []
    for lane in lanes:
        away = np.abs(x - float(lane.centre(mid))) + 1e-6
        level.append(np.average(known, axis=0, weights=1 / away))
    return np.array(level), np.zeros((0, *means.shape))


def _rolling_ball(blot: Blot, lanes: Lanes, _: Collection[int]) -> tuple[Array, Array]:
    from skimage.restoration import rolling_ball

    window = lanes.window
    radius = BALL * lane_pitch(lanes)
    scale = max(1, round(radius / BALL_CELLS))
    shape = max(window.height // scale, 1), max(window.width // scale, 1)
    small = cv2.resize(blot.signal[window.slices], shape[::-1], interpolation=cv2.INTER_AREA)
    # The ball's height is in the picture's own unit: ImageJ's convention for pictures of 256 levels.
    unit = max(float(np.ptp(small)) / 255.0, 1e-12)
    surface = rolling_ball(small / unit, radius=radius / scale) * unit
    full = cv2.resize(surface.astype(np.float32), (window.width, window.height), interpolation=cv2.INTER_LINEAR)
    means = core_means(blot, lanes, surface=full)
    return means, np.zeros((0, *means.shape))


def _along_lanes(name: str) -> Callable[[Blot, Lanes, Collection[int]], tuple[Array, Array]]:
    """A baseline along every lane by a method of pybaselines."""

    def method(blot: Blot, lanes: Lanes, _: Collection[int]) -> tuple[Array, Array]:
        import warnings

        from pybaselines import Baseline
        from pybaselines.utils import ParameterWarning

        means = core_means(blot, lanes)
        fitter = Baseline()
        half = max(int(0.04 * lanes.window.height), 3)
        # arPLS: the usual smoothness for 1,000 points, carried over to the number of rows.
        options = {"lam": 1e5 * (means.shape[1] / 1000) ** 4} if name == "arpls" else {"max_half_window": half}
        with warnings.catch_warnings():
            # They advise on settings that nobody can set here.
            warnings.simplefilter("ignore", ParameterWarning)
            level = np.array([getattr(fitter, name)(row, **options)[0] for row in means])
        return level, np.zeros((0, *means.shape))

    return method


def _none(blot: Blot, lanes: Lanes, _: Collection[int]) -> tuple[Array, Array]:
    shape = len(lanes), lanes.window.height
    return np.zeros(shape), np.zeros((0, *shape))


METHODS: Mapping[str, Callable[[Blot, Lanes, Collection[int]], tuple[Array, Array]]] = {
    "gutter": _gutter,
    "blank-lane": _blank_lane,
    "rolling-ball": _rolling_ball,
    "arpls": _along_lanes("arpls"),
    "snip": _along_lanes("snip"),
    "none": _none,
}
EATS_SMEARS = ("rolling-ball", "arpls", "snip")


def estimate_background(blot: Blot, lanes: Lanes, method: str = "gutter", *, blank: Collection[int] = ()) -> Background:
    """Estimate the background under every lane.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    method : {"gutter", "blank-lane", "rolling-ball", "arpls", "snip", "none"}
        ``gutter`` takes the membrane from the gutters between lanes, at the same row, by a joint regression of lanes
        and membrane (`ublot.gutter`): the only one that a smear cannot lift. The others are there to compare with.
    blank : collection of int
        Numbers of the lanes with nothing in them: ``blank-lane`` needs one, ``gutter`` is surer with one.

    Returns
    -------
    Background
        With ``smear_at_risk`` among the flags for a method that takes part of a smear for background.

    Raises
    ------
    BlotError
        For an unknown method, or ``blank-lane`` without a blank lane.
    """
    if method not in METHODS:
        raise BlotError(f"{method!r} is no background method", "background", f"one of {', '.join(METHODS)}")
    if not len(lanes):
        empty = np.zeros((0, lanes.window.height))
        return Background(method, empty, np.zeros((0, *empty.shape)), np.zeros(0), lanes.window)
    level, modes = METHODS[method](blot, lanes, blank)
    flags = ("smear_at_risk",) if method in EATS_SMEARS else ()
    return Background(
        method, level, modes, np.zeros(len(lanes)), lanes.window, flags, tuple(_lane_flags(lanes, method))
    )


def _lane_flags(lanes: Lanes, method: str) -> list[tuple[str, ...]]:
    """Lanes that leave no gutter beside them."""
    if method != "gutter" or len(lanes) < 2:
        return [()] * len(lanes)
    fills = np.array([lane.width for lane in lanes]) / lanes.pitch
    # One blot was loaded with one comb: where most lanes touch, all do.
    touching = (fills >= TOUCHING) | (np.median(fills) >= TOUCHING)
    return [("lanes_touching",) if t else () for t in touching]
