"""Results show themselves in a notebook, and give their figures away."""

from __future__ import annotations

import base64
import re

import pytest
from matplotlib.figure import Figure

import ublot
from ublot import BlotError


@pytest.fixture(scope="module")
def analysis(root):
    return ublot.analyze(root / "test_images/dose_series.tif", marker="precision-plus")


def test_a_cell_holds_the_answer_the_blot_and_every_lane(analysis):
    cell = analysis._repr_html_()
    assert "birinapant" in cell.split("<ul>")[0]
    png = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", cell).group(1))
    assert png.startswith(b"\x89PNG")
    assert cell.count("<tr") == len(analysis.lanes) + 1
    assert "<script" not in cell


def test_names_are_text_and_never_markup(analysis):
    rows = [{**row, "compound": "<script>alert(1)</script>"} for row in analysis.layout.records()]
    cell = analysis.with_layout(rows)._repr_html_()
    assert "<script>" not in cell
    assert "&lt;script&gt;" in cell


@pytest.mark.parametrize("name", ["overlay", "profiles", "scores", "ladder", "dose_response"])
def test_figures_of_a_blot_can_be_changed(analysis, name, tmp_path):
    figure = analysis.figure(name)
    assert isinstance(figure, Figure)
    assert figure.axes
    figure.axes[0].set_title("mine")
    figure.savefig(tmp_path / "mine.pdf")
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")


def test_a_figure_that_is_not_there_is_refused_in_one_line(analysis):
    with pytest.raises(BlotError, match="overlay, profiles, scores, ladder, dose_response"):
        analysis.figure("scatter")


def test_a_comparison_shows_itself(analysis):
    comparison = ublot.compare_blots([analysis])
    cell = comparison._repr_html_()
    assert cell.count("birinapant") >= 6  # one dose a row
    assert comparison.figure("scores").axes
    assert comparison.figure("dose_response").axes
    with pytest.raises(BlotError, match="nothing can be drawn as time_course"):
        comparison.figure("time_course")
