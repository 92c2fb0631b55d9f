"""`read_blot`: from a file, pixels in memory or another blot to a linear signal."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import cv2
import numpy as np

from ublot.errors import BlotError
from ublot.flags import ordered
from ublot.forensics.examine import Traces, examine
from ublot.io.images.burnt_in import find_burnt_in, without_burnt_in
from ublot.io.images.ceiling import Ceiling, find_ceiling
from ublot.io.images.colour import LARGEST
from ublot.io.images.digest import Digest
from ublot.io.images.pictures import find_pictures, without_photographs
from ublot.io.images.polarity import Decision, Sketch, decide_polarity, sketch
from ublot.io.images.raw import Raw, check_size, pick_channel
from ublot.io.images.response import decide_response, paper_white, range_end, to_signal
from ublot.io.images.rotation_and_roi import as_seen, check_roi, mirror_planes, rotate_planes
from ublot.model import Blot, Source, Window
from ublot.option_words import told

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["panel_region", "read_blot"]

POLARITIES = ("auto", "dark-on-light", "light-on-dark")
RESPONSES = ("auto", "linear", "density")
READ = "ublot reads TIFF, .gel, .scn, .1sc, PNG, JPEG, GIF and BMP"


def read_blot(
    source: str | Path | NDArray[Any] | Blot,
    *,
    polarity: str = "auto",
    response: str = "auto",
    channel: int | None = None,
    rotate: float = 0.0,
    roi: Window | None = None,
    mirror: bool = False,
    panel: int | None = None,
) -> Blot:
    """Read one blot as a signal that is positive where there is protein and linear in what the detector saw.

    Parameters
    ----------
    source : path, ndarray or Blot
        Pixels are ``(rows, cols)`` or ``(rows, cols, samples)``. A blot is returned as it is unless options differ.
    polarity : {"auto", "dark-on-light", "light-on-dark"}
        ``auto`` decides from the pixels, those of `roi` where it is given, and flags `polarity_assumed` where the
        evidence is thin.
    response : {"auto", "linear", "density"}
        ``auto`` is linear for bright bands; for dark ones it decides from the file's maker, the noise and the
        background, and flags `response_assumed` where the evidence is thin.
    channel : int, optional
        Page of the file, or channel of the pixels, counted from 1.
    rotate : float
        Degrees counter-clockwise about the centre; the canvas grows.
    roi : Window, optional
        Region to analyse, in mirrored and rotated coordinates. Where not given, and one picture stands on a page alone,
        it is that picture.
    mirror : bool
        Flip left to right, before turning.
    panel : int, optional
        Which of several pictures on a page to take as the region, counted from 1, see `find_pictures`.

    Returns
    -------
    Blot

    Raises
    ------
    BlotError
        For anything that is no readable image, and for options that cannot be.
    """
    _check_options(polarity, response, rotate)
    if isinstance(source, Blot):
        if panel is not None:
            roi = _panel(panel, roi, source.pictures, source.source.name)
        return _adapted(source, polarity, response, channel, rotate, roi, mirror)
    if isinstance(source, np.ndarray):
        digest = Digest(source)
        raw = _from_array(source, channel)
        name, size, path = "array", source.nbytes, None
    else:
        path = Path(source)
        kind = _kind(path)
        digest = Digest(path)
        raw = _decode(path, kind, channel)
        # A name that is no Unicode can be opened, but not be put into tables as it is.
        name, size = os.fsencode(path.name).decode("utf-8", "replace"), path.stat().st_size
    pictures: tuple[Window, ...] = ()
    if roi is None and rotate % 90 == 0:
        pictures = find_pictures(as_seen(raw.levels, mirror, rotate, None))
        if raw.colours is not None and len(pictures) > 1:
            found = len(pictures)
            pictures = without_photographs(pictures, as_seen(raw.colours, mirror, rotate, None))
            if len(pictures) < found:
                photographs = f"{found - len(pictures)} pictures in many colours on the page, taken for photographs"
                raw = replace(raw, metadata={**raw.metadata, "left_out": photographs})
    if panel is not None:
        roi = _panel(panel, roi, pictures, name)
    elif len(pictures) == 1:
        roi = pictures[0]
    asked = roi is not None or rotate % 360 != 0
    blot = _to_blot(raw, name, polarity, response, (mirror, rotate, roi) if asked else None)
    try:
        sha256 = digest.result()
    except OSError as error:
        raise BlotError(f"cannot be read ({error.strerror})", path) from error
    origin = replace(blot.source, name=name, sha256=sha256, size_bytes=size, path=None if path is None else str(path))
    blot = replace(blot, source=origin)
    if mirror:
        blot = _mirrored(blot)
    if rotate % 360:
        blot = _rotated(blot, rotate)
    check_roi(roi, blot.shape)
    several = ("several_pictures",) * (len(pictures) > 1 and roi is None)
    return replace(blot, roi=roi, pictures=pictures, flags=ordered(blot.flags, several))


def _panel(number: int, roi: Window | None, pictures: tuple[Window, ...], where: str) -> Window:
    """Region of one of several pictures."""
    if roi is not None:
        raise BlotError("a region and a panel are both given", "panel", told("give {roi} or {panel}, not both"))
    return panel_region(number, pictures, where, "pictures")


def panel_region(number: int, regions: tuple[Window, ...], where: str, kind: str) -> Window:
    """The region of a number, counted from 1, among those of what a picture shows several of.

    Raises
    ------
    BlotError
        There is none of that number.
    """
    if not 1 <= number <= len(regions):
        found = f"{len(regions)} {kind} were found on {where}" if regions else f"no {kind} were told apart on {where}"
        some = told("allowed: 1 to {count}, or give {roi}", count=len(regions))
        fix = some if regions else told("give {roi} R0:R1,C0:C1")
        raise BlotError(f"there is no panel {number}: {found}", "panel", fix)
    return regions[number - 1]


def _check_options(polarity: str, response: str, rotate: float) -> None:
    if polarity not in POLARITIES:
        raise BlotError(f"{polarity!r} is not a polarity", "polarity", f"choose one of {', '.join(POLARITIES)}")
    if response not in RESPONSES:
        raise BlotError(f"{response!r} is not a response", "response", f"choose one of {', '.join(RESPONSES)}")
    if not math.isfinite(rotate):
        raise BlotError(f"{rotate!r} is not an angle", "rotate", "give degrees")


def _kind(path: Path) -> str:
    """Format by the file's first bytes; its name may lie.

    Raises
    ------
    BlotError
        Where there is no file, or none that is an image.
    """
    try:
        if path.is_dir():
            raise BlotError("is a folder, not an image", path, "give a file, or use `ublot batch`")
        if not path.exists():
            raise BlotError("no such file", path, "check the path")
        if not path.is_file():
            raise BlotError("is not a regular file", path, "give an image file")
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise BlotError(f"cannot be read ({error.strerror or error})", path, "check its permissions") from error
    except ValueError as error:
        if isinstance(error, BlotError):
            raise
        raise BlotError("is not a path", repr(str(path))) from error
    if not head:
        raise BlotError("the file is empty", path, "copy or export it again")
    starts = {
        "tiff": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
        "png": (b"\x89PNG\r\n\x1a\n",),
        "jpeg": (b"\xff\xd8\xff",),
        "gif": (b"GIF87a", b"GIF89a"),
        "bmp": (b"BM",),
        "1sc": (b"\xaf\xaf",),
        "scn": (b"MIME-Version:",),
    }
    for kind, magics in starts.items():
        if head.startswith(magics):
            return kind
    raise BlotError("is not an image that ublot knows", path, READ)


def _decode(path: Path, kind: str, channel: int | None) -> Raw:
    try:
        if kind == "tiff":
            from ublot.io.images.tiff import read_tiff

            return read_tiff(path, channel)
        if kind == "1sc":
            from ublot.io.images.biorad import read_1sc

            return read_1sc(path, channel)
        if kind == "scn":
            from ublot.io.images.scn import read_scn

            return read_scn(path, channel)
        from ublot.io.images.raster import read_raster

        return read_raster(path, kind, channel)
    except OSError as error:
        raise BlotError(f"cannot be read ({error.strerror or error})", path, "check its permissions") from error


def _from_array(pixels: NDArray[Any], channel: int | None) -> Raw:
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and not 1 <= pixels.shape[2] <= 4):
        raise BlotError(f"an array of shape {pixels.shape} is no image", "array", "give (rows, cols)")
    if not (np.issubdtype(pixels.dtype, np.integer) or np.issubdtype(pixels.dtype, np.floating)):
        raise BlotError(f"an array of {pixels.dtype} holds no intensities", "array", "give integers or floats")
    picked = pick_channel(pixels, channel, "array")
    return Raw(
        picked.levels,
        "array",
        str(pixels.dtype.name),
        picked.said,
        flags=picked.flags,
        drawn=picked.marks,
        marked_saturated=picked.saturated,
        colours=picked.seen,
    )


def _finite(levels: NDArray[Any], where: str) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Float levels as float32 with a stand-in for what is not finite, and where there is a level."""
    if not np.issubdtype(levels.dtype, np.floating):
        return levels, None
    with np.errstate(over="ignore"):
        levels = levels.astype(np.float32, copy=False)
    valid = np.isfinite(levels)
    if valid.all():
        return levels, None
    if not valid.any():
        raise BlotError("holds no finite level", where, "export it again from the imager's software")
    with np.errstate(over="ignore"):  # levels so far out are refused by the caller
        middle = np.median(levels[valid])
    return np.where(valid, levels, middle).astype(np.float32), valid


def _to_blot(
    raw: Raw, where: str, polarity: str, response: str, seen: tuple[bool, float, Window | None] | None
) -> Blot:
    """Levels to signal, all decisions taken; the source is completed by the caller.

    `seen` is how a person looks at the levels, where that is not all of them as they are: mirrored or not, the angle
    and the region.
    """
    rows, cols = raw.levels.shape
    check_size(rows, cols, where)
    levels, valid = _finite(raw.levels, where)
    low, high = float(levels.min()), float(levels.max())
    if max(-low, high) > LARGEST:
        worst = high if high > -low else low
        raise BlotError(f"holds levels as far out as {worst:g}", where, "export it again: no detector counts that far")
    if low == high:
        what, fix = f"every pixel has the level {low:g}: there is no picture", "export it again"
        if "first_page" in raw.flags:
            others = raw.metadata.get("channels", "several pictures")
            what, fix = (
                f"the first picture is empty ({what}), but the file holds {others}",
                told("choose one with {channel}"),
            )
        raise BlotError(what, where, fix)
    burnt = find_burnt_in(levels)
    if burnt is not None:
        levels = without_burnt_in(levels, burnt)
        low, high = float(levels.min()), float(levels.max())
        drawn = burnt if raw.drawn is None else burnt | raw.drawn
        about = {"drawn": f"{np.count_nonzero(burnt)} pixels of text, lines or boxes in one level over the picture"}
        raw = replace(raw, drawn=drawn, flags=(*raw.flags, "drawn_over"), metadata={**raw.metadata, **about})
    picture = sketch(levels)
    polar = Decision(polarity, True, "as asked")
    if polarity == "auto":
        polar = decide_polarity(picture if seen is None else sketch(np.ascontiguousarray(as_seen(levels, *seen))))
    dark = polar.value == "dark-on-light"
    end = range_end(levels, high) if dark else raw.ceiling or _type_end(levels, high)
    respond = _response(response, dark, levels, picture, end, raw)
    density = respond.value == "density"
    foreign = _foreign(picture, dark, low if dark else high, levels.shape)
    ceiling = _declared_ceiling(raw, levels, dark=dark, exclude=foreign) or find_ceiling(
        levels, low, high, dark=dark, end=0.0 if dark else end, exact_only=density, exclude=foreign
    )
    white = paper_white(picture)
    # Before there is a signal, which may take the place of the levels.
    traces = _traces(levels, raw.lossy, seen)
    flags = [*raw.flags, *traces.flags]
    signal = to_signal(
        levels,
        dark=dark,
        density=density,
        end=end,
        white=white,
        square_root_scale=raw.square_root_scale,
        room=raw.room if raw.levels is levels else None,
    )
    if raw.drawn is not None:
        valid = ~raw.drawn if valid is None else valid & ~raw.drawn
    saturated = ceiling.saturated
    if raw.marked_saturated is not None:
        saturated = raw.marked_saturated if saturated is None else saturated | raw.marked_saturated
    if foreign is not None:
        valid = ~foreign if valid is None else valid & ~foreign
        signal[foreign] = np.median(signal[::8, ::8])
    flags += ["polarity_assumed"] if not polar.sure else []
    flags += ["response_assumed"] if not respond.sure else []
    metadata = {**_with_reasons(raw, polar, respond, ceiling, low, high), **traces.where}
    if not respond.sure:
        # By these the other reading is made from this one.
        metadata |= {"white": repr(white), "full_white": repr(float(end))}
    return Blot(
        signal=signal,
        saturated=saturated,
        valid=valid,
        polarity=cast("Literal['dark-on-light', 'light-on-dark']", polar.value),
        response=cast("Literal['linear', 'density']", respond.value),
        ceiling=ceiling.level,
        source=Source(where, "", 0, raw.format, raw.dtype, (rows, cols), lossy=raw.lossy, metadata=metadata),
        flags=ordered(flags),
    )


def _traces(levels: NDArray[Any], lossy: bool, seen: tuple[bool, float, Window | None] | None) -> Traces:
    """Traces of changes in the region that is meant, told in its coordinates; in all of the picture without one."""
    if seen is None or seen[2] is None:
        return examine(levels, declared_lossy=lossy)
    roi = seen[2]
    part = np.ascontiguousarray(as_seen(levels, *seen))
    found = examine(levels, declared_lossy=lossy, region=part, corner=(roi.top, roi.left))
    # After a turn by another angle there is no saying where in it a stored column went.
    return found if seen[1] % 90 == 0 else replace(found, where={})


def _declared_ceiling(
    raw: Raw, levels: NDArray[Any], *, dark: bool, exclude: NDArray[np.bool_] | None
) -> Ceiling | None:
    """Ceiling that the file states, where pixels are at it; None where the histogram has to tell."""
    if raw.ceiling is None or dark:
        return None
    mask = levels >= raw.ceiling
    if exclude is not None:
        mask &= ~exclude
    count = int(np.count_nonzero(mask))
    return Ceiling(raw.ceiling, mask, f"{count} pixels at {raw.ceiling:g}, as the file states") if count else None


def _type_end(levels: NDArray[Any], high: float) -> float:
    return float(np.iinfo(levels.dtype).max) if np.issubdtype(levels.dtype, np.integer) else high


def _response(asked: str, dark: bool, levels: NDArray[Any], picture: Sketch, end: float, raw: Raw) -> Decision:
    if asked != "auto":
        return Decision(asked, True, "as asked")
    if raw.square_root_scale is not None:
        return Decision("linear", True, "square-root coded by the scanner, decoded")
    if not dark:
        return Decision("linear", True, "bright bands: the detector counted light")
    return decide_response(levels, picture, end, raw.metadata)


def _foreign(picture: Sketch, dark: bool, extreme: float, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Fill that has the level of the strongest protein: a white page around bright bands, black corners of a scan.

    It is no picture. Fill at the level of the background does no harm and stays, lest clipped gutters are lost.
    """
    near = 1e-4 * max(abs(extreme), max((abs(level) for level in picture.fill_at), default=0.0))
    areas = [area for level, area in picture.fill_at.items() if abs(level - extreme) <= near]
    if not areas:
        return None
    fill = np.logical_or.reduce(areas).astype(np.uint8)
    return np.asarray(cv2.resize(fill, shape[::-1], interpolation=cv2.INTER_NEAREST), bool)


def _with_reasons(
    raw: Raw, polar: Decision, respond: Decision, ceiling: Ceiling, low: float, high: float
) -> dict[str, str]:
    return {
        **raw.metadata,
        "levels": f"{low:g} to {high:g}",
        "why_polarity": polar.why,
        "why_response": respond.why,
        "why_ceiling": ceiling.why,
    }


def _mirrored(blot: Blot) -> Blot:
    signal, saturated, valid = mirror_planes(blot.signal, blot.saturated, blot.valid)
    return replace(blot, signal=signal, saturated=saturated, valid=valid, mirror=True)


def _rotated(blot: Blot, degrees: float) -> Blot:
    signal, saturated, valid = rotate_planes(blot.signal, blot.saturated, blot.valid, degrees)
    return replace(blot, signal=signal, saturated=saturated, valid=valid, rotate=degrees)


def _adapted(
    blot: Blot,
    polarity: str,
    response: str,
    channel: int | None,
    rotate: float,
    roi: Window | None,
    mirror: bool,
) -> Blot:
    """The same blot with other options: only what needs the stored levels goes back to the file."""
    flip = mirror and not blot.mirror
    again = (
        channel is not None
        or polarity not in ("auto", blot.polarity)
        or response not in ("auto", blot.response)
        or (rotate % 360 and blot.rotate and rotate != blot.rotate)
        or (flip and blot.rotate)
    )
    if again:
        if blot.source.path is None:
            raise BlotError(
                "these pixels are already a signal: polarity, response, channel or rotation cannot be changed",
                blot.source.name,
                "give the file or the stored pixels",
            )
        return read_blot(
            blot.source.path,
            polarity=polarity,
            response=response,
            channel=channel,
            rotate=rotate or blot.rotate,
            roi=roi or blot.roi,
            mirror=mirror or blot.mirror,
        )
    if flip:
        blot = replace(_mirrored(blot), roi=None, pictures=())
    if rotate % 360 and rotate != blot.rotate:
        blot = replace(_rotated(blot, rotate), roi=None, pictures=())
    if roi is None and blot.roi is None and len(blot.pictures) == 1:
        roi = blot.pictures[0]
    check_roi(roi, blot.shape)
    return replace(blot, roi=roi) if roi is not None and roi != blot.roi else blot
