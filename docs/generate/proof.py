"""*Is it right?*: errors and coverage from the runs kept in ``benchmarks/runs``, other ways beside, and failures."""

from __future__ import annotations

import json
import math
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from drawings import INK, LANE, svg
from matplotlib.figure import Figure
from reference import table

import ublot
from ublot.simulation import save_blot, simulate_blot
from ublot.simulation.suite import suite_blots

RUNS = Path(__file__).parents[2] / "benchmarks/runs"
SOURCES = {
    "own": "named sets of ublot's own simulation",
    "family": "ublot's simulation, every blot with a law of its own drawn at random",
    "independent": "another model of gel and detector, by others",
    "optical": "a model of the light (halos, blotches, leaning bands), by others",
}
FIGURES = {
    "blots": ("blots", "{:.0f}"),
    "lanes_found": ("lanes found", "{:.1%}"),
    "scored": ("lanes scored", "{:.1%}"),
    "fraction_median": ("error of H / (H + U), median", "{:.4f}"),
    "fraction_p95": ("95 % of the errors below", "{:.4f}"),
    "fraction_bias": ("bias", "{:+.4f}"),
    "relative_median": ("relative error of the fold, median", "{:.1%}"),
    "relative_p95": ("95 % of these below", "{:.1%}"),
    "cover_fraction": ("95 % intervals that hold: fraction", "{:.1%}"),
    "cover_relative": ("… the fold, scatter of DMSO included", "{:.1%}"),
    "cover_ubiquitins": ("… apparent ubiquitins", "{:.1%}"),
    "width_median": ("width of the fraction's interval, median", "{:.4f}"),
}
SHOWN = {
    "haze": "Haze that is uneven along the lane: it is not told from smear, and the interval says so.",
    "touching": "Lanes without a gap between them: the membrane under them is not seen.",
    "faint": "A blot near its own noise.",
}


def run_of(name: str) -> dict[str, Any] | None:
    """A kept run, None where there is none."""
    path = RUNS / f"{name}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


def text(value: float | None, form: str) -> str:
    """A number, or a dash for none."""
    return "–" if value is None or not math.isfinite(value) else form.format(value)


def made(run: dict[str, Any]) -> str:
    """When, with what and where."""
    return f"*Run of {run['date']}, version {run['version']}, {run['machine']}.*"


def page() -> str:
    """The page."""
    parts = [
        "# Is it right?\n\nEvery number here comes from a run of the scripts in `benchmarks/`, kept in "
        "`benchmarks/runs/`. H / (H + U) is the share of the target above its unmodified band; the fold is that share over the DMSO lanes.\n\n"
        "On simulated blots the truth is known. Those of the same simulation that ublot was built with are the easiest "
        "for it; the other sources are nearer to what an unknown blot does. On a real blot nobody knows the truth.\n"
    ]
    accuracy = run_of("accuracy")
    if accuracy:
        parts.append(_accuracy(accuracy))
    peers = run_of("peers")
    if peers:
        parts.append(_peers(peers))
    real = run_of("real")
    if real:
        rows = [[row["what"], row["figure"]] for row in real["rows"]]
        parts.append(
            "## On real pictures\n\nPictures from public sources, with what a person wrote down about them: where lanes and "
            f"marker bands are, and where clean membrane is.\n\n{table(['figure', 'value'], rows)}\n\n{made(real)}\n"
        )
    statistics = run_of("statistics")
    if statistics:
        parts.append(_statistics(statistics))
    parts.append("## Where it fails\n\nThree blots of the suite, measured when this page was built.\n")
    parts += [f"### {name}\n\n{why}\n\n![{why}](pictures/fails_{name}.svg)\n" for name, why in SHOWN.items()]
    parts.append(
        "## Score your own program\n\n```\nublot simulate suite --suite\nublot benchmark RESULTS.csv --suite suite\n```\n\n"
        "`suite/README.md` says what the table needs to hold. ublot's own line is made by the same commands.\n"
    )
    return "\n".join(parts)


def _accuracy(run: dict[str, Any]) -> str:
    sources = [name for name in SOURCES if name in run["sources"]]
    rows = [
        [title, *(text(run["sources"][name].get(key), form) for name in sources)]
        for key, (title, form) in FIGURES.items()
    ]
    said = "\n".join(f"- **{name}**: {SOURCES[name]}" for name in sources)
    keys = ("fraction_median", "fraction_p95", "fraction_bias", "relative_p95", "cover_fraction", "cover_relative")
    header = ["set", "error, median", "95 % below", "bias", "fold: 95 % below", "held", "fold held"]
    parts = [
        f"## By source of blots\n\n{said}\n\n{table(['figure', *sources], rows)}\n\nLeft out of this table, not of the next "
        "ones: sets that are flagged or refused (touching or merged lanes, saturated, lossy).\n\n"
        f"{made(run)}\n\n## By kind of blot\n"
    ]
    for name in sources:
        lines = [
            [kind, *(text(row.get(key), FIGURES[key][1]) for key in keys)] for kind, row in run["sets"][name].items()
        ]
        parts.append(f"### {name}\n\n{table(header, lines)}\n")
    return "\n".join(parts)


def _statistics(run: dict[str, Any]) -> str:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in run["rows"]:
        kinds.setdefault(row["what"], []).append(row)
    lines = []
    for what, rows in kinds.items():
        values = [row["value"] for row in rows if row["value"] is not None]
        outside = [r for r in rows if r["value"] is not None and not r["low"] <= r["value"] <= r["high"]]
        spans = list(dict.fromkeys(f"{100 * r['low']:g}-{100 * r['high']:g} %" for r in rows))
        fewest, most = min(row["experiments"] for row in rows), max(row["experiments"] for row in rows)
        times = f"{fewest}" if fewest == most else f"{fewest}-{most}"
        ends = [text(end, "{:.1%}") for end in ((min(values), max(values)) if values else (None, None))]
        span = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
        lines.append([what, str(len(rows)), times, span, " or ".join(spans), str(len(outside))])
    header = ["figure", "designs", "experiments each", "lowest and highest", "asked for", "designs outside"]
    off = [
        f"- {row['what']}, {row['design'] or 'the one design'}: {row['value']:.1%}"
        for row in run["rows"]
        if row["value"] is not None and not row["low"] <= row["value"] <= row["high"]
    ]
    said = "Outside:\n\n" + "\n".join(off) + "\n\n" if off else ""
    return (
        "## Tests, plates and affinities\n\nSimulated experiments whose truth is known: blots and plates that differ, "
        "curves with hooks and bad wells, probes with and without intensities. Every design stands in "
        f"`benchmarks/runs/statistics.json`.\n\n{table(header, lines)}\n\n{said}{made(run)}\n"
    )


def _peers(run: dict[str, Any]) -> str:
    rows = [
        [
            row["way"],
            *(text(row[k], "{:.4f}") for k in ("fraction_median", "fraction_p95")),
            text(row["fraction_bias"], "{:+.4f}"),
            *(text(row[k], "{:.1%}") for k in ("fold_median", "fold_p95")),
            text(row["seconds"], "{:.2f} s"),
        ]
        for row in run["rows"]
    ]
    header = ["way", "error, median", "95 % below", "bias", "fold error, median", "95 % below", "time a blot"]
    return (
        "## Against what one would take instead\n\nThe same blots, the same lanes, the same rows for U and H: what differs is "
        "the background. Balls have a radius of 50 px, ImageJ's default. Times: of the background alone; for ublot, of "
        f"the whole analysis.\n\n{table(header, rows)}\n\n![Errors of each way](pictures/peers.svg)\n\n{made(run)}\n"
    )


def pictures() -> dict[str, bytes]:
    """Pictures of the page, by file name."""
    out = {f"fails_{name}.svg": _failing(name) for name in SHOWN}
    peers = run_of("peers")
    return out | ({"peers.svg": _peers_picture(peers)} if peers else {})


def _peers_picture(run: dict[str, Any]) -> bytes:
    rows = sorted(run["rows"], key=lambda row: row["fraction_median"])
    figure = Figure(figsize=(7.2, 0.42 * len(rows) + 0.9))
    axes = figure.subplots()
    for k, row in enumerate(rows):
        axes.plot([row["fraction_median"], row["fraction_p95"]], [k, k], color=LANE, lw=3, solid_capstyle="round")
        axes.plot(row["fraction_median"], k, "o", color=INK, ms=5)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [row["way"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("error of H / (H + U): median (point), and what 95 % lie below")
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)


@cache
def _failing(name: str) -> bytes:
    """Measured against true shares of one blot of the suite, with intervals."""
    _, kind, seed, difficulty, knobs = next(blot for blot in suite_blots() if blot[0] == name)
    blot = simulate_blot(seed=seed, difficulty=difficulty, **knobs)
    with tempfile.TemporaryDirectory() as folder:
        analysis = ublot.analyze(save_blot(blot, folder, name, kind), marker="precision-plus", allow_unfit=True)
    lanes = analysis.lanes
    true = np.array([lane.get("hmw_fraction", np.nan) for lane in blot.truth["lanes"]])
    figure = Figure(figsize=(8.6, 3.3))
    left, right = figure.subplots(1, 2, width_ratios=[1.3, 1])
    signal = analysis.blot.signal
    left.imshow(signal, cmap="gray_r", vmax=np.quantile(signal, 0.995), aspect="auto", rasterized=True)
    left.set(xticks=[], yticks=[])
    value = lanes["hmw_fraction"].to_numpy(float)
    ends = np.array([value - lanes["hmw_fraction_low"], lanes["hmw_fraction_high"] - value], float)
    use = np.isfinite(true) & np.isfinite(value)
    right.errorbar(true[use], value[use], ends[:, use], fmt="o", ms=3.5, lw=1, color=LANE)
    right.plot([0, 1], [0, 1], color=INK, lw=0.7, ls="--")
    right.set(xlabel="true H / (H + U)", ylabel="measured", xlim=(0, 1), ylim=(-0.1, 1.1))
    right.spines[["top", "right"]].set_visible(False)
    return svg(figure)
