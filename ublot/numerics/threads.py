"""Numerical libraries kept to one thread: every process is to use one core, and sums are to have one order."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadpoolctl import ThreadpoolController

__all__ = ["THREADS", "one_thread"]

#: What the libraries read when they are loaded.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@lru_cache(1)
def _libraries() -> ThreadpoolController:
    """Those that are loaded: to look for them takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep numerical libraries to one thread, so that sums have the same order, and the same last bit, everywhere."""
    import cv2
    import scipy.linalg

    del scipy  # it was loaded for its linear algebra, which is limited only once it is there
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with _libraries().limit(limits=1):
            yield
    finally:
        cv2.setNumThreads(before)
