"""Fails when a part of the test suite did not run, whatever pytest's exit status: ``check_tests.py junit.xml...``.

With ``--counts`` it only says how many tests passed, failed and were skipped, in one line.

A test may skip itself for two reasons only: the data it compares with are no part of the project and not beside it, or
what it needs cannot be installed beside the rest: then ``.ci/run`` runs it in an environment of its own.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
NO_DATA = "not beside the project"
ELSEWHERE = "in an environment of its own"


def test_modules() -> set[str]:
    """Return the dotted names, as junit has them, of all test modules in the tree."""
    return {".".join(p.relative_to(ROOT).with_suffix("").parts) for p in (ROOT / "tests").rglob("test_*.py")}


def cases_of(reports: list[str]) -> list[ElementTree.Element]:
    """Return the tests of all reports."""
    return [case for report in reports for case in ElementTree.parse(report).iter("testcase")]


def counts(reports: list[str]) -> str:
    """Return one line: how many tests passed, failed (errors included) and were skipped."""
    cases = cases_of(reports)
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return f"{len(cases) - failed - skipped} passed, {failed} failed, {skipped} skipped"


def main(reports: list[str]) -> int:
    modules = test_modules()
    ran: Counter[str] = Counter()
    skipped: Counter[tuple[str, str]] = Counter()
    for case in cases_of(reports):
        name = case.get("classname", "")
        # A test inside a class is listed as module.Class.
        module = next((m for m in modules if name == m or name.startswith(f"{m}.")), name)
        reason = case.find("skipped")
        if reason is None:
            ran[module] += 1
        else:
            skipped[module, reason.get("message", "")] += 1
    gui = sum(count for module, count in ran.items() if module.startswith("tests.gui."))
    print(f"{ran.total()} tests ran, {gui} of them in the GUI; {skipped.total()} skipped")
    for (module, why), count in skipped.items():
        print(f"  {count} skipped in {module}: {why}")

    problems = [
        f"{module}: {count} skipped: {why}"
        for (module, why), count in skipped.items()
        if NO_DATA not in why and ELSEWHERE not in why
    ]
    problems += [f"{module}: no test ran" for module in sorted(modules - set(ran) - {module for module, _ in skipped})]
    if not gui:
        problems.append("no GUI test ran")
    for problem in problems:
        print(f"check_tests: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1] == "--counts":
        print(counts(sys.argv[2:]))
    else:
        raise SystemExit(main(sys.argv[1:]))
