"""Saves layers as the result that the panel shows of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot import BlotError
from ublot_napari.state.option_places import panel_words
from ublot_napari.state.saving import save_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot_napari.layers.lanes import LayerTuple

__all__ = ["write_result"]


def write_result(path: str, layers: Sequence[LayerTuple]) -> list[str]:
    """Write the result of the blot among the layers as a folder, edits included; returns what was written.

    Raises
    ------
    OSError
        None of the layers is a blot that was measured, several are, or the folder cannot be written.
    """
    told: list[dict[str, Any]] = [keywords.get("metadata") or {} for _, keywords, kind in layers if kind == "image"]
    measured = [metadata for metadata in told if "ublot_analysis" in metadata]
    try:
        if len(measured) != 1:
            what = "several blots are selected" if measured else "none of the layers is a blot that was measured"
            raise BlotError(what, Path(path).name, "select one blot that the panel has measured")
        (chosen,) = measured
        place = save_result(chosen["ublot_analysis"], Path(path), chosen.get("ublot_pixels"), force=True)
    except BlotError as error:
        # napari takes a ValueError for a writer that there is not, and says so instead.
        raise OSError(panel_words(error)) from error
    return [str(place)]
