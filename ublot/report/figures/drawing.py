"""Figures of one analysis: the blot with its lanes, the profiles, the scores.

They are matplotlib figures without a window (no pyplot, no global state), so that they can be drawn in any thread.
"""

from __future__ import annotations

import io
import math
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ublot.report.figures.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

__all__ = ["DPI", "light_png", "png_bytes"]

DPI = 150
LARGEST = 1500  # pixels of the blot's figure along its longer side
HEAVIEST = 450_000  # bytes of it, from where on it is drawn smaller
LEAST_DPI = 60


def light_png(figure: Figure) -> tuple[bytes, float]:
    """The blot's figure as a PNG file that a page can hold, and its dots per inch.

    The grain of a noisy picture cannot be compressed: it is drawn smaller until it fits.
    """
    dpi = min(DPI, LARGEST / max(figure.get_size_inches()))
    while True:
        png = png_bytes(figure, dpi)
        heavy = len(png) / HEAVIEST
        if heavy <= 1 or dpi <= LEAST_DPI:
            return png, dpi
        dpi = max(dpi * min(0.9, 1 / math.sqrt(heavy)), LEAST_DPI)


def png_bytes(figure: Figure, dpi: float = DPI, *, palette: bool = True) -> bytes:
    """Figure as a PNG file.

    Parameters
    ----------
    figure : Figure
    dpi : float
    palette : bool
        Store greys and the colours of `ublot.report.figures.style` in a palette of 256: a third of the bytes, and no
        difference to be seen. Not for a figure with a colour scale.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a compound's name in any script
        canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    picture = Image.fromarray(pixels[..., :3])
    if palette:
        paper = picture.getpixel((0, 0))
        picture = picture.quantize(palette=_palette(), dither=Image.Dither.NONE)
        # The search for the nearest colour is coarse: paper must stay what it was.
        colours = picture.getpalette() or []
        at = 3 * int(picture.getpixel((0, 0)))  # type: ignore[arg-type]
        colours[at : at + 3] = list(paper)  # type: ignore[arg-type]
        picture.putpalette(colours)
    stream = io.BytesIO()
    picture.save(stream, format="PNG", dpi=(dpi, dpi))
    return stream.getvalue()


@lru_cache(maxsize=1)
def _palette() -> Image.Image:
    """Greys, and each colour in steps to white and to black, as lines and letters have them at their edges."""
    from PIL import Image

    colours = [np.full(3, grey) for grey in np.linspace(0, 255, 88)]
    for name in PALETTE:
        colour = np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)])
        colours += [255 + (colour - 255) * share for share in np.linspace(0.12, 1, 16)]
        colours += [colour * share for share in np.linspace(0.15, 0.9, 8)]
    flat = np.round(colours).astype(int).ravel().tolist()
    picture = Image.new("P", (1, 1))
    picture.putpalette(flat + [0] * (768 - len(flat)))
    return picture
