"""Work in a thread of its own: one job at a time, the last one wins, and each can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]

__all__ = ["Runner"]

Job = Callable[[Callable[[str, float], None]], Any]


class _Cancelled(Exception):
    """Raised inside a job that nobody waits for any more."""


class Runner(QObject):
    """Runs jobs; touches no widget.

    A job is called with a function to report progress by, which is also where it stops when it is cancelled.

    Attributes
    ----------
    busy_changed : Signal of bool
    progressed : Signal of (str, float)
        Stage, and the share that is done.
    """

    busy_changed = Signal(bool)
    progressed = Signal(str, float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop: threading.Event | None = None
        self._waiting: tuple[Job, Callable[[Any], None], Callable[[Exception], None]] | None = None
        self._worker: Any = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._start)

    @property
    def busy(self) -> bool:
        """Whether something runs or waits to."""
        return self._stop is not None or self._waiting is not None

    def submit(
        self, job: Job, done: Callable[[Any], None], failed: Callable[[Exception], None], *, at_once: bool = False
    ) -> None:
        """Run `job` in place of any that waits or runs; `done` or `failed` is called in this thread.

        It starts when the window has drawn what it has to draw; `at_once` before that, where a person waits for it.
        """
        was_busy = self.busy
        self._waiting = (job, done, failed)
        if self._stop is not None:
            self._stop.set()
        elif at_once:
            self._start()
        else:
            self._timer.start(0)
        if not was_busy:
            self.busy_changed.emit(True)

    def cancel(self) -> None:
        """Let go of what runs and what waits: neither `done` nor `failed` is called for it."""
        was_busy = self.busy
        self._timer.stop()
        self._waiting = None
        if self._stop is not None:
            # The thread ends at the next stage; nobody waits for it.
            self._stop.set()
            self._stop = None
            self._worker = None
        if was_busy:
            self.busy_changed.emit(False)

    def _start(self) -> None:
        if self._waiting is None or self._stop is not None:
            return
        (job, done, failed), self._waiting = self._waiting, None
        stop = self._stop = threading.Event()

        def report(stage: str, share: float) -> None:
            if stop.is_set():
                raise _Cancelled
            self.progressed.emit(stage, share)

        worker = create_worker(job, report, _start_thread=False, _ignore_errors=True)
        worker.returned.connect(lambda result: self._end(stop, lambda: done(result)))
        worker.errored.connect(lambda error: self._end(stop, lambda: failed(error)))
        self._worker = worker
        worker.start()

    def _end(self, stop: threading.Event, tell: Callable[[], None]) -> None:
        if stop is not self._stop:
            return  # cancelled: something else may be running by now
        self._stop = None
        overtaken = stop.is_set()
        if self._waiting is not None:
            self._timer.start(0)
        try:
            if not overtaken:
                tell()
        finally:
            if not self.busy:
                self.busy_changed.emit(False)
