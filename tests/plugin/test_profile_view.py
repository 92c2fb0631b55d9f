"""What the profile plot and the score plot show of an analysis, without a window."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import ublot

if TYPE_CHECKING:
    from pathlib import Path

from ublot_napari.sections.answer.series import choose_column, dose_series, score_slots
from ublot_napari.sections.layout.cells import cell_problems, is_header, layout_notes, plain_number, text_rows
from ublot_napari.sections.profile.view import ProfileView, mass_ticks, profile_view, reference_lane, shift_between


@pytest.fixture(scope="module")
def analysis(root: Path) -> ublot.Analysis:
    return ublot.analyze(root / "test_images" / "two_compounds.tif", marker="precision-plus")


def made_up(**changes: object) -> ProfileView:
    """A lane of 200 rows in which the mass halves every 50 rows, from 400 kDa at row 0."""
    rows = np.arange(200.0)
    values = {
        "lane": 1, "title": "", "rows": rows, "mass_kda": 400 / 2 ** (rows / 50), "raw": rows, "background": rows * 0,
        "signal": rows, "fit": None, "rungs": (), "smear": None,
        "boundary_row": np.nan, "low_row": np.nan, "well_row": np.nan,
    }  # fmt: skip
    return ProfileView(**{**values, **changes})


def test_a_window_opens_without_plots_and_science() -> None:
    heavy = "{'pyqtgraph', 'scipy', 'matplotlib', 'napari'} & set(sys.modules)"
    modules = ("layout.editor", "profile.plot", "answer.plot", "mass.marker_table", "answer.table")
    named = ", ".join(f"ublot_napari.sections.{name}" for name in modules)
    code = f"import sys, {named}; print(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------------------------------------------------------- profile
def test_a_view_holds_what_the_profiles_table_holds(analysis) -> None:
    view = profile_view(analysis, 8)
    table = analysis.profiles[analysis.profiles.lane == 8]
    for name in ("mass_kda", "raw", "background", "signal", "fit"):
        np.testing.assert_allclose(getattr(view, name), table[name], rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(view.rows, table.row_px)
    assert view.title == "Lane 8  birinapant 55 nM"


def test_regions_are_called_no_more_than_is_known(analysis) -> None:
    assert profile_view(analysis, 8).called["H"] == "H, ubiquitinated cIAP1"
    other = analysis.revised(analysis.layout, analysis.params.model_copy(update={"modifier": "NEDD8"}), analysis.edits)
    assert profile_view(other, 8).called["H"] == "H, NEDDylated cIAP1"
    bare = analysis.revised(None, analysis.params, analysis.edits)
    assert profile_view(bare, 8).called == {"U": "U, the main band", "H": "H, above it", "W": "W, the well"}


def test_regions_cut_the_areas_of_the_lanes_table(analysis) -> None:
    view = profile_view(analysis, 8)
    inside = (view.rows > view.boundary_row) & (view.rows < view.low_row)
    band = view.signal[inside].sum()
    # Whole rows only, and the fit decides overlaps: near, not equal.
    assert band == pytest.approx(analysis.lanes.unmodified_area[7], rel=0.1)
    assert view.well_row < view.boundary_row < view.low_row


def test_rungs_are_the_resolved_species(analysis) -> None:
    view = profile_view(analysis, 8)
    resolved = int(analysis.lanes.resolved_to_n[7])
    species = analysis.species[(analysis.species.lane == 8) & (analysis.species.n <= resolved)]
    assert [n for n, _, _ in view.rungs] == species.n.tolist()
    np.testing.assert_allclose([row for _, row, _ in view.rungs], species.row_px)
    for _, row, height in view.rungs:
        assert height == pytest.approx(view.signal[round(row)], rel=0.2)


def test_the_smear_is_what_the_ladder_fraction_leaves(analysis) -> None:
    for lane in (8, 10, 14):
        view = profile_view(analysis, lane)
        row = analysis.lanes.iloc[lane - 1]
        assert (view.smear <= view.fit + 1e-9).all()
        share = view.smear.sum() / row.hmw_area
        assert share == pytest.approx(1 - row.ladder_fraction, abs=0.15)
        assert view.smear[view.rows > view.low_row].max() == 0


def test_a_marker_lane_has_no_regions_and_no_fit(analysis) -> None:
    view = profile_view(analysis, 1)
    assert np.isnan([view.boundary_row, view.low_row, view.well_row]).all()
    assert view.fit is None
    assert view.rungs == ()


def test_a_lane_that_is_not_there_is_said(analysis) -> None:
    with pytest.raises(ublot.BlotError, match=r"no lane 99.*lanes 1 to 16"):
        profile_view(analysis, 99)


def test_without_a_calibration_there_are_no_masses(root) -> None:
    image = root / "test_images" / "dose_series.tif"
    analysis = ublot.analyze(image, ladder=False, layout=[{"lane": i + 1, "role": "marker"} for i in range(12)])
    view = profile_view(analysis, 5)
    assert view.mass_kda is None
    assert view.smear is None
    assert mass_ticks(view, 5) == []


def test_the_reference_is_a_vehicle_of_the_lanes_own_group_and_time() -> None:
    lanes = {
        "lane": [1, 2, 3, 4, 5],
        "role": ["vehicle", "vehicle", "vehicle", "sample", "sample"],
        "group": ["a", "b", "b", "b", "c"],
        "time_min": [30.0, 30.0, 60.0, 60.0, 30.0],
    }
    blot = SimpleNamespace(columns={"lanes": lanes})
    assert reference_lane(blot, 4) == 3
    assert reference_lane(blot, 5) is None


def test_ticks_stand_where_the_mass_is() -> None:
    ticks = {name: row for row, name in mass_ticks(made_up(), 5)}
    assert ticks["200"] == pytest.approx(50, abs=0.1)
    assert ticks["100"] == pytest.approx(100, abs=0.1)
    assert ticks["50"] == pytest.approx(150, abs=0.1)
    assert "500" not in ticks


def test_ticks_keep_apart_and_100_goes_first() -> None:
    ticks = mass_ticks(made_up(), 60)
    rows = [row for row, _ in ticks]
    assert np.diff(rows).min() >= 60
    assert "100" in {name for _, name in ticks}


def test_a_reference_is_moved_to_the_lanes_own_masses() -> None:
    lower = made_up()
    rows = lower.rows
    higher = made_up(mass_kda=400 / 2 ** ((rows + 7) / 50))  # its bands lie 7 rows higher
    assert shift_between(lower, higher) == pytest.approx(7, abs=0.01)
    assert shift_between(higher, lower) == pytest.approx(-7, abs=0.01)
    assert shift_between(made_up(mass_kda=None), higher) == 0


# -------------------------------------------------------------------------------------------------------------- scores
def scores(**columns: list[object]) -> pd.DataFrame:
    base = {
        "lane": [1, 2, 3, 4], "role": ["marker", "vehicle", "vehicle", "sample"], "compound": ["", "DMSO", "DMSO", "X"],
        "concentration_nM": [np.nan, 0, 0, 10], "time_min": [np.nan] * 4, "group": [""] * 4,
        "hmw_fraction": [np.nan, 0.2, 0.4, 0.9], "relative_hmw": [np.nan, 0.8, 1.2, 3.0],
        "relative_hmw_low": [np.nan, 0.7, 1.1, 2.0], "relative_hmw_high": [np.nan, 0.9, 1.3, 4.0],
        "relative_hmw_area": [np.nan] * 4, "flags": ["", "", "saturated", ""],
    }  # fmt: skip
    return pd.DataFrame({**base, **columns})


def test_every_lane_that_reacted_has_a_slot() -> None:
    slots = score_slots(scores(), "relative_hmw")
    assert [slot.lanes for slot in slots] == [(2,), (3,), (4,)]
    assert slots[2].points[0].high == 4.0
    assert "expose shorter" in slots[1].tip


def test_conditions_share_a_slot_at_their_mean() -> None:
    slots = score_slots(scores(), "relative_hmw", by_condition=True)
    assert [slot.lanes for slot in slots] == [(2, 3), (4,)]
    assert slots[0].mean == pytest.approx(1.0)


def test_a_refused_lane_is_an_empty_slot_with_its_reason() -> None:
    lost = scores(
        hmw_fraction=[np.nan, 0.2, 0.4, np.nan], relative_hmw=[np.nan, 1, 1, np.nan], flags=["", "", "", "lossy"]
    )
    slot = score_slots(lost, "relative_hmw")[-1]
    assert slot.points == ()
    assert slot.state == "refused"
    assert "JPEG" in slot.tip


def test_the_column_with_numbers_is_chosen() -> None:
    assert choose_column(scores()) == "relative_hmw"
    by_area = scores(hmw_fraction=[np.nan] * 4, relative_hmw=[np.nan] * 4, relative_hmw_area=[np.nan, 1.0, 1.0, 2.0])
    assert choose_column(by_area) == "relative_hmw_area"
    both = scores(relative_hmw_area=[np.nan, 1.0, 1.0, 2.0])
    assert choose_column(both) == "relative_hmw"
    assert choose_column(both, by_area=True) == "relative_hmw_area"


def test_dose_curves_pass_half_way_at_the_ec50(analysis) -> None:
    series, vehicles = dose_series(analysis.lanes, analysis.dose_response, "relative_hmw")
    assert [one.name for one in series] == ["birinapant", "LCL161"]
    assert [point.lane for point in vehicles] == [3, 4, 5]
    row = analysis.dose_response.query("compound == 'birinapant' and quantity == 'relative_hmw'").iloc[0]
    dose, response = series[0].curve
    half = np.interp(np.log(row.ec50_nM), np.log(dose), response)
    assert half == pytest.approx((row.bottom + row.top) / 2, rel=0.01)
    assert f"{row.ec50_nM:.3g} nM" in series[0].words


def test_a_falling_curve_falls(analysis) -> None:
    series, _ = dose_series(analysis.lanes, analysis.dose_response, "unmodified_remaining")
    response = series[0].curve[1]
    assert response[0] > 0.85
    assert response[-1] < 0.5


def test_why_there_is_no_ec50_is_said(analysis) -> None:
    series, _ = dose_series(analysis.lanes, analysis.dose_response, "relative_hmw_area")
    unknown = next(one for one in series if one.name == "LCL161")
    assert unknown.curve is None
    assert "not estimable" in unknown.words
    assert "the full effect is not reached" in unknown.words


def test_points_are_there_before_their_curve_is(analysis) -> None:
    series, vehicles = dose_series(analysis.lanes, pd.DataFrame(), "relative_hmw")
    assert [one.name for one in series] == ["birinapant", "LCL161"]
    np.testing.assert_allclose(series[1].doses, [1, 7.4, 55, 410, 3000])
    assert len(vehicles) == 3
    assert series[0].curve is None
    assert series[0].words == "birinapant: no curve was fitted"


def test_two_times_are_two_series() -> None:
    lanes = range(1, 9)
    table = pd.DataFrame(
        {"lane": lanes, "role": "sample", "compound": "X", "concentration_nM": [1.0, 10, 100, 1000] * 2,
         "time_min": [30.0] * 4 + [60.0] * 4, "group": "", "relative_hmw": [float(i) for i in lanes]}
    )  # fmt: skip
    series, _ = dose_series(table, pd.DataFrame(), "relative_hmw")
    assert [one.name for one in series] == ["X 30 min", "X 60 min"]
    assert [point.lane for point in series[1].points] == [5, 6, 7, 8]


# ------------------------------------------------------------------------------------------------------------- layout
def test_every_bad_cell_is_named_in_the_words_of_the_layout() -> None:
    rows = [
        {"lane": "1", "role": "marker", "concentration_nM": "ten"},
        {"lane": "2", "role": "smaple", "load": "0"},
    ]
    found = {(p.lane, p.column): p.words for p in cell_problems(rows)}
    assert set(found) == {(1, "concentration_nM"), (2, "role"), (2, "load")}
    for (lane, column), words in found.items():
        cell = {"lane": 1, "role": "sample", column: rows[lane - 1][column]}
        with pytest.raises(ublot.BlotError) as caught:
            ublot.analyze(np.zeros((50, 50), np.uint16), layout=[cell])
        assert caught.value.what in words


def test_a_layout_that_is_fine_has_no_problems_and_an_empty_one_is_none() -> None:
    assert cell_problems([{"lane": "1", "role": "vehicle"}, {"lane": "2", "role": "sample"}], [1, 2]) == []
    assert cell_problems([{"lane": "1"}, {"lane": "2"}], [1, 2]) == []


def test_lanes_beyond_the_picture_are_named() -> None:
    (problem,) = cell_problems([{"lane": "1", "role": "vehicle"}, {"lane": "2", "role": "sample"}], [1])
    assert problem.lane == 2
    assert "2 rows" in problem.words


@pytest.mark.parametrize(
    ("column", "typed", "kept"),
    [
        ("concentration_nM", "0,5", "0.5"),
        ("compound", "a,b", "a,b"),
        ("load", "1,2,3", "1,2,3"),
        ("load", "1.5", "1.5"),
    ],
)
def test_decimal_commas_become_points_in_numbers_only(column, typed, kept) -> None:
    assert plain_number(column, typed) == kept


def test_a_column_that_looks_like_a_known_one_is_named() -> None:
    (note,) = layout_notes([{"lane": "1", "role": "sample", "compund": "X"}])
    assert "compound" in note
    assert layout_notes([{"lane": "1", "role": "nonsense", "compund": "X"}]) == []


def test_a_header_row_is_told_from_lanes() -> None:
    columns = ["lane", "role", "compound", "operator"]
    assert is_header(["Lane", "ROLE", "note"], columns)
    assert is_header(["compound", "operator"], columns)
    assert not is_header(["sample", "LCL161"], columns)
    assert not is_header(["", ""], columns)


def test_rows_of_any_kind_become_text_and_further_columns_stay() -> None:
    columns, rows = text_rows([{"Lane": 1, "role": "sample", "concentration_nM": 10.0, "operator": None, "load": 0.5}])
    assert columns[-1] == "operator"
    assert rows == [{"lane": "1", "role": "sample", "concentration_nM": "10", "operator": "", "load": "0.5"}]
