"""Lanes found against lanes drawn: number, place, tilt, bow, width, softness."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot, curved, draw, other_model, real_file, with_dust, with_pen

from ublot.errors import BlotError
from ublot.io.images.reading import read_blot
from ublot.lanes.finding import find_lanes
from ublot.model import Window
from ublot.simulation import STRESSES, simulate_blot


def offsets(found, drawn, *, rows=None):
    """Distance of centre lines found from those drawn, px, (lanes, rows)."""
    rows = np.linspace(20, drawn.image.shape[0] - 20, 9) if rows is None else rows
    return np.array([lane.centre(rows) - drawn.centre(i, rows) for i, lane in enumerate(found)])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"slope": 0.03},
        {"slope": -0.06},
        {"bow": -9.0, "slope": 0.02},
        {"scatter": 0.05},
        {"fill": 0.84},
        {"fill": 0.5},
        {"edge": 2.5},
        {"membrane": curved},
        {"haze": 500.0},
        {"lanes": 3},
        {"lanes": 16},
    ],
    ids=lambda o: ",".join(f"{k}={v}" if isinstance(v, int | float) else k for k, v in o.items()) or "plain",
)
@pytest.mark.parametrize("counted", [True, False], ids=["count", "no count"])
def test_centre_lines_are_right_to_half_a_pixel(options, counted):
    drawn = draw(**options)
    found = find_lanes(drawn.blot, len(drawn.centres) if counted else None)
    assert len(found) == len(drawn.centres)
    off = offsets(found, drawn)
    assert np.sqrt((off**2).mean()) < 0.35
    assert np.abs(off).max() < 0.02 * drawn.pitch + 0.5
    assert found.pitch == pytest.approx(np.median(np.diff(drawn.centres)), abs=0.5)
    assert [lane.number for lane in found] == list(range(1, len(drawn.centres) + 1))


@pytest.mark.parametrize("slope", [0.0, 0.05, -0.035])
def test_tilt(slope):
    drawn = draw(slope=slope)
    angles = [lane.angle_deg for lane in find_lanes(drawn.blot, 8)]
    assert np.allclose(angles, np.degrees(np.arctan(slope)), atol=0.15)


@pytest.mark.parametrize(("fill", "edge"), [(0.6, 6.0), (0.68, 3.0), (0.68, 6.0), (0.84, 6.0)])
def test_width_and_softness(fill, edge):
    drawn = draw(fill=fill, edge=edge, rows=500, cols=900)
    found = find_lanes(drawn.blot, 8)
    widths = np.array([lane.width for lane in found])
    assert np.abs(widths / drawn.width - 1).max() < 0.04
    assert found.softness == pytest.approx(edge, rel=0.25)


@pytest.mark.parametrize("blank", [(8,), (1,), (1, 8), (4,), (3, 6), (7, 8)])
def test_blank_lanes_are_placed_by_the_pitch(blank):
    drawn = draw(blank=blank, seed=3)
    found = find_lanes(drawn.blot, 8, blank=blank)
    off = offsets(found, drawn)
    loaded = [i for i in range(8) if i + 1 not in blank]
    assert np.abs(off[loaded]).max() < 1.0
    assert np.abs(off).max() < 0.08 * drawn.pitch


@pytest.mark.parametrize("blank", [(4,), (3, 6), (4, 5)])
def test_blank_lanes_between_loaded_ones_need_no_count(blank):
    drawn = draw(blank=blank, seed=3)
    found = find_lanes(drawn.blot)
    assert len(found) == 8
    assert np.abs(offsets(found, drawn)).max() < 0.08 * drawn.pitch


def test_blank_lane_of_a_hazed_blot():
    sim = simulate_blot(seed=1, **STRESSES["haze"])
    truth = np.array([lane["x_px"] for lane in sim.truth["lanes"]])
    for blank in ((12,), ()):
        found = find_lanes(read_blot(sim.image), 12, blank=blank)
        x = [float(lane.centre(0.5 * (sim.image.shape[0] - 1))) for lane in found]
        assert np.abs(np.array(x) - truth).max() < 0.1 * sim.truth["pitch_px"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("spoil", ["dust", "pen", "both"])
def test_dust_and_pen_do_not_move_lanes(spoil, seed):
    drawn = draw(seed=seed, membrane=curved)
    image = with_dust(drawn.image, 80, seed) if spoil != "pen" else drawn.image
    image = with_pen(image) if spoil != "dust" else image
    for count in (8, None):
        found = find_lanes(as_blot(image), count)
        assert len(found) == 8
        assert np.abs(offsets(found, drawn)).max() < 1.0


def test_faint_lane_follows_its_neighbours():
    drawn = draw(slope=0.04, bow=6.0, seed=5)
    faint = draw(slope=0.04, bow=6.0, seed=5, blank=(4,))
    image = 0.02 * drawn.image + 0.98 * faint.image
    found = find_lanes(as_blot(image), 8)
    assert np.abs(offsets(found, drawn)[3]).max() < 0.06 * drawn.pitch


@pytest.mark.parametrize("shape", [(200, 280), (300, 140), (60, 90)])
def test_noise_shows_no_lanes(shape):
    found = find_lanes(as_blot(np.random.default_rng(0).normal(1000, 20, shape)))
    assert len(found) == 0 and found.flags == ("no_lanes",)


@pytest.mark.parametrize("level", [0.0, 1000.0])
def test_even_picture_shows_no_lanes(level):
    blot = as_blot(np.full((300, 400), level))
    assert len(find_lanes(blot)) == 0
    # Told that there are six, they are placed side by side without a guess at what cannot be seen.
    assert len(find_lanes(blot, 6)) == 6


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (5, 5), (7, 300), (300, 7)])
def test_picture_too_small_for_lanes(shape):
    blot = as_blot(np.random.default_rng(0).normal(1000, 20, shape))
    for count in (None, 1):
        assert find_lanes(blot, count).flags == ("no_lanes",)


def test_more_lanes_than_there_is_room_for_are_refused():
    blot = draw(rows=200, cols=100, lanes=6).blot
    with pytest.raises(BlotError, match=r"60 lanes.*from 1 to 33 in 100 px"):
        find_lanes(blot, 60)
    with pytest.raises(BlotError, match="0 lanes"):
        find_lanes(blot, 0)


def test_many_lanes_in_few_pixels():
    blot = draw(rows=200, cols=100, lanes=6).blot
    found = find_lanes(blot, 30)
    assert len(found) == 30
    x = np.array([float(lane.centre(100)) for lane in found])
    assert (np.diff(x) > 0).all() and np.isfinite(x).all()


def test_small_picture():
    drawn = draw(rows=40, cols=40, lanes=3, margin=0.02, noise=15)
    for count in (3, None):
        found = find_lanes(drawn.blot, count)
        assert len(found) == 3
        assert np.abs(offsets(found, drawn)).max() < 1.0


def test_lanes_three_pixels_wide():
    drawn = draw(rows=200, cols=70, lanes=10, fill=0.5)
    assert drawn.width < 3.2
    found = find_lanes(drawn.blot, 10)
    assert np.abs(offsets(found, drawn)).max() < 0.8


@pytest.mark.parametrize(("cols", "fill", "margin"), [(300, 0.7, 0.3), (120, 0.6, 0.1), (560, 0.8, 0.35)])
def test_single_lane_with_a_count(cols, fill, margin):
    drawn = draw(cols=cols, lanes=1, fill=fill, margin=margin)
    found = find_lanes(drawn.blot, 1)
    assert np.abs(offsets(found, drawn)).max() < 0.03 * drawn.width
    assert found[0].width == pytest.approx(drawn.width, rel=0.08)


def test_region_of_interest_keeps_image_coordinates():
    drawn = draw(slope=0.03)
    roi = Window(60, 390, 100, 480)
    found = find_lanes(as_blot(drawn.image, roi=roi))
    assert found.window == roi
    truth = [c for c in drawn.centres if 100 + 0.5 * drawn.width < c < 480 - 0.5 * drawn.width]
    assert len(found) == len(truth)
    rows = np.array([100.0, 300.0])
    for lane, centre in zip(found, truth, strict=True):
        index = list(drawn.centres).index(centre)
        assert np.abs(lane.centre(rows) - drawn.centre(index, rows)).max() < 1.0


@pytest.mark.parametrize("name", ["tilted", "bowed", "wide", "soft", "haze", "edges"])
def test_blots_of_another_forward_model(name):
    make = other_model()
    raw, rows, truth = make.blot(900, **make.SETS[name])
    blank = [row[0] for row in rows if row[1] == "blank"]
    found = find_lanes(read_blot(raw), len(rows), blank=blank)
    assert len(found) == len(rows)
    x = np.array([float(lane.centre(0.5 * raw.shape[0])) for lane in found])
    off = np.abs(x - [lane["x_px"] for lane in truth["lanes"]])
    loaded = [row[0] - 1 for row in rows if row[1] != "blank"]
    assert off[loaded].max() < 0.02 * truth["pitch_px"]
    assert off.max() < 0.25 * truth["pitch_px"]  # a blank one was cast with a scatter of 3 % of the pitch, others too
    widths = [found[i].width for i in loaded]
    assert np.median(widths) == pytest.approx(truth["lane_width_px"], rel=0.03)


REAL_COUNTS = [
    ("chemidoc_trio/parp.tif", {4}),
    ("chemidoc_trio/trail.tif", {4, 5}),  # four samples, and a ladder so faint that it may be missed
    ("chemidoc_trio/actin.tif", {4, 5}),
    ("chemidoc_1sc/test4_imglab_analysis.tif", {15, 16}),
    ("imagej_gel/gel.gif", {5, 6}),
    ("dna_ladder/ladder_reference_gel.tif", {4}),
    ("fluorchem/B1AR_July4_B1AR_10wtop_16wbottom.tif", {9}),
    # Two strips in one picture, shifted against each other by half a lane: nine lanes of each.
    ("fluorchem/B1AR_July4_B1AR_10wtop_16wbottom_GAPDH.tif", {9, 10}),
    ("two_colour/5xcgg_wt_flag.png", {18, 19}),
    ("two_colour/5xcgg_wt_h3.png", {22, 23}),
]


@pytest.mark.parametrize(("name", "counts"), REAL_COUNTS)
def test_real_blots_without_a_count(name, counts):
    assert len(find_lanes(read_blot(real_file(*name.split("/"))))) in counts


def strips_of(name):
    """The two strips of a FluorChem picture: region, and the boxes a person drew on it."""
    import pandas as pd

    boxes = pd.read_csv(real_file("fluorchem", "boxes_and_published_volumes.csv"))
    boxes = boxes[boxes["image"] == name]
    middle = (0.5 * (boxes["y0"] + boxes["y1"])).sort_values().to_numpy()
    gap = int(np.argmax(np.diff(middle)))
    cut = int(0.5 * (middle[gap] + middle[gap + 1]))
    upper = 0.5 * (boxes["y0"] + boxes["y1"]) < cut
    return cut, [boxes[upper].sort_values("x0"), boxes[~upper].sort_values("x0")]


@pytest.mark.parametrize(
    "name",
    [
        "B1AR_July4_B1AR_10wtop_16wbottom.tif",
        "B1AR_July4_B1AR_10wtop_16wbottom_GAPDH.tif",
        "B1AR_Oct8_B1ARtop_GAPDHbottom.tif",
    ],
)
def test_real_lanes_run_through_the_boxes_a_person_drew(name):
    path = real_file("fluorchem", name)
    cut, parts = strips_of(name)
    height, width = read_blot(path).shape
    for roi, boxes in zip((Window(0, cut, 0, width), Window(cut, height, 0, width)), parts, strict=True):
        # The upper strip of this one shows a tenth band that nobody drew a box on.
        more = name == "B1AR_July4_B1AR_10wtop_16wbottom.tif" and roi.top == 0
        found = find_lanes(read_blot(path, roi=roi), len(boxes) + more)
        for lane, (_, box) in zip(tuple(found)[: len(boxes)], boxes.iterrows(), strict=True):
            assert box["x0"] <= lane.centre(0.5 * (box["y0"] + box["y1"])) <= box["x1"]


def upturned(rows, *, count=7, pitch=52, first=80, cols=520, seed=0):
    """A low row of bands on a tall picture, each bright at both its upturned edges and dull in the middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:cols].astype(float)
    image = rng.normal(100, 2, y.shape)
    for i in range(count):
        t = (x - first - pitch * i) / 21
        across = np.where(np.abs(t) < 1, 0.3 + 0.7 * np.abs(t) ** 3, 0) + 0.05 * np.exp(-np.abs(np.abs(t) - 1) / 0.1)
        image += rng.uniform(300, 900) * across * np.exp(-0.5 * ((y - rows / 2 + 6 * t**4) / 2.5) ** 2)
    return as_blot(image), first + pitch * np.arange(count)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_bands_that_shine_at_their_edges_are_one_lane_each(counted, seed):
    blot, centres = upturned(600, seed=seed)
    lanes = find_lanes(blot, len(centres) if counted else None)
    found = np.array([float(lane.centre(np.array([300.0]))[0]) for lane in lanes])
    assert len(found) == len(centres)
    assert np.abs(found - centres).max() < 0.2 * 52


def test_neighbours_do_not_fall_on_each_other():
    from ublot.lanes.centrelines import straight_lane
    from ublot.lanes.finding import _apart
    from ublot.model import Lanes

    knots = np.linspace(0, 99, 9)

    def row(xs, widths):
        items = [straight_lane(i, x, w, 0.0, 50, knots) for i, (x, w) in enumerate(zip(xs, widths, strict=True), 1)]
        return Lanes(tuple(items), Window(0, 100, 0, 600), 80.0, 6.0)

    start = row([50, 130, 210, 290, 370], [50] * 5)
    close = row([52, 128, 235, 275, 371], [48, 48, 90, 88, 50])
    found = _apart(close, start)
    assert [round(float(lane.centre(np.array([50.0]))[0])) for lane in found] == [52, 128, 210, 290, 371]
    assert [lane.width for lane in found] == [48, 48, 48, 48, 50]
    apart = row([52, 128, 205, 292, 371], [48] * 5)
    assert _apart(apart, start) is apart
