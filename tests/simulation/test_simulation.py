"""The forward model against independent arithmetic on its pixels."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from ublot.errors import BlotError
from ublot.simulation import DIFFICULTIES, STRESSES, demo_blot, draw_family, save_blot, simulate_blot, write_blots
from ublot.simulation.geometry import membrane_frame
from ublot.simulation.lateral import LAWS, flank
from ublot.simulation.reaction import chain_lengths
from ublot.simulation.separation import MARKER_KDA, STEP, cast_gel, draw_band, make_ladder
from ublot.simulation.settings import Settings

ROOT = Path(__file__).parents[2]
STRAIGHT = {"tilt_deg": 0.0, "bow": 0.0, "smile": 0.0, "curl": 0.0, "pitch_scatter": 0.0}
CLEAN = {"dust": 0, "lint": 0, "ripple": 0.0, "grain": 0.0, "glare": 0.0, "vignetting": 0.0}


def lane_cuts(blot):
    """First and last column of every lane: up to midway to its neighbours."""
    x = [lane["x_px"] for lane in blot.truth["lanes"]]
    cuts = [0, *(round((a + b) / 2) for a, b in itertools.pairwise(x)), blot.signal.shape[1]]
    return list(itertools.pairwise(cuts))


def lane_sums(blot):
    """Sum of the noise-free signal of every lane."""
    return [float(blot.signal[:, a:b].sum(dtype=np.float64)) for a, b in lane_cuts(blot)]


def scored(blot):
    return [lane for lane in blot.truth["lanes"] if "hmw_fraction" in lane]


# --- truth and pixels agree -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("knobs", [{}, {"smile": 0.04}, {"curl": 1.0}, {"asymmetry": 0.3}, {"well": 0.5}])
def test_a_lanes_pixels_sum_to_its_true_areas(knobs):
    blot = simulate_blot(seed=4, **{**STRAIGHT, **knobs})
    for lane, total in zip(blot.truth["lanes"], lane_sums(blot), strict=True):
        if lane["role"] != "marker":
            assert total == pytest.approx(lane["unmodified"] + lane["modified"] + lane["well"], rel=5e-4, abs=200.0)


def test_the_modified_area_stands_above_the_unmodified_band():
    blot = simulate_blot(seed=4, **STRAIGHT)
    for lane in scored(blot):
        centre = round(lane["x_px"])
        rows = blot.signal[:, centre - 8 : centre + 9].mean(axis=1, dtype=np.float64)
        below = np.flatnonzero(rows > 0.2 * rows.max())[-1]  # the unmodified band is the lowest of all
        band = below - 12 + int(rows[below - 12 : below + 1].argmax())
        valley = band - 25 + int(rows[band - 25 : band - 5].argmin())  # the first rung is about 30 rows up
        assert rows[:valley].sum() / rows.sum() == pytest.approx(lane["hmw_fraction"], abs=0.006)


def test_an_image_without_noise_is_the_signal_on_its_membrane():
    blot = simulate_blot(seed=6, **STRAIGHT, **CLEAN, exposure=0.9)
    levels = blot.image.astype(np.float64) - 180
    protein = levels - np.median(levels[:40])
    assert protein.sum() == pytest.approx(blot.signal.sum(dtype=np.float64), rel=0.02)


@pytest.mark.parametrize("knobs", [{}, {"tilt_deg": 1.5}, {"bow": 0.25}, {"pitch_scatter": 0.08}])
def test_x_px_is_where_a_lane_crosses_mid_height(knobs):
    blot = simulate_blot(seed=9, **{**STRAIGHT, "asymmetry": 0.0, "well": 0.0, "marker_scatter": 0.0, **knobs})
    middle = (blot.signal.shape[0] - 1) / 2
    for lane, (left, right) in zip(blot.truth["lanes"], lane_cuts(blot), strict=True):
        if "hmw_fraction" not in lane:
            continue
        strip = blot.signal[:, left:right].astype(np.float64)
        amount = strip.sum(axis=1)
        rows = np.flatnonzero(amount > 0.001 * amount.max())
        rows = rows[np.abs(rows - middle) < 150]
        centres = strip[rows] @ np.arange(left, right) / amount[rows]
        # Weighted, since the first rows of a slanting band hold only one of its ends.
        line = np.polyfit(rows - middle, centres, 2, w=np.sqrt(amount[rows]))
        assert np.polyval(line, 0.0) == pytest.approx(lane["x_px"], abs=0.6)


def test_lane_width_is_the_full_width_at_half_height():
    blot = simulate_blot(seed=5, **STRAIGHT, width_scatter=0.0, asymmetry=0.0)
    for lane in scored(blot):
        across = blot.signal[:, : blot.signal.shape[1]].sum(axis=0, dtype=np.float64)
        x = np.arange(len(across))
        near = np.abs(x - lane["x_px"]) < 0.5 * blot.truth["pitch_px"]
        half = 0.5 * across[round(lane["x_px"])]
        width = np.clip(across[near] / (2 * half), 0, 1)
        assert (width > 0.5).sum() == pytest.approx(blot.truth["lane_width_px"], abs=1.5)


def test_relative_truth_follows_from_the_fractions():
    blot = simulate_blot(seed=8, lanes=18, groups=("a", "b"), vehicles=2)
    for group in ("a", "b"):
        mine = [lane for lane in scored(blot) if lane["group"] == group]
        base = np.mean([lane["hmw_fraction"] for lane in mine if lane["role"] == "vehicle"])
        for lane in mine:
            assert lane["relative_hmw"] == pytest.approx(lane["hmw_fraction"] / base)
            assert lane["hmw_fraction"] == pytest.approx(lane["modified"] / (lane["modified"] + lane["unmodified"]))
            assert sum(lane["species"]) == pytest.approx(1.0, abs=1e-6)
            assert lane["mean_ubiquitins"] == pytest.approx(np.dot(range(len(lane["species"])), lane["species"]))
            assert 70 < lane["half_mass_kda"] < 300


# --- the parts of the model -------------------------------------------------------------------------------------------


def test_chain_lengths_solve_the_birth_process():
    # Without bursts, one after another at rates a and b: shares of 0 and 1 are known in closed form.
    fraction, b = 0.4, 3.0
    a = -np.log(1 - fraction)
    p = chain_lengths(fraction, b, 0.0, 5.0)
    assert p[0] == pytest.approx(1 - fraction)
    assert p[1] == pytest.approx(a / (b - a) * (np.exp(-a) - np.exp(-b)))
    assert p.sum() == pytest.approx(1.0)


def test_bursts_make_longer_chains():
    n = np.arange(len(chain_lengths(0.5, 3.0, 0.0, 9.0)))
    short, long = (chain_lengths(0.5, 3.0, share, 9.0) @ n for share in (0.0, 0.6))
    assert long > 1.5 * short


def test_a_band_has_unit_area_and_its_centre_where_it_was_put():
    gel = cast_gel(1024, 0.0, 1024.0, np.random.default_rng(0))
    for tail in (3.0, -3.0, 0.01):
        band = draw_band(gel, 400.3, 4.0, tail)
        assert band.min() >= 0
        assert band.sum() * STEP == pytest.approx(1.0)
        assert (band @ gel.rows) * STEP == pytest.approx(400.3, abs=0.05)
        skew = (band @ (gel.rows - 400.3) ** 3) * STEP
        assert np.sign(skew) == -np.sign(tail)


def test_migration_is_monotone_and_inverted_by_mass():
    gel = cast_gel(1024, 0.0, 1024.0, np.random.default_rng(0))
    masses = np.geomspace(10, 400, 60)
    rows = gel.row(masses)
    assert np.all(np.diff(rows) < 0)
    assert gel.well < rows[-1] < rows[0] < 1024
    np.testing.assert_allclose(gel.mass(rows), masses)


def test_every_chain_length_has_unit_area_and_long_ones_smear():
    rng = np.random.default_rng(3)
    gel = cast_gel(1024, 0.0, 1024.0, rng)
    ladder = make_ladder(gel, Settings(smear=1.0), rng)
    np.testing.assert_allclose(ladder.shapes.sum(axis=1) * STEP, 1.0, atol=2e-3)
    centre = (ladder.shapes @ gel.rows) * STEP
    assert np.all(np.diff(centre) < 0)
    assert ladder.resolved[1] > 0.6
    assert ladder.resolved[15] < 0.05
    spread = np.sqrt((ladder.shapes * (gel.rows - centre[:, None]) ** 2).sum(axis=1) * STEP)
    assert spread[10] > 2 * spread[1]


# --- what each stress does --------------------------------------------------------------------------------------------


def bright_row(blot, lane, half_width=3):
    """Row of the unmodified band of a lane, by the centre of mass about its peak."""
    c = round(lane["x_px"])
    rows = blot.signal[:, c - half_width : c + half_width + 1].mean(axis=1, dtype=np.float64)
    peak = int(rows.argmax())
    near = np.arange(peak - 6, peak + 7)
    return float(rows[near] @ near / rows[near].sum())


def controls(blot):
    return [lane for lane in blot.truth["lanes"] if lane["role"] in ("negative", "vehicle")]


def test_tilt_turns_bands_and_lanes():
    blot = simulate_blot(seed=2, **{**STRAIGHT, "tilt_deg": 1.5, "speed_scatter": 0.0}, base_fraction=(0.1, 0.1))
    x = [lane["x_px"] for lane in controls(blot)]
    slope = np.polyfit(x, [bright_row(blot, lane) for lane in controls(blot)], 1)[0]
    assert abs(np.degrees(np.arctan(slope))) == pytest.approx(1.5, abs=0.15)


def test_smile_makes_the_outer_lanes_lag():
    knobs = {**STRAIGHT, "speed_scatter": 0.0, "top_fraction": (0.3, 0.3), "asymmetry": 0.0}
    flat, smiling = (simulate_blot(seed=2, **{**knobs, "smile": s}) for s in (0.0, 0.03))
    lag = [bright_row(flat, lane) - bright_row(smiling, lane) for lane in scored(flat)]
    assert lag[0] > 3
    assert lag[-1] > 3
    assert min(lag) < 0.5
    assert sum(lane["modified"] for lane in scored(flat)) == pytest.approx(
        sum(lane["modified"] for lane in scored(smiling)), rel=0.03
    )


def test_bow_bends_lanes():
    bows = []
    for bow in (0.0, 0.3):
        blot = simulate_blot(seed=2, **{**STRAIGHT, "bow": bow})
        marker = blot.signal[:, : round(blot.truth["lanes"][0]["x_px"] + 0.5 * blot.truth["pitch_px"])]
        rows = np.flatnonzero(marker.sum(axis=1) > 0.2 * marker.sum(axis=1).max())
        centre = (marker[rows] @ np.arange(marker.shape[1])) / marker[rows].sum(axis=1)
        bows.append(np.ptp(centre))
    assert bows[1] > bows[0] + 0.05 * blot.truth["pitch_px"]


def test_curl_bends_bands_within_their_lane():
    def bend(curl):
        blot = simulate_blot(seed=2, **{**STRAIGHT, "curl": curl})
        bends = []
        for lane in controls(blot):
            side = round(0.3 * blot.truth["lane_width_px"])
            shifted = [{**lane, "x_px": lane["x_px"] + d} for d in (-side, 0, side)]
            left, mid, right = (bright_row(blot, s, 1) for s in shifted)
            bends.append(abs(0.5 * (left + right) - mid))
        return np.mean(bends)

    assert bend(0.0) < 0.05
    assert bend(0.9) > 0.5


def test_band_widens_bands_and_keeps_their_amount():
    def half_width(blot):
        c = round(blot.truth["lanes"][1]["x_px"])  # no ATP: nothing but the band
        rows = blot.signal[:, c - 3 : c + 4].mean(axis=1, dtype=np.float64)
        fine = np.interp(np.arange(0, len(rows), 0.05), np.arange(len(rows)), rows)
        return (fine > 0.5 * fine.max()).sum() * 0.05

    sharp, wide = (simulate_blot(seed=2, **STRAIGHT, band=b) for b in (1.0, 1.6))
    assert half_width(wide) / half_width(sharp) == pytest.approx(1.6, abs=0.03)
    for a, b in zip(scored(sharp), scored(wide), strict=True):
        assert a["hmw_fraction"] == pytest.approx(b["hmw_fraction"])


def test_fill_and_softness_close_the_gutters():
    def gutter(**knobs):
        blot = simulate_blot(seed=2, **{**STRAIGHT, "width_scatter": 0.0, **knobs})
        a, b = (blot.truth["lanes"][k]["x_px"] for k in (3, 4))
        across = blot.signal.sum(axis=0)
        return across[round((a + b) / 2)] / across[round(a)]

    assert gutter() < 0.01
    assert gutter(softness=0.15) > 0.05
    assert gutter(fill=0.97, softness=0.02) > 0.2


def test_only_the_stressed_thing_changes():
    plain, dusty = simulate_blot(seed=11), simulate_blot(seed=11, dust=150)
    np.testing.assert_array_equal(plain.signal, dusty.signal)
    assert (np.abs(plain.image.astype(int) - dusty.image) > 500).sum() > 300
    hazy = simulate_blot(seed=11, haze=0.02)
    difference = (hazy.image.astype(float) - plain.image).mean(axis=0)
    at = [round(lane["x_px"]) for lane in plain.truth["lanes"]]
    between = [round((a + b) / 2) for a, b in itertools.pairwise(at)]
    assert difference[at].min() > 400
    assert np.median(difference[between]) < 100


def test_faint_and_saturated_exposures():
    assert simulate_blot(seed=3, exposure=0.06).signal.max() == pytest.approx(0.06 * 65535, rel=1e-3)
    blot = simulate_blot(seed=3, exposure=2.2)
    assert (blot.image == 65535).sum() > 100
    assert sum(lane["saturated_px"] for lane in blot.truth["lanes"]) > 0.9 * (blot.image == 65535).sum()
    assert all(lane["saturated_px"] == 0 for lane in simulate_blot(seed=3).truth["lanes"])


def test_detectors_store_what_they_say():
    light = {
        d: simulate_blot(seed=3, detector=d, dust=0, lint=0)
        for d in ("camera16", "inverted16", "camera12", "camera8", "film8")
    }
    camera = light["camera16"].image
    np.testing.assert_array_equal(65535 - light["inverted16"].image, camera)
    assert not np.any(light["camera12"].image % 16)
    assert np.abs(light["camera12"].image.astype(int) - camera).max() <= 8
    assert light["camera8"].image.dtype == np.uint8
    film = light["film8"]
    assert film.truth["response"] == "density"
    density = -np.log10(np.maximum(film.image, 1) / 240.0)
    where = (film.signal > 2000) & (density < 1.5)
    slope = np.polyfit(camera[where].astype(float), density[where], 1)
    assert np.corrcoef(camera[where], density[where])[0, 1] > 0.995
    assert slope[0] == pytest.approx(2.2 / 65535, rel=0.05)


def test_a_shoulder_compresses_what_is_dark():
    plain, bent = (simulate_blot(seed=3, detector="film8", shoulder=s).image for s in (np.inf, 2.2))
    assert bent.min() > plain.min() + 5
    assert np.median(bent) == pytest.approx(np.median(plain), abs=3)


def test_degradation_takes_the_target_and_an_antibody_against_ubiquitin_sees_none_unmodified():
    cells = simulate_blot(seed=3, degrade=0.95)
    last = scored(cells)[-1]
    assert last["unmodified_remaining"] < 0.2
    assert cells.truth["assay"] == "cells"
    seen = simulate_blot(seed=3, modifier_antibody=True)
    assert all(lane["unmodified"] == 0 for lane in seen.truth["lanes"])
    target = simulate_blot(seed=3)
    for a, b in zip(scored(seen), scored(target), strict=True):
        assert a["hmw_fraction"] == pytest.approx(b["hmw_fraction"])
        assert a["mean_ubiquitins"] * a["hmw_fraction"] == pytest.approx(b["mean_ubiquitins"])


def marker_peaks(blot):
    from scipy.signal import find_peaks

    lane = blot.truth["lanes"][0]
    c = round(lane["x_px"])
    rows = blot.signal[:, c - 3 : c + 4].mean(axis=1)
    return find_peaks(rows, prominence=0.05 * rows.max())[0]


def test_marker_bands_missing_and_merged():
    assert len(marker_peaks(simulate_blot(seed=3))) == len(MARKER_KDA)
    missing = simulate_blot(seed=3, marker_missing=True)
    assert len(marker_peaks(missing)) == len(MARKER_KDA) - 1 == len(missing.truth["marker_bands_kda"])
    merged = simulate_blot(seed=3, marker_merged=True)
    assert len(marker_peaks(merged)) == len(MARKER_KDA) - 1
    assert len(merged.truth["marker_bands_kda"]) == len(MARKER_KDA) - 2
    assert merged.truth["marker_kda"] == list(MARKER_KDA)


def test_blank_lanes_are_empty_and_stand_in_between():
    blot = simulate_blot(seed=3, **STRESSES["blanks"])
    roles = [row["role"] for row in blot.layout]
    assert roles.count("blank") == 4
    assert roles[-1] == "blank"
    assert "sample" in roles[roles.index("blank") :]
    sums = lane_sums(blot)
    assert all(s < 1e-3 * max(sums) for s, role in zip(sums, roles, strict=True) if role == "blank")


def test_smear_knob_moves_signal_out_of_rungs():
    resolved = [
        np.mean([lane["resolved_share"] for lane in scored(simulate_blot(seed=3, smear=s))]) for s in (0.1, 1.0)
    ]
    assert resolved[0] > 0.9
    assert resolved[1] < 0.6


def test_the_membranes_edge_and_unevenness():
    edged = simulate_blot(seed=3, membrane_edge=True)
    assert edged.image[:, :20].mean() < 300
    assert edged.image[300:700, 120:900].min() > 500
    top, bottom, left, right = membrane_frame(edged.settings)
    assert 0 < top < bottom < 1024
    assert 0 < left < right < 1024
    uneven = [np.ptp(simulate_blot(seed=3, ripple=r, dust=0, lint=0).image[-30:].mean(axis=0)) for r in (0.05, 0.5)]
    assert uneven[1] > 3 * uneven[0]


# --- the function as a whole ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_every_law_of_flanks_has_the_width_and_the_steepness_it_is_told(law):
    inward = np.linspace(-60, 60, 24001)
    side = flank(inward, 60.0, 4.0, law)
    assert np.interp(0.0, inward, side) == pytest.approx(0.5, abs=1e-3)
    slope = np.gradient(side, inward)[np.abs(inward) > 0.02]
    at_edge = np.interp(-0.05, inward[np.abs(inward) > 0.02], slope)
    assert at_edge == pytest.approx(1 / (4.0 * np.sqrt(2 * np.pi)), rel=0.06)
    assert (np.diff(side) >= -1e-9).all() and side[0] < 0.02 and side[-1] > 0.98


def across(**knobs):
    """A lane's signal across, over its height near the middle, by distance over the pitch: of a straight clean blot."""
    knobs = STRAIGHT | CLEAN | {"speed_scatter": 0.0, "width_scatter": 0.0, "asymmetry": 0.0, "lanes": 8} | knobs
    blot = simulate_blot(seed=4, shape=(256, 800), **knobs)
    x, pitch = blot.truth["lanes"][0]["x_px"], blot.truth["pitch_px"]
    sums = blot.signal.sum(axis=0, dtype=np.float64)
    return lambda d: float(np.interp(x - d * pitch, np.arange(len(sums)), sums) / np.interp(x, np.arange(800), sums))


def test_tails_reach_where_the_law_alone_does_not():
    plain, tailed = across(), across(tails=0.08)
    assert plain(0.6) < 1e-4
    assert 0.005 < tailed(0.6) < 0.05 and 0.001 < tailed(0.9) < tailed(0.6)


def test_rims_brighten_the_edges_of_a_lane():
    assert across(rims=0.5, softness=0.02)(0.3) > 1.02 * across(softness=0.02)(0.3)


@pytest.mark.parametrize(
    "knobs", [{"lateral": "exponential"}, {"rims": 0.4}, {"bulge": 0.15}, {"tails": 0.05}], ids=str
)
def test_whatever_its_shape_a_lane_keeps_its_amount(knobs):
    blot = simulate_blot(seed=4, **(STRAIGHT | CLEAN | {"fill": 0.6} | knobs))
    true = [sum(lane[k] for k in ("unmodified", "modified")) for lane in blot.truth["lanes"]]
    sums = lane_sums(blot)
    for lane, whole, seen in zip(blot.truth["lanes"], true, sums, strict=True):
        if "hmw_fraction" in lane:
            assert seen == pytest.approx(whole, rel=0.05 if "tails" in knobs else 0.01)


def test_a_halo_moves_light_and_makes_none():
    plain, haloed = (simulate_blot(seed=4, **CLEAN, halo=halo).image.astype(float) for halo in (0.0, 0.1))
    assert haloed.sum() == pytest.approx(plain.sum(), rel=0.01)
    assert haloed.max() < 0.97 * plain.max()


def test_blotches_are_as_large_and_as_strong_as_they_are_told():
    fields = {}
    for length in (0.4, 1.2):
        knobs = {**CLEAN, "ripple": 0.0, "blotch": 0.1, "blotch_length": length, "exposure": 1e-6, "level": 0.3}
        image = simulate_blot(seed=4, **knobs).image.astype(float)
        fields[length] = image / image.mean() - 1
        assert fields[length].std() == pytest.approx(0.1, rel=0.2)
    rough = {length: np.abs(np.diff(field[:, ::16], axis=1)).mean() for length, field in fields.items()}
    assert rough[0.4] > 1.5 * rough[1.2]


def test_members_of_the_family_are_many_laws_and_can_be_simulated():
    drawn = [draw_family(seed) for seed in range(40)]
    assert {knobs["lateral"] for knobs in drawn} == set(LAWS)
    for trait in ("tails", "halo", "blotch", "haze", "slant"):
        assert 8 < sum(knobs[trait] > 0 for knobs in drawn) < 32
    assert draw_family(3) == drawn[3]
    image = simulate_blot(seed=3, shape=(256, 512), **drawn[3]).image
    assert image.shape == (256, 512) and image.std() > 0


@pytest.mark.parametrize("name", [*STRESSES, *DIFFICULTIES])
def test_every_named_set_can_be_simulated(name):
    knobs = STRESSES.get(name, {})
    shape = knobs.get("shape", (384, 640))
    blot = simulate_blot(seed=1, difficulty=name if name in DIFFICULTIES else "ordinary", **{**knobs, "shape": shape})
    assert blot.image.shape == shape
    assert blot.image.dtype in (np.uint8, np.uint16)
    assert [row["lane"] for row in blot.layout] == list(range(1, len(blot.truth["lanes"]) + 1))
    assert np.all(np.diff([lane["x_px"] for lane in blot.truth["lanes"]]) > 0)
    assert np.isfinite(blot.signal).all()
    json.dumps(blot.truth, allow_nan=False)


def test_the_seed_decides_everything():
    a, b, c = (simulate_blot(seed=s, shape=(256, 512)) for s in (5, 5, 6))
    np.testing.assert_array_equal(a.image, b.image)
    assert a.truth == b.truth
    assert np.any(a.image != c.image)


def test_the_demo_is_a_dose_series_with_its_controls():
    roles = [row["role"] for row in demo_blot().layout]
    assert roles[0] == "marker"
    assert roles.count("vehicle") == 3
    assert roles.count("negative") == 1
    assert roles.count("sample") >= 6
    assert roles[-1] == "blank"


@pytest.mark.parametrize(
    ("knobs", "named"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"difficulty": "brutal"}, "difficulty"),
        ({"lanes": 3}, "lanes"),
        ({"fill": 2.0}, "fill"),
        ({"detector": "eye"}, "detector"),
        ({"shape": (64, 64)}, "shape"),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_name(knobs, named):
    with pytest.raises(BlotError, match=named):
        simulate_blot(**knobs)


# --- files ------------------------------------------------------------------------------------------------------------


def test_written_blots_read_back_and_are_the_same_every_time(tmp_path):
    for folder in ("a", "b"):
        write_blots(tmp_path / folder, cases=2, seed=3, difficulty="easy")
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == [f"blot_00{k}.{end}" for k in (1, 2) for end in ("layout.csv", "tif", "truth.json")]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "a" / "blot_002.tif"), simulate_blot(seed=4, difficulty="easy").image
    )
    truth = json.loads((tmp_path / "a" / "blot_001.truth.json").read_text())
    assert truth["image"] == "blot_001.tif"
    assert truth["set"] == "easy"


def test_own_files_are_replaced_and_foreign_ones_are_not(tmp_path):
    write_blots(tmp_path, cases=1, seed=1)
    write_blots(tmp_path, cases=1, seed=2)
    layout = tmp_path / "blot_001.layout.csv"
    layout.write_text(layout.read_text().replace("sample", "ignore"))
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(BlotError, match=r"blot_001\.layout\.csv"):
        write_blots(tmp_path, cases=3, seed=1)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["blot_001.tif", "blot_001.jpg", "blot_001.truth.json"])
def test_a_foreign_file_of_that_name_stays(tmp_path, name):
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(BlotError, match="blot_001"):
        write_blots(tmp_path, cases=1)
    assert (tmp_path / name).read_bytes() == b"{}"


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(BlotError, match="out"):
        write_blots(tmp_path / "out")


def test_eight_bit_blots_become_png_and_jpeg(tmp_path):
    from PIL import Image

    film = simulate_blot(seed=1, shape=(256, 512), detector="film8")
    with Image.open(save_blot(film, tmp_path, "film", "film")) as picture:
        assert picture.format == "PNG"
        np.testing.assert_array_equal(np.asarray(picture), film.image)
    lossy = simulate_blot(seed=1, shape=(256, 512), detector="jpeg8", quality=60)
    with Image.open(save_blot(lossy, tmp_path, "lossy", "jpeg")) as picture:
        assert picture.format == "JPEG"


@pytest.mark.parametrize("name", ["dose_series", "smear", "hard", "film", "two_compounds"])
def test_the_test_images_are_small_whole_and_as_made(name):
    folder = ROOT / "test_images"
    truth = json.loads((folder / f"{name}.truth.json").read_text())
    image = folder / truth["image"]
    assert image.stat().st_size < 1_000_000
    for file, digest in truth["sha256"].items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest
    assert len((folder / f"{name}.layout.csv").read_text().splitlines()) == len(truth["lanes"]) + 1


def test_the_test_images_are_what_their_script_makes(tmp_path):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from make_test_images import BLOTS
    finally:
        sys.path.pop(0)
    for name, knobs in BLOTS.items():
        stored = json.loads((ROOT / "test_images" / f"{name}.truth.json").read_text())
        fresh = simulate_blot(**knobs).truth
        for was, now in zip(stored["lanes"], fresh["lanes"], strict=True):
            assert now["modified"] == pytest.approx(was["modified"], rel=1e-4)
            assert now["x_px"] == pytest.approx(was["x_px"], abs=1e-3)
    assert sum(p.stat().st_size for p in (ROOT / "test_images").iterdir()) < 4_000_000
