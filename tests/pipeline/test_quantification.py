"""Markers as blots show them: several, between lanes, incomplete, or only as ticks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ublot

MASSES = [250, 150, 100, 75, 50, 37, 25]
ROWS = [500 * (1.2 - 0.46 * np.log10(m)) for m in MASSES]


def marked_picture(marker_lanes, count=7, bad=()):
    """Lanes 60 px apart, those of `marker_lanes` with seven marker bands, the others with one band; bright on dark."""
    rng = np.random.default_rng(4)
    r, c = np.mgrid[:500, : 60 * count + 40]
    out = 1000 + rng.normal(0, 15, r.shape)
    for lane in range(1, count + 1):
        rows = ROWS if lane in marker_lanes else (260,)
        for k, row in enumerate(rows):
            if lane in bad and k in (1, 2, 3):
                continue
            out += 9000 * np.exp(-0.5 * ((r - row) / 3) ** 2 - np.abs((c - 60 * lane + 10) / 20) ** 6)
    return np.clip(out, 0, 65535).astype(np.uint16)


def test_of_several_marker_lanes_the_one_that_shows_the_list_is_taken():
    layout = [{"lane": k, "role": "marker" if k in (1, 4, 7) else "sample"} for k in range(1, 8)]
    found = ublot.analyze(marked_picture((1, 4, 7), bad=(1,)), layout=pd.DataFrame(layout), marker=MASSES)
    assert found.calibration.lane == 4
    assert found.calibration.masses == tuple(map(float, MASSES))
    assert found.calibration.rows == pytest.approx(ROWS, abs=1)


def test_a_marker_between_lanes_is_found_without_a_layout():
    found = ublot.analyze(marked_picture((4,)), lanes=7, marker=MASSES)
    assert found.calibration.lane == 4
    assert found.calibration.rows == pytest.approx(ROWS, abs=1)


def test_masses_that_lack_bands_are_said_once():
    layout = [{"lane": k, "role": "marker" if k == 1 else "sample"} for k in range(1, 8)]
    found = ublot.analyze(marked_picture((1,)), layout=pd.DataFrame(layout), marker=[*MASSES, 85])
    assert [m for m in found.messages if "marker_incomplete" in m] == [
        "marker in lane 1: no band for 85 kDa (marker_incomplete)"
    ]
    assert all("marker_incomplete" in flags for flags in found.lanes["flags"][1:])


def test_bands_that_are_only_ticks_are_given_by_their_rows(tmp_path):
    """A strip whose marker is printed beside it: rows beyond the region count as well."""
    (tmp_path / "ticks.csv").write_text("mass_kda,row_px\n250,20\n100,200\n70,262\n50,330\n25,480\n")
    picture = marked_picture(())
    found = ublot.analyze(picture, lanes=7, roi="210:320,10:440", marker_positions=tmp_path / "ticks.csv")
    assert found.calibration.kind == "positions"
    assert found.calibration.masses == (250.0, 100.0, 70.0, 50.0, 25.0)
    assert not any("marker" in message for message in found.messages)


def test_marker_lanes_that_disagree_are_doubted():
    """Both show three bands, but not at the same rows: one of them is no marker lane."""
    r, c = np.mgrid[:500, :460]
    out = 1000 + np.random.default_rng(4).normal(0, 15, r.shape)
    for lane in range(1, 8):
        rows = {1: (100, 170, 205), 7: (210, 310, 360)}.get(lane, (260,))
        for row in rows:
            out += 9000 * np.exp(-0.5 * ((r - row) / 3) ** 2 - np.abs((c - 60 * lane + 10) / 20) ** 6)
    layout = [{"lane": k, "role": "marker" if k in (1, 7) else "sample"} for k in range(1, 8)]
    found = ublot.analyze(np.clip(out, 0, 65535).astype(np.uint16), layout=pd.DataFrame(layout), marker=[220, 120, 90])
    assert "marker_doubtful" in found.calibration.flags
    assert any("puts its masses elsewhere" in message for message in found.messages)
