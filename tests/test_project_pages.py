"""Pages for whoever contributes say what is there: benchmarks, version, paths."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ublot

ROOT = Path(__file__).parents[1]


def test_every_benchmark_is_on_their_page() -> None:
    text = (ROOT / "benchmarks/README.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+\.py)`", text))
    assert named == {path.name for path in (ROOT / "benchmarks").glob("*.py")}


def test_those_marked_as_gate_are_run_by_it() -> None:
    marked = re.findall(
        r"^\| `(\w+\.py)` \|.*\*gate\*", (ROOT / "benchmarks/README.md").read_text("utf-8"), re.MULTILINE
    )
    run = re.findall(r"benchmarks/(\w+\.py) --short", (ROOT / ".ci/run").read_text("utf-8"))
    assert sorted(marked) == sorted(run)


def test_the_citation_has_the_version() -> None:
    (version,) = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert version == ublot.__version__


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "benchmarks/README.md", "CHANGELOG.md"])
def test_paths_named_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = {name for name in re.findall(r"`([\w./]+/[\w./]*)`", text) if not name.startswith(("tests/lanes",))}
    bases = (ROOT, ROOT / "ublot", ROOT / "napari_plugin", ROOT / "benchmarks")
    missing = {name for name in named if not any((base / name).exists() for base in bases)}
    assert not missing
