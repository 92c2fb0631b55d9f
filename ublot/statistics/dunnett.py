"""Many conditions against one control, with blots as blocks: two-way least squares and Dunnett's adjustment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike

    from ublot.numerics.arrays import Array

__all__ = ["LEAST", "Contrast", "compare_with_control", "interaction_p", "max_t_p", "t_interval"]

LEAST = 3  # values of a condition that a test takes
SEED = 19550101  # of the quadrature: the same data give the same p


@dataclass(frozen=True)
class Contrast:
    """One condition less the control, blocks apart.

    Attributes
    ----------
    difference, error : float
        Estimate and its standard error, on the scale of the values.
    p : float
        Adjusted for all conditions compared with this control, two-sided.
    freedom : int
        Residual degrees of freedom.
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


def compare_with_control(
    values: ArrayLike, conditions: Sequence[Hashable], blocks: Sequence[Hashable], control: Hashable
) -> dict[Hashable, Contrast]:
    """Every condition against the control.

    ``value = condition + block + error`` by least squares, so that what a blot does to all its lanes drops out also
    where blots do not hold the same conditions. The adjustment is the single-step one of Dunnett (1955, J Am Stat Assoc
    50:1096) with the correlations that the design gives (Hothorn, Bretz & Westfall 2008, Biom J 50:346); with one block
    it is `scipy.stats.dunnett`.

    Parameters
    ----------
    values : array-like, shape (n,)
        One for each independent reaction.
    conditions, blocks : sequence, length n
    control : hashable
        One of the conditions.

    Returns
    -------
    dict of condition to Contrast
        Only conditions with at least three values, where the control has as many and the design connects them; empty
        where nothing can be tested.
    """
    y = np.asarray(values, np.float64)
    counted = {c: sum(other == c for other in conditions) for c in dict.fromkeys(conditions)}
    tested = [c for c, n in counted.items() if n >= LEAST and c != control]
    if counted.get(control, 0) < LEAST or not tested:
        return {}
    kept = np.array([c == control or c in tested for c in conditions])
    names = [b for b, keep in zip(blocks, kept, strict=True) if keep]
    treated = np.array([[float(c == t) for t in tested] for c, keep in zip(conditions, kept, strict=True) if keep])
    blotted = np.array([[float(b == e) for e in dict.fromkeys(names)] for b in names])
    design = np.hstack([treated, blotted])
    return _contrasts(design, y[kept], tested)


def _contrasts(design: Array, y: Array, tested: Sequence[Hashable]) -> dict[Hashable, Contrast]:
    """Coefficients of the first columns with their errors and joint p; without those that the design leaves open."""
    u, s, vt = np.linalg.svd(design, full_matrices=False)
    good = s > 1e-9 * s.max()
    freedom = len(y) - int(good.sum())
    if freedom < 1:
        return {}
    beta = vt[good].T @ ((u[:, good].T @ y) / s[good])
    # A coefficient can be known only if no direction that the data do not see moves it.
    unseen = np.eye(design.shape[1]) - vt[good].T @ vt[good]
    known = [i for i in range(len(tested)) if np.abs(unseen[i]).max() < 1e-6]
    ssr = float(np.sum((y - design @ beta) ** 2))
    if not known or ssr <= 1e-24 * float(y @ y):
        return {}
    unit = (vt[good].T / s[good] ** 2) @ vt[good]
    covariance = unit[np.ix_(known, known)] * ssr / freedom
    errors = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(errors, errors)
    p = max_t_p(beta[known] / errors, correlation, freedom)
    return {
        tested[i]: Contrast(float(beta[i]), float(e), float(adjusted), freedom)
        for i, e, adjusted in zip(known, errors, p, strict=True)
    }


def max_t_p(t: ArrayLike, correlation: ArrayLike, freedom: int) -> Array:
    """Two-sided single-step p of several t statistics: the chance that the largest of them is as large.

    Parameters
    ----------
    t : array-like, shape (m,)
    correlation : array-like, shape (m, m)
    freedom : int

    Returns
    -------
    ndarray, shape (m,)
        From the multivariate t distribution; never below the unadjusted p.
    """
    size = np.abs(np.asarray(t, np.float64))
    alone = np.asarray(2 * special.stdtr(freedom, -size))
    if len(size) == 1:
        return alone
    shape = np.asarray(correlation, np.float64)
    loadings = _loadings(shape)
    inside = _by_one_factor(size, loadings, freedom) if loadings is not None else _by_sampling(size, shape, freedom)
    # Quadrature has an error; these bounds hold exactly.
    return np.clip(1 - inside, alone, np.minimum(len(size) * alone, 1.0))


def _loadings(correlation: Array) -> Array | None:
    """Loadings on the one factor that comparisons with a common control share; None where more than one is needed."""
    m = len(correlation)
    off = correlation[~np.eye(m, dtype=bool)]
    if off.min() <= 0:
        return None
    if m == 2:
        return np.full(2, math.sqrt(off[0]))
    i = np.arange(m)
    j, k = (i + 1) % m, (i + 2) % m
    loadings: Array = np.sqrt(correlation[i, j] * correlation[i, k] / correlation[j, k])
    explained = np.outer(loadings, loadings)[~np.eye(m, dtype=bool)]
    fits = bool(loadings.max() < 1 and np.abs(explained - off).max() < 1e-6)
    return loadings if fits else None


def _by_one_factor(size: Array, loadings: Array, freedom: int) -> Array:
    """Chance that all of the t statistics lie within each size, by quadrature over the common factor and the scale.

    Given factor and scale the statistics are independent (Dunnett 1955).
    """
    z = np.linspace(-8.5, 8.5, 103)
    of_z = np.exp(-0.5 * z**2)
    u, of_u = np.polynomial.legendre.leggauss(96)
    scale = np.sqrt(special.chdtri(freedom, 0.5 - 0.5 * u) / freedom)
    rest = np.sqrt(1 - loadings**2)[:, None, None]
    shift = loadings[:, None, None] * z[:, None]
    inside = []
    for x in size:
        each = special.ndtr((shift + x * scale) / rest) - special.ndtr((shift - x * scale) / rest)
        inside.append(float(of_z @ np.prod(each, axis=0) @ of_u / of_z.sum() / 2))
    return np.array(inside)


def _by_sampling(size: Array, correlation: Array, freedom: int) -> Array:
    """Compute the same for any correlation, by quasi-random points (Genz & Bretz 2009), to about 1e-4."""
    from scipy.stats import multivariate_t

    joint = multivariate_t(np.zeros(len(size)), correlation, df=freedom, allow_singular=True)
    inside = [
        joint.cdf(np.full(len(size), x), lower_limit=np.full(len(size), -x), random_state=np.random.default_rng(SEED))
        for x in size
    ]
    return np.array(inside, np.float64)


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
