"""All tests of stored levels in one go: what `read_blot` asks, and so the library, the command line and the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.forensics.blockiness import was_jpeg
from ublot.forensics.duplicates import Copy, find_copy
from ublot.forensics.histogram import is_stretched, is_upconverted, is_wrapped
from ublot.forensics.resampling import is_upscaled
from ublot.forensics.splices import Seam, find_seam

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Traces", "examine"]


@dataclass(frozen=True)
class Traces:
    """What the stored levels tell about the way they came.

    Attributes
    ----------
    flags : tuple of str
        Names from `ublot.flags.FLAGS`.
    where : mapping
        In words, by flag, where in the picture it was seen; flags of all of it are not among them.
    """

    flags: tuple[str, ...]
    where: Mapping[str, str] = field(default_factory=dict)


def examine(
    levels: NDArray[Any],
    *,
    declared_lossy: bool = False,
    region: NDArray[Any] | None = None,
    corner: tuple[int, int] = (0, 0),
) -> Traces:
    """Flags that stored levels give rise to, and where in the picture.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
        As stored, before any response is applied.
    declared_lossy : bool
        The file says itself that its compression is lossy.
    region : ndarray, optional
        The part of them that is looked at. How many levels there are, and whether the picture was a JPEG, is of all of
        it: a small part tells too little.
    corner : tuple of int
        Row and column of the picture that the first level of the region is of.
    """
    found = []
    part = levels if region is None else region
    eight_bit = levels.dtype.itemsize == 1
    few = not eight_bit and is_upconverted(levels)
    lossy = declared_lossy or was_jpeg(levels, coarse=eight_bit or few)
    if lossy:
        found.append("lossy")
    if eight_bit:
        found.append("eight_bit")
    if is_wrapped(part):
        found.append("wrapped")
    if few:
        found.append("upconverted")
    elif is_stretched(part):
        found.append("stretched")
    if lossy:
        # Compression rewrites the noise that all else is read from.
        return Traces(tuple(found))
    where = {}
    if is_upscaled(part):
        found.append("upscaled")
    copy = find_copy(part)
    if copy is not None:
        found.append("copied")
        where["copied"] = _copy_in_words(copy, corner)
    seam = find_seam(part, unit=_unit(levels, few=few))
    if seam is not None:
        found.append("spliced")
        where["spliced"] = _seam_in_words(seam, corner)
    return Traces(tuple(found), where)


def _seam_in_words(seam: Seam, corner: tuple[int, int]) -> str:
    place = seam.place + corner[1 if seam.axis == "column" else 0]
    return f"the {seam.kind} changes at {seam.axis} {place}"


def _copy_in_words(copy: Copy, corner: tuple[int, int]) -> str:
    one, other = (f"{start + corner[1]:.0f} to {stop + corner[1] - 1:.0f}" for start, stop in (copy.first, copy.second))
    return f"columns {one} are like columns {other}{' in a mirror' if copy.mirrored else ''}"


def _unit(levels: NDArray[Any], *, few: bool) -> float:
    """Distance of neighbouring levels."""
    if few and levels.min() < levels.max():
        return float(np.median(np.diff(np.unique(levels))))
    return 1.0 if np.issubdtype(levels.dtype, np.integer) else 0.0
