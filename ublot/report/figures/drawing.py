"""PNG files of figures: how large, how heavy, in which colours.

Figures of matplotlib are drawn without a window (no pyplot, no global state), in any thread.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ublot.report.figures.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["DPI", "HEAVIEST", "LARGEST", "LEAST_DPI", "png_bytes", "png_file", "png_of_levels"]

DPI = 150
LARGEST = 1500  # pixels of the blot's figure along its longer side
HEAVIEST = 450_000  # bytes of it, from where on it is drawn smaller
LEAST_DPI = 60


def png_bytes(figure: Figure, dpi: float = DPI, *, palette: bool = True) -> bytes:
    """Figure of matplotlib as a PNG file; `palette` as in `png_file`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a compound's name in any script
        canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return png_file(Image.fromarray(pixels[..., :3]), dpi, palette=palette)


def png_file(picture: Image.Image, dpi: float, *, palette: bool = True) -> bytes:
    """Picture as a PNG file.

    Parameters
    ----------
    picture : Image, RGB
    dpi : float
    palette : bool
        Store greys and the colours of `ublot.report.figures.style` in a palette of 256: a third of the bytes, and no
        difference to be seen. Not for a figure with a colour scale.
    """
    from PIL import Image

    if not palette:
        return png_of_levels(np.asarray(picture)[..., ::-1], dpi)
    paper = picture.getpixel((0, 0))
    picture = picture.quantize(palette=_palette(), dither=Image.Dither.NONE)
    # The search for the nearest colour is coarse: paper must stay what it was.
    colours = picture.getpalette() or []
    at = 3 * int(picture.getpixel((0, 0)))  # type: ignore[arg-type]
    colours[at : at + 3] = list(paper)  # type: ignore[arg-type]
    picture.putpalette(colours)
    stream = io.BytesIO()
    # A fifth of the default's time, for a fifth more bytes.
    picture.save(stream, format="PNG", dpi=(dpi, dpi), compress_level=2)
    return stream.getvalue()


def png_of_levels(levels: NDArray[np.uint8], dpi: float) -> bytes:
    """Greys, or blue, green and red, as a PNG file: by OpenCV, in half the time that pillow's filters take."""
    import cv2

    png = bytes(cv2.imencode(".png", levels)[1])
    per_metre = round(dpi / 0.0254)
    size = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    header = 8 + 25  # signature, and the block that comes first in every PNG file
    return png[:header] + struct.pack(">I", 9) + size + struct.pack(">I", zlib.crc32(size)) + png[header:]


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
