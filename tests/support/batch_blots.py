"""Small blots for tests of the batch, and what its results are compared by."""

from __future__ import annotations

import json
from pathlib import Path

from ublot.simulation import save_blot, simulate_blot

#: Quick to analyse, and enough to tell results apart.
OPTIONS = {"marker": "precision-plus", "ladder": False}
TABLES = ("lanes.csv", "lanes.parquet", "failures.csv", "index.html")


def write_blots(folder: Path, count: int) -> Path:
    for k in range(count):
        blot = simulate_blot(seed=k + 1, difficulty="easy", shape=(256, 320), lanes=5, vehicles=2, blanks=0)
        save_blot(blot, folder, f"b{k}", "batch")
        (folder / f"b{k}.truth.json").unlink()
    return folder


def contents(out: Path) -> dict[str, bytes]:
    """The tables and every file of every result."""
    files = [out / name for name in TABLES] + sorted(out.glob("**/*.ublot/*"))
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


class Events(list):
    """Follows a batch; what became of each blot."""

    def __call__(self, event):
        json.dumps(event)  # every event must fit into a line of JSON
        self.append(dict(event))

    @property
    def states(self):
        return {e["image"]: e["status"] for e in self if e["event"] == "blot"}
