"""Fifteen published dose series: the curve is the least-squares optimum, found in another form by another optimiser.

That optimum is what ``drm(..., fct = LL.4())`` of R's drc minimises. The series are those of its data sets:

- S.alba (dry matter, g/ha of two herbicides): Christensen, Teicher & Streibig 2003, Pest Manag Sci 59:1303
- spinach (photosynthesis, µM of two herbicides, five days): Streibig 1998, Pestic Sci 55:137
- secalonic (root length, mM secalonic acid): Gong et al. 2004, Symposium on Allelopathy, Shanshui
- lepidium, nasturtium (weight, g/ha): Racine-Poon 1988, J Am Stat Assoc 83:650
- algae (volume, mg/l of a detergent): Meister & van den Brink 2000, in Statistics in Ecotoxicology, p. 114
- S.capricornutum (cell count, % effluent): Bruce & Versteeg 1992, Environ Toxicol Chem 11:1485
- vinclozolin (receptor activity, µM, three experiments): Nellemann et al. 2003, Toxicol Sci 71:251
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares

from ublot.dose_response.logistic import Curves, fit_curves

NAMES = (
    *("S.alba glyphosate", "S.alba bentazone", *(f"spinach {k}" for k in range(1, 6)), "secalonic", "lepidium"),
    *("nasturtium", "algae", "S.capricornutum", "vinclozolin 10509", "vinclozolin 10821", "vinclozolin 10828"),
)


@cache
def series():
    found = {}
    with (Path(__file__).parent / "public_series.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["series"], []).append((float(row["dose"]), float(row["response"])))
    return {name: np.array(points).T for name, points in found.items()}


def optimum(x, y):
    """Slope b, limits c and d, and ED50 e of the log-logistic as drc writes it, from nine starts."""

    def residuals(p):
        b, c, d, log_e = p
        with np.errstate(divide="ignore", over="ignore"):
            return c + (d - c) / (1 + np.exp(b * (np.log(x) - log_e))) - y

    logs = np.log(np.unique(x[x > 0]))
    starts = [(b, y.min(), y.max(), m) for b in (0.5, 1.5, 4) for m in np.quantile(logs, [0.25, 0.5, 0.75])]
    found = [least_squares(residuals, p, method="lm", xtol=1e-12, ftol=1e-12, max_nfev=3000) for p in starts]
    best = min(found, key=lambda fit: fit.cost)
    return (*best.x[:3], np.exp(best.x[3])), 2 * best.cost


@pytest.mark.parametrize("name", NAMES)
def test_curves_of_public_series_are_those_of_least_squares(name):
    x, y = series()[name]
    fit = fit_curves(Curves.of(x, y, scale="arithmetic"))
    (b, c, d, e), ssr = optimum(x, y)
    assert fit.ec50[0] == pytest.approx(e, rel=5e-4) and fit.hill[0] == pytest.approx(b, rel=1e-3)
    assert (fit.start, fit.end[0]) == (pytest.approx(d, rel=1e-3), pytest.approx(c, abs=1e-3 * abs(d - c)))
    assert fit.ssr == pytest.approx(ssr, rel=1e-6)
