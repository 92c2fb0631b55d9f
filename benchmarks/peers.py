#!/usr/bin/env python3
"""What a user would pick instead, on the same blots and the same lanes: accuracy and time side by side.

python benchmarks/peers.py --suite DIR [--blots 12] [--imagej ij.jar] [--gelpy VENV/bin/gelpy] [--out peers.json]

DIR is what `ublot simulate DIR --suite` wrote. Every way gets ublot's own lanes and the rows between which U and H
stand, so that what differs is the background alone:

none           the signal of the lane's box, nothing taken off
box minus rim  a person's way: the box of U or H less its area times the median of the rim around it
rolling ball   scikit-image's, radius 50 px, over the whole picture
ImageJ         its "Subtract Background...", radius 50 px, by the program itself (needs Java, a screen and its jar)
gelpy          its own background, by its command line from an environment of its own
arpls, snip    pybaselines along each lane's own profile
ublot          as it is

Scores are those of `ublot benchmark`; times are of the background alone, for ublot of the whole analysis.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from records import write_record
from rivals import BALL, imagej_of

import ublot
from ublot.io.columns import csv_bytes
from ublot.simulation import score_results
from ublot.simulation.suite import UNJUDGED, read_suite

Array = NDArray[np.float64]

RIM = 3  # px
MACRO = 'open("{image}");run("Subtract Background...","rolling={ball}");saveAs("Tiff","{out}");close();'


def straightened(signal: Array, lane: Any, rows: range) -> Array:
    """The lane's box as rows of equal width, pixels taken whole."""
    half = lane.width / 2
    out = np.empty((len(rows), round(lane.width)))
    for k, row in enumerate(rows):
        left = max(round(float(lane.centre(row)) - half), 0)
        strip = signal[row, left : left + out.shape[1]]
        out[k] = np.pad(strip, (0, out.shape[1] - len(strip)), mode="edge")
    return out


def regions(analysis: Any) -> list[tuple[Any, Any, range, range]]:
    """Lane, what was found in it, and the rows of H and of U, for every lane that has both."""
    height = analysis.blot.signal.shape[0]
    out = []
    for lane, ladder in zip(analysis.geometry, analysis.ladders, strict=True):
        edges = (ladder.well_row, ladder.boundary_row, ladder.low_row)
        if all(map(math.isfinite, edges)):
            well, boundary, low = (min(max(round(edge), 0), height) for edge in edges)
            if well < boundary < low:
                out.append((lane, ladder, range(well, boundary), range(boundary, low)))
    return out


def of_picture(flat: Array, analysis: Any) -> dict[int, float]:
    """Fractions from a picture whose background was taken off."""
    out = {}
    for lane, _, high, unmodified in regions(analysis):
        h, u = straightened(flat, lane, high).sum(), straightened(flat, lane, unmodified).sum()
        out[lane.number] = float(h / (h + u)) if h + u else math.nan
    return out


def box_minus_rim(analysis: Any) -> dict[int, float]:
    signal = np.asarray(analysis.blot.signal, float)
    out = {}
    for lane, _, *parts in regions(analysis):
        areas = []
        for rows in parts:
            centre, half = float(lane.centre((rows[0] + rows[-1]) / 2)), lane.width / 2
            top, bottom = max(rows[0] - RIM, 0), min(rows[-1] + RIM + 1, signal.shape[0])
            left, right = max(round(centre - half) - RIM, 0), min(round(centre + half) + RIM, signal.shape[1])
            outer = signal[top:bottom, left:right]
            inner = np.zeros(outer.shape, bool)
            inner[RIM:-RIM, RIM:-RIM] = True
            areas.append(float((outer[inner] - np.median(outer[~inner])).sum()))
        h, u = areas
        out[lane.number] = h / (h + u) if h + u else math.nan
    return out


def along_lane(method: str) -> Callable[[Any], dict[int, float]]:
    """A baseline under each lane's own profile."""

    def run(analysis: Any) -> dict[int, float]:
        from pybaselines import Baseline

        signal = np.asarray(analysis.blot.signal, float)
        out = {}
        for lane, _, high, unmodified in regions(analysis):
            profile = straightened(signal, lane, range(signal.shape[0])).sum(axis=1)
            fitter = Baseline(np.arange(len(profile)))
            base = fitter.arpls(profile)[0] if method == "arpls" else fitter.snip(profile, max_half_window=BALL)[0]
            flat = profile - base
            h, u = flat[list(high)].sum(), flat[list(unmodified)].sum()
            out[lane.number] = float(h / (h + u)) if h + u else math.nan
        return out

    return run


def rolling_ball(analysis: Any) -> dict[int, float]:
    from skimage.restoration import rolling_ball as ball

    signal = np.asarray(analysis.blot.signal, np.float32)
    return of_picture(np.asarray(signal - ball(signal, radius=BALL), float), analysis)


def imagej(jar: Path) -> Callable[[Any], dict[int, float]]:
    """ImageJ's own ball over the signal as a 16-bit picture."""
    run_macro = imagej_of(jar)

    def run(analysis: Any) -> dict[int, float]:
        signal = np.asarray(analysis.blot.signal, float)
        low, high = float(signal.min()), float(signal.max())
        with tempfile.TemporaryDirectory() as folder:
            image, out = Path(folder) / "blot.tif", Path(folder) / "flat.tif"
            tifffile.imwrite(image, np.round((signal - low) / (high - low) * 60_000).astype(np.uint16))
            macro = image.with_suffix(".ijm")
            macro.write_text(MACRO.format(image=image, ball=BALL, out=out))
            run_macro(macro)
            return of_picture(tifffile.imread(out).astype(float), analysis)

    return run


def gelpy(program: Path) -> Callable[[Any], dict[int, float]]:
    """The picture that gelpy keeps after its background removal."""

    def run(analysis: Any) -> dict[int, float]:
        with tempfile.TemporaryDirectory() as folder:
            place, lanes = Path(folder) / "run", str(len(analysis.geometry))
            for words in (
                ("init", place, analysis.image_path, "--n-lanes", lanes),
                ("background", "remove", place),
                ("profiles", "extract", place),
            ):
                subprocess.run([program, *words], capture_output=True, check=True)
            (kept,) = (place / "cache/background").glob("*.npz")
            return of_picture(np.load(kept)["corrected"], analysis)

    return run


def by_ublot(analysis: Any) -> dict[int, float]:
    return dict(zip(analysis.lanes["lane"].astype(int), analysis.lanes["hmw_fraction"].astype(float), strict=True))


def chosen_blots(suite: Path, count: int) -> list[str]:
    """Names of blots, spread over the suite, those that are judged only."""
    kinds = {name: kind for name, kind in read_suite(suite)["blots"].items() if kind not in UNJUDGED}
    names = list(kinds)
    return [names[k] for k in np.unique(np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int))]


def part_of(suite: Path, names: list[str], folder: Path) -> Path:
    """A suite of some of the blots."""
    record = read_suite(suite)
    kept = {name: record["blots"][name] for name in names}
    (folder / "suite.json").write_text(json.dumps({**record, "blots": kept}))
    for name in names:
        shutil.copy(suite / f"{name}.truth.json", folder)
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", type=Path, required=True)
    parser.add_argument("--blots", type=int, default=12, help="how many, spread over the suite")
    parser.add_argument("--imagej", type=Path, help="its jar")
    parser.add_argument("--gelpy", type=Path, help="its program")
    parser.add_argument("--out", type=Path, help="JSON with the table, date, version and machine")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    names = chosen_blots(options.suite, options.blots)
    ways: dict[str, Callable[[Any], dict[int, float]]] = {
        "ublot": by_ublot,
        "none": lambda analysis: of_picture(np.asarray(analysis.blot.signal, float), analysis),
        "box minus rim": box_minus_rim,
        "rolling ball (scikit-image)": rolling_ball,
        "arpls (pybaselines)": along_lane("arpls"),
        "snip (pybaselines)": along_lane("snip"),
    }
    if options.imagej:
        ways["rolling ball (ImageJ)"] = imagej(options.imagej)
    if options.gelpy:
        ways["gelpy"] = gelpy(options.gelpy)
    given: dict[str, dict[str, list[Any]]] = {w: {"image": [], "lane": [], "hmw_fraction": []} for w in ways}
    seconds: dict[str, list[float]] = {w: [] for w in ways}
    for name in names:
        (image,) = [p for s in (".tif", ".png") if (p := options.suite / f"{name}{s}").exists()]
        begin = time.process_time()
        analysis = ublot.analyze(image, marker="precision-plus", allow_unfit=True)
        whole = time.process_time() - begin
        for way, run in ways.items():
            begin = time.perf_counter()
            fractions = run(analysis)
            seconds[way].append(whole if way == "ublot" else time.perf_counter() - begin)
            for lane, fraction in fractions.items():
                given[way]["image"].append(image.name)
                given[way]["lane"].append(lane)
                given[way]["hmw_fraction"].append(fraction)
        print(f"{name}: done", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        part = part_of(options.suite, names, Path(folder))
        for way in ways:
            table = part / "results.csv"
            table.write_bytes(csv_bytes(given[way]))
            rows.append({"way": way, **score_results(table, part)[-1], "seconds": float(np.median(seconds[way]))})
    for row in rows:
        error, fold = (f"{row[f'{name}_median']:.4f} / {row[f'{name}_p95']:.4f}" for name in ("fraction", "fold"))
        print(
            f"{row['way']:<28} scored {row['scored']:.2f}  error {error}  bias {row['fraction_bias']:+.4f}  fold {fold}"
            f"  {row['seconds']:.2f} s"
        )
    if options.out:
        write_record(options.out, {"blots": names, "rows": rows})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
