"""The rule of imports: no circle, and none that runs upward in the order of folders of ``docs/architecture.md``."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/architecture.md"
SOURCES = {"ublot": ROOT, "ublot_napari": ROOT / "napari_plugin"}


def modules() -> dict[str, Path]:
    """Every module by its dotted name, packages without ``__init__``."""
    found = {}
    for package, base in SOURCES.items():
        for path in (base / package).rglob("*.py"):
            name = ".".join(path.relative_to(base).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imported(path: Path, name: str, known: set[str]) -> set[str]:
    """Modules of ours that a file imports, wherever in it, under ``TYPE_CHECKING`` included."""
    own = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    out = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            out |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(own[: len(own) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (base, node.module or "") if part)
            out |= {f"{base}.{a.name}" if f"{base}.{a.name}" in known else base for a in node.names}
    return (out & known) - {name}


def graph() -> dict[str, set[str]]:
    found = modules()
    # The public names of `ublot` are loaded when first used: whoever imports the package imports nothing by it.
    return {name: imported(path, name, set(found)) - {"ublot"} for name, path in found.items()}


def folder_order() -> list[str]:
    """Folders and single modules in the order of their imports, the lowest first, as the page lists them."""
    return re.findall(r"^- `([a-z_/]+?)/?(?:\.py)?`: ", PAGE.read_text("utf-8"), re.MULTILINE)


def place(name: str, order: list[str]) -> int:
    """Which line of the page a module belongs to: the longest that it lies in."""
    if name in ("ublot", "ublot.__main__"):
        return len(order)
    path = "ublot_napari/view" if name == "ublot_napari" else name.replace(".", "/")  # the plugin hands on its view
    fitting = [i for i, entry in enumerate(order) if path == entry or path.startswith(f"{entry}/")]
    return max(fitting, key=lambda i: len(order[i]))


def circle(edges: dict[str, set[str]]) -> list[str]:
    """A way through the imports that comes back to where it began; empty where there is none."""
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(edges.get(name, ())):
            if back := follow(other, [*way, name]):
                return back
        done.add(name)
        return []

    for name in sorted(edges):
        if back := follow(name, []):
            return back
    return []


def test_no_circle() -> None:
    assert circle(graph()) == []


def test_no_import_runs_upward() -> None:
    order = folder_order()
    edges = graph()
    upward = {
        f"{name} imports {other}"
        for name, others in edges.items()
        for other in others
        if place(other, order) > place(name, order)
    }
    assert not upward


def test_the_page_lists_the_folders_that_there_are() -> None:
    listed = set(folder_order())
    top = {"ublot", "ublot_napari"}
    folders = {name.replace(".", "/") for name, path in modules().items() if path.name == "__init__.py"}
    singles = {
        name.replace(".", "/")
        for name, path in modules().items()
        if name.count(".") == 1 and path.name != "__init__.py" and not name.endswith("__main__")
    }
    assert listed == (folders | singles) - top


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}}, ["a", "b", "c", "a"]),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
    ],
)
def test_a_circle_would_be_found(edges: dict[str, set[str]], found: list[str]) -> None:
    assert circle(edges) == found


def test_an_import_under_type_checking_counts(tmp_path: Path) -> None:
    code = tmp_path / "a.py"
    code.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ublot.model import Blot\n")
    assert imported(code, "ublot.errors", {"ublot.model", "ublot.errors"}) == {"ublot.model"}


def test_every_module_says_what_it_is() -> None:
    assert [name for name, path in modules().items() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []
