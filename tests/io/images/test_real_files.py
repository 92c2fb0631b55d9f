"""Real blots, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ublot import read_blot
from ublot.pipeline.inspection import describe

FOLDER = Path(__file__).parents[3] / "../shared/real_blots"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the collection of real blots is not beside the project")

LIGHT = [
    "chemidoc_trio/trail.tif",
    "chemidoc_trio/parp.tif",
    "chemidoc_trio/actin.tif",
    "chemidoc_1sc/test1.1sc",
    "chemidoc_1sc/test4.1sc",
    "chemidoc_1sc/test4_imglab_analysis.tif",
    "chemidoc_1sc/test4_ref.tif",
    "fluorchem/B1AR_July4_B1AR_10wtop_16wbottom.tif",
    "fluorchem/B1AR_July4_B1AR_10wtop_16wbottom_GAPDH.tif",
    "fluorchem/B1AR_Oct8_B1ARtop_GAPDHbottom.tif",
    "dna_ladder/ladder_reference_gel.tif",
]
DARK = ["imagej_gel/gel.gif", "two_colour/5xcgg_wt_flag.png", "two_colour/5xcgg_wt_h3.png", "dense_ladder/gel.png"]


@pytest.mark.parametrize("name", [*LIGHT, *DARK])
def test_polarity_and_no_false_alarm_about_compression(name):
    blot = read_blot(FOLDER / name)
    assert blot.polarity == ("light-on-dark" if name in LIGHT else "dark-on-light")
    assert not {"polarity_assumed", "lossy", "upconverted"} & set(blot.flags)
    if name in LIGHT:
        assert blot.response == "linear"
        assert "response_assumed" not in blot.flags


@pytest.mark.parametrize("name", [*LIGHT, *DARK])
def test_polarity_of_the_mirrored_and_of_the_inverted_picture(name):
    blot = read_blot(FOLDER / name, response="linear")
    top = 255 if "8" in blot.source.dtype else 65535
    levels = (blot.signal if name in LIGHT else top - blot.signal).astype(np.uint8 if top == 255 else np.uint16)
    for turned in (levels[:, ::-1], levels[::-1]):
        assert read_blot(turned).polarity == blot.polarity
        assert read_blot(top - turned).polarity != blot.polarity


def test_three_files_of_the_same_pixels():
    names = ("test4.1sc", "test4_imglab_analysis.tif", "test4_ref.tif")
    blots = [read_blot(FOLDER / "chemidoc_1sc" / name) for name in names]
    for blot in blots[1:]:
        np.testing.assert_array_equal(blot.signal, blots[0].signal)
        assert blot.ceiling == blots[0].ceiling
    assert "ChemiDoc" in blots[0].source.metadata["model"]


def test_ceilings():
    trail = read_blot(FOLDER / "chemidoc_trio/trail.tif")
    assert trail.ceiling == 65535
    assert trail.saturated is not None
    assert trail.saturated.sum() == 2001
    clean = ["chemidoc_trio/actin.tif", "chemidoc_trio/parp.tif", *(n for n in LIGHT if n.startswith("fluorchem"))]
    for name in clean:
        assert read_blot(FOLDER / name).saturated is None, name


def test_a_truncated_1sc(tmp_path):
    from ublot import BlotError

    content = (FOLDER / "chemidoc_1sc/test4.1sc").read_bytes()
    for share in (0.01, 0.1, 0.6, 0.99):
        path = tmp_path / "cut.1sc"
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(BlotError, match=r"cut\.1sc"):
            read_blot(path)


def test_description():
    told = describe(read_blot(FOLDER / "chemidoc_1sc/test4_imglab_analysis.tif"))
    assert (told["rows"], told["cols"], told["dtype"]) == (520, 696, "uint16")
    assert told["metadata"]["model"] == "ChemiDoc XRS"
    # Its lanes touch: they are scored all the same, with a warning.
    assert told["quantifiable"] and "lanes_touching" in [flag["name"] for flag in told["flags"]]
    assert (told["levels"], told["levels_distinct"]) == ("0 to 64024", 9900)
