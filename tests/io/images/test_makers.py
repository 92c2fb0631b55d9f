"""Who made a file, and what is said of makers that were never met."""

from __future__ import annotations

import pytest
import tifffile
from corpus import scn_bytes
from io_blots import blot16

from ublot.io.images.makers import MAKERS, maker_in_words, maker_of
from ublot.io.images.reading import read_blot
from ublot.pipeline.inspection import describe


@pytest.mark.parametrize(
    ("said", "name", "detector"),
    [
        ({"software": "ImageLab", "make": "Bio-Rad Laboratories"}, "Bio-Rad", "camera"),
        ({"software": "LI-COR Image Studio"}, "LI-COR", "camera"),
        ({"model": "Typhoon FLA 9500"}, "Amersham, Cytiva or GE", "camera"),
        ({"description": "iBright FL1500"}, "Invitrogen iBright", "camera"),
        ({"model": "Perfection V700", "make": "EPSON"}, "a flatbed scanner", "scanner"),
    ],
)
def test_makers_are_told_by_what_the_file_says(said, name, detector):
    found = maker_of(said)
    assert found is not None and (found[0].name, found[0].detector) == (name, detector)


def test_a_file_that_names_a_camera_and_a_scanner_names_nobody():
    assert maker_of({"software": "Image Lab", "model": "EPSON Scan"}) is None
    assert maker_of({"software": "tifffile.py"}) is None


def test_makers_never_met_are_said_to_be(tmp_path):
    levels = blot16(rows=96, cols=128)
    for make, words in (("Azure Biosystems", "never met"), ("Nobody & Sons", "Nobody & Sons: ublot never met")):
        path = tmp_path / "blot.tif"
        tifffile.imwrite(path, levels, extratags=[(271, "s", 0, make, True)])
        assert words in describe(read_blot(path))["maker"]
    (tmp_path / "blot.scn").write_bytes(scn_bytes(levels))
    assert "only as their format is described" in describe(read_blot(tmp_path / "blot.scn"))["maker"]
    assert maker_in_words({"make": "Bio-Rad"}, "1sc").endswith("files of this maker")
    assert maker_in_words({}, "tiff") == ""


def test_every_maker_is_in_the_words_of_the_page(request):
    page = (request.config.rootpath / "docs/formats.md").read_text(encoding="utf-8")
    for maker in MAKERS:
        assert maker.name.removeprefix("a ").split(",")[0].split()[-1] in page or maker.name == "another imager"
