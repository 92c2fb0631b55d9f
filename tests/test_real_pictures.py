"""Real blots that ship with the project: lanes, marker and refusals are what a person reads off the pictures.

Rows and columns were read by eye off the pictures at four times their size, to about 2 px.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ublot

REAL = Path(__file__).parents[1] / "test_images" / "real"
MEMBRANE = "27:292,72:392"  # of ctcf.png: the grey part, without the page and what is printed on it
MIDDLES = (94, 136, 177, 215, 252, 289, 326, 363)  # px, of the lanes at row 110
PITCH = 38
MASSES = (220, 120, 100, 80, 60, 50, 40, 30, 20)  # as printed beside the first lane
AT = {1: (36, 59, 65, 88, 111, 134, 163, 203, 282), 3: (36, 61, 67, 91, 114, 135, 164, 202, 279)}


@pytest.mark.parametrize("options", [{}, {"lanes": 8}], ids=["no count", "count"])
def test_all_lanes_of_a_real_membrane_are_found(tmp_path, options):
    picture = tmp_path / "blot.png"  # without the layout beside it
    picture.write_bytes((REAL / "ctcf.png").read_bytes())
    analysis = ublot.analyze(picture, roi=MEMBRANE, **options)
    assert analysis.blot.polarity == "dark-on-light"
    assert len(analysis.geometry) == len(MIDDLES)
    for lane, middle in zip(analysis.geometry, MIDDLES, strict=True):
        assert abs(np.interp(110, lane.rows, lane.xs) - middle) < PITCH / 4


@pytest.mark.parametrize("number", AT)
def test_the_masses_printed_beside_a_real_marker_are_read_off_its_bands(tmp_path, number):
    layout = "lane,role\n" + "".join(f"{k},{'marker' if k == number else 'sample'}\n" for k in range(1, 9))
    (tmp_path / "layout.csv").write_text(layout, "utf-8")
    analysis = ublot.analyze(
        REAL / "ctcf.png", roi=MEMBRANE, layout=tmp_path / "layout.csv", marker="magicmark-xp", allow_unfit=True
    )
    read = dict(zip(analysis.calibration.masses, analysis.calibration.rows, strict=True))
    assert set(read) == set(MASSES)
    for mass, row in zip(MASSES, AT[number], strict=True):
        assert read[mass] == pytest.approx(row, abs=2.5), mass


def test_a_page_with_letters_beside_the_membrane_is_cut_into_the_lanes_of_its_layout():
    analysis = ublot.analyze(REAL / "ctcf.png")  # the layout lies beside it
    for lane, middle in zip(analysis.geometry, MIDDLES, strict=True):
        assert abs(np.interp(110, lane.rows, lane.xs) - middle) < PITCH / 4


def test_a_jpeg_of_bands_cut_off_at_black_is_refused_with_both_reasons():
    analysis = ublot.analyze(REAL / "tcf4.jpg", roi="40:625,50:245", lanes=2)
    assert np.isnan(analysis.lanes["hmw_fraction"]).all()
    flags = " ".join([*analysis.blot.flags, *analysis.lanes["flags"]])
    assert "lossy" in flags and "saturated_heavily" in flags
