"""TIFF and what is built on it: BigTIFF, ImageJ and OME files, Molecular Dynamics ``.gel``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.io.raw import Raw, check_size, pick_channel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_tiff"]

# Compression codes of the TIFF registry that are lossy by nature: old and new JPEG, lossy DNG, WebP.
LOSSY = {6, 7, 34892, 50001}
PALETTE, SEPARATED = 3, 5

TAGS = {
    269: "document",
    271: "make",
    272: "model",
    305: "software",
    306: "date",
    316: "computer",
    33434: "exposure",
    33449: "laboratory",
    33450: "sample",
    33451: "prepared",
}
DESCRIPTION = 270
MD_FILE_TAG, MD_SCALE = 33445, 33446
MD_SQUARE_ROOT = 2
"""Value of MDFileTag for square-root coded samples (Molecular Dynamics ``.gel`` format; 128 is linear)."""


def read_tiff(path: Path, channel: int | None) -> Raw:
    """Decode one page of a TIFF.

    ``PhotometricInterpretation`` is not looked at except for palettes: imagers set *MinIsWhite* on files whose
    bands have the large values.

    Raises
    ------
    BlotError
        For files that are truncated or damaged, bilevel, or do not hold `channel`.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tif:
            pages = _pictures(tif)
            page, rest, several = _choose(pages, channel, path)
            check_size(page.imagelength, page.imagewidth, path)
            _check_page(page, path)
            samples = _samples(page)
            levels, flags = pick_channel(samples, rest, path)
            raw_flags = (*flags, "first_page") if several else flags
            if page.photometric == PALETTE:
                raw_flags = (*raw_flags, "eight_bit")
            dtype = str(np.dtype(page.dtype).name) if page.dtype is not None else str(levels.dtype)
            scale = _square_root_scale(pages)
            return Raw(
                np.ascontiguousarray(levels),
                "gel" if scale is not None or any(MD_FILE_TAG in p.tags for p in pages) else "tiff",
                dtype,
                _metadata(page),
                lossy=int(page.compression) in LOSSY,
                square_root_scale=scale,
                flags=raw_flags,
            )
    except BlotError:
        raise
    except Exception as error:  # a damaged file fails in any of a dozen decoders, each with its own type
        raise BlotError(
            f"the TIFF cannot be decoded ({type(error).__name__}: {error})",
            path,
            "export it again from the imager's software",
        ) from error


def _pictures(tif: Any) -> list[Any]:
    """Pages of the size of the largest: thumbnails and label images are not the blot."""
    pages = [page for page in tif.pages if not getattr(page, "is_reduced", False)] or list(tif.pages)
    if not pages:
        raise BlotError("the TIFF holds no page", tif.filename, "export it again from the imager's software")
    pages = [page.aspage() if hasattr(page, "aspage") else page for page in pages]
    largest = max(pages, key=lambda p: p.imagelength * p.imagewidth)
    size = (largest.imagelength, largest.imagewidth)
    return [page for page in pages if (page.imagelength, page.imagewidth) == size]


def _choose(pages: list[Any], channel: int | None, where: Path) -> tuple[Any, int | None, bool]:
    """Page, channel within the page, and whether an unasked-for choice among pages was made."""
    if len(pages) == 1:
        return pages[0], channel, False
    if channel is None:
        return pages[0], None, True
    if not 1 <= channel <= len(pages):
        raise BlotError(f"there is no channel {channel}", where, f"the file has {len(pages)} pages: choose one of them")
    return pages[channel - 1], None, False


def _check_page(page: Any, where: Path) -> None:
    """Say *truncated* or *damaged* of strips that end beyond the file, instead of what the decoder makes of them."""
    size = where.stat().st_size
    ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > size:
        raise BlotError("the TIFF is truncated: its pixels end beyond the file", where, "copy or export it again")
    # A damaged tile size would have the decoder fill in millions of missing tiles, one by one.
    if math.prod(page.chunked) != len(page.dataoffsets):
        raise BlotError("the TIFF is damaged: its strips or tiles do not fill the image", where, "export it again")
    if page.photometric == SEPARATED:
        raise BlotError("four inks (CMYK) are not intensities", where, "export it in 16-bit grey")
    if page.bitspersample == 1:
        raise BlotError("a bilevel (1-bit) image holds no intensities", where, "scan or export it in 16-bit grey")


def _samples(page: Any) -> NDArray[Any]:
    """``(rows, cols)`` or ``(rows, cols, samples)``, palettes resolved, native byte order."""
    data = page.asarray()
    if page.photometric == PALETTE and page.colormap is not None:
        # Colour maps are 16-bit by definition; levels of an 8-bit file keep 8 bits.
        return np.asarray((page.colormap.T >> 8).astype(np.uint8)[data])
    axes = page.axes
    if "S" in axes and data.ndim == 3 and axes.index("S") == 0:
        data = np.moveaxis(data, 0, -1)
    while data.ndim > 3 or (data.ndim == 3 and "S" not in axes):
        data = data[0]
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    if data.ndim == 3 and data.shape[2] > 4:
        return np.asarray(data[..., :3])
    return np.asarray(data)


def _square_root_scale(pages: list[Any]) -> float | None:
    # The tags may sit on the second of the two pages that a scanner writes.
    for page in pages:
        if MD_FILE_TAG in page.tags and int(page.tags[MD_FILE_TAG].value) == MD_SQUARE_ROOT:
            ratio = page.tags[MD_SCALE].value if MD_SCALE in page.tags else (1, 1)
            top, bottom = ratio if isinstance(ratio, tuple) else (ratio, 1)
            return float(top) / float(bottom) if top and bottom else 1.0
    return None


def _metadata(page: Any) -> dict[str, str]:
    found = {}
    for code, name in TAGS.items():
        if code in page.tags:
            text = str(page.tags[code].value).strip("\x00 ")
            if text:
                found[name] = text[:200]
    if DESCRIPTION in page.tags:
        text = " ".join(str(page.tags[DESCRIPTION].value).split())
        if text and not text.startswith('{"shape"'):
            found["description"] = text[:500]
    return found
