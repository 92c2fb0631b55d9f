"""Lanes that lie sideways: bands are wide and flat, and so sharper along the lane than across it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.numerics.remembering import remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot

__all__ = ["lanes_are_sideways"]

LONG_SIDE = 400
"""Cells of the longer side: a band of 1 % of the height is then four of them high."""

SCALES = (2.0, 4.0)
"""Cells, standard deviations of the two blurs. One of 1 cell sees noise and streaks."""

STRONGEST = 200
"""Maxima that are looked at."""

EVEN = 0.8
"""Quantile of their strength above which none counts more: one speck must not decide."""

SIDEWAYS = -0.1
"""On both scales: below, bands stand on end. 140 simulated blots and 36 real pictures of 100 rows or more, upright,
stay above -0.05 on one scale at least; turned by a quarter, which changes the sign, all but two of the former are seen
(those left are one smear and little else)."""

RIM = 0.02
"""Of either side: there a region may hold the edge of a page or of a membrane, which is longer than any band."""

FEWEST_ROWS = 100
"""px of the shorter side: in a narrower strip the edges of lanes are longer than any band."""


@remembered(1)
def lanes_are_sideways(blot: Blot) -> bool:
    """Whether lanes run from left to right, so that the picture needs a quarter turn.

    Parameters
    ----------
    blot : Blot
    """
    if min(blot.window.height, blot.window.width) < FEWEST_ROWS:
        return False
    whole = blot.tiles
    down, across = (max(round(RIM * side), 2) for side in whole.shape)
    picture = whole[down:-down, across:-across]
    scale = max(picture.shape) / LONG_SIDE
    if scale > 1:
        size = (max(round(picture.shape[1] / scale), 16), max(round(picture.shape[0] / scale), 16))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
    return all(_balance(picture, sigma) < SIDEWAYS for sigma in SCALES)


def _balance(picture: NDArray[np.float32], sigma: float) -> float:
    """How much sharper the strongest spots are from top to bottom than from side to side.

    1 for bands as wide as the picture, 0 for dots, -1 for the first turned by a quarter.
    """
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    side = 2 * int(sigma) + 3
    high = cv2.dilate(blurred, np.ones((side, side), np.uint8))
    inner = slice(4, -4)
    peak = (blurred == high)[inner, inner]
    # Second differences at a maximum are its sharpness.
    along = (2 * blurred[1:-1] - blurred[:-2] - blurred[2:])[3:-3, inner][peak].clip(0)
    across = (2 * blurred[:, 1:-1] - blurred[:, :-2] - blurred[:, 2:])[inner, 3:-3][peak].clip(0)
    strength = along + across
    best = np.argsort(-strength)[:STRONGEST]
    best = best[strength[best] > 0]
    if not best.size:
        return 0.0
    weight = np.minimum(strength[best], np.quantile(strength[best], EVEN))
    return float((weight * (along - across)[best] / strength[best]).sum() / weight.sum())
