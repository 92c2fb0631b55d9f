"""SHA-256 of the input, computed beside the decoding."""

from __future__ import annotations

import hashlib
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Digest"]

PIECE = 1 << 20


class Digest:
    """Starts hashing on construction; `result` waits for it.

    hashlib releases the interpreter's lock, so that on two cores the digest costs next to nothing.

    Parameters
    ----------
    source : Path or ndarray
        A file, or pixels in memory (their bytes in C order).
    """

    def __init__(self, source: Path | NDArray[Any]) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self._error: OSError | None = None
        self._thread = Thread(target=self._run, name="ublot-digest", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        if isinstance(self._source, np.ndarray):
            self._hash.update(np.ascontiguousarray(self._source).data.cast("B"))
            return
        try:
            piece = memoryview(bytearray(PIECE))
            with self._source.open("rb", buffering=0) as file:
                while count := file.readinto(piece):
                    self._hash.update(piece[:count])
        except OSError as error:
            self._error = error

    def result(self) -> str:
        """Hexadecimal digest.

        Raises
        ------
        OSError
            Where the file could not be read to its end.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._hash.hexdigest()
