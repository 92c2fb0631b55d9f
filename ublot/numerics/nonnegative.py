"""Least squares from the normal equations, some of them non-negative."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["scaled_inverse", "solve_definite", "solve_nonnegative"]

PATIENCE = 3  # exchanges of all that is wrong, after the last that left less wrong than any before
MOST_TURNS = 1000  # one by one it ends by itself, unless rounding has it go in circles


def solve_nonnegative(
    gram: NDArray[np.float64], moment: NDArray[np.float64], start: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Minimise ``x @ gram @ x / 2 - moment @ x`` over ``x >= 0``.

    Block principal pivoting (Portugal, Judice & Vicente 1994, Math. Comput. 63, 625; Kim & Park 2011, SIAM J. Sci.
    Comput. 33, 3261): all unknowns on the wrong side change it at once, and one by one where that goes in circles. A
    good guess of what is positive, as between the turns of an iteration, needs one solve.

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
    a.reshape(-1)[:: len(a) + 1] += 1e-10  # the diagonal
    b = moment * scale
    positive = np.ones(len(b), bool) if start is None else start.copy()
    enough = 1e-9 * float(np.abs(b).max(initial=0.0))
    fewest, patience = len(b) + 1, PATIENCE
    x = _solve(a, b, positive)
    for _ in range(MOST_TURNS):
        wrong = np.where(positive, x < 0, b - a @ x > enough).nonzero()[0]
        if not len(wrong):
            break
        if len(wrong) < fewest:
            fewest, patience = len(wrong), PATIENCE
        elif patience:
            patience -= 1
        else:
            wrong = wrong[-1:]
        positive[wrong] ^= True
        x = _solve(a, b, positive)
    return np.asarray(np.maximum(x, 0.0) * scale, np.float64)


def _solve(a: NDArray[np.float64], b: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    x = np.zeros(len(b))
    used = positive.nonzero()[0]
    if len(used):
        part, right = (a, b) if len(used) == len(b) else (a.take(used, 0).take(used, 1), b[used])
        x[used] = solve_definite(part, right)
    return x


def solve_definite(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve for a positive definite matrix, or for one that rounding has made indefinite.

    Cholesky's by LAPACK itself: for matrices as small as ours most of `numpy.linalg.solve` is its wrapping.
    """
    _, found, wrong = lapack.dposv(matrix, right)
    return np.asarray(np.linalg.solve(matrix, right) if wrong else found, np.float64)


def scaled_inverse(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of a positive semi-definite matrix, each unknown in its own unit; it is vast where nothing is known."""
    size = gram.diagonal()
    scale = 1 / np.sqrt(np.maximum(size, max(1e-30 * float(size.max(initial=0.0)), 1e-100)))
    units = scale[:, None] * scale
    a = gram * units
    a.reshape(-1)[:: len(a) + 1] += 1e-10  # the diagonal
    root, wrong = lapack.dpotrf(a)
    if wrong:  # rounding has made the matrix indefinite
        return np.asarray(np.linalg.inv(a) * units, np.float64)
    upper, _ = lapack.dpotri(root)
    inverse = upper + upper.T
    inverse.reshape(-1)[:: len(a) + 1] *= 0.5  # the diagonal, which both hold
    return np.asarray(inverse * units, np.float64)
