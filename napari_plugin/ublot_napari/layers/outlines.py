"""Outlines of a napari shapes layer moved to other places, at the price of those that move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["move_outlines", "same_outlines"]

CLOSE = 5e-4
"""Pixels of the picture up to which two corners are in the same place."""


def same_outlines(shown: Sequence[Any], wanted: Sequence[Any], close: float = CLOSE) -> bool:
    """Whether two lists of outlines lie in the same places, but for `close` pixels of the picture."""
    return len(shown) == len(wanted) and all(_same(a, b, close) for a, b in zip(shown, wanted, strict=True))


def move_outlines(layer: Any, wanted: Sequence[Any], kind: str, close: float = CLOSE) -> bool:
    """Give a shapes layer its outlines; returns whether there are as many as before, which keep colour and width.

    To set ``layer.data`` builds every shape, its colours, its text and the limits of all layers anew. Where as many
    outlines only lie elsewhere, those alone are changed, by what napari itself uses while the mouse drags one.

    Parameters
    ----------
    layer : napari.layers.Shapes
    wanted : sequence of ndarray, shape (corners, 2)
    kind : str
        What the outlines are, as napari calls it (``line``, ``polygon``).
    close : float
        Pixels of the picture up to which a corner stays where it is.
    """
    layer = getattr(layer, "__wrapped__", layer)  # napari shows widgets the public half of a layer
    shown = layer.data
    as_many = len(shown) == len(wanted)
    shapes: Any = getattr(layer, "_data_view", None)
    if not as_many or not hasattr(shapes, "edit") or any(s != kind for s in layer.shape_type):
        layer.data = [(outline, kind) for outline in wanted]
        return as_many
    before = _extent(shown)
    chosen = set(layer.selected_data)
    moved = [k for k, (a, b) in enumerate(zip(shown, wanted, strict=True)) if not _same(a, b, close)]
    for k in moved:
        shapes.edit(k, np.asarray(wanted[k], np.float64))
    if chosen & set(moved):
        layer.selected_data = set()  # the handles stand on the outline as it was
        layer.selected_data = chosen
    layer.refresh(thumbnail=False, extent=not np.allclose(before, _extent(layer.data)))
    return True


def _same(one: Any, other: Any, close: float) -> bool:
    return np.shape(one) == np.shape(other) and bool(np.abs(np.asarray(one) - other).max() < close)


def _extent(outlines: Sequence[Any]) -> Any:
    corners = np.concatenate([np.asarray(outline) for outline in outlines])
    return np.array([corners.min(axis=0), corners.max(axis=0)])
