"""The pixels read as the options say, and whether they are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.io.images.reading import read_blot

if TYPE_CHECKING:
    from ublot.inputs.params import Params
    from ublot.model import Blot, Source

__all__ = ["PIXEL_OPTIONS", "check_same", "read_pixels"]

PIXEL_OPTIONS = ("polarity", "response", "channel", "mirror", "rotate", "roi", "panel")
"""Options that enter when the image is read."""


def read_pixels(image: Any, params: Params) -> Blot:
    """Read the pixels in the way that the options say."""
    return read_blot(image, **{name: getattr(params, name) for name in PIXEL_OPTIONS})


def check_same(blot: Blot, source: Source) -> None:
    """Raise BlotError where a blot is not the one that a result was made from."""
    if blot.source.sha256 != source.sha256:
        what = "the image is not the one that was analysed (SHA-256 differs)"
        raise BlotError(what, blot.source.path or blot.source.name, "analyse it anew")
