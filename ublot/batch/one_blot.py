"""One blot of a batch, from its files to its finished result folder: what a worker does, on whatever machine."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from ublot.batch import storage
from ublot.batch.blot_summary import THUMBNAIL, shown, thumbnail
from ublot.batch.done import adopt, file_digest, keeps_edits, made_from, publish, read_done
from ublot.errors import FATAL, BlotError, reason_of
from ublot.inputs.layout import Layout, read_layout
from ublot.inputs.params import Params, make_params, read_config, with_stem
from ublot.io.result_folder import RECORD, json_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.batch.discovery import Item
    from ublot.io.tables import Table
    from ublot.results.analysis import Analysis

__all__ = ["Common", "Job", "Outcome", "is_marker_of", "work"]

_FILE_KEYS = ("marker_positions", "marker_image", "normalise")


@dataclass(frozen=True, slots=True)
class Common:
    """What holds for all blots of a run.

    Attributes
    ----------
    out : str
        Place of the output folder.
    config, given : dict
        Options of the common file, and those given directly: a file beside an image stands between the two.
    report : bool
        With page, figures and workbook.
    force : bool
        Redo what is done, and replace results that hold edits.
    scratch : str or None
        Folder for unfinished work; the system's where None.
    """

    out: str
    config: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    report: bool = True
    force: bool = False
    scratch: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One blot to do.

    Attributes
    ----------
    item : Item
    layout : Layout, Table, or None
        From what was given for the whole batch.
    problem : (str, str, str) or None
        What is wrong with that, where and how to mend it: raised unless a layout lies beside the image.
    """

    item: Item
    layout: Layout | Table | None = None
    problem: tuple[str, str | None, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went.

    Attributes
    ----------
    name : str
        Of the blot.
    status : {"analysed", "kept", "failed"}
        ``kept``: it was done already.
    stage, error : str
        Of a failure: where it happened, and why in one line.
    refused : bool
        Quality control let no lane be scored.
    seconds : float
    fatal : bool
        No other blot can be written either.
    """

    name: str
    status: Literal["analysed", "kept", "failed"]
    stage: str = ""
    error: str = ""
    refused: bool = False
    seconds: float = 0.0
    fatal: bool = False


class _Stage:
    """Where the work is, for the message if it ends there."""

    def __init__(self) -> None:
        self.name = "input"

    def __call__(self, name: str, _done: float = 0.0) -> None:
        self.name = name


def work(job: Job, common: Common) -> Outcome:
    """Analyse one blot and put its result into place, unless that is done already.

    Whatever is wrong with the blot is told in the outcome, never raised.

    Parameters
    ----------
    job : Job
    common : Common

    Returns
    -------
    Outcome
    """
    begin, stage = time.monotonic(), _Stage()
    try:
        with tempfile.TemporaryDirectory(prefix="blot-", dir=common.scratch, ignore_cleanup_errors=True) as scratch:
            status, refused = _work(job, common, Path(scratch), stage)
        return Outcome(job.item.name, status, refused=refused, seconds=time.monotonic() - begin)
    except BlotError as error:
        text, fatal = str(error), error.refused in FATAL
    except MemoryError:
        text, fatal = "out of memory; use fewer workers, or a smaller picture", False
    except OSError as error:
        text, fatal = reason_of(error), error.errno in FATAL
    except Exception as error:  # noqa: BLE001 -- one blot must never take the others with it
        text, fatal = f"unexpected {type(error).__name__}: {error}".rstrip(": "), False
    line = storage.readable(" ".join(text.split()))
    return Outcome(job.item.name, "failed", stage.name, line, False, time.monotonic() - begin, fatal)


def _work(job: Job, common: Common, scratch: Path, stage: _Stage) -> tuple[Literal["analysed", "kept"], bool]:
    item, folder = job.item, storage.child(common.out, job.item.folder)
    image = _fetch_image(item, scratch)
    digest = file_digest(image)
    stage("options")
    values = common.config | _options_beside(item, scratch) | common.given
    params = make_params(values)
    report, force = common.report and not values.get("no_report"), common.force or bool(values.get("force"))
    stage("layout")
    layout = _layout_of(job, scratch)
    if layout is not None:
        layout.check_count(params.lanes)
    shows_marker = _marker_picture(item, params, scratch)
    made = made_from(digest, layout, params, file_digest(shows_marker) if shows_marker is not None else "")
    if not force:
        done = read_done(folder)
        if done is not None and done["made"] == json.loads(json_bytes(asdict(made))) and done["report"] >= report:
            return "kept", bool(done["refused"])
        if keeps_edits(folder, made, layout):
            from ublot.results.reopening import load

            edited = {"report": report, **shown(load(folder))}
            adopt(folder, made, item.name, item.place, edited)
            return "kept", bool(edited["refused"])
    stage("reading the image")
    if shows_marker is not None and storage.is_url(item.place):
        params = params.model_copy(update={"marker_image": str(shows_marker)})
    analysis = _analyse(item, image, layout, params, stage)
    stage("writing")
    staged = analysis.save(scratch / "result", report=report)
    if storage.is_url(item.place):
        _name_place(staged / RECORD, item.place)
    (staged / THUMBNAIL).write_bytes(thumbnail(analysis.blot.signal))
    shows = {"report": report, **shown(analysis)}
    made = replace(made, image=analysis.source.sha256)  # should the file have changed since
    publish(staged, folder, made, item.name, item.place, shows, force=force)
    return "analysed", bool(shows["refused"])


def _fetch_image(item: Item, scratch: Path) -> Path:
    try:
        path = storage.fetch(item.place, scratch)
        if path.is_dir():
            raise IsADirectoryError
        if not path.exists():
            raise FileNotFoundError
        if not path.is_file():
            raise BlotError("is not a regular file", item.place, "give an image file")
    except OSError as error:
        raise BlotError(storage.missing_or_unreachable(error), item.place, "check the path") from None
    return path


def _beside(item: Item, suffix: str) -> str:
    stem = PurePosixPath(storage.file_name(item.place)).stem
    return storage.child(storage.parent(item.place), f"{stem}{suffix}")


def _options_beside(item: Item, scratch: Path) -> dict[str, Any]:
    """Options of ``NAME.toml`` beside the image, checked on their own so that a message names the file."""
    place = _beside(item, ".toml")
    if not storage.exists(place):
        return {}
    path = storage.fetch(place, scratch)
    values = read_config(path)
    for key in _FILE_KEYS:
        named = values.get(key)
        if (
            storage.is_url(place)
            and isinstance(named, str)
            and storage.exists(near := storage.child(storage.parent(place), named))
        ):
            values[key] = str(storage.fetch(near, scratch))
    try:
        make_params(values)
    except BlotError as error:
        raise BlotError(error.what, f"{place}, {error.where}" if error.where else place, error.fix) from None
    return values


def _marker_picture(item: Item, params: Params, scratch: Path) -> Path | None:
    """The other file that shows a blot's marker: where the options say, else beside the image."""
    if params.marker_image is None:
        return None
    places = _marker_places(item, params.marker_image)
    for place in places:
        if storage.exists(place):
            return storage.fetch(place, scratch)
    raise BlotError("no such file", places[-1], "check the name of the marker's picture")


def _marker_places(item: Item, named: str) -> tuple[str, str]:
    """Where a blot's other picture may lie: as named, and beside the image."""
    name = with_stem(named, storage.file_name(item.place))
    return storage.absolute(name), storage.child(storage.parent(item.place), name)


def is_marker_of(items: Sequence[Item], common: Common) -> set[str]:
    """Places of files that only show the marker of one of the blots: they are no blots themselves."""
    found: set[str] = set()
    shared = {**common.config, **common.given}.get("marker_image")
    for item in items:
        named = shared
        beside = _beside(item, ".toml")
        if not storage.is_url(beside) and storage.exists(beside):
            with contextlib.suppress(BlotError):  # what is wrong with it is told when its blot is analysed
                named = common.given.get("marker_image") or read_config(beside).get("marker_image", shared)
        if isinstance(named, str):
            found.update(place for place in _marker_places(item, named) if place != item.place)
    return found


def _layout_of(job: Job, scratch: Path) -> Layout | None:
    """Layout beside the image, else the one given for the batch."""
    place = _beside(job.item, ".layout.csv")
    if storage.exists(place):
        layout = read_layout(storage.fetch(place, scratch))
        return replace(layout, name=place)
    if job.problem is not None:
        raise BlotError(*job.problem)
    return None if job.layout is None else read_layout(job.layout)


def _analyse(item: Item, image: Path, layout: Layout | None, params: Params, stage: _Stage) -> Analysis:
    """Analysis of a file of this machine; the copy of a remote one leaves no trace of where it lay."""
    from ublot.pipeline.pixels import read_pixels
    from ublot.results.analysis import analyze

    config = params.model_dump(mode="json")
    if not storage.is_url(item.place):
        return analyze(image, layout=layout, config=config, progress=stage)
    try:
        blot = read_pixels(image, params)
    except BlotError as error:
        raise BlotError(error.what, str(error.where or "").replace(str(image), item.place), error.fix) from None
    blot = replace(blot, source=replace(blot.source, path=None))
    return analyze(blot, layout=layout, config=config, progress=stage)


def _name_place(record: Path, place: str) -> None:
    content = json.loads(record.read_bytes())
    content["image"]["path"] = place
    record.write_bytes(json_bytes(content))
