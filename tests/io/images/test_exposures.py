"""Exposures of one membrane: the right one is taken, and merging gives back the amounts that were drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from io_blots import bands
from typer.testing import CliRunner

import ublot
from ublot import BlotError, read_blot, read_exposures
from ublot.cli.app import app
from ublot.io.images.exposures import link_exposures

TRUTH = bands(240, 320, background=300.0, height=30000.0, noise=0.0)
OFFSET = 100


def exposure(factor, seed, *, shift=0, gamma=1.0, truth=TRUTH):
    """A camera's picture: photon and read noise, an offset, a ceiling at 65535."""
    rng = np.random.default_rng(seed)
    light = np.roll(truth, shift, 1) * factor
    levels = light + rng.normal(size=light.shape) * np.sqrt(12**2 + light) + OFFSET
    return np.clip(np.rint(65535 * np.clip(levels / 65535, 0, None) ** gamma), 0, 65535).astype(np.uint16)


SHORT, MIDDLE, LONG = exposure(1, 1), exposure(5, 2), exposure(25, 3)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{name}.tif" for name in ("b", "c", "a")]
    for path, levels, time in zip(paths, (LONG, SHORT, MIDDLE), (250, 10, 50), strict=True):
        tifffile.imwrite(path, levels, description=f"Exposure: {time} s", metadata=None)
    return paths


def test_the_longest_that_is_not_saturated_is_used(files):
    blot = read_exposures(files)
    assert blot.source.name == "c.tif" and blot.saturated is None
    np.testing.assert_array_equal(blot.signal, SHORT)
    said = blot.source.metadata["exposures"]
    assert said.startswith("b.tif (250 s, x 1, ") and "a.tif (50 s, x 0.2, " in said and "c.tif (10 s, x 0.04)" in said
    assert said.endswith("used: c.tif (the longest that is not saturated)")


def test_without_saturation_the_longest_is_used_also_when_merging():
    for merge in (False, True):
        blot = read_exposures([exposure(1, 1), exposure(1.9, 2)], merge=merge)
        np.testing.assert_array_equal(blot.signal, exposure(1.9, 2))


def test_all_saturated_the_shortest_is_used_and_says_so():
    blot = read_exposures([LONG, MIDDLE])
    assert "all are saturated: the shortest" in blot.source.metadata["exposures"]
    np.testing.assert_array_equal(blot.signal, MIDDLE)
    assert blot.saturated is not None


def test_merged_signal_is_that_of_the_membrane_over_the_whole_range():
    blot = read_exposures([MIDDLE, SHORT, LONG], merge=True)
    assert blot.saturated is None
    ratio = (blot.signal - OFFSET) / (25 * TRUTH)
    # From the background (300) to bands (30,000) that the longest exposure shows 11 times beyond its ceiling.
    for low, high in ((0, 500), (500, 2000), (2000, 8000), (8000, 40000)):
        part = (low <= TRUTH) & (high > TRUTH)
        assert part.sum() > 200
        assert abs(ratio[part].mean() - 1) < 0.003
    # Faint signal keeps the noise of the long exposure, a fifth of the shortest one's.
    faint = TRUTH < 500
    assert ratio[faint].std() < 0.3 * ((SHORT - OFFSET - TRUTH) / TRUTH)[faint].std()


def test_what_even_the_shortest_saturates_stays_saturated():
    blot = read_exposures([MIDDLE, LONG], merge=True)
    np.testing.assert_array_equal(blot.saturated, MIDDLE == 65535)
    assert blot.ceiling == pytest.approx(blot.signal[blot.saturated].min())


def test_the_link_is_the_ratio_of_the_times():
    link = link_exposures(read_blot(SHORT), read_blot(MIDDLE))
    assert link.factor == pytest.approx(5, rel=0.003)
    assert link.offset == pytest.approx(OFFSET - 5 * OFFSET, abs=15)
    assert abs(link.bend) < 0.03 and abs(link.seam) < 0.01 and link.correlation > 0.99


OTHER = bands(240, 320, background=300.0, height=30000.0, noise=0.0)[::-1]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (exposure(5, 4, truth=OTHER), "do not show the same"),
        (exposure(5, 4)[:200], "240 x 320 and 200 x 320"),
        (exposure(5, 4, shift=2), "moved by 2.0 px"),
        (exposure(5, 4, gamma=0.7), "no straight line"),
    ],
    ids=["other membrane", "other size", "moved", "gamma"],
)
def test_pictures_that_are_no_series_are_refused(second, says):
    with pytest.raises(BlotError, match=says):
        read_exposures([SHORT, second])


def test_a_picture_that_is_saturated_all_over_is_refused():
    with pytest.raises(BlotError, match=r"saturated in neither|do not show the same|no straight line"):
        read_exposures([SHORT, exposure(180, 4)])


@pytest.mark.parametrize("paths", [[], [SHORT], "blot.tif"])
def test_one_is_no_series(paths):
    with pytest.raises(BlotError, match="two or more"):
        read_exposures(paths)


def test_an_analysis_tells_which_exposure_it_rests_on(files, tmp_path):
    found = ublot.analyze(read_exposures(files), lanes=5, ladder=False)
    found.save(tmp_path / "out", report=False)
    image = json.loads((tmp_path / "out/analysis.json").read_text())["image"]
    assert image["name"] == "c.tif" and image["metadata"]["exposures"].endswith("not saturated)")
    assert ublot.load(tmp_path / "out").rerun() == found


# ------------------------------------------------------------------------------------------------------ command line
def run(*words):
    return CliRunner().invoke(app, ["exposures", *map(str, words)])


def test_the_command_says_which_to_use(files):
    assert "used: c.tif" in run(*files).stdout
    assert json.loads(run(*files, "--json").stdout)["use"] == str(files[1])


def test_the_command_writes_a_picture_that_can_be_analysed(files, tmp_path):
    out = tmp_path / "merged.tif"
    before = [path.read_bytes() for path in files]
    assert run(*files, "--merge", "--out", out).exit_code == 0
    blot = read_blot(out)
    np.testing.assert_array_equal(blot.signal, read_exposures(files, merge=True).signal)
    assert (blot.source.dtype, blot.polarity, blot.response) == ("float32", "light-on-dark", "linear")
    assert blot.source.metadata["exposures"].startswith("b.tif (250 s") and blot.source.metadata["exposure"] == "250 s"
    assert [path.read_bytes() for path in files] == before
    refused = run(*files, "--merge", "--out", out)
    assert refused.exit_code == 2 and "the file exists" in refused.stderr and refused.stderr.count("\n") == 1
    assert run(*files, "--merge", "--out", out, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--merge"], "belong together"),
        (["--out", "x.tif"], "belong together"),
        (["--merge", "--out", "x.png"], "ends in .tif"),
        (["--channel", "two"], "channel"),
    ],
)
def test_usage_that_cannot_be(files, words, says):
    result = run(*files, *words)
    assert result.exit_code == 2 and says in result.stderr and result.stderr.count("\n") == 1


def test_an_exposure_is_never_replaced(files):
    result = run(*files, "--merge", "--out", files[0], "--force")
    assert result.exit_code == 2 and "would replace an exposure" in result.stderr
