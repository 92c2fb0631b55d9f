"""A picture whose response is a guess: the interval holds what either reading gives."""

from __future__ import annotations

import numpy as np
import pytest

import ublot
from ublot.simulation import simulate_blot


@pytest.fixture(scope="module")
def export():
    """Eight bits, black on white, of faint bands: the shapes tell nothing."""
    blot = simulate_blot(seed=3, difficulty="easy", shape=(260, 348), lanes=8)
    levels = np.asarray(blot.image, float)
    share = 0.3 * (levels - levels.min()) / np.ptp(levels)
    return np.rint(255 * (0.97 - share)).astype(np.uint8), blot


def test_the_interval_holds_both_readings(export):
    levels, blot = export
    options = {"layout": blot.layout, "marker": "precision-plus"}
    found = ublot.analyze(levels, **options)
    assert "response_assumed" in found.blot.flags
    lanes = found.lanes
    alone = {way: ublot.analyze(levels, response=way, **options).lanes for way in ("linear", "density")}
    same = [lane.number for lane in found.geometry]
    assert same == list(alone["linear"]["lane"])
    loaded = lanes[lanes.role.isin(["sample", "vehicle"])].index
    assert len(loaded) >= 4
    differ = (alone["linear"].hmw_fraction - alone["density"].hmw_fraction).loc[loaded].abs()
    assert differ.max() > 0.005
    for name in ("hmw_fraction", "relative_hmw"):
        for table in alone.values():
            known = loaded[table.loc[loaded, name].notna() & lanes.loc[loaded, name].notna()]
            assert len(known) >= 4
            value = table.loc[known, name].to_numpy()
            slack = 0.02 * np.abs(value)  # lanes are placed on the one reading
            assert (lanes.loc[known, f"{name}_low"].to_numpy() <= value + slack).all()
            assert (lanes.loc[known, f"{name}_high"].to_numpy() >= value - slack).all()
    assert any("both were measured" in text and "as a density" in text for text in found.messages)


def test_a_second_run_of_the_same_is_the_same(export):
    levels, blot = export
    found = ublot.analyze(levels, layout=blot.layout, marker="precision-plus")
    again = found.with_params(found.params.model_copy(update={"allow_unfit": True}))
    known = found.lanes.hmw_fraction.notna()
    np.testing.assert_array_equal(again.lanes.hmw_fraction_high[known], found.lanes.hmw_fraction_high[known])
