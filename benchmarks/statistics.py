"""Coverage of the EC50 interval and type-I error of the tests, on simulated experiments with known truth.

Run by hand: ``python benchmarks/statistics.py [--short]``. Prints one line for each figure and fails when one of them
leaves its band.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy import special

from ublot.dose_response.binding import bound_fraction
from ublot.dose_response.ec50 import estimate_ec50
from ublot.dose_response.logistic import Curves, fit_curves, profile_interval
from ublot.dose_response.plate_fit import fit_table
from ublot.dose_response.replicates import over_blocks
from ublot.dose_response.significance import dose_effect_p
from ublot.statistics.across_blots import compare_across_blots
from ublot.statistics.dunnett import compare_with_controls
from ublot.statistics.reactions import Reaction
from ublot.statistics.summary import summary_columns
from ublot.statistics.time_course import fit_time_course

DOSES = np.array([1.0, 5.0, 25.0, 120.0, 600.0, 3000.0])
VEHICLES = 3


def experiment(rng: np.random.Generator, blots: int = 1, ec50: float = 25.0, top: float = 5.0) -> Curves:
    """Relative scores of `blots` replicate blots: multiplicative errors, and a factor of each blot."""
    hill = rng.uniform(0.8, 1.6)
    dose = np.concatenate([np.zeros(VEHICLES), DOSES])
    with np.errstate(divide="ignore"):
        curve = 1 + (top - 1) / (1 + (ec50 / dose) ** hill)
    x, y, block = [], [], []
    for j in range(blots):
        signal = curve * np.exp(rng.normal(0, 0.10, len(dose)) + rng.normal(0, 0.3))
        x.append(dose)
        y.append(signal / signal[:VEHICLES].mean())
        block.append(np.full(len(dose), j))
    return Curves.of(np.concatenate(x), np.concatenate(y), np.concatenate(block), 0, "log")


def coverage(runs: int, blots: int, seed: int) -> tuple[float, float]:
    """Share of reported intervals that hold the true EC50, and share of experiments that report one."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(runs):
        ec50 = math.exp(rng.uniform(math.log(12), math.log(120)))
        estimate = estimate_ec50(experiment(rng, blots, ec50))
        if estimate.status == "ok":
            found.append(estimate.low <= ec50 <= estimate.high)
    return float(np.mean(found)), len(found) / runs


def bare_coverage(runs: int, seed: int) -> float:
    """The same of the interval alone, whether it would be reported or not: open sides hold everything."""
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(runs):
        curves = experiment(rng, 1, 40.0)
        low, high = profile_interval(curves, fit_curves(curves))
        held += low <= 40.0 <= high
    return held / runs


def null_differences(
    rng: np.random.Generator, blots: int, conditions: int, scatter: float, vehicle_scatter: float
) -> np.ndarray:
    """Differences from the vehicle of the same blot, without any effect on average, shape (blots, conditions).

    Three vehicle lanes a blot and one of each condition (three where there are but two blots), 15 % scatter of lanes,
    and `scatter` of what a condition does from blot to blot.
    """
    lanes = 3 if blots == 2 else 1
    vehicle = rng.normal(0, 0.15, (blots, 3)).mean(axis=1) + rng.normal(0, vehicle_scatter, blots)
    sample = rng.normal(0, 0.15, (blots, conditions, lanes)).mean(axis=2) + rng.normal(0, scatter, (blots, conditions))
    return sample - vehicle[:, None]


def blot_errors(
    runs: int, seed: int, blots: int, conditions: int, scatter: float, vehicle_scatter: float, missing: float = 0.0
) -> float:
    """Share of null experiments on several blots in which any condition differs from the vehicle."""
    rng = np.random.default_rng(seed)
    return (
        sum(
            _any_differs(null_differences(rng, blots, conditions, scatter, vehicle_scatter), rng, missing)
            for _ in range(runs)
        )
        / runs
    )


def _any_differs(table: np.ndarray, rng: np.random.Generator, missing: float) -> bool:
    """Whether any adjusted p is below 0.05; worked out only where the bounds of an adjusted p leave it open."""
    blots, conditions = table.shape
    there = rng.random(table.shape) >= missing
    if there.all():
        t = np.abs(table.mean(axis=0)) / table.std(axis=0, ddof=1) * math.sqrt(blots)
        least = float(2 * special.stdtr(blots - 1, -t.max()))
        # Never below Student's own p, nor above Bonferroni's.
        if least >= 0.05 or conditions * least < 0.05:
            return least < 0.05
    found = compare_across_blots({k: {j: table[j, k] for j in range(blots) if there[j, k]} for k in range(conditions)})
    return any(c.p < 0.05 for c in found.values())


def summary_errors(runs: int, seed: int, blots: int, conditions: int, times: int, scatter: float) -> float:
    """The same through ``summary.csv``, blots with factors of their own, over several times."""
    rng = np.random.default_rng(seed)
    false = 0
    for _ in range(runs):
        reactions = []
        for j in range(blots):
            for minutes in (10.0, 20.0, 40.0, 60.0)[:times]:
                factor = rng.normal(0, 0.5)
                for k in range(conditions + 1):
                    own = factor + rng.normal(0, scatter)
                    for _ in range(3):
                        value = math.exp(own + rng.normal(0, 0.15))
                        role, dose = ("sample", float(k)) if k else ("vehicle", math.nan)
                        name = "c" if k else "DMSO"
                        reactions.append(Reaction(f"{j}", role, "", name, dose, minutes, {"relative_hmw": value}))
        false += np.nanmin(summary_columns(reactions)["p_vehicle"]) < 0.05
    return false / runs


def one_blot_errors(runs: int, seed: int, conditions: int, reactions: int) -> float:
    """Share of null experiments on one blot in which any condition differs from the vehicle."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(conditions + 1), reactions).tolist()
    against = dict.fromkeys(range(1, conditions + 1), 0)
    found = (compare_with_controls(rng.normal(0, 0.2, len(labels)), labels, against) for _ in range(runs))
    return sum(any(c.p < 0.05 for c in each.values()) for each in found) / runs


PLATE_DOSES = np.array([1.0, 3, 10, 30, 100, 300, 1000, 3000, 10000])


def wells(rng: np.random.Generator, ec50: float, repeats: int = 3, sd: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Doses and percent of the vehicle of one plate: six vehicle wells, each dose `repeats` times."""
    dose = np.concatenate([np.zeros(6), np.repeat(PLATE_DOSES, repeats)])
    hill, bottom = rng.uniform(0.8, 1.5), rng.uniform(3, 15)
    with np.errstate(divide="ignore"):
        signal = 100 + (bottom - 100) / (1 + (ec50 / dose) ** hill) + rng.normal(0, sd, len(dose))
    return dose, 100 * signal / signal[:6].mean()


def plate_coverage(runs: int, seed: int, plates: int, scatter: float, *, whole: bool = True) -> float:
    """Share of EC50 intervals over plates that hold the compound's own, plates differing by `scatter` of log10.

    Not `whole`: of the mean over plates alone, without the rules by which an EC50 may be reported.
    """
    rng = np.random.default_rng(seed)
    held = []
    for _ in range(runs):
        ec50 = 10 ** rng.uniform(1.5, 2.5)
        each = [wells(rng, ec50 * 10 ** rng.normal(0, scatter), repeats=1) for _ in range(plates)]
        block = np.repeat(np.arange(plates), len(each[0][0]))
        x, y = (np.concatenate(part) for part in zip(*each, strict=True))
        curves = Curves.of(x, y, block, 0, "arithmetic")
        if whole:
            found = estimate_ec50(curves, unit="plate")
            if found.status == "ok":
                held.append(found.low <= ec50 <= found.high)
        else:
            (_, (low, high)), own, _ = over_blocks(curves, math.nan, (0.0, math.inf), "plate")
            if own:
                held.append(low <= ec50 <= high)
    return float(np.mean(held))


def _light(share: np.ndarray, mixed: str) -> np.ndarray:
    """Polarisation in mP of probe that is bound in part, equally bright by the measure that `mixed` is weighed by."""
    if mixed == "polarisation":
        return 60 + 150 * share
    free, bound = (2 * p / (3 - p) for p in (0.06, 0.21))
    r = free + (bound - free) * share
    return 3000 * r / (2 + r)


def binding(runs: int, seed: int, constant: float, protein: float | None, mixed: str) -> tuple[float, float, float]:
    """Of K_d (no `protein`) or K_i: coverage where it is reported, its median bias, share of limits that are right."""
    rng = np.random.default_rng(seed)
    steps = 1000 / 2.0 ** np.arange(12) if protein is None else 10000 / 3.0 ** np.arange(12)
    x = np.concatenate([np.zeros(6), np.repeat(steps, 3)])
    amounts: dict[str, float] = {"probe_nM": 2.0}
    if protein is None:
        share, name = bound_fraction(x, 2.0, constant), "kd"
    else:
        share, name = bound_fraction(protein, 2.0, 5.0, x, constant), "ki"
        amounts |= {"protein_nM": protein, "probe_kd_nM": 5.0}
    held, values, limits = [], [], []
    for _ in range(runs):
        table = {"compound": ["DMSO" if d == 0 else "x" for d in x], "concentration_nM": list(x)}
        table["mP"] = list(_light(share, mixed) + rng.normal(0, 1.5, len(x)))
        row = fit_table(table, response="mP", **amounts).series[0].row
        if math.isfinite(row[f"{name}_nM"]):
            values.append(row[f"{name}_nM"])
            held.append(row[f"{name}_low"] <= constant <= row[f"{name}_high"])
        else:
            limits.append(not row[f"{name}_below_nM"] < constant and not row[f"{name}_above_nM"] > constant)
    share_right = float(np.mean(limits)) if limits else 1.0
    if not values:
        return math.nan, math.nan, share_right
    return float(np.mean(held)), abs(float(np.median(values)) / constant - 1), share_right


def hooked(runs: int, seed: int) -> tuple[float, float, float]:
    """Of hook data: share that a sigmoid is taken for, coverage of the ascending EC50, share with an EC50."""
    rng = np.random.default_rng(seed)
    wrong, held = 0, []
    for _ in range(runs):
        ec50, hook = 10 ** rng.uniform(0.9, 1.9), 10 ** rng.uniform(2.9, 4.0)
        dose = np.concatenate([np.zeros(6), np.repeat(PLATE_DOSES, 3)])
        with np.errstate(divide="ignore"):
            bell = 1 / (1 + ec50 / dose) / (1 + dose / hook)
        y = 100 * (1 - rng.uniform(0.5, 0.95) * bell) + rng.normal(0, 3, len(dose))
        found = estimate_ec50(Curves.of(dose, y, 0, 0, "arithmetic"))
        wrong += found.status == "ok" and found.model != "bell"
        if found.status == "ok":
            held.append(found.low <= ec50 <= found.high)
    return wrong / runs, float(np.mean(held)), len(held) / runs


def spoiled(runs: int, seed: int) -> tuple[float, float, float]:
    """With 5 % of the wells 3-10 times too high: spoiled wells named, clean ones named, EC50 within 10 % of clean."""
    rng = np.random.default_rng(seed)
    bad_named = bad_all = clean_named = clean_all = 0
    near = []
    for _ in range(runs):
        dose, y = wells(rng, 10 ** rng.uniform(1.3, 2.7))
        bad = rng.random(len(y)) < 0.05
        clean = estimate_ec50(Curves.of(dose, y, 0, 0, "arithmetic")).robust[0]
        y = np.where(bad, y * rng.uniform(3, 10, len(y)), y)
        found = estimate_ec50(Curves.of(dose, y, 0, 0, "arithmetic"))
        off = np.isin(np.arange(len(y)), found.outliers)
        bad_named, bad_all = bad_named + int((off & bad).sum()), bad_all + int(bad.sum())
        clean_named, clean_all = clean_named + int((off & ~bad).sum()), clean_all + int((~bad).sum())
        if math.isfinite(clean):
            near.append(abs(found.robust[0] / clean - 1) < 0.1)
    return bad_named / bad_all, clean_named / clean_all, float(np.mean(near))


def effect_errors(runs: int, seed: int) -> float:
    """Share of flat dose series that seem to have an effect."""
    rng = np.random.default_rng(seed)
    return float(np.mean([dose_effect_p(experiment(rng, 1, 25.0, top=1.0)) < 0.05 for _ in range(runs)]))


def rate_coverage(runs: int, seed: int) -> float:
    """Share of intervals of a rate constant that hold it."""
    rng = np.random.default_rng(seed)
    t = np.repeat([0.0, 5, 10, 20, 40, 60], 2)
    held = []
    for _ in range(runs):
        y = 0.05 + 0.5 * (1 - np.exp(-0.06 * t)) + rng.normal(0, 0.02, len(t))
        course = fit_time_course(t, y)
        if course.model == "exponential":
            held.append(course.constant[1] <= 0.06 <= course.constant[2])
    return float(np.mean(held))


def main() -> int:
    """Run all; 1 when a figure leaves its band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the experiments, wider bands")
    short = parser.parse_args().short
    n, m = (100, 400) if short else (1000, 4000)
    wide = 0.025 if short else 0.0
    failed = False

    def say(name: str, measure: Callable[[], float], low: float, high: float) -> None:
        nonlocal failed
        begin = time.perf_counter()
        value = measure()
        good = low - wide <= value <= high + wide
        failed |= not good
        took = time.perf_counter() - begin
        verdict, band = "ok  " if good else "FAIL", f"{100 * low:g}-{100 * high:g}"
        print(f"{verdict} {name}: {100 * value:.2f} % ({band}), {took:.0f} s", flush=True)

    reported: list[float] = []

    def kept(blots: int, seed: int) -> float:
        share, said = coverage(n, blots, seed)
        reported.append(said)
        return share

    say(f"coverage of reported EC50 intervals, one blot, {n} experiments", lambda: kept(1, 1), 0.93, 0.97)
    print(f"     reported in {100 * reported[-1]:.1f} % of the experiments")
    say(f"coverage of reported EC50 intervals, three blots, {n} experiments", lambda: kept(3, 2), 0.93, 0.97)
    print(f"     reported in {100 * reported[-1]:.1f} % of the experiments")
    say(f"coverage of all EC50 intervals, {n} experiments", lambda: bare_coverage(n, 3), 0.93, 0.97)
    say(f"coverage of rate constants, {n} experiments", lambda: rate_coverage(n, 4), 0.93, 0.97)
    say(f"type-I error, 4 conditions, 3 reactions on one blot, {m}", lambda: one_blot_errors(m, 6, 4, 3), 0.04, 0.06)
    designs = [(b, c, s, v) for b in (2, 3, 4, 6) for c in range(1, 9) for s in (0.0, 0.1, 0.2) for v in (0.0, s)]
    for k, (blots, conditions, scatter, own) in enumerate(dict.fromkeys(designs)):
        if short and (blots, conditions, scatter) not in {(2, 8, 0.2), (3, 1, 0.1), (3, 5, 0.2), (6, 3, 0.1)}:
            continue
        name = (
            f"type-I error, {conditions} conditions on {blots} blots, scatter {scatter:g}, the vehicle's {own:g}, {m}"
        )
        design = blots, conditions, scatter, own
        say(name, lambda k=k, design=design: blot_errors(m, 100 + k, *design), 0.04, 0.06)  # type: ignore[misc]
    say(f"type-I error, 6 conditions on 5 blots, incomplete, {m}",
        lambda: blot_errors(m, 7, 5, 6, 0.1, 0.1, missing=0.25), 0.035, 0.065)  # fmt: skip
    say(f"type-I error, 2 conditions at 3 times on 3 blots, {m // 8}",
        lambda: summary_errors(m // 8, 9, 3, 2, 3, 0.15), 0.03, 0.07)  # fmt: skip
    for plates in range(1, 7):
        for scatter in (0.0, 0.05, 0.1, 0.15) if plates > 1 else (0.0,):
            if short and (plates, scatter) not in {(1, 0.0), (3, 0.1)}:
                continue
            whole = (plates, scatter) in {(1, 0.0), (3, 0.1)}
            say(f"coverage of EC50 over {plates} plates, scatter {scatter:g}, {n}",
                lambda p=plates, s=scatter, w=whole: plate_coverage(n, 40 + p, p, s, whole=w),  # type: ignore[misc]
                0.93, 0.97)  # fmt: skip
    if short:  # what follows takes minutes; the tests hold a small form of it
        return int(failed)
    # Intervals hold both ways in which the probe may be equally bright, so that they hold more than 95 % of either.
    cells = [(5.0, None), (50.0, None), *((k, p) for p in (10.0, 30.0) for k in (0.3, 1.9, 10.0, 30.0, 300.0))]
    for constant, protein in cells:
        for mixed in ("polarisation", "anisotropy"):
            what = f"K_d {constant:g}" if protein is None else f"K_i {constant:g} nM at {protein:g} nM protein"
            found = binding(n // 4, 70, constant, protein, mixed)
            say(f"coverage of {what}, equal by {mixed}, {n // 4}", lambda f=found: f[0], 0.93, 1.0)  # type: ignore[misc]
            most = 0.04 if protein is None else 0.03
            say(f"median bias of {what}, equal by {mixed}", lambda f=found: f[1], 0.0, most)  # type: ignore[misc]
    say(
        "limits of a K_i of 0.01 nM that hold it", lambda: binding(n // 4, 71, 0.01, 10.0, "polarisation")[2], 0.93, 1.0
    )
    shares: list[tuple[float, float, float]] = [hooked(n, 50), spoiled(n, 51)]
    say("hook data that a sigmoid is taken for", lambda: shares[0][0], 0.0, 0.0)
    say("coverage of the ascending EC50 of a bell", lambda: shares[0][1], 0.93, 1.0)
    say("spoiled wells that are named", lambda: shares[1][0], 0.9, 1.0)
    say("clean wells that are named", lambda: shares[1][1], 0.0, 0.01)
    say("EC50 within 10 % of the clean one, 5 % of the wells spoiled", lambda: shares[1][2], 0.95, 1.0)
    say(f"flat series taken for an effect, {m // 4}", lambda: effect_errors(m // 4, 8), 0.035, 0.065)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
