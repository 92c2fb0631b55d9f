"""Opens every file that `ublot.read_blot` reads, and every folder that ``ublot analyze`` wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ublot
from ublot.io.result_folder import RECORD
from ublot_napari.layers.foreign import SUFFIXES
from ublot_napari.layers.lanes import LayerTuple, blot_layer, result_layer
from ublot_napari.state.saving import open_result

__all__ = ["get_reader", "read"]

Paths = str | Sequence[str]


def get_reader(path: Paths) -> Callable[[Paths], list[LayerTuple]] | None:
    """Return `read` for blots and results, None for anything else: napari then asks another plugin."""
    return read if all(_ours(str(one)) for one in _listed(path)) else None


def _ours(path: str) -> bool:
    return Path(path, RECORD).is_file() if Path(path).is_dir() else path.lower().endswith(SUFFIXES)


def read(path: Paths) -> list[LayerTuple]:
    """Return one image layer per blot; that of a result brings along everything as it was left.

    Raises
    ------
    ublot.BlotError
        The file is not a picture that can be read, or the result cannot be reopened; napari shows its one line.
    """
    return [read_result(one) if Path(one).is_dir() else blot_layer(ublot.read_blot(one)) for one in _listed(path)]


def read_result(folder: str | Path) -> LayerTuple:
    """Return the image layer of a saved result.

    Raises
    ------
    ublot.BlotError
        It is no result, one of a newer version, or its image is gone or has changed.
    """
    analysis, pixels = open_result(folder)
    return result_layer(analysis, Path(folder), pixels)


def _listed(path: Paths) -> list[Any]:
    return [path] if isinstance(path, str) else list(path)
