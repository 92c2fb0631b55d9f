"""Burnt-out bands are told from whole ones, from doublets and from leaning rungs."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

import ublot
from ublot.profiles import hollow
from ublot.profiles.hollow import DEEP, Strip, hollow_depth

WIDTH = 40.0


def lane(rows, heights, *, sigma=4.0, lean=0.0, noise=20.0, edges=0.0, seed=0):
    """One lane of bands at `rows`, bright, in a strip wider than the lane."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:300, -24:25].astype(float)
    across = np.exp(-(np.abs(x / (WIDTH / 2)) ** 8) * np.log(2)) * (1 + edges * (x / 20) ** 4)
    picture = sum(
        height * np.exp(-0.5 * ((y - row - lean * x) / sigma) ** 2) for row, height in zip(rows, heights, strict=True)
    )
    return (picture * across + rng.normal(0, noise, y.shape)).astype(np.float32)


def depth(strip, level=0.0):
    """How deep the deepest dip of a lane is above a background."""
    smooth = Strip(strip.astype(np.float32), WIDTH)
    return hollow_depth(
        smooth,
        cv2.GaussianBlur(np.zeros((300, 1), np.float32) + np.c_[level].astype(np.float32), (0, 0), smooth.sigma)[:, 0],
    )


def burnt(strip, capacity):
    """Light against enzyme where the substrate is used up: rises, then falls."""
    return (strip * np.exp(-((np.maximum(strip, 0) / capacity) ** 2))).astype(np.float32)


def test_a_burnt_band_is_hollow_and_the_deeper_the_stronger():
    strip = lane([150], [20_000])
    depths = [depth(burnt(strip, capacity)) for capacity in (60_000, 20_000, 14_000, 9_000)]
    assert depths[0] < DEEP
    assert depths == sorted(depths)
    assert depths[-1] > 0.5


def test_a_background_hides_no_depth_and_adds_none():
    strip = burnt(lane([150], [20_000]), 9_000)
    level = 3_000 + 2_000 * np.sin(np.arange(300) / 40)
    assert depth(strip + level[:, None], level) == pytest.approx(depth(strip), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "options",
    [
        {"rows": [150], "heights": [20_000]},
        {"rows": [143, 157], "heights": [20_000, 18_000]},
        {"rows": [143, 157], "heights": [20_000, 18_000], "edges": 0.3},
        {"rows": range(60, 240, 16), "heights": [9_000] * 12, "lean": 0.4},
        {"rows": range(60, 240, 12), "heights": [9_000] * 15, "sigma": 3.0},
        {"rows": [150], "heights": [200], "noise": 60.0},
        {"rows": [], "heights": [], "noise": 60.0},
    ],
    ids=["one", "doublet", "thick edges", "leaning", "ladder", "faint", "empty"],
)
def test_whole_bands_are_not_hollow(seed, options):
    others = {key: value for key, value in options.items() if key not in ("rows", "heights")}
    strip = lane(options["rows"], options["heights"], seed=seed, **others) + np.zeros((300, 49), np.float32)
    assert depth(strip) < DEEP


def test_a_pool_in_the_smear_above_a_band_is_not_a_burnt_band():
    strip = lane([200], [20_000])
    y, x = np.mgrid[0:300, -24:25].astype(float)
    smear = 4_000 * np.exp(-(np.abs(x / (WIDTH / 2)) ** 8) * np.log(2))
    pool = 1 - 0.5 * np.exp(-0.5 * (((y - 110) / 8) ** 2 + (x / 6) ** 2))
    assert depth(strip + smear * pool * (y < 190)) < DEEP


def test_hollow_lanes_are_refused_and_never_told_to_load_more():
    simulated = ublot.simulate_blot(seed=3, difficulty="easy", shape=(480, 600))
    picture = simulated.image.astype(np.float64)
    floor = np.quantile(picture, 0.05)
    above = np.maximum(picture - floor, 0)
    strongest = np.quantile(above, 0.999)
    picture = floor + above * np.exp(-((above / (0.45 * strongest)) ** 2))
    picture = cv2.GaussianBlur(picture, (0, 0), 0.7)
    analysis = ublot.analyze(picture.astype(np.uint16), layout=simulated.layout, marker="precision-plus")
    burnt_out = analysis.lanes[analysis.lanes["flags"].str.contains("hollow_band")]
    assert len(burnt_out) >= 3
    assert burnt_out["relative_hmw"].isna().all()
    assert not burnt_out["flags"].str.contains("no_signal").any()
    # Those that are not hollow yet, but nearly, are too faint: no number that is left is wrong.
    truth = np.array([lane.get("hmw_fraction", np.nan) for lane in simulated.truth["lanes"]], float)
    error = np.abs(analysis.lanes["hmw_fraction"] - truth)
    assert not (error > 0.05).any()
    whole = ublot.analyze(simulated.image, layout=simulated.layout, marker="precision-plus", ladder=False)
    assert not whole.lanes["flags"].str.contains("hollow_band").any()


@pytest.mark.parametrize(("depths", "said"), [((0.3, 0.2), []), ((0.5, 0.2), [1, 2])])
def test_mild_dips_count_only_where_the_light_burnt_out_elsewhere_on_the_blot(monkeypatch, depths, said):
    analysis = ublot.analyze(ublot.simulate_blot(seed=3, difficulty="easy", shape=(360, 480)).image, ladder=False)
    lanes, profiles = list(analysis.geometry)[:2], list(analysis.profile_list)[:2]
    tall = max(profiles, key=lambda profile: profile.signal.max())
    each = iter(depths)
    monkeypatch.setattr(hollow, "hollow_depth", lambda *_: next(each))
    geometry = replace(analysis.geometry, items=tuple(lanes))
    found = hollow.hollow_lanes(analysis.blot, geometry, [replace(tall, lane=k) for k in (1, 2)])
    assert list(found) == said
