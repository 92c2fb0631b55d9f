"""The stages together, on small simulated blots whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from blots import analyse, analysed, layout_of, scored, small_blot, truth_of

import ublot
from ublot.errors import BlotError
from ublot.flags import FLAGS
from ublot.inputs.edits import Edits

SCORES = [
    "hmw_fraction", "hmw_fraction_net", "relative_hmw", "relative_hmw_measured_low", "relative_hmw_net",
    "delta_hmw_fraction", "delta_logit_hmw", "relative_hmw_area", "unmodified_remaining", "mean_ubiquitins",
]  # fmt: skip


@pytest.fixture(scope="module")
def plain():
    return analysed()


def flags_of(analysis):
    return [set(text.split(";")) - {""} for text in analysis.lanes["flags"]]


# ------------------------------------------------------------------------------------------------------ right numbers
def test_numbers_are_those_that_were_simulated(plain):
    blot, use = small_blot(), scored(plain)
    lanes = plain.lanes[use]
    assert lanes.hmw_fraction.to_numpy() == pytest.approx(truth_of(blot, "hmw_fraction")[use], abs=0.01)
    assert lanes.relative_hmw.to_numpy() == pytest.approx(truth_of(blot, "relative_hmw")[use], rel=0.05)
    assert lanes.relative_hmw_area.to_numpy() == pytest.approx(truth_of(blot, "relative_hmw_area")[use], rel=0.06)
    assert lanes.unmodified_remaining.to_numpy() == pytest.approx(truth_of(blot, "unmodified_remaining")[use], rel=0.04)
    assert lanes.x_px.to_numpy() == pytest.approx(truth_of(blot, "x_px")[use], abs=2.0)
    assert plain.lanes.x_px.to_numpy() == pytest.approx(truth_of(blot, "x_px"), abs=0.15 * blot.truth["pitch_px"])
    assert plain.messages == ()


def test_columns_agree_with_each_other(plain):
    lanes = plain.lanes[scored(plain)]
    assert lanes.hmw_fraction.to_numpy() == pytest.approx(
        (lanes.hmw_area / (lanes.hmw_area + lanes.unmodified_area)).to_numpy()
    )
    vehicles = plain.lanes[plain.lanes.role == "vehicle"]
    assert vehicles.relative_hmw.mean() == pytest.approx(1.0)
    assert lanes.delta_hmw_fraction.to_numpy() == pytest.approx(lanes.hmw_fraction - vehicles.hmw_fraction.mean())
    f0 = plain.lanes.hmw_fraction[plain.lanes.role == "negative"].item()
    assert lanes.hmw_fraction_net.to_numpy() == pytest.approx(((lanes.hmw_fraction - f0) / (1 - f0)).to_numpy())
    for name in ("hmw_fraction", "relative_hmw", "relative_hmw_area", "unmodified_remaining", "mean_ubiquitins"):
        assert (lanes[f"{name}_low"] < lanes[name]).all() and (lanes[name] < lanes[f"{name}_high"]).all()
    assert (lanes.relative_hmw_low < lanes.relative_hmw_measured_low).all()


def test_the_mirror_image_gives_the_same_numbers_within_their_intervals(plain):
    blot = small_blot()
    layout = [{**row, "lane": k} for k, row in enumerate(reversed(layout_of(blot)), 1)]
    mirrored = analyse(blot, image=np.ascontiguousarray(blot.image[:, ::-1]), layout=layout).lanes.iloc[::-1]
    for name in ("hmw_fraction", "mean_ubiquitins"):
        use = scored(plain)
        there = mirrored[name].to_numpy()[use]
        assert (plain.lanes[f"{name}_low"][use] < there).all() and (there < plain.lanes[f"{name}_high"][use]).all()


def test_marker_and_blank_keep_areas_and_have_no_scores(plain):
    marker, blank = (plain.lanes[plain.lanes.role == role].iloc[0] for role in ("marker", "blank"))
    for row in (marker, blank):
        assert row[SCORES].isna().all() and row["flags"] == ""
        assert np.isfinite([row.total_area, row.unmodified_area, row.hmw_area, row.well_area]).all()
    vehicles = plain.lanes[plain.lanes.role == "vehicle"]
    assert marker.total_area > 0.2 * vehicles.total_area.mean()
    assert abs(blank.hmw_area) < 0.1 * vehicles.hmw_area.mean()


# --------------------------------------------------------------------------------------------------------- invariances
def close(one, two, rel, lanes=slice(None), names=("hmw_fraction", "relative_hmw")):
    for name in names:
        a, b = one.lanes[name].to_numpy()[lanes], two.lanes[name].to_numpy()
        assert a == pytest.approx(b, rel=rel, nan_ok=True), name


def test_a_mirrored_blot_gives_mirrored_rows(plain):
    blot = small_blot()
    rows = [{**row, "lane": 11 - row["lane"]} for row in layout_of(blot)]
    mirrored = analyse(blot, image=np.ascontiguousarray(blot.image[:, ::-1]), layout=rows)
    close(plain, mirrored, 0.03, slice(None, None, -1))
    width = blot.image.shape[1] - 1
    assert mirrored.lanes.x_px.to_numpy() == pytest.approx(width - plain.lanes.x_px.to_numpy()[::-1], abs=1.5)


def test_half_the_signal_is_half_the_areas(plain):
    blot = small_blot()
    halved = analyse(blot, image=blot.image.astype(np.float32) * 0.5)
    close(plain, halved, 1e-3)
    use = scored(plain)
    areas = ("total_area", "unmodified_area", "hmw_area")
    for name in areas:
        assert halved.lanes[name].to_numpy()[use] == pytest.approx(0.5 * plain.lanes[name].to_numpy()[use], rel=1e-3)


def test_a_constant_changes_nothing(plain):
    blot = small_blot()
    close(plain, analyse(blot, image=blot.image + np.uint16(4000)), 2e-3)


def test_sample_types_and_memory_layouts_are_the_same(plain):
    blot = small_blot()
    assert analyse(blot, image=np.asfortranarray(blot.image.astype(np.float32))).lanes.hmw_fraction.to_numpy() == (
        pytest.approx(plain.lanes.hmw_fraction.to_numpy(), rel=1e-4, nan_ok=True)
    )


def test_the_same_input_gives_the_same_numbers(plain):
    assert analyse(small_blot()) == plain


# -------------------------------------------------------------------------------------------------------- calibration
def test_without_a_marker_the_rungs_are_the_ruler():
    blot = small_blot()
    found = analyse(blot, marker=None)
    use = scored(found)
    assert found.calibration is not None and found.calibration.kind == "rungs"
    assert found.lanes.hmw_fraction[use].to_numpy() == pytest.approx(truth_of(blot, "hmw_fraction")[use], abs=0.02)
    assert found.lanes.mean_ubiquitins[use].to_numpy() == pytest.approx(truth_of(blot, "mean_ubiquitins")[use], abs=0.7)
    assert all("self_calibrated" in names for names, s in zip(flags_of(found), use, strict=True) if s)
    assert found.messages == ("the masses of the marker are not known: give --marker",)


def test_a_marker_that_is_not_on_the_layout_is_said():
    found = analyse(small_blot(), layout=layout_of(small_blot(), lane_1={"role": "ignore"}))
    said = "masses rest on the ladder's own rungs, taken for one modifier apart; give --marker-positions"
    assert found.messages == (f"the layout names no marker lane: {said}",)


def test_a_marker_that_cannot_be_read_is_said():
    found = analyse(small_blot(), layout=layout_of(small_blot(), lane_1={"role": "ignore"}, lane_8={"role": "marker"}))
    said = "masses rest on the ladder's own rungs, taken for one modifier apart; give --marker-positions"
    assert found.messages == (f"the marker could not be read: {said}",)


def test_marker_positions_by_hand_replace_the_marker(plain, tmp_path):
    """Positions 4 px off change no fraction: each lane is anchored on its own unmodified band."""
    path = tmp_path / "positions.csv"
    pairs = zip(plain.calibration.masses, plain.calibration.rows, strict=True)
    path.write_text("mass_kda,row_px\n" + "".join(f"{m},{r + 4}\n" for m, r in pairs))
    found = analyse(small_blot(), marker=None, marker_positions=path)
    assert found.calibration.kind == "positions"
    close(plain, found, 0.02)
    assert found.lanes.mean_ubiquitins.notna()[scored(found)].all()


def test_masses_in_the_profile_table_are_those_of_the_lane(plain):
    """The unmodified band of every scored lane stands at the target's mass, whatever its smile."""
    for ladder in plain.ladders:
        if plain.layout.of(ladder.lane).role in ("vehicle", "sample"):
            own = plain.profiles[plain.profiles.lane == ladder.lane]
            near = own.iloc[(own.mass_kda - 69.9).abs().argsort()[:1]]
            peak = own[own.row_px.between(ladder.boundary_row, ladder.low_row)].signal.idxmax()
            assert abs(near.row_px.item() - own.row_px[peak]) <= 2


# -------------------------------------------------------------------------------------------------------- normalising
def test_loads_from_a_file_divide_the_areas(plain, tmp_path):
    path = tmp_path / "loads.csv"
    loads = {lane: 0.5 + 0.1 * lane for lane in range(1, 11)}
    path.write_text("lane,load\n" + "".join(f"{k},{v}\n" for k, v in loads.items()))
    found = analyse(small_blot(), normalise=path)
    assert found.lanes.load.to_numpy() == pytest.approx(list(loads.values()))
    areas = plain.lanes.hmw_area.to_numpy() / list(loads.values())
    assert found.lanes.relative_hmw_area[5:9].to_numpy() == pytest.approx(areas[5:9] / areas[2:5].mean())
    close(plain, found, 1e-12)


def test_total_signal_as_the_load(plain):
    found = analyse(small_blot(), normalise="total")
    totals = plain.lanes.total_area.to_numpy()
    per_total = plain.lanes.hmw_area.to_numpy() / totals
    assert found.lanes.relative_hmw_area[5:9].to_numpy() == pytest.approx(per_total[5:9] / per_total[2:5].mean())
    assert found.lanes.load[2] / found.lanes.load[3] == pytest.approx(totals[2] / totals[3])


def test_a_load_that_is_missing_is_refused(tmp_path):
    path = tmp_path / "loads.csv"
    path.write_text("lane,load\n2,1\n3,1\n")
    with pytest.raises(BlotError, match="no load for lane 4"):
        analyse(small_blot(), normalise=path)


# ------------------------------------------------------------------------------------------------------------- gates
def test_saturated_lanes_are_flagged_and_refused_with_one_line():
    blot, found = small_blot(exposure=2.2), analysed(exposure=2.2)
    full = truth_of(blot, "saturated_px") >= 10
    use = scored(found)
    assert full[use].all()
    assert all({"saturated", "saturated_heavily"} <= names for names, s in zip(flags_of(found), use, strict=True) if s)
    assert found.lanes[use].hmw_fraction.isna().all() and (found.lanes[use].hmw_area > 0).all()
    assert (found.lanes[use].saturated_fraction > 0.01).all()
    (line,) = found.messages
    assert line.startswith("no lane is scored (saturated_heavily): more than 1 %")
    assert "--allow-unfit" in line
    allowed = analyse(blot, allow_unfit=True)
    assert allowed.lanes[use].hmw_fraction.notna().all()
    (line,) = allowed.messages
    assert line.endswith("are scored against quality control (saturated_heavily)")
    assert all("override" in names for names, s in zip(flags_of(allowed), use, strict=True) if s)


def test_a_lane_that_is_refused_alone_is_named():
    """Lane 6 alone is brightened until it clips."""
    blot = small_blot()
    x = analysed().lanes.x_px[5]
    image = blot.image.astype(float)
    image[:, round(x) - 20 : round(x) + 20] *= 2.5
    found = analyse(blot, image=np.clip(image, 0, 65535).astype(np.uint16))
    assert found.lanes.index[found.lanes.hmw_fraction.isna() & scored(found)].tolist() == [5]
    refusals = [line for line in found.messages if "not scored" in line]
    assert refusals[0].startswith("lane 6 is not scored (saturated_heavily)")
    assert all(line.startswith("lane 6 is not scored") for line in refusals)


def test_lanes_that_touch_are_scored_and_the_depth_of_the_gap_is_said():
    blot = small_blot(difficulty="ordinary", fill=0.97, softness=0.02, pitch_scatter=0.0, width_scatter=0.0)
    found = analyse(blot)
    touching = ["lanes_touching" in names for names in flags_of(found)]
    assert sum(touching) > 0.7 * len(touching)
    assert (found.lanes.gap_level[touching] > 0.2).all()
    seen = scored(found) & found.lanes.hmw_fraction.notna()
    assert seen.sum() >= 0.8 * scored(found).sum()
    truth = np.array([lane.get("hmw_fraction", np.nan) for lane in blot.truth["lanes"]])
    off = np.abs(found.lanes.hmw_fraction - truth)[seen]
    assert off.max() < 0.05
    assert any("touching: the gap beside it stands at" in line for line in found.messages)
    refused = scored(found) & found.lanes.hmw_fraction.isna()
    for names, poor in zip(flags_of(found), refused, strict=True):
        assert not poor or {"gutters_poor", "no_signal"} & names


def test_a_background_that_eats_smears_is_flagged():
    found = analyse(small_blot(), background="rolling-ball")
    assert all("smear_at_risk" in names for names, s in zip(flags_of(found), scored(found), strict=True) if s)


def test_blank_lane_background_needs_one():
    with pytest.raises(BlotError, match="role blank"):
        analyse(small_blot(), layout=layout_of(small_blot(), lane_10={"role": "ignore"}), background="blank-lane")


def test_a_lane_without_signal_is_said_to_rest_on_its_neighbours():
    blot = small_blot()
    found = analyse(blot, layout=layout_of(blot, lane_10={"role": "sample", "time_min": 45}))
    names = flags_of(found)
    assert {"lane_uncertain", "no_signal"} <= names[9]
    assert not any("lane_uncertain" in n for n in names[:9])
    row = found.lanes.iloc[9]
    assert math.isnan(row.hmw_fraction) and math.isnan(row.relative_hmw)
    assert abs(row.unmodified_remaining) < 0.02
    assert row.unmodified_remaining_low < row.unmodified_remaining < row.unmodified_remaining_high


@pytest.mark.parametrize("stress", [{"exposure": 0.06, "difficulty": "ordinary"}, {"degrade": 0.95}], ids=str)
def test_faint_lanes_are_not_uncertain(stress):
    assert not any("lane_uncertain" in names for names in flags_of(analysed(**stress)))


# ------------------------------------------------------------------------------------------------ antibody and assay
def test_anti_modifier_blot():
    blot = small_blot(modifier_antibody=True)
    found = analyse(blot, antibody="modifier")
    use = scored(found)
    empty = ["hmw_fraction", "relative_hmw", "unmodified_area", "unmodified_remaining"]
    assert found.lanes[empty].isna().all(axis=None)
    assert found.lanes.relative_hmw_area[use].to_numpy() == pytest.approx(
        truth_of(blot, "relative_hmw_area")[use], rel=0.06
    )
    assert (found.species.n >= 1).all()
    assert not any("no_signal" in names for names, s in zip(flags_of(found), use, strict=True) if s)


def test_in_cells_the_target_may_be_gone():
    blot = small_blot(degrade=0.95)
    found, strict = analyse(blot, assay="cells"), analysed(degrade=0.95)
    use = scored(found)
    assert found.lanes.unmodified_remaining[use].to_numpy() == pytest.approx(
        truth_of(blot, "unmodified_remaining")[use], abs=0.03
    )
    assert found.lanes.relative_hmw_area[use].to_numpy() == pytest.approx(
        truth_of(blot, "relative_hmw_area")[use], abs=0.1
    )
    lost = truth_of(blot, "unmodified_remaining") < 0.2
    assert not any("mass_balance" in names for names in flags_of(found))
    assert ["mass_balance" in names for names, s in zip(flags_of(strict), use, strict=True) if s] == list(lost[use])


# ----------------------------------------------------------------------------------------------- what nobody has said
def test_without_a_layout_every_lane_is_measured_and_none_is_relative():
    blot = small_blot()
    found = ublot.analyze(blot.image, marker="precision-plus", lanes=10)
    assert len(found.lanes) == 10 and (found.lanes.role == "").all()
    assert found.lanes.relative_hmw.isna().all()
    use = scored(analysed())
    assert found.lanes.hmw_fraction[use].to_numpy() == pytest.approx(truth_of(blot, "hmw_fraction")[use], abs=0.01)
    assert len(found.messages) == 1 and found.messages[0].startswith("no layout")


def test_no_vehicle_is_one_line():
    rows = [{**r, "role": "sample" if r["role"] == "vehicle" else r["role"]} for r in layout_of(small_blot())]
    found = analyse(small_blot(), layout=rows)
    assert found.messages == ("the layout names no vehicle (DMSO) lane: nothing is relative to it",)
    assert found.lanes.relative_hmw.isna().all() and found.lanes.hmw_fraction[scored(found)].notna().all()


def test_a_time_without_vehicle_is_one_line():
    found = analyse(small_blot(), layout=layout_of(small_blot(), lane_6={"time_min": 10}, lane_7={"time_min": 10}))
    assert found.messages == ("lanes 6, 7 are not relative to the vehicle: it has no lane of their group and time",)
    assert found.lanes.relative_hmw.isna()[[5, 6]].all() and found.lanes.relative_hmw.notna()[[7, 8]].all()


def test_a_column_that_looks_like_a_known_one_is_mentioned():
    rows = [{**row, "compund": "LCL161"} for row in layout_of(small_blot())]
    for row in rows:
        del row["compound"]
    found = analyse(small_blot(), layout=rows)
    assert len(found.messages) == 1 and "compund" in found.messages[0]


def test_doses_in_another_unit_are_the_same_doses():
    rows = [dict(row) for row in layout_of(small_blot())]
    for row in rows:
        dose = row.pop("concentration_nM")
        row["concentration_uM"] = "" if dose is None else f"{dose / 1000:g}"
    found, as_given = analyse(small_blot(), layout=rows), analyse(small_blot())
    assert found.lanes.concentration_nM.to_numpy() == pytest.approx(as_given.lanes.concentration_nM, nan_ok=True)
    assert found.lanes.relative_hmw.to_numpy() == pytest.approx(as_given.lanes.relative_hmw, nan_ok=True)


def test_a_picture_without_lanes_is_an_empty_result():
    rng = np.random.default_rng(0)
    found = ublot.analyze(rng.normal(2000, 30, (300, 400)).astype(np.float32))
    assert len(found.lanes) == len(found.species) == len(found.profiles) == 0
    assert list(found.lanes.columns) == list(analysed().lanes.columns)
    assert len(found.messages) == 1 and found.messages[0].startswith("no lanes found")


def test_every_flag_of_every_stage_is_in_the_registry(plain):
    for stress in ({}, {"exposure": 2.2}, {"degrade": 0.95}, {"difficulty": "ordinary", "exposure": 0.06}):
        assert set().union(*flags_of(analysed(**stress))) <= set(FLAGS)


def test_progress_goes_forward():
    seen = []
    analyse(small_blot(), progress=lambda stage, share: seen.append((stage, share)))
    shares = [share for _, share in seen]
    assert len(seen) >= 4 and shares == sorted(shares) and all(0 <= s <= 1 for s in shares) and all(s for s, _ in seen)


# -------------------------------------------------------------------------------------------------------------- edits
@pytest.mark.parametrize(
    ("edits", "says"),
    [
        (Edits(boundary_rows=((11, 200.0),)), "no lane 11"),
        (Edits(boundary_rows=((3, -5.0),)), "row -5 is not on the membrane"),
        (Edits(boundary_rows=((3, 5000.0),)), "row 5000 is not on the membrane"),
    ],
)
def test_boundaries_that_cannot_be(edits, says):
    with pytest.raises(BlotError, match=says):
        analyse(small_blot(), edits=edits)


def test_an_anti_modifier_blot_without_masses_says_what_is_missing():
    blot = small_blot(modifier_antibody=True)
    found = analyse(blot, antibody="modifier", marker=None)
    assert all("no_calibration" in names and "no_signal" not in names for names in flags_of(found))
    assert found.lanes.hmw_area.isna().all() and found.lanes.relative_hmw_area.isna().all()
