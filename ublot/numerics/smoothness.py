"""How smooth a membrane is: what roughness costs, and the smoothness that the data make likeliest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from ublot.numerics.splines import second_differences

if TYPE_CHECKING:
    from ublot.numerics.arrays import Array

__all__ = ["Normal", "roughness"]

STIFF = 1e6  # how much stiffer a blank lane's haze is than the membrane: it is as good as straight
SMOOTHNESS = np.geomspace(1e-4, 1e6, 41)


def _roughness_along(n: int) -> Array:
    d = second_differences(n)
    return np.asarray(d.T @ d)


@lru_cache(16)
def roughness(down: int, across: int, level: int) -> Array:
    """Roughness of membrane coefficients, of which `across` stand side by side, and of `level` smooth amplitudes."""
    along, both = np.ones(across + level), np.zeros((down, across + level, down, across + level))
    along[across:] = STIFF
    each, beside = np.arange(across + level), np.arange(down)
    both[:, each, :, each] = _roughness_along(down) * along[:, None, None]
    both[beside, :across, beside, :across] += _roughness_along(across)
    return both.reshape(down * len(along), -1)


@dataclass(frozen=True, eq=False)
class Normal:
    """Normal equations of what is smooth: their solution for any smoothness.

    Attributes
    ----------
    gram, penalty : ndarray, shape (n, n)
    rhs : ndarray, shape (n,)
    total : float
        Weighted sum of squares that is to be explained.
    dof : float
    untouched : int
        Number of directions that the penalty leaves alone.
    """

    gram: Array
    rhs: Array
    penalty: Array
    total: float
    dof: float
    untouched: int

    def solved(self, smoothness: float) -> tuple[Array, Array, float]:
        """Lower Cholesky factor, solution and the penalised sum of squares that is left."""
        root, _ = linalg.lapack.dpotrf(self.gram + smoothness * self.penalty, lower=1)
        vector, _ = linalg.lapack.dpotrs(root, self.rhs, lower=1)
        left = self.total - float(self.rhs @ vector)
        return root, vector, max(left, 1e-12 * max(self.total, 1e-300))

    def likeliest(self) -> float:
        """The smoothness that maximises the restricted likelihood (Wood 2011), the softest where there are several."""
        seen: dict[int, float] = {}

        def cost(i: int) -> float:
            if i not in seen and 0 <= i < len(SMOOTHNESS):
                root, _, left = self.solved(SMOOTHNESS[i])
                stiff = (len(root) - self.untouched) * np.log(SMOOTHNESS[i])
                seen[i] = float(self.dof * np.log(left) + 2 * np.log(root.diagonal()).sum() - stiff)
            return seen.get(i, np.inf)

        best, step = 0, 4
        while step:
            while cost(best + step) < cost(best):
                best += step
            while cost(best - step) < cost(best):
                best -= step
            step //= 2
        return float(SMOOTHNESS[best])
