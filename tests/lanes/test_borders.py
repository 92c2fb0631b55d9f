"""A lane beside the outermost ones: found where the layout has too few rows, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ublot
from ublot.lanes.borders import lanes_beside

IMAGES = Path(__file__).parents[2] / "test_images"
NAMES = ("dose_series.tif", "hard.tif", "smear.tif", "two_compounds.tif", "film.png")


@pytest.mark.parametrize("name", NAMES)
def test_told_where_rows_are_missing_and_not_where_they_are_all_there(name):
    blot = ublot.read_blot(IMAGES / name)
    layout = ublot.read_layout(IMAGES / f"{Path(name).stem}.layout.csv")
    blank = tuple(row.lane for row in layout if row.role == "blank")
    whole = ublot.find_lanes(blot, len(layout), blank=blank)
    assert len(whole) == len(layout) and not lanes_beside(blot, whole, blank)
    loaded = tuple(lane for lane in whole if lane.number not in blank)
    # The marker is no sample, and the control without ATP shows next to no smear: these need not look like lanes here.
    assert lanes_beside(blot, replace(whole, items=loaded[:-2]), blank)
    assert lanes_beside(blot, replace(whole, items=loaded[4:]), blank)
    assert not lanes_beside(blot, replace(whole, items=loaded), blank)


def test_mirrored_picture_and_no_lanes():
    blot = ublot.read_blot(IMAGES / "dose_series.tif")
    mirrored = replace(blot, signal=np.ascontiguousarray(blot.signal[:, ::-1]))
    assert lanes_beside(mirrored, ublot.find_lanes(mirrored, 9))
    assert not lanes_beside(blot, replace(ublot.find_lanes(blot, 12), items=()))


def test_analysis_of_a_layout_that_lacks_rows_is_flagged():
    layout = ublot.read_layout(IMAGES / "dose_series.layout.csv").records()
    # The marker beside them is no lane that was left out, the last sample is.
    short = [{**row, "lane": n} for n, row in enumerate(layout[1:-2], 1)]
    image = IMAGES / "dose_series.tif"
    found = ublot.analyze(image, layout=short, ladder=False)
    assert all("lanes_beside" in text for text in found.lanes["flags"])
    assert not any("lanes_beside" in text for text in ublot.analyze(image, layout=layout, ladder=False).lanes["flags"])
    moved = found.with_lanes(found.geometry)
    assert all("lanes_beside" in text for text in moved.lanes["flags"])
    placed = ublot.analyze(image, layout=layout, ladder=False).geometry
    mended = ublot.analyze(image, layout=layout, ladder=False, lanes=replace(placed, flags=("lanes_beside",)))
    assert not any("lanes_beside" in text for text in mended.lanes["flags"])
