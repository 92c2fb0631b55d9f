"""Gates that know lanes and bands, and `inspect`, which must say what an analysis does."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from drawn_lanes import quantified

import ublot
from ublot.flags import refuses
from ublot.inputs.edits import Edits
from ublot.pipeline.gates import cuts_signal, ends_at_band_in_words, floor_share, with_crop_flags
from ublot.pipeline.inspection import describe
from ublot.scoring.ratios import fraction_of
from ublot.simulation import save_blot, simulate_blot

REAL = Path(__file__).parents[2] / "../shared/real_blots"


@cache
def simulated(name="smear"):
    knobs = {
        "smear": {"smear": 1.0, "processive": 0.7},
        "ladder": {"smear": 0.1, "processive": 0.05},
        "well": {"well": 0.6},
        "edges": {"membrane_edge": True},
        "antibody": {"modifier_antibody": True},
        "saturated": {"exposure": 2.2},
        "touching": {"fill": 0.97, "softness": 0.02, "pitch_scatter": 0.0, "width_scatter": 0.0},
        "film": {"detector": "film8"},
    }[name]
    return simulate_blot(seed=5, shape=(512, 640), lanes=9, **knobs)


def analysed(blot, image=None, **options):
    options = {"marker": list(blot.truth["marker_kda"]), "antibody": blot.truth["antibody"], **options}
    return ublot.analyze(blot.image if image is None else image, layout=list(blot.layout), ladder=False, **options)


def flags_by_lane(analysis, roles=("vehicle", "sample", "negative")):
    rows = analysis.lanes[analysis.lanes.role.isin(roles)]
    return [set(text.split(";")) for text in rows["flags"]]


# ---------------------------------------------------------------------------------------------------------- crop
@pytest.mark.parametrize("name", ["smear", "ladder", "well", "edges", "antibody"])
def test_a_whole_picture_is_not_cropped(name):
    assert not any("crop_tight" in flags for flags in flags_by_lane(analysed(simulated(name))))


def test_a_crop_through_the_smear_is_seen_for_array_and_region():
    blot = simulated()
    for cut in (analysed(blot, blot.image[110:]), analysed(blot, roi="110:512,0:640")):
        flagged = ["crop_tight" in flags for flags in flags_by_lane(cut)]
        assert np.mean(flagged) > 0.8
    # Above the smear nothing is lost.
    assert not any("crop_tight" in flags for flags in flags_by_lane(analysed(blot, blot.image[25:])))


@pytest.mark.parametrize(("above", "flagged"), [(-60, 0.0), (0, 0.6), (20, 1.0)])
def test_a_region_without_the_unmodified_band_is_seen(above, flagged):
    """Masses are known, so that the place of the band is, also outside."""
    blot = simulated("ladder")
    whole = analysed(blot)
    row = round(np.nanmedian([k.target_row for k in whole.ladders]))
    known = Edits(calibration=whole.calibration)
    cut = ublot.analyze(blot.image[: row - above], layout=list(blot.layout), ladder=False, edits=known)
    found = np.mean(["crop_tight" in flags for flags in flags_by_lane(cut) if "no_signal" not in flags])
    assert found >= flagged if flagged else found == 0


@pytest.mark.parametrize(("boundary", "cut"), [(480.0, False), (-6.0, True)])
def test_no_room_for_the_modified_above_the_band_is_seen(boundary, cut):
    lane = replace(quantified(1, 1000.0, 0.0), boundary_row=boundary)
    assert cuts_signal(lane) == cut
    (seen,) = with_crop_flags([lane], {1})
    assert np.isnan(seen.hmw) == cut  # not 0 with an interval of no width
    assert fraction_of(seen).known != cut
    assert bool(ends_at_band_in_words([seen])) == cut


@pytest.mark.parametrize(("room", "flagged"), [(0.6, True), (0.9, True), (1.25, False)])
def test_a_lane_without_room_beside_it_is_flagged(room, flagged):
    blot = simulated("ladder")
    last = analysed(blot).geometry[-1]
    end = round(float(last.centre(256.0)) + room * last.width)
    for found in (analysed(blot, blot.image[:, :end]), analysed(blot, roi=f"0:512,0:{end}")):
        texts = [set(text.split(";")) for text in found.lanes["flags"]]
        assert ("lane_at_edge" in texts[-1]) is flagged
        assert not any("lane_at_edge" in flags for flags in texts[1:-1])


# --------------------------------------------------------------------------------------------------------- floor
@pytest.mark.parametrize("invert", [False, True])
def test_a_clipped_background_is_seen(invert):
    blot = simulated()
    image = blot.image.astype(int)
    black = int(np.quantile(image, 0.05))
    for level, clipped in ((black, True), (int(image.min()) - 1, False), (int(np.quantile(image, 0.0005)), False)):
        cut = np.maximum(image - level, 0).astype(np.uint16)
        found = analysed(blot, 65535 - cut if invert else cut)
        assert all(("clipped_background" in flags) == clipped for flags in flags_by_lane(found))
        share = floor_share(found.blot, found.geometry)
        assert (share == pytest.approx((cut == 0).mean(), abs=0.02)) if clipped else share == 0


def test_few_levels_and_rotation_fill_are_no_clipping():
    for name in ("film", "edges"):
        found = analysed(simulated(name), rotate=3.0)
        assert "clipped_background" not in set().union(*flags_by_lane(found))


# ------------------------------------------------------------------------------------------------------- inspect
@pytest.mark.parametrize("name", ["smear", "saturated", "touching", "film"])
def test_inspect_agrees_with_analyze(name, tmp_path):
    image = save_blot(simulated(name), tmp_path, name, name)
    analysis = ublot.analyze(image)
    rows = analysis.lanes[analysis.lanes.role.isin(["vehicle", "sample", "negative"])]
    refused = [int(n) for n, text in zip(rows.lane, rows["flags"], strict=True) if refuses(text.split(";"))]
    told = json.loads(json.dumps(describe(ublot.read_blot(image), analysis.layout)))
    by_lane = {lane for flag in told["flags"] if flag["severity"] == "refuse" for lane in flag["lanes"]}
    assert sorted(by_lane) == refused
    assert told["quantifiable"] is (len(refused) < len(rows))
    for flag in told["flags"]:
        assert flag["meaning"] and flag["advice"] and flag["source"]
    done = subprocess.run(
        [sys.executable, "-m", "ublot", "inspect", str(image), "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["verdict"] == told["verdict"]


def test_a_picture_without_lanes_is_not_to_be_quantified():
    noise = np.random.default_rng(0).normal(3000, 50, (300, 300)).astype(np.uint16)
    told = describe(ublot.read_blot(noise))
    assert told["lanes"] == 0 and told["quantifiable"] is False
    assert "no lanes" in told["verdict"]


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of real blots is not beside the project")
def test_of_three_probes_of_one_membrane_one_is_saturated():
    told = {name: describe(ublot.read_blot(REAL / f"chemidoc_trio/{name}.tif")) for name in ("trail", "parp")}
    refused = {name: {f["name"] for f in facts["flags"] if f["severity"] == "refuse"} for name, facts in told.items()}
    assert refused == {"trail": {"saturated_heavily"}, "parp": set()}
    assert told["parp"]["verdict"] == "may be quantified"


def test_a_target_that_no_lane_shows_is_told():
    wrong = analysed(simulated(), target="XIAP")
    assert all("target_unseen" in flags for flags in flags_by_lane(wrong))
    for name in ("smear", "ladder", "well"):
        assert not any("target_unseen" in flags for flags in flags_by_lane(analysed(simulated(name))))
    assert not any("target_unseen" in flags for flags in flags_by_lane(analysed(simulated("antibody"))))


# ------------------------------------------------------------------------------------------------------ override
def test_an_override_is_in_the_record_in_every_table_and_said(tmp_path):
    blot = simulated("saturated")
    refused = analysed(blot)
    assert refused.record["overridden"] == {}
    assert set(refused.species["flags"]) <= set(refused.lanes["flags"])
    allowed = analysed(blot, allow_unfit=True)
    lanes = allowed.record["overridden"]["saturated_heavily"]
    texts = dict(zip(allowed.lanes.lane, allowed.lanes["flags"], strict=True))
    assert lanes == [n for n, text in texts.items() if {"override", "saturated_heavily"} <= set(text.split(";"))]
    # A lane that is fit but compared with an unfit vehicle says so as well.
    assert len(lanes) > 3 and all("override" in flags for flags in flags_by_lane(allowed))
    assert any("scored against quality control (saturated_heavily)" in line for line in allowed.messages)
    of_scored = allowed.species[allowed.species.lane.isin(lanes)]
    for table in (of_scored, allowed.summary):
        assert len(table)
        assert all("override" in text.split(";") for text in table["flags"])
    assert not any("override" in text for text in refused.summary["flags"])
    folder = allowed.save(tmp_path / "r", report=False)
    assert json.loads((folder / "analysis.json").read_text())["overridden"] == allowed.record["overridden"]
    assert ublot.load(folder) == allowed
    page = (allowed.save(tmp_path / "page") / "report.html").read_text()
    assert 'class="overridden"' in page and "was overridden with --allow-unfit" in page
    assert 'class="overridden"' not in (refused.save(tmp_path / "other") / "report.html").read_text()
