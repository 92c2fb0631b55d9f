"""Conditions against their vehicle where there are several blots: one difference from each blot, a t test across them.

A compound's effect varies from blot to blot, so that the lanes of one blot repeat each other: what counts is the blot.
Every blot gives one difference of a condition from the vehicle of that same blot, and Student's test asks whether the
differences are 0 on average, with as many degrees of freedom as there are blots, less one, and with the scatter of that
condition alone. All conditions of a blot share its vehicle, and their scatter may be correlated in any way. The
adjustment for their number is that of a rotation test (Langsrud 2005, Stat Comput 15:53), exact for normal differences
whatever their covariance: given how conditions vary together, the direction in which the blots agree is as likely as
any other, so that the adjusted p is the share of all directions in which some condition would look as clear.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ublot.statistics.dunnett import Contrast

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["compare_across_blots", "rotation_p"]

DIRECTIONS = 4096  # drawn for the adjustment: its relative error stays near 1 %
COMMON = 1.0  # sum of the single p from which on plain sampling does as well
SEED = 20050315  # of the directions: the same data give the same p


def compare_across_blots(differences: Mapping[Hashable, Mapping[Hashable, float]]) -> dict[Hashable, Contrast]:
    """Test whether conditions differ from their vehicle, blots as the unit.

    Parameters
    ----------
    differences : mapping of condition to mapping of blot to float
        Mean of the condition less that of its vehicle on the same blot, on the scale on which errors are even.

    Returns
    -------
    dict of condition to Contrast
        Only conditions with two blots or more whose differences scatter at all; `p` is adjusted for all of these.
    """
    blots = list(dict.fromkeys(blot for values in differences.values() for blot in values))
    kept: dict[Hashable, Array] = {}
    for condition, values in differences.items():
        row = np.array([values.get(blot, math.nan) for blot in blots])
        known = row[np.isfinite(row)]
        if len(known) > 1 and float(np.ptp(known)) > 1e-12 * float(np.abs(known).max()):
            kept[condition] = row
    if not kept:
        return {}
    table = np.array(list(kept.values())).T
    counts = np.isfinite(table).sum(axis=0)
    means = np.nanmean(table, axis=0)
    errors = np.nanstd(table, axis=0, ddof=1) / np.sqrt(counts)
    p = rotation_p(table)
    return {
        condition: Contrast(float(means[k]), float(errors[k]), float(p[k]), int(counts[k]) - 1)
        for k, condition in enumerate(kept)
    }


def rotation_p(differences: Array) -> Array:
    """Adjusted two-sided p of the means of several columns.

    Parameters
    ----------
    differences : ndarray, shape (blots, conditions)
        NaN where a blot lacks a condition; at least two values in each column.

    Returns
    -------
    ndarray, shape (conditions,)
        Never below Student's p of the column alone, nor above Bonferroni's. Without NaN the chance that the least of
        them is below any level is that level, if no mean differs from 0.
    """
    present = np.isfinite(differences).T.astype(np.float64)
    values = np.where(present > 0, differences.T, 0.0)
    freedom = present.sum(axis=1) - 1
    ahead = values / np.linalg.norm(values, axis=1, keepdims=True)
    cosine = ahead.sum(axis=1) / np.sqrt(freedom + 1)
    with np.errstate(divide="ignore"):
        t = np.sqrt(freedom) * np.abs(cosine) / np.sqrt(np.maximum(1 - cosine**2, 0.0))
    alone = np.asarray(2 * special.stdtr(freedom, -t))
    count = len(alone)
    if count == 1:
        return alone
    # The same directions for the same data, in whichever order blots and conditions come.
    rows, columns = np.argsort(values.sum(axis=0)), np.lexsort((cosine, alone))
    ahead, present, freedom = ahead[columns][:, rows], present[columns][:, rows], freedom[columns]
    rng = np.random.default_rng(SEED)
    each = max(DIRECTIONS // count, 64)
    draws = rng.standard_normal((count * each, len(differences)))
    shares = (np.tile(np.arange(each), count) + rng.random(count * each)) / each
    caps = _Caps(ahead, present, freedom)
    adjusted = np.empty(count)
    adjusted[columns] = [
        caps.share_of_all(p, draws) if count * p > COMMON else caps.share_of_caps(p, draws, shares)
        for p in alone[columns]
    ]
    return np.clip(adjusted, alone, np.minimum(count * alone, 1.0))


class _Caps:
    """For each condition the directions, seen from its differences, in which they look as clear as a given p says.

    On the unit sphere of the blots that is a pair of caps around the differences, and p is the share of the sphere that
    they cover. The caps of all conditions together cover what the adjusted p is.
    """

    def __init__(self, ahead: Array, present: Array, freedom: Array) -> None:
        self.ahead, self.present, self.freedom = ahead, present, freedom

    def inside(self, p: float, directions: Array) -> NDArray[np.bool_]:
        t = special.stdtrit(self.freedom, 0.5 * p)
        least = t**2 / (self.freedom + t**2)
        length = directions**2 @ self.present.T
        return np.asarray((directions @ self.ahead.T) ** 2 >= least * length * (1 - 1e-12))

    def share_of_all(self, p: float, draws: Array) -> float:
        return float(self.inside(p, draws).any(axis=1).mean())

    def share_of_caps(self, p: float, draws: Array, shares: Array) -> float:
        """Directions drawn within the caps, each counted as one part of the caps that hold it (Karp & Luby 1983)."""
        count = len(self.ahead)
        which = np.repeat(np.arange(count), len(draws) // count)
        ahead, present, freedom = self.ahead[which], self.present[which], self.freedom[which]
        own = draws * present
        length = np.linalg.norm(own, axis=1, keepdims=True)
        aside = own - (own * ahead).sum(axis=1, keepdims=True) * ahead
        aside /= np.linalg.norm(aside, axis=1, keepdims=True)
        t = special.stdtrit(freedom, 0.5 * p * shares)
        cosine = np.where(np.isfinite(t), np.abs(t) / np.sqrt(freedom + t**2), 1.0)[:, None]
        directions = length * (cosine * ahead + np.sqrt(1 - cosine**2) * aside) + draws * (1 - present)
        holding = np.maximum(self.inside(p, directions).sum(axis=1), 1)
        return count * p * float(np.mean(1 / holding))
