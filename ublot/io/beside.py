"""Work that is done beside the rest, in a thread of its own: numerical libraries let others run meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any, Generic, TypeVar

__all__ = ["Beside"]

T = TypeVar("T")


class Beside(Generic[T]):
    """Starts on construction; `result` waits for what `work` returns, or raises what it raised.

    Parameters
    ----------
    work : callable
    *arguments, **options
        Of `work`.
    """

    def __init__(self, work: Callable[..., T], *arguments: Any, **options: Any) -> None:
        self._work = work
        self._done: list[T] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(arguments, options), name="ublot-beside", daemon=True)
        self._thread.start()

    def _run(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        try:
            self._done.append(self._work(*arguments, **options))
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._error = error

    def result(self) -> T:
        """What the work returned, as soon as it is done."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._done[0]
