#!/usr/bin/env python3
"""False alarms and misses of every gate, over simulated, independent and real blots and over doctored copies of them.

    python benchmarks/gates.py [--every 3] [--lanes] [--names]

``--every N`` doctors every Nth picture only; ``--lanes`` also analyses the simulated and independent blots, for the
gates that need lanes; ``--names`` lists the pictures behind every false alarm and miss. Pictures: ``test_images`` and
ublot's own simulation; where they lie beside the project, ``../shared/independent_blots`` (another forward model) and
``../shared/real_blots``. Doctored by Pillow, OpenCV and scipy, see ``tests/support/doctored.py``.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

import ublot
from ublot.forensics.examine import examine
from ublot.io.images.reading import _decode, _kind
from ublot.simulation import STRESSES, simulate_blot

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
import doctored  # noqa: E402

SHARED = ROOT / "../shared"
GATES = ("lossy", "eight_bit", "stretched", "upconverted", "upscaled", "copied", "spliced")

#: What real pictures are known to be; all others are raw 16-bit exports.
REAL = {
    "gel.gif": {"eight_bit"},
    "ladder_reference_gel.tif": {"eight_bit"},
    "5xcgg_wt_flag.png": {"eight_bit", "stretched"},
    "5xcgg_wt_h3.png": {"eight_bit", "stretched"},
    "gel.png": {"eight_bit", "stretched"},
}


def own():
    for name, knobs in STRESSES.items():
        blot = simulate_blot(seed=21, **dict(knobs))
        expected = {"eight_bit"} if blot.image.dtype == np.uint8 else set()
        levels = np.asarray(blot.image)
        if blot.suffix == ".jpg":
            levels, expected = doctored.was_jpeg(levels, blot.settings.quality), {"eight_bit", "lossy"}
        yield f"simulated/{name}", levels, expected, blot
    for path in sorted((ROOT / "test_images").glob("*.*")):
        if path.suffix in (".tif", ".png"):
            levels = _decode(path, _kind(path), None).levels
            yield f"test_images/{path.name}", levels, {"eight_bit"} if levels.dtype == np.uint8 else set(), None


def independent():
    path = SHARED / "independent_blots/make.py"
    if not path.is_file():
        return
    spec = importlib.util.spec_from_file_location("make", path)
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    for k, (name, knobs) in enumerate(make.SETS.items()):
        levels, _, truth = make.blot(700 + k, **knobs)
        expected = {"eight_bit"} if levels.dtype == np.uint8 else set()
        if knobs.get("jpeg"):
            levels, expected = doctored.was_jpeg(levels, knobs["jpeg"]), {"eight_bit", "lossy"}
        yield f"independent/{name}", levels, expected, truth


def real():
    for path in sorted((SHARED / "real_blots").rglob("*")):
        if path.suffix in (".tif", ".png", ".gif"):
            yield f"real/{path.name}", _decode(path, _kind(path), None).levels, REAL.get(path.name, set()), None


def another(levels):
    """Another exposure: the same blot from the other side, so that its noise is its own."""
    return levels[:, ::-1]


def matched(levels, gain, paste):
    other = another(levels)
    return paste(levels, other, gain, float(np.median(levels)) * (1 - gain))


def forgeries():
    """Name, gate that must trip, function of levels."""
    for quality in (75, 85, 90, 95, 98):
        yield f"JPEG {quality}, off its grid", "lossy", lambda x, q=quality: doctored.was_jpeg(x, q, (3, 5))
    yield "colour JPEG 90", "lossy", lambda x: doctored.colour_jpeg(x, 90)
    yield "JPEG 90 in 16 bits", "lossy", lambda x: doctored.widened(doctored.was_jpeg(x, 90, (1, 6)), 193.7)
    for gain in (0.7, 1.3, 2.5, 4.7, 7.3):
        yield f"stretched x {gain}", "stretched", lambda x, g=gain: doctored.stretched(x, g)
    for gamma in (0.5, 0.7):
        yield f"gamma {gamma}", "stretched", lambda x, g=gamma: doctored.curved(x, g)
    yield "8 bits in 16", "upconverted", doctored.widened
    yield "8 bits stretched to 16", "upconverted", lambda x: doctored.widened(x, 193.7)
    for factor in (1.2, 1.5, 2, 2.5, 3):
        for how in ("nearest", "linear", "cubic", "lanczos", "spline", "pillow"):
            yield f"enlarged x {factor}", "upscaled", lambda x, f=factor, h=how: doctored.enlarged(x, f, h)
    for name, change in {
        "lane copied": {},
        "copied, brighter, 3 px down": {"gain": 1.3, "down": 3},
        "copied, noise added": {"noise": 0.7},
        "copied, mirrored": {"mirrored": True, "noise": 0.3},
    }.items():
        yield name, "copied", lambda x, c=change: doctored.lane_copied(x, **c)
    for paste in (doctored.half_from, doctored.lane_from):
        what = "half" if paste is doctored.half_from else "lane"
        for gain in (0.6, 1.4, 2.0):
            yield f"{what} of another exposure", "spliced", lambda x, g=gain, p=paste: p(x, another(x), g)
        for gain in (0.5, 1.8):
            yield f"{what}, background matched", "spliced", lambda x, g=gain, p=paste: matched(x, g, p)


def near_misses():
    """Name and function of levels: changes that are no forgery, or not the one that a gate is about."""
    yield "as it is", lambda x: x
    yield "mirrored", lambda x: x[:, ::-1]
    yield "cropped", lambda x: x[x.shape[0] // 20 : -x.shape[0] // 30, x.shape[1] // 25 : -x.shape[1] // 20]
    yield "denoised (median)", doctored.denoised
    yield "blurred", doctored.blurred
    yield "turned 1.3 degrees", lambda x: doctored.turned(x, 1.3)
    yield "8-bit export", doctored.eight_bits
    yield "reduced to half", lambda x: cv2.resize(x, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


class Tally:
    """How often something went wrong, out of how many, and where."""

    def __init__(self):
        self.counts, self.names = defaultdict(lambda: [0, 0]), defaultdict(list)

    def add(self, key, hit, name):
        self.counts[key][0] += hit
        self.counts[key][1] += 1
        if hit:
            self.names[key].append(name)


def by_levels(pictures, every):
    missed, alarmed = Tally(), Tally()
    for name, levels, expected, _ in pictures:
        for what, change in near_misses():
            changed = change(levels)
            found = set(examine(np.ascontiguousarray(changed)).flags)
            # What the picture is remains what it is; smoothing may hide it and is not judged for that.
            for gate in GATES:
                if gate not in expected and not (gate == "eight_bit" and changed.dtype == np.uint8):
                    alarmed.add((gate, what), gate in found, name)
                elif what == "as it is":
                    missed.add((gate, "as it is"), gate not in found, name)
    clean = [p for p in pictures if not p[2] - {"eight_bit"}]
    for name, levels, _, _ in clean[::every]:
        for what, gate, change in forgeries():
            coarse = levels.dtype == np.uint8 and gate == "stretched"
            if not coarse:
                missed.add((gate, what), gate not in examine(change(levels)).flags, name)
    return missed, alarmed


def by_lanes(pictures):
    """Gates of lanes against the truth: misses and false alarms by lane."""
    missed, alarmed = Tally(), Tally()
    for name, levels, _, blot in pictures:
        truth = getattr(blot, "truth", blot)
        if truth is None:
            continue
        lanes = truth["lanes"]
        layout = [{"lane": i, "role": lane["role"]} for i, lane in enumerate(lanes, 1)]
        antibody = "modifier" if name.endswith("/antibody") else "target"
        found = ublot.analyze(levels, layout=layout, marker=list(truth["marker_kda"]), antibody=antibody).lanes
        for (_, row), lane in zip(found.iterrows(), lanes, strict=False):
            flags = set(str(row["flags"]).split(";"))
            if lane["role"] in ("marker", "blank"):
                continue
            full = lane.get("saturated_px", 0)
            if full >= 30:
                missed.add(("saturated", "lane at the ceiling"), "saturated" not in flags, name)
                missed.add(("saturated_heavily", "lane at the ceiling"), "saturated_heavily" not in flags, name)
            elif full == 0:
                alarmed.add(("saturated", "no pixel there"), "saturated" in flags, name)
            touching = name.endswith("/touching")
            (missed if touching else alarmed).add(
                ("lanes_touching", "as it is"), ("lanes_touching" in flags) != touching, name
            )
            for gate in ("crop_tight", "clipped_background"):
                alarmed.add((gate, "as it is"), gate in flags, name)
    return missed, alarmed


def cut(pictures):
    """Crops through the smear, and a floor within the noise."""
    missed = Tally()
    for name, levels, _, blot in pictures:
        truth = getattr(blot, "truth", None)
        if truth is None or levels.dtype != np.uint16 or name.split("/")[1] in ("antibody", "inverted", "touching"):
            continue
        layout = list(blot.layout)
        whole = ublot.analyze(levels, layout=layout, ladder=False)
        row = int(0.7 * np.nanmedian([ladder.target_row for ladder in whole.ladders]))
        top = ublot.analyze(levels[row:], layout=layout, ladder=False).lanes
        floor = np.maximum(levels.astype(int) - int(np.quantile(levels, 0.06)), 0).astype(np.uint16)
        clipped = ublot.analyze(floor, layout=layout, ladder=False).lanes
        for table, gate, what in (
            (top, "crop_tight", "cut through the smear"),
            (clipped, "clipped_background", "floor raised"),
        ):
            rows = table[table.role.isin(["vehicle", "sample"])]
            some = np.mean(["NA" if not t else gate in t.split(";") for t in rows["flags"]])
            missed.add((gate, what), some < 0.5, name)
    return missed


def show(title, tally, names):
    print(f"\n{title}\n{'gate':20} {'pictures':32} {'wrong':>6} {'of':>6}")
    for (gate, what), (wrong, total) in sorted(tally.counts.items()):
        print(f"{gate:20} {what:32} {wrong:6} {total:6}")
        if names and wrong:
            print(" " * 20, ", ".join(sorted(set(tally.names[gate, what]))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--every", type=int, default=3, help="doctor every Nth picture only")
    parser.add_argument("--lanes", action="store_true", help="also the gates that need lanes")
    parser.add_argument("--names", action="store_true", help="list the pictures that are judged wrongly")
    options = parser.parse_args()
    begin = time.perf_counter()
    pictures = [*own(), *independent(), *real()]
    missed, alarmed = by_levels(pictures, options.every)
    show("Misses: pictures that must trip a gate and do not", missed, options.names)
    show("False alarms: pictures that must not trip it and do", alarmed, options.names)
    if options.lanes:
        missed, alarmed = by_lanes(pictures)
        show("Misses, by lane", missed, options.names)
        show("False alarms, by lane", alarmed, options.names)
        show("Misses, by picture", cut(pictures), options.names)
    print(f"\n{len(pictures)} pictures, {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
