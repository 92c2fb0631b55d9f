"""Mass calibration, against marker lanes drawn here by other migration laws than the one that is fitted."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ublot.errors import BlotError
from ublot.mass.calibration import calibrate_mass, calibration_from_positions
from ublot.mass.scale import beyond, mass_at, row_at
from ublot.model import Calibration, Profile
from ublot.reference.markers import MARKERS, find_marker

IMAGES = Path(__file__).parents[2] / "test_images"
INDEPENDENT = Path(__file__).parents[2] / "../shared/independent_blots/make.py"


def as_profile(y, noise=1.0, top=0, saturated=None):
    y = np.asarray(y, np.float64)
    n = len(y)
    seen = np.zeros(n, np.int64) if saturated is None else saturated
    return Profile(1, top, y, np.zeros(n), np.full(n, noise), np.empty((0, n)), 40.0, seen, 40)


@dataclass
class Drawn:
    profile: Profile
    rows: dict[float, float]  # of every mass whose band is drawn and stands alone
    merged: frozenset[float]


LAWS = {
    # both give the share of the gel run at log10 kDa x; neither is a penalised Legendre cubic of the marker's own span
    "logistic": lambda x, k: 1 / (1 + np.exp(k[0] * (x - 1.62))),
    "ferguson": lambda x, k: np.exp(-k[1] * (10 ** (x / 2.2) - 1)),
    "nearly straight": lambda x, k: 1.25 - 0.42 * x + k[2] * (x - 1.7) ** 2 - 0.03 * (x - 1.7) ** 3,
}


def migrate(law, x, k):
    run = LAWS[law](x, k)
    ends = LAWS[law](np.log10(np.array([320.0, 8.0])), k)
    return (run - ends[0]) / (ends[1] - ends[0])


def draw_marker(rng, masses, *, missing=0, extra=0, merge=False, cut=None, saturate=False, snr=None):
    """A marker lane with known truth.

    `missing` bands are left out, `extra` ones added, `merge` blurs two neighbours into one, `cut` ends the picture
    within the marker, `saturate` clips the tops.
    """
    height = int(rng.integers(500, 2200))
    law = rng.choice(list(LAWS))
    k = rng.uniform(1.2, 2.4), rng.uniform(0.12, 0.22), rng.uniform(-0.06, 0.06)
    masses = np.asarray(masses, float)
    apparent = np.log10(masses) + rng.normal(0, 0.004, len(masses))  # standards are not exact
    rows = height * (0.07 + 0.88 * migrate(law, apparent, k))
    sigma = height * rng.uniform(0.003, 0.0055)
    top, bottom = 0, height
    drawn = np.ones(len(masses), bool)
    gaps = np.diff(rows)
    merged = frozenset()
    if missing:
        drawn[rng.choice(len(masses), missing, replace=False)] = False
    tall = rng.uniform(0.35, 1.0, len(masses)) * 5000
    y = np.zeros(height)
    t = np.arange(height)
    if merge:  # the closest neighbours, on a gel that hardly parts them
        i = int(np.argmin(gaps + 1e9 * ~(drawn[1:] & drawn[:-1])))
        sigma = max(sigma, gaps[i] / 6)
        middle = 0.5 * (rows[i] + rows[i + 1])
        rows[i], rows[i + 1] = middle - 0.9 * sigma, middle + 0.9 * sigma
        merged = frozenset(masses[[i, i + 1]])
    if cut == "top":
        top = int(0.5 * (rows[1] + rows[2]))
    elif cut == "bottom":
        bottom = int(0.5 * (rows[-3] + rows[-2]))
    for r, a in zip(rows[drawn], tall[drawn], strict=True):
        y += a * np.exp(-0.5 * ((t - r) / sigma) ** 2)
    for _ in range(extra):
        free = [r for r in rng.uniform(0.05, 0.95, 50) * height if np.min(np.abs(rows - r)) > 6 * sigma]
        y += rng.uniform(300, 1500) * np.exp(-0.5 * ((t - free[0]) / (sigma * rng.uniform(0.5, 1.0))) ** 2)
    saturated = np.zeros(height, np.int64)
    if saturate:
        level = 0.5 * y.max()
        saturated = np.where(y >= level, 30, 0)
        y = np.minimum(y, level)
    noise = (5000 / snr) if snr else rng.uniform(5, 60)
    y = y + 800 * np.cos(t / height * 2.5 + rng.uniform(0, 6)) + rng.normal(0, noise, height)
    inside = drawn & (rows > top + 2 * sigma) & (rows < bottom - 2 * sigma)
    truth = {m: r for m, r, ok in zip(masses, rows, inside, strict=True) if ok and m not in merged}
    profile = as_profile(y[top:bottom], noise, top, saturated[top:bottom])
    return Drawn(profile, truth, merged), sigma


STRESSES = [
    {},
    {"missing": 1},
    {"extra": 1},
    {"missing": 1, "extra": 2},
    {"merge": True},
    {"cut": "top"},
    {"cut": "bottom"},
    {"saturate": True},
    {"snr": 25},
    {"missing": 2},
]
USED = ["precision-plus", "pageruler", "pageruler-plus", "spectra-br", "magicmark-xp", "chameleon-duo", "neb-color"]
CLOSE = ["pageruler", "spectra-br", "magicmark-xp", "chameleon-duo"]  # have neighbours close enough to merge


def judge(drawn, sigma, calibration):
    """True: every assigned mass sits where its band was drawn; merged ones may be anywhere near."""
    if calibration is None:
        return None
    for mass, row in zip(calibration.masses, calibration.rows, strict=True):
        if mass in drawn.rows:
            if abs(row - drawn.rows[mass]) > max(1.0 * sigma, 1.5):
                return False
        elif mass not in drawn.merged:
            return False
    return len(calibration.masses) >= 0.7 * len(drawn.rows)


@cache
def judged(index):
    """Outcome of 33 random lanes under one stress: True, False or None for no calibration."""
    stress = STRESSES[index]
    rng = np.random.default_rng(5017 + index)  # not the seeds that the penalties were set by
    results = []
    for n in range(33):
        masses = find_marker(CLOSE[n % len(CLOSE)] if "merge" in stress else USED[n % len(USED)]).masses
        drawn, sigma = draw_marker(rng, masses, **stress)
        results.append(judge(drawn, sigma, calibrate_mass(drawn.profile, masses)))
    return tuple(results)


@pytest.mark.parametrize("index", range(len(STRESSES)), ids=["+".join(s) or "clean" for s in STRESSES])
def test_assignment_on_random_lanes(index):
    results = judged(index)
    assert results.count(False) <= 1
    assert results.count(True) >= 31  # None, no calibration, is the right answer where it is ambiguous


def test_assignment_is_right_in_99_of_100():
    results = [r for index in range(len(STRESSES)) for r in judged(index)]
    assert results.count(True) >= 0.99 * len(results)


def masses_off(drawn, masses, calibration):
    """By how many masses the worst band is off."""
    names, off = list(masses), 0
    for mass, row in zip(calibration.masses, calibration.rows, strict=True):
        nearest = min(drawn.rows, key=lambda m: abs(drawn.rows[m] - row))
        off = max(off, abs(names.index(mass) - names.index(nearest)))
    return off


@pytest.mark.parametrize("stress", [{"missing": 3}, {"cut": "bottom", "missing": 2}], ids=str)
def test_a_reading_that_is_two_masses_off_is_flagged_though_nothing_is_left_over(stress):
    rng = np.random.default_rng(90003 if "cut" not in stress else 90010)
    said = silent = 0
    for n in range(30):
        masses = find_marker(USED[n % len(USED)]).masses
        drawn, _ = draw_marker(rng, masses, **stress)
        # Every third list names a part of the marker only.
        given = masses[int(rng.integers(0, 3)) : len(masses) - int(rng.integers(0, 3))] if n % 3 == 0 else masses
        found = calibrate_mass(drawn.profile, given)
        if found is not None and masses_off(drawn, masses, found) > 1:
            said, silent = said + bool(found.flags), silent + (not found.flags)
    assert said > 0
    assert silent <= 1  # six bands of nine may lie on a smooth curve of six other masses


def test_bands_are_found_below_a_pixel():
    rng = np.random.default_rng(5)
    off = []
    for _ in range(10):
        drawn, _ = draw_marker(rng, find_marker("precision-plus").masses)
        calibration = calibrate_mass(drawn.profile, "precision-plus")
        off += [r - drawn.rows[m] for m, r in zip(calibration.masses, calibration.rows, strict=True)]
    assert np.sqrt(np.mean(np.square(off))) < 0.1
    assert abs(np.mean(off)) < 0.02


def test_residual_is_the_scatter_of_the_standard():
    """Bands drawn at a smooth law plus known errors of mass: the residual must be of their size."""
    rng = np.random.default_rng(3)
    masses = np.array(find_marker("precision-plus").masses)
    t = np.arange(1200)
    for error in (0.002, 0.01):
        seen = []
        for _ in range(20):
            rows = 1200 * (1.22 - 0.46 * (np.log10(masses) + rng.normal(0, error, len(masses))))
            y = sum(3000 * np.exp(-0.5 * ((t - r) / 4.5) ** 2) for r in rows) + rng.normal(0, 10, len(t))
            seen.append(calibrate_mass(as_profile(y, 10), masses).residual)
        assert 0.6 * error < np.median(seen) < 2.0 * error


def test_nothing_to_calibrate_by():
    rng = np.random.default_rng(0)
    t = np.arange(1000)
    noise = rng.normal(0, 20, 1000)
    assert calibrate_mass(as_profile(noise, 20), "precision-plus") is None
    assert calibrate_mass(as_profile(np.zeros(1000), 0), "precision-plus") is None
    assert calibrate_mass(as_profile(np.zeros(4), 0), "precision-plus") is None
    one = 3000 * np.exp(-0.5 * ((t - 400) / 5) ** 2)
    assert calibrate_mass(as_profile(one + noise, 20), "precision-plus") is None
    # three bands, evenly spaced in a standard with many such triples: any answer would be a guess
    three = sum(3000 * np.exp(-0.5 * ((t - r) / 5) ** 2) for r in (300, 400, 500))
    assert calibrate_mass(as_profile(three + noise, 20), "neb-color") is None
    with pytest.raises(BlotError):
        calibrate_mass(as_profile(noise), "no such marker")


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e5])
def test_signal_units_do_not_matter(scale):
    drawn, sigma = draw_marker(np.random.default_rng(8), find_marker("pageruler").masses)
    p = drawn.profile
    scaled = Profile(1, p.top, p.raw * scale, p.background, p.noise * scale, p.modes, 40.0, p.saturated, 40)
    assert calibrate_mass(scaled, "pageruler").rows == pytest.approx(calibrate_mass(p, "pageruler").rows, abs=1e-6)
    assert judge(drawn, sigma, calibrate_mass(scaled, "pageruler"))


def test_rows_count_in_the_whole_image():
    drawn, _ = draw_marker(np.random.default_rng(9), find_marker("pageruler").masses)
    p = drawn.profile
    moved = Profile(1, 250, p.raw, p.background, p.noise, p.modes, 40.0, p.saturated, 40)
    at = np.subtract(calibrate_mass(moved, "pageruler").rows, calibrate_mass(p, "pageruler").rows)
    assert np.allclose(at, 250)


# ------------------------------------------------------------------------------------------ lanes of another simulator
def independent_lane(path):
    """Marker lane of a simulated blot by plain column means, and the rows its masses were drawn at."""
    import tifffile

    truth = json.loads(path.with_name(path.name.replace(".tif", ".truth.json")).read_text())
    image = tifffile.imread(path).astype(np.float64)
    x, half = truth["lanes"][0]["x_px"], 0.25 * truth["lane_width_px"]
    y = image[:, int(x - half) : int(x + half) + 1].mean(axis=1)
    noise = np.median(np.abs(np.diff(y, 2))) / 0.6745 / math.sqrt(6)
    return as_profile(y, noise), truth["marker_kda"]


@pytest.mark.skipif(not INDEPENDENT.exists(), reason="the independent simulator is not beside the project")
@pytest.mark.parametrize("kind", ["standard", "soft", "haze", "faint", "dusty", "small", "crowded", "membrane"])
def test_marker_lanes_of_the_independent_simulator(kind, tmp_path, monkeypatch):
    import importlib.util
    import subprocess

    subprocess.run([sys.executable, INDEPENDENT, tmp_path, "--sets", kind, "--per-set", "1", "--seed", "7"], check=True)
    spec = importlib.util.spec_from_file_location("independent_make", INDEPENDENT)
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    profile, masses = independent_lane(next(tmp_path.glob("*.tif")))
    calibration = calibrate_mass(profile, masses)
    true = make.row_of(np.array(calibration.masses), len(profile.raw))
    assert len(calibration.masses) == len(masses)
    assert np.max(np.abs(np.array(calibration.rows) - true)) < 1.5


# --------------------------------------------------------------------------- a list that names a part of what shows
ALL = (250.0, 150.0, 100.0, 75.0, 50.0, 37.0, 25.0, 20.0, 15.0)
PARTS = [ALL[k : k + n] for n in range(3, 9) for k in range(1, 10 - n)]


@cache
def dose_series_marker():
    """Marker lane by plain column means, and the rows of its bands by scipy, named by the truth from top to bottom."""
    import tifffile
    from scipy.signal import find_peaks

    truth = json.loads((IMAGES / "dose_series.truth.json").read_text())
    image = tifffile.imread(IMAGES / "dose_series.tif").astype(np.float64)
    x, half = truth["lanes"][0]["x_px"], 0.25 * truth["lane_width_px"]
    y = image[:, int(x - half) : int(x + half) + 1].mean(axis=1)
    rows = find_peaks(y, prominence=0.1 * np.ptp(y))[0]
    assert len(rows) == len(truth["marker_bands_kda"])
    noise = np.median(np.abs(np.diff(y, 2))) / 0.6745 / math.sqrt(6)
    return as_profile(y, noise), dict(zip(truth["marker_bands_kda"], rows.tolist(), strict=True))


def assert_at_their_bands(calibration, masses, rows):
    assert calibration.masses == tuple(masses)
    assert np.max(np.abs(np.subtract(calibration.rows, [rows[m] for m in masses]))) < 1.0


@pytest.mark.parametrize("k", range(3, 10))
def test_the_heaviest_masses_alone_are_the_top_bands(k):
    profile, rows = dose_series_marker()
    assert tuple(rows) == ALL
    assert_at_their_bands(calibrate_mass(profile, ALL[:k]), ALL[:k], rows)


def test_parts_below_the_top_are_right_or_left_open_and_most_are_right():
    """Some parts have the spacing of others: 150, 100, 75, 50 has that of 75, 50, 37, 25 on a bent curve."""
    profile, rows = dose_series_marker()
    found = {part: calibrate_mass(profile, part) for part in PARTS}
    for part, calibration in found.items():
        if calibration is not None:
            assert_at_their_bands(calibration, part, rows)
    assert sum(calibration is not None for calibration in found.values()) >= 0.3 * len(found)


@pytest.mark.parametrize("first, last", [(2, 6), (2, 7), (1, 7), (2, 8), (1, 9), (2, 9)])
def test_a_part_below_the_top_of_a_spacing_of_its_own(first, last):
    profile, rows = dose_series_marker()
    assert_at_their_bands(calibrate_mass(profile, ALL[first:last]), ALL[first:last], rows)


def test_a_part_can_be_ruled_out():
    profile, _ = dose_series_marker()
    assert calibrate_mass(profile, ALL[:5], part=False) is None
    assert calibrate_mass(profile, [250, 245, 100, 98]) is None  # no run of bands has such gaps


@pytest.mark.parametrize("law", list(LAWS))
@pytest.mark.parametrize("k", range(4, 9))
def test_the_heaviest_masses_alone_on_other_gels(law, k):
    """Gels of other laws than the fitted one: hardly ever left open, never wrong."""
    rng, t = np.random.default_rng(21), np.arange(1100)
    left_open = 0
    for _ in range(12):
        c = rng.uniform(1.2, 2.4), rng.uniform(0.12, 0.22), rng.uniform(-0.06, 0.06)
        at = 1100 * (0.07 + 0.88 * migrate(law, np.log10(ALL) + rng.normal(0, 0.004, 9), c))
        tall = rng.uniform(0.4, 1.0, 9) * 5000
        y = sum(a * np.exp(-0.5 * ((t - r) / 4.5) ** 2) for a, r in zip(tall, at, strict=True))
        found = calibrate_mass(as_profile(y + rng.normal(0, 20, len(t)), 20.0), ALL[:k])
        left_open += found is None
        if found is not None:
            place = dict(zip(ALL, at, strict=True))
            assert np.max(np.abs(np.subtract(found.rows, [place[m] for m in found.masses]))) < 4.5
    assert left_open <= 1


# ---------------------------------------------------------------------------------------------------------- the curve
KNOWN = Calibration((50.0, 120.0, 180.0, 230.0, 320.0, 390.0), (250.0, 150.0, 100.0, 75.0, 50.0, 37.0))


@pytest.mark.parametrize("shift", [0.0, 7.5, -12.0])
def test_row_and_mass_invert_each_other(shift):
    masses = np.geomspace(4, 2000, 997)
    assert np.max(np.abs(mass_at(KNOWN, row_at(KNOWN, masses, shift=shift), shift=shift) / masses - 1)) < 1e-6
    rows = np.linspace(-200, 900, 1003)
    assert np.max(np.abs(row_at(KNOWN, mass_at(KNOWN, rows, shift=shift), shift=shift) - rows)) < 1e-6


def test_the_curve_passes_its_points_and_falls():
    assert np.allclose(mass_at(KNOWN, KNOWN.rows), KNOWN.masses)
    assert np.allclose(row_at(KNOWN, KNOWN.masses), KNOWN.rows)
    assert np.all(np.diff(mass_at(KNOWN, np.linspace(-300, 900, 5000))) < 0)


def test_inside_it_is_the_monotone_cubic_of_scipy():
    from scipy.interpolate import PchipInterpolator

    rows = np.linspace(KNOWN.rows[1], KNOWN.rows[-2], 501)  # the end slopes are our own
    reference = 10 ** PchipInterpolator(KNOWN.rows, np.log10(KNOWN.masses))(rows)
    assert np.allclose(mass_at(KNOWN, rows), reference, rtol=1e-9)


def test_beyond_the_marker_log_mass_is_straight():
    above = np.log10(mass_at(KNOWN, [-100.0, -50.0, 0.0, 50.0]))
    assert np.allclose(np.diff(above, 2), 0, atol=1e-12)
    assert np.all(np.diff(above) < 0)
    below = np.log10(mass_at(KNOWN, [390.0, 450.0, 510.0]))
    assert np.allclose(np.diff(below, 2), 0, atol=1e-12)


def test_a_flat_end_does_not_blow_up():
    """A short first gap beside a long one gives a three-point end slope of the wrong sign."""
    steep = Calibration((0.0, 10.0, 20.0, 30.0), (101.0, 100.0, 60.0, 50.0))
    assert mass_at(steep, -10.0) > 101.0
    assert abs(row_at(steep, 103.0)) < 40
    assert np.allclose(row_at(steep, mass_at(steep, np.linspace(-20, 50, 99))), np.linspace(-20, 50, 99), atol=1e-6)


def test_positive_shift_means_bands_lie_lower():
    assert row_at(KNOWN, 100.0, shift=5.0) == pytest.approx(185.0)
    assert mass_at(KNOWN, 185.0, shift=5.0) == pytest.approx(100.0)


def test_what_lies_beyond_the_marker():
    assert beyond(KNOWN, [49.0, 50.0, 200.0, 390.0, 391.0]).tolist() == [1, 0, 0, 0, -1]
    assert beyond(KNOWN, [52.0, 393.0], shift=3.0).tolist() == [1, 0]


def test_shapes_are_kept():
    assert mass_at(KNOWN, 100).shape == ()
    assert row_at(KNOWN, np.ones((2, 3)) * 90).shape == (2, 3)
    with pytest.raises(BlotError):
        row_at(KNOWN, [10.0, 0.0])


# ---------------------------------------------------------------------------------------------------- given positions
@pytest.mark.parametrize(
    "text",
    [
        "mass_kda,row_px\n250,84.5\n150,160\n100,230\n",
        "\ufeffrow_px;mass_kda\n84,5;250\n230;100\n160;150\n",
        "row_px\tlabel\tmass_kda\n84.5\ta\t250\n160\tb\t150\n230\tc\t100\n\n",
    ],
)
def test_positions_from_a_file(tmp_path, text):
    path = tmp_path / "positions.csv"
    path.write_text(text, encoding="utf-8")
    calibration = calibration_from_positions(path)
    assert calibration.rows == (84.5, 160.0, 230.0)
    assert calibration.masses == (250.0, 150.0, 100.0)
    assert calibration.kind == "positions"
    assert path.read_text(encoding="utf-8") == text


def test_positions_from_pairs_and_mapping():
    pairs = [(100, 230), (250, 84.5), (150, 160)]
    assert calibration_from_positions(pairs) == calibration_from_positions(dict(pairs))
    assert calibration_from_positions(pairs).rows == (84.5, 160.0, 230.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mass,row\n250,84\n", "'mass_kda' is missing"),
        ("", "empty"),
        ("mass_kda,row_px\n250,84\n", "at least 2"),
        ("mass_kda,row_px\n250,84\n150,high\n", "row 3, column row_px: 'high'"),
        ("mass_kda,row_px\n250,84\n150\n", "row 3, column row_px"),
        ("mass_kda,row_px\n250,84\n-150,90\n", "positive"),
        ("mass_kda,row_px\n150,84\n250,90\n", "lighter bands must lie lower"),
        ("mass_kda,row_px\n250,84\n150,84\n", "lighter bands must lie lower"),
        ("mass_kda,row_px\n250,84\nnan,90\n", "row 3, column mass_kda: 'nan'"),
    ],
)
def test_positions_that_cannot_be_right(tmp_path, text, message):
    path = tmp_path / "positions.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BlotError, match=message):
        calibration_from_positions(path)


def test_positions_that_are_no_file_or_no_pairs(tmp_path):
    with pytest.raises(BlotError, match="not found"):
        calibration_from_positions(tmp_path / "none.csv")
    (tmp_path / "image.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(BlotError, match=r"image\.csv"):
        calibration_from_positions(tmp_path / "image.csv")
    with pytest.raises(BlotError, match="not pairs"):
        calibration_from_positions([1, 2, 3])


def test_every_standard_can_be_calibrated_by():
    rng = np.random.default_rng(12)
    for marker in MARKERS:
        drawn, sigma = draw_marker(rng, marker.masses)
        assert judge(drawn, sigma, calibrate_mass(drawn.profile, marker.name)), marker.name


# ------------------------------------------------------------------------------------- lanes as real gels show them
def lane_of(rows, tall, wide, height, noise=12.0, seed=0):
    """A lane with a Gaussian band at each of `rows`, of its own height and width (full width at half height)."""
    rng, t = np.random.default_rng(seed), np.arange(height)
    y = sum(a * np.exp(-0.5 * ((t - r) / (w / 2.355)) ** 2) for r, a, w in zip(rows, tall, wide, strict=True))
    return as_profile(y + rng.normal(0, noise, height), noise)


GELS = {
    # neighbouring slopes of row against log mass that differ twofold: apparent masses are not those on the label
    "bands off the curve": ((220, 120, 100, 80, 60), (182, 374, 434, 595, 735), (1, 1, 0.8, 0.9, 0.3), (12,) * 5, 776),
    # slopes that grow fourfold from top to bottom, upper bands faint and narrow
    "strongly bent": (
        (220, 120, 100, 80, 60, 50, 40, 30), (57, 97, 109, 136, 169, 201, 247, 319),
        (0.2, 0.25, 0.13, 0.18, 0.35, 0.5, 1, 0.4), (4, 5, 4, 5, 6, 7, 9, 8), 368,
    ),
    # a gradient gel, S-shaped, two bands far stronger than the others, the first one cut by the picture
    "gradient": (
        (250, 150, 100, 80, 60, 50, 40, 30, 25, 20, 15, 10), (1, 22, 44, 61, 83, 104, 126, 149, 176, 202, 225, 245),
        (0.2, 0.2, 0.13, 1, 0.18, 0.15, 0.18, 0.17, 0.8, 0.2, 0.85, 0.4), (3, 3, 3, 5, 3, 3, 3, 5, 4, 4, 4, 3), 257,
    ),
    # bands three times as broad at the bottom as at the top, two of them nearly one
    "a doublet among narrow bands": (
        (220, 120, 100, 80, 60, 50, 40, 30, 20), (25, 47, 56, 79, 102, 124, 152, 190, 267),
        (0.4, 0.35, 0.45, 0.9, 0.6, 1, 1, 1, 1), (3.2, 4.2, 4.6, 4.7, 4.9, 5.6, 6.4, 6.6, 8), 300,
    ),
}  # fmt: skip


@pytest.mark.parametrize("gel", GELS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_list_that_matches_one_to_one_is_taken(gel, seed):
    """Bands scatter about a smooth curve by several per cent of the run: all are used, none is given another mass."""
    masses, rows, tall, wide, height = GELS[gel]
    rng = np.random.default_rng(seed)
    rows = np.array(rows) + rng.normal(0, 0.003 * height, len(rows)) * (np.array(rows) > 5)
    found = calibrate_mass(lane_of(rows, 3000 * np.array(tall), wide, height, seed=seed), masses)
    assert found.masses == masses
    assert np.max(np.abs(np.subtract(found.rows, rows))) < 2
    assert "marker_incomplete" not in found.flags


def test_what_is_left_over_is_named():
    at = {m: 1000 * (1.22 - 0.46 * math.log10(m)) for m in ALL}
    rows = [r for m, r in at.items() if m != 75]
    clean = lane_of(list(at.values()), [3000] * 9, [11] * 9, 1000)
    lacking = lane_of(rows, [3000] * 8, [11] * 8, 1000)
    more = lane_of([*at.values(), 0.5 * (at[50] + at[37])], [3000] * 10, [11] * 10, 1000)
    assert calibrate_mass(clean, ALL).flags == calibrate_mass(clean, ALL).notes == ()
    found = calibrate_mass(lacking, ALL)
    assert found.flags == ("marker_incomplete",) and found.notes == ("no band for 75 kDa",)
    assert found.masses == tuple(m for m in ALL if m != 75)
    found = calibrate_mass(more, ALL)
    assert found.masses == ALL and found.flags == ("marker_incomplete",)
    assert found.notes == (f"no mass for the band at row {0.5 * (at[50] + at[37]):.0f}",)


DNA = {
    "1 kb": (10000, 8000, 6000, 5000, 4000, 3000, 2000, 1500, 1000, 500),
    "100 bp": (1517, 1200, 1000, 900, 800, 700, 600, 500, 400, 300, 200, 100),
}


@pytest.mark.parametrize("ladder", DNA)
@pytest.mark.parametrize("bend", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("marker", ["precision-plus", "pageruler", "neb-color"])
def test_a_ladder_of_another_kind_is_never_taken_in_silence(ladder, bend, marker):
    """DNA runs nearly by the log of its length, long pieces closer together."""
    x = np.log10(DNA[ladder])
    u = (x - x[-1]) / (x[0] - x[-1])
    rows = 60 + 600 * (1 - u + bend * u**2) / 1.0
    found = calibrate_mass(lane_of(rows, [3000] * len(x), [9] * len(x), 720), marker)
    assert found is None or found.flags
