"""Reference pages, from the code that defines what they describe."""

from __future__ import annotations

import ublot
from ublot.cli import app
from ublot.flags import FLAGS
from ublot.inputs.params import Params, allowed
from ublot.results.column_meanings import MEANINGS

SEVERITIES = {"note": "to know", "warn": "read before you trust", "refuse": "not scored"}
FILES = {
    "lanes": "One row per lane, from left to right; columns that a layout brings along follow.",
    "species": "One row per lane and number of modifiers.",
    "profiles": "One row per lane and row of pixels.",
    "summary": "One row per condition and quantity.",
    "dose_response": "One row per compound with at least four doses, and quantity.",
}


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def commands() -> str:
    """Every command with its arguments and options, as ``--help`` knows them."""
    import typer

    group = typer.main.get_command(app)
    parts = ["# Commands\n\n`ublot COMMAND --help` says the same. Options of an analysis: [Options](options.md).\n"]
    shared = {f"--{name.replace('_', '-')}" for name in Params.model_fields}
    for name, command in group.commands.items():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join(["ublot", name, *(p.metavar or str(p.name).upper() for p in arguments)])
        parts.append(f"## {name}\n\n{(command.help or '').strip()}\n\n```\n{usage} [OPTIONS]\n```\n")
        own = [p for p in command.params if p.param_type_name == "option" and not shared & set(p.opts)]
        if len(own) < len([p for p in command.params if p.param_type_name == "option"]):
            parts.append("Takes the [options of an analysis](options.md).\n")
        rows = [[f"`{' / '.join([*p.opts, *p.secondary_opts])}`", p.help or ""] for p in own if p.help]
        if rows:
            parts.append(table(["option", "what it does"], rows) + "\n")
    return "\n".join(parts)


def options() -> str:
    """Every field of `Params`."""
    rows = []
    for name, field in Params.model_fields.items():
        extra = field.json_schema_extra or {}
        unit = str(extra.get("unit", ""))
        default = "" if field.default is None else str(field.default)
        rows.append(
            [f"`--{name.replace('_', '-')}`", str(field.description), allowed(name), f"{default} {unit}".strip()]
        )
    return (
        "# Options\n\nThe same on the command line, as keys of a TOML file (`--config`), as keywords of "
        "`ublot.analyze` (`_` for `-`), in the panel's form and in `analysis.json`.\n\n"
        + table(["option", "what", "allowed", "default"], rows)
        + "\n"
    )


def columns() -> str:
    """Every column of the tables of a result."""
    parts = [
        "# Columns\n\nA column `NAME_low` or `NAME_high` is an end of the 95 % interval of `NAME`. Empty cells make no "
        "sense for the lane, or were refused; its flags say which.\n"
    ]
    for name, known in MEANINGS.items():
        rows = [[f"`{column}`", text] for column, text in known.items()]
        parts.append(f"## {name}.csv\n\n{FILES[name]}\n\n{table(['column', 'what it says'], rows)}\n")
    return "\n".join(parts)


def flags() -> str:
    """Every flag of the registry."""
    rows = [[f"`{f.name}`", SEVERITIES[f.severity], f.meaning, str(f.advice), f.source] for f in FLAGS.values()]
    return (
        "# Flags\n\nAn empty `flags` cell is a lane without reservations. *Not scored*: `--allow-unfit` scores it all "
        "the same; the override is recorded and flagged.\n\n"
        + table(["flag", "severity", "what was seen", "what to do", "on what grounds"], rows)
        + "\n"
    )


def functions() -> str:
    """Every public name, by its docstring."""
    names = [name for name in ublot.__all__ if not name.startswith("_") and name not in ("CIAP1", "UBIQUITIN")]
    first = ["analyze", "Analysis", "load", "compare_blots", "fit_dose_response", "run_batch", "measure_loading"]
    ordered = [*first, *(name for name in names if name not in first)]
    homes = ublot._HOME
    parts = [
        "# Functions\n\nEverything here is imported from `ublot` itself: `ublot.analyze`, `ublot.load`, and so on. "
        "Errors that a user can mend are `ublot.BlotError`: what is wrong, where, what to do.\n"
    ]
    parts += [f"::: ublot.{homes[name]}.{name}\n" for name in ordered]
    return "\n".join(parts)
