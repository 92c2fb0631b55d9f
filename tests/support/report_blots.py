"""Blots for the tests of pages: one with names that would break a careless page, and three replicates."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from blots import layout_of, small_blot

import ublot
from ublot.simulation import save_blot, simulate_blot

HOSTILE = (
    "<script>window.alerted=1;alert(1)</script>\"'&amp; \N{GREEK SMALL LETTER ALPHA}\N{CJK UNIFIED IDEOGRAPH-5316}"
)
NAME = 'it\'s a "blot" <b>&\N{LATIN SMALL LETTER U WITH DIAERESIS} $(touch x).tif'


@cache
def folder():
    """A place for them that lasts as long as the tests."""
    path = Path(tempfile.mkdtemp(prefix="pages with a space & more "))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@cache
def hostile_analysis():
    """Analysis of a blot whose file, compound and notes are named with malice."""
    blot = small_blot()
    path = folder() / NAME
    save_blot(blot, folder(), "plain", "test").rename(path)
    rows = layout_of(blot)
    for row in rows:
        if row["role"] == "sample":
            row["compound"] = HOSTILE
        row["note"] = "</td></table><img src=x onerror=alert(1)>"
    return ublot.analyze(path, layout=rows, marker="precision-plus")


@cache
def three_saved():
    """Folders of three replicate blots, analysed and saved; the images lie beside them."""
    saved = []
    for k in range(3):
        blot = simulate_blot(seed=30 + k, difficulty="easy", shape=(320, 480), lanes=10)
        image = save_blot(blot, folder(), f"blot{k}", "test")
        analysis = ublot.analyze(image, marker="precision-plus", ladder=False)
        saved.append(analysis.save(folder() / f"blot{k}.ublot", report=k < 2))
    return saved
