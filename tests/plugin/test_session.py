"""The plugin's states, undo and redo, and what an edit of the strips becomes; without a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ublot_napari.state.lane_edits import edit_lanes, rows_after, shifted_edits
from ublot_napari.state.session import History, Session, State, text_rows
from ublot_napari.state.strips import strip_of_lane

import ublot
from ublot.inputs.edits import Edits
from ublot.inputs.params import make_params

WINDOW = ublot.Window(0, 200, 0, 300)
LANES = ublot.Lanes(
    tuple(ublot.Lane(n, (20.0, 180.0), (40.0 * n, 40.0 * n + 4), 24.0) for n in range(1, 6)), WINDOW, pitch=40.0
)
ROWS = tuple({"lane": str(n), "role": "sample", "compound": f"c{n}"} for n in range(1, 6))


def strips() -> list[np.ndarray]:
    return [strip_of_lane(lane, WINDOW).astype(np.float32) for lane in LANES]


def test_strips_as_they_were_are_the_very_lanes() -> None:
    edit = edit_lanes(strips(), [1, 2, 3, 4, 5], LANES)
    assert edit.lanes == LANES
    assert edit.origins == (1, 2, 3, 4, 5)


def test_a_dragged_strip_is_the_lane_moved() -> None:
    outlines = strips()
    outlines[2] = outlines[2] + [0.0, 5.0]
    edit = edit_lanes(outlines, [1, 2, 3, 4, 5], LANES)
    assert edit.lanes[2].centre(100.0) == pytest.approx(LANES[2].centre(100.0) + 5.0, abs=1e-3)
    assert edit.lanes[1] == LANES[1]
    assert edit.step == "lane 3 moved"


def test_numbers_follow_x_and_rows_follow_their_lanes() -> None:
    outlines = strips()
    outlines[0] = outlines[0] + [0.0, 100.0]  # past lanes 2 and 3
    edit = edit_lanes(outlines, [1, 2, 3, 4, 5], LANES)
    assert [lane.number for lane in edit.lanes] == [1, 2, 3, 4, 5]
    assert edit.origins == (2, 3, 1, 4, 5)
    assert [row["compound"] for row in rows_after(ROWS, edit.origins)] == ["c2", "c3", "c1", "c4", "c5"]


def test_a_deleted_and_a_drawn_strip() -> None:
    outlines = strips()
    drawn = np.array([[50.0, 228.0], [50.0, 252.0], [150.0, 252.0], [150.0, 228.0]])
    edit = edit_lanes([*outlines[:1], *outlines[2:], drawn], [1, 3, 4, 5, 5], LANES)  # it inherits the number 5
    assert edit.origins == (1, 3, 4, 5, None)
    rows = rows_after(ROWS, edit.origins)
    assert [row["lane"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["compound"] for row in rows] == ["c1", "c3", "c4", "c5", ""]
    assert rows[-1]["role"] == "sample"
    assert "lane 2 deleted" in edit.step and "added" in edit.step
    moved = shifted_edits(Edits(boundary_rows=((2, 90.0), (4, 95.0))), edit)
    assert moved.boundary_rows == ((3, 95.0),)
    assert moved.lanes == edit.lanes


def test_the_last_strip_cannot_go() -> None:
    with pytest.raises(ublot.BlotError, match="no lane is left"):
        edit_lanes([], [], LANES)


# ------------------------------------------------------------------------------------------------------- undo, redo
def test_undo_and_redo_go_back_and_forth() -> None:
    history = History((State(step="a"),))
    for step in "bcd":
        history = history.push(State(step=step))
    back = history.undo().undo()
    assert back.present.step == "b"
    assert back.redo().present.step == "c"
    assert back.undo().undo().undo().present.step == "a"
    other = back.push(State(step="e"))
    assert [state.step for state in other.states] == ["a", "b", "e"]
    assert not other.can_redo and other.can_undo
    assert other.redo().present.step == "e"


@pytest.fixture(scope="module")
def simulated():
    return ublot.simulate_blot(seed=5, lanes=8, shape=(300, 400))


@pytest.fixture
def session(simulated):
    options = {"marker": simulated.truth["marker_kda"], "ladder": False}
    return Session.of_blot(ublot.read_blot(simulated.image), simulated.layout, options)


def run(session: Session) -> None:
    state = session.state
    assert session.take(state, state.run(session.blot, session.latest))


def test_numbers_are_those_of_analyze(session, simulated) -> None:
    run(session)
    options = {"marker": simulated.truth["marker_kda"], "ladder": False}
    assert session.state.analysis == ublot.analyze(session.blot, layout=simulated.layout, **options)
    assert not session.unsaved


def test_an_undone_edit_is_the_old_analysis_itself(session) -> None:
    run(session)
    first = session.state.analysis
    lanes = first.geometry
    moved = replace(lanes, items=(*lanes[:2], replace(lanes[2], width=lanes[2].width + 4), *lanes[3:]))
    assert session.change("lane 3 moved", edits=replace(session.state.edits, lanes=moved))
    assert session.unsaved
    run(session)
    assert session.state.analysis != first
    session.undo()
    assert session.state.analysis is first
    assert not session.unsaved
    session.redo()
    assert session.state.analysis.edits.lanes == moved


def test_a_change_of_nothing_is_no_step(session) -> None:
    assert not session.change("typed", rows=tuple(dict(row) for row in session.state.rows))
    assert not session.history.can_undo


def test_an_analysis_that_comes_late_does_not_replace_a_newer_state(session) -> None:
    old = session.state
    session.change("allowed", params=make_params(old.params.model_dump(), allow_unfit=True))
    assert not session.take(old, old.run(session.blot))
    assert session.state.analysis is None
    session.undo()
    assert session.state.analysis is not None


def test_rows_are_the_layout_as_it_is_typed(simulated) -> None:
    layout = ublot.inputs.layout.read_layout(simulated.layout)
    rows = text_rows(layout)
    assert all(isinstance(text, str) for row in rows for text in row.values())
    assert State(rows).layout() == layout
    assert State(tuple({"lane": row["lane"], "role": ""} for row in rows)).layout() is None


def test_a_bad_cell_is_the_layouts_own_line(session) -> None:
    rows = [dict(row) for row in session.state.rows]
    rows[1]["role"] = "untreated"
    session.change("typed", rows=tuple(rows))
    with pytest.raises(ublot.BlotError, match="unknown role 'untreated'"):
        session.state.run(session.blot)


def test_a_saved_session_goes_on_where_it_was(session, simulated, tmp_path) -> None:
    run(session)
    boundary = session.state.analysis.ladders[2].boundary_row - 3
    session.change("boundary moved", edits=Edits(boundary_rows=((3, boundary),)))
    run(session)
    session.state.analysis.save(tmp_path / "out", report=False)
    session.saved(tmp_path / "out")
    assert not session.unsaved
    again = Session.of_analysis(ublot.load(tmp_path / "out", image=simulated.image), tmp_path / "out")
    assert again.state.edits == session.state.edits
    assert again.state.layout() == session.state.layout()
    assert again.state.analysis == session.state.analysis
    assert again.state.run(again.blot) == session.state.analysis


def test_a_cell_that_is_wrong_is_named_as_the_table_counts() -> None:
    from ublot_napari.state.option_places import panel_words

    from ublot.inputs.layout import read_layout

    rows = [{"lane": "1", "role": "vehicle"}, {"lane": "2", "role": "sample", "concentration_nM": "abc"}]
    with pytest.raises(ublot.BlotError) as wrong:
        read_layout(rows)
    assert panel_words(wrong.value).startswith("2 Layout, line 2, column concentration_nM: 'abc' is not a number")
