"""Comparison with a control against scipy's Dunnett test, a published example and null experiments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ublot.statistics.across_blots import compare_across_blots, rotation_p
from ublot.statistics.dunnett import _by_factors, compare_with_controls, interaction_p, max_t_p, t_interval

# Dried weight of plants, R's data set PlantGrowth (Dobson 1983, table 7.1).
PLANTS = {
    "ctrl": (4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14),
    "trt1": (4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69),
    "trt2": (6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26),
}


def flat(samples):
    values = np.concatenate([np.asarray(v, float) for v in samples.values()])
    return values, [name for name, v in samples.items() for _ in v]


def against(control, names):
    return {name: control for name in names if name != control}


def test_the_worked_example_of_multcomp():
    # summary(glht(aov(weight ~ group, PlantGrowth), mcp(group = "Dunnett"))): -0.3710 (0.2788) p 0.323, 0.4940 p 0.153.
    values, names = flat(PLANTS)
    found = compare_with_controls(values, names, against("ctrl", names))
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
    found = compare_with_controls(values, names, against(0, names))
    expected = stats.dunnett(*(samples[k] for k in range(1, len(sizes))), control=samples[0], rng=rng)
    assert [found[k].p for k in range(1, len(sizes))] == pytest.approx(expected.pvalue, abs=3e-4)


@pytest.mark.parametrize("freedom", [1, 3, 10, 200])
def test_the_joint_distribution(freedom):
    loadings, groups = np.array([0.5, 0.7, 0.8, 0.6]), np.array([0, 0, 1, 1])
    size = np.array([0.7, 1.5, 3.0, 6.0])
    for of in (np.zeros(4, int), groups):
        correlation = np.outer(loadings, loadings) * (of[:, None] == of)
        np.fill_diagonal(correlation, 1)
        joint = stats.multivariate_t(np.zeros(4), correlation, df=freedom)
        expected = [joint.cdf(np.full(4, x), lower_limit=np.full(4, -x), random_state=1) for x in size]
        assert _by_factors(size, loadings, of, freedom) == pytest.approx(expected, abs=3e-4)


def test_joint_p_of_independent_and_of_equal_statistics():
    # Many degrees of freedom: independent statistics multiply, identical ones count once.
    z = np.array([2.0, 2.0, 2.0])
    bare = 2 * stats.norm.sf(2.0)
    independent = max_t_p(z, np.zeros(3), 10**7)
    assert independent == pytest.approx(np.full(3, 1 - (1 - bare) ** 3), abs=3e-4)
    same = max_t_p(z, np.full(3, math.sqrt(1 - 1e-9)), 10**7)
    assert same == pytest.approx(np.full(3, bare), abs=2e-3)


def test_two_values_are_not_tested():
    names = ["v"] * 3 + ["a"] * 2 + ["b"] * 3
    assert set(compare_with_controls(np.arange(8.0) ** 1.5, names, against("v", names))) == {"b"}
    few = ["v", "v", "a", "a", "a"]
    assert compare_with_controls([1.0, 2, 3, 4, 9], few, against("v", few)) == {}


def test_no_scatter_at_all_gives_no_p():
    names = ["v"] * 3 + ["a"] * 3
    assert compare_with_controls([1.0] * 6, names, against("v", names)) == {}
    assert compare_across_blots({"a": {1: 0.5, 2: 0.5}, "b": {1: 0.7}}) == {}


def test_two_controls_are_adjusted_together():
    rng = np.random.default_rng(8)
    names = [*["v1"] * 3, *["a"] * 3, *["v2"] * 3, *["b"] * 3]
    y = rng.normal(0, 1, 12)
    found = compare_with_controls(y, names, {"a": "v1", "b": "v2"})
    groups = y.reshape(4, 3)
    pooled = math.sqrt(groups.var(axis=1, ddof=1).mean())
    t = (groups[1].mean() - groups[0].mean()) / (pooled * math.sqrt(2 / 3))
    bare = 2 * stats.t.sf(abs(t), 8)
    # No control is shared: the two are independent but for their scale.
    assert found["a"].freedom == 8 and bare < found["a"].p < 1 - (1 - bare) ** 2


# ------------------------------------------------------------------------------------------------------- several blots
def of_blots(table):
    return {k: dict(enumerate(column)) for k, column in enumerate(np.asarray(table).T) if len(column)}


def test_one_condition_over_blots_is_the_paired_t_test():
    d = np.random.default_rng(4).normal(0.4, 0.3, 5)
    (found,) = compare_across_blots(of_blots(d[:, None])).values()
    assert found.p == pytest.approx(stats.ttest_1samp(d, 0).pvalue, rel=1e-9) and found.freedom == 4
    assert found.error == pytest.approx(stats.sem(d)) and found.difference == pytest.approx(d.mean())


def test_rotation_is_the_share_of_rotated_data_that_look_as_clear():
    # Langsrud's test as it is defined: random rotations of the whole table, the largest of Student's t each time.
    rng = np.random.default_rng(5)
    table = rng.normal(0.15, 0.2, (4, 3)) + rng.normal(0, 0.2, (4, 1))
    t = np.abs(stats.ttest_1samp(table, 0).statistic)
    largest = [
        np.abs(stats.ttest_1samp(stats.ortho_group.rvs(4, random_state=rng) @ table, 0).statistic).max()
        for _ in range(4000)
    ]
    expected = (np.array(largest)[:, None] >= t).mean(axis=0)
    assert rotation_p(table) == pytest.approx(expected, abs=0.03)


def test_two_blots_are_arcs_of_a_circle():
    # On a circle the share is known: columns at right angles do not overlap, equal ones do entirely.
    a = np.array([1.0, 0.9])
    bare = stats.ttest_1samp(a, 0).pvalue
    assert rotation_p(np.stack([a, [1.0, -1.1]], axis=1))[0] == pytest.approx(2 * bare, rel=1e-6)
    assert rotation_p(np.stack([a, 3 * a, -a], axis=1)) == pytest.approx([bare] * 3, rel=1e-6)


def test_far_tails_keep_their_precision():
    rng = np.random.default_rng(6)
    table = rng.normal(0, 0.01, (6, 4)) + 1.0
    bare = stats.ttest_1samp(table, 0).pvalue
    p = rotation_p(table)
    assert (p < 1e-7).all() and (p > bare).all() and (p < 4 * bare).all()


@pytest.mark.parametrize(("blots", "conditions", "scatter"), [(2, 4, 0.2), (3, 5, 0.2), (4, 1, 0.1), (6, 3, 0.0)])
def test_type_one_error_where_effects_vary_from_blot_to_blot(blots, conditions, scatter):
    # The full table is benchmarks/statistics.py. 400 null experiments: three standard errors about 5 %.
    rng = np.random.default_rng(21)
    false = 0
    for _ in range(400):
        vehicle = rng.normal(0, 0.15, (blots, 1, 3)).mean(axis=2)
        table = rng.normal(0, scatter, (blots, conditions)) + rng.normal(0, 0.15, (blots, conditions)) - vehicle
        false += rotation_p(table).min() < 0.05
    assert false / 400 == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 400))


def test_blots_that_lack_a_condition():
    rng = np.random.default_rng(7)
    table = rng.normal(0.5, 0.2, (5, 3))
    table[3:, 1] = math.nan
    p = rotation_p(table)
    bare = np.array([stats.ttest_1samp(c[np.isfinite(c)], 0).pvalue for c in table.T])
    assert (p >= bare).all() and (p <= 3 * bare).all()


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
