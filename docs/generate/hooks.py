"""What the site holds beside the pages that people write: reference pages from the code, drawings from real runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import drawings
import proof
import reference
import speed

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parents[2]

PAGES = {
    "reference/commands.md": reference.commands,
    "reference/options.md": reference.options,
    "reference/columns.md": reference.columns,
    "reference/flags.md": reference.flags,
    "reference/functions.md": reference.functions,
    "is-it-right.md": proof.page,
    "how-it-works/speed.md": speed.page,
    "contributing.md": lambda: (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
    "changes.md": lambda: (ROOT / "CHANGELOG.md").read_text("utf-8"),
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pages and pictures that are made anew at every build."""
    for path, make in PAGES.items():
        files.append(File.generated(config, path, content=make()))
    for name, picture in drawings.all_pictures().items():
        files.append(File.generated(config, f"pictures/{name}", content=picture))
    for name, picture in {**proof.pictures(), **speed.pictures()}.items():
        files.append(File.generated(config, f"pictures/{name}", content=picture))
    for path in sorted((ROOT / "test_images/readme").glob("*.png")):
        files.append(File.generated(config, f"pictures/{path.name}", content=path.read_bytes()))
    return files
