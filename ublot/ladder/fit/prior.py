"""What is known of rungs before a blot is seen: how wide they are, and how far off they may stand."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ublot.ladder.fit.one_lane import Prior

if TYPE_CHECKING:
    from ublot.model import Calibration
    from ublot.numerics.arrays import Array

__all__ = ["SHAPE_MEAN", "common_prior", "last_resolved", "own_spread", "widening"]

RESOLVED = 2.2  # spacing over sigma from which on two rungs show as two
# Log width over the first guess, skewness, log width of rungs over the unmodified band's, growth of that per rung.
SHAPE_MEAN = np.array([0.0, 0.0, -0.12, 0.02])
SHAPE_SD = np.array([0.3, 0.4, 0.15, 0.02])
SHAPE_OWN = np.array([0.08, 0.15, 0.03, 0.005])  # scatter from lane to lane
# Apparent mass: off by so much of a modifier for the target, per modifier as a trend, and at random with every one.
OFF_TARGET, OFF_TREND, OFF_STEP = 0.1, 0.025, 0.03
ANCHOR = 0.5  # error of the band's own place over that
CALIBRATION_ERROR = 0.001, 0.004  # log10(kDa), at least and at most
LEFT_OUT = 0.4  # error of the curve over the residual of bands left out of it, which is that of wider gaps
CURVE_SCALE = 0.25  # of log mass over which the marker's curve errs alike: neighbouring bands
ALONE = 0.06  # spacings by which one lane's band may stand off the row it was found at
STRETCH = 0.003, 0.5  # of the way from the band: at least, and over the lane's own shift as a share of its length


@lru_cache(4)
def widening(places: int) -> Array:
    """How the log width of 0, 1, 2, ... modifiers depends on the shape parameters, shape (places, shapes)."""
    out = np.zeros((places, len(SHAPE_MEAN)))
    out[:, 0] = 1.0
    out[1:, 2] = 1.0
    out[1:, 3] = np.arange(places - 1)
    return out


def last_resolved(nominal: Array, sigma: float, shape: Array) -> int:
    """The last rung that can stand clear of its neighbours; 0 where even the first does not."""
    n = np.arange(1, len(nominal) - 1)
    widths = sigma * np.exp(shape[2] + shape[3] * (n - 1))
    clear = (nominal[:-2] - nominal[2:]) / 2 >= RESOLVED * widths
    return int(np.argmin(clear)) if not clear.all() else int(n[-1])


def common_prior(nominal: Array, masses: Array, sigma: float, calibration: Calibration) -> Prior:
    """Of what all lanes share.

    Parameters
    ----------
    nominal : ndarray, shape (places,)
        Rows of 0, 1, 2, ... modifiers by the calibration.
    masses : ndarray, shape (places,)
        kDa.
    sigma : float
        First guess of the unmodified band's width, px.
    calibration : Calibration
    """
    n = np.arange(len(nominal), dtype=np.float64)
    spacing = -np.gradient(nominal)
    # The target itself runs off its mass by so much of a modifier, and every band above it with it.
    shifted = spacing[0] - spacing
    off = _curve_error(masses, calibration) + OFF_TREND**2 * np.outer(n, n)
    off += OFF_STEP**2 * np.minimum.outer(n, n)
    anchor = np.outer(shifted, shifted) + (ANCHOR * spacing[0]) ** 2
    shapes = len(SHAPE_MEAN)
    covariance = np.zeros((shapes + len(n),) * 2)
    covariance[:shapes, :shapes] = np.diag(SHAPE_SD**2)
    covariance[shapes:, shapes:] = off * np.outer(spacing, spacing) + OFF_TARGET**2 * anchor + 1e-4 * np.eye(len(n))
    mean = np.concatenate([SHAPE_MEAN, np.zeros(len(n))])
    mean[0] += math.log(sigma)
    return Prior(mean, covariance)


def _curve_error(masses: Array, calibration: Calibration) -> Array:
    """Covariance of the marker's error in modifiers: neighbours err alike, and not at the target, the lane's anchor."""
    residual = calibration.residual if math.isfinite(calibration.residual) else CALIBRATION_ERROR[1] / LEFT_OUT
    residual = float(np.clip(LEFT_OUT * residual, *CALIBRATION_ERROR))
    x = np.log(masses)
    alike = np.exp(-0.5 * ((x[:, None] - x) / CURVE_SCALE) ** 2)
    scale = residual * math.log(10) * masses / (masses[1] - masses[0])
    return np.asarray((alike - np.outer(alike[0], alike[0])) * np.outer(scale, scale), np.float64)


def own_spread(nominal: Array, shifts: Array, lengths: Array) -> Array:
    """Covariance of what a lane departs by on its own: a lane that ran further did so all along.

    Parameters
    ----------
    nominal : ndarray, shape (places,)
    shifts : ndarray, shape (lanes,)
        How much lower each lane's band lies than nominal, px.
    lengths : ndarray, shape (lanes,)
        Rows from the well to the band.

    Returns
    -------
    ndarray, shape (parameters, parameters)
        The mean of all lanes.
    """
    away = nominal[0] - nominal
    stretch = STRETCH[0] + STRETCH[1] * np.abs(shifts) / np.maximum(lengths, 1.0)
    shapes = len(SHAPE_MEAN)
    own = np.zeros((shapes + len(nominal),) * 2)
    own[:shapes, :shapes] = np.diag(SHAPE_OWN**2)
    own[shapes:, shapes:] = (ALONE * (nominal[0] - nominal[1])) ** 2 + np.mean(stretch**2) * np.outer(away, away)
    own[shapes:, shapes:] += 1e-4 * np.eye(len(nominal))
    return own
