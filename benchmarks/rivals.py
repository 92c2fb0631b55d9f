"""What a user would take instead of ublot, timed on the same blot: rolling balls and gelpy's whole analysis."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

__all__ = ["BALL", "ball_of_imagej", "ball_of_scikit_image", "imagej_of", "whole_of_gelpy"]

BALL = 50  # px: the radius that both are given
SIDE = 512  # px: scikit-image's ball takes a minute on a whole blot
TURNS = 6  # of ImageJ's ball in one machine, which is warm after the first ones
MACRO = 'open("{image}");s=getTime();run("Subtract Background...","rolling={ball}");print("ms "+(getTime()-s));close();'


def ball_of_scikit_image(image: Path) -> tuple[str, Callable[[], object]]:
    """Over a corner of `SIDE` px; to be multiplied by the number of corners."""
    from skimage.restoration import rolling_ball

    corner = np.ascontiguousarray(tifffile.imread(image)[:SIDE, :SIDE], np.float32)
    return f"scikit-image rolling ball, {SIDE} x {SIDE}", lambda: rolling_ball(corner, radius=BALL)


def imagej_of(jar: Path) -> Callable[[Path], str]:
    """How a macro is run on a screen of its own, which gives what ImageJ prints.

    Raises
    ------
    OSError
        Where Java, a screen or ImageJ is lacking.
    """
    screen, java = shutil.which("xvfb-run"), shutil.which("java")
    if not (screen and java and jar.is_file()):
        raise OSError(f"needs xvfb-run, java and {jar}")
    line = [screen, "-a", java, "-jar", str(jar), "-batch"]

    def run(macro: Path) -> str:
        words = [*line, str(macro)]
        return subprocess.run(words, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout

    return run


def ball_of_imagej(image: Path, jar: Path) -> tuple[str, Callable[[], object]]:
    """ImageJ's own clock around its ball alone, the median of the later turns in one warm machine.

    Raises
    ------
    OSError
        Where Java, a screen or ImageJ is lacking.
    """
    imagej = imagej_of(jar)
    macro = image.with_suffix(".ijm")
    macro.write_text(MACRO.format(image=image, ball=BALL) * TURNS)

    def run() -> float:
        said = imagej(macro)
        spent = [float(words.split()[1]) for words in said.splitlines() if words.startswith("ms ")]
        return float(np.median(spent[TURNS // 2 :])) / 1000

    return "ImageJ rolling ball, warm", run


def whole_of_gelpy(image: Path, python: Path, lanes: int) -> tuple[str, Callable[[], object]]:
    """Its four commands, from the file to fitted peaks, in a run folder of their own.

    Raises
    ------
    OSError
        Where there is no gelpy.
    """
    gelpy = python.with_name("gelpy")
    if not gelpy.is_file():
        raise OSError(f"no gelpy beside {python}")

    def run() -> None:
        with tempfile.TemporaryDirectory(prefix="gelpy-") as folder:
            place = os.path.join(folder, "run")
            for words in (
                ("init", place, str(image), "--n-lanes", str(lanes)),
                ("lanes", "detect", place, "--apply"),
                ("background", "remove", place),
                ("fit", "run", place),
            ):
                subprocess.run([str(gelpy), *words], check=True, capture_output=True)

    return "gelpy, its whole analysis", run
