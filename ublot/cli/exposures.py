"""The command about several exposures of one membrane: ``exposures``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from ublot.cli.printing import check_new_file, print_json
from ublot.errors import BlotError

__all__ = ["register"]

_OUTPUT = "Output"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(rich_help_panel="Measure")(exposures)


def exposures(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Exposures of one membrane, in any order.", show_default=False),
    ],
    merge: Annotated[bool, typer.Option("--merge", help="Join them into one picture of high dynamic range.")] = False,
    out: Annotated[
        Optional[Path],  # noqa: UP045 -- typer tells an option that may be absent by Optional in every version
        typer.Option("--out", metavar="TIF", help="Where the merged picture goes.", rich_help_panel=_OUTPUT),
    ] = None,
    channel: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--channel", metavar="N", help="Page or channel of every file, counted from 1."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.", rich_help_panel=_OUTPUT)] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout instead of text.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on stdout.", rich_help_panel=_OUTPUT)] = False,
) -> None:
    """Say which exposure of a membrane to use, or merge them for ``ublot analyze``."""
    from ublot.inputs.params import make_params

    chosen = make_params(channel=channel).channel
    if merge != (out is not None):
        fix = "give both: --merge --out merged.tif"
        raise BlotError("--merge and --out belong together", "exposures", fix)
    if out is not None:
        _check_out(out, images, force=force)

    from ublot.io.images.exposures import read_exposures, save_exposures

    blot = read_exposures(list(images), merge=merge, channel=chosen)
    said = blot.source.metadata
    facts: dict[str, Any] = {"exposures": said["exposures"], "seam": said["exposures_seam"]}
    facts["use"] = str(out) if out is not None else blot.source.path
    if out is not None:
        save_exposures(blot, out)
    if json:
        print_json(facts)
    elif not quiet:
        for part in said["exposures"].split("; "):
            print(part)
        if out is not None:
            print(f"steps where they are joined: {said['exposures_seam']}\nThe merged picture is {out}")


def _check_out(out: Path, images: list[Path], *, force: bool) -> None:
    fix = "choose another name with --out"
    if any(os.path.realpath(out) == os.path.realpath(image) for image in images):
        raise BlotError("the merged picture would replace an exposure", out, fix)
    if out.suffix.lower() not in (".tif", ".tiff"):
        raise BlotError("the merged picture is a TIFF", out, "give a name that ends in .tif")
    check_new_file(out, force=force, fix=fix)
