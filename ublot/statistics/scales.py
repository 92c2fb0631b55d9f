"""The scales on which means are taken and errors are even: logarithm for ratios, log-odds for fractions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ublot.numerics.arrays import Array

__all__ = ["FROM", "SLOPE", "TO", "Scale", "fitting_scale", "from_scale", "to_scale"]

Scale = Literal["arithmetic", "log", "logit"]

TO: Mapping[Scale, Callable[[Array], Array]] = {
    "arithmetic": np.asarray,
    "log": np.log,
    "logit": lambda v: np.asarray(np.log(v) - np.log1p(-v)),
}
"""From values to a scale, for arrays of floats only and with numpy's warnings: what fits call thousands of times."""

FROM: Mapping[Scale, Callable[[Array], Array]] = {
    "arithmetic": np.asarray,
    "log": np.exp,
    "logit": lambda v: np.asarray(1 / (1 + np.exp(-v))),
}
"""From a scale to values, likewise."""

SLOPE: Mapping[Scale, Callable[[Array], Array]] = {
    "arithmetic": np.ones_like,
    "log": lambda v: np.asarray(1 / v),
    "logit": lambda v: np.asarray(1 / (v * (1 - v))),
}
"""Derivative of the scale by the value."""


def to_scale(values: ArrayLike, scale: Scale) -> Array:
    """Values on a scale; NaN or infinite where it is not defined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return TO[scale](np.asarray(values, np.float64))


def from_scale(values: ArrayLike, scale: Scale) -> Array:
    """Undo `to_scale`."""
    with np.errstate(over="ignore"):
        return FROM[scale](np.asarray(values, np.float64))


def fitting_scale(values: ArrayLike, wanted: Scale) -> Scale:
    """`wanted`, or arithmetic where one of the values has no place on it (a signal below zero has no logarithm)."""
    return wanted if bool(np.isfinite(to_scale(values, wanted)).all()) else "arithmetic"
