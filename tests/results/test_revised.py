"""What an edit changes is run again, and gives the numbers of a run from the start; tables of lanes become lanes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ublot
from ublot.inputs.edits import Edits
from ublot.inputs.params import make_params
from ublot.ladder.fit.all_lanes import fit_ladders
from ublot.lanes.lane_table import as_lanes
from ublot.pipeline import quantification
from ublot.pipeline import stages as pipeline


@pytest.fixture(scope="module")
def simulated():
    return ublot.simulate_blot(seed=5, lanes=8, shape=(320, 420))


@pytest.fixture(scope="module")
def analysis(simulated):
    return ublot.analyze(
        ublot.read_blot(simulated.image), layout=simulated.layout, marker=simulated.truth["marker_kda"]
    )


def moved(analysis, by: float = 3.0):
    lanes = analysis.geometry
    return replace(lanes, items=(*lanes[:3], replace(lanes[3], xs=tuple(x + by for x in lanes[3].xs)), *lanes[4:]))


def other_roles(analysis):
    rows = [dict(record) for record in analysis.layout.records()]
    rows[5] |= {"role": "blank", "compound": ""}
    return rows


CHANGES = {
    "lanes": lambda a: (a.layout, a.params, replace(a.edits, lanes=moved(a))),
    "boundary": lambda a: (a.layout, a.params, replace(a.edits, boundary_rows=((4, a.ladders[3].boundary_row - 4.0),))),
    "calibration": lambda a: (
        a.layout,
        a.params,
        replace(a.edits, calibration=replace(a.calibration, rows=tuple(r + 2.0 for r in a.calibration.rows))),
    ),
    "roles": lambda a: (other_roles(a), a.params, a.edits),
    "compound": lambda a: ([dict(r) | {"compound": "none"} for r in a.layout.records()], a.params, a.edits),
    "no layout": lambda a: (None, a.params, a.edits),
    "background": lambda a: (a.layout, make_params(a.params.model_dump(), background="none"), a.edits),
    "normalise": lambda a: (a.layout, make_params(a.params.model_dump(), normalise="total"), a.edits),
    "plain regions": lambda a: (a.layout, make_params(a.params.model_dump(), ladder=False), a.edits),
    "roi": lambda a: (a.layout, make_params(a.params.model_dump(), roi="20:300,0:420"), a.edits),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_gives_the_numbers_of_a_run_from_the_start(analysis, change: str) -> None:
    layout, params, edits = CHANGES[change](analysis)
    quick = analysis.revised(layout, params, edits)
    whole = ublot.analyze(analysis.blot, layout=layout, edits=edits, config=params.model_dump())
    assert quick == whole
    assert quick != analysis
    assert quick.messages == whole.messages
    assert quick.revised(analysis.layout, analysis.params, analysis.edits) == analysis


def test_one_change_upon_another(analysis) -> None:
    edits = replace(analysis.edits, lanes=moved(analysis))
    steps = analysis.with_edits(edits).with_layout(other_roles(analysis))
    steps = steps.with_params(make_params(analysis.params.model_dump(), allow_unfit=True))
    whole = ublot.analyze(analysis.blot, layout=other_roles(analysis), edits=edits, config=steps.params.model_dump())
    assert steps == whole


def test_any_edits_of_a_burnt_blot_give_the_numbers_of_a_run_that_remembers_nothing() -> None:
    rng = np.random.default_rng(11)
    simulated = ublot.simulate_blot(seed=3, lanes=8, difficulty="easy", shape=(360, 480))
    picture = simulated.image.astype(np.float64)
    floor = np.quantile(picture, 0.05)
    above = np.maximum(picture - floor, 0)
    # More enzyme gives less light.
    picture = (floor + above * np.exp(-((above / (0.45 * np.quantile(above, 0.999))) ** 2))).astype(np.uint16)
    quick = ublot.analyze(picture, layout=simulated.layout, marker=simulated.truth["marker_kda"])
    assert any("hollow_band" in str(flags) for flags in quick.columns["lanes"]["flags"])
    for _ in range(3):
        lanes = list(quick.geometry)
        k = int(rng.integers(len(lanes)))
        by, wider = rng.uniform(-3, 3), rng.uniform(0.95, 1.05)
        lanes[k] = replace(lanes[k], xs=tuple(x + by for x in lanes[k].xs), width=wider * lanes[k].width)
        row = ((4, quick.ladders[3].boundary_row + rng.uniform(-4, 4)),) if rng.random() < 0.5 else ()
        edits = Edits(lanes=replace(quick.geometry, items=tuple(lanes)), boundary_rows=row)
        quick = quick.with_edits(edits)
        whole = ublot.analyze(picture.copy(), layout=quick.layout, edits=edits, config=quick.params.model_dump())
        assert whole.blot is not quick.blot
        assert quick == whole


def test_boundaries_moved_one_after_the_other_give_the_numbers_of_a_run_from_the_start(
    analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[int] = []

    def counted(ladders, *args, **kwargs):
        fits.append(len(ladders))
        return fit_ladders(ladders, *args, **kwargs)

    at = {k.lane: k.boundary_row for k in analysis.ladders}
    moves = [((4, -4.0),), ((4, -5.5),), ((4, -5.5), (6, 3.0)), ((4, -5.5), (6, 2.0)), ((6, 2.0),), ()]
    quick = analysis
    for step, (move, fitted) in enumerate(zip(moves, (1, 0, 1, 0, 1, 1), strict=True)):
        edits = replace(analysis.edits, boundary_rows=tuple((lane, at[lane] + by) for lane, by in move))
        with monkeypatch.context() as patched:
            patched.setattr(quantification, "fit_ladders", counted)
            fits.clear()
            quick = quick.with_edits(edits)
            assert len(fits) == fitted, step
        assert quick == ublot.analyze(
            analysis.blot, layout=analysis.layout, edits=edits, config=analysis.params.model_dump()
        )


def test_only_what_an_edit_changes_is_run_again(analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[str] = []
    for name in ("find_lanes", "estimate_background", "extract_profiles", "quantify_lanes", "score_relative"):
        stage = getattr(pipeline, name)
        monkeypatch.setattr(pipeline, name, lambda *a, _n=name, _s=stage, **k: (run.append(_n), _s(*a, **k))[1])

    def cost(change) -> list[str]:
        run.clear()
        analysis.revised(*change(analysis))
        return list(run)

    assert cost(CHANGES["compound"]) == ["score_relative"]
    assert cost(CHANGES["normalise"]) == ["score_relative"]
    assert cost(CHANGES["boundary"]) == ["quantify_lanes", "score_relative"]
    assert cost(CHANGES["calibration"]) == ["quantify_lanes", "score_relative"]
    assert "find_lanes" not in cost(CHANGES["lanes"])


def test_pixels_are_read_again_from_the_file(analysis, simulated, tmp_path) -> None:
    import tifffile

    path = tmp_path / "blot.tif"
    tifffile.imwrite(path, simulated.image)
    first = ublot.analyze(path, layout=simulated.layout, ladder=False)
    turned = first.with_params(make_params(first.params.model_dump(), rotate=2.0, response="density"))
    assert turned == ublot.analyze(path, layout=simulated.layout, ladder=False, rotate=2.0, response="density")
    assert turned.with_params(first.params) == first
    array = analysis.with_params(make_params(analysis.params.model_dump(), rotate=2.0))
    with pytest.raises(ublot.BlotError, match="turned already"):
        array.with_params(analysis.params)


def test_progress_may_stop_a_change(analysis) -> None:
    def stop(stage: str, share: float) -> None:
        raise KeyboardInterrupt(stage)

    with pytest.raises(KeyboardInterrupt):
        analysis.revised(analysis.layout, analysis.params, Edits(), progress=stop)


# ------------------------------------------------------------------------------------------------- tables of lanes
def test_a_table_as_it_was_written_changes_nothing(analysis) -> None:
    again = analysis.with_lanes(analysis.lanes)
    assert again.geometry.items == analysis.geometry.items
    assert again.lanes["hmw_fraction"].equals(analysis.lanes["hmw_fraction"])


def test_a_table_moves_widens_tilts_and_deletes(analysis) -> None:
    table = analysis.lanes[["lane", "x_px", "width_px", "angle_deg"]].copy()
    table.loc[2, "x_px"] += 4.0
    table.loc[3, "width_px"] = 20.0
    table.loc[4, "angle_deg"] += 1.0
    before = analysis.geometry
    kept = as_lanes(table.drop(index=6), before)
    mid = kept.window.mid_row
    assert [lane.number for lane in kept] == list(range(1, len(before)))
    assert kept[6].xs == before[7].xs
    assert kept[2].centre(100.0) == pytest.approx(before[2].centre(100.0) + 4.0)
    assert kept[3].width == 20.0
    assert kept[4].centre(mid) == pytest.approx(before[4].centre(mid))
    assert kept[4].angle_deg == pytest.approx(before[4].angle_deg + 1.0, abs=0.01)


def test_a_table_needs_no_more_than_the_centres(analysis) -> None:
    lanes = as_lanes(pd.DataFrame({"x_px": [300.0, 60.0, 120.0]}), analysis.geometry)
    assert [float(lane.centre(lanes.window.mid_row)) for lane in lanes] == pytest.approx([60.0, 120.0, 300.0])
    assert [lane.number for lane in lanes] == [1, 2, 3]
    assert lanes.pitch == pytest.approx(120.0)
    assert {lane.angle_deg for lane in lanes} == {0.0}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (7, "holds no lanes"),
        ("lanes.csv", "holds no lanes"),
        ([], "no lane is left"),
        ({"lane": [1, 2], "x_px": [3.0]}, "one length"),
        (pd.DataFrame({"lane": [1]}, dtype=float).assign(lane=99), "no x_px"),
        (pd.DataFrame({"x_px": ["left"]}), "not a number"),
        (pd.DataFrame({"x_px": [50.0], "width_px": [-1.0]}), "no lane can be like that"),
        (pd.DataFrame({"x_px": [50.0], "angle_deg": [91.0]}), "no lane can be like that"),
    ],
)
def test_what_is_no_table_of_lanes_is_one_clear_line(analysis, table: object, said: str) -> None:
    with pytest.raises(ublot.BlotError, match=said):
        analysis.with_lanes(table)


def test_lanes_that_the_layout_does_not_describe_are_refused(analysis) -> None:
    with pytest.raises(ublot.BlotError, match="8 rows"):
        analysis.with_lanes(analysis.lanes.iloc[:-1])
