#!/usr/bin/env python3
"""What a batch promises, measured: speed against serial, flat memory, nothing lost by kills, every fault named.

python benchmarks/batch.py speed  [--blots 500] [--side 1024] [--workers 2]   pool against serial, in turns
python benchmarks/batch.py memory [--blots 5000]     the parent's memory with that many blots, against 100
python benchmarks/batch.py kills  [--blots 200] [--kills 50] [--seed 1]       killed at random moments, then resumed
python benchmarks/batch.py faults [--blots 10000] [--faulty 200]              ten kinds of faulty blots among good ones

Exit status 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ublot.batch.done import read_done
from ublot.simulation import save_blot, simulate_blot

OPTIONS = ("--no-report", "--marker", "precision-plus")
TABLES = ("lanes.csv", "lanes.parquet", "failures.csv", "index.html")
MEMORY_LIMIT, SPEED_LIMIT = 1.10, 1.8


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ublot-batch-") as folder:
        yield Path(folder)


# ------------------------------------------------------------------------------------------------------------- blots
def make_blots(folder: Path, count: int, side: int = 256, different: int = 40) -> None:
    """Write `count` small simulated blots of 5 lanes (12 where there is room); there are `different` kinds of them."""
    lanes = {"lanes": 5, "vehicles": 2, "blanks": 0} if side < 512 else {}
    for k in range(min(count, different)):
        blot = simulate_blot(seed=k + 1, difficulty="easy", shape=(side, side + side // 4), **lanes)
        save_blot(blot, folder, f"blot_{k:05d}", "batch")
        (folder / f"blot_{k:05d}.truth.json").unlink()
    for k in range(different, count):
        for suffix in (".tif", ".layout.csv"):
            source = folder / f"blot_{k % different:05d}{suffix}"
            shutil.copyfile(source, folder / f"blot_{k:05d}{suffix}")


def spoil(image: Path, kind: int) -> str:
    """Make one blot faulty in the way number `kind`; return the stage at which that must be found."""
    layout, options = image.with_suffix(".layout.csv"), image.with_suffix(".toml")
    if kind == 0:
        image.write_bytes(b"")
    elif kind == 1:
        image.write_text("this is no picture\n" * 40)
    elif kind == 2:
        image.write_bytes(image.read_bytes()[: image.stat().st_size // 3])
    elif kind == 3:
        import numpy as np
        import tifffile

        tifffile.imwrite(image, np.full((256, 320), 700, np.uint16))
    elif kind == 4:
        layout.write_text("\n".join(layout.read_text().splitlines()[:3] + layout.read_text().splitlines()[4:]))
    elif kind == 5:
        layout.write_text(layout.read_text().replace("vehicle", "vehicel"))
    elif kind == 6:
        layout.write_text(layout.read_text().replace("\n3,", "\n2,"))
    elif kind == 7:
        options.write_text("markerr = 'precision-plus'\n")
    elif kind == 8:
        options.write_text("marker = precision\n")
    else:
        options.write_text("lanes = 9\n")
    return "reading the image" if kind < 4 else "options" if kind in (7, 8) else "layout"


# -------------------------------------------------------------------------------------------------------------- runs
def command(folder: Path, out: Path, *more: object) -> list[str]:
    words = [sys.executable, "-m", "ublot", "batch", folder, "--out", out, *OPTIONS, "--log-json", *more]
    return [str(word) for word in words]


def run(folder: Path, out: Path, *more: object) -> tuple[int, list[dict[str, Any]], float]:
    """Run to the end; exit code, events, seconds."""
    begin = time.monotonic()
    done = subprocess.run(command(folder, out, *more), capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    if done.stderr and done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return done.returncode, events, time.monotonic() - begin


def contents(out: Path) -> dict[str, bytes]:
    """Every table, and every file of every result."""
    files = [out / name for name in TABLES] + sorted(out.glob("**/*.ublot/*"))
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


def offspring(pid: int) -> list[int]:
    """Processes below a process."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def workers_of(pid: int) -> list[int]:
    """Worker processes of a batch: below the server that they are copied from."""
    return [child for server in offspring(pid) for child in offspring(server)]


# ------------------------------------------------------------------------------------------------------------- kills
def disturbed(
    folder: Path, out: Path, blots: int, kills: int, rng: random.Random, say: Callable[[str], None] = print
) -> tuple[Counter[str], list[str]]:
    """Start a batch again and again and kill it at random moments; how often each blot was analysed, and what broke.

    Parameters
    ----------
    folder, out : Path
    blots : int
        How many there are: the kills are spread over the time that they take.
    kills : int
        Every third one hits a worker, the others the parent.
    """
    analysed: Counter[str] = Counter()
    broken: list[str] = []
    left = kills
    while left > 0:
        log = out.with_suffix(".log")
        with log.open("w") as target:
            process = subprocess.Popen(command(folder, out, "--workers", 2), stdout=target, stderr=subprocess.PIPE)
            while left > 0 and process.poll() is None:
                hit_worker = left % 3 == 0
                left -= 1
                _wait(out, process, rng.randint(0, round(2 * blots / kills)), rng)
                targets = workers_of(process.pid) if hit_worker else [process.pid]
                say(f"kill {kills - left}: {'worker' if hit_worker else 'parent'}, {len(done_in(out))} blots done")
                for pid in targets[:1]:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        say("  it had ended before")
                if not hit_worker:
                    break
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        for line in log.read_text().splitlines():
            event = json.loads(line) if line.endswith("}") else {}
            if event.get("status") == "analysed":
                analysed[event["image"]] += 1
            if event.get("status") == "failed":
                broken.append(f"{event['image']} failed: {event['error']}")
        broken += half_written(out)
    return analysed, broken


def _wait(out: Path, process: subprocess.Popen[Any], more: int, rng: random.Random) -> None:
    """Wait until so many more blots are done and a random moment longer; for none, a moment of the start."""
    until = len(done_in(out)) + more
    while more and len(done_in(out)) < until and process.poll() is None:
        time.sleep(0.02)
    time.sleep(rng.uniform(0, 0.7 if more else 4))


def done_in(out: Path) -> list[Path]:
    # Unlike a glob, a walk does not mind that scratch folders vanish under it.
    return [Path(f) for f, _, files in os.walk(out) if f.endswith(".ublot") and "done.json" in files]


def half_written(out: Path) -> list[str]:
    """Result folders that a reader would find incomplete."""
    return [f"{path} is half written" for path in out.glob("**/*.ublot") if read_done(str(path)) is None]


def kills(blots: int, kills_: int, seed: int) -> list[str]:
    with scratch() as base:
        make_blots(base / "blots", blots)
        code, _, seconds = run(base / "blots", base / "quiet", "--workers", 2)
        print(f"undisturbed: {blots} blots in {seconds:.0f} s, exit code {code}")
        analysed, broken = disturbed(base / "blots", base / "killed", blots, kills_, random.Random(seed))
        _, events, _ = run(base / "blots", base / "killed", "--workers", 2)
        analysed.update(event["image"] for event in events if event.get("status") == "analysed")
        return broken + differences(contents(base / "quiet"), contents(base / "killed"), analysed)


def differences(quiet: dict[str, bytes], killed: dict[str, bytes], analysed: Counter[str]) -> list[str]:
    """What is lost, different or done twice."""
    broken = [f"{name} is lost" for name in quiet.keys() - killed.keys()]
    broken += [f"{name} is there without reason" for name in killed.keys() - quiet.keys()]
    broken += [f"{name} differs" for name in quiet.keys() & killed.keys() if quiet[name] != killed[name]]
    return broken + [f"{name} was done {count} times" for name, count in analysed.items() if count > 1]


# ------------------------------------------------------------------------------------------------------------ faults
def faults(blots: int, faulty: int, workers: int = 2) -> list[str]:
    with scratch() as base:
        make_blots(base / "blots", blots)
        images = sorted((base / "blots").glob("*.tif"))
        step = max(1, blots // faulty)
        expected = {images[k * step].name: spoil(images[k * step], k % 10) for k in range(faulty)}
        code, events, seconds = run(base / "blots", base / "out", "--workers", workers)
        ends = {event["image"]: event for event in events if event["event"] == "blot"}
        print(f"{blots} blots, {faulty} of them faulty, in {seconds:.0f} s: {events[-1]}")
        broken = [] if code == 1 else [f"exit code {code}"]
        for image in images:
            end = ends.get(image.name, {"status": "missing"})
            wanted = "failed" if image.name in expected else "analysed"
            if end["status"] != wanted or end.get("stage", "") != expected.get(image.name, ""):
                broken.append(f"{image.name}: {end}, expected {wanted} {expected.get(image.name, '')}")
        broken += [f"{name} has no scored lane" for name in unscored(base / "out", set(ends) - set(expected))]
        return broken


def unscored(out: Path, names: set[str]) -> set[str]:
    import pandas as pd

    lanes = pd.read_parquet(out / "lanes.parquet")
    scored = set(lanes.loc[(lanes["role"] == "sample") & lanes["relative_hmw"].notna(), "image"])
    return names - scored


# ------------------------------------------------------------------------------------------------- speed and memory
def speed(blots: int, side: int, workers: int) -> list[str]:
    """Serial and pooled in turns, over two halves of the blots, so that a busy moment hits both."""
    with scratch() as base:
        times = {0: 0.0, workers: 0.0}
        for half in range(2):
            make_blots(base / f"blots{half}", blots // 2, side)
            for count in (0, workers) if half == 0 else (workers, 0):
                _, _, seconds = run(base / f"blots{half}", base / f"out{half}_{count}", "--workers", count)
                times[count] += seconds
                print(f"half {half + 1}, workers {count}: {seconds:.1f} s, load {os.getloadavg()[0]:.1f}")
            a, b = (contents(base / f"out{half}_{count}") for count in (0, workers))
            if a != b:
                return [f"half {half + 1}: serial and pooled results differ"]
        ratio = times[0] / times[workers]
        print(f"{blots} blots of {side} px, {workers} workers: {ratio:.2f} x serial")
        return [] if ratio >= SPEED_LIMIT else [f"only {ratio:.2f} x serial"]


MEASURE = """
import json, resource, sys, ublot
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
result = ublot.run_batch(sys.argv[1], out=sys.argv[2], workers=2, report=False, marker="precision-plus")
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
print(json.dumps({"peak_mb": peak / 1024, "kept": result.kept, "failed": len(result.failures)}))
"""


def memory(blots: int) -> list[str]:
    """Peak memory of the parent with many blots against 100. The results are made once and found done by both runs."""
    with scratch() as base:
        make_blots(base / "seed", 1)
        run(base / "seed", base / "seed_out")
        peaks = []
        for count in (100, blots):
            folder, out = base / f"blots{count}", base / f"out{count}"
            folder.mkdir()
            out.mkdir()
            shutil.copy(base / "seed_out" / "batch.json", out)
            for k in range(count):
                for suffix in (".tif", ".layout.csv"):
                    os.link(base / "seed" / f"blot_00000{suffix}", folder / f"blot_{k:05d}{suffix}")
                shutil.copytree(
                    base / "seed_out" / "blot_00000.ublot", out / f"blot_{k:05d}.ublot", copy_function=os.link
                )
            words = [sys.executable, "-c", MEASURE, str(folder), str(out)]
            found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
            print(f"{count} blots: {found}")
            peaks.append(found["peak_mb"])
        ratio = peaks[1] / peaks[0]
        print(f"peak memory of the parent: {ratio:.3f} x")
        return [] if ratio <= MEMORY_LIMIT else [f"memory grows to {ratio:.2f} x"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "memory", "kills", "faults"))
    parser.add_argument("--blots", type=int)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--faulty", type=int)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def promises(given: argparse.Namespace) -> Iterator[str]:
    if given.what == "speed":
        yield from speed(given.blots or 500, given.side, given.workers)
    elif given.what == "memory":
        yield from memory(given.blots or 5000)
    elif given.what == "kills":
        yield from kills(given.blots or 200, given.kills, given.seed)
    else:
        blots = given.blots or 10_000
        yield from faults(blots, given.faulty or max(10, blots // 50), given.workers)


def main() -> int:
    broken = list(promises(arguments()))
    for line in broken[:20]:
        print(f"BROKEN: {line}")
    print("all promises kept" if not broken else f"{len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
