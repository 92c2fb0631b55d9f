"""Loads what every blot needs, once, in the process that the workers are copied from; pages need more and load it."""

from __future__ import annotations

import scipy.linalg
import scipy.optimize
import scipy.special
import tifffile

import ublot.batch.engines
import ublot.results.analysis
import ublot.results.comparison

del scipy, tifffile, ublot
