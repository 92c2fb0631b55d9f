"""Pictures that another reader or a program brought: read anew from their file, or taken as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import ublot
from ublot_napari.layers.lanes import blot_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image

    from ublot_napari.layers.lanes import LayerTuple

__all__ = ["SUFFIXES", "file_of", "is_plain", "read_again"]

# The manifest's patterns say the same; a test compares them.
SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".1sc", ".gel", ".scn")


def file_of(image: Image) -> Path | None:
    """The file that a layer was read from by another reader, where it is one that `ublot.read_blot` reads."""
    path = Path(image.source.path) if image.source.path else None
    return path if path is not None and path.suffix.lower() in SUFFIXES and path.is_file() else None


def is_plain(image: Image) -> bool:
    """Whether a layer can be worked on as it is: our reader's, or a single plane of pixels without units or shift."""
    if {"ublot_blot", "ublot_analysis"} & set(image.metadata):
        return True
    shaped = image.ndim == 2 and not image.rgb and not image.multiscale and isinstance(image.data, np.ndarray)
    return shaped and file_of(image) is None and np.allclose(image.affine.affine_matrix, np.eye(3)) and _unscaled(image)


def _unscaled(image: Image) -> bool:
    # Rotation and shear of a layer are only seen in the way in which it turns its pixels into places.
    corners = [(0, 0), (0, 100), (100, 0)]
    return all(np.allclose(image.data_to_world(corner), corner) for corner in corners)


def read_again(image: Image, step: Sequence[int]) -> LayerTuple:
    """The layer of the blot that a layer shows: from its file where there is one, else from its pixels.

    Of a stack the plane that is shown is taken, of a pyramid the full picture; pixels lie at whole coordinates.

    Parameters
    ----------
    image : Image
    step : sequence of int
        Where the viewer's sliders are.

    Raises
    ------
    BlotError
        It is no picture that can be a blot.
    """
    path = file_of(image)
    if path is not None:
        return blot_layer(ublot.read_blot(path))
    data: Any = image.data[0] if image.multiscale else image.data
    name, planes = str(image.name), image.ndim - 2
    if planes > 0:
        at = [min(int(k), n - 1) for k, n in zip(step[len(step) - image.ndim :], data.shape[:planes], strict=False)]
        data = data[tuple(at)]
        name = f"{name} [{', '.join(str(k + 1) for k in at)}]"
    pixels = np.asarray(data)
    try:
        blot = ublot.read_blot(pixels)
    except ublot.BlotError as error:
        raise ublot.BlotError(error.what, name, error.fix) from None
    described = blot_layer(replace(blot, source=replace(blot.source, name=name)))
    described[1]["metadata"]["ublot_pixels"] = pixels
    return described
