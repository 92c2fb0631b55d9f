"""Fails when a part of the test suite did not run, whatever pytest's exit status: ``check_tests.py junit.xml``."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]


def test_files() -> set[str]:
    """Return the dotted names, as junit has them, of all test modules in the tree."""
    return {".".join(p.relative_to(ROOT).with_suffix("").parts) for p in (ROOT / "tests").rglob("test_*.py")}


def main(report: str) -> int:
    ran: dict[str, int] = {}
    skipped: list[str] = []
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname", "")
        reason = case.find("skipped")
        if reason is None:
            ran[name] = ran.get(name, 0) + 1
        else:
            skipped.append(f"{name}::{case.get('name')}: {reason.get('message')}")
    # A test inside a class is listed as module.Class.
    silent = sorted(m for m in test_files() if not any(n == m or n.startswith(f"{m}.") for n in ran))
    gui = sum(n for name, n in ran.items() if name.startswith("tests.gui."))
    print(f"{sum(ran.values())} tests ran, {gui} of them in the GUI; {len(skipped)} skipped")
    for line in skipped:
        print(f"  skipped {line}")
    problems = [f"no test of {module} ran" for module in silent]
    problems += [f"a GUI test was skipped: {line}" for line in skipped if line.startswith("tests.gui.")]
    if not gui:
        problems.append("no GUI test ran")
    for problem in problems:
        print(f"check_tests: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
