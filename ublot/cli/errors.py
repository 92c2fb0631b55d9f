"""One line for an error, exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from typer import Exit
from typer.core import TyperGroup

from ublot.cli.printing import print_json
from ublot.errors import BlotError

__all__ = ["BAD_INPUT", "OneLineGroup", "note"]

BAD_INPUT = 2


class OneLineGroup(TyperGroup):
    """Commands whose every failure is one line on stderr and exit code 2; with ``--json`` also an object on stdout."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run and exit, see click's ``BaseCommand.main``."""
        words = list(sys.argv[1:] if args is None else args)
        extra = {**extra, "standalone_mode": False, "prog_name": "ublot"}
        try:
            code = super().main(words, **extra)
            if sys.stdout is not None:  # closed by whoever started this
                sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our output has left (``| head``). Python would complain again while closing stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except Exception as error:
            if os.environ.get("UBLOT_DEBUG") and not hasattr(error, "format_message"):
                raise
            _complain(_describe(error), as_json="--json" in words)
            code = BAD_INPUT
        raise SystemExit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named; the library would end an interrupted one without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            note("ublot: interrupted")
            raise Exit(130) from None


def _describe(error: Exception) -> dict[str, Any]:
    """Parts of the line; `line` is all of it."""
    if isinstance(error, BlotError):
        return {"line": str(error), "what": error.what, "where": error.where, "fix": error.fix}
    if hasattr(error, "format_message"):  # bad usage, as the command-line library found it
        context = getattr(error, "ctx", None)
        help_for = context.command_path if context is not None else "ublot"
        what = " ".join(error.format_message().split()).rstrip(".")
        return {"line": f"{what}; see {help_for} --help", "what": what, "where": help_for, "fix": f"{help_for} --help"}
    what = " ".join(f"unexpected {type(error).__name__}: {error}".split()).rstrip(": ")
    fix = "set UBLOT_DEBUG=1 to see where, and report it"
    return {"line": f"{what}; {fix}", "what": what, "where": None, "fix": fix}


def _complain(parts: dict[str, Any], *, as_json: bool) -> None:
    note(f"ublot: {parts.pop('line', parts['what'])}")
    if as_json:
        print_json({"error": parts})


def note(line: str) -> None:
    """Write one line to stderr."""
    print(" ".join(line.split()), file=sys.stderr)
