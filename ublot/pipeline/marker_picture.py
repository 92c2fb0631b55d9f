"""The marker in another picture of the membrane: a page, a channel or a file of its own, read at the same place."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.background.estimation import estimate_background
from ublot.errors import BlotError
from ublot.inputs.layout import lanes_with_roles
from ublot.inputs.params import with_stem
from ublot.lanes.straightened import lane_strip
from ublot.mass.calibration import calibrate_mass
from ublot.option_words import option_key
from ublot.pipeline.pixels import PIXEL_OPTIONS
from ublot.pipeline.same_place import SAME_ASPECT, moved, sideways_shift
from ublot.profiles.extraction import extract_profiles
from ublot.reference.markers import find_marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params
    from ublot.model import Blot, Calibration, Lanes, Profile

__all__ = ["calibrate_elsewhere", "check_same_marker"]

MOST_PICTURES = 8
"""Pages of a file that are looked at for a marker, unasked."""

STRAIGHT = 0.03
"""log10(kDa) of scatter up to which bands of a picture nobody named are taken for the marker: ladders of the target
scatter by 0.015 to 0.03 and show few of its bands, real markers by up to 0.027."""

WHOLE = 0.6
"""Share of the marker's masses that a picture nobody named must show."""

WORTH_SAYING = 0.1
"""Of the pitch: a shift from which on it is said."""

NEAR = 0.7
"""Of the pitch: how far to either side the lane itself is looked for, before other places are."""

ALIKE = 0.6
"""Correlation of the edges beside the lanes, once moved, from which on a shift of the rows is told; and unmoved it must
be less by a third. Noise beside the lanes of two pictures reaches 0.3."""

BESIDE = 0.8
"""Of the pitch: farther than that from the outer lanes nothing was loaded. Bands say nothing about a shift: two
dyes have theirs at different rows of one membrane."""

FEWEST_COLUMNS = 8
"""Beside the lanes, from which on edges are looked for there."""

FAR_DOWN = 0.1
"""Of the rows: a shift beyond that is none of a camera's frame."""


def calibrate_elsewhere(blot: Blot, geometry: Lanes, layout: Layout | None, params: Params) -> Calibration | None:
    """Calibrate mass by a marker in another picture of the same membrane.

    Parameters
    ----------
    blot : Blot
    geometry : Lanes
        Of `blot`.
    layout : Layout or None
    params : Params
        With `marker_image` or `marker_channel` that picture is read; without them, the other pages of the blot's own
        file are tried.

    Returns
    -------
    Calibration or None
        In rows of `blot`, with the picture that shows it.

    Raises
    ------
    BlotError
        The picture that is asked for cannot be read, or is not of the same frame.
    """
    if params.marker is None or not len(geometry):
        return None
    marked = lanes_with_roles(layout, "marker") if layout is not None else (1, len(geometry))
    asked = params.marker_elsewhere
    # A marker that was cut off the blot still stands in the picture of the whole membrane.
    places = marked or ((1, len(geometry)) if asked else ())
    if not places:
        return None
    for name, other in _pictures(blot, params):
        if not _same_frame(blot, other):
            if asked:
                what = f"the marker's picture has {other.shape[0]} x {other.shape[1]} pixels, the blot's "
                what += f"{blot.shape[0]} x {blot.shape[1]}: it is not of the same frame"
                raise BlotError(what, other.source.name, "give the picture that the imager took with the blot's")
            continue
        found = _read(_scaled(other, blot), blot, geometry, places, params)
        if found is None:
            continue
        calibration, where = found
        if asked or _convincing(calibration, len(find_marker(params.marker).masses)):
            return replace(calibration, picture=name + where, picture_sha256=other.source.sha256)
    return None


def check_same_marker(params: Params, blot: Blot, calibration: Calibration | None) -> None:
    """Raise BlotError where the file that showed a result's marker is gone, or is another one now."""
    if params.marker_image is None or calibration is None or not calibration.picture_sha256:
        return
    from ublot.io.images.reading import read_blot

    path = _place(params.marker_image, blot)
    if read_blot(path, channel=params.marker_channel).source.sha256 != calibration.picture_sha256:
        what = "the marker's picture is not the one that was read (SHA-256 differs)"
        raise BlotError(what, path, "analyse the blot anew")


def _convincing(calibration: Calibration, masses: int) -> bool:
    """Whether what a picture shows that nobody named is the marker."""
    straight = not calibration.residual > STRAIGHT
    return straight and len(calibration.masses) >= WHOLE * masses and "marker_doubtful" not in calibration.flags


# --------------------------------------------------------------------------------------------------------- pictures
def _place(name: str, blot: Blot) -> Path:
    """Where the marker's picture lies: as given, else beside the blot's; ``{stem}`` is the blot's name."""
    path = Path(with_stem(name, blot.source.name))
    if path.is_absolute() or path.is_file() or blot.source.path is None:
        return path
    beside = Path(blot.source.path).parent / path
    return beside if beside.is_file() else path


def _pictures(blot: Blot, params: Params) -> Iterator[tuple[str, Blot]]:
    """Pictures that may show the marker, and what to call them."""
    from ublot.io.images.reading import read_blot

    turned = {name: getattr(params, name) for name in PIXEL_OPTIONS if name in ("rotate", "mirror")}
    if params.marker_elsewhere:
        own = blot.source.path
        if params.marker_image is None and own is None:
            raise BlotError("the blot is no file, so it has no other channel", option_key("marker_channel"), "give one")
        path = Path(own or "") if params.marker_image is None else _place(params.marker_image, blot)
        if params.marker_image is None and params.marker_channel == (params.channel or 1):
            what = f"channel {params.marker_channel} is the blot itself"
            raise BlotError(what, option_key("marker_channel"), "give the channel that shows the marker")
        name = "the picture" if params.marker_channel is None else f"channel {params.marker_channel}"
        of = f" of {path.name}" if params.marker_image is not None else " of the file"
        yield name + of, read_blot(path, channel=params.marker_channel, **turned)
        return
    several = params.channel is not None or "channels" in blot.source.metadata or "first_page" in blot.flags
    if blot.source.path is None or not several:
        return
    for channel in range(1, MOST_PICTURES + 1):
        if channel == (params.channel or 1):
            continue
        try:
            other = read_blot(blot.source.path, channel=channel, **turned)
        except BlotError:
            # No more of them, or one that shows nothing.
            continue
        yield f"channel {channel} of the file", other


def _same_frame(blot: Blot, other: Blot) -> bool:
    down, across = (a / b for a, b in zip(other.shape, blot.shape, strict=True))
    return abs(down / across - 1) <= SAME_ASPECT


def _scaled(other: Blot, blot: Blot) -> Blot:
    """The other picture in the pixels of the blot."""
    signal = other.signal
    if other.shape != blot.shape:
        how = cv2.INTER_AREA if other.shape[0] > blot.shape[0] else cv2.INTER_LINEAR
        signal = np.asarray(cv2.resize(signal, blot.shape[::-1], interpolation=how), np.float32)
    return replace(other, signal=signal, saturated=None, valid=blot.valid, roi=None, pictures=(), flags=())


# ---------------------------------------------------------------------------------------------------------- reading
def _read(
    other: Blot, blot: Blot, geometry: Lanes, places: Sequence[int], params: Params
) -> tuple[Calibration, str] | None:
    """The best reading of the marker there, and how far it stands from its lane and rows, in words."""
    down = _rows_moved(other, blot, geometry)
    marker = params.marker or ()
    lanes = moved(geometry, 0.0, float(down))
    lanes = replace(lanes, window=replace(lanes.window, **_rows_of(lanes, other, down)))
    wide = sideways_shift(other, lanes, places)[0] if lanes.pitch > 0 else 0.0
    best: tuple[tuple[bool, ...], Calibration, float] | None = None
    for number in places:
        near = _own_shift(other, lanes, number)
        for right in dict.fromkeys((near, wide)):
            profile = _profile(other, moved(lanes, right), number, down)
            found = calibrate_mass(profile, marker, part=params.marker_elsewhere) if profile else None
            if found is None:
                continue
            rank = ("marker_doubtful" in found.flags, bool(found.flags))
            if best is None or rank < best[0]:
                best = (rank, found, right)
    if best is None:
        return None
    said = []
    if abs(best[2]) >= WORTH_SAYING * geometry.pitch:
        said.append(f"{abs(best[2]):.0f} px to the {'right' if best[2] > 0 else 'left'} of its lane")
    if down:
        said.append(f"{abs(down)} px {'below' if down > 0 else 'above'} its rows")
    return best[1], f", where it stands {' and '.join(said)}" if said else ""


def _rows_of(lanes: Lanes, other: Blot, down: int) -> dict[str, int]:
    """Rows of the lanes' window in the other picture."""
    return {
        "top": min(max(lanes.window.top + down, 0), other.shape[0] - 1),
        "bottom": max(min(lanes.window.bottom + down, other.shape[0]), 1),
    }


def _profile(other: Blot, lanes: Lanes, number: int, down: int) -> Profile | None:
    """Profile of one lane of the other picture, in rows of the blot."""
    lane = next(lane for lane in lanes if lane.number == number)
    x = float(lane.centre(lanes.window.mid_row))
    if not 0 <= x < other.shape[1]:
        return None
    # The other lanes show nothing here, or another dye: the marker's is all there is to be told from the membrane.
    alone = replace(lanes, items=(replace(lane, number=1, flags=()),), flags=(), inside=None)
    (profile,) = extract_profiles(other, alone, estimate_background(other, alone))
    return replace(profile, lane=number, top=profile.top - down)


def _own_shift(other: Blot, lanes: Lanes, number: int) -> float:
    """How far to the right of its lane the marker stands, px, within `NEAR` of the pitch: where it changes most."""
    lane = next(lane for lane in lanes if lane.number == number)
    reach = math.ceil(NEAR * lanes.pitch)
    if reach < 1:
        return 0.0
    strip = lane_strip(other.signal, lane, lanes.window, 2 * reach + 1).astype(np.float64)
    across = max(round(0.5 * lane.width), 1)
    smooth = cv2.blur(strip, (across, 3), borderType=cv2.BORDER_REPLICATE)
    high = smooth - np.median(smooth, axis=0)
    energy: NDArray[np.float64] = np.sqrt(np.mean(high**2, axis=0))
    floor, top = float(energy.min()), float(energy.max())
    inside = energy >= floor + 0.7 * (top - floor)
    # Of several that stand out, the nearest.
    best = int(np.flatnonzero(inside)[np.abs(np.flatnonzero(inside) - reach).argmin()])
    first = last = best
    while first > 0 and inside[first - 1]:
        first -= 1
    while last < len(inside) - 1 and inside[last + 1]:
        last += 1
    return float(0.5 * (first + last) - reach)


def _rows_moved(other: Blot, blot: Blot, geometry: Lanes) -> int:
    """Rows by which the edges of the membrane stand lower in the other picture; 0 where none are seen there."""
    x = np.concatenate([lane.centre(np.arange(blot.shape[0])) for lane in geometry])
    left, right = int(x.min() - BESIDE * geometry.pitch), int(x.max() + BESIDE * geometry.pitch)
    beside = [*range(left), *range(max(right, 0), blot.shape[1])] if left < right else []
    if len(beside) < FEWEST_COLUMNS:
        return 0
    # Signed within a picture, so that noise cancels; not between them, since a membrane may be dark in one of them.
    mine, theirs = (np.abs(_steps(signal[:, beside])) for signal in (blot.signal, other.signal))
    mine, theirs = mine - mine.mean(), theirs - theirs.mean()
    far = int(FAR_DOWN * len(mine))
    agreement = np.array([_correlation(mine, theirs, down) for down in range(-far, far + 1)])
    best = int(agreement.argmax())
    return best - far if agreement[best] >= max(ALIKE, 1.5 * agreement[far]) else 0


def _steps(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """Change of the mean level from row to row, a little smoothed."""
    level = signal.mean(axis=1, dtype=np.float64)
    return np.asarray(np.gradient(cv2.GaussianBlur(level[:, None], (0, 0), 2.0)[:, 0]), np.float64)


def _correlation(mine: NDArray[np.float64], theirs: NDArray[np.float64], down: int) -> float:
    n = len(mine) - abs(down)
    a, b = mine[max(-down, 0) :][:n], theirs[max(down, 0) :][:n]
    return float(a @ b / max(math.sqrt(float((a @ a) * (b @ b))), 1e-12))
