"""What a decoder hands on: the stored levels of one picture and what its file says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_PIXELS", "Raw", "check_size", "flatten", "pick_channel"]

MAX_PIXELS = 2_000_000_000
"""More than any imager delivers; a header that claims more is damaged or hostile."""

MIN_SIDE = 8
"""px; below that there is neither a lane nor a band to see."""


@dataclass(frozen=True, eq=False)
class Raw:
    """Levels as stored, one sample per pixel.

    Attributes
    ----------
    levels : ndarray, shape (rows, cols)
        Integers as stored, or float32.
    format, dtype : str
        As in `ublot.model.Source`.
    metadata : mapping
        Instrument, software, exposure and the like, as text.
    lossy : bool
        The file declares a lossy compression.
    square_root_scale : float, optional
        Given where levels are square-root coded: the amount is ``scale * level ** 2``.
    flags : tuple of str
    """

    levels: NDArray[Any]
    format: str
    dtype: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    lossy: bool = False
    square_root_scale: float | None = None
    flags: tuple[str, ...] = ()


def check_size(rows: int, cols: int, where: object) -> None:
    """Refuse sizes that cannot be a blot; meant to be called on the header, before anything is decoded.

    Raises
    ------
    BlotError
    """
    if rows * cols > MAX_PIXELS:
        raise BlotError(
            f"the header claims {rows} x {cols} pixels, more than {MAX_PIXELS:.0e}",
            where,
            "the file is damaged, or must be cropped first",
        )
    if min(rows, cols) < MIN_SIDE:
        raise BlotError(
            f"an image of {rows} rows and {cols} columns is too small for a blot",
            where,
            f"give one of at least {MIN_SIDE} x {MIN_SIDE} pixels",
        )


def flatten(samples: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Lay `samples` (rows, cols, ...) on white paper by the opacity `alpha` (rows, cols) of the same integer type."""
    if not np.issubdtype(samples.dtype, np.integer):
        return samples
    top = np.iinfo(samples.dtype).max
    if alpha.min() == top:
        return samples
    opacity = alpha.astype(np.float32) / np.float32(top)
    if samples.ndim == 3:
        opacity = opacity[..., None]
    flat = samples.astype(np.float32) * opacity + np.float32(top) * (1 - opacity)
    return np.asarray(np.rint(flat).clip(0, top), samples.dtype)


def pick_channel(samples: NDArray[Any], channel: int | None, where: object) -> tuple[NDArray[Any], tuple[str, ...]]:
    """One sample per pixel out of ``(rows, cols)`` or ``(rows, cols, 1-4)``.

    A fourth (or, beside grey, second) sample is opacity. Without `channel`, equal channels are one grey picture, and
    different ones become their luminance (Rec. 601 weights), which is flagged.

    Returns
    -------
    levels : ndarray, shape (rows, cols)
    flags : tuple of str

    Raises
    ------
    BlotError
        For a `channel` that is not there.
    """
    count = 1 if samples.ndim == 2 else samples.shape[2]
    if count in (2, 4):
        samples = flatten(samples[..., :-1], samples[..., -1])
        count -= 1
    if samples.ndim == 3 and count == 1:
        samples = samples[..., 0]
    if channel is not None:
        if not 1 <= channel <= count:
            raise BlotError(f"there is no channel {channel}", where, f"choose 1 to {count}")
        return (samples if samples.ndim == 2 else np.ascontiguousarray(samples[..., channel - 1])), ()
    if samples.ndim == 2:
        return samples, ()
    red = samples[..., 0]
    if all(np.array_equal(red, samples[..., k]) for k in range(1, count)):
        return np.ascontiguousarray(red), ()
    if count != 3:
        return np.ascontiguousarray(red), ("first_page",)
    grey = samples.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    if np.issubdtype(samples.dtype, np.integer):
        grey = np.rint(grey).astype(samples.dtype)
    return grey, ("colour_merged",)
