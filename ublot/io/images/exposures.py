"""Several exposures of one membrane: the longest that is not saturated, or all of them as one picture of high range.

Pictures are compared by their pixel values alone. Where nothing saturates a longer exposure is a straight line of a
shorter one: ``long = offset + factor * short``. Times in files order nothing: chemiluminescence fades, and cameras
round.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.errors import BlotError
from ublot.flags import ordered
from ublot.io.images.reading import read_blot
from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ublot.model import Blot

    Array = NDArray[np.float64]


__all__ = ["Link", "link_exposures", "read_exposures", "save_exposures"]

FEW = 10
"""Saturated pixels that are no band: dust, cosmic rays."""

BLOCK = 4
"""px; pictures are compared in means of such squares, in which pixel noise hardly biases a slope."""

ALIKE, STRAIGHT, SEAM, MOVED = 0.97, 0.10, 0.05, 0.75
"""Least correlation of two exposures; largest change of slope between faint and strong and largest step at the seam,
both as shares; largest shift in px."""

RAMP = (0.6, 0.85)
"""Shares of the ceiling between which the longer exposure gives way to the shorter one."""

BANDS = "the pictures hold too little that is bright in both and saturated in neither"


@dataclass(frozen=True)
class Link:
    """How a longer exposure follows from a shorter one: ``long = offset + factor * short``.

    Attributes
    ----------
    offset, factor : float
        In signal units of the longer one.
    correlation : float
    bend : float
        Change of slope from the fainter to the stronger half of what both show, as a share.
    seam : float
        Mean of ``long / (offset + factor * short) - 1`` where one gives way to the other; NaN where nothing does.
    """

    offset: float
    factor: float
    correlation: float
    bend: float
    seam: float


def read_exposures(
    paths: Sequence[str | Path | NDArray[Any] | Blot], *, merge: bool = False, channel: int | None = None
) -> Blot:
    """Read the exposures of one membrane as one blot.

    Parameters
    ----------
    paths : sequence of path, ndarray or Blot
        Two or more, in any order; the membrane must not have moved.
    merge : bool
        Join all into one picture in units of the longest: where that one nears its ceiling, the next shorter stands in,
        by the straight line between them. Otherwise the longest that is not saturated is taken as it is.
    channel : int, optional
        See `read_blot`.

    Returns
    -------
    Blot
        ``source.metadata["exposures"]`` tells which picture was used, ``exposures_seam`` how well they meet.

    Raises
    ------
    BlotError
        Fewer than two pictures, or ones that are not of the same membrane: another size, a shift, no straight line.
    """
    if isinstance(paths, str | Path) or len(paths) < 2:
        raise BlotError("one exposure is no series", "exposures", "give two or more pictures of the same membrane")
    blots = [read_blot(path, channel=channel) for path in paths]
    blots, links = _in_order(blots)
    usable = [k for k, blot in enumerate(blots) if _saturated_pixels(blot) < FEW]
    if merge and usable[:1] != [0]:
        return _merged(blots, links)
    chosen = usable[0] if usable else len(blots) - 1
    why = "the longest that is not saturated" if usable else "all are saturated: the shortest"
    return _told(blots[chosen], blots, links, f"used: {blots[chosen].source.name} ({why})")


def link_exposures(short: Blot, long: Blot) -> Link:
    """Find the straight line between two exposures, and refuse pictures that have none.

    Raises
    ------
    BlotError
        The pictures are not of the same membrane, or not linear in the same light.
    """
    where = f"{short.source.name}, {long.source.name}"
    if short.shape != long.shape:
        sizes = " and ".join(f"{b.shape[0]} x {b.shape[1]}" for b in (short, long))
        raise BlotError(f"pictures of {sizes} pixels are not of the same membrane", where, "give one series")
    for blot in (short, long):
        if blot.response != "linear":
            raise BlotError(
                "the exposure of a film is no straight line", blot.source.name, "give the imager's own files"
            )
    x, y = _comparable(short, long)
    if len(x) < 20 or not (np.ptp(x) > 0 and np.ptp(y) > 0):
        raise BlotError(BANDS, where, "leave out the picture that is saturated all over")
    correlation = float(np.corrcoef(x, y)[0, 1])
    if not correlation >= ALIKE:
        what = f"the pictures do not show the same (correlation {correlation:.2f})"
        raise BlotError(what, where, "give exposures of one membrane that was not moved")
    offset, factor = _line(x, y)
    shift = _shift(short, long, factor, offset)
    if shift > MOVED:
        raise BlotError(f"the membrane moved by {shift:.1f} px", where, "give exposures between which it lay still")
    bend = _bend(x, y)
    if abs(bend) > STRAIGHT:
        what = f"one exposure is no straight line of the other (the slope changes by {100 * abs(bend):.0f} %)"
        raise BlotError(what, where, "give linear files: no gamma, no automatic contrast")
    return Link(offset, factor, correlation, bend, _seam(short, long, offset, factor))


# ------------------------------------------------------------------------------------------------------------- order
def _in_order(blots: Sequence[Blot]) -> tuple[list[Blot], list[Link]]:
    """Longest first, and the links from each to the next longer one."""
    # Brightness of what stands out, saturated or not, orders them well enough to know which to compare.
    by_light = sorted(blots, key=lambda blot: -_brightness(blot))
    links = [link_exposures(short, long) for long, short in pairwise(by_light)]
    for link, (long, short) in zip(links, pairwise(by_light), strict=True):
        if link.factor < 1 / 1.5:
            names = f"{short.source.name}, {long.source.name}"
            raise BlotError("which exposure is the longer one cannot be told", names, "give one of them only")
    return by_light, links


def _brightness(blot: Blot) -> float:
    some = blot.signal[:: max(1, blot.shape[0] // 512), :: max(1, blot.shape[1] // 512)]
    low, high = np.quantile(some, [0.5, 0.95])
    # Of two that are equally saturated the one with more saturated pixels is the longer one.
    return float(high - low) + 1e-3 * _saturated_pixels(blot)


def _saturated_pixels(blot: Blot) -> int:
    return 0 if blot.saturated is None else int(np.count_nonzero(blot.saturated))


# -------------------------------------------------------------------------------------------------------- comparison
def _usable(blot: Blot) -> NDArray[np.bool_]:
    """Pixels that are picture and well below the ceiling; beside saturated ones light spills over."""
    good = np.ones(blot.shape, bool) if blot.valid is None else blot.valid.copy()
    if blot.saturated is not None:
        good &= cv2.dilate(blot.saturated.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    return good


def _comparable(short: Blot, long: Blot) -> tuple[Array, Array]:
    """Block means of both where both are usable throughout."""
    rows, cols = (side // BLOCK * BLOCK for side in short.shape)
    size = cols // BLOCK, rows // BLOCK
    good = (_usable(short) & _usable(long))[:rows, :cols].astype(np.float32)
    whole = cv2.resize(good, size, interpolation=cv2.INTER_AREA) > 0.999
    x, y = (
        np.asarray(cv2.resize(blot.signal[:rows, :cols], size, interpolation=cv2.INTER_AREA), np.float64)[whole]
        for blot in (short, long)
    )
    return x, y


def _line(x: Array, y: Array) -> tuple[float, float]:
    """Offset and factor by Deming's regression, since both pictures have noise.

    Photon noise makes the variances go as the factor between the exposures, which is found by iteration
    (W. E. Deming, *Statistical Adjustment of Data*, 1943).
    """
    sxx, syy, sxy = float(np.var(x)), float(np.var(y)), float(np.cov(x, y, bias=True)[0, 1])
    factor = math.sqrt(syy / sxx)
    for _ in range(20):
        ratio = factor
        part = syy - ratio * sxx
        factor = (part + math.sqrt(part**2 + 4 * ratio * sxy**2)) / (2 * sxy)
    return float(np.mean(y) - factor * np.mean(x)), factor


def _bend(x: Array, y: Array) -> float:
    """Change of slope from the fainter to the stronger half of the common range, as a share of the slope.

    The slope of a half is that between the means of its lower and its upper part, by the mean of both pictures scaled:
    cutting by one of them alone would turn its noise into slope.
    """
    both = (x - x.mean()) / x.std() + (y - y.mean()) / y.std()
    low, high = np.quantile(both, [0.02, 0.998])
    edges = np.linspace(low, high, 5)
    parts = [(both >= a) & (both < b) for a, b in pairwise(edges)]
    if min(np.count_nonzero(part) for part in parts) < 8:
        return 0.0
    mx, my = (np.array([v[part].mean() for part in parts]) for v in (x, y))
    slopes = np.diff(my)[[0, 2]] / np.maximum(np.diff(mx)[[0, 2]], 1e-12)
    return float(slopes[1] / slopes[0] - 1) if slopes[0] > 0 else math.inf


def _shift(short: Blot, long: Blot, factor: float, offset: float) -> float:
    """How far the membrane moved between the pictures, px, by phase correlation of what neither saturates."""
    end = _ceiling(long)
    like = offset + factor * short.signal
    top = float(min(end, np.quantile(like[::4, ::4], 0.999)))
    first, second = (np.ascontiguousarray(np.minimum(signal, top), np.float32) for signal in (like, long.signal))
    window = cv2.createHanningWindow(first.shape[::-1], cv2.CV_32F)
    (dx, dy), strength = cv2.phaseCorrelate(first - first.mean(), second - second.mean(), window)
    return math.hypot(dx, dy) if strength > 0.05 else 0.0


def _ceiling(blot: Blot) -> float:
    """Signal at which an exposure saturates; infinite where it does not."""
    return float(blot.signal[blot.saturated].min()) if blot.saturated is not None and blot.saturated.any() else math.inf


def _seam(short: Blot, long: Blot, offset: float, factor: float) -> float:
    end = _ceiling(long)
    if not math.isfinite(end):
        return math.nan
    at = (long.signal > RAMP[0] * end) & (long.signal < RAMP[1] * end) & _usable(short) & _usable(long)
    if np.count_nonzero(at) < FEW:
        return math.nan
    return float(
        long.signal[at].mean(dtype=np.float64) / (offset + factor * short.signal[at].mean(dtype=np.float64)) - 1
    )


# ----------------------------------------------------------------------------------------------------------- merging
def _merged(blots: list[Blot], links: list[Link]) -> Blot:
    """One picture in units of the longest exposure, from the shortest upward."""
    for link, long in zip(links, blots, strict=False):
        if abs(link.seam) > SEAM:
            what = f"the exposures do not meet where they are joined ({100 * link.seam:+.1f} %)"
            raise BlotError(what, long.source.name, "use the longest that is not saturated")
    shortest = blots[-1]
    signal = shortest.signal.astype(np.float32)
    for long, link in zip(blots[-2::-1], links[::-1], strict=True):
        signal *= np.float32(link.factor)
        signal += np.float32(link.offset)
        end = _ceiling(long)
        if math.isfinite(end):
            share = np.clip((RAMP[1] * end - long.signal) / ((RAMP[1] - RAMP[0]) * end), 0, 1).astype(np.float32)
            share[~_usable(long)] = 0
            signal += share * (long.signal - signal)
        else:
            signal = long.signal.astype(np.float32)
    valid = [blot.valid for blot in blots if blot.valid is not None]
    saturated = shortest.saturated if _saturated_pixels(shortest) else None
    ceiling = _ceiling(replace(shortest, signal=signal)) if saturated is not None else float(signal.max())
    digest = hashlib.sha256(np.ascontiguousarray(signal).data.cast("B")).hexdigest()
    blot = replace(
        blots[0],
        signal=signal,
        saturated=saturated,
        valid=np.logical_and.reduce(valid) if valid else None,
        ceiling=ceiling,
        source=replace(
            blots[0].source,
            name=" + ".join(b.source.name for b in blots),
            sha256=digest,
            size_bytes=signal.nbytes,
            dtype="float32",
            path=None,
        ),
        flags=ordered(*(b.flags for b in blots)),
    )
    return _told(blot, blots, links, "merged")


def _told(blot: Blot, blots: Sequence[Blot], links: Sequence[Link], what: str) -> Blot:
    """`blot` with an account of the series in its metadata."""
    said = []
    relative = 1.0
    for k, one in enumerate(blots):
        relative /= links[k - 1].factor if k else 1.0
        time = one.source.metadata.get("exposure", "")
        count = _saturated_pixels(one)
        facts = [*([time] if time else []), f"x {relative:.3g}", *([f"{count} px saturated"] if count else [])]
        said.append(f"{one.source.name} ({', '.join(facts)})")
    seams = ", ".join("none" if math.isnan(link.seam) else f"{100 * link.seam:+.2f} %" for link in links)
    metadata = {**blot.source.metadata, "exposures": f"{'; '.join(said)}; {what}", "exposures_seam": seams}
    return replace(blot, source=replace(blot.source, metadata=metadata))


def save_exposures(blot: Blot, out: Path) -> None:
    """Write a merged picture as a float TIFF that tells what it was made from; whole or not at all.

    Raises
    ------
    BlotError
        The file cannot be written.
    """
    import tifffile

    from ublot.io.result_folder import json_bytes

    said = blot.source.metadata
    facts = {k: said[k] for k in ("exposures", "exposures_seam", "exposure", "model", "binning") if k in said}
    fresh = out.with_name(f".{out.name[:80]}.{secrets.token_hex(4)}.new")
    try:
        tifffile.imwrite(
            fresh,
            blot.signal,
            photometric="minisblack",
            software="ublot exposures",
            # TIFF holds plain ASCII there.
            description=json_bytes(facts).decode().encode("ascii", "replace").decode(),
            metadata=None,
        )
        fresh.replace(out)
    except OSError as error:
        raise BlotError(
            f"cannot be written ({error.strerror or error})", out, told("free the disk or choose {out}")
        ) from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
