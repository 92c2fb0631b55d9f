"""A fixed set of simulated blots on which any program can be scored: the same blots for everyone, by version.

Whoever changes what its blots look like gives the suite a new version: scores are compared within one only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.simulation.blot import simulate_blot
from ublot.simulation.family import draw_family
from ublot.simulation.files import save_blot
from ublot.simulation.settings import DIFFICULTIES, STRESSES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RECORD", "UNJUDGED", "VERSION", "read_suite", "suite_blots", "write_suite"]

VERSION = "1"
RECORD = "suite.json"
FAMILY = 12  # blots that have a law of their own each
SEED = 20_000  # of the first blot; no other benchmark draws from here on

#: One blot each, by name of `STRESSES`; written out, so that a new stress does not change the suite.
SETS = (
    *("standard", "tilted", "smiling", "bowed", "uneven", "curled", "wide", "soft", "lopsided", "haze", "membrane"),
    *("edges", "faint", "dusty", "pen", "glare", "blurred", "ladder", "smear", "fragments", "well", "blanks"),
    *("marker_missing", "marker_merged", "camera12", "camera8", "inverted", "film", "small", "crowded"),
    *("two_compounds", "groups", "touching", "saturated", "jpeg"),
)

#: Sets that stand in the table but not in its last line: a careful program may refuse them.
UNJUDGED = ("touching", "saturated", "jpeg")

README = """# Simulated blots to score a program on (suite {version})

{count} blots, each as three files: the picture, `NAME.layout.csv` (what is in which lane, from left to right) and
`NAME.truth.json` (what is right). The marker is Bio-Rad Precision Plus, 250 to 15 kDa, in the first lane; the target is
cIAP1, 69.9 kDa; one ubiquitin is 8.565 kDa.

Measure for every lane the share of the target that stands above its unmodified band, H / (H + U), and write a table:

    image,lane,hmw_fraction,low,high
    standard.tif,3,0.21,0.20,0.22

`lane` is the row of the layout. `low` and `high`, a 95 % interval, may be left out, and so may lanes that the program
will not score: they are counted. Then

    ublot benchmark RESULTS.csv --suite DIR

says how far the shares are from the truth, and so are the folds over the DMSO lanes of the same blot and group.
ublot itself:

    ublot batch DIR --out results --marker precision-plus --no-report
    ublot benchmark results/lanes.csv --suite DIR

The truth is for `ublot benchmark`. A program that was tuned on these blots is better here than elsewhere.
"""


def suite_blots() -> Iterator[tuple[str, str, int, str, dict[str, Any]]]:
    """Name, set, seed, difficulty and knobs of every blot of the suite."""
    seed = SEED
    for name in SETS:
        yield name, name, seed, "ordinary", dict(STRESSES[name])
        seed += 1
    for name in DIFFICULTIES:
        for number in (1, 2):
            yield f"{name}_{number}", name, seed, name, {}
            seed += 1
    for number in range(1, FAMILY + 1):
        yield f"family_{number:02d}", "family", seed, "ordinary", draw_family(seed)
        seed += 1


def write_suite(folder: str | Path) -> list[Path]:
    """Write the suite into `folder`: blots, layouts, truth, ``README.md`` and ``suite.json``.

    Returns
    -------
    list of Path
        The images.

    Raises
    ------
    BlotError
        The folder holds another version or files that are in the way, or cannot be written.
    """
    folder = Path(folder)
    record = folder / RECORD
    if record.exists() and read_suite(folder)["version"] != VERSION:
        raise BlotError("holds another version of the suite", folder, "choose another folder")
    blots = list(suite_blots())
    # First, so that a run that is cut short can be run again.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        listed = {"suite": "ublot", "version": VERSION, "blots": {name: kind for name, kind, *_ in blots}}
        record.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(README.format(version=VERSION, count=len(blots)), encoding="utf-8")
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror or error})", folder, "choose another folder") from error
    return [
        save_blot(simulate_blot(seed=seed, difficulty=difficulty, **knobs), folder, name, kind)  # type: ignore[arg-type]
        for name, kind, seed, difficulty, knobs in blots
    ]


def read_suite(folder: str | Path) -> dict[str, Any]:
    """Version and blots of the suite in `folder`.

    Raises
    ------
    BlotError
        There is none.
    """
    try:
        record = json.loads((Path(folder) / RECORD).read_text(encoding="utf-8"))
        if record["suite"] == "ublot" and isinstance(record["blots"], dict) and record["version"]:
            return dict(record)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise BlotError("holds no suite", folder, "write it with: ublot simulate DIR --suite")
