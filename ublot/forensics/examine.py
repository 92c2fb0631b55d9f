"""All tests of stored levels in one go: what `read_blot` asks, and so the library, the command line and the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.forensics.blockiness import was_jpeg
from ublot.forensics.duplicates import find_copy
from ublot.forensics.histogram import is_stretched, is_upconverted, is_wrapped
from ublot.forensics.resampling import is_upscaled
from ublot.forensics.splices import find_seam

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["examine"]


def examine(levels: NDArray[Any], *, declared_lossy: bool = False) -> tuple[str, ...]:
    """Flags of a whole image that its stored levels give rise to.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
        As stored, before any response is applied.
    declared_lossy : bool
        The file says itself that its compression is lossy.

    Returns
    -------
    tuple of str
        Names from `ublot.flags.FLAGS`.
    """
    found = []
    eight_bit = levels.dtype.itemsize == 1
    few = not eight_bit and is_upconverted(levels)
    lossy = declared_lossy or was_jpeg(levels, coarse=eight_bit or few)
    if lossy:
        found.append("lossy")
    if eight_bit:
        found.append("eight_bit")
    if is_wrapped(levels):
        found.append("wrapped")
    if few:
        found.append("upconverted")
    elif is_stretched(levels):
        found.append("stretched")
    if lossy:
        # Compression rewrites the noise that all else is read from.
        return tuple(found)
    if is_upscaled(levels):
        found.append("upscaled")
    if find_copy(levels) is not None:
        found.append("copied")
    if find_seam(levels, unit=_unit(levels, few=few)) is not None:
        found.append("spliced")
    return tuple(found)


def _unit(levels: NDArray[Any], *, few: bool) -> float:
    """Distance of neighbouring levels."""
    if few and levels.min() < levels.max():
        return float(np.median(np.diff(np.unique(levels))))
    return 1.0 if np.issubdtype(levels.dtype, np.integer) else 0.0
