"""Comparison with a control against scipy's Dunnett test, statsmodels, a published example and null experiments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ublot.statistics.dunnett import (
    _by_one_factor,
    _by_sampling,
    compare_with_control,
    interaction_p,
    max_t_p,
    t_interval,
)

# Dried weight of plants, R's data set PlantGrowth (Dobson 1983, table 7.1).
PLANTS = {
    "ctrl": (4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14),
    "trt1": (4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69),
    "trt2": (6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26),
}


def flat(samples):
    values = np.concatenate([np.asarray(v, float) for v in samples.values()])
    return values, [name for name, v in samples.items() for _ in v]


def test_the_worked_example_of_multcomp():
    # summary(glht(aov(weight ~ group, PlantGrowth), mcp(group = "Dunnett"))): -0.3710 (0.2788) p 0.323, 0.4940 p 0.153.
    values, names = flat(PLANTS)
    found = compare_with_control(values, names, ["one"] * 30, "ctrl")
    assert found["trt1"].difference == pytest.approx(-0.3710, abs=5e-5)
    assert found["trt2"].difference == pytest.approx(0.4940, abs=5e-5)
    assert found["trt1"].error == pytest.approx(0.2788, abs=5e-5) == found["trt2"].error
    assert found["trt1"].p == pytest.approx(0.323, abs=6e-4) and found["trt2"].p == pytest.approx(0.153, abs=6e-4)
    assert found["trt1"].freedom == 27


@pytest.mark.parametrize("sizes", [(3, 3, 3, 3), (4, 3, 6, 5, 3, 3), (8, 3)])
def test_one_blot_is_dunnetts_test(sizes):
    rng = np.random.default_rng(sum(sizes))
    samples = {k: rng.normal(0.8 * k, 1, n) for k, n in enumerate(sizes)}
    values, names = flat(samples)
    found = compare_with_control(values, names, [0] * len(values), 0)
    expected = stats.dunnett(*(samples[k] for k in range(1, len(sizes))), control=samples[0], rng=rng)
    assert [found[k].p for k in range(1, len(sizes))] == pytest.approx(expected.pvalue, abs=3e-4)


def test_blocks_are_those_of_statsmodels():
    import pandas as pd
    import statsmodels.formula.api as formula

    rng = np.random.default_rng(12)
    missing = {(2, 1), (3, 4)}
    rows = [(c, b, rng.normal(c * 0.3 + 2 * b, 0.4)) for c in range(4) for b in range(5) if (c, b) not in missing]
    table = pd.DataFrame(rows, columns=["c", "b", "y"])
    fit = formula.ols("y ~ C(c) + C(b)", table).fit()
    found = compare_with_control(table.y, table.c.tolist(), table.b.tolist(), 0)
    for c in (1, 2, 3):
        assert found[c].difference == pytest.approx(fit.params[f"C(c)[T.{c}]"], rel=1e-9)
        assert found[c].error == pytest.approx(fit.bse[f"C(c)[T.{c}]"], rel=1e-9)
        assert found[c].freedom == fit.df_resid
        # Adjusted for three comparisons: between the bare p and Bonferroni's.
        bare = fit.pvalues[f"C(c)[T.{c}]"]
        assert bare < found[c].p < 3 * bare or found[c].p > 0.99


def test_what_a_blot_does_to_all_its_lanes_drops_out():
    rng = np.random.default_rng(1)
    names, blots = [c for c in "vabc" for _ in range(3)], [0, 1, 2] * 4
    y = rng.normal(0, 1, 12)
    shifted = y + np.array([0.0, 50.0, -20.0])[blots]
    one, other = (compare_with_control(v, names, blots, "v") for v in (y, shifted))
    assert [c.p for c in one.values()] == pytest.approx([c.p for c in other.values()], abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 3, 10, 200])
def test_the_joint_distribution(freedom):
    loadings = np.array([0.5, 0.7, 0.8, 0.6])
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1)
    size = np.array([0.7, 1.5, 3.0, 6.0])
    assert _by_one_factor(size, loadings, freedom) == pytest.approx(_by_sampling(size, correlation, freedom), abs=3e-4)


def test_joint_p_of_independent_and_of_equal_statistics():
    # Many degrees of freedom: independent statistics multiply, identical ones count once.
    z = np.array([2.0, 2.0, 2.0])
    bare = 2 * stats.norm.sf(2.0)
    independent = max_t_p(z, np.eye(3), 10**7)
    assert independent == pytest.approx(np.full(3, 1 - (1 - bare) ** 3), abs=3e-4)
    same = max_t_p(z, np.full((3, 3), 1 - 1e-9), 10**7)
    assert same == pytest.approx(np.full(3, bare), abs=2e-3)


def test_two_values_are_not_tested():
    names = ["v"] * 3 + ["a"] * 2 + ["b"] * 3
    found = compare_with_control(np.arange(8.0) ** 1.5, names, [0] * 8, "v")
    assert set(found) == {"b"}
    assert compare_with_control([1.0, 2, 3, 4, 9], ["v", "v", "a", "a", "a"], [0] * 5, "v") == {}


def test_conditions_that_no_blot_joins_to_the_control_are_not_compared():
    names = ["v", "v", "v", "a", "a", "a", "b", "b", "b"]
    blots = [1, 2, 3, 1, 2, 3, 4, 5, 6]
    found = compare_with_control(np.random.default_rng(0).normal(size=9), names, blots, "v")
    assert set(found) == {"a"}


def test_no_scatter_at_all_gives_no_p():
    assert compare_with_control([1.0] * 6, ["v"] * 3 + ["a"] * 3, [0] * 6, "v") == {}


def test_type_one_error_with_blot_effects():
    # The full run is benchmarks/statistics.py. 300 null experiments: three standard errors about 5 %.
    rng = np.random.default_rng(21)
    names, blots = np.repeat(np.arange(5), 3).tolist(), [0, 1, 2] * 5
    false = 0
    for _ in range(300):
        y = rng.normal(0, 1, 3)[blots] + rng.normal(0, 0.2, 15)
        found = compare_with_control(y, names, blots, 0)
        false += min(c.p for c in found.values()) < 0.05
    assert false / 300 == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 300))


def test_student_interval():
    v = [1.2, 3.4, 2.2, 2.9]
    expected = stats.t.interval(0.95, 3, loc=np.mean(v), scale=stats.sem(v))
    assert t_interval(v) == pytest.approx(expected)
    assert all(math.isnan(x) for x in t_interval([1.0]))


def test_interaction_is_that_of_statsmodels():
    import pandas as pd
    import statsmodels.formula.api as formula
    from statsmodels.stats.anova import anova_lm

    rng = np.random.default_rng(3)
    cells = [(c, b) for c in range(3) for b in range(4) for _ in range(3 if c == 0 else 1)]
    rows = [(c, b, rng.normal(0.3 * c * b + b, 0.4)) for c, b in cells]
    table = pd.DataFrame(rows, columns=["c", "b", "y"])
    with_it, without = (formula.ols(f"y ~ C(c) {sign} C(b)", table).fit() for sign in "*+")
    expected = anova_lm(without, with_it)["Pr(>F)"].iloc[1]
    assert interaction_p(table.y, table.c.tolist(), table.b.tolist()) == pytest.approx(expected, rel=1e-6)
    once = table.drop_duplicates(["c", "b"])
    assert math.isnan(interaction_p(once.y, once.c.tolist(), once.b.tolist()))
