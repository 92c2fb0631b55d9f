"""Modules that are put off: not loaded by what a command loads, and whole once they are used."""

from __future__ import annotations

import subprocess
import sys

from ublot.cli.late_modules import LATE

SCRIPT = """
import sys
from importlib.util import _LazyModule
from ublot.cli.late_modules import LATE, put_off_modules
put_off_modules()
import scipy.linalg
print([type(sys.modules[name]) is _LazyModule for name in LATE])
import scipy.optimize, scipy.special
import numpy as np
np.testing.assert_allclose(scipy.spatial.distance.pdist([[0.0, 0.0], [3.0, 4.0]]), [5.0])
np.testing.assert_allclose(np.polynomial.legendre.leggauss(1), [[0.0], [2.0]], atol=1e-15)
assert np.ma.masked_array([1.0, 2.0], [True, False]).mean() == 2.0
from xml.etree import ElementTree
assert ElementTree.fromstring("<a>b</a>").text == "b"
from numpy.f2py import f2py2e
put_off_modules()
print([type(sys.modules[name]) is _LazyModule for name in LATE], f2py2e.__name__)
"""


def test_modules_are_loaded_by_their_first_use() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True, check=True)
    before, after = done.stdout.splitlines()
    assert before == str([True] * len(LATE))
    assert after == f"{[False] * len(LATE)} numpy.f2py.f2py2e"
