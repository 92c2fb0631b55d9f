"""SHA-256 of the input."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sha256_of"]

PIECE = 1 << 20


def sha256_of(source: Path | NDArray[Any]) -> str:
    """Hexadecimal digest of a file, or of pixels in memory (their bytes in C order).

    Raises
    ------
    OSError
        Where the file cannot be read to its end.
    """
    digest = hashlib.sha256()
    if isinstance(source, np.ndarray):
        digest.update(np.ascontiguousarray(source).data.cast("B"))
        return digest.hexdigest()
    piece = memoryview(bytearray(PIECE))
    with source.open("rb", buffering=0) as file:
        while count := file.readinto(piece):
            digest.update(piece[:count])
    return digest.hexdigest()
