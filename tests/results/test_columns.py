"""The tables: exactly the contract's columns in the contract's order."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from blots import analyse, analysed, layout_of, small_blot

LANES = (
    "image lane role compound concentration_nM time_min replicate group load x_px width_px angle_deg "
    "total_area unmodified_area hmw_area well_area hmw_fraction hmw_fraction_low hmw_fraction_high "
    "hmw_fraction_net hmw_fraction_net_low hmw_fraction_net_high relative_hmw relative_hmw_low relative_hmw_high "
    "relative_hmw_measured_low relative_hmw_measured_high relative_hmw_net delta_hmw_fraction delta_logit_hmw "
    "relative_hmw_area relative_hmw_area_low relative_hmw_area_high "
    "unmodified_remaining unmodified_remaining_low unmodified_remaining_high "
    "mean_ubiquitins mean_ubiquitins_low mean_ubiquitins_high half_mass_kda share_1_3 share_4_8 share_9_up "
    "ladder_fraction resolved_to_n background_spread saturated_fraction flags haze_area gap_level background_off"
)
SPECIES = "lane n mass_kda row_px area area_low area_high share kind flags"
PROFILES = "lane row_px mass_kda raw background signal fit"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return analysed().save(tmp_path_factory.mktemp("columns") / "out", report=False)


@pytest.mark.parametrize(("name", "columns"), [("lanes", LANES), ("species", SPECIES), ("profiles", PROFILES)])
def test_names_and_order(saved, name, columns):
    with (saved / f"{name}.csv").open(newline="") as file:
        assert next(csv.reader(file)) == columns.split()
    assert list(getattr(analysed(), name).columns) == columns.split()


def test_one_row_per_lane_left_to_right(saved):
    with (saved / "lanes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["lane"] for row in rows] == [str(i) for i in range(1, 11)]
    x = [float(row["x_px"]) for row in rows]
    assert x == sorted(x)
    assert [row["role"] for row in rows] == [row["role"] for row in small_blot().layout]
    assert rows[0]["relative_hmw"] == rows[0]["time_min"] == ""
    assert rows[5]["time_min"] == "45" and rows[5]["compound"] == "birinapant"
    assert not any("nan" in value.casefold() for row in rows for value in row.values())


def test_other_columns_of_the_layout_are_carried_along_last():
    rows = [{**row, "plate": f"0{row['lane']}", "E2": "UbcH5b"} for row in layout_of(small_blot())]
    found = analyse(small_blot(), layout=rows)
    assert list(found.lanes.columns) == [*LANES.split(), "plate", "E2"]
    assert list(found.lanes.plate) == [f"0{i}" for i in range(1, 11)]


def test_a_layout_cannot_overwrite_what_was_measured():
    """Someone may hand in an earlier `lanes.csv` as the layout."""
    rows = [{**row, "hmw_fraction": "0.5", "flags": "fine", "image": "other.tif"} for row in layout_of(small_blot())]
    found = analyse(small_blot(), layout=rows)
    assert list(found.lanes.columns) == LANES.split()
    assert found.lanes.hmw_fraction.to_numpy() == pytest.approx(analysed().lanes.hmw_fraction.to_numpy(), nan_ok=True)
    assert "fine" not in set(found.lanes["flags"])
    (line,) = found.messages
    assert all(name in line for name in ("'hmw_fraction'", "'flags'", "'image'"))


def test_species_add_up():
    found = analysed()
    for lane, own in found.species.groupby("lane"):
        assert list(own.n) == sorted(own.n) and own.n.iloc[0] == 0
        assert own.share.sum() == pytest.approx(1.0)
        row = found.lanes.iloc[lane - 1]
        if row.role in ("vehicle", "sample"):
            inside = own[own.n > 0]
            assert own.area.sum() == pytest.approx(row.hmw_area + row.unmodified_area, rel=0.02)
            assert inside.area.sum() / own.area.sum() == pytest.approx(row.hmw_fraction, abs=0.02)
            mean = (own.n * own.share).sum()
            assert row.mean_ubiquitins == pytest.approx(mean, rel=0.02)
            groups = [own[own.n.between(a, b)].share.sum() for a, b in ((1, 3), (4, 8), (9, 999))]
            assert row[["share_1_3", "share_4_8", "share_9_up"]].to_list() == pytest.approx(groups)
        assert set(own.kind) <= {"rung", "smear"}
    masses = found.species.groupby("n").mass_kda.first()
    assert np.diff(masses.to_numpy()) == pytest.approx(8.565, abs=1e-6)


def test_profiles_are_what_areas_are_sums_of():
    found = analysed()
    for lane, own in found.profiles.groupby("lane"):
        assert (own.raw - own.background).to_numpy() == pytest.approx(own.signal.to_numpy())
        assert np.diff(own.row_px).tolist() == [1] * (len(own) - 1)
        assert own.signal.sum() == pytest.approx(found.lanes.total_area[lane - 1])
        assert (np.diff(own.mass_kda) < 0).all()
        ladder = found.ladders[lane - 1]
        inside = own[(own.row_px > ladder.boundary_row + 1) & (own.row_px < ladder.low_row - 1)]
        assert inside.signal.sum() == pytest.approx(ladder.unmodified, rel=0.1, abs=0.02 * found.lanes.total_area.max())
