"""Worker processes: started clean, kept to one thread each, gone with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.numerics.threads import THREADS, one_thread
from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

__all__ = ["process_pool"]

PRELOAD = "ublot.batch.preload"


# A server that is forked before there are threads, whose locks a plain fork would copy in whatever state they are.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_CONTEXT: Any = multiprocessing.get_context(_METHOD)


class _Process(_CONTEXT.Process):  # type: ignore[misc]
    """A process that does not load the script that started it.

    It needs nothing of it, and a script without ``if __name__ == "__main__":`` would start its batch again in there.
    """

    @staticmethod
    def _Popen(process: Any) -> Any:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return _CONTEXT.Process._Popen(process)
        finally:
            sys.modules["__main__"] = script


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with this block and with this process, however either ends.

    Raises
    ------
    BlotError
        They do not start.
    """
    context = type(_CONTEXT)()
    context.Process = _Process
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    lifeline, held = context.Pipe(duplex=False)
    try:
        if _METHOD == "forkserver":
            context.set_forkserver_preload([PRELOAD])
        pool = ProcessPoolExecutor(workers, context, _begin_worker, (lifeline, dict(os.environ)))
        try:
            _first_sign(pool)
            yield pool
        except BaseException:
            held.close()  # whatever the workers do now, its results would not be looked at
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    finally:
        held.close()
        lifeline.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin_worker(lifeline: Connection, environment: dict[str, str]) -> None:
    """Prepare a worker: it leaves Ctrl-C to its parent, does not outlive it, and has its credentials."""
    os.environ.update(environment)  # the server it is copied from may be older than they are
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_leave_with, args=(lifeline,), name="ublot-lifeline", daemon=True).start()
    import warnings

    warnings.simplefilter("ignore")
    one_thread().__enter__()


def _leave_with(lifeline: Connection) -> None:
    with suppress(OSError):
        lifeline.poll(None)  # nobody ever writes: it returns when the other end is closed
    os._exit(1)


def _ready() -> bool:
    return True


def _first_sign(pool: ProcessPoolExecutor) -> None:
    try:
        pool.submit(_ready).result()
    except BrokenExecutor:
        raise BlotError("the worker processes do not start", "workers", told("try {workers} 0")) from None
