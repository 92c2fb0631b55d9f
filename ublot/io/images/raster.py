"""PNG, JPEG, GIF and BMP."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.errors import BlotError
from ublot.forensics.gamma import gamma_said
from ublot.io.images.colour import Colours, levels_of_palette
from ublot.io.images.orientation import ORIENTATION, orientation_said, upright
from ublot.io.images.raw import Raw, check_packing, check_size, pick_channel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_raster"]

SIXTEEN_BIT_PNG = 16

_LIMIT_LOCK = Lock()
"""Pillow has one limit for all who use it: it is set for the length of a call and put back."""

INFO = {"Software": "software", "Description": "description", "Creation Time": "date", "Comment": "description"}


def read_raster(path: Path, kind: str, channel: int | None) -> Raw:
    """Decode a PNG, JPEG, GIF (first frame) or BMP.

    Raises
    ------
    BlotError
        For files that are truncated or damaged, bilevel, or do not hold `channel`.
    """
    data = path.read_bytes()
    try:
        with _opened(data, kind) as image:
            check_size(image.height, image.width, path)
            check_packing(image.height * image.width * len(image.getbands()), len(data), path)
            if image.mode == "1":
                raise BlotError("a bilevel (1-bit) image holds no intensities", path, "scan it in 16-bit grey")
            deep = kind == "png" and data[24] == SIXTEEN_BIT_PNG
            _check_mode(image, path)
            flags: tuple[str, ...] = ()
            frames = getattr(image, "n_frames", 1)
            if frames > 1:
                if channel is None:
                    flags = (*flags, "first_page")
                elif not 1 <= channel <= frames:
                    raise BlotError(f"there is no channel {channel}", path, f"the file has {frames} frames")
                else:
                    image.seek(channel - 1)
                    channel = None
            picked = pick_channel(_deep_png(data), channel, path) if deep else _shallow(image, channel, path)
            metadata = {INFO[k]: str(v)[:500] for k, v in image.info.items() if k in INFO}
            tags = _tags(image, data, deep)
            turned = tags.get(ORIENTATION)
            metadata |= {**picked.said, **_exif(tags), **orientation_said(turned)}
            curve = gamma_said({**tags, **image.info})
            if curve:
                metadata, flags = {**metadata, "gamma": curve}, (*flags, "gamma")
    except BlotError:
        raise
    except Exception as error:  # decoders of damaged files raise whatever they stumble over
        raise BlotError(
            f"the {kind.upper()} cannot be decoded ({type(error).__name__}: {error})",
            path,
            "copy or export it again",
        ) from error
    return Raw(
        np.ascontiguousarray(upright(picked.levels, turned)),
        kind,
        str(picked.levels.dtype),
        metadata,
        lossy=kind == "jpeg",
        flags=(*flags, *picked.flags),
        drawn=None if picked.marks is None else upright(picked.marks, turned),
        marked_saturated=None if picked.saturated is None else upright(picked.saturated, turned),
        colours=None if picked.seen is None else upright(picked.seen, turned),
    )


def _check_mode(image: Any, where: Path) -> None:
    if image.mode == "CMYK":
        raise BlotError("four inks (CMYK) are not intensities", where, "export it in 16-bit grey")
    if image.mode in ("LAB", "HSV"):
        what = f"hue and lightness ({image.mode}) are how a picture looks, not intensities"
        raise BlotError(what, where, "export it in 16-bit grey")


def _opened(data: bytes, kind: str) -> Any:
    """Picture whose header is read and no more; our own limit of its size is the one that counts."""
    from PIL import Image

    with _LIMIT_LOCK:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(BytesIO(data), formats=[kind.upper()])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _deep_png(data: bytes) -> NDArray[Any]:
    # Pillow turns 16-bit colour into 8 bits without a word.
    from imagecodecs import png_decode

    return np.asarray(png_decode(data))


def _shallow(image: Any, channel: int | None, where: Path) -> Colours:
    """One sample per pixel of 8 bits; palettes and colours resolved."""
    mode = image.mode
    clear = "transparency" in image.info
    if mode == "P" and not clear and channel is None and image.palette is not None and image.palette.mode == "RGB":
        return levels_of_palette(np.asarray(image), _table(image), where)
    if mode in ("P", "PA"):
        image = image.convert("RGBA" if clear or mode == "PA" else "RGB")
    elif mode == "YCbCr":
        image = image.convert("RGB")
    elif mode in ("L", "RGB") and clear:
        image = image.convert("LA" if mode == "L" else "RGBA")
    picked = pick_channel(np.asarray(image), channel, where, jumbled=mode in ("P", "PA"))
    return replace(picked, flags=("eight_bit", *picked.flags)) if mode == "P" else picked


def _table(image: Any) -> NDArray[np.uint8]:
    """Colour table of a palette picture, shape (256, 3): files may state fewer places."""
    stated = np.frombuffer(bytes(image.palette.palette), np.uint8)[: 256 * 3]
    table = np.zeros(256 * 3, np.uint8)
    table[: stated.size] = stated
    return table.reshape(256, 3)


def _tags(image: Any, data: bytes, deep: bool) -> dict[int, Any]:
    """EXIF tags. To look for those behind the pixels of a PNG, Pillow decodes it once more: only if there are any."""
    if deep and not any(name in data for name in (b"eXIf", b"Raw profile type exif")):
        return {}
    return dict(image.getexif())


def _exif(tags: Mapping[int, Any]) -> dict[str, str]:
    names = {271: "make", 272: "model", 305: "software", 306: "date", 33434: "exposure"}
    return {name: str(tags[code]).strip("\x00 ")[:200] for code, name in names.items() if code in tags}
