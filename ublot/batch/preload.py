"""Loads what every blot needs, once, in the process that the workers are copied from."""

from __future__ import annotations

import matplotlib.backends.backend_agg
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal

import ublot.analysis
import ublot.batch.engines
import ublot.report.figures

del matplotlib, scipy, ublot
