"""When a blot is done: its result folder is complete, and was made from the same input in the same way.

``done.json`` in a result folder says what it was made from, which files belong to it and what they show. It is written
with the folder in one step, on object storage as the last file; without it nothing is done.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot import __version__
from ublot.batch import storage
from ublot.errors import BlotError, reason_of
from ublot.io.result_folder import RECORD, WRITER, has_edits, json_bytes, write_result
from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params

__all__ = [
    "DONE",
    "Made",
    "adopt",
    "file_digest",
    "keeps_edits",
    "layout_digest",
    "made_from",
    "publish",
    "read_done",
    "read_lanes",
]

DONE = "done.json"
WRITER_OF_DONE = "ublot batch"
NEEDED = frozenset({"made", "report", "refused", "extra_columns", "files"})


@dataclass(frozen=True, slots=True)
class Made:
    """What a result was made from: it is done only where all of it is the same.

    Attributes
    ----------
    image, layout : str
        SHA-256 of the image's bytes, and of what the layout says (empty without one).
    params : dict
        Every option, in its JSON form.
    version : str
        Of ublot.
    marker : str
        SHA-256 of another file that shows the marker; empty without one.
    """

    image: str
    layout: str
    params: dict[str, Any]
    version: str
    marker: str = ""


def made_from(image_sha256: str, layout: Layout | None, params: Params, marker_sha256: str = "") -> Made:
    """What a result would be made from now."""
    return Made(image_sha256, layout_digest(layout), params.model_dump(mode="json"), __version__, marker_sha256)


def layout_digest(layout: Layout | None) -> str:
    """SHA-256 of the lanes that a layout describes, whatever file they came from."""
    return "" if layout is None else hashlib.sha256(json_bytes(layout.records())).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file.

    Raises
    ------
    OSError
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_done(folder: str) -> dict[str, Any] | None:
    """Content of ``done.json`` where the result is complete: every file of it is there in its size.

    Parameters
    ----------
    folder : str
        Place of a result.
    """
    record = _read_json(storage.child(folder, DONE))
    if record is None or record.get("writer") != WRITER_OF_DONE or not record.keys() >= NEEDED:
        return None
    return record if _sizes(folder).items() >= record["files"].items() else None


def keeps_edits(folder: str, made: Made, layout: Layout | None) -> bool:
    """Whether a person edited the result by hand, and it is of the same image, layout and options."""
    record = None if storage.is_url(folder) else _read_json(storage.child(folder, RECORD))
    if record is None or record.get("writer") != WRITER or not has_edits(record):
        return False
    rows = None if layout is None else json.loads(json_bytes(layout.records()))
    return bool((record["image"]["sha256"], record["layout"], record["params"]) == (made.image, rows, made.params))


def adopt(folder: str, made: Made, name: str, place: str, shows: Mapping[str, Any]) -> None:
    """Declare a result done as it is, with a person's edits.

    Raises
    ------
    BlotError
        It cannot be written.
    """
    sizes = {file: size for file, size in _sizes(folder).items() if file != DONE}
    try:
        storage.write_bytes(storage.child(folder, DONE), _done_bytes(made, name, place, shows, sizes))
    except OSError as error:
        raise BlotError(f"cannot write the result ({reason_of(error)})", folder, refused=error.errno) from None


def _done_bytes(made: Made, name: str, place: str, shows: Mapping[str, Any], sizes: Mapping[str, int]) -> bytes:
    record = {"writer": WRITER_OF_DONE, "image": name, "place": place, "made": asdict(made), **shows, "files": sizes}
    return json_bytes(record)


def publish(
    staged: Path, folder: str, made: Made, name: str, place: str, shows: Mapping[str, Any], *, force: bool
) -> None:
    """Put a finished result into its place, ``done.json`` with it.

    Parameters
    ----------
    staged : Path
        Folder of this machine with the files of the result.
    folder : str
        Where they go.
    made : Made
    name, place : str
        Of the image.
    shows : mapping
        What the tables and the page of the whole batch tell about this blot.
    force : bool
        Replace a result that holds a person's edits.

    Raises
    ------
    BlotError
        The folder is not ours, holds edits, or cannot be written.
    """
    files = {path.name: path for path in sorted(staged.iterdir())}
    sizes = {file: path.stat().st_size for file, path in files.items()}
    contents = {file: path.read_bytes() for file, path in files.items()}
    contents[DONE] = _done_bytes(made, name, place, shows, sizes)
    if storage.is_url(folder):
        _upload(contents, folder, force=force)
    else:
        write_result(folder, contents, force=force)


def _upload(contents: Mapping[str, bytes], folder: str, *, force: bool) -> None:
    """Write to storage that has no folders to rename: what says «done» goes first and comes last."""
    record, sizes = _read_json(storage.child(folder, RECORD)), _sizes(folder)
    fix = told("choose another {out}")
    if sizes and (record is None or record.get("writer") != WRITER):
        raise BlotError("the folder is not empty and was not written by ublot", folder, fix)
    if record is not None and has_edits(record) and not force:
        raise BlotError(
            "the result there holds edits made by hand", folder, told("{fix}, or replace it with {force}", fix=fix)
        )
    old = _read_json(storage.child(folder, DONE)) or {}
    try:
        fs, path = storage.filesystem(folder)
        stale = [name for name in old.get("files", {}) if name in sizes and name not in contents]
        for name in [name for name in (DONE, *stale) if name in sizes]:
            fs.rm_file(f"{path}/{name}")
        # The record first: an upload that is cut short is then known to be ours.
        for name in sorted(contents, key=lambda name: (name == DONE, name != RECORD, name)):
            storage.write_bytes(storage.child(folder, name), contents[name])
    except OSError as error:
        raise BlotError(f"cannot write the result ({reason_of(error)})", folder, fix, refused=error.errno) from None


def _sizes(folder: str) -> dict[str, int]:
    """Bytes of every file in a folder, by name; empty where there is none."""
    try:
        if not storage.is_url(folder):
            return {path.name: path.stat().st_size for path in Path(folder).iterdir() if path.is_file()}
        fs, path = storage.filesystem(folder)
        fs.invalidate_cache()
        return {storage.file_name(f["name"]): int(f["size"]) for f in fs.ls(path, detail=True) if f["type"] == "file"}
    except OSError:
        return {}


def _read_json(place: str) -> dict[str, Any] | None:
    try:
        record = json.loads(storage.read_bytes(place))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def read_lanes(folder: str, text: list[str]) -> dict[str, list[Any]]:
    """Columns of a result's ``lanes.csv``, floats except `text`, those of the layout beyond the known ones included.

    Raises
    ------
    BlotError
        Not there, or damaged.
    """
    from ublot.io.columns import read_csv
    from ublot.results.columns import LANE_COLUMNS

    place = storage.child(folder, "lanes.csv")
    with tempfile.TemporaryDirectory(prefix="ublot-") as scratch:
        try:
            path = storage.fetch(place, Path(scratch))
        except OSError as error:
            raise BlotError(storage.missing_or_unreachable(error), place, "run the batch again") from None
        numeric = [name for name in LANE_COLUMNS if name not in text]
        return read_csv(path, numeric)
