"""Opens every file that `ublot.read_blot` reads as an image layer of the blot's signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ublot

from .layers import LayerTuple, blot_layer

__all__ = ["SUFFIXES", "get_reader", "read"]

# The manifest's patterns say the same; a test compares them.
SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".1sc", ".scn", ".mscn", ".gel")

Paths = str | Sequence[str]


def get_reader(path: Paths) -> Callable[[Paths], list[LayerTuple]] | None:
    """Return `read` when every path ends like a blot does, None otherwise: napari then asks another plugin."""
    return read if all(one.lower().endswith(SUFFIXES) for one in _listed(path)) else None


def read(path: Paths) -> list[LayerTuple]:
    """Return one image layer per file.

    Raises
    ------
    ublot.BlotError
        The file is not a picture that can be read; napari shows its one line.
    """
    return [blot_layer(ublot.read_blot(one)) for one in _listed(path)]


def _listed(path: Paths) -> list[Any]:
    return [path] if isinstance(path, str) else list(path)
