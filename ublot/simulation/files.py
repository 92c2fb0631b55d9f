"""Simulated blots as files: the image, its layout and its truth side by side."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError
from ublot.simulation.blot import SimulatedBlot, simulate_blot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.simulation.settings import Difficulty

__all__ = ["earlier_blots", "save_blot", "write_blots"]

MAKER = "ublot simulate"


def write_blots(folder: str | Path, cases: int = 1, seed: int = 1, difficulty: Difficulty = "ordinary") -> list[Path]:
    """Simulate `cases` blots into `folder`: ``blot_001.tif``, ``blot_001.layout.csv``, ``blot_001.truth.json``, ...

    Case ``k`` is ``simulate_blot(seed=seed + k - 1, difficulty=difficulty)``. Blots that this function wrote are
    replaced; nothing else is.

    Returns
    -------
    list of Path
        The images.

    Raises
    ------
    BlotError
        Where a file of that name was not written here or was changed since, or the folder cannot be written.
    """
    if cases < 1:
        raise BlotError(f"{cases} blots cannot be simulated", "cases", "ask for 1 or more")
    folder = Path(folder)
    stems = [f"blot_{k + 1:03d}" for k in range(cases)]
    # All are checked before the first is written, so that a refusal leaves the folder as it was.
    for stem in stems:
        _refuse_foreign(folder, stem)
    return [
        save_blot(simulate_blot(seed=seed + k, difficulty=difficulty), folder, stem, difficulty)
        for k, stem in enumerate(stems)
    ]


def earlier_blots(folder: str | Path, images: Sequence[Path]) -> list[str]:
    """Names of simulated blots in `folder` that are not among `images`: left from a run that made more of them."""
    stems = {image.stem for image in images}
    others = (path.name.removesuffix(".truth.json") for path in Path(folder).glob("blot_*.truth.json"))
    return sorted(stem for stem in others if stem not in stems)


def save_blot(blot: SimulatedBlot, folder: str | Path, stem: str, name: str) -> Path:
    """Write one blot as ``STEM.tif`` (``.png``, ``.jpg``), ``STEM.layout.csv`` and ``STEM.truth.json``.

    Parameters
    ----------
    blot : SimulatedBlot
    folder : path
        Made where it is missing.
    stem : str
    name : str
        ``set`` in the truth: what this blot is an example of.

    Raises
    ------
    BlotError
        Where one of the files exists and was not written here, or cannot be written.
    """
    folder = Path(folder)
    _refuse_foreign(folder, stem)
    image = folder / f"{stem}{blot.suffix}"
    pixels, layout = _encode(blot), _layout_csv(blot)
    sums = {p.name: hashlib.sha256(data).hexdigest() for p, data in ((image, pixels), (_layout(folder, stem), layout))}
    truth = {"set": name, "image": image.name, "made_by": MAKER, "sha256": sums, **blot.truth}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in _pictures(folder, stem):
            old.unlink()
        # The truth first: a run that is cut short must not leave a picture that the next run takes for foreign.
        _truth(folder, stem).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
        _layout(folder, stem).write_bytes(layout)
        image.write_bytes(pixels)
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror or error})", folder, "choose another folder") from error
    return image


def _truth(folder: Path, stem: str) -> Path:
    return folder / f"{stem}.truth.json"


def _layout(folder: Path, stem: str) -> Path:
    return folder / f"{stem}.layout.csv"


def _pictures(folder: Path, stem: str) -> list[Path]:
    return [p for s in (".tif", ".png", ".jpg") if (p := folder / f"{stem}{s}").exists()]


def _refuse_foreign(folder: Path, stem: str) -> None:
    """Raise where a file in the way is not exactly what the truth beside it says was written."""
    if folder.exists() and not folder.is_dir():
        raise BlotError("is a file", folder, "choose a folder")
    truth = _truth(folder, stem)
    files = [*_pictures(folder, stem), *(p for p in (_layout(folder, stem),) if p.exists())]
    if not files and not truth.exists():
        return
    advice = "choose another folder, or move the file away"
    try:
        known = json.loads(truth.read_text(encoding="utf-8"))
        ours = isinstance(known, dict) and known.get("made_by") == MAKER
        sums = dict(known["sha256"]) if ours else {}
    except (OSError, ValueError, KeyError, TypeError):
        ours, sums = False, {}
    if truth.exists() and not ours:
        raise BlotError("exists and was not simulated by ublot", truth, advice)
    for file in files:
        if sums.get(file.name) != hashlib.sha256(file.read_bytes()).hexdigest():
            raise BlotError("exists and is not as ublot simulated it", file, advice)


def _encode(blot: SimulatedBlot) -> bytes:
    buffer = io.BytesIO()
    if blot.suffix == ".tif":
        import tifffile

        tifffile.imwrite(
            buffer, blot.image, compression="zlib", predictor=True, photometric="minisblack", metadata=None
        )
    else:
        from PIL import Image

        picture = Image.fromarray(np.asarray(blot.image, np.uint8))
        if blot.suffix == ".png":
            picture.save(buffer, "PNG", optimize=True)
        else:
            picture.save(buffer, "JPEG", quality=blot.settings.quality)
    return buffer.getvalue()


def _layout_csv(blot: SimulatedBlot) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(blot.layout[0]), lineterminator="\n")
    writer.writeheader()
    for row in blot.layout:
        writer.writerow({k: "" if v is None else f"{v:g}" if isinstance(v, float) else v for k, v in row.items()})
    return text.getvalue().encode()
