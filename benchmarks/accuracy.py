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


def compare(
    lanes: pd.DataFrame, species: pd.DataFrame, truth: dict[str, Any], with_layout: bool = True
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Errors of every lane that has a truth, and how many lanes were found, missed and made up."""
    x = lanes["x_px"].to_numpy(float)
    true_x = np.array([lane["x_px"] for lane in truth["lanes"]])
    near = np.abs(x[:, None] - true_x[None]) < 0.25 * truth["pitch_px"]
    # Nobody can see a blank lane at either end without being told that it is there.
    must = np.array([with_layout or lane["role"] != "blank" for lane in truth["lanes"]])
    found = {
        "hit": int(near.any(axis=0)[must].sum()),
        "of": int(must.sum()),
        "false": int((~near.any(axis=1)).sum() + np.maximum(near.sum(axis=0) - 1, 0).sum()),
    }
    if not with_layout:
        return [], found
    mine = [lanes.iloc[int(near[:, i].argmax())] if near[:, i].any() else None for i in range(len(true_x))]
    pairs = list(zip(truth["lanes"], mine, strict=True))
    seen = [r["hmw_area"] for t, r in pairs if t["role"] == "vehicle" and r is not None]
    vehicle = float(np.mean(seen)) if seen else np.nan
    rows = []
    for true, row in pairs:
        if true["role"] == "blank" and row is not None:
            rows.append({"role": "blank", "blank": abs(row["hmw_area"]) / vehicle})
        if "hmw_fraction" in true:
            rows.append(_errors(true, row if row is not None else pd.Series(dtype=float), species))
    return rows, found


def _errors(true: dict[str, Any], row: pd.Series[Any], species: pd.DataFrame) -> dict[str, Any]:
    def got(name: str) -> float:
        value = row.get(name)
        return float("nan") if value is None or pd.isna(value) else float(value)

    flags = row.get("flags")
    flags = set(flags.split(";")) if isinstance(flags, str) and flags else set()
    relative = got("relative_hmw") / true["relative_hmw"]
    out = {
        "role": true["role"],
        "scored": np.isfinite(relative),
        "fraction": got("hmw_fraction") - true["hmw_fraction"],
        "relative": relative - 1,
        "log2": np.log2(relative) if relative > 0 else np.nan,
        "relative_area": got("relative_hmw_area") / true["relative_hmw_area"] - 1,
        "ubiquitins": got("mean_ubiquitins") - true["mean_ubiquitins"],
        "half_mass": got("half_mass_kda") / true["half_mass_kda"] - 1,
        "ladder": got("ladder_fraction") - true["resolved_share"],
        "flagged": bool(flags),
        "width": got("hmw_fraction_high") - got("hmw_fraction_low"),
        "saturated_missed": true["saturated_px"] >= 10 and "saturated" not in flags,
        "saturated_false": true["saturated_px"] == 0 and "saturated" in flags,
    }
    for name, column, value in (
        ("cover_fraction", "hmw_fraction", true["hmw_fraction"]),
        ("cover_relative", "relative_hmw", true["relative_population"]),
        ("cover_measured", "relative_hmw_measured", true["relative_hmw"]),
        ("cover_ubiquitins", "mean_ubiquitins", true["mean_ubiquitins"]),
    ):
        low, high = got(f"{column}_low"), got(f"{column}_high")
        out[name] = float(low <= value <= high) if np.isfinite(low) and np.isfinite(high) else np.nan
    if len(species) and "lane" in row:
        shares = species.loc[species["lane"] == row["lane"]].groupby("n")["share"].sum().reindex(range(4))
        out["share"] = float(np.abs(shares.to_numpy(float) - true["shares"]).max())
    return out


def _median(values: pd.Series[Any]) -> float:
    return float(values.abs().median())


def _p95(values: pd.Series[Any]) -> float:
    return float(values.abs().quantile(0.95))


#: Column of the table: column of the lanes, and how they become one number.
NUMBERS: dict[str, tuple[str, Any]] = {
    "fraction_median": ("fraction", _median),
    "fraction_p95": ("fraction", _p95),
    "relative_median": ("relative", _median),
    "relative_p95": ("relative", _p95),
    "log2_mean": ("log2", lambda v: float(v.abs().mean())),
    "area_median": ("relative_area", _median),
    "ubiquitins_median": ("ubiquitins", _median),
    "ubiquitins_p95": ("ubiquitins", _p95),
    "share_p95": ("share", _p95),
    "ladder_median": ("ladder", _median),
    "half_mass_median": ("half_mass", _median),
    "blank_max": ("blank", "max"),
    "cover_fraction": ("cover_fraction", "mean"),
    "cover_relative": ("cover_relative", "mean"),
    "cover_measured": ("cover_measured", "mean"),
    "cover_ubiquitins": ("cover_ubiquitins", "mean"),
    "width_median": ("width", "median"),
    "flagged": ("flagged", "mean"),
    "saturated_missed": ("saturated_missed", "sum"),
    "saturated_false": ("saturated_false", "sum"),
}


def tabulate(results: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per set: lanes found, lanes scored and every number of `NUMBERS`."""
    names = list(dict.fromkeys(r["set"] for r in results))
    table = [summarise([r for r in results if r["set"] == name]) for name in names]
    return pd.DataFrame(table, index=pd.Index(names, name="set"))


def summarise(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The same numbers over all of `results` together."""
    found = [r["found"] for r in results if r["found"]]
    hit, of = sum(f["hit"] for f in found), sum(f["of"] for f in found)
    out: dict[str, Any] = {
        "blots": len(results),
        "failed": sum("failure" in r for r in results),
        "lanes_found": hit / of if of else np.nan,
        "lanes_false": sum(f["false"] for f in found),
    }
    rows = pd.DataFrame([row for r in results for row in r["rows"]])
    if "scored" not in rows:
        return out
    out["scored"] = float(rows["scored"].dropna().astype(float).mean())
    for name, (column, reduce) in NUMBERS.items():
        if column in rows:
            values = rows[column].dropna().astype(float)
            out[name] = (
                float(values.agg(reduce))
                if isinstance(reduce, str) and len(values)
                else (reduce(values) if len(values) else np.nan)
            )
    return out


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
