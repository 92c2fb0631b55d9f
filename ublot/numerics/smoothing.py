"""Gaussian smoothing along profiles and medians of them, without what takes longer than an analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["smooth_rows"]

REACH = 4.0  # of sigma, to both sides


def smooth_rows(values: NDArray[np.float64], sigma: float, *, mirror: bool = True) -> NDArray[np.float64]:
    """Convolve with a Gaussian cut off at four sigma.

    Parameters
    ----------
    values : ndarray, shape (rows,) or (profiles, rows)
    sigma : float
        Rows.
    mirror : bool
        Beyond its ends the profile goes on as in a mirror; with 0 where not.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    half = int(REACH * sigma + 0.5)
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel, lines = kernel / kernel.sum(), np.atleast_2d(np.ascontiguousarray(values, np.float64))
    if not mirror:  # by itself: OpenCV transforms the line for a kernel so long
        smooth = np.array([np.convolve(line, kernel)[half : half + len(line)] for line in lines])
    else:
        smooth = cv2.filter2D(lines, cv2.CV_64F, kernel[None], borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth.reshape(np.shape(values)), np.float64)
