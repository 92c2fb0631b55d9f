"""Coverage of the intervals and type-I error of the tests, on simulated experiments with known truth.

Run by hand: ``python benchmarks/statistics.py [--short] [--part NAME ...] [--out FILE]``. Prints one line for each
figure and fails when one of them leaves its band. With ``--out`` each figure is kept as soon as it is there; those that
were not measured again stay in the file as they were.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from records import write_record
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


MIXED = {
    "polarisation, equally bright by it": ("mP", 60.0, 210.0, 1.0),
    "polarisation, equally bright by total intensity": ("mP", 60.0, 210.0, math.nan),
    "anisotropy": ("anisotropy", 41.0, 150.0, 1.0),
    "both intensities, 1.6 times brighter when bound": ("mP", 60.0, 210.0, 1.6),
}
"""Ways of reading a probe: the response, that of free and of bound probe, how much brighter the latter is."""

G_FACTOR = 0.9


def light(share: np.ndarray, way: str, rng: np.random.Generator) -> dict[str, list[float]]:
    """Columns of a reader for a share of bound probe, with 1.5 mP of scatter or as much of the intensities'."""
    response, low, high, brighter = MIXED[way]
    if "intensities" in way:
        # Parallel and perpendicular of each species from its polarisation, then of both together.
        sums = np.array([1 - share, brighter * share])
        p = np.array([low, high])[:, None] / 1000
        both = np.array([sums * (1 + p) / 2, sums * (1 - p) / 2 / G_FACTOR]).sum(axis=1)
        amount = 20000 * rng.normal(1, 0.02, len(share))
        parallel, perpendicular = both * amount * rng.normal(1, 0.0015, both.shape)
        return {"parallel": list(parallel), "perpendicular": list(perpendicular)}
    if math.isnan(brighter):
        free, bound = (2 * p / (3 - p) for p in (low / 1000, high / 1000))
        r = free + (bound - free) * share
        signal = 3000 * r / (2 + r)
    else:
        signal = low + (high - low) * share
    return {response: list(signal + rng.normal(0, 1.5, len(share)))}


def binding(runs: int, seed: int, constant: float, protein: float | None, way: str) -> tuple[float, ...]:
    """Of K_d (no `protein`) or K_i: coverage where it is reported, its median bias, share in which it is reported.

    The last is the share of all experiments in which the interval holds it, or the limit that stands in its place.
    """
    rng = np.random.default_rng(seed)
    steps = 1000 / 2.0 ** np.arange(12) if protein is None else 10000 / 3.0 ** np.arange(12)
    x = np.concatenate([np.zeros(6), np.repeat(steps, 3)])
    amounts: dict[str, float] = {"probe_nM": 2.0}
    if "intensities" in way:
        amounts["g_factor"] = G_FACTOR
    if protein is None:
        share, name = bound_fraction(x, 2.0, constant), "kd"
    else:
        share, name = bound_fraction(protein, 2.0, 5.0, x, constant), "ki"
        amounts |= {"protein_nM": protein, "probe_kd_nM": 5.0}
    held, values, limits = [], [], []
    for _ in range(runs):
        table = {"compound": ["DMSO" if d == 0 else "x" for d in x], "concentration_nM": list(x)}
        row = fit_table(table | light(share, way, rng), response=MIXED[way][0], **amounts).series[0].row
        if math.isfinite(row[f"{name}_nM"]):
            values.append(row[f"{name}_nM"])
            held.append(row[f"{name}_low"] <= constant <= row[f"{name}_high"])
        else:
            limits.append(row[f"{name}_below_nM"] >= constant or row[f"{name}_above_nM"] <= constant)
    right = float(np.mean([*held, *limits]))
    if not values:
        return math.nan, math.nan, 0.0, right
    return float(np.mean(held)), abs(float(np.median(values)) / constant - 1), len(values) / runs, right


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


@dataclass(frozen=True)
class Figure:
    """What was measured of one design, and where it has to lie."""

    part: str
    what: str
    design: str
    value: float
    low: float
    high: float
    experiments: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it lies in its band; a share of nothing does."""
        return math.isnan(self.value) or self.low <= self.value <= self.high


Measured = tuple[str, str, Callable[[], float], tuple[float, float], int]
"""What, of which design, how it is measured, the band, and how many experiments."""


def counted(number: int, thing: str) -> str:
    """``1 blot``, ``2 blots``."""
    return f"{number} {thing}{'s' * (number > 1)}"


COVERED, ERRORS = (0.93, 0.97), (0.04, 0.06)


def single_curves(short: bool) -> Iterator[Measured]:
    """EC50 of blots, rates, and whether there is an effect at all."""
    n, m = (100, 400) if short else (1000, 4000)
    for blots, seed in ((1, 1), (3, 2)):
        shares: list[float] = []

        def kept(blots: int = blots, seed: int = seed, shares: list[float] = shares) -> float:
            shares.extend(coverage(n, blots, seed))
            return shares[0]

        name = counted(blots, "blot")
        yield "coverage of reported EC50 intervals", name, kept, COVERED, n
        yield "experiments with a reported EC50", name, lambda shares=shares: shares[1], (0.5, 1.0), n
    yield "coverage of all EC50 intervals", "1 blot", lambda: bare_coverage(n, 3), COVERED, n
    yield "coverage of rate constants", "", lambda: rate_coverage(n, 4), COVERED, n
    if not short:
        yield "flat series taken for an effect", "", lambda: effect_errors(m // 4, 8), (0.035, 0.065), m // 4


def tests_of_blots(short: bool) -> Iterator[Measured]:
    """Type-I error of p against the vehicle."""
    m = 400 if short else 4000
    what = "type-I error"
    yield what, "4 conditions, 3 reactions on one blot", lambda: one_blot_errors(m, 6, 4, 3), ERRORS, m
    designs = [(b, c, s, v) for b in (2, 3, 4, 6) for c in range(1, 9) for s in (0.0, 0.1, 0.2) for v in (0.0, s)]
    for k, (blots, conditions, scatter, own) in enumerate(dict.fromkeys(designs)):
        if short and (blots, conditions, scatter) not in {(2, 8, 0.2), (3, 1, 0.1), (3, 5, 0.2), (6, 3, 0.1)}:
            continue
        name = f"{blots} blots, {counted(conditions, 'condition')}, scatter {scatter:g}, the vehicle's {own:g}"
        design = blots, conditions, scatter, own
        yield what, name, lambda k=k, design=design: blot_errors(m, 100 + k, *design), ERRORS, m
    name = "5 blots, 6 conditions, scatter 0.1, a quarter missing"
    yield what, name, lambda: blot_errors(m, 7, 5, 6, 0.1, 0.1, missing=0.25), (0.035, 0.065), m
    name = "3 blots, 2 conditions at 3 times, scatter 0.15"
    yield what, name, lambda: summary_errors(m // 8, 9, 3, 2, 3, 0.15), (0.03, 0.07), m // 8


def several_plates(short: bool) -> Iterator[Measured]:
    """EC50 over plates that differ."""
    n = 100 if short else 1000
    for plates in range(1, 7):
        for scatter in (0.0, 0.05, 0.1, 0.15) if plates > 1 else (0.0,):
            if short and (plates, scatter) not in {(1, 0.0), (3, 0.1)}:
                continue
            whole = (plates, scatter) in {(1, 0.0), (3, 0.1)}
            name = f"{counted(plates, 'plate')}, scatter {scatter:g} log10"

            def measure(p: int = plates, s: float = scatter, w: bool = whole) -> float:
                return plate_coverage(n, 40 + p, p, s, whole=w)

            yield "coverage of the EC50 over plates", name, measure, COVERED, n


def affinities(short: bool, protein: float | None = None) -> Iterator[Measured]:
    """K_d, or K_i at an amount of protein: minutes each, so that the tests hold a small form of it.

    Without intensities an interval of a polarisation holds both ways in which the probe may be equally bright, so that
    it holds more than 95 % of either.
    """
    if short:
        return
    n = 300
    name = "K_d" if protein is None else "K_i"
    beside = "" if protein is None else f" at {protein:g} nM protein"
    for constant in (5.0, 50.0) if protein is None else (0.3, 1.9, 10.0, 30.0, 300.0):
        for way in MIXED:
            of = f"{constant:g} nM{beside}, {way}"
            found: list[tuple[float, ...]] = []

            def held(c: float = constant, way: str = way, found: list[tuple[float, ...]] = found) -> float:
                found.append(binding(n, 70, c, protein, way))
                return found[0][0]

            yield f"coverage of {name}", of, held, (0.93, 1.0 if "equally" in way else 0.97), n
            yield f"median bias of {name}", of, lambda f=found: f[0][1], (0.0, 0.03), n
            yield f"{name} reported", of, lambda f=found: f[0][2], (0.95, 1.0), n
    # Beyond what the assay tells: tighter than the protein resolves, weaker than the doses displace.
    for constant in () if protein is None else (0.01, 0.03, 3000.0, 30000.0):
        of = f"{constant:g} nM{beside}, anisotropy"
        yield (
            *("interval or limit that holds K_i", of),
            *(lambda c=constant: binding(n, 71, c, protein, "anisotropy")[3], (0.93, 1.0), n),
        )


def shapes(short: bool) -> Iterator[Measured]:
    """Hooks and bad wells."""
    if short:
        return
    n = 1000
    hooks: list[tuple[float, float, float]] = []
    wells: list[tuple[float, float, float]] = []

    def taken() -> float:
        hooks.append(hooked(n, 50))
        return hooks[0][0]

    def named() -> float:
        wells.append(spoiled(n, 51))
        return wells[0][0]

    yield "hook data that a sigmoid is taken for", "", taken, (0.0, 0.0), n
    yield "coverage of the ascending EC50 of a bell", "", lambda: hooks[0][1], (0.93, 1.0), n
    yield "hook data with an EC50", "", lambda: hooks[0][2], (0.0, 1.0), n
    yield "spoiled wells that are named", "5 % of the wells, 3-10 times", named, (0.9, 1.0), n
    yield "clean wells that are named", "5 % of the wells, 3-10 times", lambda: wells[0][1], (0.0, 0.01), n
    name = "EC50 within 10 % of that of clean wells"
    yield name, "5 % of the wells, 3-10 times", lambda: wells[0][2], (0.95, 1.0), n


PARTS: dict[str, Callable[[bool], Iterator[Measured]]] = {
    "curves": single_curves,
    "tests": tests_of_blots,
    "plates": several_plates,
    "K_d": affinities,
    "K_i-10": partial(affinities, protein=10.0),
    "K_i-30": partial(affinities, protein=30.0),
    "shapes": shapes,
}


def measured(part: str, short: bool) -> Iterator[Figure]:
    """The figures of a part, one after the other."""
    wide = 0.025 if short else 0.0
    for what, design, measure, (low, high), experiments in PARTS[part](short):
        begin = time.perf_counter()
        value = measure()
        figure = Figure(part, what, design, value, low - wide, high + wide, experiments, time.perf_counter() - begin)
        of = f" ({design})" if design else ""
        print(
            f"{'ok  ' if figure.good else 'FAIL'} {what}{of}: {100 * value:.2f} % "
            f"({100 * low:g}-{100 * high:g}), {experiments} experiments, {figure.seconds:.0f} s",
            flush=True,
        )
        yield figure


def keep(path: Path, figure: Figure) -> None:
    """Write a figure into the record, in the place of the same one of a run before."""
    kept = json.loads(path.read_text("utf-8"))["rows"] if path.is_file() else []
    same = figure.part, figure.what, figure.design
    rows = [*(row for row in kept if (row["part"], row["what"], row["design"]) != same), asdict(figure)]
    write_record(path, {"rows": sorted(rows, key=lambda row: list(PARTS).index(row["part"]))})


def main() -> int:
    """Run all or some parts; 1 when a figure leaves its band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the experiments, wider bands")
    parser.add_argument("--part", choices=PARTS, action="append", help="all, unless some are named")
    parser.add_argument("--out", type=Path, help="where the figures are kept")
    asked = parser.parse_args()
    good = True
    for part in asked.part or PARTS:
        for figure in measured(part, asked.short):
            good = good and figure.good
            if asked.out:
                keep(asked.out, figure)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
