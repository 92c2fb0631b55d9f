"""Figures of comparisons and plates: what is cut, left out or stands off is to be seen on them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ublot.dose_response.ec50 import estimate_ec50, estimate_row
from ublot.dose_response.logistic import Curves
from ublot.report.figures.comparison import comparison_figure
from ublot.report.figures.dose_response import curve_at, dose_figure
from ublot.report.figures.plate_map import plate_figure
from ublot.report.figures.plot import Points
from ublot.report.figures.time_course import time_figure
from ublot.statistics.reactions import Reaction
from ublot.statistics.time_course import time_course_columns
from ublot.wording.words import affinity_text


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]


def row(dose, mean, low, high, role="sample"):
    return {
        "role": role, "group": "", "compound": "c", "concentration_nM": dose, "time_min": math.nan,
        "quantity": "relative_hmw", "n": 3, "mean": mean, "low": low, "high": high, "p_vehicle": 0.03,
    }  # fmt: skip


def reaction(dose, value, blot="a", role="sample", time=math.nan, quantity="relative_hmw"):
    return Reaction(blot, role, "", "c" if role == "sample" else "DMSO", dose, time, {quantity: value})


def test_whiskers_are_shown_or_marked_as_cut():
    rows = [row(1.0, 2.0, 1.5, 3.9), row(10.0, 3.0, 0.2, 45.0)]
    points = [reaction(1.0, 2.0), reaction(10.0, 3.0), reaction(10.0, 5.0, "b")]
    figure = comparison_figure(rows, points, "relative_hmw", "fold")
    axes = figure.axes[0]
    ends = [path.vertices[:, 1].max() for c in axes.collections for path in c.get_paths()]
    assert max(ends) == pytest.approx(axes.get_ylim()[1] / 1.2) and 3.9 in np.round(ends, 6)
    assert [text for text in texts(figure) if text.startswith("to 45")] and "to 3.9" not in texts(figure)
    assert sum(line.get_marker() == "^" and line.get_color() == "#D55E00" for line in axes.lines) == 1
    # Every point lies within.
    assert axes.get_ylim()[1] > 5
    # A blot of which nothing could be scored is not in the key.
    empty = reaction(10.0, math.nan, "without DMSO")
    key = comparison_figure(rows, [points[0], empty, *points[1:]], "relative_hmw", "fold").axes[0].get_legend()
    assert [text.get_text() for text in key.get_texts()] == ["a", "b"]
    whole = comparison_figure(rows[:1], points[:1], "relative_hmw", "fold")
    assert not [text for text in texts(whole) if text.startswith("to ")]


def plate(spoil=None):
    dose = np.concatenate([np.zeros(4), np.repeat([1.0, 10, 100, 1000, 10000, 100000], 2)])
    with np.errstate(divide="ignore"):
        y = 100 * (1 - 0.8 / (1 + 30 / dose) / (1 + dose / 5000)) + np.random.default_rng(0).normal(0, 1, len(dose))
    if spoil is not None:
        y[spoil] *= 8
    return dose, y


def test_a_bell_is_drawn_as_it_was_fitted():
    dose, y = plate()
    found = estimate_ec50(Curves.of(dose, y, scale="arithmetic"))
    fit = estimate_row({"group": "", "compound": "c", "time_min": math.nan, "quantity": "percent_of_vehicle"}, found)
    assert found.model == "bell"
    assert np.abs(curve_at(fit, dose[4:]) - y[4:]).max() < 6


def test_points_that_stand_off_or_are_left_out_are_marked():
    dose, y = plate(spoil=8)
    rows = [
        {
            "image": "P1", "group": "", "role": "sample" if d else "vehicle", "compound": "c" if d else "DMSO",
            "concentration_nM": d, "time_min": math.nan, "percent_of_vehicle": v, "standing_off": i == 8,
            "excluded": i == 10,
        }
        for i, (d, v) in enumerate(zip(dose, y, strict=True))
    ]  # fmt: skip
    found = estimate_ec50(Curves.of(dose, y, scale="arithmetic"))
    fit = estimate_row({"group": "", "compound": "c", "time_min": math.nan, "quantity": "percent_of_vehicle"}, found)
    figure = dose_figure(rows, [fit], "percent_of_vehicle")
    (plot,) = figure.plots
    points = [mark for mark in plot.marks if isinstance(mark, Points)]
    assert len([p for p in points if p.size == 9]) == len([p for p in points if p.shape == "x"]) == 1
    # Far off: the axis is the curve's, and an arrow says where the point is.
    assert plot.y_limits[1] < y[8] and f"{y[8]:.3g}" in [text.text for text in figure.texts()]
    assert plot.y_limits[0] <= 0


def test_wells_stand_in_their_places():
    wells = [
        {
            "plate": "P1", "well": f"{'ABCDEFGH'[i // 12]}{i % 12 + 1:02d}", "compound": "c", "role": "",
            "concentration_nM": 1.0, "percent_of_vehicle": float(i), "excluded": i == 14, "standing_off": i == 30,
        }
        for i in range(96)
    ]  # fmt: skip
    axes = plate_figure(wells).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list("ABCDEFGH")
    framed = [patch for patch in axes.patches if not patch.get_fill()]
    assert len(axes.patches) == 97 and len(framed) == 1 and framed[0].get_xy() == pytest.approx((5.54, 1.54))
    assert {round(float(np.mean(line.get_xdata()))) for line in axes.lines} == {2}
    # Without places, wells stand by compound.
    bare = plate_figure([{**w, "well": "", "compound": "a" if i < 40 else "b"} for i, w in enumerate(wells)]).axes[0]
    assert "a" in [label.get_text() for label in bare.get_yticklabels()]


def test_time_courses_are_drawn():
    reactions = [
        reaction(
            math.nan if role == "vehicle" else 100.0, 0.05 + 0.5 * (1 - math.exp(-k * t)) + 0.001 * (t % 7),
            blot, role, t, "hmw_fraction",
        )
        for blot in "ab" for role, k in (("vehicle", 0.02), ("sample", 0.08)) for t in (5.0, 10, 20, 40, 60)
    ]  # fmt: skip
    columns = time_course_columns(reactions)
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    figure = time_figure(reactions, rows, "fraction")
    assert sum(line.get_linestyle() == "None" for line in figure.axes[0].lines) == 20
    assert {"DMSO", "c 100 nM"} <= set(texts(figure))
    assert time_figure(reactions, [], "fraction") is None


def test_affinity_in_words():
    nothing = math.nan
    row = {"ki_nM": 1.94, "ki_low": 1.63, "ki_high": 2.21, "kd_nM": nothing}
    assert affinity_text(row) == "K_i 1.9 nM (1.6–2.2)" and affinity_text(row, "95 % ") == "K_i 1.9 nM (95 % 1.6–2.2)"
    assert affinity_text({"ki_nM": nothing, "ki_below_nM": 0.033, "ki_above_nM": nothing}) == "K_i < 0.033 nM"
    assert affinity_text({"kd_nM": nothing, "kd_above_nM": 1200.0}) == "K_d > 1200 nM"
    assert affinity_text({"ec50_nM": 3.0, "ki_nM": nothing}) == ""
