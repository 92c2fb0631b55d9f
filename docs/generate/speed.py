"""*How fast it is*: costs and their growth, from the run kept in ``benchmarks/runs/speed.json``."""

from __future__ import annotations

from typing import Any

from drawings import INK, LANE, svg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from proof import made, run_of, text
from reference import table

GROWTH = {
    "pixels": "pixels along a side",
    "lanes": "lanes",
    "rungs": "rungs fitted to a lane",
    "blots": "blots in a batch",
}
COSTS = {
    "stage": "The stages, each on what the one before it made",
    "whole": "Pixels to scores, in a process that has made some before",
    "report": "Page, figures and workbook",
    "format": "Other formats: their decoder alone, and the analysis",
    "rival": "What one would take instead, for the background alone or for all of it",
}
AGAINST = {"process": "Whole processes", "batch": "A batch on two processes"}


def page() -> str:
    """The page."""
    run = run_of("speed")
    if run is None:
        return "# How fast it is\n\nNo run is kept.\n"
    measured = "Processor time, the least" if run["processor_time"] else "Time on the clock, the median"
    parts = [
        "# How fast it is\n\nThe unit is *read and touch*: reading an uncompressed 16-bit TIFF of 2048 x 2048 pixels and "
        f"adding up its levels. Times of a machine drift by half from one run to the next; ratios within a run hold. {measured} "
        "of rounds in which all took turns, 12 lanes unless said.\n",
    ]
    for group, title in {**COSTS, **AGAINST}.items():
        rows = [row for row in run["rows"] if row["group"] == group]
        if rows:
            lines = [
                [row["name"], text(row["ms"], "{:.1f}"), f"{_figure(row['ratio'])} x {row['unit']}"] for row in rows
            ]
            parts.append(f"## {title}\n\n{table(['', 'ms', 'ratio'], lines)}\n")
    parts.append(
        "## How it grows\n\n![Time of an analysis against pixels, lanes, rungs and blots.](../pictures/growth.svg)\n\n"
        "Whole analyses without the ladder: of 12 lanes, of 2048 x 2048 pixels; with the ladder, where rungs are counted; "
        "and batches of 512 x 512 on two processes, start included, by the clock. Dotted: in proportion, from the first "
        "point on. None of them costs more than that. Under many lanes an even membrane is given no more freedom than under "
        "a dozen; a blotchy one is, and its equations, solved all at once, then take up to 0.2 s.\n\n"
        f"{made(run)}\n"
    )
    return "\n".join(parts)


def _figure(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def pictures() -> dict[str, bytes]:
    """Pictures of the page, by file name."""
    run = run_of("speed")
    return {"growth.svg": _growth(run)} if run else {}


def _growth(run: dict[str, Any]) -> bytes:
    figure = Figure(figsize=(9.6, 2.9), layout="constrained")
    for axes, (group, title) in zip(figure.subplots(1, len(GROWTH)), GROWTH.items(), strict=True):
        rows = sorted((_size(row), row["ms"]) for row in run["rows"] if row["group"] == group)
        sizes, ms = zip(*rows, strict=True)
        power = 2 if group == "pixels" else 1  # along a side
        axes.plot(sizes, [ms[0] * (s / sizes[0]) ** power for s in sizes], ":", color=INK, lw=1)
        axes.plot(sizes, ms, "o-", color=LANE, ms=4)
        axes.set(xscale="log", yscale="log", xlabel=title, ylim=(0.5 * min(ms), 2 * max(ms)))
        axes.minorticks_off()
        # Neighbours that stand close share a label.
        far = [s for s, after in zip(sizes, (*sizes[1:], None), strict=True) if after is None or after > 1.3 * s]
        axes.set_xticks(far, [str(s) for s in far])
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("ms")
    return svg(figure)


def _size(row: dict[str, Any]) -> int:
    """The number that a row of growth is about: its side, lanes, rungs or blots."""
    words = row["name"].split()
    return int(words[3] if row["group"] == "lanes" else words[0])
