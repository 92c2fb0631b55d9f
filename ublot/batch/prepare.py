"""What is settled before a batch starts: its options, its workers, and that its output folder may be written."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.batch import storage
from ublot.batch.discovery import BATCH_RECORD
from ublot.batch.lock import WORKSHOP
from ublot.batch.one_blot import Common
from ublot.errors import BlotError
from ublot.inputs.params import RUN_KEYS, make_params, read_config
from ublot.io.result_folder import json_bytes
from ublot.option_words import option_key, told

if TYPE_CHECKING:
    from ublot.batch.discovery import Item

__all__ = [
    "WRITER",
    "as_list",
    "check_batch_out",
    "common_options",
    "left_out",
    "make_ready",
    "with_scratch",
    "worker_count",
]

WRITER = "ublot batch"
SCRATCH = "scratch"


def as_list(inputs: str | Path | Sequence[str | Path]) -> list[str]:
    """One input or many as a list."""
    return [str(inputs)] if isinstance(inputs, str | Path) else [str(entry) for entry in inputs]


def common_options(place: str, config: Any, options: Mapping[str, Any], *, report: bool, force: bool) -> Common:
    """Options in a form that any machine understands: files that they name are read here and now."""
    with tempfile.TemporaryDirectory(prefix="ublot-") as scratch:
        if config is not None and not isinstance(config, Mapping):
            text = storage.absolute(config)
            if storage.is_url(text):
                try:
                    config = storage.fetch(text, Path(scratch))
                except OSError as error:
                    raise BlotError(storage.missing_or_unreachable(error), text, "give a TOML file") from None
            values = read_config(config)
        else:
            values = {key.replace("-", "_"): value for key, value in dict(config or {}).items()}
        make_params(config, **options)  # complains about whatever cannot be, with the file's name
        run_keys = {key: bool(values[key]) for key in RUN_KEYS if values.get(key)}
        values, given = _plain(values), _plain(options)
    report = report and not run_keys.get("no_report", False)
    return Common(place, values, given, report, force or run_keys.get("force", False))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was set, in its JSON form."""
    names = {key.replace("-", "_"): value for key, value in values.items() if value is not None}
    stored = make_params(names).model_dump(mode="json")
    return {key: stored[key] for key in names if key in stored}


def worker_count(workers: int | None, scheduler: str | None, all_places: Sequence[str]) -> int:
    """How many processes, 0 for this one, which is also where ``memory://`` is.

    Raises
    ------
    BlotError
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or not 0 <= workers <= 1024):
        raise BlotError(f"{workers!r} cannot be right", option_key("workers"), "allowed: a whole number from 0 to 1024")
    if any(storage.in_this_process_only(place.removeprefix("@")) for place in all_places):
        if scheduler is not None:
            raise BlotError(
                "memory:// exists in one process only", option_key("scheduler"), "use storage that all can reach"
            )
        return 0
    if scheduler is not None and workers is not None:
        raise BlotError(
            "a cluster has its own workers", option_key("workers"), told("give {workers} or {scheduler}, not both")
        )
    from ublot.batch.engines import available_cores

    return available_cores() if workers is None else workers


def check_batch_out(out: str, images: Iterable[str]) -> None:
    """Refuse a folder that holds something else than a batch."""
    fix = told("choose another folder with {out}")
    if storage.is_url(out):
        if not storage.exists(storage.child(out, BATCH_RECORD)):
            fs, path = storage.filesystem(out)
            names = {storage.file_name(str(p)) for p in _listing(fs, path)} - {WORKSHOP}
            if names:
                raise BlotError("the folder is not empty and was not written by ublot batch", out, fix)
        return
    folder = Path(out)
    for above in (folder, *folder.parents):
        if above.exists() and not above.is_dir():
            raise BlotError(f"a file is in the way: {above}", out, fix)
    try:
        entries = (
            {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")} if folder.exists() else ()
        )
    except OSError as error:
        raise BlotError(f"cannot look into the folder ({error.strerror})", out, fix) from None
    if entries and not _is_batch(folder):
        raise BlotError("the folder is not empty and was not written by ublot batch", out, fix)


def _listing(fs: Any, path: str) -> list[str]:
    try:
        fs.invalidate_cache()
        return list(fs.ls(path, detail=False))
    except FileNotFoundError:
        return []
    except Exception as error:  # noqa: BLE001 -- every kind of storage has errors of its own
        raise BlotError(f"cannot be listed ({error})", path, "check the URL and your credentials") from None


def _is_batch(folder: Path) -> bool:
    try:
        with (folder / BATCH_RECORD).open("rb") as file:
            return f'"writer": "{WRITER}"'.encode() in file.read(200)
    except OSError:
        return False


def left_out(out: str, items: Iterable[Item]) -> int:
    """How many results of the last run in the folder belong to none of `items`."""
    try:
        record = json.loads(storage.read_bytes(storage.child(out, BATCH_RECORD)))
        earlier = {entry["result"] for entry in record.get("images", ()) if entry["status"] == "done"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0
    return len(earlier.difference(item.folder for item in items))


def make_ready(out: str, items: Sequence[Item]) -> None:
    """Mark the folder as ours, remove what a killed run left behind, make the folders that workers will share."""
    record = storage.child(out, BATCH_RECORD)
    if storage.is_url(out):
        if not storage.exists(record):
            storage.write_bytes(record, json_bytes({"writer": WRITER, "status": "running"}))
        return
    try:
        if not Path(record).exists():
            storage.write_bytes(record, json_bytes({"writer": WRITER, "status": "running"}))
        for left in Path(out, WORKSHOP).iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
        for folder in {Path(out, item.folder).parent for item in items}:
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.glob(".*.ublot.????????.new"):
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror or error})", out, told("choose another {out}")) from None


def with_scratch(common: Common, out: str) -> Common:
    """The same, with unfinished work kept below the output folder, from where the next run removes it."""
    scratch = Path(out, WORKSHOP, SCRATCH)
    scratch.mkdir(parents=True, exist_ok=True)
    return replace(common, scratch=str(scratch))
