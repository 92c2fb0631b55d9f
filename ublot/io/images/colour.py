"""Colours to levels: grey stored three times, one dye, a colour table, a tint, several dyes, marks drawn in colour.

A blot has one level per pixel. A colour picture of it is turned into levels only where it is plain which they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from colorsys import hsv_to_rgb
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.errors import BlotError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LARGEST", "Colours", "is_photograph", "levels_of_colours", "levels_of_palette"]

NAMES = ("red", "green", "blue")
REC601 = (0.299, 0.587, 0.114)
"""Weights of luminance, Rec. ITU-R BT.601."""

LARGEST = 1e15
"""Levels beyond this in either sign are refused: float32 no longer holds their squares and sums."""

SAMPLE = 40_000
"""Pixels by which it is told what kind of colours a picture has."""

ONE_CURVE = 0.35
"""Share of a channel's variance that no monotone curve of another channel explains, from which on they are pictures of
different dyes. Tinted films, stained gels and figures with coloured marks stay below 0.20, merges of two dyes begin at
0.58 (14 colour pictures from public repositories): the geometric middle."""

ONE_CURVE_OF_TWO = 0.05
"""The same where the third channel is empty, as scanned tints never are: rounding to 8 bits leaves less."""

PHOTOGRAPH, VIVID = 0.04, 10.0
"""The same share within one of several pictures on a page, from which on it is a photograph, and the least mean
difference between its channels, of 255. Photographs and stained tissue in a figure have 0.07 and more, films in a tint
0.02 at most, strips in grey nothing: the geometric middle."""

EMPTY = 0.02
"""Of the largest spread of a channel: one that varies less holds no picture."""

GREYISH, COLOURED = 3, 24
"""Largest difference between the channels of a pixel that is grey, and smallest of one that was drawn in colour (of
255): resaving moves grey by 1 or 2, marks are drawn in full colours."""

DRAWN, GREY_REST = 0.1, 0.85
"""Share of the pixels that marks cover at most, and that must be grey for the others to be marks."""

SMOOTH_STEP, FEWEST = 60, 48
"""Largest step between neighbours of a colour table in any channel, of 255, and fewest colours in use: gist_stern, the
roughest of the tables in use that rises steadily, steps by 53; palettes made for a picture or for labels jump by 70
and more."""

SHARED = 8
"""Places of a table that may share a colour with their neighbours: the last 8 of *fire* do."""

SAME_COLOUR = 2
"""Of 255: colour tables of one name differ so much between programs, by rounding."""

FILM, STROKE, VARIED = 0.06, 0.025, 4.0
"""Least sides of a film or photograph in colour on a grey page, of the page's shorter side: what is smaller was drawn,
or marks where a band is saturated; how thick no stroke is; by how much its levels vary, of 255, standard deviation:
what is filled evenly was drawn."""

NEAR_EXTREME = 0.75
"""Levels around a mark of saturation reach so much of the way from the background to the strongest level."""


@dataclass(frozen=True, eq=False)
class Colours:
    """What became of the samples of a colour picture.

    Attributes
    ----------
    levels : ndarray, shape (rows, cols)
    flags : tuple of str
    said : mapping
        What is recorded about it.
    marks, saturated : ndarray of bool, shape (rows, cols), or None
        Pixels that were drawn over, and those that a program marked as saturated.
    seen : ndarray of uint8, shape (rows, cols, 3), or None
        The colours that were turned into levels, where they were.
    """

    levels: NDArray[Any]
    flags: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)
    marks: NDArray[np.bool_] | None = None
    saturated: NDArray[np.bool_] | None = None
    seen: NDArray[np.uint8] | None = None


def is_photograph(samples: NDArray[np.uint8]) -> bool:
    """Whether a part of a picture shows many colours, as no blot does: neither in grey nor in the tint of a film.

    Parameters
    ----------
    samples : ndarray of uint8, shape (rows, cols, 3)
    """
    some = _sample(samples)
    return bool(np.ptp(some, axis=1).mean() > VIVID and _unexplained(some, [0, 1, 2]) > PHOTOGRAPH)


def levels_of_palette(index: NDArray[Any], table: NDArray[Any], where: object) -> Colours:
    """Levels of a picture that stores places in a colour table.

    A table of greys gives its greys. One of colours that runs on smoothly and never comes back to a colour is a way to
    show levels: they are the places. Any other was made for the colours of this picture, which are looked at as such.

    Parameters
    ----------
    index : ndarray of unsigned integers, shape (rows, cols)
    table : ndarray of uint8, shape (colours, 3)
    where : object
        For messages.

    Returns
    -------
    Colours

    Raises
    ------
    BlotError
        Colours that stand for levels in no way that can be told, or a place that the table does not have.
    """
    if int(index.max()) >= len(table):
        raise BlotError("the colour table is shorter than the places stored", where, "the file is damaged: export grey")
    used = np.unique(index)
    colours = table[used].astype(np.int16)
    if np.ptp(colours, axis=1).max() <= GREYISH:
        return Colours(np.ascontiguousarray(table[:, 1][index]), ("eight_bit",))
    if _is_scale(colours, used):
        said = {"colours": "places in the file's colour table"}
        return Colours(np.ascontiguousarray(index), ("eight_bit", "pseudocolour"), said)
    found = levels_of_colours(table[index], where, jumbled=True)
    return Colours(found.levels, ("eight_bit", *found.flags), found.said, found.marks, found.saturated)


def _is_scale(colours: NDArray[np.int16], places: NDArray[Any]) -> bool:
    """Whether a table, or the part of it in use, runs on smoothly and never comes back to a colour."""
    if len(colours) < FEWEST:
        return False
    per_place = np.abs(np.diff(colours, axis=0)).max(axis=1) / np.diff(places.astype(np.int64))
    if per_place.max() > SMOOTH_STEP:
        return False
    _, first, back = np.unique(colours, axis=0, return_index=True, return_inverse=True)
    # Neighbours may share a colour: a table of 256 places is rounded to 8 bits.
    return bool(np.abs(np.arange(len(colours)) - first[back.ravel()]).max() <= SHARED)


def levels_of_colours(samples: NDArray[Any], where: object, *, jumbled: bool = False) -> Colours:
    """Levels of a picture in three channels.

    Parameters
    ----------
    samples : ndarray, shape (rows, cols, 3)
        Red, green, blue.
    where : object
        For messages.
    jumbled : bool
        The colours come from a palette: to find the scale they stand for was tried already.

    Returns
    -------
    Colours
        Of one dye its own channel, of a known colour table the places in it, else the luminance: `colour_merged` where
        the channels are one picture in a tint, `dyes_merged` where they are not.

    Raises
    ------
    BlotError
        False colours of a table that is not known: their luminance would be no level.
    """
    some = _sample(samples)
    spread = np.ptp(some, axis=0) if len(some) else np.zeros(3)
    filled = [k for k in range(3) if spread[k] > EMPTY * spread.max()]
    if not spread.max() or max(-some.min(), some.max()) > LARGEST:
        return Colours(_luminance(samples), ("colour_merged",))
    if len(filled) == 1:
        return Colours(np.ascontiguousarray(samples[..., filled[0]]), (), {"colours": f"all in {NAMES[filled[0]]}"})
    scale = 255.0 / float(np.iinfo(samples.dtype).max) if np.issubdtype(samples.dtype, np.integer) else 1.0
    if samples.dtype == np.uint8:
        chroma = np.ptp(some, axis=1)
        if chroma.max() > COLOURED or jumbled:
            placed = _of_known_table(samples, some)
            if placed is not None:
                return placed
        if samples.shape[0] * samples.shape[1] and (chroma <= GREYISH).mean() >= GREY_REST:
            return _drawn_over(samples)
    apart = _unexplained(some * scale, filled) > (ONE_CURVE_OF_TWO if len(filled) == 2 else ONE_CURVE)
    one_hue = not apart and _one_hue(some)
    vivid = samples.dtype == np.uint8 and float(np.ptp(some, axis=1).max()) > COLOURED
    if vivid and not one_hue and (apart or not jumbled) and _few_colours(samples):
        what = "false colours of a table that ublot does not know: they stand for no level"
        raise BlotError(what, where, "export it in 16-bit grey, or with a colour table that the file holds")
    if apart:
        names = ", ".join(f"{k + 1} {NAMES[k]}" for k in filled)
        return Colours(_luminance(samples), ("dyes_merged",), {"channels": names})
    if one_hue:
        best = int(spread.argmax())
        return Colours(np.ascontiguousarray(samples[..., best]), (), {"colours": f"one hue, read from {NAMES[best]}"})
    return Colours(_luminance(samples), ("colour_merged",))


def _sample(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Finite pixels from all over the picture, shape (pixels, 3)."""
    rows, cols = samples.shape[:2]
    step = max(1, int((rows * cols / SAMPLE) ** 0.5))
    some = np.asarray(samples[::step, ::step].reshape(-1, 3), np.float64)
    return some[np.isfinite(some).all(axis=1)]  # float levels may be anything


def _luminance(samples: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore", invalid="ignore"):
        grey = samples.astype(np.float32) @ np.array(REC601, np.float32)
    return np.rint(grey).astype(samples.dtype) if np.issubdtype(samples.dtype, np.integer) else grey


def _unexplained(some: NDArray[np.float64], filled: list[int]) -> float:
    """Share of a channel's variance that no rising curve of another explains, for the worst pair the better way.

    One picture in a tint leaves little both ways.
    """
    from scipy.optimize import isotonic_regression

    deviation = some.std(axis=0)
    worst = 0.0
    for a in filled:
        for b in filled:
            if a < b and min(deviation[a], deviation[b]) >= 0.1 * deviation.max():
                left = []
                for one, other in ((a, b), (b, a)):
                    along = some[np.argsort(some[:, one], kind="stable"), other].astype(np.float64)
                    left.append(float(np.mean((along - isotonic_regression(along).x) ** 2) / along.var()))
                worst = max(worst, min(left))
    return worst


def _one_hue(some: NDArray[np.float64]) -> bool:
    """Whether all channels are one and the same times a factor each, as a table from black to one colour gives."""
    peak = some.max(axis=0)
    best = int(peak.argmax())
    expected = some[:, best : best + 1] * (peak / max(float(peak[best]), 1.0))
    return bool(np.abs(some - expected).max() <= SAME_COLOUR and np.ptp(peak) > COLOURED)


def _few_colours(samples: NDArray[np.uint8]) -> bool:
    return len(np.unique(_packed(samples))) <= 256


def _packed(samples: NDArray[Any]) -> NDArray[np.uint32]:
    wide = samples.reshape(-1, 3).astype(np.uint32)
    return np.asarray(wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2])


# ------------------------------------------------------------------------------------------------- known colour tables
FIRE = (
    (0, 0, 1, 25, 49, 73, 98, 122, 146, 162, 173, 184, 195, 207, 217, 229, 240, 252, *(255,) * 14),
    (*(0,) * 13, 14, 35, 57, 79, 101, 117, 133, 147, 161, 175, 190, 205, 219, 234, 248, *(255,) * 4),
    (0, 61, 96, 130, 165, 192, 220, 227, 210, 181, 151, 122, 93, 64, 35, 5, *(0,) * 11, 35, 98, 160, 223, 255),
)
"""Red, green and blue of the colour table *fire* of ImageJ at 32 places, straight in between."""


SHADES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "jet": (
        ((0, 0), (0.35, 0), (0.66, 1), (0.89, 1), (1, 0.5)),
        ((0, 0), (0.125, 0), (0.375, 1), (0.64, 1), (0.91, 0), (1, 0)),
        ((0, 0.5), (0.11, 1), (0.34, 1), (0.65, 0), (1, 0)),
    ),
    "hot": (
        ((0, 0.0416), (0.365079, 1), (1, 1)),
        ((0, 0), (0.365079, 0), (0.746032, 1), (1, 1)),
        ((0, 0), (0.746032, 0), (1, 1)),
    ),
    "gist_rainbow": (
        ((0, 1), (0.215, 1), (0.4, 0), (0.586, 0), (0.77, 0), (0.954, 1), (1, 1)),
        ((0, 0), (0.03, 0), (0.215, 1), (0.586, 1), (0.77, 0), (1, 0)),
        ((0, 0.16), (0.03, 0), (0.4, 0), (0.586, 1), (0.954, 1), (1, 0.75)),
    ),
}
"""Red, green and blue by place, of 1, straight in between: colour tables as matplotlib and Matlab define them."""

OF_OPENCV = (
    "autumn bone jet winter rainbow ocean summer spring cool hsv pink hot "
    "parula magma inferno plasma viridis cividis turbo"
)


@cache
def _tables() -> dict[str, NDArray[np.int16]]:
    """Colour tables of plotting and imaging programs, shape (256, 3)."""
    places = np.arange(256, dtype=np.uint8)[:, None]
    x = np.linspace(0, 1, 256)
    found = {
        name: cv2.applyColorMap(places, getattr(cv2, f"COLORMAP_{name.upper()}"))[:, 0, ::-1].astype(np.int16)
        for name in OF_OPENCV.split()
    }
    for name, channels in SHADES.items():
        straight = [np.interp(x, *np.transpose(points)) for points in channels]
        found[f"{name} of matplotlib"] = np.rint(255 * np.stack(straight, -1)).astype(np.int16)
    arc = np.stack([np.abs(2 * x - 0.5), np.sin(np.pi * x), np.cos(np.pi * x / 2)], -1)
    found["rainbow of matplotlib"] = np.rint(255 * arc.clip(0, 1)).astype(np.int16)
    found["spectrum"] = np.rint([[255 * c for c in hsv_to_rgb(h / 255, 1, 1)] for h in range(256)]).astype(np.int16)
    points = np.minimum(np.arange(256) / 8.0, 31.0)
    found["fire of ImageJ"] = np.stack([np.interp(points, np.arange(32), c) for c in FIRE], -1).astype(np.int16)
    # A circle of hues ends where it began.
    return {name: table for name, table in found.items() if _is_scale(table[:-1], np.arange(255))}


def _of_known_table(samples: NDArray[np.uint8], some: NDArray[np.float64]) -> Colours | None:
    """Places in the colour table that all pixels are from; None where they are from none."""
    few = np.unique(some.astype(np.int16), axis=0)
    if len(few) > 512 or len(few) < 16:
        return None
    codes, back = np.unique(_packed(samples), return_inverse=True)
    if len(codes) > 512:
        return None
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1).astype(np.int16)
    weight = np.bincount(back.ravel())
    best: tuple[float, str, NDArray[np.intp]] | None = None
    for name, table in _tables().items():
        if np.ptp(table, axis=1).max() <= COLOURED:
            continue
        away = np.abs(colours[:, None] - table[None]).max(axis=2)
        missed = float(weight[away.min(axis=1) > SAME_COLOUR].sum()) / weight.sum()
        if missed == 0 and (best is None or away.min(axis=1).mean() < best[0]):
            best = float(away.min(axis=1).mean()), name, away.argmin(axis=1)
    if best is None:
        return None
    levels = best[2].astype(np.uint8)[back.reshape(samples.shape[:2])]
    return Colours(levels, ("eight_bit", "pseudocolour"), {"colours": f"places in the colour table {best[1]}"})


# --------------------------------------------------------------------------------------------------- marks in colour
def _pictures_in_colour(core: NDArray[np.bool_], samples: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Where a picture is itself in colour, as a blue film on a slide is, and not drawn over; None if nowhere."""
    side, stroke = (max(round(share * min(core.shape)), 5) for share in (FILM, STROKE))
    # Letters are thinner than a film; its black bands have no colour.
    seeds = cv2.morphologyEx(core.astype(np.uint8), cv2.MORPH_OPEN, np.ones((stroke, stroke), np.uint8)) > 0
    if not seeds.any():
        return None
    joined = cv2.morphologyEx(core.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    solid = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    grey = _luminance(samples)
    count, labels = cv2.connectedComponents(solid)
    out = np.zeros(core.shape, bool)
    for k in range(1, count):
        own = labels == k
        if core[own].mean() > 0.5 and seeds[own].mean() > 0.25 and grey[own].std() > VARIED:
            out |= own
    return out if out.any() else None


def _drawn_over(samples: NDArray[np.uint8]) -> Colours:
    """A grey picture that something was drawn over in colour: text, arrows, boxes, or marks where it is saturated."""
    high, low = samples.max(axis=2), samples.min(axis=2)
    chroma = high - low
    grey = samples[..., 1]
    near = np.ones((3, 3), np.uint8)
    core = chroma > COLOURED
    share = float(core.mean())
    pictured = None if not 0 < share <= DRAWN else _pictures_in_colour(core, samples)
    if pictured is not None:
        core &= ~pictured
    if not share:
        return Colours(
            grey.copy() if (chroma == 0).all() else _luminance(samples), ("colour_merged",) * bool(chroma.any())
        )
    if share > DRAWN:
        return Colours(_luminance(samples), ("colour_merged",))
    # The edges of what is drawn are blended with the grey: paler colours that touch it.
    soft = cv2.dilate(core.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & (chroma > 0)
    marks = core | soft
    if pictured is not None:
        marks &= ~pictured
        grey = np.where(pictured, _luminance(samples), grey)
    levels = np.where(marks, 0, grey)
    background = float(np.median(grey[~marks]))
    away = np.abs(grey.astype(np.float32) - background)
    farthest = float(np.quantile(away[~marks], 0.999))
    count, labels = cv2.connectedComponents(marks.astype(np.uint8))
    ring = (cv2.dilate(marks.astype(np.uint8), near) > 0) & ~marks
    around = cv2.dilate(labels.astype(np.float32), near)
    at = around[ring].astype(np.int64)
    order = np.argsort(at, kind="stable")
    edges = np.searchsorted(at[order], np.arange(count + 1))
    beside = grey[ring].astype(np.float32)[order]
    inside = np.zeros(count, bool)
    fill = np.full(count, background, np.float32)
    for k in range(1, count):
        values = beside[edges[k] : edges[k + 1]]
        if values.size:
            fill[k] = float(np.median(values))
            inside[k] = abs(fill[k] - background) >= NEAR_EXTREME * farthest > COLOURED
    saturated = inside[labels] & marks
    values_beside = grey[~marks]
    if saturated.any():
        sign = 1 if np.median(fill[inside]) > background else -1
        levels[saturated] = values_beside.max() if sign > 0 else values_beside.min()
    drawn = marks & ~saturated
    if drawn.any():
        levels = cv2.inpaint(levels.astype(np.uint8), drawn.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    said = {}
    if drawn.any():
        said["drawn"] = f"{int(drawn.sum())} pixels in colour over the grey picture"
    if saturated.any():
        said["marked_saturated"] = f"{int(saturated.sum())} pixels in colour inside the strongest bands"
    return Colours(
        np.ascontiguousarray(levels, dtype=samples.dtype),
        ("drawn_over",) * bool(drawn.any()),
        said,
        drawn if drawn.any() else None,
        saturated if saturated.any() else None,
    )
