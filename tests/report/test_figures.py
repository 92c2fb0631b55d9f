from __future__ import annotations

import dataclasses
import io

import matplotlib.colors
import numpy as np
import pytest
import standin_analysis as standin
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from ublot.model import Calibration, Window
from ublot.report.figures.blot import overlay_figure
from ublot.report.figures.drawing import light_png, png_bytes
from ublot.report.figures.profiles import profiles_figure
from ublot.report.figures.scores import _limits, scores_figure
from ublot.report.figures.style import GREEN, VERMILLION
from ublot.scoring.primary import lane_state, primary_quantity
from ublot.wording.labels import dose_text, lane_labels, time_text

FIGURES = [overlay_figure, profiles_figure, scores_figure]


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(png_bytes(figure))).convert("RGB")).astype(int)


def drawn(figure):
    """Lines, areas, bars and pictures in the axes of a figure."""
    return sum(len([*a.lines, *a.collections, *a.patches, *a.images]) for a in figure.axes)


def ink(picture):
    """Share of the pixels that differ from the paper."""
    return float((np.abs(picture - picture[0, 0]).max(axis=2) > 30).mean())


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("count", [1, 3, 30])
def test_any_number_of_lanes_stays_on_a_page(draw, count):
    figure = draw(standin.build(count))
    picture = pixels(figure)
    assert 200 < picture.shape[0] < 2600 and 400 < picture.shape[1] < 2600
    scored = draw is not scores_figure or count > 1  # a lone lane is the marker: there is nothing to score
    assert drawn(figure) >= count if scored else drawn(figure) == 0 and texts(figure)
    assert ink(picture) > 0.003


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
    figure = draw(standin.build(**what))
    assert ink(pixels(figure)) > 0.003
    if draw is scores_figure and what == {"scored": False}:
        assert drawn(figure) == 0 and texts(figure)
    else:
        assert drawn(figure) >= 8


def test_values_below_zero_are_in_sight():
    low, high = _limits([{"hmw_fraction_low": -0.1, "hmw_fraction_high": -0.02}], "hmw_fraction", [-0.06])
    assert low < -0.1 and 0 < high < 0.1
    assert _limits([], "hmw_fraction", [0.0]) == (0.0, 1.0)


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
    assert len(strips[GREEN, None]) == 4 and len(strips[VERMILLION, "//"]) == 1
    outline = strips[VERMILLION, "//"][0].vertices
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
    assert "no scored vehicle lane" in scores_figure(analysis).axes[0].get_ylabel()
    analysis.lanes["role"] = analysis.lanes["role"].replace("vehicle", "sample")
    (axes,) = scores_figure(analysis).axes
    assert "no vehicle lane" in axes.get_ylabel()
    assert not any(line.get_linestyle() == "--" for line in axes.lines)


def test_without_a_layout_every_lane_has_its_own_bar_or_its_refusal():
    analysis = standin.build(8, refused=(6,), no_signal=(7,))
    analysis.lanes["role"] = ""
    analysis.lanes["compound"] = ""
    analysis.lanes["concentration_nM"] = np.nan
    analysis.lanes["relative_hmw"] = np.nan
    analysis.lanes.loc[0, "hmw_fraction"] = 0.5
    figure = scores_figure(analysis)
    (axes,) = figure.axes
    assert "no vehicle lane" in axes.get_ylabel()
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([0.5, 0.2, 0.2, 0.3, 0.4, 0.7])
    assert [label.get_text() for label in axes.get_xticklabels()] == [f"lane {n}" for n in range(1, 9)]
    assert {"× refused", "× no signal"} <= set(texts(figure))
    assert any("refused" in text for text in texts(overlay_figure(analysis)))
    assert profiles_figure(analysis).axes[5].get_title().endswith("refused")


def test_bars_are_geometric_means():
    analysis = standin.build(5)
    analysis.lanes["compound"] = ["", "DMSO", "DMSO", "A", "A"]
    analysis.lanes["concentration_nM"] = 10.0
    analysis.lanes.loc[3:, "relative_hmw"] = [1.0, 4.0]
    (axes,) = scores_figure(analysis).axes
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([1.0, 2.0])
    assert "geometric" in axes.get_title(loc="left")


def test_profiles_show_a_faint_smear_under_a_strong_band_and_say_how_strong():
    analysis = standin.build(4)
    analysis.profile_list[1].raw[290:310] *= 50
    figure = profiles_figure(analysis)
    low, high = figure.axes[1].get_ylim()
    raw, background = analysis.profile_list[1].raw, 3600.0
    smear = raw[100] - background
    assert smear > 0.5 * (high - low) and high < raw.max()
    assert any(text.get_text().startswith("to ") for text in figure.axes[1].texts)
    assert all(len(axes.get_yticks()) >= 2 for axes in figure.axes[:4])


def test_overlay_marks_no_regions_where_there_is_no_target():
    analysis = standin.build(6, refused=(), no_signal=())
    bars = []
    for role in ("sample", "marker"):
        analysis.lanes.loc[3, "role"] = role
        (axes,) = overlay_figure(analysis).axes
        bars.append(sum(len(lines.get_paths()) for lines in axes.collections[2:]))
    assert bars[0] - bars[1] == 6  # upper and lower end of W, H and U of one lane


def test_noisy_figure_is_drawn_smaller():
    analysis = standin.build(20)
    noise = np.random.default_rng(1).normal(0, 300, analysis.blot.signal.shape).astype(np.float32)
    analysis.blot = dataclasses.replace(analysis.blot, signal=analysis.blot.signal + noise)
    png, dpi = light_png(overlay_figure(analysis))
    assert 60 <= dpi <= 150 and (len(png) < 450_000 or dpi == 60)
    assert max(Image.open(io.BytesIO(png)).size) <= 1500


@pytest.mark.parametrize("role", ["", "sample"])
def test_without_any_score_the_figure_says_why_and_has_no_axes(role):
    analysis = standin.build(6, refused=(2, 3, 4, 5, 6), no_signal=())
    analysis.lanes["role"] = ["marker"] + [role] * 5
    figure = scores_figure(analysis)
    (axes,) = figure.axes
    assert not axes.axison and axes.get_ylabel() == ""
    assert any("lane 4: refused (saturated)" in text for text in texts(figure))
    analysis.lanes["role"] = "marker"
    figure = scores_figure(analysis)
    assert not figure.axes[0].axison and any("every lane is a marker" in text for text in texts(figure))


@pytest.mark.parametrize(("lanes", "rows"), [(1, 400), (2, 400), (8, 60), (20, 60)])
@pytest.mark.parametrize("kind", ["rungs", None])
def test_nothing_is_cut_off_on_narrow_blots_and_short_strips(lanes, rows, kind):
    analysis = standin.build(lanes, calibrated=kind is not None)
    window, analysis.ladders = analysis.geometry.window, ()
    analysis.geometry = dataclasses.replace(analysis.geometry, window=Window(0, rows, 0, window.right))
    if kind:
        analysis.calibration = Calibration((5.0, 30.0, 31.0, 55.0), (250.0, 101.0, 100.0, 75.0), kind=kind)
    figure = overlay_figure(analysis)
    figure.savefig(io.BytesIO(), dpi=figure.dpi)
    renderer = FigureCanvasAgg(figure).get_renderer()
    (axes,) = figure.axes
    bottom, top = axes.get_ylim()
    ticks = [tick.label1 for tick in axes.yaxis.get_major_ticks() if top <= tick.get_loc() <= bottom]
    for text in (axes.xaxis.label, axes.yaxis.label, *ticks, *axes.texts):
        box = text.get_window_extent(renderer)
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()
    said = " ".join([axes.get_xlabel().replace("\n", " "), axes.get_ylabel()])
    assert ("from the ladder's own rungs" if kind else "no mass calibration") in said and "linear response" in said
    if kind:
        boxes = [label.get_window_extent(renderer) for label in axes.get_yticklabels()]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
        assert "250" in texts(figure) and "100" not in texts(figure)


def test_bounds_on_the_frame_are_drawn_inside_it_and_letters_have_a_halo():
    analysis = standin.build(4)
    for ladder in analysis.ladders:
        ladder.well_row, ladder.top_row = -0.5, -0.5
    (axes,) = overlay_figure(analysis).axes
    heights = [path.vertices[:, 1] for lines in axes.collections[2:] for path in lines.get_paths()]
    assert 0.5 < min(rows.min() for rows in heights) < 12
    letters = [text for text in axes.texts if text.get_text() in {"H", "U"}]
    assert len(letters) == 2 and all(text.get_path_effects() for text in letters)


def test_profiles_fill_no_region_where_there_is_no_target():
    analysis = standin.build(6, refused=(), no_signal=())
    analysis.lanes["role"] = ["marker", "vehicle", "sample", "blank", "ignore", "marker"]
    filled = [len(axes.collections) for axes in profiles_figure(analysis).axes[:6]]
    assert filled == [0, 3, 3, 0, 0, 0]


def test_scores_by_area_for_cells():
    rows = [{"relative_hmw": 2.0, "relative_hmw_area": 3.0, "hmw_fraction": 0.5}]
    assert primary_quantity(rows) == "relative_hmw"
    assert primary_quantity(rows, by_area=True) == "relative_hmw_area"
    assert primary_quantity([{"hmw_fraction": 0.5, "relative_hmw": np.nan}]) == "hmw_fraction"
    assert primary_quantity([{"hmw_fraction": 0.5}], by_area=True) == "hmw_fraction"
    assert primary_quantity([]) == "relative_hmw"


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"role": "sample", "hmw_fraction": 0.1, "flags": ""}, ""),
        ({"role": "sample", "hmw_fraction": np.nan, "flags": "lossy"}, "refused"),
        ({"role": "vehicle", "hmw_fraction": None, "flags": "well_signal;no_signal"}, "no signal"),
        ({"role": "marker", "hmw_fraction": np.nan, "flags": ""}, ""),
        ({"role": "", "hmw_fraction": np.nan, "flags": ""}, "refused"),
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
