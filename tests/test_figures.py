from __future__ import annotations

import io

import matplotlib.colors
import numpy as np
import pytest
import standin_analysis as standin
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from ublot.report.figures import overlay_figure, png_bytes, profiles_figure, scores_figure
from ublot.report.labels import dose_text, lane_labels, time_text
from ublot.report.scores import lane_state, primary_quantity
from ublot.report.style import GREEN, VERMILLION

FIGURES = [overlay_figure, profiles_figure, scores_figure]


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(png_bytes(figure))).convert("RGB")).astype(int)


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("count", [1, 3, 30])
def test_any_number_of_lanes_stays_on_a_page(draw, count):
    picture = pixels(draw(standin.build(count)))
    assert 200 < picture.shape[0] < 2600 and 400 < picture.shape[1] < 2600
    assert picture.std() > 5


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize(
    "what",
    [
        {"blot": False},
        {"calibrated": False},
        {"scored": False},
        {"compound": "$x^{2}$ \N{CJK UNIFIED IDEOGRAPH-4E00}_%"},
    ],
)
def test_what_is_missing_or_odd_is_no_obstacle(draw, what):
    assert pixels(draw(standin.build(**what))).std() > 5


def test_no_text_is_cut_off():
    for draw in FIGURES:
        figure = draw(standin.build(8, compound="a compound with a long name"))
        figure.savefig(io.BytesIO(), dpi=figure.dpi)
        renderer = FigureCanvasAgg(figure).get_renderer()
        for text in figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_visible()):
            if text.get_text() and text.get_window_extent(renderer).width > 1:
                box = text.get_window_extent(renderer)
                assert box.x0 > -2 and box.y0 > -2, text.get_text()
                assert box.x1 < figure.bbox.x1 + 2 and box.y1 < figure.bbox.y1 + 2, text.get_text()


def test_overlay_draws_strips_along_the_bowed_centre_lines():
    analysis = standin.build(5, refused=(4,))
    (axes,) = overlay_figure(analysis).axes
    strips = {}
    for collection in axes.collections:
        colour = matplotlib.colors.to_hex(collection.get_edgecolor()[0]) if len(collection.get_edgecolor()) else ""
        if hasattr(collection, "get_hatch") and collection.get_facecolor().size == 0:
            strips.setdefault((colour.upper(), collection.get_hatch()), []).extend(collection.get_paths())
    assert len(strips[GREEN, None]) == 4 and len(strips[VERMILLION, "////"]) == 1
    outline = strips[VERMILLION, "////"][0].vertices
    middle = outline[np.abs(outline[:, 1] - 200) < 6]
    # Lane 4 stands at 50 + 3 * 60, bows by 12 px at mid-height and is 36 px wide.
    assert middle[:, 0].min() == pytest.approx(230 + 12 - 18, abs=0.6)
    assert middle[:, 0].max() == pytest.approx(230 + 12 + 18, abs=0.6)


def test_overlay_says_masses_doses_refusal_and_the_display_range():
    figure = overlay_figure(standin.build(6, refused=(6,)))
    (axes,) = figure.axes
    assert dict(zip((t.get_text() for t in axes.get_yticklabels()), axes.get_yticks(), strict=True)) == {
        "250": 40, "150": 120, "100": 200, "75": 260,
    }  # fmt: skip
    said = texts(figure)
    assert "4  LCL161 10 nM" in said and "2  DMSO" in said and "6  LCL161 40 nM – refused" in said
    assert {"U", "H", "W"} <= set(said)
    assert any("linear in signal from" in text for text in said)


def test_overlay_shows_protein_dark():
    (axes,) = overlay_figure(standin.build(4)).axes
    (image,) = axes.images
    low, high = image.get_clim()
    assert low < high
    assert image.cmap(1.0)[0] < 0.1 and image.cmap(0.0)[0] > 0.9
    assert image.get_extent() == [-0.5, 279.5, 399.5, -0.5]


def test_profiles_name_every_lane_and_give_masses():
    figure = profiles_figure(standin.build(8, refused=(6,), no_signal=(7,)))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[1] == "2  DMSO" and titles[5].endswith("refused") and titles[6].endswith("no signal")
    assert {"250", "150", "100", "75"} <= set(texts(figure))
    raw = figure.axes[1].lines[0]
    assert raw.get_xdata()[0] == 0 and len(raw.get_ydata()) == standin.ROWS


def test_scores_draw_replicates_on_one_bar_and_the_line_at_one():
    figure = scores_figure(standin.build(8, refused=(6,), no_signal=(7,)))
    (axes,) = figure.axes
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == pytest.approx([1.0, 1.5, 2.0, 3.5])  # both DMSO lanes, lanes 4, 5 and 8
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(points) == 5
    assert any(line.get_linestyle() == "--" and list(line.get_ydata()) == [1, 1] for line in axes.lines)
    assert {"× refused", "× no signal"} <= set(texts(figure))


def test_scores_without_vehicle_show_the_fraction():
    analysis = standin.build(5)
    analysis.lanes["relative_hmw"] = np.nan
    (axes,) = scores_figure(analysis).axes
    assert "no vehicle lane" in axes.get_ylabel()
    assert not any(line.get_linestyle() == "--" for line in axes.lines)


def test_scores_by_area_for_cells():
    rows = [{"relative_hmw": 2.0, "relative_hmw_area": 3.0, "hmw_fraction": 0.5}]
    assert primary_quantity(rows) == "relative_hmw"
    assert primary_quantity(rows, by_area=True) == "relative_hmw_area"
    assert primary_quantity([{"hmw_fraction": 0.5, "relative_hmw": np.nan}]) == "hmw_fraction"
    assert primary_quantity([]) == "relative_hmw"


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"role": "sample", "hmw_fraction": 0.1, "flags": ""}, ""),
        ({"role": "sample", "hmw_fraction": np.nan, "flags": "lossy"}, "refused"),
        ({"role": "vehicle", "hmw_fraction": None, "flags": "well_signal;no_signal"}, "no signal"),
        ({"role": "marker", "hmw_fraction": np.nan, "flags": ""}, ""),
        ({"role": "sample", "hmw_fraction": np.nan, "relative_hmw_area": 2.0}, ""),
    ],
)
def test_lane_state(row, state):
    assert lane_state(row) == state


@pytest.mark.parametrize(
    ("nm", "text"),
    [(0, "0 nM"), (0.5, "500 pM"), (1, "1 nM"), (999, "999 nM"), (1000, "1 µM"), (2.5e4, "25 µM"), (3e6, "3 mM"),
     (3.125, "3.125 nM"), (None, ""), (float("nan"), ""), ("", "")],
)  # fmt: skip
def test_dose(nm, text):
    assert dose_text(nm) == text


def test_labels_name_time_and_group_only_where_they_differ():
    rows = [
        {"role": "vehicle", "compound": "DMSO", "concentration_nM": 0.0, "time_min": 30.0, "group": "A"},
        {"role": "sample", "compound": "LCL161", "concentration_nM": 5.0, "time_min": 30.0, "group": "A"},
        {"role": "blank", "compound": float("nan")},
        {"role": "vehicle"},
    ]
    assert lane_labels(rows[:3]) == ["DMSO", "LCL161 5 nM", "blank"]
    assert lane_labels(rows)[1] == "LCL161 5 nM 30 min A"
    assert time_text(None) == ""
