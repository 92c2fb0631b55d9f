"""Rung deconvolution, against profiles drawn here, other solvers and a published fit."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ublot.errors import BlotError
from ublot.ladder.fit.rungs import fit_rungs
from ublot.model import Profile
from ublot.numerics.nonnegative import solve_nonnegative

DENSE = Path(__file__).parents[3] / "../shared/real_blots/dense_ladder"
HEIGHT = 900


def gaussian(x, centre, sigma):
    return np.exp(-0.5 * ((x - centre) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def draw(rng, *, rungs=10, smear=0.0, noise=15.0, shift=2.0, height=HEIGHT):
    """A ladder with known areas; rungs get closer and wider upwards, and stand a little off where they should."""
    x = np.arange(height)
    design = 780 - 38 * np.arange(rungs) + 0.9 * np.arange(rungs) ** 2
    sigma = 4.0 + 0.25 * np.arange(rungs)
    areas = 2.5e4 * rng.uniform(0.15, 1.0, rungs)
    true = design + shift * np.cos(design / 260)
    y = sum(a * gaussian(x, p, s) for a, p, s in zip(areas, true, sigma, strict=True))
    under = smear * np.exp(-0.5 * ((x - 480) / 130.0) ** 2)
    return y + under + rng.normal(0, noise, height), design, areas, sigma, true, under


def test_noiseless_areas_come_back():
    y, design, areas, sigma, true, _ = draw(np.random.default_rng(0), noise=0.0)
    fit = fit_rungs(y, design, shift_sd=20.0)
    assert fit.areas == pytest.approx(areas, rel=0.01)
    assert fit.positions == pytest.approx(true, abs=0.3)
    assert fit.widths == pytest.approx(sigma, rel=0.03)
    assert fit.converged


def test_areas_over_a_smear():
    off, smears = [], []
    for seed in range(20):
        y, design, areas, *_, under = draw(np.random.default_rng(seed), smear=300.0)
        fit = fit_rungs(y, design, noise=15.0)
        off.append(fit.areas / areas - 1)
        smears.append(fit.smear.sum() / under.sum())
    assert np.sqrt(np.mean(np.square(off))) < 0.06
    assert abs(np.mean(off)) < 0.02
    assert np.mean(smears) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("smear", [0.0, 300.0])
def test_intervals_cover_the_truth(smear):
    inside, covered_sum = [], []
    for seed in range(60):
        y, design, areas, *_ = draw(np.random.default_rng(1000 + seed), smear=smear, noise=40.0)
        fit = fit_rungs(y, design, noise=40.0)
        inside.append((fit.low <= areas) & (areas <= fit.high))
        spread = np.sqrt(fit.area_covariance.sum())
        covered_sum.append(abs(fit.areas.sum() - areas.sum()) < 1.96 * spread)
    assert 0.90 <= np.mean(inside) <= 0.995
    assert np.mean(covered_sum) >= 0.85


def test_intervals_shrink_with_noise():
    ratios = []
    for seed in range(4, 10):  # a single draw may be widened for residuals that happen to be alike
        wide = []
        for noise in (10.0, 40.0):
            y, design, *_ = draw(np.random.default_rng(seed), noise=noise)
            fit = fit_rungs(y, design, noise=noise, relative_error=0.0)
            wide.append(np.median(fit.high - fit.low))
        ratios.append(wide[1] / wide[0])
    assert np.median(ratios) == pytest.approx(4.0, rel=0.1)


def test_a_rung_that_is_not_there():
    rng = np.random.default_rng(5)
    y, design, areas, sigma, true, _ = draw(rng)
    y = y - areas[4] * gaussian(np.arange(HEIGHT), true[4], sigma[4])
    fit = fit_rungs(y, design, noise=15.0)
    assert fit.areas[4] < 0.02 * np.median(areas)
    assert fit.low[4] == 0.0
    assert fit.high[4] > 0.0
    assert np.delete(fit.areas, 4) == pytest.approx(np.delete(areas, 4), rel=0.1)


def test_single_gaussian_equals_least_squares_of_scipy():
    from scipy.optimize import curve_fit

    x = np.arange(200)
    y = 5000 * gaussian(x, 97.3, 6.0) + np.random.default_rng(6).normal(0, 5, 200)
    best, covariance = curve_fit(lambda t, a, c, s: a * gaussian(t, c, s), x, y, (4000, 95, 5), np.full(200, 5.0))
    fit = fit_rungs(y, [96.0], noise=5.0, smear=False, shift_sd=50.0, shift_degree=0, relative_error=0.0)
    assert fit.areas[0] == pytest.approx(best[0], rel=1e-3)
    assert fit.positions[0] == pytest.approx(best[1], abs=0.02)
    assert fit.widths[0] == pytest.approx(best[2], rel=5e-3)
    assert np.sqrt(fit.area_covariance[0, 0]) == pytest.approx(5 * np.sqrt(covariance[0, 0]) / 5, rel=0.35)


def test_area_scales_and_position_moves_with_the_data():
    y, design, *_ = draw(np.random.default_rng(7), smear=200.0)
    fit = fit_rungs(y, design, noise=15.0)
    double = fit_rungs(2 * y, design, noise=30.0)
    assert double.areas == pytest.approx(2 * fit.areas, rel=1e-3, abs=1.0)
    flipped = fit_rungs(y[::-1], HEIGHT - 1 - design, noise=15.0)
    assert flipped.areas == pytest.approx(fit.areas, rel=1e-3, abs=1.0)
    ascending = fit_rungs(y, design[::-1], noise=15.0)
    assert ascending.areas[::-1] == pytest.approx(fit.areas, rel=1e-3, abs=1.0)


def test_profile_rows_noise_and_background_modes():
    y, design, *_ = draw(np.random.default_rng(8))
    n = len(y)

    def profile(modes):
        return Profile(3, 100, y + 50, np.full(n, 50.0), np.full(n, 15.0), modes, 30.0, np.zeros(n, np.int64), 30)

    plain = fit_rungs(y, design, noise=15.0)
    sure = fit_rungs(profile(np.empty((0, n))), design + 100)
    assert sure.areas == pytest.approx(plain.areas, rel=1e-6)
    assert sure.positions == pytest.approx(plain.positions + 100, abs=1e-6)
    unsure = fit_rungs(profile(np.full((1, n), 40.0)), design + 100, smear=False)
    known = fit_rungs(profile(np.empty((0, n))), design + 100, smear=False)
    assert np.all(unsure.high - unsure.low > known.high - known.low)
    # without a smear, a level of 40 under a Gaussian shifts its area by 40 * 2 sqrt(pi) sigma
    extra = np.sqrt(np.diag(unsure.area_covariance) - np.diag(known.area_covariance))
    assert np.median(extra / (40 * 2 * np.sqrt(np.pi) * known.widths)) == pytest.approx(1.0, abs=0.35)


def test_the_curve_is_the_sum_of_its_parts():
    y, design, *_ = draw(np.random.default_rng(9), smear=300.0)
    fit = fit_rungs(y, design)
    assert fit.curve == pytest.approx(fit.components.sum(axis=1) + fit.smear)
    assert fit.components.sum(axis=0) == pytest.approx(fit.areas, rel=1e-3)
    assert np.all(fit.smear >= 0)
    assert np.sqrt(np.mean((fit.curve - y) ** 2)) == pytest.approx(15.0, rel=0.15)
    size = len(fit.areas) + len(fit.smear_coefficients)
    assert fit.covariance.shape == (size, size)
    assert np.min(np.linalg.eigvalsh(fit.covariance)) > -1e-6 * np.max(np.diag(fit.covariance))


def test_window_and_missing_values():
    y, design, areas, *_ = draw(np.random.default_rng(10))
    y[200:204] = np.nan
    fit = fit_rungs(y, design[:5], window=(590, 860), noise=15.0)
    assert fit.rows[0] == 590
    assert fit.rows[-1] == 859
    assert fit.areas[:4] == pytest.approx(areas[:4], rel=0.1)
    assert np.all(np.isfinite(fit_rungs(y, design).areas))


def test_nothing_but_noise_and_nothing_at_all():
    noise = np.random.default_rng(11).normal(0, 10, 400)
    fit = fit_rungs(noise, np.arange(50, 350, 30), noise=10.0)
    assert np.all(fit.areas < 5 * np.sqrt(np.diag(fit.area_covariance)))
    empty = fit_rungs(np.zeros(400), np.arange(50, 350, 30))
    assert np.all(empty.areas == 0)
    assert np.all(np.isfinite(empty.covariance))
    assert np.all(fit_rungs(-np.ones(400), np.arange(50, 350, 30), noise=1.0).areas == 0)


def test_input_is_not_modified():
    y, design, *_ = draw(np.random.default_rng(12))
    y.flags.writeable = design.flags.writeable = False
    fit_rungs(y, design)
    again = fit_rungs(list(y), list(design))
    assert np.array_equal(again.areas, fit_rungs(y, design).areas)


@pytest.mark.parametrize(
    ("y", "positions", "options"),
    [
        (np.zeros((3, 30)), [5, 9], {}),
        (np.zeros(50), [], {}),
        (np.zeros(50), [5, np.nan], {}),
        (np.zeros(50), [5, 9, 7], {}),
        (np.zeros(50), [5, 5], {}),
        (np.zeros(50), ["a", "b"], {}),
        (np.full(50, np.nan), [5, 9], {}),
        (np.zeros(50), [5, 9], {"width": -1.0}),
        (np.zeros(50), [5, 9], {"width": [1.0, 2.0, 3.0]}),
        (np.zeros(12), np.arange(12), {}),
        (np.zeros(50), [5, 9], {"window": (60, 90)}),
    ],
)
def test_what_cannot_be_fitted(y, positions, options):
    with pytest.raises(BlotError):
        fit_rungs(y, positions, **options)


# ------------------------------------------------------------------------------------------------- a published ladder
def dense_ladder():
    with (DENSE / "lane_profiles.tsv").open() as file:
        y = np.array([float(line["Y2"] or "nan") for line in csv.DictReader(file, delimiter="\t")])
    text = (DENSE / "scCSE4_601TA_BS_fitted_intensities.csv").read_text().splitlines()
    lines = [line.replace("\t", ",").split(",") for line in text if line.strip() and not line.startswith("#")]
    head = [name.strip() for name in lines[0]]
    values = [dict(zip(head, line, strict=False)) for line in lines[1:] if len(line) == len(head) and line[-1]]
    columns = ("Intensity", "x_0", "sigma")
    return y, *(np.array([float(v[c]) for v in values]) for c in columns)


@pytest.mark.skipif(not DENSE.exists(), reason="the published ladder is not beside the project")
@pytest.mark.parametrize(
    ("move", "options"),
    [
        (lambda x, rng: x, {}),
        (lambda x, rng: x + 2.0 * np.sin(x / 400), {}),
        (lambda x, rng: x + rng.normal(0, 0.7, len(x)), {"jitter": 0.7}),
    ],
    ids=["as published", "smoothly shifted", "jittered"],
)
def test_areas_of_a_published_ladder(move, options):
    y, areas, positions, sigma = dense_ladder()
    assert len(areas) == 97
    design = move(positions, np.random.default_rng(0))
    fit = fit_rungs(y, design, smear=False, width_degree=4, shift_degree=4, window=(57, 2160), **options)
    assert np.corrcoef(fit.areas, areas)[0, 1] > 0.99
    assert np.median(fit.areas / areas) == pytest.approx(1.0, abs=0.01)
    assert fit.widths == pytest.approx(sigma, rel=0.15)
    assert np.mean((fit.low <= areas) & (areas <= fit.high)) > 0.9


# ------------------------------------------------------------------------------------------- non-negative least squares
@pytest.mark.parametrize("seed", range(20))
def test_nonnegative_least_squares_equals_scipy(seed):
    from scipy.optimize import nnls

    rng = np.random.default_rng(seed)
    a = rng.normal(size=(60, 12)) + (0.0 if seed % 2 else 1.0)  # the latter are strongly correlated
    b = rng.normal(size=60) + a @ np.maximum(rng.normal(size=12), 0)
    expected = nnls(a, b)[0]
    assert solve_nonnegative(a.T @ a, a.T @ b) == pytest.approx(expected, abs=1e-6)
    start = rng.random(12) < 0.5
    assert solve_nonnegative(a.T @ a, a.T @ b, start) == pytest.approx(expected, abs=1e-6)


def test_nonnegative_least_squares_of_nothing():
    assert np.all(solve_nonnegative(np.eye(3), -np.ones(3)) == 0)
    assert np.all(solve_nonnegative(np.zeros((3, 3)), np.zeros(3)) == 0)
