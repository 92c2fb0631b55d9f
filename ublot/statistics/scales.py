"""The scales on which means are taken and errors are even: logarithm for ratios, log-odds for fractions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ublot.numerics.arrays import Array

__all__ = ["Scale", "fitting_scale", "from_scale", "to_scale"]

Scale = Literal["arithmetic", "log", "logit"]


def to_scale(values: ArrayLike, scale: Scale) -> Array:
    """Values on a scale; NaN or infinite where it is not defined."""
    v = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "log":
            return np.asarray(np.log(v))
        return np.asarray(np.log(v) - np.log1p(-v)) if scale == "logit" else v


def from_scale(values: ArrayLike, scale: Scale) -> Array:
    """Undo `to_scale`."""
    v = np.asarray(values, np.float64)
    with np.errstate(over="ignore"):
        if scale == "log":
            return np.asarray(np.exp(v))
        return np.asarray(1 / (1 + np.exp(-v))) if scale == "logit" else v


def fitting_scale(values: ArrayLike, wanted: Scale) -> Scale:
    """`wanted`, or arithmetic where one of the values has no place on it (a signal below zero has no logarithm)."""
    return wanted if bool(np.isfinite(to_scale(values, wanted)).all()) else "arithmetic"
