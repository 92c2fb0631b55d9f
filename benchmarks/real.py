#!/usr/bin/env python3
"""Lanes, marker, polarity and background on real pictures, as the scorer beside them counts: kept for the pages.

python benchmarks/real.py [--out benchmarks/runs/real.json]

The pictures and what a person wrote down about them are no part of the project: they are looked for beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from records import write_record

ROOT = Path(__file__).parents[1]
SCORER = ROOT / "../shared/real_blots/wild/score.py"


def rows_of(said: dict[str, Any]) -> list[dict[str, str]]:
    """The scorer's last line in words."""
    n, lanes = said["pictures"], said["lanes"]
    told = {
        "pictures with all lanes right, count given": f"{said['counted_all_right']} of {n}",
        "the same without a count, none spurious": f"{said['auto_all_right']} of {n}",
        "single lanes right, count given": f"{100 * said['counted']:.1f} % of {lanes}",
        "single lanes right without a count": f"{100 * said['auto']:.1f} % of {lanes}",
        "spurious lanes without a count": str(said["false"]),
        "polarity wrong, not flagged": str(said["polarity_wrong_unflagged"]),
        "marker bands right": f"{said['marker']} of {said['of_marker']}",
        "marker read wrong, not flagged": f"{said['marker_silent']} pictures",
        "pictures worth a number that are refused": f"{said['fit_pictures_refused']} of {said['of_fit_pictures']}",
        "background less clean gap, over the lane's height: median picture": f"{100 * said['bg_off_median']:.1f} %",
        "the same, worst picture": f"{100 * said['bg_off_worst']:.1f} %",
    }
    return [{"what": what, "figure": figure} for what, figure in told.items()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/runs/real.json")
    options = parser.parse_args()
    if not SCORER.is_file():
        parser.error("the real pictures are not beside the project")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, str(SCORER)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    rows = rows_of(json.loads(run.stdout.strip().splitlines()[-1]))
    for row in rows:
        print(f"{row['what']}: {row['figure']}")
    write_record(options.out, {"rows": rows})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
