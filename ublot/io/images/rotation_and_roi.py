"""Turning the picture, and the region of interest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.errors import BlotError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Window

__all__ = ["as_seen", "check_roi", "mirror_planes", "rotate_planes"]

CV2_LIMIT = 32766
"""Longest side that OpenCV can warp, px."""


def check_roi(roi: Window | None, shape: tuple[int, int]) -> None:
    """Refuse a region that does not lie inside a picture of `shape`.

    Raises
    ------
    BlotError
    """
    if roi is None:
        return
    rows, cols = shape
    if not (0 <= roi.top < roi.bottom <= rows and 0 <= roi.left < roi.right <= cols):
        raise BlotError(
            f"the region {roi.top}:{roi.bottom},{roi.left}:{roi.right} does not lie inside the image",
            "roi",
            f"rows are 0:{rows}, columns 0:{cols} (after rotation)",
        )


def mirror_planes(
    signal: NDArray[np.float32], saturated: NDArray[np.bool_] | None, valid: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """Flip all planes left to right: a film or a membrane that lay on its face."""

    def flip(plane: Any) -> Any:
        return None if plane is None else np.ascontiguousarray(plane[:, ::-1])

    return flip(signal), flip(saturated), flip(valid)


def as_seen(levels: NDArray[Any], mirror: bool, degrees: float, roi: Window | None) -> NDArray[Any]:
    """The part of stored `levels` that a person means, the way up they see it, without moving a level.

    Quarter turns are exact. For another angle it is the smallest upright rectangle of stored levels that holds the
    region: enough to look at, not to measure. All of it where the region lies outside.
    """
    seen = levels[:, ::-1] if mirror else levels
    turns = degrees / 90
    near = round(turns)
    if turns == near:
        seen = np.rot90(seen, near % 4)
        part = seen if roi is None else seen[max(roi.top, 0) : roi.bottom, max(roi.left, 0) : roi.right]
        return part if part.size else seen
    if roi is None:
        return np.rot90(seen, near % 4)
    back = cv2.invertAffineTransform(_affine(seen.shape, degrees)[0])
    corners = np.array([(x, y, 1.0) for x in (roi.left, roi.right - 1) for y in (roi.top, roi.bottom - 1)])
    xs, ys = back @ corners.T
    rows, cols = (slice(max(math.floor(v.min()), 0), max(math.ceil(v.max()) + 1, 0)) for v in (ys, xs))
    part = seen[rows, cols]
    return np.rot90(part if part.size else seen, near % 4)


def rotate_planes(
    signal: NDArray[np.float32],
    saturated: NDArray[np.bool_] | None,
    valid: NDArray[np.bool_] | None,
    degrees: float,
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """Turn all planes counter-clockwise about the centre; the canvas grows to hold the picture.

    Quarter turns are exact. Otherwise signal is interpolated linearly, a pixel that any saturated one contributes to is
    saturated, and one that anything but picture contributes to is not valid and has the median signal.

    Raises
    ------
    BlotError
        For a picture too large to be turned by anything but quarter turns.
    """
    turns = degrees / 90
    if turns == round(turns):
        k = round(turns) % 4
        if k == 0:
            return signal, saturated, valid

        def turn(plane: Any) -> Any:
            return None if plane is None else np.ascontiguousarray(np.rot90(plane, k))

        return turn(signal), turn(saturated), turn(valid)
    matrix, size = _affine(signal.shape, degrees)
    if max(*size, *signal.shape) > CV2_LIMIT:
        raise BlotError(f"an image of {signal.shape} pixels cannot be turned by {degrees:g} degrees", "rotate", "crop")
    paper = float(np.median(signal[::8, ::8]))
    turned = cv2.warpAffine(
        signal, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )
    picture = np.ones(signal.shape, np.float32) if valid is None else valid.astype(np.float32)
    inside = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR) > 0.999
    touched = None
    if saturated is not None:
        touched = cv2.warpAffine(saturated.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR) > 0
    return np.asarray(turned, np.float32), touched, np.asarray(inside)


def _affine(shape: tuple[int, ...], degrees: float) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Matrix from old to new (x, y), and the new (cols, rows), centre on centre."""
    rows, cols = shape
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)
    # Rounding before the ceiling, so that a turn by 180.0000001 degrees does not add a row.
    new_cols = math.ceil(round(cols * abs(c) + rows * abs(s), 6))
    new_rows = math.ceil(round(rows * abs(c) + cols * abs(s), 6))
    x0, y0 = (cols - 1) / 2, (rows - 1) / 2
    x1, y1 = (new_cols - 1) / 2, (new_rows - 1) / 2
    matrix = np.array([[c, s, x1 - c * x0 - s * y0], [-s, c, y1 + s * x0 - c * y0]])
    return matrix, (new_cols, new_rows)
