"""The command about loading controls: ``loading``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Optional

import typer

from ublot.cli.printing import check_new_file, print_json, write_table
from ublot.errors import BlotError

__all__ = ["register"]

_OUTPUT = "Output"
# typer tells an option that may be absent by Optional in every version that it has had.
_Text = Optional[str]  # noqa: UP045
_Place = Optional[Path]  # noqa: UP045


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(rich_help_panel="Measure")(loading)


def loading(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The membrane probed for the control or stained.")],
    layout: Annotated[
        _Place,
        typer.Option("--layout", metavar="CSV", help="That of the blot; a column dilution marks a dilution series."),
    ] = None,
    like: Annotated[
        _Place,
        typer.Option("--like", metavar="DIR", help="Result of the blot itself: its lanes and its layout are taken."),
    ] = None,
    lanes: Annotated[_Text, typer.Option("--lanes", metavar="N", help="How many lanes; else the layout's.")] = None,
    first_lane: Annotated[
        _Text, typer.Option("--first-lane", metavar="X", help="Its column, px, where lanes at the ends are empty.")
    ] = None,
    control: Annotated[
        str,
        typer.Option("--control", metavar="WHAT", help="band: the strongest one that lanes share; total: all signal."),
    ] = "band",
    polarity: Annotated[_Text, typer.Option("--polarity", metavar="HOW")] = None,
    response: Annotated[_Text, typer.Option("--response", metavar="HOW")] = None,
    channel: Annotated[_Text, typer.Option("--channel", metavar="N")] = None,
    roi: Annotated[_Text, typer.Option("--roi", metavar="R0:R1,C0:C1")] = None,
    rotate: Annotated[_Text, typer.Option("--rotate", metavar="DEG")] = None,
    mirror: Annotated[bool, typer.Option("--mirror")] = False,
    out: Annotated[
        _Place, typer.Option("--out", metavar="CSV", help="Default: IMAGE_STEM.loads.csv.", rich_help_panel=_OUTPUT)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.", rich_help_panel=_OUTPUT)] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout instead of text.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on stdout.", rich_help_panel=_OUTPUT)] = False,
) -> None:
    """Measure a loading control in a second picture of the membrane, for ``ublot analyze --normalise``."""
    from ublot.inputs.params import make_params

    if control not in ("band", "total"):
        raise BlotError(f"{control!r} is no control", "option control", "allowed: band, total")
    place = out if out is not None else image.with_name(f"{image.stem}.loads.csv")
    _check_out(place, image, force=force)
    given = {"polarity": polarity, "response": response, "channel": channel, "roi": roi}
    params = make_params(**given, lanes=lanes, first_lane=first_lane, rotate=rotate, mirror=mirror)

    from ublot.pipeline.loading_control import measure_loading

    blot = None
    if like is not None:
        from ublot.results.reopening import load

        blot = load(like)
    # Turned as the blot was, unless said otherwise.
    turned = {"rotate": params.rotate} if rotate is not None else {}
    turned |= {"mirror": True} if mirror else {}
    columns = measure_loading(
        image,
        layout=layout,
        lanes=params.lanes,
        first_lane=params.first_lane,
        control="total" if control == "total" else "band",
        polarity=params.polarity,
        response=params.response,
        channel=params.channel,
        roi=params.roi,
        like=blot,
        **turned,
    )
    write_table(place, columns)
    if json:
        print_json({"loads": str(place), "columns": columns})
    elif not quiet:
        for lane, load, low, high, flags in zip(
            *(columns[key] for key in ("lane", "load", "load_low", "load_high", "flags")), strict=True
        ):
            said = "-" if load != load else f"{load:.3f}  ({low:.3f} to {high:.3f})"
            print(f"lane {lane:>3}  {said}  {flags}".rstrip())
        if columns.get("moved_px"):
            moved = columns["moved_px"][0]
            where = "right of" if moved > 0 else "left of"
            of = "the blot's lanes" if like is not None else "where lanes were looked for first"
            print(f"the lanes stand {abs(moved):g} px to the {where} {of}; measured there")
        print(f"{place}: give it to ublot analyze --normalise")


def _check_out(out: Path, image: Path, *, force: bool) -> None:
    fix = "choose another name with --out"
    if os.path.realpath(out) == os.path.realpath(image):
        raise BlotError("the table would replace the picture", out, fix)
    check_new_file(out, force=force, fix=fix)
