"""Whether what looked like lanes are lanes at all, when nobody says that there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.membrane.lateral_shape import lane_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.membrane.cells import Cells
    from ublot.membrane.regression import MembraneFit
    from ublot.model import Lanes

__all__ = ["are_dots", "are_lanes", "is_noise"]

# Standard errors that the highest row of a lane must reach: among the 160 rows of a lane without any signal the highest
# lies at 2.7 of them in the median and below 4.5 in nearly all; a faint band at 8 and more.
HIGHEST = 5.0
# Mean contrast of lanes with their gutters. Noise: up to 0.001; the faintest lanes of all blots tried: 0.04; where they
# are plain to see (one sharp row of bands on white) more than 0.1, whatever a smooth membrane leaves unexplained there.
LEAST, PLAIN = 0.01, 0.1
# Height over width of a spot at half of its height. Dots: 0.8 to 1.2. Bands, on blots of 4 to 22 lanes: 0.1 to 0.6;
# smears: above 1.7.
ROUND = (0.8, 1.3)
# Share of its bounding box that a spot fills: a disc 0.785, a band, even one with soft ends, mostly more, a frown less.
FILLS = (0.65, 0.87)
APART = 0.66
"""Of the pitch: dots are narrower. Dots of five real blots: 0.3 to 0.62; bands of four long-exposed films, as high as
wide: 0.85 to 0.95. Manifolds have wells of 3 to 5 mm every 9 mm; combs have teeth wider than their gaps.
"""


def is_noise(cells: Cells, lanes: Lanes, fit: MembraneFit) -> bool:
    """Whether hardly any lane has a row that noise alone could not have made.

    Parameters
    ----------
    cells : Cells
    lanes : Lanes
    fit : MembraneFit
        Lane heights in the rows of `cells`.
    """
    shapes = lane_shapes(cells, lanes)
    own = np.einsum("rln,rln->rl", shapes.of(fit.weights), shapes.overlaps[0])
    seen = own > 0.3 * np.median(own)
    ratio = np.where(seen, fit.amplitudes * np.sqrt(own) / fit.sigma, 0.0)
    return bool(np.median(ratio.max(axis=0)) < HIGHEST)


def _spots(cells: Cells, lanes: Lanes, fit: MembraneFit, sharp: Cells) -> NDArray[np.float64]:
    """Height, width and area, px, of the strongest spot of every lane at half of its height."""
    row, across_px = fit.basis(sharp.row_px, sharp.x_px)
    above = np.where(sharp.mask, sharp.values - row @ fit.coefficients @ across_px.T, 0)
    down, across = sharp.size
    usable = cells.mask.any(axis=1)
    out = []
    for lane, heights in zip(lanes, fit.amplitudes.T, strict=True):
        peak = cells.row_px[np.argmax(np.where(usable, heights, -np.inf))]
        near = np.flatnonzero(np.abs(sharp.row_px - peak) <= max(0.5 * cells.size[0], down))
        core = np.abs(sharp.x_px - float(lane.centre(peak))) <= max(0.25 * lane.width, across)
        strength = above[np.ix_(near, core)].mean(axis=1)
        top = near[np.argmax(strength)]
        found = _spot_at(above > 0.5 * strength.max(), int(top), core)
        if found is not None:
            wide, high, area = found
            out.append((high * down, wide * across, area * down * across))
    return np.array(out, np.float64).reshape(-1, 3)


def _spot_at(bright: NDArray[np.bool_], row: int, core: NDArray[np.bool_]) -> tuple[int, int, int] | None:
    """Width, height and area, in cells, of the connected spot that most of a row's bright cells in a core belong to."""
    spots = bright.astype(np.uint8)
    found: list[tuple[int, int, tuple[int, int, int]]] = []
    for x in np.flatnonzero(core).tolist():
        if spots[row, x] == 1:
            # Only what is connected with it is visited, unlike where all spots of the picture are labelled.
            area, _, _, (_, top, wide, high) = cv2.floodFill(spots, None, (x, row), len(found) + 2, flags=4)
            shared = int(np.count_nonzero(spots[row][core] == len(found) + 2))
            found.append((shared, -top, (wide, high, area)))
    return max(found)[2] if found else None


def are_dots(cells: Cells, lanes: Lanes, fit: MembraneFit, sharp: Cells) -> bool:
    """Whether the picture is a dot blot: the strongest spots are as high as wide, round, and stand apart.

    Bands are wider than high and fill the box around them, smears are much higher than wide.

    Parameters
    ----------
    cells : Cells
    lanes : Lanes
    fit : MembraneFit
        The membrane and lane heights in the rows of `cells`.
    sharp : Cells
        Cells small enough to see whether a spot is round.
    """
    spots = _spots(cells, lanes, fit, sharp)
    if len(spots) < 0.5 * len(lanes):
        return False
    high, wide, area = spots.T
    aspect, fills = float(np.median(high / wide)), float(np.median(area / (high * wide)))
    apart = float(np.median(wide)) < APART * lanes.pitch
    return bool(apart and ROUND[0] < aspect < ROUND[1] and FILLS[0] < fills < FILLS[1])


def are_lanes(cells: Cells, lanes: Lanes, fit: MembraneFit, sharp: Cells, contrast: float) -> bool:
    """Whether refined lanes are neither noise nor the columns of a dot blot; `contrast` is their mean, at most 1."""
    noise = contrast < LEAST or (contrast < PLAIN and is_noise(cells, lanes, fit))
    return not (noise or are_dots(cells, lanes, fit, sharp))
