"""Drawings of how an analysis works, each from a real run over the blots in ``test_images/``."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

import ublot
from ublot.mass.scale import mass_at
from ublot.report.figures.drawing import png_bytes

if TYPE_CHECKING:
    from ublot import Analysis
    from ublot.ladder.cut import Ladder

IMAGES = Path(__file__).parents[2] / "test_images"
INK, MEMBRANE, LANE, SMEAR = "#222222", "#b5651d", "#1b7f5c", "#d1741c"
DPI = 110


@cache
def analysis_of(stem: str) -> Analysis:
    """One of the blots that come with the project, analysed as the README does."""
    (image,) = [p for p in IMAGES.glob(f"{stem}.*") if p.suffix in {".tif", ".png"}]
    return ublot.analyze(image, marker="precision-plus")


def brightest(analysis: Analysis) -> Ladder:
    """The lane with the most ladder and smear of those that are scored."""
    scored = analysis.lanes.dropna(subset=["hmw_fraction"])
    number = int(scored.loc[scored["hmw_area"].idxmax(), "lane"])
    return next(ladder for ladder in analysis.ladders if ladder.lane == number)


def svg(figure: Figure) -> bytes:
    """A drawing as SVG on white paper."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None}, facecolor="white", bbox_inches="tight")
    return stream.getvalue()


def lanes() -> bytes:
    """The blot with the lanes found."""
    return png_bytes(analysis_of("dose_series").figure("overlay"), DPI)


def background() -> bytes:
    """Across three lanes at the height of their smear: levels, and the membrane that is taken from under them."""
    analysis = analysis_of("smear")
    stages, blot = analysis.stages, analysis.blot
    lane = brightest(analysis)
    middle = next(one for one in analysis.geometry if one.number == lane.lane)
    row = round((lane.well_row + lane.boundary_row) / 2)
    rows = slice(row - 6, row + 7)
    centre = float(middle.centre(row))
    pitch = float(np.median(np.diff([one.centre(row) for one in analysis.geometry])))
    left, right = round(centre - 1.7 * pitch), round(centre + 1.7 * pitch)
    left, right = max(left, 0), min(right, blot.signal.shape[1])
    x = np.arange(left, right)
    seen = blot.signal[rows, left:right].mean(axis=0)
    figure = Figure(figsize=(8.2, 3.4))
    axes = figure.subplots()
    axes.plot(x, seen, color=INK, lw=1.1, label="signal, mean of 13 rows")
    for ladder in stages.ladders:
        lane_here = next(one for one in analysis.geometry if one.number == ladder.lane)
        at = float(lane_here.centre(row))
        if not left < at - lane_here.width / 2 < at + lane_here.width / 2 < right:
            continue
        profile = ladder.profile
        k = slice(rows.start - int(profile.top), rows.stop - int(profile.top))
        level = float(profile.background[k].mean()) / lane_here.width
        inside = [at - lane_here.width / 2, at + lane_here.width / 2]
        first = "membrane under a lane" if ladder.lane == lane.lane else None
        axes.plot(inside, [level, level], color=MEMBRANE, lw=2.4, label=first, solid_capstyle="butt")
        axes.axvspan(*inside, color=LANE, alpha=0.12, lw=0, label="lane" if first else None)
    axes.set(xlabel="column of the picture (px)", ylabel="signal", xlim=(left, right - 1))
    axes.legend(frameon=False, fontsize=9, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)


def mass() -> bytes:
    """Marker bands and the curve through them."""
    calibration = analysis_of("dose_series").calibration
    assert calibration is not None
    rows = np.linspace(min(calibration.rows) - 20, max(calibration.rows) + 20, 300)
    figure = Figure(figsize=(6.2, 3.4))
    axes = figure.subplots()
    axes.semilogy(rows, mass_at(calibration, rows), color=LANE, label="monotone curve through the bands")
    axes.semilogy(calibration.rows, calibration.masses, "o", color=INK, label="marker bands")
    axes.set_yticks(calibration.masses, [f"{m:g}" for m in calibration.masses])
    axes.minorticks_off()
    axes.set(xlabel="row of the picture (px)", ylabel="mass (kDa)")
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)


def ladder() -> bytes:
    """One lane's signal, the fit of rungs and smear, and the regions."""
    analysis = analysis_of("dose_series")
    best = brightest(analysis)
    table = analysis.profiles[analysis.profiles["lane"] == best.lane]
    rungs = analysis.species[(analysis.species["lane"] == best.lane) & (analysis.species["kind"] == "rung")]
    figure = Figure(figsize=(8.2, 3.6))
    axes = figure.subplots()
    axes.fill_between(table["row_px"], table["signal"], color=LANE, alpha=0.15, lw=0)
    axes.plot(table["row_px"], table["signal"], color=INK, lw=0.9, label="signal less background")
    axes.plot(table["row_px"], table["fit"], color=SMEAR, lw=1.3, label="rungs and smear as fitted")
    top = 0.45 * float(table["signal"].max())
    for n, row in zip(rungs["n"], rungs["row_px"], strict=True):
        axes.annotate(f"{n:.0f}", (row, -0.09 * top), ha="center", va="center", fontsize=8)
    axes.set(ylim=(-0.15 * top, top), xlim=(best.well_row, best.low_row + 30))
    axes.set(xlabel="row of the picture (px), wells at the left", ylabel="signal of the lane")
    axes.set_title("Numbers below: apparent ubiquitins. Strong bands run out of the drawing.", fontsize=10)
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)


def score() -> bytes:
    """Scores of every condition."""
    return png_bytes(analysis_of("dose_series").figure("scores"), DPI)


def intervals() -> bytes:
    """What was measured on the blots that come with the project, against what is true."""
    figure = Figure(figsize=(6.2, 4.4))
    axes = figure.subplots()
    for stem, colour in (("dose_series", LANE), ("smear", SMEAR), ("two_compounds", "#3b6fb6"), ("hard", "#7a4b94")):
        table = analysis_of(stem).lanes
        truth = json.loads((IMAGES / f"{stem}.truth.json").read_text("utf-8"))["lanes"]
        true = np.array([lane.get("hmw_fraction", np.nan) for lane in truth])
        value = table["hmw_fraction"].to_numpy(float)
        ends = np.array([value - table["hmw_fraction_low"], table["hmw_fraction_high"] - value], float)
        use = np.isfinite(true) & np.isfinite(value)
        axes.errorbar(true[use], value[use], ends[:, use], fmt="o", ms=3.5, lw=1, color=colour, label=stem)
    axes.plot([0, 1], [0, 1], color=INK, lw=0.7, ls="--")
    axes.set(xlabel="true H / (H + U)", ylabel="measured, with its 95 % interval", xlim=(0, 1), ylim=(-0.05, 1.05))
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)


def all_pictures() -> dict[str, bytes]:
    """Every drawing by its file name."""
    return {
        "lanes.png": lanes(),
        "background.svg": background(),
        "mass.svg": mass(),
        "ladder.svg": ladder(),
        "score.png": score(),
        "intervals.svg": intervals(),
    }
