"""From the model to napari layers and back; no Qt here, so that it is tested without a window.

A layer is described by napari's ``(data, keywords, type)``. Rows and columns of the model are napari's two world
coordinates unchanged: row 0 on top, pixel centres at integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot import Blot

__all__ = ["LayerTuple", "blot_layer", "display_limits", "provenance"]

LayerTuple = tuple[Any, dict[str, Any], str]

# Share of pixels that may be drawn as plain membrane and as full black. Bands fill a few per cent of a blot.
MEMBRANE_SHARE, BLACK_SHARE = 0.02, 0.0005


def blot_layer(blot: Blot) -> LayerTuple:
    """Return the image layer of a blot: its signal, protein dark as on film.

    ``metadata["ublot"]`` holds the provenance as plain values and ``metadata["ublot_blot"]`` the blot itself, which an
    analysis of this layer starts from.
    """
    metadata = {"ublot": provenance(blot), "ublot_blot": blot}
    keywords = {
        "name": blot.source.name,
        "colormap": "gray_r",
        "contrast_limits": display_limits(blot),
        "metadata": metadata,
    }
    return blot.signal, keywords, "image"


def display_limits(blot: Blot) -> tuple[float, float]:
    """Signal drawn as white and as black: the membrane, and the darkest bands but not a single hot pixel."""
    shown = blot.signal if blot.valid is None else blot.signal[blot.valid]
    # Every n-th pixel is enough for a percentile and keeps large scans quick.
    sample: NDArray[np.float32] = shown.ravel()[:: max(1, shown.size // 1_000_000)]
    low, high = np.quantile(sample, [MEMBRANE_SHARE, 1 - BLACK_SHARE]).tolist()
    return (low, high) if high > low else (low, low + 1.0)


def provenance(blot: Blot) -> dict[str, Any]:
    """What the file is and how its levels became signal, as plain values."""
    source = blot.source
    return {
        "image": source.name,
        "path": source.path,
        "sha256": source.sha256,
        "size_bytes": source.size_bytes,
        "format": source.format,
        "dtype": source.dtype,
        "stored_shape": source.shape,
        "lossy": source.lossy,
        "polarity": blot.polarity,
        "response": blot.response,
        "ceiling": blot.ceiling,
        "rotate": blot.rotate,
        "flags": blot.flags,
        "instrument": dict(source.metadata),
    }
