"""Many conditions against their controls on one blot: one-way least squares and Dunnett's adjustment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ublot.numerics.arrays import Array

__all__ = ["LEAST", "Contrast", "compare_with_controls", "interaction_p", "max_t_p", "t_interval"]

LEAST = 3  # values of a condition that a test takes


@dataclass(frozen=True)
class Contrast:
    """One condition less its control.

    Attributes
    ----------
    difference, error : float
        Estimate and its standard error, on the scale of the values.
    p : float
        Adjusted for all conditions that are compared together, two-sided.
    freedom : int
        Degrees of freedom of the error.
    """

    difference: float
    error: float
    p: float
    freedom: int


def t_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of a mean; NaN with fewer than two values."""
    v = np.asarray(values, np.float64)
    if len(v) < 2:
        return math.nan, math.nan
    reach = float(special.stdtrit(len(v) - 1, 0.5 + 0.5 * confidence)) * float(v.std(ddof=1)) / math.sqrt(len(v))
    return float(v.mean()) - reach, float(v.mean()) + reach


def compare_with_controls(
    values: ArrayLike, conditions: Sequence[Hashable], control_of: Mapping[Hashable, Hashable]
) -> dict[Hashable, Contrast]:
    """Every condition against its control, the reactions of one blot as the unit.

    The scatter is that within conditions and controls, all together. The adjustment is the single-step one of Dunnett
    (1955, J Am Stat Assoc 50:1096); where several controls serve different conditions (the vehicle of each time) it
    holds for all comparisons together. With one control it is `scipy.stats.dunnett`.

    Parameters
    ----------
    values : array-like, shape (n,)
        One for each independent reaction.
    conditions : sequence, length n
        Of each value; controls are conditions too.
    control_of : mapping
        Control of each condition that is to be compared.

    Returns
    -------
    dict of condition to Contrast
        Only conditions with at least three values whose control has as many; empty where there is no scatter.
    """
    y = np.asarray(values, np.float64)
    of: dict[Hashable, Array] = {c: y[[other == c for other in conditions]] for c in dict.fromkeys(conditions)}
    enough = {c for c, v in of.items() if len(v) >= LEAST}
    tested = [c for c, control in control_of.items() if c in enough and control in enough]
    if not tested:
        return {}
    used = {*tested, *(control_of[c] for c in tested)}
    freedom = sum(len(of[c]) - 1 for c in used)
    ssr = float(sum(np.sum((of[c] - of[c].mean()) ** 2) for c in used))
    if ssr <= 1e-24 * float(y @ y):
        return {}
    own = np.array([1 / len(of[c]) for c in tested])
    shared = np.array([1 / len(of[control_of[c]]) for c in tested])
    difference = np.array([of[c].mean() - of[control_of[c]].mean() for c in tested])
    error = np.sqrt((own + shared) * ssr / freedom)
    controls = list(dict.fromkeys(control_of[c] for c in tested))
    p = max_t_p(
        difference / error, np.sqrt(shared / (own + shared)), freedom, [controls.index(control_of[c]) for c in tested]
    )
    return {c: Contrast(float(difference[i]), float(error[i]), float(p[i]), freedom) for i, c in enumerate(tested)}


def max_t_p(t: ArrayLike, loadings: ArrayLike, freedom: int, factor: Sequence[int] | None = None) -> Array:
    """Two-sided single-step p of several t statistics: the chance that the largest of them is as large.

    Parameters
    ----------
    t : array-like, shape (m,)
    loadings : array-like, shape (m,)
        Of each statistic on what it shares with others: two of one factor correlate by the product of theirs.
    freedom : int
    factor : sequence of int, length m, optional
        Which factor a statistic rests on, one for all by default. Statistics of different factors share their scale.

    Returns
    -------
    ndarray, shape (m,)
        From the multivariate t distribution; never below the unadjusted p.
    """
    size = np.abs(np.asarray(t, np.float64))
    alone = np.asarray(2 * special.stdtr(freedom, -size))
    if len(size) == 1:
        return alone
    groups = np.zeros(len(size), np.int64) if factor is None else np.asarray(factor, np.int64)
    inside = _by_factors(size, np.asarray(loadings, np.float64), groups, freedom)
    # Quadrature has an error; these bounds hold exactly.
    return np.clip(1 - inside, alone, np.minimum(len(size) * alone, 1.0))


def _by_factors(size: Array, loadings: Array, groups: NDArray[np.int64], freedom: int) -> Array:
    """Chance that all of the t statistics lie within each size, by quadrature over the factors and the scale.

    Given factor and scale the statistics are independent (Dunnett 1955); given the scale, so are the factors.
    """
    z = np.linspace(-8.5, 8.5, 103)
    of_z = np.exp(-0.5 * z**2)
    of_z /= of_z.sum()
    u, of_u = np.polynomial.legendre.leggauss(96)
    scale = np.sqrt(special.chdtri(freedom, 0.5 - 0.5 * u) / freedom)
    rest = np.sqrt(1 - loadings**2)[:, None, None]
    shift = loadings[:, None, None] * z[:, None]
    inside = []
    for x in size:
        each = special.ndtr((shift + x * scale) / rest) - special.ndtr((shift - x * scale) / rest)
        of_group = [of_z @ np.prod(each[groups == g], axis=0) for g in np.unique(groups)]
        inside.append(float(np.prod(of_group, axis=0) @ of_u / 2))
    return np.array(inside)


def interaction_p(values: ArrayLike, conditions: Sequence[Hashable], blocks: Sequence[Hashable]) -> float:
    """Chance that blocks differ so much in what conditions do, if they do not: F test of the interaction.

    Against the scatter of reactions of one condition in one block; NaN where no condition is repeated in a block, or
    there is nothing to test.

    Parameters
    ----------
    values : array-like, shape (n,)
    conditions, blocks : sequence, length n
    """
    y = np.asarray(values, np.float64)
    cells: dict[tuple[Hashable, Hashable], list[int]] = {}
    for i, cell in enumerate(zip(conditions, blocks, strict=True)):
        cells.setdefault(cell, []).append(i)
    pure = float(sum(np.sum((y[rows] - y[rows].mean()) ** 2) for rows in cells.values()))
    freedom = len(y) - len(cells)
    columns = [[float(c == e) for c in conditions] for e in dict.fromkeys(conditions)]
    columns += [[float(b == e) for b in blocks] for e in dict.fromkeys(blocks)]
    design = np.array(columns).T
    beta, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    extra = len(y) - int(rank) - freedom
    if freedom < 1 or extra < 1 or not pure > 0:
        return math.nan
    rest = float(np.sum((y - design @ beta) ** 2)) - pure
    return float(special.fdtrc(extra, freedom, max(rest, 0.0) / extra / (pure / freedom)))
