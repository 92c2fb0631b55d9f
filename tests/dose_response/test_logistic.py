"""Curves against a published worked example, lmfit, exact curves and simulated experiments."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ublot.dose_response import bell
from ublot.dose_response.logistic import Curves, fit_curves, profile_interval
from ublot.dose_response.significance import dose_effect_p, equal_ec50_p
from ublot.statistics.scales import to_scale

# Root length (cm) of perennial ryegrass against ferulic acid (mM): Inderjit, Streibig & Olofsdotter 2002, Physiol Plant
# 114:422, as in the data set `ryegrass` of R's drc.
RYEGRASS = {
    0: (7.58, 8, 8.328571429, 7.25, 7.375, 7.9625),
    0.94: (8.355555556, 6.914285714, 7.75),
    1.88: (6.871428571, 6.45, 5.922222222),
    3.75: (1.925, 2.885714286, 4.233333333),
    7.5: (1.1875, 0.857142857, 1.057142857),
    15: (0.6875, 0.525, 0.825),
    30: (0.25, 0.22, 0.44),
}
DOSE = np.array([0, 0, 0, 1, 5, 25, 120, 600, 3000.0])


def ryegrass() -> Curves:
    dose = [d for d, lengths in RYEGRASS.items() for _ in lengths]
    return Curves.of(dose, [v for lengths in RYEGRASS.values() for v in lengths], scale="arithmetic")


def curve(dose, start, end, ec50, hill):
    with np.errstate(divide="ignore"):
        return start + (end - start) / (1 + (ec50 / np.asarray(dose, float)) ** hill)


def simulate(rng, ec50=30.0, hill=1.1, top=5.0, sd=0.1):
    return curve(DOSE, 1, top, ec50, hill) * np.exp(rng.normal(0, sd, len(DOSE)))


def test_the_worked_example_of_drc():
    # summary(drm(rootl ~ conc, data = ryegrass, fct = LL.4())): b 2.98222, c 0.48141, d 7.79296, e 3.05795, residual
    # standard error 0.5196256 on 20 degrees of freedom.
    fit = fit_curves(ryegrass())
    assert fit.ec50[0] == pytest.approx(3.05795, abs=2e-5)
    assert fit.hill[0] == pytest.approx(2.98222, abs=5e-5)
    assert fit.start == pytest.approx(7.79296, abs=2e-5)
    assert fit.end[0] == pytest.approx(0.48141, abs=5e-5)
    assert fit.sd == pytest.approx(0.5196256, abs=1e-6) and fit.freedom == 20


@pytest.mark.parametrize("scale", ["arithmetic", "log"])
def test_profile_interval_is_that_of_lmfit(scale):
    import lmfit

    rng = np.random.default_rng(4)
    curves = ryegrass() if scale == "arithmetic" else Curves.of(DOSE, simulate(rng), scale="log")
    fit = fit_curves(curves)
    z = curves.response if scale == "arithmetic" else np.log(curves.response)

    def residuals(p):
        f = curve(curves.dose, p["start"].value, p["end"].value, math.exp(p["log_ec50"].value), p["hill"].value)
        return (f if scale == "arithmetic" else np.log(f)) - z

    parameters = lmfit.create_params(
        start=fit.start * 1.05, end=float(fit.end[0]) * 0.9, log_ec50=math.log(fit.ec50[0]) + 0.1, hill=fit.hill[0]
    )
    if scale == "log":
        parameters["start"].min = parameters["end"].min = 1e-6
    minimizer = lmfit.Minimizer(residuals, parameters)
    result = minimizer.minimize(method="leastsq")
    assert fit.ssr == pytest.approx(result.chisqr, rel=1e-6)
    assert math.log(fit.ec50[0]) == pytest.approx(result.params["log_ec50"].value, abs=1e-4)
    # lmfit compares the increase with F(1, freedom) at the confidence wanted, as profile likelihood does.
    bounds = lmfit.conf_interval(minimizer, result, p_names=["log_ec50"], sigmas=[0.95])["log_ec50"]
    low, high = bounds[0][1], bounds[-1][1]
    assert np.log(profile_interval(curves, fit)) == pytest.approx([low, high], abs=5e-3)


@pytest.mark.parametrize(
    ("scale", "start", "end"), [("log", 1, 6), ("log", 1, 0.2), ("logit", 0.1, 0.8), ("arithmetic", 100, -3)]
)
@pytest.mark.parametrize("hill", [0.6, 1, 2.5])
def test_exact_curves_are_recovered(scale, start, end, hill):
    fit = fit_curves(Curves.of(DOSE, curve(DOSE, start, end, 40, hill), scale=scale))
    assert [fit.start, fit.end[0], fit.ec50[0], fit.hill[0]] == pytest.approx([start, end, 40, hill], rel=1e-4)


def test_blots_differ_by_a_factor_only():
    factors = np.repeat([0.5, 1.0, 2.0], len(DOSE))
    y = np.tile(curve(DOSE, 1, 6, 40, 1), 3) * factors
    fit = fit_curves(Curves.of(np.tile(DOSE, 3), y, factors, 0, "log"))
    assert fit.ec50[0] == pytest.approx(40, rel=1e-4) and fit.start == pytest.approx(1, rel=1e-4)
    assert np.exp(fit.offsets) == pytest.approx([0.5, 1, 2], rel=1e-4)
    assert fit.freedom == 27 - 4 - 2


def test_units_of_dose_and_response_do_not_matter():
    rng = np.random.default_rng(0)
    y = simulate(rng)
    one, other = Curves.of(DOSE, y, scale="log"), Curves.of(DOSE * 1e-3, y * 7, scale="log")
    a, b = fit_curves(one), fit_curves(other)
    assert b.ec50[0] == pytest.approx(a.ec50[0] * 1e-3, rel=1e-4) and b.ssr == pytest.approx(a.ssr, rel=1e-6)
    assert np.array(profile_interval(other, b)) == pytest.approx(np.array(profile_interval(one, a)) * 1e-3, rel=2e-3)


def test_ec50_intervals_cover():
    # The full run is benchmarks/statistics.py; 150 experiments at 95 % lie within 0.90-0.99 but for 1 in 200 seeds.
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(150):
        curves = Curves.of(DOSE, simulate(rng), scale="log")
        low, high = profile_interval(curves, fit_curves(curves))
        held += low <= 30 <= high
    assert 0.90 <= held / 150 <= 0.99


def test_a_series_that_does_not_bend_leaves_its_interval_open():
    dose = np.array([0, 0, 0, 1, 3, 10, 30.0])
    rng = np.random.default_rng(2)
    y = curve(dose, 1, 8, 300, 1) * np.exp(rng.normal(0, 0.05, len(dose)))
    curves = Curves.of(dose, y, scale="log")
    low, high = profile_interval(curves, fit_curves(curves))
    assert 0 < low < 300 and high == math.inf


def test_effect_is_told_from_none():
    rng = np.random.default_rng(3)
    null = [dose_effect_p(Curves.of(DOSE, np.exp(rng.normal(0, 0.2, 9)), scale="log"), 399) for _ in range(300)]
    # p is uniform without an effect: the share below 0.05 and the mean, each within 3.5 standard errors.
    assert np.mean(np.array(null) < 0.05) == pytest.approx(0.05, abs=3.5 * math.sqrt(0.05 * 0.95 / 300))
    assert np.mean(null) == pytest.approx(0.5, abs=3.5 * math.sqrt(1 / 12 / 300))
    assert dose_effect_p(Curves.of(DOSE, simulate(rng), scale="log")) <= 0.005


def two(rng, ratio, sd=0.1):
    both = np.concatenate([simulate(rng, sd=sd), simulate(rng, ec50=30 * ratio, sd=sd)[3:]])
    return Curves.of(np.concatenate([DOSE, DOSE[3:]]), both, 0, np.repeat([0, 1], [9, 6]), "log")


def test_f_test_of_equal_ec50():
    # Without a difference p is below 0.05 in about 1 of 20.
    rng = np.random.default_rng(8)
    assert equal_ec50_p(two(rng, 4, sd=0.03))[1] < 1e-3
    null = [equal_ec50_p(two(rng, 1))[1] for _ in range(120)]
    assert np.mean(np.array(null) < 0.05) <= 0.05 + 3.5 * math.sqrt(0.05 * 0.95 / 120)
    assert 0.35 < np.mean(null) < 0.65


def test_f_of_the_extra_sum_of_squares_is_that_of_lmfit():
    import lmfit

    curves = two(np.random.default_rng(5), 2.5)
    z = np.log(curves.response)

    def chi2(shared):
        def residuals(p):
            which = curves.curve
            ec50 = np.exp([p["c0"].value, p["c0"].value if shared else p["c1"].value])[which]
            end, hill = np.array([p["e0"].value, p["e1"].value])[which], np.array([p["h0"].value, p["h1"].value])[which]
            with np.errstate(divide="ignore"):
                f = p["s"].value + (end - p["s"].value) / (1 + (ec50 / curves.dose) ** hill)
            return np.log(f) - z

        names = {"s": 1.0, "e0": 5.0, "e1": 5.0, "h0": 1.1, "h1": 1.1, "c0": 3.6} | ({} if shared else {"c1": 4.3})
        parameters = lmfit.create_params(**names)
        for name in ("s", "e0", "e1", "h0", "h1"):
            parameters[name].min = 1e-3
        return lmfit.minimize(residuals, parameters).chisqr

    f, p, freedom = equal_ec50_p(curves)
    assert freedom == 15 - 7
    assert f == pytest.approx((chi2(True) - chi2(False)) / (chi2(False) / 8), rel=1e-3)
    assert 0 < p < 1


@pytest.mark.parametrize("scale", ["arithmetic", "log", "logit"])
@pytest.mark.parametrize("held", [None, (0, 2.0), (1, 5.0)])
@pytest.mark.parametrize("returning", [True, False])
def test_derivatives_of_two_limbs(scale: str, held: tuple[int, float] | None, returning: bool) -> None:
    dose = np.tile([0.0, *np.geomspace(1, 1000, 8)], 2)
    response = 0.3 + 0.2 * np.tanh(np.log(dose + 1) - 3)
    problem = bell._Problem(Curves.of(dose, response, np.repeat([0, 1], 9), 0, scale), returning, held)
    plateaus = [0.3, 0.6] if returning else [0.3, 0.6, 0.45]
    theta = np.array([*to_scale(plateaus, scale), 0.2, -0.3, 2.5, 0.6, 0.1])
    steps = 1e-6 * np.eye(problem.size)
    seen = np.array([problem.residuals(theta + step) - problem.residuals(theta - step) for step in steps]).T / 2e-6
    assert np.abs(problem.jacobian(theta) - seen).max() < 1e-7


def test_the_end_of_an_interval_does_not_hang_on_the_last_digits():
    """Where the EC50 is held at the lowest dose, a steep curve fits as well as a slow one: the deeper valley counts."""
    dose = [5.0, 25.0, 120.0, 600.0, 3000.0, 0.0, 0.0, 0.0]
    response = np.array([1.3291, 1.9867, 2.187, 2.5046, 2.4326, 0.9148, 1.0824, 1.0028])
    rng, ends = np.random.default_rng(0), []
    for size in (0.0, *[1e-11] * 6):
        shaken = response * (1 + size * rng.normal(size=len(response)))
        curves = Curves.of(dose, shaken, [0] * 8, [0] * 8, "log")
        ends.append(profile_interval(curves, fit_curves(curves)))
    assert np.ptp(np.log(ends), axis=0) == pytest.approx([0, 0], abs=1e-6)
    # Held a little lower than the interval reaches, no curve fits well enough, whatever its slope.
    low, best = ends[0][0], fit_curves(Curves.of(dose, response, [0] * 8, [0] * 8, "log"))
    allowed = best.ssr * (1 + 2.776445**2 / 4)  # Student's t for 4 degrees of freedom
    hills = np.geomspace(0.3, 12, 400)  # as steep as a curve may be

    def least(ec50: float) -> float:
        """Least squares of log responses over a grid of slopes and plateaus."""
        steep = hills[:, None] * np.log(np.array(dose[:5]) / ec50)
        share = np.hstack([1 / (1 + np.exp(-steep)), np.zeros((len(hills), 3))])
        found = np.inf
        for top in np.linspace(1.8, 3.0, 61):
            for start in np.linspace(0.85, 1.3, 61):
                curve = start + (top - start) * share
                found = min(found, float(((np.log(curve) - np.log(response)) ** 2).sum(axis=1).min()))
        return found

    assert least(0.985 * low) > allowed > least(1.015 * low)
