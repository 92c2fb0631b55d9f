"""Non-negative least squares from the normal equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["scaled_inverse", "solve_nonnegative"]


def solve_nonnegative(
    gram: NDArray[np.float64], moment: NDArray[np.float64], start: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Minimise ``x @ gram @ x / 2 - moment @ x`` over ``x >= 0``.

    The active-set method of Lawson & Hanson (1974) on the normal equations (Bro & de Jong 1997, J. Chemometrics 11,
    393), started from a guess of what is positive: a good one, as between the turns of an iteration, needs one solve.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
        Positive semi-definite.
    moment : ndarray, shape (n,)
    start : ndarray of bool, shape (n,), optional
        Which unknowns are likely to be positive; all by default.

    Returns
    -------
    ndarray, shape (n,)
    """
    scale = 1 / np.sqrt(np.maximum(gram.diagonal(), 1e-300))
    a = gram * (scale[:, None] * scale)
    a[np.diag_indices_from(a)] += 1e-10
    b = moment * scale
    positive = np.ones(len(b), bool) if start is None else start.copy()
    x = _solve(a, b, positive)
    while (x[positive] <= 0).any():
        positive &= x > 0
        x = _solve(a, b, positive)
    enough = 1e-9 * float(np.abs(b).max(initial=0.0))
    for _ in range(3 * len(b)):
        pull = np.where(positive, -np.inf, b - a @ x)
        best = int(pull.argmax())
        if pull[best] <= enough:
            break
        positive[best] = True
        new = _solve(a, b, positive)
        while np.any(new[positive] <= 0):
            shrinking = positive & (new <= 0)
            ratio = x[shrinking] / np.maximum(x[shrinking] - new[shrinking], 1e-300)
            x = np.asarray(x + float(np.min(ratio)) * (new - x), np.float64)
            positive &= x > 1e-14
            x = np.where(positive, x, 0.0)
            new = _solve(a, b, positive)
        x = new
    return np.asarray(np.maximum(x, 0.0) * scale, np.float64)


def _solve(a: NDArray[np.float64], b: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    x = np.zeros(len(b))
    used = np.flatnonzero(positive)
    if len(used):
        part, right = (a, b) if len(used) == len(b) else (a[used[:, None], used], b[used])
        # Cholesky's by LAPACK itself: for matrices this small most of `numpy.linalg.solve` is its wrapping.
        _, x[used], wrong = lapack.dposv(part, right)
        if wrong:  # rounding has made the matrix indefinite
            x[used] = np.linalg.solve(part, right)
    return x


def scaled_inverse(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of a positive semi-definite matrix, each unknown in its own unit; it is vast where nothing is known."""
    size = np.diag(gram)
    scale = 1 / np.sqrt(np.maximum(size, max(1e-30 * float(size.max(initial=0.0)), 1e-100)))
    units = np.outer(scale, scale)
    return np.asarray(np.linalg.inv(gram * units + 1e-10 * np.eye(len(gram))) * units, np.float64)
