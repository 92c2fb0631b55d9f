"""The pixels read as the options say, and whether they are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.io.images.reading import panel_region, read_blot
from ublot.lanes.ink import without_ink
from ublot.membrane.outline import find_membrane

if TYPE_CHECKING:
    from ublot.inputs.params import Params
    from ublot.model import Blot, Source, Window

__all__ = ["PIXEL_OPTIONS", "check_same", "membranes_of", "read_pixels"]

PIXEL_OPTIONS = ("polarity", "response", "channel", "mirror", "rotate", "roi", "panel")
"""Options that enter when the image is read."""


def read_pixels(image: Any, params: Params) -> Blot:
    """Read the pixels in the way that the options say; a panel is one of several pictures, or else of membranes."""
    options = {name: getattr(params, name) for name in PIXEL_OPTIONS}
    if params.panel is not None and params.roi is None:
        whole = read_blot(image, **{**options, "panel": None})
        membranes = () if whole.pictures else membranes_of(whole)
        if membranes:
            region = panel_region(params.panel, membranes, whole.source.name, "membranes")
            options |= {"panel": None, "roi": region}
    return read_blot(image, **options)


def membranes_of(blot: Blot) -> tuple[Window, ...]:
    """Regions of the membranes in a picture where there are several of them and no region was asked for."""
    return find_membrane(without_ink(blot)).strips if blot.roi is None else ()


def check_same(blot: Blot, source: Source) -> None:
    """Raise BlotError where a blot is not the one that a result was made from."""
    if blot.source.sha256 != source.sha256:
        what = "the image is not the one that was analysed (SHA-256 differs)"
        raise BlotError(what, blot.source.path or blot.source.name, "analyse it anew")
