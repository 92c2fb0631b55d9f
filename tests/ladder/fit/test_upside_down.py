"""A blot on its head is told without a marker: rungs or a smear below the band, and nothing above it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ublot
from ublot.ladder.cut import quantify_ladder
from ublot.ladder.fit.upside_down import hangs_down
from ublot.model import Profile

TOLD = {"upside_down", "signal_below", "mirrored", "lanes_sideways"}
CIAP1, UBIQUITIN = 69.9, 8.565


def _told(picture, layout):
    analysis = ublot.analyze(np.ascontiguousarray(picture), layout=layout, ladder=False)
    return TOLD.intersection(name for flags in analysis.lanes["flags"] for name in flags.split(";")), analysis


@pytest.mark.parametrize("seed", [11, 12])
def test_a_picture_on_its_head_is_refused_and_an_upright_one_is_not(seed):
    simulated = ublot.simulate_blot(seed=seed, difficulty="easy", shape=(440, 560))
    assert not _told(simulated.image, simulated.layout)[0]
    said, analysis = _told(simulated.image[::-1, ::-1], simulated.layout)
    assert said == {"upside_down"}
    assert analysis.lanes["relative_hmw"].isna().all()
    assert any("--rotate 180" in message for message in analysis.messages)


def _lanes(smear, rungs=(), rows=300):
    """Profiles of a band at row 200 with a smear and rungs at `above` rows from it, upright."""
    y = np.arange(rows, dtype=float)
    rng = np.random.default_rng(4)
    out = []
    for number in range(1, 7):
        strength = 0.4 + 0.2 * number
        raw = 3000 * np.exp(-0.5 * ((y - 200) / 3) ** 2)
        raw = raw + strength * smear * np.exp(-0.5 * ((y - 120) / 35) ** 2)
        raw = raw + sum(strength * 900 * np.exp(-0.5 * ((y - 200 + away) / 2.5) ** 2) for away in rungs)
        flat = np.zeros(rows)
        raw = raw + rng.normal(0, 2, rows)
        ones = np.full(rows, 2.0)
        out.append(Profile(number, 0, raw, flat, ones, np.zeros((1, rows)), 20.0, np.zeros(rows, np.int64), 20))
    return out


def _on_head(profiles):
    return [replace(p, raw=p.raw[::-1]) for p in profiles]


def _both_ways(profiles):
    """The same with bands on the other side as well, as a ladder of DNA has them on both sides of its brightest."""
    return [
        replace(p, raw=p.raw + 0.4 * np.roll(q.raw, -101)) for p, q in zip(profiles, _lanes(60.0, RUNGS), strict=True)
    ]


RUNGS = np.cumsum([14.0, 12.6, 11.4, 10.4, 9.6])


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        (_on_head(_lanes(60.0, RUNGS)), ("upside_down",)),
        (_both_ways(_on_head(_lanes(60.0, RUNGS))), ()),
        (_on_head(_lanes(300.0)), ("signal_below",)),
        (_lanes(300.0), ()),
        (_on_head(_lanes(0.0)), ()),
        (_on_head(_lanes(0.0, [37.0])), ()),  # one fragment
    ],
    ids=["ladder", "bands on both sides", "smear", "upright smear", "bands alone", "fragment"],
)
def test_what_hangs_below_the_band(profiles, expected):
    x = [50.0 * p.lane for p in profiles]
    ladders = quantify_ladder(profiles, target=CIAP1, modifier=UBIQUITIN, x=x)
    assert hangs_down(ladders, target_kda=CIAP1, modifier_kda=UBIQUITIN, x=x) == expected
