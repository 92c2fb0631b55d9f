from __future__ import annotations

import dataclasses
import io
import itertools
import math
from xml.etree import ElementTree

import numpy as np
import pytest
import standin_analysis as standin
from PIL import Image, ImageFont

from ublot.model import Calibration, Window
from ublot.report.figures.blot import overlay_figure
from ublot.report.figures.painting import dashes, light_png_of, painted, png_of, thinned
from ublot.report.figures.plot import Area, Drawing, Line, Picture, Plot, Points, Text, font_file, nice_ticks
from ublot.report.figures.profiles import profiles_figure
from ublot.report.figures.scores import _limits, scores_figure
from ublot.report.figures.style import GREEN, REGION_COLOURS, VERMILLION
from ublot.report.figures.vector import save_drawing
from ublot.scoring.primary import lane_state, primary_quantity
from ublot.wording.labels import dose_text, lane_labels, time_text

FIGURES = [overlay_figure, profiles_figure, scores_figure]


def texts(figure):
    return [text.text for text in figure.texts() if text.text]


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(png_of(figure))).convert("RGB")).astype(int)


def drawn(figure):
    """Lines, areas, bars and pictures in the plots of a figure."""
    return sum(not isinstance(mark, Text) for plot in figure.plots for mark in plot.marks)


def marks(plot, kind, **wanted):
    return [m for m in plot.marks if isinstance(m, kind) and all(getattr(m, k) == v for k, v in wanted.items())]


def box_of(text):
    """Left, top, right and foot of letters on the page, measured by the font itself."""
    font = ImageFont.truetype(str(font_file(text.bold)), 100)
    anchor = text.anchor[0] + {"t": "a", "b": "d"}.get(text.anchor[1], text.anchor[1])
    left, top, right, foot = (v * text.size / 100 for v in font.getbbox(text.text, anchor=anchor))
    turn = math.radians(text.angle)
    corners = [(x, y) for x in (left, right) for y in (top, foot)]
    x = [text.x + x * math.cos(turn) + y * math.sin(turn) for x, y in corners]
    y = [text.y - x * math.sin(turn) + y * math.cos(turn) for x, y in corners]
    return min(x), min(y), max(x), max(y)


def heights(plot):
    """Of the bars of a plot."""
    return [max(bar.y, key=abs) for bar in marks(plot, Area)]


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
        for text in figure.texts():
            left, top, right, foot = box_of(text)
            assert left > -1 and top > -1 and right < figure.width + 1 and foot < figure.height + 1, text.text


def test_overlay_draws_strips_along_the_bowed_centre_lines():
    analysis = standin.build(5, refused=(4,))
    (plot,) = overlay_figure(analysis).plots
    assert len(marks(plot, Area, edge=GREEN)) == 4
    (refused,) = marks(plot, Area, edge=VERMILLION)
    middle = refused.x[np.abs(refused.y - 200) < 6]
    # Lane 4 stands at 50 + 3 * 60, bows by 12 px at mid-height and is 36 px wide.
    assert middle.min() == pytest.approx(230 + 12 - 18, abs=0.6)
    assert middle.max() == pytest.approx(230 + 12 + 18, abs=0.6)
    hatch = marks(plot, Line, colour=VERMILLION)
    assert len(hatch) > 5 and all(np.ptp(line.x) < 45 and min(line.x) > 205 and max(line.x) < 270 for line in hatch)


def test_overlay_says_masses_doses_refusal_and_the_display_range():
    figure = overlay_figure(standin.build(6, refused=(6,)))
    assert figure.plots[0].y_ticks == [(40, "250"), (120, "150"), (200, "100"), (260, "75")]
    said = texts(figure)
    assert "4  LCL161 10 nM" in said and "2  DMSO" in said and "6  LCL161 40 nM – refused" in said
    assert {"U", "H", "W"} <= set(said)
    assert any("linear in signal from" in text for text in said)


def test_overlay_shows_protein_dark():
    figure = overlay_figure(standin.build(4))
    (plot,) = figure.plots
    (picture,) = marks(plot, Picture)
    assert picture.x == (-0.5, 279.5) and picture.y == (-0.5, 399.5)
    levels = pixels(figure)[..., 0]

    def level(x, row):
        at = [round(float(v) * 150 / 72) for v in (plot.to_y(row), plot.to_x(x))]
        return levels[at[0], at[1]]

    assert level(110 + 10, 300) < 60 and level(110 + 10, 370) > 200  # on lane 2: its band, and below it


def test_profiles_name_every_lane_and_give_masses():
    figure = profiles_figure(standin.build(8, refused=(6,), no_signal=(7,)))
    titles = [plot.title for plot in figure.plots]
    assert titles[1] == "2  DMSO" and titles[5].endswith("refused") and titles[6].endswith("no signal")
    assert {"250", "150", "100", "75"} <= set(texts(figure))
    (raw,) = marks(figure.plots[1], Line, colour="#000000")
    assert raw.x[0] == 0 and len(raw.y) == standin.ROWS


def test_scores_draw_replicates_on_one_bar_and_the_line_at_one():
    figure = scores_figure(standin.build(8, refused=(6,), no_signal=(7,)))
    (plot,) = figure.plots
    assert heights(plot) == pytest.approx([1.0, 1.5, 2.0, 3.5])  # both DMSO lanes, lanes 4, 5 and 8
    assert len(marks(plot, Points, shape="o")) == 5
    assert [line.y for line in marks(plot, Line) if line.dash] == [(1, 1)]
    assert {"× refused", "× no signal"} <= set(texts(figure))


def test_scores_without_vehicle_show_the_fraction():
    analysis = standin.build(5)
    analysis.lanes["relative_hmw"] = np.nan
    assert "no scored vehicle lane" in scores_figure(analysis).plots[0].y_label
    analysis.lanes["role"] = analysis.lanes["role"].replace("vehicle", "sample")
    (plot,) = scores_figure(analysis).plots
    assert "no vehicle lane" in plot.y_label
    assert not any(line.dash for line in marks(plot, Line))


def test_without_a_layout_every_lane_has_its_own_bar_or_its_refusal():
    analysis = standin.build(8, refused=(6,), no_signal=(7,))
    analysis.lanes["role"] = ""
    analysis.lanes["compound"] = ""
    analysis.lanes["concentration_nM"] = np.nan
    analysis.lanes["relative_hmw"] = np.nan
    analysis.lanes.loc[0, "hmw_fraction"] = 0.5
    figure = scores_figure(analysis)
    (plot,) = figure.plots
    assert "no vehicle lane" in plot.y_label
    assert heights(plot) == pytest.approx([0.5, 0.2, 0.2, 0.3, 0.4, 0.7])
    assert [text for _, text in plot.x_ticks] == [f"lane {n}" for n in range(1, 9)]
    assert {"× refused", "× no signal"} <= set(texts(figure))
    assert any("refused" in text for text in texts(overlay_figure(analysis)))
    assert profiles_figure(analysis).plots[5].title.endswith("refused")


def test_bars_are_geometric_means():
    analysis = standin.build(5)
    analysis.lanes["compound"] = ["", "DMSO", "DMSO", "A", "A"]
    analysis.lanes["concentration_nM"] = 10.0
    analysis.lanes.loc[3:, "relative_hmw"] = [1.0, 4.0]
    (plot,) = scores_figure(analysis).plots
    assert heights(plot) == pytest.approx([1.0, 2.0])
    assert "geometric" in plot.title


def test_profiles_show_a_faint_smear_under_a_strong_band_and_say_how_strong():
    analysis = standin.build(4)
    analysis.profile_list[1].raw[290:310] *= 50
    figure = profiles_figure(analysis)
    low, high = figure.plots[1].y_limits
    raw, background = analysis.profile_list[1].raw, 3600.0
    smear = raw[100] - background
    assert smear > 0.5 * (high - low) and high < raw.max()
    assert [note.text for note in figure.plots[1].notes] == ["to 1.6M"]  # fifty times 900 on 36 px
    assert all(len(plot.y_ticks) >= 2 for plot in figure.plots)


def test_overlay_marks_no_regions_where_there_is_no_target():
    analysis = standin.build(6, refused=(), no_signal=())
    bars = []
    for role in ("sample", "marker"):
        analysis.lanes.loc[3, "role"] = role
        (plot,) = overlay_figure(analysis).plots
        bars.append(len([line for line in marks(plot, Line) if line.colour in REGION_COLOURS.values()]))
    assert bars[0] - bars[1] == 6  # upper and lower end of W, H and U of one lane


def test_noisy_figure_is_drawn_smaller():
    analysis = standin.build(20)
    noise = np.random.default_rng(1).normal(0, 300, analysis.blot.signal.shape).astype(np.float32)
    analysis.blot = dataclasses.replace(analysis.blot, signal=analysis.blot.signal + noise)
    png, dpi = light_png_of(overlay_figure(analysis))
    assert 60 <= dpi <= 150 and (len(png) < 450_000 or dpi == 60)
    assert max(Image.open(io.BytesIO(png)).size) <= 1500


@pytest.mark.parametrize("role", ["", "sample"])
def test_without_any_score_the_figure_says_why_and_has_no_axes(role):
    analysis = standin.build(6, refused=(2, 3, 4, 5, 6), no_signal=())
    analysis.lanes["role"] = ["marker"] + [role] * 5
    figure = scores_figure(analysis)
    assert not figure.plots
    assert any("lane 4: refused (saturated)" in text for text in texts(figure))
    analysis.lanes["role"] = "marker"
    figure = scores_figure(analysis)
    assert not figure.plots and any("every lane is a marker" in text for text in texts(figure))


@pytest.mark.parametrize(("lanes", "rows"), [(1, 400), (2, 400), (8, 60), (20, 60)])
@pytest.mark.parametrize("kind", ["rungs", None])
def test_nothing_is_cut_off_on_narrow_blots_and_short_strips(lanes, rows, kind):
    analysis = standin.build(lanes, calibrated=kind is not None)
    window, analysis.ladders = analysis.geometry.window, ()
    analysis.geometry = dataclasses.replace(analysis.geometry, window=Window(0, rows, 0, window.right))
    if kind:
        analysis.calibration = Calibration((5.0, 30.0, 31.0, 55.0), (250.0, 101.0, 100.0, 75.0), kind=kind)
    figure = overlay_figure(analysis)
    (plot,) = figure.plots
    for text in figure.texts():
        left, top, right, foot = box_of(text)
        assert left >= 0 and top >= 0 and right <= figure.width and foot <= figure.height, text.text
    said = " ".join(texts(figure))
    assert ("from the ladder's own rungs" if kind else "no mass calibration") in said and "linear response" in said
    names = {name for _, name in plot.y_ticks}
    boxes = sorted(box_of(text)[1::2] for text in plot.around() if isinstance(text, Text) and text.text in names)
    assert len(boxes) >= 1 and all(above[1] < below[0] for above, below in itertools.pairwise(boxes))
    if kind:
        assert "250" in texts(figure) and "100" not in texts(figure)


def test_bounds_on_the_frame_are_drawn_inside_it_and_letters_have_a_halo():
    analysis = standin.build(4)
    for ladder in analysis.ladders:
        ladder.well_row, ladder.top_row = -0.5, -0.5
    (plot,) = overlay_figure(analysis).plots
    rows = [min(line.y) for line in marks(plot, Line) if line.colour in REGION_COLOURS.values()]
    assert 0.5 < min(rows) < 12
    letters = [text for text in marks(plot, Text) if text.text in {"H", "U"}]
    assert len(letters) == 2 and all(text.halo for text in letters)


def test_profiles_fill_no_region_where_there_is_no_target():
    analysis = standin.build(6, refused=(), no_signal=())
    analysis.lanes["role"] = ["marker", "vehicle", "sample", "blank", "ignore", "marker"]
    filled = [len(marks(plot, Area)) for plot in profiles_figure(analysis).plots]
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


# ------------------------------------------------------------------------------------------------- how it is painted
@pytest.mark.parametrize(
    ("low", "high", "most", "written"),
    [(0, 3.7, 8, ["0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5"]),
     (0, 0.83, 4, ["0", "0.25", "0.50", "0.75"]), (190e3, 640e3, 3, ["200k", "400k", "600k"]),
     (0, 3.1e6, 4, ["0", "1M", "2M", "3M"]), (-0.5, 0.6, 3, ["-0.5", "0", "0.5"]),
     (0, 4e-5, 3, ["0", "2e-05", "4e-05"]),
     (800, 2400, 3, ["1000", "1500", "2000"])],
)  # fmt: skip
def test_ticks_are_round_and_never_in_thousandths(low, high, most, written):
    assert [text for _, text in nice_ticks(low, high, most)] == written


@pytest.mark.parametrize("seed", range(20))
def test_ticks_lie_within_the_bounds_and_say_their_value(seed):
    rng = np.random.default_rng(seed)
    low = rng.normal() * 10.0 ** rng.integers(-3, 7)
    high = low + abs(rng.normal()) * 10.0 ** rng.integers(-3, 7)
    ticks = nice_ticks(low, high, 4)
    assert 2 <= len(ticks) <= 11
    units = {"k": 1e3, "M": 1e6, "G": 1e9}
    for value, text in ticks:
        assert low - 1e-6 * (high - low) <= value <= high + 1e-6 * (high - low)
        said = float(text.rstrip("kMG")) * units.get(text[-1], 1.0)
        assert said == pytest.approx(value, abs=1e-3 * (high - low))


def test_marks_are_painted_where_their_scale_says_and_cut_off_at_the_frame():
    plot = Plot((20, 10, 100, 50), (1, 100), (0, 10), log=True, frame="")
    plot.marks += [Area([1, 10, 10, 1], [0, 0, 5, 5], "#0000ff"), Line([10, 1000], [7.5, 7.5], "#ff0000", 4.0)]
    picture = np.asarray(painted(Drawing(140, 80, [plot]), 72)).astype(int)
    assert picture[50, 30].tolist() == [0, 0, 255] and picture[50, 68].tolist() == [0, 0, 255]  # up to the middle
    assert (picture[50, 72] == 255).all() and (picture[30, 40] == 255).all()
    assert picture[22, 110, 0] == 255 and picture[22, 110, 1] < 60
    assert (picture[:, 121:] == 255).all() and (picture[61:] == 255).all()  # nothing outside of the frame


def test_a_thinned_line_keeps_its_course_and_dashes_their_length():
    x = np.linspace(0, 100, 3001)
    line = np.column_stack([x, 20 * np.sin(x / 5)])
    thin = thinned(line)
    assert len(thin) < 300 and thin[0, 0] == 0 and thin[-1, 0] == 100
    assert np.abs(np.interp(x, *thin.T) - line[:, 1]).max() < 0.5  # of a pixel
    backwards = line[::-1]
    assert thinned(backwards) is backwards
    pieces = list(dashes(np.array([[0.0, 0.0], [30.0, 40.0], [30.0, 50.0]]), (10, 5)))
    lengths = [float(np.hypot(*np.diff(piece, axis=0).T).sum()) for piece in pieces]
    assert lengths == pytest.approx([10, 10, 10, 10])
    holed = np.array([[0.0, 0.0], [10.0, 0.0], [math.nan, 0.0], [20.0, 0.0], [30.0, 0.0]])
    assert [piece[[0, -1], 0].tolist() for piece in dashes(holed, (100, 1))] == [[0, 10], [20, 30]]


@pytest.mark.parametrize("angle", [0, 40, 90])
def test_letters_stand_where_their_box_says(angle):
    text = Text(100, 100, "lane 12 µM", 12, anchor="rm", angle=angle)
    picture = np.asarray(painted(Drawing(200, 200, marks=[text]), 144)).min(axis=2)
    rows, cols = np.nonzero(picture < 128)
    found = cols.min() / 2, rows.min() / 2, cols.max() / 2, rows.max() / 2
    assert found == pytest.approx(
        box_of(text), abs=4 if angle % 90 else 2.2
    )  # letters have room at their sides, a turned box empty corners


@pytest.mark.parametrize("draw", FIGURES)
def test_vector_files_hold_the_same_words(draw, tmp_path):
    figure = draw(standin.build(4))
    for name in ("f.svg", "f.pdf", "f.png"):
        save_drawing(figure, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 3000
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")
    root = ElementTree.parse(tmp_path / "f.svg").getroot()
    assert float(root.get("width").removesuffix("pt")) == pytest.approx(figure.width, rel=1e-3)
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.size == pytest.approx((figure.width * 300 / 72, figure.height * 300 / 72), abs=1)
