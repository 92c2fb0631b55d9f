"""A command goes without a process beside it where none can be made."""

from __future__ import annotations

import os
import sys

import pytest

from ublot.cli.second_half import second_half
from ublot.numerics import beside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")


def test_a_system_that_allows_no_more_processes_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def no_more() -> int:
        tried.append(True)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(beside, "may_stand_beside", lambda: True)
    monkeypatch.setattr(os, "fork", no_more)
    assert second_half(report=False) is None
    assert tried


def test_a_system_that_does_not_tell_its_threads_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such(path: str) -> list[str]:
        raise FileNotFoundError(2, "No such file or directory", path)

    monkeypatch.setattr(os, "listdir", no_such)
    assert second_half(report=False) is None
