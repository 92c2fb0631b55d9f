"""The commands about blots whose truth is known: ``simulate`` and ``benchmark``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ublot.cli.errors import note
from ublot.cli.options import OUTPUT, Json, Place, Quiet
from ublot.cli.printing import check_new_file, print_json, whole_number, write_table
from ublot.errors import BlotError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(rich_help_panel="Try it")(simulate)
    app.command(rich_help_panel="Try it")(benchmark)


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the blots go.", show_default=False)],
    cases: Annotated[str, typer.Option("--cases", metavar="N", help="How many blots.")] = "1",
    seed: Annotated[str, typer.Option("--seed", metavar="S", help="The same seed gives the same pixels.")] = "1",
    difficulty: Annotated[
        str, typer.Option("--difficulty", metavar="LEVEL", help="easy, ordinary or hard.")
    ] = "ordinary",
    suite: Annotated[
        bool, typer.Option("--suite", help="The fixed set of blots that any program can be scored on instead.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write blots whose truth is known: image, layout and truth side by side."""
    from ublot.simulation import DIFFICULTIES, earlier_blots, write_blots, write_suite

    if difficulty not in DIFFICULTIES:
        raise BlotError(f"{difficulty!r} cannot be right", "option difficulty", f"allowed: {', '.join(DIFFICULTIES)}")
    count, first = whole_number("cases", cases, 1), whole_number("seed", seed, 0)
    if suite:
        if (count, first, difficulty) != (1, 1, "ordinary"):
            fix = "leave out --cases, --seed and --difficulty"
            raise BlotError("the suite is the same for everyone", "option suite", fix)
        images = write_suite(folder)
    else:
        images = write_blots(folder, count, first, difficulty)  # type: ignore[arg-type]
        stale = earlier_blots(folder, images)
        if stale:
            note(f"{folder}: {', '.join(stale[:4])}{', …' if len(stale) > 4 else ''} are of an earlier run")
    if json:
        print_json({"images": [str(image) for image in images]})
    elif not quiet:
        for image in images:
            print(image)


def benchmark(
    results: Annotated[
        Path,
        typer.Argument(metavar="RESULTS", help="Table with image,lane,hmw_fraction[,low,high].", show_default=False),
    ],
    suite: Annotated[
        Path, typer.Option("--suite", metavar="DIR", help="What ublot simulate --suite wrote.", show_default=False)
    ],
    out: Annotated[
        Place, typer.Option("--out", metavar="CSV", help="Write the table there.", rich_help_panel=OUTPUT)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.", rich_help_panel=OUTPUT)] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score any program's table on the suite: errors, bias and coverage, set by set."""
    from ublot.simulation.suite_scores import COLUMNS, score_results

    if out is not None:
        check_new_file(out, force=force, fix="choose another file")
    rows = score_results(results, suite)
    if out is not None:
        write_table(out, {name: [row[name] for row in rows] for name in COLUMNS})
    if json:
        print_json({"sets": rows})
    elif not quiet:
        _print_scores(rows)


def _print_scores(rows: list[dict[str, Any]]) -> None:
    """One line for each set, the one over all last."""
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table

    titles = {
        "set": "set",
        "blots": "blots",
        "lanes": "lanes",
        "scored": "scored",
        "fraction_median": "error",
        "fraction_p95": "95 %",
        "fraction_bias": "bias",
        "fold_median": "fold error",
        "fold_p95": "95 %",
        "coverage": "covered",
        "width_median": "width",
    }
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, title in titles.items():
        table.add_column(title, justify="left" if name == "set" else "right")
    for row in rows:
        if row is rows[-1]:
            table.add_section()
        table.add_row(*(_text(name, row[name]) for name in titles))
    Console(width=None if sys.stdout.isatty() else 110, highlight=False).print(table)


def _text(name: str, value: Any) -> str:
    if isinstance(value, str | int):
        return str(value)
    if value != value:
        return "-"
    percent = name in ("scored", "coverage") or name.startswith("fold")
    return f"{100 * value:.1f} %" if percent else f"{value:+.4f}" if name == "fraction_bias" else f"{value:.4f}"
