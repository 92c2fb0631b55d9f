"""Rung deconvolution: `ublot.fit_rungs` against a plain sum of independent Gaussians, in accuracy and time.

    python benchmarks/rungs.py [--ladder DIR] [--lanes 20]

Two comparisons. Simulated ladders of 12 rungs in 1,000 rows on a smear, where the truth is known; and a published
sequencing ladder of 97 rungs (a folder with ``lane_profiles.tsv`` and ``scCSE4_601TA_BS_fitted_intensities.csv``, from
github.com/ncbi/HYDROID), where it is another program's fit. The rival is ``scipy.optimize.least_squares`` with an area,
a position and a width for every rung, bounded to what makes sense, with analytic derivatives, and on the simulated
ladders a quintic baseline.
The two run in turns; times are medians of wall time, with the process time of all threads beside.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from ublot.ladder.fit.rungs import fit_rungs

DENSE = Path(__file__).parents[1] / "../shared/real_blots/dense_ladder"


def gaussians(x, areas, centres, sigmas):
    z = (x[:, None] - centres) / sigmas
    return np.exp(-0.5 * z * z) @ (areas / (sigmas * np.sqrt(2 * np.pi)))


def independent(x, y, positions, sigma, degree):
    """Every rung on its own: areas, positions and widths free, on a polynomial baseline; analytic derivatives."""
    n, sigma = len(positions), np.broadcast_to(sigma, len(positions))
    half = 0.5 * np.abs(np.gradient(positions))
    powers = np.vander((x - x.mean()) / np.ptp(x), degree + 1) if degree >= 0 else np.empty((len(x), 0))
    height = np.interp(positions, x, y)
    rest = [0.0] * powers.shape[1]
    start = np.concatenate([np.maximum(height, 1) * sigma * 2.0, positions, sigma, rest])
    low = np.concatenate([np.zeros(n), positions - half, 0.3 * sigma, np.full(len(rest), -np.inf)])
    high = np.concatenate([np.full(n, np.inf), positions + half, 4.0 * sigma, np.full(len(rest), np.inf)])

    def parts(p):
        areas, centres, sigmas = np.reshape(p[: 3 * n], (3, n))
        z = (x[:, None] - centres) / sigmas
        return areas, sigmas, z, np.exp(-0.5 * z * z) / (sigmas * np.sqrt(2 * np.pi))

    def misfit(p):
        areas, _, _, unit = parts(p)
        return unit @ areas + powers @ p[3 * n :] - y

    def slopes(p):
        areas, sigmas, z, unit = parts(p)
        return np.hstack([unit, areas * unit * z / sigmas, areas * unit * (z * z - 1) / sigmas, powers])

    found = least_squares(misfit, start, slopes, (low, high), x_scale="jac", ftol=1e-6, max_nfev=100)
    return found.x[:n]


def simulate(rng, rungs=12, height=1000):
    """Rungs that widen and close up, 2 px off where they should be, on a smear, with noise."""
    x, n = np.arange(height), np.arange(rungs)
    design = 820 - 42 * n + 1.2 * n**2
    areas = 2.5e4 * rng.uniform(0.1, 1.0, rungs)
    y = gaussians(x, areas, design + 2 * np.cos(design / 250 + rng.uniform(0, 6)), 4.0 + 0.3 * n)
    y += rng.uniform(100, 500) * np.exp(-0.5 * ((x - rng.uniform(350, 550)) / 120) ** 2)
    return x, y + rng.normal(0, 20, height), design, areas


def timed(function, *args, **options):
    wall, cpu = time.perf_counter(), time.process_time()
    result = function(*args, **options)
    return result, 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)


def report(name, errors, walls, cpus):
    rms = np.sqrt(np.mean(np.square(errors)))
    print(
        f"  {name:<24} rms error {100 * rms:6.2f} %   bias {100 * np.mean(errors):+6.2f} %   "
        f"{np.median(walls):8.2f} ms wall   {np.median(cpus):8.2f} ms process"
    )


def compare_simulated(lanes):
    ours, theirs, inside = ([], [], []), ([], [], []), []
    for seed in range(lanes):
        x, y, design, areas = simulate(np.random.default_rng(seed))
        fit, wall, cpu = timed(fit_rungs, y, design, noise=20.0)
        inside.append((fit.low <= areas) & (areas <= fit.high))
        for store, value in zip(ours, ((fit.areas - areas) / areas.mean(), wall, cpu), strict=True):
            store.append(value)
        best, wall, cpu = timed(independent, x, y, design, 5.0, 5)
        for store, value in zip(theirs, ((best - areas) / areas.mean(), wall, cpu), strict=True):
            store.append(value)
    print(f"{lanes} simulated ladders, 12 rungs, 1,000 rows, smear (errors over the mean area)")
    report("ublot.fit_rungs", *ours)
    report("independent Gaussians", *theirs)
    print(f"  95 % intervals of ublot cover {100 * np.mean(inside):.1f} % of the true areas")


def compare_published(folder):
    with (folder / "lane_profiles.tsv").open() as file:
        y = np.array([float(line["Y2"] or "nan") for line in csv.DictReader(file, delimiter="\t")])
    text = (folder / "scCSE4_601TA_BS_fitted_intensities.csv").read_text().splitlines()
    lines = [line.replace("\t", ",").split(",") for line in text if line.strip() and not line.startswith("#")]
    rows = [dict(zip(lines[0], line, strict=False)) for line in lines[1:] if len(line) == len(lines[0]) and line[-1]]
    areas, positions = (np.array([float(r[c]) for r in rows]) for c in ("Intensity", "x_0"))
    first, last = 57, 2160
    x, part = np.arange(first, last, dtype=float), y[first:last]
    print(f"published ladder, {len(areas)} rungs, {len(x)} rows")
    rng = np.random.default_rng(0)
    options = {"smear": False, "width_degree": 4, "shift_degree": 4, "window": (first, last)}
    for name, given, jitter in (
        ("positions as published", positions, 0.0),
        ("shifted by 2 px waves", positions + 2 * np.sin(positions / 400), 0.0),
        ("jittered by 0.7 px", positions + rng.normal(0, 0.7, len(positions)), 0.7),
    ):
        print(f" {name}")
        fit, wall, cpu = timed(fit_rungs, y, given, jitter=jitter, **options)
        r = np.corrcoef(fit.areas, areas)[0, 1]
        report(f"ublot.fit_rungs r={r:.4f}", fit.areas / areas - 1, [wall], [cpu])
        best, wall, cpu = timed(independent, x, part, given, 0.35 * np.gradient(given), -1)
        report(f"independent r={np.corrcoef(best, areas)[0, 1]:.4f}", best / areas - 1, [wall], [cpu])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ladder", type=Path, default=DENSE)
    parser.add_argument("--lanes", type=int, default=20)
    given = parser.parse_args()
    compare_simulated(given.lanes)
    if given.ladder.exists():
        compare_published(given.ladder)
    else:
        print(f"no published ladder at {given.ladder}: left out")


if __name__ == "__main__":
    main()
