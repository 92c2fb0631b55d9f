"""TIFF and what is built on it: BigTIFF, ImageJ and OME files, Molecular Dynamics ``.gel``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.forensics.gamma import EXIF_GAMMA, ICC, TRANSFER_FUNCTION, XMP, gamma_said
from ublot.io.images.colour import Colours, levels_of_palette
from ublot.io.images.metadata import said_by_ome, said_by_text, seconds
from ublot.io.images.orientation import ORIENTATION, orientation_said, upright
from ublot.io.images.raw import Raw, check_packing, check_size, pick_channel

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_tiff"]

# Compression codes of the TIFF registry that are lossy by nature: old and new JPEG, lossy DNG, WebP.
LOSSY = {6, 7, 34892, 50001}
PALETTE, SEPARATED = 3, 5
LAB = (8, 9, 10)
"""CIELab, ICCLab and ITULab."""

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
PAGE_NAME, EXPOSURE, DESCRIPTION, EXTRA_SAMPLES = 285, 33434, 270, 338
GAMMA_TAGS = (TRANSFER_FUNCTION, XMP, ICC, EXIF_GAMMA)
MD_FILE_TAG, MD_SCALE = 33445, 33446
MD_SQUARE_ROOT = 2
"""Value of MDFileTag for square-root coded samples (Molecular Dynamics ``.gel`` format; 128 is linear)."""

MAX_PAGES = 1000
"""More than any exposure series; a chain of pages that goes on is damaged or hostile."""

UNCOMPRESSED = 1
OPACITY = (1, 2)
"""ExtraSamples that are opacity; 0 is a channel of its own."""


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
            _check_page(page, path)
            picked = _picked(page, rest, path)
            raw_flags = (*picked.flags, "first_page") if several else picked.flags
            turned = page.tags[ORIENTATION].value if ORIENTATION in page.tags else None
            dtype = str(np.dtype(page.dtype).name) if page.dtype is not None else str(picked.levels.dtype)
            scale = _square_root_scale(pages)
            curve = gamma_said({code: page.tags[code].value for code in GAMMA_TAGS if code in page.tags})
            raw_flags = (*raw_flags, *("gamma",) * bool(curve))
            levels = np.ascontiguousarray(upright(picked.levels, turned))
            return Raw(
                levels,
                "gel" if scale is not None or any(MD_FILE_TAG in p.tags for p in pages) else "tiff",
                dtype,
                {
                    **picked.said,
                    **_metadata(tif, pages, page),
                    **orientation_said(turned),
                    **({"gamma": curve} if curve else {}),
                },
                lossy=int(page.compression) in LOSSY,
                square_root_scale=scale,
                flags=raw_flags,
                drawn=None if picked.marks is None else upright(picked.marks, turned),
                marked_saturated=None if picked.saturated is None else upright(picked.saturated, turned),
                colours=None if picked.seen is None else upright(picked.seen, turned),
                room=_room(levels),
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
    if len(tif.pages) > MAX_PAGES:
        what = f"the TIFF holds {len(tif.pages)} pages, more than {MAX_PAGES}"
        raise BlotError(what, tif.filename, "save the page with the blot in a file of its own")
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
    """Believe nothing that the header claims: sizes, and where the pixels are, before memory is taken for them.

    Strips that end beyond the file are *truncated* or *damaged*, instead of what the decoder makes of them.
    """
    check_size(page.imagelength, page.imagewidth, where)
    size = where.stat().st_size
    ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > size:
        raise BlotError("the TIFF is truncated: its pixels end beyond the file", where, "copy or export it again")
    # A damaged tile size would have the decoder fill in millions of missing tiles, one by one.
    if math.prod(page.chunked) != len(page.dataoffsets):
        raise BlotError("the TIFF is damaged: its strips or tiles do not fill the image", where, "export it again")
    if min(page.dataoffsets) < 0 or min(page.databytecounts) < 0 or sum(page.databytecounts) > size:
        raise BlotError("the TIFF is damaged: its strips overlap", where, "export it again")
    if not isinstance(page.bitspersample, int):
        what = f"the TIFF's samples have different numbers of bits: {tuple(page.bitspersample)[:4]}"
        raise BlotError(what, where, "export it again")
    unpacked = int(page.nbytes or page.imagelength * page.imagewidth)
    if page.compression == UNCOMPRESSED and sum(page.databytecounts) < unpacked * page.bitspersample // (
        8 * np.dtype(page.dtype or "u1").itemsize
    ):
        raise BlotError("the TIFF is truncated: it holds fewer pixels than it claims", where, "export it again")
    check_packing(unpacked, sum(page.databytecounts), where)
    if page.photometric == SEPARATED:
        raise BlotError("four inks (CMYK) are not intensities", where, "export it in 16-bit grey")
    if page.photometric in LAB:
        what = "lightness and hue (Lab) are how a picture looks, not intensities"
        raise BlotError(what, where, "export it in 16-bit grey")
    if page.bitspersample == 1:
        raise BlotError("a bilevel (1-bit) image holds no intensities", where, "scan or export it in 16-bit grey")


def _picked(page: Any, channel: int | None, where: Path) -> Colours:
    """One sample per pixel; palettes and colours resolved."""
    if page.photometric == PALETTE and page.colormap is not None:
        # Colour maps are 16-bit by definition; levels of an 8-bit file keep 8 bits.
        return levels_of_palette(np.asarray(page.asarray()), (page.colormap.T >> 8).astype(np.uint8), where)
    return pick_channel(_samples(page), channel, where, opacity=_has_opacity(page))


def _samples(page: Any) -> NDArray[Any]:
    """``(rows, cols)``, which lies where its signal will, or ``(rows, cols, samples)``, in native byte order."""
    kind = np.dtype(page.dtype)
    alone = page.axes == "YX" and kind.itemsize <= 4
    data = page.asarray(out=_at_the_end(page.shape, kind.newbyteorder("=")) if alone else None)
    axes = page.axes
    if "S" in axes and data.ndim == 3 and axes.index("S") == 0:
        data = np.moveaxis(data, 0, -1)
    while data.ndim > 3 or (data.ndim == 3 and "S" not in axes):
        data = data[0]
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    return np.asarray(data)


def _at_the_end(shape: tuple[int, int], kind: np.dtype[Any]) -> NDArray[Any]:
    """Empty levels that are the end of memory for as many float32."""
    count = math.prod(shape)
    return np.empty(count, np.float32).view(kind)[-count:].reshape(shape)


def _room(levels: NDArray[Any]) -> NDArray[np.float32] | None:
    """The memory of which levels are the end; None where they lie elsewhere."""
    whole = levels
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    fits = whole.dtype == np.float32 and whole.shape == (levels.size,) and levels.flags.c_contiguous
    return whole.reshape(levels.shape) if fits and levels.ndim == 2 else None


def _has_opacity(page: Any) -> bool:
    """Whether an extra sample is opacity; a second channel beside grey is not, unless the file says so."""
    extra = page.tags[EXTRA_SAMPLES].value if EXTRA_SAMPLES in page.tags else ()
    kinds = extra if isinstance(extra, tuple) else (extra,)
    return any(int(kind) in OPACITY for kind in kinds)


def _square_root_scale(pages: list[Any]) -> float | None:
    # The tags may sit on the second of the two pages that a scanner writes.
    for page in pages:
        if MD_FILE_TAG in page.tags and int(page.tags[MD_FILE_TAG].value) == MD_SQUARE_ROOT:
            ratio = page.tags[MD_SCALE].value if MD_SCALE in page.tags else (1, 1)
            top, bottom = ratio if isinstance(ratio, tuple) else (ratio, 1)
            return float(top) / float(bottom) if top and bottom else 1.0
    return None


def _metadata(tif: Any, pages: list[Any], page: Any) -> dict[str, str]:
    """What the tags of the page say, its description, and which channels there are."""
    found = {}
    for code, name in TAGS.items():
        if code in page.tags:
            text = str(page.tags[code].value).strip("\x00 ")
            if text:
                found[name] = text[:200]
    if EXPOSURE in page.tags:
        found["exposure"] = f"{seconds(str(page.tags[EXPOSURE].value)):g} s"
    text = _description(page)
    if tif.is_ome:
        found |= _of_ome(tif, pages, page)
    elif text and not text.startswith('{"shape"'):
        found = {**said_by_text(text), **found, "description": " ".join(text.split())[:500]}
    names = [_page_name(tif, p, i) for i, p in enumerate(pages)]
    if len(pages) > 1 and "channels" not in found:
        listed = ", ".join(f"{i} {name}".strip() for i, name in enumerate(names, 1))
        found["channels"] = listed[:500] if any(names) else f"{len(pages)} pages without names"
    return found


def _description(page: Any) -> str:
    return str(page.tags[DESCRIPTION].value).strip("\x00 \n") if DESCRIPTION in page.tags else ""


def _page_name(tif: Any, page: Any, index: int) -> str:
    """Name of a page: its own tag, the label that ImageJ keeps, or the channel its description names."""
    if PAGE_NAME in page.tags:
        return str(page.tags[PAGE_NAME].value).strip("\x00 ")[:60]
    labels = (tif.imagej_metadata or {}).get("Labels", []) if tif.is_imagej else []
    if index < len(labels):
        return " ".join(str(labels[index]).split())[:60]
    return said_by_text(_description(page)).get("channel", "")[:60]


def _of_ome(tif: Any, pages: list[Any], page: Any) -> dict[str, str]:
    """What an OME document says of the page's channel. Planes are taken to lie in the order of the file."""
    image, channels = said_by_ome(tif.ome_metadata or "")
    found = {key: text for key, text in image.items() if not key.startswith("size_")}
    if not channels:
        return found
    names = [about.get("name", "") for about in channels]
    if len(channels) > 1:
        found["channels"] = ", ".join(f"{i} {name}".strip() for i, name in enumerate(names, 1))[:500]
    at = next(i for i, one in enumerate(pages) if one is page)
    # With planes in depth or time as well, which channel a page is depends on their order: it is left open.
    if len(pages) == len(channels) or len(channels) == 1:
        about = channels[min(at, len(channels) - 1)]
        found |= {("channel" if key == "name" else key): text for key, text in about.items()}
    return found
