"""A process beside this one: it loads modules on another core while this one works, and then takes over some of it."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import get_context
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

__all__ = ["Begin", "Beside", "may_stand_beside"]

Result = TypeVar("Result")

NONE = False, None  # no answer


class Begin(Protocol):
    """Begins a piece of work, and gives what waits for its result: `functools.partial` or `Beside.begin`."""

    def __call__(self, function: Callable[..., Result], /, *arguments: Any) -> Callable[[], Result]: ...


def may_stand_beside() -> bool:
    """Whether a copy of this process can be made that holds nothing to be wary of, and has a core to work on.

    Of several threads, those of libraries included, one may hold a lock, which would be copied as held for ever.
    """
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1 and len(os.sched_getaffinity(0)) > 1


class Beside:
    """A copy of this process that does what it is asked to, one thing after the other.

    Parameters
    ----------
    prepare : function
        Loads what will be needed.

    Raises
    ------
    OSError, RuntimeError
        The system allows no more processes, or no more threads.
    """

    def __init__(self, prepare: Callable[[], object]) -> None:
        context = get_context("fork")
        self._line, other_end = context.Pipe()
        self._process = context.Process(target=_work, args=(other_end, self._line, prepare), daemon=True)
        self._process.start()
        other_end.close()
        self._asked: SimpleQueue[Future[tuple[bool, Any]]] = SimpleQueue()
        # Answers are taken as they come: a process that cannot get rid of one would hear of nothing else.
        Thread(target=self._collect, name="ublot-beside", daemon=True).start()

    def begin(self, function: Callable[..., Result], *arguments: Any) -> Callable[[], Result]:
        """Have something done there.

        Returns
        -------
        function
            Waits for the result. Where there is none, whatever the reason, it is worked out here: errors are told here.
        """
        answer: Future[tuple[bool, Any]] = Future()
        with suppress(OSError):  # it is gone, and so is what it would have answered
            self._line.send((function, arguments))
        self._asked.put(answer)

        def result() -> Result:
            done, value = answer.result()
            return value if done else function(*arguments)

        return result

    def _collect(self) -> None:
        answering = True
        while True:
            answer = self._asked.get()
            try:
                found = self._line.recv() if answering else NONE
            except Exception:  # noqa: BLE001 -- it is gone, or there is no memory for what it says
                # Half of an answer may lie in the line: what follows might be taken for another.
                answering, found = False, NONE
                self._process.kill()
            answer.set_result(found)


def _work(line: Connection, other_end: Connection, prepare: Callable[[], object]) -> None:
    """What the copy does until the other end of the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that it serves
    other_end.close()
    # Whatever goes wrong is told by that process, which does then what it has no answer to.
    with suppress(Exception):
        prepare()
        while True:
            function, arguments = line.recv()
            line.send(_answer(function, arguments))


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, function(*arguments)
    except Exception:  # noqa: BLE001 -- see above
        return NONE
