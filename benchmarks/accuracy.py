#!/usr/bin/env python3
"""How far an analysis is from the truth of simulated blots, set by set.

python benchmarks/accuracy.py [--per-set 3] [--sets standard,wide] [--background gutter] [--workers 2] [--out lanes.csv]
python benchmarks/accuracy.py --short     one blot of every set; exit status 1 where a limit is broken

Lanes are compared by position. A lane without a score counts as not scored; it is never left out in silence.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lane_errors import compare, summarise

import ublot
from ublot.simulation import DIFFICULTIES, STRESSES, save_blot, simulate_blot

#: What the project promises of itself, over all sets that are judged: name of the number, limit, which side is good.
LIMITS: dict[str, tuple[float, str]] = {
    "lanes_found": (1.0, ">="),
    "lanes_false": (0, "<="),
    "failed": (0, "<="),
    "scored": (1.0, ">="),
    "fraction_median": (0.01, "<="),
    "fraction_p95": (0.05, "<="),
    "relative_median": (0.05, "<="),
    "relative_p95": (0.20, "<="),
}

#: Sets whose scores are not judged, and why.
UNJUDGED = {
    "touching": "there is no gutter left: must be flagged",
    "saturated": "what the detector did not see cannot be measured: must be flagged",
    "jpeg": "lossy: must be flagged",
    "shoulder": "a film's own compression cannot be seen in one picture",
    "antibody": "no unmodified band, so no fraction",
}

#: For comparison only: the sets on which a classical background is run beside in the short form.
BESIDE = ("standard", "wide", "haze", "membrane")


@dataclass(frozen=True)
class Case:
    """One blot to simulate and analyse."""

    name: str
    seed: int
    background: str | None
    layout: bool
    keep: Path | None = None


def analyse(case: Case) -> dict[str, Any]:
    """Simulate one blot, analyse it from its file, compare every lane with the truth."""
    knobs = dict(STRESSES.get(case.name, {}))
    difficulty: Any = case.name if case.name in DIFFICULTIES else "ordinary"
    blot = simulate_blot(seed=case.seed, difficulty=difficulty, **knobs)
    options: dict[str, Any] = {"marker": blot.truth["marker_kda"], "allow_unfit": True}
    options |= {"antibody": blot.truth["antibody"], "assay": blot.truth["assay"]}
    if case.background:
        options["background"] = case.background
    with tempfile.TemporaryDirectory() as scratch:
        stem = f"{case.name}_{case.seed}"
        image = save_blot(blot, case.keep or scratch, stem, case.name)
        layout = image.with_name(f"{stem}.layout.csv")
        if case.layout:
            options["layout"] = layout
        else:  # a layout beside the image would be found
            image = Path(shutil.copy(image, Path(tempfile.mkdtemp(dir=scratch)) / image.name))
        start = time.perf_counter()
        try:
            analysis = ublot.analyze(image, **options)
            lanes, species = analysis.lanes, analysis.species
        except Exception as error:  # noqa: BLE001 - one blot that fails is a result, and must not hide the others
            failure = f"{type(error).__name__}: {error}"
            return {"set": case.name, "seed": case.seed, "failure": failure, "rows": [], "found": None}
        seconds = time.perf_counter() - start
    rows, found = compare(lanes, species, blot.truth, case.layout)
    for row in rows:
        row |= {"set": case.name, "seed": case.seed}
    return {"set": case.name, "seed": case.seed, "rows": rows, "found": found, "seconds": seconds}


def tabulate(results: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per set: lanes found, lanes scored and every number of `NUMBERS`."""
    names = list(dict.fromkeys(r["set"] for r in results))
    table = [summarise([r for r in results if r["set"] == name]) for name in names]
    return pd.DataFrame(table, index=pd.Index(names, name="set"))


def broken_limits(pooled: dict[str, Any]) -> list[str]:
    """A line for every limit that `pooled` does not keep; a number that is missing keeps none."""
    lines = []
    for name, (limit, sign) in LIMITS.items():
        value = pooled.get(name, np.nan)
        kept = value >= limit if sign == ">=" else value <= limit
        if not kept:
            lines.append(f"{name} is {value:.4g}, must be {sign} {limit:g}")
    return lines


def judged(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [r for r in results if r["set"] not in UNJUDGED]


def run(cases: list[Case], workers: int) -> list[dict[str, Any]]:
    if workers <= 1:
        return [analyse(case) for case in cases]
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # one process per core is faster than threads within one
    # Spawned, so that the workers load their linear algebra under that setting.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(analyse, cases))


def show(title: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Print the table of the sets and the pooled numbers; give the latter back."""
    print(f"\n{title}")
    print(tabulate(results).to_string(float_format=lambda v: f"{v:.3f}"))
    for r in results:
        if "failure" in r:
            print(f"failed: {r['set']} seed {r['seed']}: {r['failure']}")
    pooled = summarise(judged(results))
    print(f"pooled, without {', '.join(UNJUDGED)}:")
    print("  " + "  ".join(f"{k} {v:.4g}" for k, v in pooled.items()))
    return pooled


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-set", type=int, default=3, help="blots of each set")
    parser.add_argument("--sets", default=",".join([*STRESSES, "easy", "hard"]), help="names, joined by commas")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--background", help="method; default: that of ublot")
    parser.add_argument("--no-layout", action="store_true", help="nothing is said about the lanes")
    parser.add_argument("--short", action="store_true", help="one blot of each set, checked against the limits")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the blots there, with layout and truth")
    parser.add_argument("--out", type=Path, help="CSV of every lane's errors")
    options = parser.parse_args()
    names = options.sets.split(",")
    known = [*STRESSES, *DIFFICULTIES]
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown set {', '.join(unknown)}; known: {', '.join(known)}")
    # Seeds do not depend on which sets are asked for, so that a set alone gives the numbers it gives among all.
    per_set = 1 if options.short else options.per_set
    keys = [(name, options.seed + 100 * known.index(name) + k) for name in names for k in range(per_set)]
    cases = [Case(name, seed, options.background, not options.no_layout, options.keep) for name, seed in keys]
    start = time.perf_counter()
    results = run(cases, options.workers)
    pooled = show(f"background: {options.background or 'default'}", results)
    if options.out:
        pd.DataFrame([row for r in results for row in r["rows"]]).to_csv(options.out, index=False)
    if options.short and not options.background and not options.no_layout:
        beside = [Case(name, seed, "rolling-ball", True) for name, seed in keys if name in BESIDE]
        if beside:
            show("for comparison, background: rolling-ball", run(beside, options.workers))
    print(f"\n{len(cases)} blots in {time.perf_counter() - start:.0f} s")
    if not options.short:
        return 0
    broken = broken_limits(pooled)
    print("\n".join(f"limit broken: {line}" for line in broken) or "every limit is kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
