"""The side that a file says is up: TIFF tag 274, which EXIF took over for JPEG and PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ORIENTATION", "orientation_said", "upright"]

ORIENTATION = 274
"""Tag of TIFF 6.0 (section 8, Orientation) and of EXIF 2.3 (4.6.4)."""

UPRIGHT = 1
SAID = {
    2: "stored mirrored",
    3: "stored upside down",
    4: "stored mirrored and upside down",
    5: "stored mirrored and turned",
    6: "stored turned by a quarter counter-clockwise",
    7: "stored mirrored and turned",
    8: "stored turned by a quarter clockwise",
}
"""What row and column 0 of the file are, by value of the tag, told as what was done to the picture."""


def upright(levels: NDArray[Any], value: object) -> NDArray[Any]:
    """Levels as every viewer shows them.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols, ...)
        As stored.
    value : object
        Of the tag; anything but 2 to 8 leaves the levels alone, as damaged tags should.

    Returns
    -------
    ndarray
        Shape (cols, rows, ...) for the values 5 to 8.
    """
    number = _number(value)
    if number in (5, 6, 7, 8):
        levels = np.swapaxes(levels, 0, 1)
    if number in (2, 3, 6, 7):
        levels = levels[:, ::-1]
    if number in (3, 4, 7, 8):
        levels = levels[::-1]
    return np.ascontiguousarray(levels) if number != UPRIGHT else levels


def orientation_said(value: object) -> dict[str, str]:
    """What is recorded of the tag; nothing where it says that the picture is stored as it is to be seen."""
    number = _number(value)
    return {} if number == UPRIGHT else {"orientation": f"{SAID[number]} (tag {number}), shown upright"}


def _number(value: object) -> int:
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    return int(value) if isinstance(value, int | np.integer) and int(value) in SAID else UPRIGHT
