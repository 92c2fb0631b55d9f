"""Array types shared by all, and places of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "in_a_row"]

Array = NDArray[np.float64]


def in_a_row(places: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """The same ascending places, as a slice where none is left out: what is there need not be copied then."""
    if not len(places):
        return places
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first == len(places) - 1 else places
