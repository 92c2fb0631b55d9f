"""`run_batch`: the inputs, the engine and the tables put together."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot import __version__
from ublot.batch import storage
from ublot.batch.discovery import BATCH_RECORD, Item, find_items
from ublot.batch.done import read_done
from ublot.batch.joined_tables import Failure, extras_of, results_of, write_failures, write_lanes, writing
from ublot.batch.layout_sheet import LayoutSheet, count_names, read_common
from ublot.batch.lock import hold
from ublot.batch.one_blot import Common, Job, Outcome, is_marker_of
from ublot.batch.prepare import (
    WRITER,
    as_list,
    check_batch_out,
    common_options,
    left_out,
    make_ready,
    with_scratch,
    worker_count,
)
from ublot.errors import BlotError
from ublot.io.result_folder import json_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BatchInterrupted", "BatchProgress", "BatchResult", "run_batch"]

BatchProgress = Callable[[Mapping[str, Any]], object]


class BatchInterrupted(KeyboardInterrupt):
    """A batch that was stopped by hand: what is done stays, and the same call goes on from there."""


@dataclass(frozen=True)
class BatchResult:
    """How a batch went.

    Attributes
    ----------
    out : str
        Where its results and tables are.
    blots : int
        How many were asked for.
    analysed, kept : int
        Done by this run, and done before it.
    refused : int
        Of those done: where quality control let no lane be scored.
    failures : tuple of Failure
    notes : tuple of str
        What is worth knowing, in words.
    """

    out: str
    blots: int
    analysed: int
    kept: int
    refused: int
    failures: tuple[Failure, ...]
    notes: tuple[str, ...] = ()

    @property
    def lanes(self) -> pd.DataFrame:
        """All lanes of all blots that are done: the content of ``lanes.parquet``."""
        import pandas as pd

        if not storage.is_url(self.out):
            return pd.read_parquet(Path(self.out, "lanes.parquet"))
        import io

        return pd.read_parquet(io.BytesIO(storage.read_bytes(storage.child(self.out, "lanes.parquet"))))


def run_batch(
    inputs: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    layout: Any = None,
    config: str | Path | Mapping[str, Any] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    report: bool = True,
    force: bool = False,
    progress: BatchProgress | None = None,
    **options: Any,
) -> BatchResult:
    """Analyse many blots, each with its own layout beside it; go on where an earlier run was stopped.

    Parameters
    ----------
    inputs : str, path or sequence of them
        Folders (with all below), globs, ``@list.txt``, image files; paths or fsspec URLs.
    out : str or path
        Output folder, or a URL.
    layout : path, URL, DataFrame or list of mappings, optional
        For images without ``NAME.layout.csv`` beside them: with a column ``image`` the lanes of many images in one
        sheet, without it the lanes of every image.
    config : path, URL or mapping, optional
        Options for all; those in ``NAME.toml`` beside an image go before them, and `options` before both.
    workers : int, optional
        Processes; by default the cores that may be used. 0 works in this process.
    scheduler : str, optional
        Address of a running dask scheduler, to work on its cluster instead.
    report : bool
        With page and figures of every blot.
    force : bool
        Do everything anew, also results that hold a person's edits.
    progress : callable, optional
        Given a mapping with ``event`` (``start``, ``blot``, ``note``, ``tables``, ``end``) and what belongs to it.
    **options
        Those of `ublot.analyze`.

    Returns
    -------
    BatchResult

    Raises
    ------
    BlotError
        Inputs, options or output cannot be used, or another run writes there. One bad blot raises nothing.
    BatchInterrupted
        By Ctrl-C.
    """
    force, report = force or bool(options.pop("force", False)), report and not options.pop("no_report", False)
    place = storage.absolute(out)
    common = common_options(place, config, options, report=report, force=force)
    workers = worker_count(workers, scheduler, [*as_list(inputs), place])
    sheet = read_common(layout)
    items = find_items(as_list(inputs), place)
    shown_by = is_marker_of(items, common)
    items = [item for item in items if item.place not in shown_by]
    tell = _Teller(progress)
    check_batch_out(place, [item.place for item in items])
    with hold(place):
        if earlier := left_out(place, items):
            tell.note(f"{earlier} results of the last run are of other images: they stay, but not in the tables")
        make_ready(place, items)
        if not storage.is_url(place) and scheduler is None:
            common = with_scratch(common, place)
        run = _Run(place, items, sheet, tell)
        try:
            return run.all(_outcomes(run.jobs(), common, workers, scheduler, tell))
        except KeyboardInterrupt:
            run.record("interrupted")
            done = f"{run.analysed + run.kept} of {len(items)} blots are done and kept"
            raise BatchInterrupted(f"stopped: {done}; run the same command again to go on") from None
        finally:
            if common.scratch is not None:
                shutil.rmtree(common.scratch, ignore_errors=True)


# ------------------------------------------------------------------------------------------------------- while it runs
def _outcomes(
    jobs: Iterable[Job], common: Common, workers: int, scheduler: str | None, tell: _Teller
) -> Iterator[Outcome]:
    from ublot.batch import engines

    if scheduler is not None:
        return engines.run_cluster(jobs, common, scheduler, tell.note)
    return engines.run_pool(jobs, common, workers) if workers else engines.run_serial(jobs, common)


class _Teller:
    """Hands events on to whoever listens, and collects the notes."""

    def __init__(self, progress: BatchProgress | None) -> None:
        self._progress = progress
        self.notes: list[str] = []

    def __call__(self, event: str, **facts: Any) -> None:
        if self._progress is not None:
            self._progress({"event": event, **facts})

    def note(self, line: str) -> None:
        self.notes.append(line)
        self("note", text=line)


@dataclass
class _Run:
    """Counts and failures of a run under way."""

    out: str
    items: list[Item]
    sheet: LayoutSheet
    tell: _Teller
    analysed: int = 0
    kept: int = 0
    refused: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)

    def jobs(self) -> Iterator[Job]:
        """One after the other, made when asked for."""
        names = count_names(self.items) if self.sheet.rows else {}
        for name in self.sheet.unused(names) if self.sheet.rows else ():
            self.tell.note(f"{self.sheet.name}: image {name!r} is not among the inputs")
        for item in self.items:
            found = self.sheet.of(item, names)
            if isinstance(found, BlotError):
                yield Job(item, None, (found.what, found.where, found.fix))
            else:
                yield Job(item, found)

    def all(self, outcomes: Iterator[Outcome]) -> BatchResult:
        """Follow the outcomes to the end and write the tables."""
        self.tell("start", blots=len(self.items), out=self.out, version=__version__)
        begin = time.monotonic()
        try:
            for outcome in outcomes:
                self._count(outcome)
        finally:
            close = getattr(outcomes, "close", None)
            if close is not None:
                close()  # ends the workers of a run that was cut short
        self.tell("tables")
        result = self._write()
        self.tell(
            "end", seconds=round(time.monotonic() - begin, 3), blots=result.blots, analysed=result.analysed,
            kept=result.kept, refused=result.refused, failed=len(result.failures), out=self.out,
        )  # fmt: skip
        return result

    def _count(self, outcome: Outcome) -> None:
        self.analysed += outcome.status == "analysed"
        self.kept += outcome.status == "kept"
        self.refused += outcome.refused
        if outcome.status == "failed":
            self.failures[outcome.name] = Failure(outcome.name, outcome.stage, outcome.error)
        extra = {"stage": outcome.stage, "error": outcome.error} if outcome.status == "failed" else {}
        self.tell(
            "blot", image=outcome.name, status=outcome.status, refused=outcome.refused,
            seconds=round(outcome.seconds, 3), **extra,
        )  # fmt: skip
        if outcome.fatal:
            self.record("interrupted")
            raise BlotError(f"stopped: {outcome.error}", self.out, "mend that and run the same command again to go on")

    def _write(self) -> BatchResult:
        extras, refused = self._survey()
        done = [item for item in self.items if item.name not in self.failures]
        failures = [self.failures[item.name] for item in self.items if item.name in self.failures]
        write_lanes(self.out, done, extras)
        write_failures(self.out, failures)
        from ublot.batch.index_page import write_page

        counts = {"blots": len(self.items), "done": len(done), "refused": refused, "failed": len(failures)}
        shown = ((item, record) for item, record in results_of(self.out, done) if record is not None)
        write_page(self.out, shown, failures, counts, __version__)
        self.record("failures" if failures else "complete")
        notes = tuple(self.tell.notes)
        return BatchResult(self.out, len(self.items), self.analysed, self.kept, refused, tuple(failures), notes)

    def _survey(self) -> tuple[list[str], int]:
        """Check that every result is there; extra columns of all, and how many blots are refused."""
        extras: dict[str, None] = {}
        refused = 0
        for item in self.items:
            if item.name in self.failures:
                continue
            record = read_done(storage.child(self.out, item.folder))
            if record is None:
                why = "the result is not there, though a worker wrote it: do all machines see the same output folder?"
                self.failures[item.name] = Failure(item.name, "writing", why)
                continue
            extras.update(dict.fromkeys(extras_of([record])))
            refused += bool(record["refused"])
        return list(extras), refused

    def record(self, status: str) -> None:
        """Write ``batch.json``."""
        states = ((item, "failed" if item.name in self.failures else "done") for item in self.items)
        facts = {
            "writer": WRITER, "status": status, "version": __version__, "blots": len(self.items),
            "analysed": self.analysed, "kept": self.kept, "failed": len(self.failures),
        }  # fmt: skip
        complete = status != "interrupted"
        with nullcontext() if complete else suppress(BlotError), writing(self.out, BATCH_RECORD) as path:
            _write_record(path, facts, states if complete else ())


def _write_record(path: Path, facts: Mapping[str, Any], states: Iterable[tuple[Item, str]]) -> None:
    """JSON with a list of all images, one on a line, none of them held in memory."""
    with path.open("wb") as file:
        file.write(json_bytes(facts).rstrip().removesuffix(b"}").rstrip() + b',\n "images": [')
        for i, (item, state) in enumerate(states):
            entry = {"image": item.name, "place": storage.readable(item.place), "result": item.folder, "status": state}
            file.write((b",\n" if i else b"\n") + json_bytes(entry).strip().replace(b"\n", b""))
        file.write(b"\n ]\n}\n")
