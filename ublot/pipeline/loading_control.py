"""The amount loaded in every lane, from a second picture of the membrane: a housekeeping band or all protein."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ublot.background.estimation import estimate_background
from ublot.errors import BlotError
from ublot.flags import refuses
from ublot.inputs.layout import Layout, read_layout
from ublot.inputs.loads import check_proportional
from ublot.io.tables import number
from ublot.ladder.landmarks import Band, find_unmodified
from ublot.ladder.regions import SATURATED_PIXELS, SATURATED_SHARE, areas_of, share_of_rows
from ublot.lanes.finding import find_lanes
from ublot.lanes.placement import place_roles
from ublot.model import SCORED, Z95
from ublot.numerics.threads import one_thread
from ublot.option_words import option_key, told
from ublot.pipeline.same_place import FITS, lanes_on, moved, sideways_shift
from ublot.profiles.extraction import extract_profiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes, Profile

__all__ = ["measure_loading"]

Control = Literal["band", "total"]

REACH = 3.0  # of a band's sigma, to both sides
WIDTH = 0.01  # of an area, one standard deviation: lanes are as wide as they look to about this


@one_thread()
def measure_loading(
    image: Any,
    *,
    layout: Any = None,
    lanes: int | None = None,
    control: Control = "band",
    first_lane: float | None = None,
    like: Any = None,
    **reading: Any,
) -> dict[str, list[Any]]:
    """Measure the loading control of every lane, ready for ``normalise``.

    Parameters
    ----------
    image : path, Blot or ndarray, shape (rows, cols)
        The membrane probed for a protein that every lane holds alike, or stained for all protein.
    layout : path, DataFrame, list of mappings or Layout, optional
        That of the blot. A column ``dilution`` (relative amount, as pipetted) marks the lanes of a dilution series.
    lanes : int, optional
        How many; the layout's rows where not given.
    control : {"band", "total"}
        The strongest band that the lanes share, or all signal of a lane.
    first_lane : float, optional
        Column of the first lane, px, where lanes at the ends are empty and it is not plain which.
    like : Analysis, optional
        That of the blot itself, as `ublot.load` gives it: its lanes are taken, after the shift between the pictures is
        measured, and its layout where no other is given; with ``roi`` in their continuation to that strip. Without it,
        lanes are found on the control's picture alone.
    **reading
        Options of `ublot.read_blot`: ``polarity``, ``response``, ``channel``, ``mirror``, ``rotate``, ``roi``.

    Returns
    -------
    dict of str to list
        Columns ``lane``, ``load`` (over the mean of the loaded lanes), ``load_low``, ``load_high`` (95 %, from pixel
        noise, background and the lane's width), ``area``, ``dilution`` where the layout has one, and ``flags``. The
        load of a lane that may not be quantified, and of markers and blanks, is NaN. Where the lanes were moved, the
        column ``moved_px`` says by how much.

    Raises
    ------
    BlotError
        The picture or layout cannot be used, no band is found, or the dilution series shows that the control is not
        proportional to the amount loaded.
    """
    from ublot.io.images.reading import read_blot

    if like is not None:
        layout = layout if layout is not None else like.layout
        reading = {**{name: getattr(like.params, name) for name in ("rotate", "mirror")}, **reading}
    rows = read_layout(layout) if layout is not None else None
    blot = read_blot(image, **reading)
    blank = tuple(row.lane for row in rows if row.role == "blank") if rows is not None else ()
    geometry, shift = _lanes(blot, rows, lanes, blank, like, first_lane)
    profiles = extract_profiles(blot, geometry, estimate_background(blot, geometry, blank=blank))
    if not profiles:
        raise BlotError("no lanes found", blot.source.name, "give the layout or the number of lanes")
    loaded = {row.lane for row in rows if row.role in SCORED} if rows is not None else {p.lane for p in profiles}
    x = np.array([float(lane.centre(geometry.window.mid_row)) for lane in geometry])
    bands: tuple[Band | None, ...] = (None,) * len(profiles)
    if control == "band":
        bands = find_unmodified(profiles, x, None, None, loaded)
        if all(band is None for band in bands):
            raise BlotError("no band that the lanes share", blot.source.name, "measure all protein instead: total")
    shared = (*blot.flags, *geometry.flags)
    measured = [
        _measure(p, band, (*shared, *lane.flags)) for p, band, lane in zip(profiles, bands, geometry, strict=True)
    ]
    out = _columns(profiles, measured, loaded)
    if shift:
        out["moved_px"] = [round(shift, 1)] * len(profiles)
    if rows is not None and "dilution" in rows.extra_columns:
        _check_series(out, rows, blot.source.name)
    return out


def _lanes(
    blot: Blot, rows: Layout | None, count: int | None, blank: tuple[int, ...], like: Any, first_lane: float | None
) -> tuple[Lanes, float]:
    """Lanes on the control's picture, and how far they were moved to the right."""
    loaded = [row.lane for row in rows if row.role in SCORED] if rows is not None else []
    if like is None:
        lanes = find_lanes(blot, rows.check_count(count) if rows is not None else count, blank=blank)
        if rows is not None:
            lanes, _ = place_roles(blot, lanes, rows.roles, first_lane)
        if not loaded or len(lanes) < 3:
            return lanes, 0.0
        # A marker may be dark in the control's picture: then an empty place beside the lanes may have been counted.
        shift, _, each = sideways_shift(blot, lanes, loaded)
        whole = round(shift / lanes.pitch) if lanes.pitch else 0
        if not whole or not _inside(blot, lanes, shift, loaded):
            return lanes, 0.0
        return moved(_of_one_width(lanes), each), shift
    shape = like.source.shape if like.params.rotate % 180 == 0 else like.source.shape[::-1]
    lanes = lanes_on(blot, like.geometry, shape if like.params.rotate % 90 == 0 else blot.shape)
    if blot.roi is not None:
        lanes = replace(lanes, window=blot.roi)  # a strip above or below the blot: its lanes go on there
    if rows is not None and len(rows) != len(lanes):
        what = f"the layout has {len(rows)} rows, the blot's result {len(lanes)} lanes"
        raise BlotError(what, option_key("like"), "give the layout of the same blot")
    shift, agreement, each = sideways_shift(blot, lanes, loaded)
    if agreement < FITS:
        what = "the lanes of the blot's result do not show on this picture"
        raise BlotError(
            what, blot.source.name, told("check that it is the same membrane, turned alike; or leave {like} out")
        )
    return moved(_of_one_width(lanes), each), shift


def _of_one_width(lanes: Lanes) -> Lanes:
    """All lanes as wide as usual: widths that were fitted to another protein or place would go into the areas."""
    usual = float(np.median([lane.width for lane in lanes]))
    return replace(lanes, items=tuple(replace(lane, width=usual) for lane in lanes))


def _inside(blot: Blot, lanes: Lanes, shift: float, loaded: list[int]) -> bool:
    """Whether the loaded lanes are still on the picture when moved."""
    x = [float(lane.centre(lanes.window.mid_row)) + shift for lane in lanes if lane.number in loaded]
    return min(x) >= 0 and max(x) <= blot.shape[1] - 1


def _measure(profile: Profile, band: Band | None, flags: tuple[str, ...]) -> tuple[float, float, tuple[str, ...]]:
    """Area of the control in one lane, its standard deviation, and flags."""
    region = np.ones(len(profile.raw))
    if band is not None:
        region = share_of_rows(profile, band.row - REACH * band.sigma, band.row + REACH * band.sigma)
    area, variance = areas_of(profile, [region])
    error = math.hypot(math.sqrt(float(variance[0, 0])), WIDTH * float(area[0]))
    return float(area[0]), error, (*flags, *profile.flags, *_saturated(profile, region))


def _saturated(profile: Profile, region: NDArray[np.float64]) -> tuple[str, ...]:
    inside = region > 0.5
    if not inside.any() or profile.saturated[inside].sum() < SATURATED_PIXELS:
        return ()
    bright = inside & (profile.signal >= 0.5 * profile.signal[inside].max())
    share = float(profile.saturated[bright].sum()) / max(int(bright.sum()) * profile.pixels, 1)
    return ("saturated", "saturated_heavily") if share > SATURATED_SHARE else ("saturated",)


def _columns(
    profiles: tuple[Profile, ...], measured: list[tuple[float, float, tuple[str, ...]]], loaded: set[int]
) -> dict[str, list[Any]]:
    fit = [p.lane in loaded and not refuses(flags) for p, (_, _, flags) in zip(profiles, measured, strict=True)]
    areas = [area for (area, _, _), good in zip(measured, fit, strict=True) if good]
    mean = float(np.mean(areas)) if areas else math.nan
    mean = mean if mean > 0 else math.nan
    reach = [Z95 * sd / mean if good else math.nan for (_, sd, _), good in zip(measured, fit, strict=True)]
    load = [area / mean if good else math.nan for (area, _, _), good in zip(measured, fit, strict=True)]
    return {
        "lane": [p.lane for p in profiles],
        "load": load,
        "load_low": [value - r for value, r in zip(load, reach, strict=True)],
        "load_high": [value + r for value, r in zip(load, reach, strict=True)],
        "area": [area for area, _, _ in measured],
        "flags": [";".join(dict.fromkeys(flags)) for _, _, flags in measured],
    }


def _check_series(columns: dict[str, list[Any]], layout: Layout, name: str) -> None:
    """Add the series to the table, and refuse a control that is not proportional to it."""
    columns["dilution"] = [layout.of(lane).extra["dilution"] for lane in columns["lane"]]
    points = []
    for lane, text, load in zip(columns["lane"], columns["dilution"], columns["load"], strict=True):
        if not text:
            continue
        try:
            amount = number(text)
        except ValueError:
            raise BlotError(f"{text!r} is not a number", f"layout, lane {lane}, column dilution", "1, 0.5, …") from None
        if not math.isnan(load):
            points.append((amount, load))
    if points:
        check_proportional([a for a, _ in points], [b for _, b in points], name)
