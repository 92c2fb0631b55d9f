"""What a batch says while it runs: a bar for a person, lines of JSON for a machine."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ublot.cli.errors import note

if TYPE_CHECKING:
    from ublot.batch.run import BatchProgress, BatchResult

__all__ = ["batch_progress", "print_summary"]

SHOWN = 10  # failures told at the end; all of them are in failures.csv


@contextmanager
def batch_progress(*, log_json: bool, shown: bool) -> Iterator[BatchProgress]:
    """Give what follows the events of a batch.

    Parameters
    ----------
    log_json : bool
        One JSON object per line on stdout, instead of a bar.
    shown : bool
        False draws no bar; notes are written all the same.
    """
    if log_json:
        yield _print_line
    elif shown and sys.stderr.isatty():
        with _bar() as follow:
            yield follow
    else:
        yield _note_only


def _print_line(event: Mapping[str, Any]) -> None:
    print(json.dumps({"time": round(time.time(), 3), **event}, ensure_ascii=False), flush=True)


def _note_only(event: Mapping[str, Any]) -> None:
    if event["event"] == "note":
        note(event["text"])


@contextmanager
def _bar() -> Iterator[BatchProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}")
    with RichProgress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("looking for blots", total=None, facts="")
        count = _Count()

        def follow(event: Mapping[str, Any]) -> None:
            kind = event["event"]
            if kind == "start":
                count.total, count.begin = event["blots"], time.monotonic()
                bar.update(task, description="blots", total=event["blots"])
            elif kind == "blot":
                count.add(event)
                bar.update(task, completed=count.done, facts=count.facts())
            elif kind == "tables":
                bar.update(task, description="writing the tables", facts="")
            elif kind == "note":
                bar.console.print(event["text"], markup=False, highlight=False)

        yield follow


class _Count:
    """Rate and time left, of blots that took work: those found done say nothing about the others."""

    def __init__(self) -> None:
        self.total, self.done, self.kept, self.failed, self.refused = 0, 0, 0, 0, 0
        self.begin = time.monotonic()

    def add(self, event: Mapping[str, Any]) -> None:
        self.done += 1
        self.kept += event["status"] == "kept"
        self.failed += event["status"] == "failed"
        self.refused += bool(event["refused"])

    def facts(self) -> str:
        worked, seconds = self.done - self.kept, time.monotonic() - self.begin
        parts = []
        if worked and seconds > 0:
            rate = worked / seconds
            pace = f"{rate:.1f} blots/s" if rate >= 1 else f"{60 * rate:.1f} blots/min"
            parts += [pace, f"{_clock((self.total - self.done) / rate)} left"]
        parts += [f"{n} {what}" for n, what in ((self.failed, "failed"), (self.refused, "refused")) if n]
        return ", ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def print_summary(result: BatchResult, *, quiet: bool) -> None:
    """Failures on stderr, how it went on stdout."""
    for failure in result.failures[:SHOWN]:
        note(f"{failure.image}: failed ({failure.stage}): {failure.error}")
    if len(result.failures) > SHOWN:
        note(f"and {len(result.failures) - SHOWN} more, see failures.csv")
    if quiet:
        return
    done = result.analysed + result.kept
    earlier = f", {result.kept} of them by an earlier run" if result.kept else ""
    refused = f"; {result.refused} refused by quality control" if result.refused else ""
    failed = f"; {len(result.failures)} failed, they are tried again on the next run" if result.failures else ""
    print(f"{done} of {result.blots} blots done{earlier}{refused}{failed}")
    print(f"The tables and index.html are in {result.out}")
