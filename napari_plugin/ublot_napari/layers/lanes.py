"""From the model to napari layers and back; no Qt here, so that it is tested without a window.

A layer is described by napari's ``(data, keywords, type)``. Rows and columns of the model are napari's two world
coordinates unchanged: row 0 on top, pixel centres at integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ublot_napari.state.strips import strip_of_lane

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ublot import Analysis, Blot, Lanes

__all__ = [
    "NUMBERS",
    "ROLE_COLOURS",
    "LayerTuple",
    "blot_layer",
    "display_limits",
    "empty_lanes_layer",
    "lane_features",
    "lanes_layer",
    "provenance",
    "result_layer",
    "role_colours",
]

LayerTuple = tuple[Any, dict[str, Any], str]

# Share of pixels that may be drawn as plain membrane and as full black. Bands fill a few per cent of a blot; some of
# them go black so that the much fainter smear shows.
MEMBRANE_SHARE, BLACK_SHARE = 0.02, 0.005

# Distinct with every kind of colour vision (Okabe and Ito 2008).
ROLE_COLOURS = {
    "marker": "#999999",
    "vehicle": "#0072B2",
    "sample": "#D55E00",
    "negative": "#009E73",
    "blank": "#56B4E9",
    "ignore": "#CC79A7",
}

NUMBERS = {"anchor": "upper_left", "size": 10, "color": "#D55E00"}
"""How the numbers of the lanes are written."""


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


def result_layer(analysis: Analysis, folder: Path, pixels: NDArray[Any] | None) -> LayerTuple:
    """Return the image layer of a result that was saved; the panel goes on from ``metadata["ublot_analysis"]``."""
    data, keywords, kind = blot_layer(analysis.blot)
    keywords["metadata"] |= {"ublot_analysis": analysis, "ublot_folder": folder, "ublot_pixels": pixels}
    return data, keywords, kind


def display_limits(blot: Blot) -> tuple[float, float]:
    """Signal drawn as white and as black: the membrane, and the darkest bands."""
    shown = blot.signal if blot.valid is None else blot.signal[blot.valid]
    # Every n-th pixel is enough for a percentile and keeps large scans quick.
    sample = shown.ravel()[:: max(1, shown.size // 1_000_000)]
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


def lane_features(analysis: Analysis) -> dict[str, list[Any]]:
    """What other plugins and the console may want to know of each lane, under the names of ``lanes.csv``."""
    table = analysis.columns["lanes"]
    scores = [f"{name}{end}" for name in ("relative_hmw", "hmw_fraction") for end in ("", "_low", "_high")]
    names = ("role", "compound", "concentration_nM", *scores, "relative_hmw_area", "flags")
    features = {name: list(table[name]) for name in names if name in table}
    features["role"] = [str(role) for role in features["role"]]
    return features


def lanes_layer(lanes: Lanes, features: Mapping[str, Sequence[Any]], name: str = "lanes") -> LayerTuple:
    """Return the shapes layer of the lanes, one strip each, coloured by role and numbered at the top.

    Parameters
    ----------
    lanes : Lanes
    features : mapping of str to sequence, one value per lane
        What is known about each lane; ``role`` gives the colour.
    name : str
    """
    columns: dict[str, list[Any]] = {"lane": [lane.number for lane in lanes]}
    columns |= {key: list(values) for key, values in features.items()}
    roles = columns.get("role", ["sample"] * len(lanes))
    keywords = {
        "name": name,
        "shape_type": "polygon",
        "features": columns,
        "face_color": "transparent",
        "edge_color": role_colours(roles),
        "text": {"string": "{lane}", **NUMBERS},
        "metadata": {"ublot_window": lanes.window, "ublot_softness": lanes.softness},
    }
    return [strip_of_lane(lane, lanes.window) for lane in lanes], keywords, "shapes"


def empty_lanes_layer(name: str) -> dict[str, Any]:
    """Return the keywords of a shapes layer that lanes are to be drawn on."""
    return {
        "name": name,
        "ndim": 2,
        "features": {"lane": np.zeros(0)},
        "face_color": "transparent",
        "edge_color": ROLE_COLOURS["sample"],
    }


def role_colours(roles: Sequence[str]) -> list[str]:
    """Colour of each role; lanes of which nothing is known are samples."""
    return [ROLE_COLOURS.get(role, ROLE_COLOURS["sample"]) for role in roles]
