"""Signal across a lane: laws of its flanks that have nothing in common but their width and steepness at half height."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LAWS", "Law", "flank", "lateral"]

Law = Literal["erf", "gaussian", "logistic", "exponential"]

LAWS: tuple[Law, ...] = get_args(Law)
"""How a lane falls off: an even lane through a blur (the default), a generalised Gaussian, a flat top with logistic
edges, and a flat top with exponential flanks."""


def flank(inward: NDArray[np.floating], half: float, sigma: float, law: Law) -> NDArray[np.floating]:
    """One side of a lane: near 1 in its middle, 1/2 at its edge, falling outwards.

    Parameters
    ----------
    inward : ndarray
        Distance from the edge towards the middle, px; negative outside.
    half : float
        Half of the lane's width.
    sigma : float
        Standard deviation of the blur that would be as steep at the edge.
    law : {"erf", "gaussian", "logistic", "exponential"}
    """
    from scipy.special import erf, expit

    if law == "erf":
        return np.asarray(0.5 * (1 + erf(inward / np.float32(math.sqrt(2) * sigma))))
    # All are as steep at the edge: 1 / (sigma sqrt(2 pi)).
    if law == "logistic":
        return np.asarray(expit(inward * np.float32(4 / (sigma * math.sqrt(2 * math.pi)))))
    if law == "exponential":
        decay = 0.5 * sigma * math.sqrt(2 * math.pi)
        return np.asarray(np.minimum(np.exp(np.minimum(inward / decay - math.log(2), 0.0)), 1.0))
    power = max(2 * half / (math.log(2) * sigma * math.sqrt(2 * math.pi)), 1.0)
    outward = np.maximum(1 - inward / half, 0.0)
    return np.asarray(np.exp(-math.log(2) * outward**power))


def lateral(
    d: NDArray[np.floating], half: float, edges: tuple[float, float], law: Law, tails: float, reach: float
) -> NDArray[np.floating]:
    """Signal across a lane at distances `d` from its middle, not normalised.

    Parameters
    ----------
    d : ndarray
        px; negative to the left.
    half, edges : float, tuple of float
        Half of the lane's width, and the `sigma` of its left and right flank.
    law : {"erf", "gaussian", "logistic", "exponential"}
    tails : float
        Share of the lane's light in long tails to both sides (a box convolved with a Lorentzian).
    reach : float
        Half the width at half height of that Lorentzian, px.
    """
    shape = flank(d + half, half, edges[0], law) * flank(half - d, half, edges[1], law)
    if not tails:
        return shape
    far = (np.arctan((d + half) / reach) - np.arctan((d - half) / reach)) / np.pi
    return np.asarray((1 - tails) * shape + tails * far)
