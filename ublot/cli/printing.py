"""How the command line speaks: one line for an error, a table for lanes, a bar for what takes longer than a second."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_new_file", "lanes_table", "print_facts", "print_json", "progress_bar", "whole_number", "write_table"]


def check_new_file(out: Path, *, force: bool, fix: str) -> None:
    """Refuse a folder, and without `force` a file that is there, as the place of a new file."""
    if os.path.isdir(out):
        raise BlotError("is a folder", out, fix)
    if os.path.lexists(out) and not force:
        raise BlotError("the file exists", out, f"{fix}, or replace it with --force")


def write_table(place: Path, columns: Mapping[str, Any]) -> None:
    """Write one table as a CSV file.

    Raises
    ------
    BlotError
        The file cannot be written.
    """
    from ublot.io.columns import csv_bytes

    try:
        place.write_bytes(csv_bytes(columns))
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror})", place, "choose another place with --out") from None


def whole_number(option: str, text: str, least: int) -> int:
    """Value of an option that is a whole number from `least` on."""
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise BlotError(f"{text!r} cannot be right", f"option {option}", f"allowed: a whole number from {least}")
    return int(text)


def print_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object to stdout; what is not a number is null."""
    from ublot.io.result_folder import json_bytes

    json.dump(json.loads(json_bytes(value)), sys.stdout, ensure_ascii=False)
    print()


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Callable[[str, float], None]]:
    """Give a callback ``(stage, done)`` with `done` from 0 to 1, drawn on stderr once a second has passed.

    Parameters
    ----------
    shown : bool
        False, or a stderr that is not a terminal, draws nothing.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda stage, done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    begin, task = time.monotonic(), None

    def report(stage: str, done: float) -> None:
        nonlocal task
        if task is None:
            if time.monotonic() - begin < 1.0:
                return
            bar.start()
            task = bar.add_task(stage, total=1.0)
        bar.update(task, description=stage, completed=done)

    try:
        yield report
    finally:
        bar.stop()


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print what `ublot.pipeline.inspection.describe` found, one fact per line, those without a value left out."""
    from ublot.wording.lane_lists import lane_ranges

    for name, value in facts.items():
        label = name.replace("_", " ")
        if name == "flags":
            for flag in value:
                words = flag["name"].replace("_", " ")
                words += f" ({lane_ranges(flag['lanes'])})" if flag["lanes"] else ""
                where = f": {flag['where']}" if flag["where"] else ""
                print(f"{flag['severity']:<18} {words}: {flag['meaning']}{where} ({flag['advice']})")
        elif isinstance(value, Mapping):
            for key, text in value.items():
                print(f"{label:<18} {key}: {' '.join(str(text).split())}")
        elif name == "pictures":
            for number, region in enumerate(value, 1):
                print(f"{'picture ' + str(number):<18} --roi {region} (or --panel {number})")
        elif name == "membranes":
            for number, region in enumerate(value, 1):
                print(f"{'membrane ' + str(number):<18} --roi {region} (or --panel {number})")
        elif name.endswith("_share"):
            print(f"{label:<18} {100 * value:.3g} % of the pixels")
        elif value not in ("", None):
            print(f"{label:<18} {value}")


def lanes_table(rows: Sequence[Mapping[str, Any]], *, by_area: bool = False) -> None:
    """Print a table of the lanes: what is in them, how much more than DMSO, what to know.

    Parameters
    ----------
    rows : sequence of mapping
        As in ``lanes.csv``.
    by_area : bool
        The area is the primary score.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ublot.scoring.primary import lane_state, primary_quantity
    from ublot.wording.labels import lane_labels

    quantity = primary_quantity(rows, by_area=by_area)
    titles = {
        "relative_hmw": "fold over DMSO [95 % interval]",
        "relative_hmw_area": "H area over DMSO [95 % interval]",
        "hmw_fraction": "HMW fraction [95 % interval]",
    }
    scored = any(_interval(row, quantity) for row in rows)
    heading = titles[quantity] if scored else "not scored"
    each = [[name for name in str(row.get("flags") or "").split(";") if name] for row in rows]
    everywhere = set(each[0]).intersection(*each[1:]) if len(each) > 1 else set()
    console = Console(width=None if sys.stdout.isatty() else 110, highlight=False, soft_wrap=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title, side in (("lane", "right"), ("role", "left"), ("sample", "left"), (heading, "left")):
        table.add_column(title, justify="right" if side == "right" else "left")
    table.add_column("flags")
    for row, label, flags in zip(rows, lane_labels(rows), each, strict=True):
        state = lane_state(row)
        words = ", ".join(name.replace("_", " ") for name in flags if name not in everywhere)
        score = _interval(row, quantity) or state
        style = "red" if state == "refused" else ""
        cells = (str(row.get("lane", "")), str(row.get("role") or ""), label, score, words)
        table.add_row(*(Text(cell) for cell in cells), style=style)
    console.print(table)
    for line in _legend(each, everywhere):
        console.print(Text(line))


def _interval(row: Mapping[str, Any], quantity: str) -> str:
    from ublot.io.cells import number_or_nan

    value = number_or_nan(row.get(quantity))
    if not math.isfinite(value):
        return ""
    low, high = number_or_nan(row.get(f"{quantity}_low")), number_or_nan(row.get(f"{quantity}_high"))
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{value:.3g}"
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def _legend(each: Sequence[Sequence[str]], everywhere: set[str]) -> list[str]:
    """Each flag once, with its meaning and what to do; the whole blot's first."""
    from ublot.flags import FLAGS

    names = dict.fromkeys([*sorted(everywhere), *(name for flags in each for name in flags)])
    lines = []
    for name in names:
        flag = FLAGS.get(name)
        about = f": {flag.meaning} ({flag.advice})" if flag else ""
        lines.append(f"{name.replace('_', ' ')}{' (all lanes)' if name in everywhere else ''}{about}")
    return lines
