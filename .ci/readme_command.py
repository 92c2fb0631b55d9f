"""Prints the command that stands under a heading of the README: ``readme_command.py 'Test it'``."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def commands(readme: Path, heading: str) -> list[str]:
    """Lines of the one ``sh`` block under ``## heading``."""
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", readme.read_text("utf-8"), re.M | re.S)
    if section is None:
        raise SystemExit(f"{readme}: no heading '## {heading}'")
    blocks = re.findall(r"^```sh\n(.*?)^```$", section[1], re.M | re.S)
    if len(blocks) != 1:
        raise SystemExit(f"{readme}: {len(blocks)} sh blocks under '## {heading}', one is expected")
    return [line for line in blocks[0].splitlines() if line.strip()]


if __name__ == "__main__":
    (command,) = commands(Path(__file__).parents[1] / "README.md", sys.argv[1])
    print(command)
