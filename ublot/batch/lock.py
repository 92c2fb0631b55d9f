"""One run at a time in an output folder: the second one says who is there and leaves everything as it is."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from ublot.batch import storage
from ublot.errors import BlotError
from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WORKSHOP", "hold"]

#: Below the output folder: the lock and unfinished work. Its name is hidden, so that no search takes it for input.
WORKSHOP = ".ublot-batch"
BEAT, STALE = 20.0, 120.0  # seconds between the signs of life of a remote lock, and without one until it counts as left


@contextmanager
def hold(out: str) -> Iterator[None]:
    """Keep every other run out of `out` while the block runs.

    On this machine's file systems the operating system holds the lock, and drops it with the process, however that
    ends. Object storage has no such lock: there a file with a sign of life every 20 seconds stands for it.

    Raises
    ------
    BlotError
        Another run holds it.
    """
    with _by_signs_of_life(out) if storage.is_url(out) else _by_the_system(out):
        yield


@contextmanager
def _by_the_system(out: str) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder = Path(out, WORKSHOP)
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / "owner.json"
    lock = FileLock(str(folder / "lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _taken(out, _read_owner(str(owner))) from None
    except NotImplementedError:  # some network file systems have no locks
        with _by_signs_of_life(out):
            yield
        return
    except OSError as error:
        raise BlotError(f"cannot be locked ({error.strerror or error})", out, told("choose another {out}")) from None
    try:
        storage.write_bytes(str(owner), _owner_bytes(""))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _by_signs_of_life(out: str) -> Iterator[None]:
    place, token = storage.child(out, WORKSHOP, "owner.json"), secrets.token_hex(8)
    owner = _read_owner(place)
    if owner and not _is_left(owner):
        raise _taken(out, owner)
    try:
        storage.write_bytes(place, _owner_bytes(token))
        time.sleep(
            0 if storage.in_this_process_only(out) else 1.0
        )  # whoever came at the same moment has written by now
        if _read_owner(place).get("token") != token:
            raise _taken(out, _read_owner(place))
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror or error})", out, "check your credentials") from None
    done = Event()

    def beat() -> None:
        while not done.wait(BEAT):
            with suppress(OSError):
                storage.write_bytes(place, _owner_bytes(token))

    thread = Thread(target=beat, name="ublot-batch-lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with suppress(OSError):
            storage.remove(place)


def _owner_bytes(token: str) -> bytes:
    owner = {"host": socket.gethostname(), "process": os.getpid(), "time": time.time(), "token": token}
    return json.dumps(owner).encode()


def _read_owner(place: str) -> dict[str, Any]:
    try:
        owner = json.loads(storage.read_bytes(place))
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _is_left(owner: dict[str, Any]) -> bool:
    """Whether the owner is gone: no sign of life for long, or a process of this machine that is no more."""
    if time.time() - float(owner.get("time", 0)) > STALE:
        return True
    if owner.get("host") != socket.gethostname() or os.name != "posix":
        return False
    try:
        os.kill(int(owner.get("process", 0)), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False


def _taken(out: str, owner: dict[str, Any]) -> BlotError:
    who = f" (process {owner['process']} on {owner['host']})" if {"process", "host"} <= owner.keys() else ""
    return BlotError(f"another run is writing there{who}", out, told("wait for it, stop it, or choose another {out}"))
