"""A marker that gives no light with the blot is read from another picture of the membrane, at the same place."""

from __future__ import annotations

import hashlib
import json
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile
from typer.testing import CliRunner

import ublot
from ublot import BlotError, cli

SHAPE = (300, 440)


@pytest.fixture(scope="module")
def pair():
    """A blot with an empty marker lane, the colorimetric picture that shows it, and the layout."""
    simulated = ublot.simulate_blot(seed=10, difficulty="easy", shape=SHAPE)
    whole = ublot.analyze(simulated.image, layout=simulated.layout, marker="precision-plus", ladder=False)
    lanes = whole.geometry
    edge = int(0.5 * float(lanes[0].centre(150.0) + lanes[1].centre(150.0)))
    picture = simulated.image.astype(np.float64)
    rng = np.random.default_rng(5)
    dark = picture.copy()
    membrane = np.median(picture[:, : max(int(lanes[0].centre(150.0) - lanes.pitch / 2), 4)], axis=1)
    dark[:, :edge] = membrane[:, None] + rng.normal(0, 30, (SHAPE[0], edge))
    colour = 52_000 + rng.normal(0, 150, SHAPE)
    shown = picture[:, :edge] - membrane[:, None]
    colour[:, :edge] -= 20_000 * (shown / shown.max()).clip(0)
    return (
        dark.clip(0, 65535).astype(np.uint16),
        colour.clip(0, 65535).astype(np.uint16),
        simulated.layout,
        whole,
    )


def masses_at(analysis, whole):
    """Largest error of the scale, in log10(kDa), at the bands of the marker in the whole picture."""
    rows = np.asarray(whole.calibration.rows)
    found = np.interp(rows, analysis.calibration.rows, np.log10(analysis.calibration.masses))
    return np.abs(found - np.log10(whole.calibration.masses)).max()


def test_the_other_page_is_looked_at_and_said(pair, tmp_path):
    blot, colour, layout, whole = pair
    tifffile.imwrite(tmp_path / "blot.tif", np.stack([blot, colour]), photometric="minisblack")
    found = ublot.analyze(tmp_path / "blot.tif", layout=layout, marker="precision-plus", ladder=False)
    assert found.calibration.kind == "marker"
    assert masses_at(found, whole) < 0.01
    assert "the marker was read from channel 2 of the file" in " ".join(found.messages)


def test_the_other_dye_of_a_colour_picture_shows_the_marker_beside_another_protein(pair, tmp_path):
    blot, colour, layout, whole = pair
    other = 52_000 - colour.astype(np.float64)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for lane in list(whole.geometry)[1:]:
        across = np.exp(-(((columns - float(lane.centre(150.0))) / 9) ** 6))
        other += 30_000 * across * np.exp(-0.5 * ((rows - 200) / 2.0) ** 2)
    rgb = np.dstack([other.clip(0, 65535).astype(np.uint16), blot, np.zeros_like(blot)])
    tifffile.imwrite(tmp_path / "blot.tif", rgb, photometric="rgb")
    found = ublot.analyze(tmp_path / "blot.tif", layout=layout, marker="precision-plus", channel=2, ladder=False)
    assert masses_at(found, whole) < 0.01
    assert "the marker was read from channel 1 of the file" in found.messages


@pytest.mark.parametrize(("scale", "by"), [(1.0, 12), (2.0, 0)])
def test_a_file_of_its_own_at_another_scale_and_place(pair, tmp_path, scale, by):
    blot, colour, layout, whole = pair
    moved = np.roll(colour, by, axis=1)
    moved = cv2.resize(moved, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale != 1 else moved
    tifffile.imwrite(tmp_path / "blot.tif", blot)
    tifffile.imwrite(tmp_path / "marker.tif", moved)
    found = ublot.analyze(
        tmp_path / "blot.tif",
        layout=layout,
        marker="precision-plus",
        marker_image=str(tmp_path / "marker.tif"),
        ladder=False,
    )
    assert found.calibration.kind == "marker"
    assert masses_at(found, whole) < 0.02
    said = " ".join(found.messages)
    assert "the marker was read from the picture of marker.tif" in said
    assert found.calibration.picture_sha256 == hashlib.sha256((tmp_path / "marker.tif").read_bytes()).hexdigest()
    assert ("to the right of its lane" in said) == bool(by)


def test_a_picture_of_another_frame_is_refused(pair, tmp_path):
    blot, colour, layout, _ = pair
    tifffile.imwrite(tmp_path / "marker.tif", colour[:200])
    with pytest.raises(BlotError, match="not of the same frame"):
        ublot.analyze(
            blot, layout=layout, marker="precision-plus", marker_image=str(tmp_path / "marker.tif"), ladder=False
        )


def test_a_blot_in_memory_has_no_other_channel(pair):
    blot, _, layout, _ = pair
    with pytest.raises(BlotError, match="no other channel"):
        ublot.analyze(blot, layout=layout, marker="precision-plus", marker_channel=2, ladder=False)


@pytest.fixture(scope="module")
def folder(pair, tmp_path_factory):
    """Two blots with the pictures of their markers beside them."""
    blot, colour, layout, _ = pair
    place = tmp_path_factory.mktemp("scans")
    for name in ("a", "b"):
        tifffile.imwrite(place / f"{name}.tif", blot)
        tifffile.imwrite(place / f"{name}_colour.tif", colour)
        pd.DataFrame(layout).to_csv(place / f"{name}.layout.csv", index=False)
    return place


def test_a_saved_result_reopens_and_runs_again_with_the_same_picture_only(pair, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "scans")
    found = ublot.analyze(
        tmp_path / "scans" / "a.tif", marker="precision-plus", marker_image="{stem}_colour.tif", ladder=False
    )
    assert masses_at(found, pair[3]) < 0.01
    found.save(tmp_path / "out", report=False)
    assert len(json.loads((tmp_path / "out" / "analysis.json").read_text())["calibration"]["picture_sha256"]) == 64
    again = ublot.load(tmp_path / "out")
    assert again == found
    assert again.stages.calibration == found.calibration
    tifffile.imwrite(tmp_path / "scans" / "a_colour.tif", pair[1][::-1])
    with pytest.raises(BlotError, match="SHA-256 differs"):
        _ = ublot.load(tmp_path / "out").stages


def test_a_batch_takes_every_blot_with_its_own_picture_and_none_of_these_for_a_blot(pair, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "scans")
    options = {"marker": "precision-plus", "marker_image": "{stem}_colour.tif"}
    options |= {"ladder": False, "report": False, "workers": 0}
    first = ublot.run_batch(tmp_path / "scans", out=tmp_path / "out", **options)
    assert (first.blots, first.analysed, first.failures) == (2, 2, ())
    assert masses_at(ublot.load(tmp_path / "out" / "a.ublot"), pair[3]) < 0.01
    tifffile.imwrite(tmp_path / "scans" / "a_colour.tif", np.roll(pair[1], 1, axis=1))
    second = ublot.run_batch(tmp_path / "scans", out=tmp_path / "out", **options)
    assert (second.analysed, second.kept) == (1, 1)  # the one whose marker has changed, and the other


def test_a_page_of_its_own_by_the_command_line(pair, folder, tmp_path):
    blot, colour, _, whole = pair
    tifffile.imwrite(tmp_path / "b.tif", np.stack([blot, colour]), photometric="minisblack")
    shutil.copy(folder / "a.layout.csv", tmp_path / "b.layout.csv")
    words = ["analyze", str(tmp_path / "b.tif"), "--marker", "precision-plus", "--marker-page", "2", "--no-report"]
    assert CliRunner().invoke(cli.app, [*words, "--no-ladder", "--out", str(tmp_path / "out")]).exit_code == 0
    assert masses_at(ublot.load(tmp_path / "out"), whole) < 0.01


def test_the_blot_itself_is_no_other_channel(pair, folder):
    with pytest.raises(BlotError, match="the blot itself"):
        ublot.analyze(folder / "a.tif", marker="precision-plus", marker_channel=1, ladder=False)
