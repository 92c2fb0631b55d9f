"""The README's two commands are one line each, and what they and the text name exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / ".ci"))
from readme_command import commands


@pytest.mark.parametrize("heading", ["Try it", "Test it"])
def test_one_line_that_a_shell_can_read(root: Path, heading: str) -> None:
    (line,) = commands(root / "README.md", heading)
    assert subprocess.run(["sh", "-n", "-c", line], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("heading", ["Try it", "Test it"])
def test_files_in_the_commands_are_in_the_repository(root: Path, heading: str) -> None:
    (line,) = commands(root / "README.md", heading)
    tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split()
    inputs = re.findall(r"(?<!\S)(?:test_images|\.ci|tests|benchmarks)/\S+", line)
    assert inputs
    assert not set(inputs) - set(tracked)


def test_links_and_pictures_exist(root: Path) -> None:
    text = (root / "README.md").read_text("utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#\s]+)", text) if not t.startswith("http")]
    assert any(t.endswith(".png") for t in targets)
    assert [t for t in targets if not (root / t).is_file()] == []


def test_flags_named_are_in_the_registry(root: Path) -> None:
    from ublot.flags import FLAGS

    rows = re.findall(r"^\| `([a-z_]+)` \|", (root / "README.md").read_text("utf-8").split("## Flags")[1], re.MULTILINE)
    assert rows
    assert not set(rows) - set(FLAGS)


def test_options_named_exist(root: Path) -> None:
    """Every ``--option`` in a `ublot` command of the README is one that the command line knows."""
    text = (root / "README.md").read_text("utf-8")
    used = set(re.findall(r"^ublot (\w[\w-]*)(.*)$", text, re.MULTILINE))
    assert used
    for command, rest in used:
        shown = subprocess.run(
            [sys.executable, "-c", "from ublot.cli.app import main; main()", command, "--help"],
            capture_output=True,
            text=True,
            check=False,
            env={"COLUMNS": "200", "PATH": "", "NO_COLOR": "1", "LANG": "C.UTF-8"},
        )
        assert shown.returncode == 0, shown.stderr
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert option in shown.stdout, f"ublot {command} {option}"
