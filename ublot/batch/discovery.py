"""Which blots: folders, globs, lists and URLs to one ordered list, each blot with a name of its own."""

from __future__ import annotations

import glob
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

from ublot.batch import storage
from ublot.errors import BlotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BATCH_RECORD", "IMAGE_SUFFIXES", "Item", "find_items"]

#: What a folder is searched for. A file that is named outright, or matched by a glob, may have any other suffix.
IMAGE_SUFFIXES = frozenset({".tif", ".tiff", ".gel", ".1sc", ".scn", ".mscn", ".png", ".jpg", ".jpeg", ".gif", ".bmp"})
COMPANIONS = frozenset({".csv", ".tsv", ".toml", ".json", ".txt", ".xlsx", ".xlsm", ".html", ".md", ".pdf", ".parquet"})
BATCH_RECORD = "batch.json"
RESULT_RECORD = "analysis.json"
MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Item:
    """One blot to analyse.

    Attributes
    ----------
    name : str
        What it is called in tables: its path below the folder or the fixed part of the glob it was found by.
    place : str
        Absolute path or URL.
    folder : str
        Of its result, below the output folder.
    """

    name: str
    place: str
    folder: str


def find_items(inputs: Iterable[str | Path], out: str) -> list[Item]:
    """All blots that `inputs` name, in their order, each once; those of a folder or a glob sorted by name.

    Parameters
    ----------
    inputs : iterable of str or path
        Folders (searched with all below them), globs (``**`` reaches down), ``@list.txt`` (one entry per line, relative
        to the list; ``#`` starts a comment), image files; paths or URLs.
    out : str
        The output folder: never searched.

    Returns
    -------
    list of Item

    Raises
    ------
    BlotError
        An input that does not exist or holds no image. An entry of a list that does not exist is no error here: it is
        that blot's own failure.
    """
    found: dict[str, str] = {}
    given = list(inputs)
    for entry in given:
        for name, place in _expand(str(entry), out, many=len(given) > 1):
            found.setdefault(place, name)
    if not found:
        raise BlotError("no images among the inputs", "batch", "give folders, globs, @list.txt or image files")
    return _named(found)


def _expand(text: str, out: str, *, many: bool) -> Iterator[tuple[str, str]]:
    if text.startswith("@") and not storage.exists(storage.absolute(text)):
        yield from _listed(text[1:], out)
        return
    place = storage.absolute(text)
    pairs = _remote(place, out) if storage.is_url(place) else _local(place, out)
    if pairs is None:
        fix = "check the spelling; a glob with * is expanded by ublot when the shell finds nothing"
        raise BlotError("no such file or folder", text, fix)
    if not pairs:
        raise BlotError("no images there", text, f"ublot looks for {', '.join(sorted(IMAGE_SUFFIXES))}")
    for name, found in pairs:
        # A shell that expands `scans/*` hands over the layouts as well.
        if not (many and _is_companion(found)):
            yield name, found


def _listed(text: str, out: str) -> Iterator[tuple[str, str]]:
    place = storage.absolute(text)
    try:
        lines = storage.read_bytes(place).decode("utf-8-sig").splitlines()
    except OSError as error:
        raise BlotError(storage.missing_or_unreachable(error), f"@{text}", "give a text file") from None
    except UnicodeDecodeError:
        raise BlotError("the list is not UTF-8 text", f"@{text}", "write one image per line") from None
    base = storage.parent(place)
    entries = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not entries:
        raise BlotError("the list is empty", f"@{text}", "write one image per line")
    for entry in entries:
        remote = storage.is_url(entry) or (storage.is_url(base) and not entry.startswith("/"))
        full = entry if storage.is_url(entry) else storage.child(base, entry) if remote else os.path.join(base, entry)
        full = storage.absolute(full)
        pairs = _remote(full, out) if storage.is_url(full) else _local(full, out)
        if pairs and not (len(pairs) == 1 and pairs[0][1] == full):
            yield from pairs
        else:
            yield _name_in_list(entry), full


def _name_in_list(entry: str) -> str:
    """Path as the list has it where that stays below; else the file's name."""
    parts = PurePosixPath(entry.replace(os.sep, "/")).parts
    inside = not storage.is_url(entry) and not os.path.isabs(entry) and ".." not in parts
    return "/".join(part for part in parts if part != ".") if inside else storage.file_name(entry)


def _is_companion(place: str) -> bool:
    return PurePosixPath(place).suffix.lower() in COMPANIONS


def _wanted(matched: list[str]) -> list[str]:
    return sorted(path for path in matched if not _is_companion(path))


def _fixed_part(pattern: str) -> str:
    """Folder above the first part with a wildcard."""
    parts = pattern.split("/")
    first = next(i for i, part in enumerate(parts) if MAGIC & set(part))
    return "/".join(parts[:first])


# ------------------------------------------------------------------------------------------------------ this machine
def _local(place: str, out: str) -> list[tuple[str, str]] | None:
    """Names and places; None where there is nothing of that name."""
    if os.path.isfile(place):
        return [(os.path.basename(place), place)]
    if os.path.isdir(place):
        return [(PurePath(os.path.relpath(path, place)).as_posix(), path) for path in sorted(_walk(place, out))]
    if os.path.lexists(place):
        return [(os.path.basename(place), place)]  # a broken link or a pipe: a blot that fails by its name
    if not MAGIC & set(place):
        return None
    root = _fixed_part(PurePath(place).as_posix()) or os.sep
    # `include_hidden` stays off: results in the making have hidden names.
    matched = [path for path in glob.glob(place, recursive=True) if os.path.isfile(path) and not _in_result(path, root)]
    return [(PurePath(os.path.relpath(path, root)).as_posix(), path) for path in _wanted(matched)]


def _walk(folder: str, out: str) -> Iterator[str]:
    for path, folders, files in os.walk(folder):
        folders[:] = [d for d in folders if not d.startswith(".") and os.path.join(path, d) != out]
        if path != folder and _is_written_by_us(path, files):
            folders[:] = []
            continue
        for name in files:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:
                yield os.path.join(path, name)


def _is_written_by_us(folder: str, files: Iterable[str]) -> bool:
    """Whether a folder is a result, whose pictures are not blots; the first bytes of its record say so."""
    for record in (RESULT_RECORD, BATCH_RECORD):
        if record in files:
            try:
                with open(os.path.join(folder, record), "rb") as file:
                    return b'"writer": "ublot ' in file.read(200)
            except OSError:
                return False
    return False


def _in_result(path: str, root: str) -> bool:
    folder = os.path.dirname(path)
    while len(folder) > len(root):
        if os.path.isfile(os.path.join(folder, RESULT_RECORD)) and _is_written_by_us(folder, (RESULT_RECORD,)):
            return True
        folder = os.path.dirname(folder)
    return False


# ------------------------------------------------------------------------------------------------------------- URLs
def _remote(url: str, out: str) -> list[tuple[str, str]] | None:
    fs, path = storage.filesystem(url)
    try:
        fs.invalidate_cache()
        if MAGIC & set(path) and not fs.exists(path):
            root = _fixed_part(path)
            matched = [str(p) for p in fs.glob(path) if not fs.isdir(p)]
            return _remote_named(fs, _wanted(matched), root)
        if fs.isfile(path):
            return [(storage.file_name(url), url)]
        everything = sorted(str(p) for p in fs.find(path))
    except BlotError:
        raise
    except Exception as error:  # noqa: BLE001 -- every kind of storage has errors of its own
        what = " ".join(str(error).split()) or type(error).__name__
        raise BlotError(f"cannot be listed ({what})", url, "check the URL and your credentials") from None
    if not everything:
        return None
    inside = [p for p in everything if PurePosixPath(p).suffix.lower() in IMAGE_SUFFIXES]
    ours = {str(PurePosixPath(p).parent) for p in everything if PurePosixPath(p).name in (RESULT_RECORD, BATCH_RECORD)}
    ours.discard(path.rstrip("/"))
    kept = [p for p in inside if not any(str(above) in ours for above in PurePosixPath(p).parents)]
    if url.partition("://")[0] == out.partition("://")[0]:
        below_out = storage.filesystem(out)[1].rstrip("/") + "/"
        kept = [p for p in kept if not p.startswith(below_out)]
    return _remote_named(fs, kept, path)


def _remote_named(fs: Any, paths: list[str], root: str) -> list[tuple[str, str]]:
    """Names and URLs, without what is hidden."""
    prefix = root.rstrip("/") + "/"
    named = [(path.removeprefix(prefix).lstrip("/"), str(fs.unstrip_protocol(path))) for path in paths]
    return [(name, url) for name, url in named if not any(part.startswith(".") for part in name.split("/"))]


# ------------------------------------------------------------------------------------------------------------ names
def _named(found: dict[str, str]) -> list[Item]:
    """Unique names and result folders, the same whatever the order, also where a file system ignores case."""
    names = _unique({place: storage.readable(name) for place, name in found.items()}, _tagged)
    plain = {place: _result_folder(name, keep_suffix=False) for place, name in names.items()}
    folders = _unique(plain, lambda _, place: _result_folder(names[place], keep_suffix=True))
    folders = _unique(folders, _tagged)
    return [Item(names[place], place, folders[place]) for place in found]


def _unique(names: dict[str, str], other: Any) -> dict[str, str]:
    """The same with `other(name, place)` wherever a name occurs more than once."""
    count: dict[str, int] = {}
    for name in names.values():
        count[name.casefold()] = count.get(name.casefold(), 0) + 1
    return {p: name if count[name.casefold()] == 1 else other(name, p) for p, name in names.items()}


def _tagged(name: str, place: str) -> str:
    path = PurePosixPath(name)
    tag = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return str(path.with_name(f"{path.stem}-{tag}{path.suffix}"))


def _result_folder(name: str, *, keep_suffix: bool) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.name if keep_suffix else path.stem}.ublot"))
