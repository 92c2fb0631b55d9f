"""The command line: thin commands over the library. Whatever is heavy is imported by the command that needs it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ublot import __version__
from ublot.cli.errors import OneLineGroup, note
from ublot.cli.exposures import register as register_exposures
from ublot.cli.late_modules import LATE_IN_OPTIONS, put_off_modules
from ublot.cli.loading import register as register_loading
from ublot.cli.options import (
    INSPECTED,
    OUTPUT,
    AnalysisCommand,
    Force,
    Json,
    NoReport,
    Out,
    Place,
    Quiet,
    Text,
    with_analysis_options,
)
from ublot.cli.printing import lanes_table, print_facts, print_json, progress_bar, whole_number
from ublot.cli.second_half import second_half
from ublot.cli.simulation import register as register_simulation
from ublot.cli.statistics import register as register_statistics
from ublot.errors import BlotError
from ublot.numerics.threads import THREADS
from ublot.option_words import told

__all__ = ["app", "main"]

OFTEN = gc.get_threshold()
RARELY = 100_000, *OFTEN[1:]  # new objects between searches for garbage: with these a command is over a tenth sooner

app = typer.Typer(
    name="ublot",
    cls=OneLineGroup,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ublot {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Ubiquitination ladders and smears on Western blots: how much more than with DMSO, and can it be trusted."""
    if context.invoked_subcommand is None:
        print(context.get_help())


# --------------------------------------------------------------------------------------------------------- commands
@app.command(cls=AnalysisCommand, rich_help_panel="Measure")
@with_analysis_options()
def analyze(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="TIFF, PNG, .1sc, .gel, …", show_default=False)],
    layout: Annotated[
        Place,
        typer.Option(
            "--layout",
            metavar="CSV",
            help="What is in which lane. Default: IMAGE_STEM.layout.csv beside the image, where there is one.",
        ),
    ] = None,
    config: Annotated[
        Place, typer.Option("--config", metavar="TOML", help="Options from a file; those given here win.")
    ] = None,
    again: Annotated[
        Place,
        typer.Option(
            "--again",
            metavar="RESULT_DIR",
            help="Options, layout and edits of a saved result; those given win.",
        ),
    ] = None,
    out: Out = None,
    no_report: NoReport = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Analyze one blot, from pixels to the score relative to DMSO."""
    put_off_modules()
    beside = second_half(report=not no_report)
    from ublot.inputs.params import make_params, read_config
    from ublot.io.result_folder import check_out, default_out

    run = {"no_report": no_report, "force": force, "json": json, "quiet": quiet}
    # Everything that can be refused without looking at pixels is refused first.
    if again is not None and config is not None:
        raise BlotError(told("{again} and {config} are both given"), again, "give one of them")
    make_params(config, **options)
    if config is not None:
        stored = read_config(config)
        run = {key: given or bool(stored.get(key)) for key, given in run.items()}
    if not os.path.isfile(image):
        problem = "the image is a folder" if os.path.isdir(image) else "no such image"
        raise BlotError(problem, image, "give one file; ublot batch takes many")
    out = out or default_out(image)
    check_out(out, image=image, force=run["force"])

    from ublot.results.analysis import analyze as run_analysis

    given: dict[str, Any] = {"layout": layout, "config": config}
    picture: Any = image
    if again is not None:
        from ublot.io.images.reading import read_blot
        from ublot.results.reopening import load

        earlier = load(again)
        given = {"layout": layout or earlier.layout, "config": earlier.params.model_dump(), "edits": earlier.edits}
        # As a path it would be given the layout beside it, which that result was made without.
        picture = image if given["layout"] is not None else read_blot(image)
    with progress_bar(shown=not (run["quiet"] or run["json"])) as progress:
        analysis = run_analysis(picture, **given, progress=progress, **options)
        progress("writing the result", 1.0)
        if run["no_report"]:
            analysis.forget_pixels()
        analysis.save(out, report=not run["no_report"], force=run["force"], beside=beside)
    _report(analysis, out, as_json=run["json"], quiet=run["quiet"])


@app.command(cls=AnalysisCommand, rich_help_panel="Measure")
@with_analysis_options()
def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Folders, globs, @list.txt, images; paths or URLs such as s3://bucket/blots.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where the results go: a folder or a URL.", show_default=False)
    ],
    layout: Annotated[
        Text,
        typer.Option(
            "--layout",
            metavar="CSV",
            help="For images without NAME.layout.csv beside them: one sheet for all, column image telling which.",
        ),
    ] = None,
    config: Annotated[
        Text, typer.Option("--config", metavar="TOML", help="Options for all; NAME.toml beside an image goes before.")
    ] = None,
    workers: Annotated[
        Text, typer.Option("--workers", metavar="N", help="Processes. Default: the cores there are; 0: none but this.")
    ] = None,
    scheduler: Annotated[
        Text, typer.Option("--scheduler", metavar="tcp://HOST:PORT", help="Work on a running dask cluster instead.")
    ] = None,
    no_report: NoReport = False,
    force: Annotated[
        bool, typer.Option("--force", help="Do all anew, edited results too.", rich_help_panel=OUTPUT)
    ] = False,
    json: Json = False,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="One JSON object per line on stdout.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Analyze many blots, each with its layout beside it; run again to go on where it was stopped."""
    put_off_modules()
    from ublot.batch.run import BatchInterrupted, run_batch
    from ublot.cli.batch_progress import batch_progress, print_summary

    gc.set_threshold(*OFTEN)  # hundreds of blots leave more behind than one
    if json and log_json:
        raise BlotError("--json and --log-json exclude each other", "batch", "give one of them")
    try:
        with _stop_by_sigterm(), batch_progress(log_json=log_json, shown=not (quiet or json)) as progress:
            result = run_batch(
                inputs,
                out=out,
                layout=layout,
                config=config,
                workers=None if workers is None else whole_number("workers", workers, 0),
                scheduler=scheduler,
                report=not no_report,
                force=force,
                progress=progress,
                **options,
            )
    except BatchInterrupted as stopped:
        note(f"ublot: {stopped}")
        raise typer.Exit(130) from None
    if json:
        failures = [{"image": f.image, "stage": f.stage, "error": f.error} for f in result.failures]
        print_json({**vars(result), "failures": failures, "notes": list(result.notes)})
    print_summary(result, quiet=quiet or json or log_json)
    if result.failures:
        raise typer.Exit(1)


@app.command(rich_help_panel="Try it")
def demo(
    out: Out = Path("ublot-demo"),
    no_report: NoReport = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a dose series of a SMAC mimetic with DMSO lanes and analyze it."""
    from ublot.io.result_folder import check_out

    out = out or Path("ublot-demo")
    check_out(out, force=force)

    from tempfile import TemporaryDirectory

    import ublot
    from ublot.inputs.layout import find_layout
    from ublot.results.analysis import analyze as run_analysis
    from ublot.simulation import demo_blot, save_blot

    with progress_bar(shown=not (quiet or json)) as progress, TemporaryDirectory() as folder:
        progress("simulating a blot", 0.0)
        simulated = demo_blot()
        image = save_blot(simulated, folder, "demo", "demo")
        # The blot goes into the result, so that it can be looked at and analysed again.
        blot = ublot.read_blot(image)
        blot = replace(blot, source=replace(blot.source, path=str(out / image.name)))
        analysis = run_analysis(blot, layout=find_layout(image), marker="precision-plus", progress=progress)
        analysis.save(out, report=not no_report, force=force)
        save_blot(simulated, out, "demo", "demo")
    _report(analysis, out, as_json=json, quiet=quiet)


@app.command(name="inspect", cls=AnalysisCommand, rich_help_panel="Measure")
@with_analysis_options(*INSPECTED)
def inspect_image(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", show_default=False)],
    picture: Annotated[
        Place, typer.Option("--picture", metavar="PNG", help="Draw what was seen: pictures, lanes, marker.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Say what a file is, what is seen on it, and whether it may be quantified."""
    put_off_modules()
    from ublot.inputs.layout import find_layout, read_layout
    from ublot.inputs.params import make_params
    from ublot.pipeline.inspection import inspect_blot
    from ublot.pipeline.pixels import read_pixels

    params = make_params(None, **options)
    blot = read_pixels(image, params)
    layout = find_layout(image)
    facts, stages = inspect_blot(blot, None if layout is None else read_layout(layout), params)
    if picture is not None:
        from ublot.report.figures.seen import save_seen

        save_seen(blot, stages.geometry, stages.calibration, picture)
    if json:
        print_json(facts)
    elif not quiet:
        print_facts(facts)


@app.command(rich_help_panel="Measure")
def view(
    path: Annotated[Path | None, typer.Argument(metavar="[IMAGE_OR_RESULT_DIR]", show_default=False)] = None,
) -> None:
    """Open a blot or a result in napari, the plugin docked; alone, the viewer with the plugin."""
    if path is not None and not os.path.exists(path):
        raise BlotError("no such image or result", path, "give an image, or a folder that ublot analyze wrote")
    try:
        import napari
        import ublot_napari
    except ImportError as error:
        fix = 'install them with: pip install "ublot[napari]"'
        raise BlotError(f"the viewer needs napari and Qt, which are not installed ({error})", "view", fix) from None
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise BlotError("there is no display to open a window on", "view", "run it on a desktop, or ssh -X")
    gc.set_threshold(*OFTEN)  # a window may be open for days
    ublot_napari.open_viewer(path)
    napari.run()


register_exposures(app)
register_loading(app)
register_simulation(app)
register_statistics(app)


# ----------------------------------------------------------------------------------------------------------- shared
def command_name(command: Any) -> str:
    """What a command is called by, as typer names it."""
    return str(command.name or command.callback.__name__)


def _report(analysis: Any, out: Path, *, as_json: bool, quiet: bool) -> None:
    """Say what came out: notes on stderr, the lanes on stdout."""
    for line in analysis.messages:
        note(line)
    columns = analysis.columns["lanes"]  # plain: pandas takes longer to import than a blot to analyse
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if as_json:
        print_json({"out": str(out), "messages": list(analysis.messages), "lanes": rows})
    elif not quiet:
        from ublot.scoring.primary import by_area

        lanes_table(rows, by_area=by_area(analysis.params))
        print(f"The result is in {out}")


@contextmanager
def _stop_by_sigterm() -> Iterator[None]:
    """Let SIGTERM, with which clusters and service managers end a run, stop it as Ctrl-C does."""
    import signal
    import threading

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> None:
    """Run the command line of this process."""
    import atexit
    import logging
    import warnings

    # Next to nothing that modules make while they load is garbage, and what is left at the end goes with the process.
    gc.set_threshold(*RARELY)
    atexit.register(gc.freeze)
    if not os.environ.get("UBLOT_DEBUG"):
        # What libraries say to programmers would bury the one line that is for the user.
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        # Nor are they to complain about files that they could not close on a full disk.
        sys.unraisablehook = lambda _: None
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot write a mu must not stop the run
    for name in THREADS:
        # Linear algebra is kept to one thread anyway: no others need to be started.
        os.environ.setdefault(name, "1")
    # Options are checked by no plugin: looking for one reads the entry points of every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    put_off_modules(LATE_IN_OPTIONS)
    # Looking through the options of every command takes a while: that of the one that is called is enough.
    called = [c for c in app.registered_commands if sys.argv[1:] and sys.argv[1] == command_name(c)]
    app.registered_commands = called or app.registered_commands
    app()
