"""The folder that an analysis writes: all of it or nothing, and never over something that is not ours.

A result is written into a hidden folder beside its destination, which then takes the destination's place in one step.
Whoever reads the destination sees the old result or the new one, whole.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ublot.errors import BlotError, reason_of
from ublot.option_words import told

__all__ = [
    "OWN_FILES",
    "RECORD",
    "WRITER",
    "Kind",
    "check_out",
    "default_out",
    "has_edits",
    "json_bytes",
    "read_record",
    "write_result",
]

WRITER = "ublot analyze"
RECORD = "analysis.json"

#: What `analyze` may have written: replaced by the next run. Any other file in the folder is a person's, and stays.
OWN_FILES = frozenset(
    {
        RECORD,
        "lanes.csv",
        "species.csv",
        "profiles.csv",
        "summary.csv",
        "dose_response.csv",
        "tables.xlsx",
        "report.html",
        "overlay.png",
        "profiles.png",
        "scores.png",
        "panel.png",
        "panel.svg",
    }
)

Content = bytes | str | Callable[[Path], object]


@dataclass(frozen=True)
class Kind:
    """A kind of result folder.

    Attributes
    ----------
    record : str
        Name of the JSON file that says who wrote the folder.
    writer : str
        What it says.
    files : frozenset of str
        Names of all that this writer may have written.
    """

    record: str
    writer: str
    files: frozenset[str]


ANALYSIS = Kind(RECORD, WRITER, OWN_FILES)


def default_out(image: str | Path) -> Path:
    """``NAME.ublot`` beside the image ``NAME.tif``."""
    path = Path(image)
    return path.with_name(f"{path.stem}.ublot")


def check_out(out: str | Path, *, image: str | Path | None = None, force: bool = False, kind: Kind = ANALYSIS) -> Path:
    """Refuse a destination that must not be replaced; to be called before the work as well as before writing.

    Parameters
    ----------
    out : path
        Where the result shall stand: absent, empty, or an earlier result.
    image : path, optional
        The input, which must not lie in it.
    force : bool
        Replace a result that holds a person's edits.
    kind : Kind
        What kind of result may be replaced.

    Returns
    -------
    Path
        `out` with links resolved.

    Raises
    ------
    BlotError
        A file is in the way, the folder is not ours, it holds edits, or the input.
    """
    fix = told("choose another folder with {out}")
    place = Path(os.path.realpath(out))
    if image is not None:
        source = Path(os.path.realpath(image))
        if source == place or place in source.parents:
            raise BlotError("the result would replace the input image", out, fix)
    try:
        for parent in (place, *place.parents):
            if os.path.lexists(parent) and not parent.is_dir():
                raise BlotError(f"a file is in the way: {parent}", out, fix)
        if not place.exists() or not any(place.iterdir()):
            return place
    except OSError as error:
        raise BlotError(f"cannot look into the folder ({reason_of(error)})", out, fix) from None
    record = _own_record(place, kind)
    if record is None:
        raise BlotError(f"the folder is not empty and was not written by {kind.writer}", out, fix)
    if has_edits(record) and not force:
        raise BlotError(
            "the result there holds edits made by hand", out, told("{fix}, or replace it with {force}", fix=fix)
        )
    return place


def write_result(
    out: str | Path,
    files: Mapping[str, Content],
    *,
    image: str | Path | None = None,
    force: bool = False,
    kind: Kind = ANALYSIS,
) -> Path:
    """Write a result folder, replacing an earlier result in one step.

    Parameters
    ----------
    out : path
        See `check_out`. Parents are made. Files in it that no analysis writes are kept.
    files : mapping of str to bytes, str or callable
        Content by file name; a callable is given the path to write to. ``analysis.json`` must be among them and say
        ``"writer": "ublot analyze"``: `json_bytes` makes its content.
    image, force, kind
        See `check_out`.

    Returns
    -------
    Path
        `out`, links resolved.

    Raises
    ------
    BlotError
        As `check_out`; or the disk refuses. Then nothing new is left behind and an earlier result is untouched.
    """
    if kind.record not in files:
        raise KeyError(f"a result needs {kind.record}")
    place = check_out(out, image=image, force=force, kind=kind)
    made: list[Path] = []
    fresh = place.with_name(f".{place.name[:80]}.{secrets.token_hex(4)}.new")
    try:
        made = _make_parents(place.parent)
        fresh.mkdir()
        for name, content in files.items():
            _write(fresh / name, content)
        if place.is_dir():
            _keep_foreign(place, fresh, kind.files)
        _swap(fresh, place)
    except OSError as error:
        raise BlotError(
            f"cannot write the result ({reason_of(error)})",
            out,
            told("free the disk or choose {out}"),
            refused=error.errno,
        ) from None
    finally:
        # After success this is the old result, after failure the unfinished one.
        shutil.rmtree(fresh, ignore_errors=True)
        for parent in reversed(made):
            with suppress(OSError):
                parent.rmdir()  # refused, as it should be, where the result now stands
    return place


def read_record(folder: str | Path) -> dict[str, Any]:
    """Read the ``analysis.json`` of a result.

    Raises
    ------
    BlotError
        The folder is not a result of ``ublot analyze``.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "is a file, not a result folder" if folder.exists() else "no such result folder"
        raise BlotError(problem, folder, "give a folder that ublot analyze wrote")
    record = _own_record(folder)
    if record is None:
        problem = f"{RECORD} is damaged" if (folder / RECORD).exists() else f"no {RECORD} in the folder"
        raise BlotError(problem, folder, "give a folder that ublot analyze wrote")
    return record


def json_bytes(record: Any) -> bytes:
    """JSON that any reader accepts: numpy values as numbers and lists, NaN and infinities as null, paths as text.

    Floats keep every digit, so that reading gives the same number.
    """
    text = json.dumps(_plain(record), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    # Half a character, as in a file name that is no Unicode, becomes JSON's own escape for it and is read back.
    return text.encode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, os.PathLike) else value


def _own_record(folder: Path, kind: Kind = ANALYSIS) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / kind.record).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and record.get("writer") == kind.writer else None


def has_edits(record: Mapping[str, Any]) -> bool:
    """Whether the record of a result holds what a person changed by hand."""
    edits = record.get("edits")
    return any(item not in (None, [], {}) for item in edits.values()) if isinstance(edits, dict) else bool(edits)


def _make_parents(folder: Path) -> list[Path]:
    """Make the folders that are missing; return them, outermost first."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()][::-1]
    for parent in missing:
        parent.mkdir(exist_ok=True)
    return missing


def _write(path: Path, content: Content) -> None:
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _keep_foreign(old: Path, new: Path, own: Collection[str]) -> None:
    """Bring what a person put into the old result over to the new one."""

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:
            shutil.copy2(source, target, follow_symlinks=False)

    for entry in old.iterdir():
        if entry.name in own or (new / entry.name).exists():
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, new / entry.name, symlinks=True, copy_function=link)
        else:
            link(str(entry), str(new / entry.name))


def _swap(fresh: Path, place: Path) -> None:
    """Put `fresh` in the place of `place`; what stood there is afterwards at `fresh`, or gone."""
    if not place.exists() or not any(place.iterdir()):
        with suppress(FileNotFoundError):
            place.rmdir()  # only an empty one; not every system renames onto it
        fresh.rename(place)
        return
    if _exchange(fresh, place):
        return
    aside = fresh.with_suffix(".old")
    place.rename(aside)
    try:
        fresh.rename(place)
    except BaseException:
        aside.rename(place)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step where the system can (Linux); False where it cannot."""
    import ctypes

    at_fdcwd, rename_exchange = -100, 2
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    done = renameat2(at_fdcwd, os.fsencode(one), at_fdcwd, os.fsencode(other), rename_exchange)
    return bool(done == 0)
