"""What a decoder hands on: the stored levels of one picture and what its file says about them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.io.images.colour import Colours, levels_of_colours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["MAX_MEGAPIXELS", "Raw", "check_packing", "check_size", "flatten", "max_pixels", "pick_channel"]

MAX_MEGAPIXELS = 2000
"""More than any imager delivers; a header that claims more is damaged or hostile. See `max_pixels`."""

LIMIT = "UBLOT_MAX_MEGAPIXELS"
"""Environment variable that sets another limit: lower where memory is scarce, higher for a giant scan."""

UNPACKED, PACKING = 1 << 27, 100
"""Bytes from which on a picture may not be more than so many times as large as what is stored of it. The noise of a
detector packs 5 times at best; a bomb is a thousand."""

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
    ceiling : float, optional
        The level at which the detector saturates, where the file states it.
    flags : tuple of str
    drawn, marked_saturated : ndarray of bool, shape (rows, cols), or None
        Pixels that something was drawn over, and those that a program marked as saturated, in colour.
    colours : ndarray of uint8, shape (rows, cols, 3), or None
        What the levels were made of.
    room : ndarray of float32, shape (rows, cols), optional
        Memory for the signal, of which the levels are the end: written from its front it never overtakes them.
    """

    levels: NDArray[Any]
    format: str
    dtype: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    lossy: bool = False
    square_root_scale: float | None = None
    ceiling: float | None = None
    flags: tuple[str, ...] = ()
    drawn: NDArray[np.bool_] | None = None
    marked_saturated: NDArray[np.bool_] | None = None
    colours: NDArray[np.uint8] | None = None
    room: NDArray[np.float32] | None = None


def check_size(rows: int, cols: int, where: object) -> None:
    """Refuse sizes that cannot be a blot; meant to be called on the header, before anything is decoded.

    Raises
    ------
    BlotError
    """
    if rows * cols > max_pixels():
        raise BlotError(
            f"the header claims {rows} x {cols} pixels, more than {max_pixels() / 1e6:g} million",
            where,
            f"the file is damaged, or must be cropped first, or the limit raised with {LIMIT}",
        )
    if min(rows, cols) < MIN_SIDE:
        raise BlotError(
            f"an image of {rows} rows and {cols} columns is too small for a blot",
            where,
            f"give one of at least {MIN_SIDE} x {MIN_SIDE} pixels",
        )


def max_pixels() -> int:
    """Pixels that a picture may have.

    Raises
    ------
    BlotError
        Where the environment variable `LIMIT` is set to what is no limit.
    """
    text = os.environ.get(LIMIT, "").strip() or str(MAX_MEGAPIXELS)
    try:
        limit = float(text)
        if not 0 < limit <= 1e6:
            raise ValueError
    except ValueError:
        raise BlotError(f"{text!r} is no limit", LIMIT, "give millions of pixels, such as 500") from None
    return round(1e6 * limit)


def check_packing(unpacked: int, stored: int, where: object) -> None:
    """Refuse a picture that little data would blow up; both sizes in bytes.

    Raises
    ------
    BlotError
    """
    if unpacked > UNPACKED and unpacked > PACKING * stored:
        raise BlotError(
            f"{stored / 1e6:.3g} MB of data claim to hold a picture of {unpacked / 1e6:.0f} MB",
            where,
            "the file is damaged; a genuine one can be saved again without compression",
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


def pick_channel(
    samples: NDArray[Any], channel: int | None, where: object, *, opacity: bool = True, jumbled: bool = False
) -> Colours:
    """One sample per pixel out of ``(rows, cols)`` or ``(rows, cols, count)``.

    Without `channel`, equal channels are one grey picture; three different ones are what `levels_of_colours` makes of
    them, of any other number the first is taken and flagged.

    Parameters
    ----------
    samples : ndarray
    channel : int, optional
        Counted from 1.
    where : object
        For messages.
    opacity : bool
        A fourth (or, beside grey, second) sample is opacity, no channel.
    jumbled : bool
        The colours come from a palette that was made for them.

    Returns
    -------
    Colours

    Raises
    ------
    BlotError
        For a `channel` that is not there, and for colours that stand for no level.
    """
    count = 1 if samples.ndim == 2 else samples.shape[2]
    if opacity and count in (2, 4):
        samples = flatten(samples[..., :-1], samples[..., -1])
        count -= 1
    if samples.ndim == 3 and count == 1:
        samples = samples[..., 0]
    if channel is not None:
        if not 1 <= channel <= count:
            raise BlotError(f"there is no channel {channel}", where, f"choose 1 to {count}")
        return Colours(samples if samples.ndim == 2 else np.ascontiguousarray(samples[..., channel - 1]))
    if samples.ndim == 2:
        return Colours(samples)
    red = samples[..., 0]
    if all(np.array_equal(red, samples[..., k]) for k in range(1, count)):
        return Colours(np.ascontiguousarray(red))
    if count != 3:
        return Colours(np.ascontiguousarray(red), ("first_page",), {"channels": f"{count} channels without names"})
    found = levels_of_colours(samples, where, jumbled=jumbled)
    return replace(found, seen=samples) if samples.dtype == np.uint8 else found
