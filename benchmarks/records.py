"""Runs that are kept: what was measured, when, with which version, on which machine."""

from __future__ import annotations

import json
import math
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ublot

__all__ = ["machine", "write_record"]


def machine() -> str:
    """Processor, cores and system, in a line."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        names = [
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ]
        name = f"{names[0]}, {len(names)} cores" if names else name
    return f"{name}, {platform.system()}, Python {platform.python_version()}"


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Write `content` with date, version and machine; what is no number is null."""
    made = {"date": datetime.now(UTC).date().isoformat(), "version": ublot.__version__, "machine": machine()}
    path.write_text(json.dumps(_plain({**made, **content}), indent=1) + "\n", "utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | bool | int) or value is None:
        return value
    return float(f"{value:.5g}") if math.isfinite(value) else None
