"""Sums of a picture along lines of many slopes at once: how lanes that are tilted are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sharpest_sums"]

STRIPS = (16, 64)  # that a picture is cut into, each of them moved by whole columns
BLUR = 0.07  # of the spacing of lanes over which sums are smoothed before they are compared


def _slanted_sums(pictures: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Sums along lines that run to the right by 0, 1, … strides from the top row to the bottom one.

    Lines of half the height are put together to lines of the whole one (the discrete Radon transform of Brady 1998),
    so that all slopes together cost little more than a few.

    Parameters
    ----------
    pictures : ndarray, shape (pictures, rows, cols)
        `rows` is a power of two. Beyond the last column there is nothing.
    stride : int
        Columns.

    Returns
    -------
    ndarray, shape (pictures, slopes, cols)
        As many slopes as there are rows, by the column where a line begins.
    """
    sums = pictures[:, :, None]
    while sums.shape[1] > 1:
        upper, lower = sums[:, ::2], sums[:, 1::2]
        sums = np.empty((len(upper), upper.shape[1], 2 * upper.shape[2], upper.shape[3]), np.float32)
        for slope in range(sums.shape[2]):
            kept = sums.shape[3] - (slope + 1) // 2 * stride
            above, below = upper[:, :, slope // 2], lower[:, :, slope // 2]
            np.add(above[..., :kept], below[..., -kept:], out=sums[:, :, slope, :kept])
            sums[:, :, slope, kept:] = above[..., kept:]
    return sums[:, 0]


def sharpest_sums(
    pictures: NDArray[np.float32], spacings: NDArray[np.float64], steepest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means of pictures along the lines that show the sharpest lanes.

    Parameters
    ----------
    pictures : ndarray, shape (pictures, rows, cols)
    spacings : ndarray, shape (pictures,)
        Of the lanes to look for in each, columns.
    steepest : float
        Columns by which a line may run sideways from top to bottom.

    Returns
    -------
    means : ndarray, shape (pictures, cols)
        By the column in which a line crosses mid-height.
    slopes : ndarray, shape (pictures,)
        Columns by which each picture's lines run to the right from top to bottom.
    """
    count, _, cols = pictures.shape
    strips = STRIPS[0]
    while strips < min(steepest, STRIPS[1]):
        strips *= 2
    stride = max(int(np.ceil(steepest / strips)), 1)
    most = min(int(np.ceil(steepest / stride)), strips - 1)
    pad = stride * strips
    padded = np.zeros((2, count, strips, cols + 2 * pad), np.float32)
    for picture, straight, mirrored in zip(pictures, *padded, strict=True):
        straight[:, pad:-pad] = cv2.resize(picture, (cols, strips), interpolation=cv2.INTER_AREA)
        mirrored[:, pad:-pad] = straight[:, pad:-pad][:, ::-1]
    sums = _slanted_sums(padded.reshape(2 * count, strips, -1), stride)
    # By the column where a line crosses mid-height. What a picture's own edges add is left out.
    middles = [pad - slope * stride // 2 for slope in range(most + 1)]
    lines = np.stack([sums[:, slope, x : x + cols] for slope, x in enumerate(middles)], axis=1)
    lines = lines.reshape(2, count, most + 1, cols)
    means, leans = np.empty((count, cols)), np.empty(count)
    for i, spacing in enumerate(spacings):
        smooth = cv2.GaussianBlur(lines[:, i].reshape(-1, cols), (0, 1), max(BLUR * spacing, 1.0), sigmaY=1)
        climb = smooth[:, 1:] - smooth[:, :-1]
        mirrored, slope = divmod(int(np.einsum("ij,ij->i", climb, climb).argmax()), most + 1)
        line = lines[mirrored, i, slope] / strips
        means[i] = line[::-1] if mirrored else line
        # The strips' middles lie a strip less apart than top and bottom.
        leans[i] = slope * stride * strips / (strips - 1) * (-1 if mirrored else 1)
    return means, leans
