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


def pages(root: Path) -> list[Path]:
    """The README and every page that a person wrote."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def test_commands_and_options_named_exist(root: Path) -> None:
    """Every ``ublot COMMAND --option`` of the pages is one that the command line knows."""
    from typer.main import get_command

    from ublot.cli import app

    commands = get_command(app).commands
    used = set()
    for page in pages(root):
        text = page.read_text("utf-8")
        blocks = "".join(re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL))
        lines = [*re.findall(r"^ *ublot ([a-z].*)$", blocks, re.MULTILINE), *re.findall(r"`ublot ([a-z][^`]+)`", text)]
        for line in lines:
            command, _, rest = line.partition(" ")
            options = re.findall(r"(?<!\S)--[a-zA-Z][a-zA-Z-]*", rest)
            used |= {(page.name, command, option) for option in [*options, "--help"]}
    assert len(used) > 40
    for page, command, option in used:
        assert command in commands, f"{page}: ublot {command}"
        known = {name for p in commands[command].params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
        assert option in known, f"{page}: ublot {command} {option}"


def test_options_named_in_sentences_exist(root: Path) -> None:
    from typer.main import get_command

    from ublot.cli import app

    known = {
        name
        for command in get_command(app).commands.values()
        for p in command.params
        for name in (*p.opts, *p.secondary_opts)
    }
    foreign = {"--strict", "--record", "--out", "--short", "--nthreads", "--help", "--version"}
    for page in pages(root):
        named = set(re.findall(r"`(--[a-zA-Z][a-zA-Z-]*)", page.read_text("utf-8")))
        assert not named - known - foreign, page


def test_flags_and_columns_named_in_pages_exist(root: Path) -> None:
    """A name with an underscore in code is a flag, a column, a function or an option's key."""
    import ublot
    from ublot.flags import FLAGS
    from ublot.inputs.params import Params
    from ublot.reference.potencies import POTENCY_COLUMNS
    from ublot.results.column_meanings import MEANINGS

    columns = {f"{column}{end}" for table in MEANINGS.values() for column in table for end in ("", "_low", "_high")}
    known = {*FLAGS, *Params.model_fields, *ublot.__all__, *columns}
    known |= {"mass_kda", "row_px", "no_vehicle", "p_vehicle", "assay_quality", *POTENCY_COLUMNS}
    for page in [root / "README.md", *(root / "docs/how-to").glob("*.md"), *(root / "docs/how-it-works").glob("*.md")]:
        named = set(re.findall(r"`([a-z]+(?:_[a-zA-Z]+)+)`", page.read_text("utf-8")))
        assert not named - known, page
