"""Where things lie: paths of this machine and fsspec URLs (``s3://…``, ``gs://…``, ``memory://…``), told apart once.

A place is text: an absolute path, or a URL that ends without a slash. fsspec is loaded for URLs only.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from ublot.errors import BlotError

__all__ = [
    "absolute",
    "child",
    "exists",
    "fetch",
    "file_name",
    "filesystem",
    "in_this_process_only",
    "is_url",
    "missing_or_unreachable",
    "parent",
    "put",
    "read_bytes",
    "readable",
    "remove",
    "write_bytes",
]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(::[A-Za-z][A-Za-z0-9+.\-]+)*://")


def is_url(place: str) -> bool:
    """Whether `place` is a URL; a drive letter makes none, and neither does ``file://``."""
    return bool(_SCHEME.match(place)) and not place.startswith(("file://", "local://"))


def in_this_process_only(place: str) -> bool:
    """Whether other processes would see another (empty) storage there."""
    return place.startswith("memory://")


def absolute(given: str | Path) -> str:
    """Place for what a user wrote: links are not resolved, a URL loses its last slash."""
    text = str(given)
    if is_url(text):
        return text.rstrip("/") if not text.endswith("://") else text
    return os.path.abspath(re.sub(r"^(file|local)://", "", text))


def child(place: str, *names: str) -> str:
    """Place below `place`; `names` may hold slashes."""
    if is_url(place):
        return "/".join([place.rstrip("/") if not place.endswith("://") else place[:-1], *names])
    return str(Path(place, *names))


def parent(place: str) -> str:
    """Folder that `place` is in."""
    return place.rpartition("/")[0] if is_url(place) else str(Path(place).parent)


def file_name(place: str) -> str:
    """Last part of `place`."""
    return PurePosixPath(place).name if is_url(place) else Path(place).name


def filesystem(url: str) -> tuple[Any, str]:
    """File system of a URL as fsspec has it, and the path in it.

    Raises
    ------
    BlotError
        fsspec or what it needs for this kind of URL is not installed, or it knows no such kind.
    """
    scheme = url.partition("://")[0]
    try:
        import fsspec
    except ImportError:
        fix = 'pip install "ublot[remote]"'
        raise BlotError(f"reading {scheme}:// needs the package fsspec, which is not installed", url, fix) from None
    try:
        return fsspec.core.url_to_fs(url)  # type: ignore[no-any-return]
    except ImportError as error:
        raise BlotError(f"{scheme}:// needs a package that is not installed ({error})", url, "install it") from None
    except Exception as error:  # noqa: BLE001 -- every kind of storage has errors of its own
        raise BlotError(f"cannot be used ({_short(error)})", url, "check the URL and your credentials") from None


def exists(place: str) -> bool:
    """Whether there is a file at `place`; False too where the storage will not say."""
    if not is_url(place):
        return os.path.isfile(place)
    fs, path = filesystem(place)
    try:
        fs.invalidate_cache()  # a process may outlive many runs
        return bool(fs.isfile(path))
    except Exception:  # noqa: BLE001 -- every kind of storage has errors of its own
        return False


def read_bytes(place: str) -> bytes:
    """Content of a file.

    Raises
    ------
    OSError
        It is not there, or cannot be reached.
    """
    if not is_url(place):
        return Path(place).read_bytes()
    fs, path = filesystem(place)
    try:
        return bytes(fs.cat_file(path))
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, _short(error), place) from error


def fetch(place: str, folder: Path) -> Path:
    """File of this machine with the content of `place`: itself, or a copy in `folder`.

    Raises
    ------
    OSError
        See `read_bytes`.
    """
    if not is_url(place):
        return Path(place)
    copy = folder / file_name(place)
    fs, path = filesystem(place)
    try:
        fs.get_file(path, str(copy))
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, _short(error), place) from error
    return copy


def put(file: Path, place: str) -> None:
    """Put a finished file of this machine at `place`; readers see the old one or the new one, whole.

    Raises
    ------
    OSError
    """
    if not is_url(place):
        os.replace(file, place)
        return
    fs, path = filesystem(place)
    try:
        fs.put_file(str(file), path)
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, _short(error), place) from error


def write_bytes(place: str, content: bytes) -> None:
    """Write a file in one step.

    Raises
    ------
    OSError
    """
    if not is_url(place):
        fresh = Path(place).with_name(f".{file_name(place)}.{os.getpid()}.new")
        try:
            fresh.write_bytes(content)
            os.replace(fresh, place)
        finally:
            fresh.unlink(missing_ok=True)
        return
    fs, path = filesystem(place)
    try:
        fs.pipe_file(path, content)
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, _short(error), place) from error


def remove(place: str) -> None:
    """Remove a file.

    Raises
    ------
    OSError
    """
    if not is_url(place):
        os.remove(place)
        return
    fs, path = filesystem(place)
    try:
        fs.rm_file(path)
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, _short(error), place) from error


def readable(text: str) -> str:
    """Text that any file can hold, for a name that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def missing_or_unreachable(error: OSError) -> str:
    """Why a place could not be read, in words."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder, not an image"
    if isinstance(error, PermissionError):
        return "permission denied"
    return f"cannot be read ({error.strerror or _short(error)})"


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:197]}..."
