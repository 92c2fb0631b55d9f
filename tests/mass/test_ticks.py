"""Marks that a person drew for the masses: printed ticks, dashes, arrows, strokes and dots of a pen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ublot.mass import ticks
from ublot.model import Window

MASSES = (250, 150, 100, 75, 50, 37)
ROWS = (48, 80, 110, 134, 170, 198)
WINDOW = Window(30, 220, 110, 260)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def find_ticks(image, *rest):
    return ticks.find_ticks(image.astype(np.float32), *rest)


def find_marks(image, *rest):
    return ticks.find_marks(image.astype(np.float32), *rest)


def page(seed=0, size=0.4, *, words=True):
    """A film with a frame on white paper, masses written at its left; ink is positive."""
    rng = np.random.default_rng(seed)
    image = np.zeros((250, 300), np.uint8)
    image[WINDOW.slices] = (60 + rng.normal(0, 4, (WINDOW.height, WINDOW.width))).round()
    cv2.rectangle(image, (WINDOW.left - 2, WINDOW.top - 1), (WINDOW.right, WINDOW.bottom), 255, 1)
    if words:
        for mass, row in zip(MASSES, ROWS, strict=True):
            cv2.putText(image, f"{mass}", (40, row + 5), FONT, size, 255, 1, cv2.LINE_AA)
        cv2.putText(image, "kDa", (40, 25), FONT, size, 255, 1, cv2.LINE_AA)
    return image


def drawn(image, how, rows=ROWS):
    for row in rows:
        if how == "tick":
            cv2.line(image, (88, row), (101, row), 255, 2)
        elif how == "touching":
            cv2.line(image, (92, row), (WINDOW.left - 1, row), 255, 1)
        elif how == "dashes":
            cv2.line(image, (84, row), (90, row), 255, 1)
            cv2.line(image, (94, row), (100, row), 255, 1)
        elif how == "arrow":
            cv2.arrowedLine(image, (80, row), (103, row), 255, 1, tipLength=0.3)
    return image


@pytest.mark.parametrize("how", ["tick", "touching", "dashes", "arrow"])
@pytest.mark.parametrize("blurred", [False, True])
def test_one_stroke_for_each_mass_is_found_beside_its_number(how, blurred):
    image = drawn(page(), how)
    if blurred:
        image = cv2.imdecode(cv2.imencode(".jpg", 255 - image, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], 0)
        image = 255 - image
    found = find_ticks(image, WINDOW, (0, WINDOW.left), len(MASSES))
    assert found is not None
    np.testing.assert_allclose(found.rows, ROWS, atol=1.5)


@pytest.mark.parametrize("size", [0.3, 0.4, 0.5, 0.6])
def test_numbers_alone_are_no_strokes(size):
    assert find_ticks(page(size=size), WINDOW, (0, WINDOW.left), len(MASSES)) is None


@pytest.mark.parametrize("count", [3, 5, 7])
def test_as_many_strokes_as_masses_no_fewer_no_more(count):
    assert find_ticks(drawn(page(), "tick"), WINDOW, (0, WINDOW.left), count) is None


def test_a_film_without_anything_beside_it_has_no_strokes():
    assert find_ticks(page(words=False), WINDOW, (0, WINDOW.left - 5), len(MASSES)) is None


def test_strokes_of_a_pen_lean_and_differ():
    image = page()
    rng = np.random.default_rng(3)
    for row in ROWS:
        begin = (116 + int(rng.integers(0, 5)), row + int(rng.integers(0, 3)))
        cv2.line(image, begin, (134 + int(rng.integers(0, 5)), row - int(rng.integers(0, 3))), 255, 3)
    found = find_ticks(image, WINDOW, (WINDOW.left, 145), len(MASSES))
    assert found is not None
    np.testing.assert_allclose(found.rows, ROWS, atol=3)


def lane_with_dots(rows, seed=0):
    image = page(seed)
    for row, wide in zip(rows, (9, 2, 7, 1, 8, 2, 5), strict=False):
        cv2.rectangle(image, (128 - wide, row - 1), (128 + wide, row + 1), 255, -1)
    return image


def test_dots_in_a_lane_are_found_however_small_and_nothing_beside_them():
    lane = (116, 141)
    found = find_marks(lane_with_dots(ROWS), WINDOW, lane, len(MASSES))
    assert found is not None
    np.testing.assert_allclose(found.rows, ROWS, atol=0.6)
    assert find_marks(lane_with_dots((*ROWS, 212)), WINDOW, lane, len(MASSES)) is None
    assert find_marks(lane_with_dots(ROWS[:-1]), WINDOW, lane, len(MASSES)) is None
    smeared = lane_with_dots(ROWS)
    smeared[100:160, 120:136] += 90
    assert find_marks(smeared, WINDOW, lane, len(MASSES)) is None
