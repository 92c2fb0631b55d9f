"""Where two ways to take the background disagree is said from a set share of `hmw_fraction` on, not sooner or later."""

from __future__ import annotations

import pytest

import ublot
from ublot.pipeline import background_check
from ublot.pipeline.quantification import Quantified


@pytest.fixture(scope="module")
def analysis():
    simulated = ublot.simulate_blot(seed=5, difficulty="easy", shape=(360, 480))
    return ublot.analyze(simulated.image, layout=simulated.layout)


@pytest.mark.parametrize(("apart", "said"), [(0.035, False), (0.065, True)])
def test_backgrounds_that_differ_by_five_hundredths_are_said_to_disagree(monkeypatch, analysis, apart, said):
    ladders = [k for k in analysis.ladders if k.unmodified + k.hmw > 0 and k.haze_possible == k.haze]
    lane = max(ladders, key=lambda k: k.hmw)
    other = {lane.lane: lane.hmw / (lane.unmodified + lane.hmw) - apart}
    monkeypatch.setattr(background_check, "rowwise_fractions", lambda *_: other)
    found = Quantified(tuple(analysis.ladders), analysis.calibration, frozenset({lane.lane}), ())
    done = analysis.stages
    ladders, rowwise = background_check.compare_backgrounds(
        analysis.blot, analysis.geometry, done.background, found, analysis.params
    )
    assert rowwise == other
    assert ("background_disagrees" in ladders[lane.lane - 1].flags) == said
