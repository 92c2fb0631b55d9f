"""Makes the README's pictures anew: ``xvfb-run -a -s "-screen 0 1600x1000x24" python .ci/readme_pictures.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image
from screenshot import PICTURES
from screenshot import main as take_screenshots

import ublot

ROOT = Path(__file__).parents[1]
OUT = ROOT / "test_images" / "readme"


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result")
        ublot.analyze(ROOT / "test_images" / "dose_series.tif", marker="precision-plus").save(result)
        beside(Image.open(result / "overlay.png"), Image.open(result / "scores.png")).save(
            OUT / "overview.png", optimize=True
        )
        take_screenshots(folder)
        for name in PICTURES:
            # 256 colours are enough for a window, and a third of the size.
            window = Image.open(Path(folder, f"napari_{name}.png")).convert("RGB")
            window.quantize(256, dither=Image.Dither.NONE).save(OUT / f"napari_{name}.png", optimize=True)


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures on white, with letters of about one size."""
    left, right = (scaled(picture, height) for picture, height in ((left, 720), (right, 480)))
    page = Image.new("RGB", (left.width + right.width, left.height), "white")
    page.paste(left, (0, 0))
    page.paste(right, (left.width, (left.height - right.height) // 2))
    return page


def scaled(picture: Image.Image, height: int) -> Image.Image:
    """Return the picture without transparency at a height in px."""
    return picture.convert("RGB").resize(
        (round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS
    )


if __name__ == "__main__":
    main()
