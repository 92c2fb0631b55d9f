#!/usr/bin/env python3
"""Writes the small simulated blots of test_images/, each with its layout and its truth.

python benchmarks/make_test_images.py [FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ublot.simulation import save_blot, simulate_blot

SMALL = (512, 640)

BLOTS: dict[str, dict[str, Any]] = {
    # What the question is about: marker, no ATP, three DMSO lanes, six doses of birinapant, a blank.
    "dose_series": {"seed": 3, "shape": SMALL, "base_fraction": (0.16, 0.2), "top_fraction": (0.75, 0.85)},
    # Hardly any rung to hold on to, up to the well.
    "smear": {"seed": 12, "shape": SMALL, "smear": 1.0, "processive": 0.75, "well": 0.15, "fill": 0.72},
    # Tilted, smiling, dirty, hazy, wide lanes; the membrane ends inside the picture.
    "hard": {"seed": 5, "difficulty": "hard", "shape": SMALL, "membrane_edge": True, "pen": True, "fragments": 0.06},
    # 8-bit scan of a film, dark on light: a density.
    "film": {"seed": 8, "shape": SMALL, "detector": "film8", "exposure": 0.55, "lanes": 11},
    # Two compounds against the same DMSO lanes.
    "two_compounds": {
        "seed": 21,
        "shape": (512, 768),
        "lanes": 16,
        "compounds": ("birinapant", "LCL161"),
        "base_fraction": (0.12, 0.16),
        "top_fraction": (0.7, 0.8),
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1] / "test_images")
    folder = parser.parse_args().folder
    for name, knobs in BLOTS.items():
        image = save_blot(simulate_blot(**knobs), folder, name, name)
        print(f"{image}  {image.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
