"""Standards by name and by their masses."""

from __future__ import annotations

import numpy as np
import pytest

from ublot.errors import BlotError
from ublot.reference.markers import MARKERS, find_marker


@pytest.mark.parametrize(
    ("name", "masses"),
    [
        ("precision-plus", [250, 150, 100, 75, 50, 37, 25, 20, 15, 10]),
        ("Precision Plus Kaleidoscope", [250, 150, 100, 75, 50, 37, 25, 20, 15, 10]),
        ("PageRuler", [180, 130, 100, 70, 55, 40, 35, 25, 15, 10]),
        ("pagerulerplus", [250, 130, 100, 70, 55, 35, 25, 15, 10]),
        ("spectra-br", [260, 140, 100, 70, 50, 40, 35, 25, 15, 10]),
        ("MagicMark XP", [220, 120, 100, 80, 60, 50, 40, 30, 20]),
        ("seeblue plus2", [198, 98, 62, 49, 38, 28, 17, 14, 6, 3]),
        ("chameleon_duo", [260, 160, 125, 90, 70, 50, 38, 30, 25, 15, 8]),
        ("P7719", [250, 180, 130, 95, 72, 55, 43, 34, 26, 17, 10]),
    ],
)
def test_makers_masses(name, masses):
    assert list(find_marker(name).masses) == masses


@pytest.mark.parametrize(
    "given",
    ["250,150,100,75", " 75, 100 ;150,250 ", [75, 250, 100, 150], (150.0, 250, 75, 100), np.array([250, 150, 100, 75])],
)
def test_masses_in_any_form_and_order(given):
    assert find_marker(given).masses == (250.0, 150.0, 100.0, 75.0)


@pytest.mark.parametrize("marker", MARKERS, ids=lambda m: m.name)
def test_every_standard_is_descending_and_sourced(marker):
    assert np.all(np.diff(marker.masses) < 0)
    assert min(marker.masses) > 0
    assert marker.source
    assert marker.gel
    assert find_marker(marker.name.upper()) is marker
    assert find_marker(marker) is marker
    for alias in marker.aliases:
        assert find_marker(alias) is marker


@pytest.mark.parametrize("bad", ["250", [250], [], "250,-3", [250, 0], [250, float("nan")], "75,75,50", 12, [None, 3]])
def test_masses_that_cannot_be_right(bad):
    with pytest.raises(BlotError):
        find_marker(bad)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(BlotError, match="pageruler"):
        find_marker("page-rule")
    with pytest.raises(BlotError, match=r"precision-plus.*magicmark-xp"):
        find_marker("qqqq")
    with pytest.raises(BlotError):
        find_marker("")
