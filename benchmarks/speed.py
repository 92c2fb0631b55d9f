#!/usr/bin/env python3
"""What an analysis costs, in units of reading the file: everything in turns within one run, so that ratios hold.

python benchmarks/speed.py [--out DIR] [--record FILE] [--rounds 9] [--largest 8192] [--imagej JAR] [--gelpy PYTHON]
python benchmarks/speed.py --busy       stages, whole analyses and growth by processor time, where others work as well
python benchmarks/speed.py --short      ratios against those recorded in speed.toml; exit status 1 above 1.5 times those
python benchmarks/speed.py --memory     peak memory for 16k x 16k pixels of 16 bit over the size of the file

The unit, x1, is *read and touch*: `tifffile.imread` of the blot as an uncompressed TIFF and one sum over it. All in one
thread, but for the hash of the file and what else runs beside. Beside ublot, in the same run: scikit-image's rolling
ball, and where they are installed ImageJ's (Java and `xvfb-run`) and gelpy (`--gelpy`: the Python of its environment).
"""

from __future__ import annotations

import argparse
import csv
import gc
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import accuracy
import cv2
import numpy as np
import tifffile
from lane_errors import summarise
from records import machine, write_record
from rivals import ball_of_imagej, ball_of_scikit_image, whole_of_gelpy

import ublot
from ublot.inputs.edits import Edits
from ublot.inputs.layout import read_layout
from ublot.inputs.params import make_params
from ublot.numerics.threads import one_thread
from ublot.pipeline.quantification import quantify_lanes
from ublot.simulation import save_blot, simulate_blot
from ublot.simulation.separation import MARKER_KDA

if TYPE_CHECKING:
    from ublot.model import Profile

MARKER = [float(mass) for mass in MARKER_KDA]
RECORDED = Path(__file__).with_suffix(".toml")
SIZES, LANES = (512, 1024, 2048, 4096, 8192), (4, 7, 12, 24, 48, 60)
BLOTS = (4, 8, 16, 32)  # of 512 x 512 pixels in one batch
MODIFIERS = (68.0, 34.0, 17.0, 8.565)  # kDa: the lighter, the more rungs there are between the band and the well
GUARDS = ("standard", "wide", "smiling", "membrane")
FEWEST = 8  # lanes that can be drawn; fewer are cut out of them
SLACK = 1.5  # times the recorded ratio: from there on the short form fails


Clock = Callable[[], float]


@dataclass(frozen=True)
class Task:
    """Something to be timed.

    `run` does it once and may give back the seconds that count; `unit` names the task that its ratio is to.
    """

    group: str
    name: str
    run: Callable[[], object]
    unit: str
    once: bool = False


# ------------------------------------------------------------------------------------------------------------- blots
def make_blot(folder: Path, side: int, lanes: int = 12) -> Path:
    """A simulated blot as an uncompressed 16-bit TIFF, its layout beside it; large ones are enlarged."""
    drawn, drawn_lanes = min(side, 2048), max(lanes, FEWEST)
    blot = simulate_blot(
        seed=3,
        shape=(drawn, drawn * drawn_lanes // lanes),
        lanes=drawn_lanes,
        blanks=0,
        vehicles=2,
        detector="camera16",
    )
    image = save_blot(blot, folder, f"s{side}_l{lanes}", "speed")
    levels = blot.image
    if lanes < drawn_lanes:
        # The marker and the first lanes beside it.
        ends = [lane["x_px"] for lane in blot.truth["lanes"]]
        levels = levels[:, : round(0.5 * (ends[lanes - 1] + ends[lanes]))]
        table = image.with_suffix(".layout.csv")
        table.write_text("".join(table.read_text().splitlines(keepends=True)[: lanes + 1]))
    if side > drawn:
        levels = cv2.resize(levels, (side, side), interpolation=cv2.INTER_LINEAR)
        grain = np.random.default_rng(0).normal(0, 40, (512, side))
        for top in range(0, side, 512):
            levels[top : top + 512] = np.clip(levels[top : top + 512] + grain[: side - top], 0, 65534)
    tifffile.imwrite(image, levels)
    return image


def read_and_touch(image: Path) -> int:
    return int(tifffile.imread(image).sum())


def stage_tasks(image: Path) -> list[Task]:
    """The stages one by one, each on what the one before it made: on copies, of which nothing is remembered."""
    layout = read_layout(image.with_suffix(".layout.csv"))
    blot = ublot.read_blot(image)
    lanes = ublot.find_lanes(blot, len(layout))
    background = ublot.estimate_background(blot, lanes)
    profiles = ublot.extract_profiles(blot, lanes, background)
    plain, fitted = make_params(None, ladder=False, marker=MARKER), make_params(None, marker=MARKER)

    def unknown() -> list[Profile]:
        return [replace(profile) for profile in profiles]

    stages: dict[str, Callable[[], object]] = {
        "read_blot, hash included": lambda: ublot.read_blot(image),
        "find_lanes": lambda: ublot.find_lanes(replace(blot), len(layout)),
        "find_lanes, no count": lambda: ublot.find_lanes(replace(blot)),
        "estimate_background": lambda: ublot.estimate_background(replace(blot), lanes),
        "extract_profiles": lambda: ublot.extract_profiles(replace(blot), lanes, background),
        "quantify_lanes, no ladder": lambda: quantify_lanes(unknown(), layout, plain, Edits(), lanes),
        "quantify_lanes": lambda: quantify_lanes(unknown(), layout, fitted, Edits(), lanes),
    }
    return [Task("stage", name, run, "read and touch") for name, run in stages.items()]


def analyses(image: Path) -> list[Task]:
    return [
        Task(
            "whole", "analyze, no ladder", lambda: ublot.analyze(image, ladder=False, marker=MARKER), "read and touch"
        ),
        Task("whole", "analyze", lambda: ublot.analyze(image, marker=MARKER), "read and touch"),
    ]


def report_tasks(image: Path) -> list[Task]:
    """Page, figures and workbook of an analysis that is finished, in a process that has made some before."""
    from ublot.io.workbook import xlsx_bytes
    from ublot.report.pages.blot import report_files

    analysis = ublot.analyze(image, marker=MARKER)
    tables = {**analysis.columns, **analysis.statistics}
    tables.pop("profiles")
    return [
        Task("report", "page, figures, workbook", lambda: report_files(analysis), "read and touch"),
        Task("report", "workbook", lambda: xlsx_bytes(tables), "read and touch"),
    ]


def unit_task(image: Path, name: str = "read and touch") -> Task:
    return Task("unit", name, lambda: read_and_touch(image), name)


def format_tasks(image: Path, folder: Path) -> list[Task]:
    """Decoders alone, and analyses of what they decode."""
    levels, tasks = tifffile.imread(image), []
    for name in ("lzw", "deflate", "png"):
        path = folder / name / f"{image.stem}.{'png' if name == 'png' else 'tif'}"
        path.parent.mkdir()
        if name == "png":
            cv2.imwrite(str(path), levels)
        else:
            tifffile.imwrite(path, levels, compression=name, predictor=True)
        shutil.copy(image.with_suffix(".layout.csv"), path.with_suffix(".layout.csv"))

        def decode(path: Path = path) -> object:
            return cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.suffix == ".png" else tifffile.imread(path)

        def analyse(path: Path = path) -> object:
            return ublot.analyze(path, ladder=False, marker=MARKER)

        tasks += [Task("format", f"{name}: decoder alone", decode, "read and touch")]
        tasks += [Task("format", f"{name}: analyze, no ladder", analyse, "read and touch")]
    return tasks


def command(*words: object) -> Callable[[], object]:
    line = [sys.executable, *map(str, words)]
    # Modules are compiled once, as for any user.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)


def process_tasks(image: Path, folder: Path) -> list[Task]:
    """Whole processes, against a Python that does no more than read the blot."""
    bare, plain = "python that reads the TIFF", "ublot analyze --no-report"
    words = ("-m", "ublot", "analyze", image, "--marker", ",".join(map(str, MARKER)), "--quiet", "--force", "--out")
    return [
        Task("process", bare, command("-c", f"import tifffile; tifffile.imread({str(image)!r})"), bare),
        Task("process", "import ublot", command("-c", "import ublot"), bare),
        Task("process", "ublot --help", command("-m", "ublot", "--help"), bare),
        Task("process", plain, command(*words, folder / "plain.ublot", "--no-report"), bare),
        Task("process", "ublot analyze, all files", command(*words, folder / "all.ublot"), plain),
    ]


def batch_tasks(image: Path, folder: Path, blots: int = 8) -> list[Task]:
    """Batches on two processes, one with reports against one without."""
    many, plain = folder / "many", f"ublot batch --no-report, {blots} blots"
    many.mkdir(parents=True)
    for k in range(blots):
        for suffix in (".tif", ".layout.csv"):
            shutil.copy(image.with_suffix(suffix), many / f"b{k}{suffix}")
    words = ("-m", "ublot", "batch", many, "--workers", "2", "--marker", ",".join(map(str, MARKER)), "--quiet", "--out")
    return [
        Task("batch", plain, command(*words, folder / "plain", "--no-report", "--force"), plain),
        Task("batch", "ublot batch, all files", command(*words, folder / "all", "--force"), plain),
    ]


def rival_tasks(image: Path, jar: Path, gelpy: Path | None) -> list[Task]:
    """What a user would take instead; what is not installed is named and left out."""
    makers: list[Callable[[], tuple[str, Callable[[], object]]]] = [
        lambda: ball_of_scikit_image(image),
        lambda: ball_of_imagej(image, jar),
        lambda: whole_of_gelpy(image, gelpy or Path("(not given: --gelpy PYTHON)"), 12),
    ]
    tasks = []
    for make in makers:
        try:
            name, run = make()
        except (OSError, ImportError) as error:
            print(f"a rival is left out: {error}")
        else:
            tasks.append(Task("rival", name, run, "read and touch", once=True))
    return tasks


# ---------------------------------------------------------------------------------------------------------- measuring
def measure(tasks: list[Task], rounds: int, clock: Clock = time.perf_counter) -> dict[str, list[float]]:
    """Seconds of every task by name, all tasks once in every round; a failing one is named and left out."""
    seconds: dict[str, list[float]] = {task.name: [] for task in tasks}
    broken: set[str] = set()
    for turn in range(rounds + 1):
        for task in tasks:
            if task.name in broken or (task.once and turn):
                continue
            gc.collect()
            begin = clock()
            try:
                own = task.run()
            except (subprocess.CalledProcessError, OSError, ValueError) as error:
                print(f"{task.name} left out: {error}")
                broken.add(task.name)
                continue
            spent = own if isinstance(own, float) else clock() - begin
            if turn or task.once:  # the first round only warms up
                seconds[task.name].append(spent)
    return {name: values for name, values in seconds.items() if values}


def rows_of(tasks: list[Task], seconds: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Median milliseconds and the median and range of the ratio, round by round, of every task."""
    rows = []
    for task in tasks:
        if task.name not in seconds or task.unit not in seconds:
            continue
        spent, unit = np.array(seconds[task.name]), np.array(seconds[task.unit])
        ratios = spent / (unit if len(unit) == len(spent) else np.median(unit))
        row = {"group": task.group, "name": task.name, "ms": 1e3 * float(np.median(spent)), "unit": task.unit}
        row |= {"ratio": float(np.median(ratios)), "low": float(ratios.min()), "high": float(ratios.max())}
        rows.append({**row, "least": float(spent.min() / unit.min()), "least_ms": 1e3 * float(spent.min())})
    return rows


def by_least(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with the least of the rounds for their medians: of processor times the one least disturbed."""
    return [{**row, "ms": row["least_ms"], "ratio": row["least"]} for row in rows]


def growth(folder: Path, rounds: int, largest: int, clock: Clock = time.perf_counter) -> list[dict[str, Any]]:
    """Analyses against the number of pixels and of lanes, each against reading its own file."""
    rows = []
    cases = [("pixels", side, 12) for side in SIZES if side <= largest] + [("lanes", 2048, lanes) for lanes in LANES]
    for what, side, lanes in cases:
        own = folder / f"{what}_{side}_{lanes}"
        own.mkdir()
        image = make_blot(own, side, lanes)
        unit = f"read and touch, {side} x {side}"
        name = f"{side} x {side}, {lanes} lanes"
        task = Task(what, name, lambda image=image: ublot.analyze(image, ladder=False, marker=MARKER), unit)  # type: ignore[misc]
        tasks = [unit_task(image, unit), task]
        rows += rows_of(tasks[1:], measure(tasks, max(rounds // 2, 3), clock))
        image.unlink()
    return rows


def rung_rows(image: Path, rounds: int, clock: Clock = time.perf_counter) -> list[dict[str, Any]]:
    """Analyses with the ladder against the number of rungs that are fitted to every lane."""
    tasks = [unit_task(image)]
    for mass in MODIFIERS:
        options = {"marker": MARKER, "modifier_kda": mass}
        rungs = int(ublot.analyze(image, **options).species["n"].max())  # type: ignore[arg-type]
        run = partial(ublot.analyze, image, **options)  # type: ignore[arg-type]
        tasks.append(Task("rungs", f"{rungs} rungs", run, "read and touch"))
    return rows_of(tasks[1:], measure(tasks, max(rounds // 2, 3), clock))


def blot_rows(folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Whole batches without reports, on two processes, against their number of blots.

    Always by the clock on the wall: the processor time of workers is not told to whoever started the batch.
    """
    image = make_blot(folder / "one", 512)
    tasks = [unit_task(image)]
    for count in BLOTS:
        batch, _ = batch_tasks(image, folder / str(count), count)
        tasks.append(replace(batch, group="blots", name=f"{count} blots", unit="read and touch"))
    return rows_of(tasks[1:], measure(tasks, max(rounds // 3, 2)))


# ---------------------------------------------------------------------------------------------------------- reporting
def show(rows: list[dict[str, Any]]) -> None:
    print(f"{'':52}{'ms':>9}{'ratio':>9}   least to most of the rounds")
    for row in rows:
        spread = f"{row['low']:.2f} to {row['high']:.2f}"
        if row["group"] == "accuracy":
            print(f"{row['group']:9}{row['name']:52}{row['ratio']:9.4f}")
        else:
            print(f"{row['group']:9}{row['name']:43}{row['ms']:9.1f}{row['ratio']:9.2f}   {spread}")


def save(rows: list[dict[str, Any]], out: Path) -> None:
    """``speed.csv`` and ``speed.png``."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    out.mkdir(parents=True, exist_ok=True)
    with (out / "speed.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    bars = [r for r in rows if r["group"] in ("stage", "whole", "report", "format", "rival")]
    figure, (left, *right) = plt.subplots(1, 4, figsize=(18, 6), width_ratios=(2, 1, 1, 1), layout="constrained")
    left.barh([r["name"] for r in bars], [r["ratio"] for r in bars], color="#4c72b0")
    left.set(xscale="log", xlabel="times read and touch, 2048 x 2048, 12 lanes")
    left.invert_yaxis()
    for axes, what in zip(right, ("pixels", "lanes", "rungs"), strict=True):
        part = [r for r in rows if r["group"] == what]
        words = [r["name"].split() for r in part]
        x = [int(w[3]) if what == "lanes" else int(w[0]) ** (1 + (what == "pixels")) for w in words]
        axes.loglog(x, [r["ms"] for r in part], "o-")
        axes.loglog(x, [part[-1]["ms"] * v / x[-1] for v in x], ":", color="0.6", label="linear")
        axes.set(xlabel=what, ylabel="analyze, ms" if what == "rungs" else "analyze, no ladder, ms")
        axes.minorticks_off()
        axes.set_xticks(x, [f"{w[0]}²" for w in words] if what == "pixels" else [str(v) for v in x])
        axes.set_ylim(bottom=0.5 * min(r["ms"] for r in part))
        axes.legend()
    figure.savefig(out / "speed.png", dpi=110)


def accuracy_rows() -> list[dict[str, Any]]:
    """The errors that speed must not be bought with, of two blots of every set in `GUARDS`, in the same table."""
    cases = [accuracy.Case(name, 1000 + seed, None, True) for name in GUARDS for seed in range(2)]
    pooled = summarise(accuracy.run(cases, 1))
    names = [name for name in pooled if name.startswith(("fraction", "relative", "ubiquitins", "coverage"))]
    nothing = {"ms": math.nan, "unit": "", "low": math.nan, "high": math.nan, "least": math.nan, "least_ms": math.nan}
    return [{"group": "accuracy", "name": name, "ratio": pooled[name], **nothing} for name in names]


def processor_time() -> float:
    """Seconds of this process and of those that it waited for."""
    import resource

    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def busy_rows(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """What processor times can tell: no rival with a clock of its own, no decoder with threads of its own."""
    image, rounds = make_blot(folder, 2048), options.rounds
    tasks = [unit_task(image), *stage_tasks(image), *analyses(image), *report_tasks(image)]
    rows = rows_of(tasks, measure(tasks, 2 * rounds, processor_time))
    tasks = process_tasks(image, folder)
    rows += rows_of(tasks, measure(tasks, rounds, processor_time)) + rung_rows(image, rounds, processor_time)
    rows += growth(folder, rounds, options.largest, processor_time)
    rows += blot_rows(folder / "blots", rounds)
    return by_least(rows)


def short(folder: Path) -> int:
    """Compare least processor times, which a busy machine hardly changes, with the recorded; 1 if one is far above."""
    image = make_blot(folder, 2048)
    tasks = [unit_task(image), *stage_tasks(image), *analyses(image), *report_tasks(image)]
    rows = rows_of(tasks, measure(tasks, 8, processor_time))
    tasks = process_tasks(image, folder)
    rows += rows_of(tasks, measure(tasks, 3, processor_time))
    recorded = tomllib.loads(RECORDED.read_text())["ratios"]
    slow = []
    for row in rows:
        if row["name"] == row["unit"]:
            continue
        limit = SLACK * recorded[row["name"]]
        print(f"{row['name']:32}{row['least']:8.2f}  recorded {recorded[row['name']]:7.2f}")
        slow += [f"{row['name']} takes {row['least']:.1f} x, limit {limit:.1f}"] if row["least"] > limit else []
    print("\n".join(f"too slow: {line}" for line in slow) or "no ratio is above 1.5 times the recorded one")
    return 1 if slow else 0


def memory(folder: Path, side: int = 16384) -> int:
    """Peak resident memory of an analysis of a large scan over the size of its file."""
    image = make_blot(folder, side)
    script = (
        "import sys, resource, ublot; ublot.analyze(sys.argv[1], ladder=False); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    said = subprocess.run([sys.executable, "-c", script, str(image)], capture_output=True, text=True, check=True)
    peak, size = int(said.stdout.split()[-1]), image.stat().st_size
    print(f"{side} x {side}: peak {peak / 2**20:.0f} MB = {peak / size:.2f} x the file of {size / 2**20:.0f} MB")
    return 0 if peak <= 2.5 * size else 1


def all_rows(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Everything in turns by the clock on the wall."""
    image = make_blot(folder, 2048)
    tasks = [unit_task(image), *stage_tasks(image), *analyses(image), *report_tasks(image)]
    tasks += format_tasks(image, folder)
    tasks += [*process_tasks(image, folder), *rival_tasks(image, options.imagej, options.gelpy)]
    tasks += batch_tasks(make_blot(folder / "batch", 1024), folder, 200 if options.rounds > 3 else 8)
    rows = rows_of(tasks, measure(tasks, options.rounds)) + rung_rows(image, options.rounds)
    rows += growth(folder, options.rounds, options.largest) + blot_rows(folder / "blots", options.rounds)
    return rows + accuracy_rows()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for speed.csv and speed.png")
    parser.add_argument("--record", type=Path, metavar="FILE", help="JSON of the table, with date, version and machine")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--largest", type=int, default=8192, help="side of the largest blot, px")
    parser.add_argument("--imagej", type=Path, metavar="JAR", default=Path("/usr/share/java/ij.jar"))
    parser.add_argument("--gelpy", type=Path, metavar="PYTHON", help="Python of an environment with gelpy")
    parser.add_argument("--busy", action="store_true", help="by processor time, without rivals, formats and accuracy")
    parser.add_argument("--short", action="store_true", help="compare with the recorded ratios")
    parser.add_argument("--memory", action="store_true", help="peak memory for a large scan")
    options = parser.parse_args()
    with one_thread(), tempfile.TemporaryDirectory(prefix="ublot-speed-") as scratch:
        folder = Path(scratch)
        if options.short:
            return short(folder)
        if options.memory:
            return memory(folder)
        print(f"{machine()}, numpy {np.__version__}, OpenCV {cv2.__version__}")
        rows = (busy_rows if options.busy else all_rows)(folder, options)
        show(rows)
        if options.record:
            write_record(options.record, {"rounds": options.rounds, "processor_time": options.busy, "rows": rows})
        if options.out:
            save(rows, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
