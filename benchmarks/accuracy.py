#!/usr/bin/env python3
"""How far an analysis is from the truth of simulated blots, set by set and source by source.

python benchmarks/accuracy.py [--per-set 3] [--sets standard,family] [--background gutter] [--workers 2] [--out FILE]
python benchmarks/accuracy.py --sources family,independent,optical     any of own, family, independent, optical
python benchmarks/accuracy.py --short     one blot of every set; exit status 1 where a limit is broken

Sources: the named sets of ublot's own simulation (own), blots each with a law of its own (family: lateral shape, halo,
bands, smear and membrane drawn at random), and, where they lie beside the project, the models that ublot was not built
with (independent, optical). The last table has a column for each. Lanes are compared by position. A lane without a
score counts as not scored; it is never left out in silence.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pandas as pd
from lane_errors import compare, summarise
from records import write_record

import ublot
from ublot.simulation import DIFFICULTIES, STRESSES, draw_family, save_blot, simulate_blot

SHARED = Path(__file__).parents[1] / "../shared"

#: Models of light and gel by others, where they lie beside the project: a module that draws blots of named sets.
OTHERS = {"independent": SHARED / "independent_blots/make.py", "optical": SHARED / "optical_blots/make.py"}
SOURCES = ("own", "family", *OTHERS)

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
    # Intervals too narrow, or wide for nothing: half or twice of what goes on from one stretch of a lane's background
    # to the next (`ublot.profiles.drift`) breaks one or the other.
    "cover_measured": (0.94, ">="),
    "width_median": (0.0085, "<="),
}

#: Sets whose scores are not judged, and why.
UNJUDGED = {
    "touching": "there is no gutter left: must be flagged",
    "saturated": "what the detector did not see cannot be measured: must be flagged",
    "jpeg": "lossy: must be flagged",
    "shoulder": "a film's own compression cannot be seen in one picture",
    "antibody": "no unmodified band, so no fraction",
    "merged": "lanes overlap: scored with an interval that holds, or refused",
}

#: Blots of the family for every one of another set.
FAMILY = 8

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
    source: str = "own"

    @property
    def key(self) -> dict[str, Any]:
        """What its results are named by."""
        return {"source": self.source, "set": self.name, "seed": self.seed}


@cache
def other_model(source: str) -> ModuleType:
    """The module that draws the blots of a source that is not ublot's own."""
    spec = importlib.util.spec_from_file_location(f"{source}_blots", OTHERS[source])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # They import one another by name, as scripts do.
    sys.path.insert(0, str(OTHERS["independent"].parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


def names_of(source: str) -> list[str]:
    """Sets of a source."""
    if source == "own":
        return [*STRESSES, *DIFFICULTIES]
    return ["family"] if source == "family" else list(other_model(source).SETS)


def draw(case: Case, folder: Path) -> tuple[Path, Path, dict[str, Any]]:
    """One blot as a file, its layout, and the truth about it."""
    stem = f"{case.name}_{case.seed}"
    if case.source in OTHERS:
        levels, rows, truth = other_model(case.source).blot(case.seed, **other_model(case.source).SETS[case.name])
        lossy = case.name == "jpeg"
        image = folder / f"{stem}{'.jpg' if lossy else '.png' if levels.dtype == np.uint8 else '.tif'}"
        cv2.imwrite(str(image), levels, [cv2.IMWRITE_JPEG_QUALITY, 75] if lossy else [])
        layout = image.with_name(f"{stem}.layout.csv")
        lines = [",".join(map(str, row)) for row in rows]
        layout.write_text("\n".join(["lane,role,compound,concentration_nM,replicate", *lines]), "utf-8")
        kind = {"antibody": "modifier" if case.name == "antibody" else "target"}
        return image, layout, truth | kind | {"assay": "cells" if case.name == "degraded" else "in-vitro"}
    knobs = draw_family(case.seed) if case.source == "family" else dict(STRESSES.get(case.name, {}))
    difficulty: Any = case.name if case.name in DIFFICULTIES else "ordinary"
    blot = simulate_blot(seed=case.seed, difficulty=difficulty, **knobs)
    image = save_blot(blot, folder, stem, case.name)
    return image, image.with_name(f"{stem}.layout.csv"), blot.truth


def analyse(case: Case) -> dict[str, Any]:
    """Simulate one blot, analyse it from its file, compare every lane with the truth."""
    with tempfile.TemporaryDirectory() as scratch:
        image, layout, truth = draw(case, case.keep or Path(scratch))
        options: dict[str, Any] = {"marker": truth["marker_kda"], "allow_unfit": True}
        options |= {"antibody": truth["antibody"], "assay": truth["assay"]}
        if case.background:
            options["background"] = case.background
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
            return {**case.key, "failure": failure, "rows": [], "found": None}
        seconds = time.perf_counter() - start
    rows, found = compare(lanes, species, truth, case.layout)
    for row in rows:
        row |= case.key
    return {**case.key, "rows": rows, "found": found, "seconds": seconds}


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


def by_source(results: list[dict[str, Any]]) -> pd.DataFrame:
    """The pooled numbers of the sets that are judged, a column for every source."""
    sources = list(dict.fromkeys(r["source"] for r in results))
    return pd.DataFrame({name: summarise([r for r in judged(results) if r["source"] == name]) for name in sources})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-set", type=int, default=3, help="blots of each set")
    parser.add_argument("--sources", default="own,family", help=f"of {', '.join(SOURCES)}, joined by commas")
    parser.add_argument("--sets", help="names, joined by commas; default: all of every source")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--background", help="method; default: that of ublot")
    parser.add_argument("--no-layout", action="store_true", help="nothing is said about the lanes")
    parser.add_argument("--short", action="store_true", help="one blot of each set, checked against the limits")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the blots there, with layout and truth")
    parser.add_argument("--out", type=Path, help="CSV of every lane's errors")
    parser.add_argument("--record", type=Path, help="JSON of the tables, with date, version and machine")
    options = parser.parse_args()
    sources = options.sources.split(",")
    if strange := [name for name in sources if name not in SOURCES]:
        parser.error(f"unknown source {', '.join(strange)}; known: {', '.join(SOURCES)}")
    if absent := [name for name in sources if name in OTHERS and not OTHERS[name].is_file()]:
        parser.error(f"{', '.join(absent)} blots are not beside the project")
    known = {source: names_of(source) for source in sources}
    wanted = options.sets.split(",") if options.sets else [n for names in known.values() for n in names]
    if unknown := [name for name in wanted if not any(name in names for names in known.values())]:
        parser.error(f"unknown set {', '.join(unknown)}; known: {', '.join(n for k in known.values() for n in k)}")
    # Seeds do not depend on which sets are asked for, so that a set alone gives the numbers it gives among all.
    # The family is many sets in one: every blot of it is of a kind of its own.
    cases = [
        Case(name, options.seed + 100 * names.index(name) + k, options.background, not options.no_layout,
             options.keep, source)
        for source, names in known.items()
        for name in names
        if name in wanted and not (options.sets is None and name == "ordinary")
        for k in range((1 if options.short else options.per_set) * (FAMILY if source == "family" else 1))
    ]  # fmt: skip
    start = time.perf_counter()
    results = run(cases, options.workers)
    show(f"background: {options.background or 'default'}", results)
    if len(sources) > 1:
        print("\nby source:")
        print(by_source(results).to_string(float_format=lambda v: f"{v:.4g}"))
    if options.out:
        pd.DataFrame([row for r in results for row in r["rows"]]).to_csv(options.out, index=False)
    if options.record:
        by_set = {source: tabulate([r for r in results if r["source"] == source]).to_dict("index") for source in known}
        sources_table = by_source(results).to_dict()
        write_record(options.record, {"seed": options.seed, "sources": sources_table, "sets": by_set})
    if options.short and not options.background and not options.no_layout:
        beside = [replace(case, background="rolling-ball") for case in cases if case.name in BESIDE]
        if beside:
            show("for comparison, background: rolling-ball", run(beside, options.workers))
    print(f"\n{len(cases)} blots in {time.perf_counter() - start:.0f} s")
    if not options.short:
        return 0
    # What is promised is promised of the named sets; the family shows how far that carries.
    broken = broken_limits(summarise([r for r in judged(results) if r["source"] == "own"]))
    print("\n".join(f"limit broken: {line}" for line in broken) or "every limit is kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
