"""One blot from pixels to the DMSO-relative score, and the result as an object that can be saved and reopened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.flags import refuses
from ublot.inputs.edits import Edits
from ublot.inputs.layout import Layout, find_layout, read_layout
from ublot.inputs.params import Params, make_params
from ublot.io.columns import as_frame, csv_bytes
from ublot.io.result_folder import OWN_FILES, RECORD, json_bytes, write_result
from ublot.lanes.lane_table import as_lanes
from ublot.model import Blot, Calibration, Lanes, Profile, Source
from ublot.option_words import template_of
from ublot.pipeline.marker_picture import check_same_marker
from ublot.pipeline.pixels import PIXEL_OPTIONS, check_same, read_pixels
from ublot.pipeline.stages import Progress, Run, Stages, run_stages
from ublot.results.blot_statistics import blot_statistics
from ublot.results.columns import DIGITS, Tables, clashes, stage_columns
from ublot.results.record import build_record, edits_from

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.figure import Figure

    from ublot.inputs.params import Params
    from ublot.ladder.cut import Ladder
    from ublot.numerics.beside import Begin, Beside


__all__ = ["Analysis", "analyze"]


class Analysis:
    """A finished analysis of one blot.

    Made by `analyze` and `ublot.load`. Its tables have the columns of the files it writes.

    Attributes
    ----------
    params : Params
    layout : Layout or None
    edits : Edits
        What a person changed by hand.
    geometry : Lanes
    calibration : Calibration or None
    source : Source
        Provenance of the image.
    messages : tuple of str
        Refusals and what could not be known, in words.
    """

    def __init__(
        self,
        *,
        source: Source,
        params: Params,
        layout: Layout | None,
        edits: Edits,
        geometry: Lanes,
        calibration: Calibration | None,
        messages: tuple[str, ...],
        tables: Callable[[], Tables],
        stages: Stages | None = None,
        blot: Blot | None = None,
        path: Path | None = None,
    ) -> None:
        self.source = source
        self.params = params
        self.layout = layout
        self.edits = edits
        self.geometry = geometry
        self.calibration = calibration
        self.messages = messages
        self._tables = tables
        self._compared: Callable[[], Tables] | None = None
        self._stages = stages
        self._blot = blot
        self._path = path

    @cached_property
    def columns(self) -> Tables:
        """Tables as plain columns: ``lanes``, ``species`` and ``profiles``."""
        return self._tables()

    @cached_property
    def lanes(self) -> pd.DataFrame:
        """One row per lane."""
        return self._frame("lanes")

    @cached_property
    def species(self) -> pd.DataFrame:
        """One row per lane and number of ubiquitins."""
        return self._frame("species")

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """One row per lane and row of pixels."""
        return self._frame("profiles")

    @property
    def is_compared(self) -> bool:
        """Whether `statistics` were asked for already: they take about as long as all the rest after an edit."""
        return "statistics" in self.__dict__

    @cached_property
    def statistics(self) -> Tables:
        """Tables across lanes as plain columns: ``summary`` and ``dose_response``."""
        return blot_statistics(self.columns["lanes"], self.source.name) if self._compared is None else self._compared()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per condition and quantity."""
        return self._frame("summary")

    @cached_property
    def dose_response(self) -> pd.DataFrame:
        """One row per compound with at least four doses, and quantity."""
        return self._frame("dose_response")

    def _frame(self, name: str) -> pd.DataFrame:
        return as_frame(self.columns[name] if name in self.columns else self.statistics[name])

    @property
    def image_path(self) -> Path | None:
        """Where the image lies; None for an array."""
        return self._path

    # ------------------------------------------------------------------------------------------- what it rests on
    @property
    def blot(self) -> Blot:
        """The blot itself; of a reopened result it is read again, and must be the same file.

        Raises
        ------
        BlotError
            The image is gone or has changed.
        """
        if self._blot is None:
            self._blot = self._read_again()
        return self._blot

    def forget_pixels(self) -> None:
        """Let go of the pixels of an image that lies in a file: of a large scan they are most of the memory.

        Whoever asks for them has them read again.
        """
        if self._path is not None:
            self._blot = None

    def _read_again(self) -> Blot:
        path = self._path
        if path is None:
            fix = "give it to ublot.load(folder, image=...) to re-run"
            raise BlotError("the result does not hold the array that it was made from", self.source.name, fix)
        if not path.is_file():
            raise BlotError("the image of this result is not there", path, "put it back to re-run")
        blot = read_pixels(path, self.params)
        check_same(blot, self.source)
        check_same_marker(self.params, blot, self.calibration)
        # Of which series of exposures it was chosen from, the file itself does not know.
        chosen = {key: text for key, text in self.source.metadata.items() if key.startswith("exposures")}
        return replace(blot, source=replace(blot.source, metadata={**blot.source.metadata, **chosen}))

    @property
    def stages(self) -> Stages:
        """What every stage made; of a reopened result the stages are run again."""
        if self._stages is None:
            self._stages = run_stages(self.blot, self.layout, self.params, self.edits)
        return self._stages

    @property
    def profile_list(self) -> tuple[Profile, ...]:
        """Profiles of all lanes."""
        return self.stages.profiles

    @property
    def ladders(self) -> tuple[Ladder, ...]:
        """Quantified lanes."""
        return self.stages.ladders

    # ------------------------------------------------------------------------------------------------------ changes
    def with_lanes(self, lanes: Any) -> Analysis:
        """The same analysis on lanes that a person moved, added or deleted: `Lanes`, or a table like `lanes`."""
        return self.with_edits(replace(self.edits, lanes=as_lanes(lanes, self.geometry)))

    def with_calibration(self, calibration: Calibration) -> Analysis:
        """The same analysis with marker bands that a person assigned."""
        return self.with_edits(replace(self.edits, calibration=calibration))

    def with_edits(self, edits: Edits) -> Analysis:
        """The same analysis with all overrides replaced."""
        return self.revised(self.layout, self.params, edits)

    def with_layout(self, layout: Any) -> Analysis:
        """The same analysis with another layout, as `analyze` takes it; None for none."""
        return self.revised(layout, self.params, self.edits)

    def with_params(self, params: Params) -> Analysis:
        """The same analysis with other options; those that change the pixels have the image read again."""
        return self.revised(self.layout, params, self.edits)

    def revised(self, layout: Any, params: Params, edits: Edits, *, progress: Progress | None = None) -> Analysis:
        """The same image with all else replaced: what `analyze` would give, at the price of what has changed.

        Parameters
        ----------
        layout : path, DataFrame, list of mappings, Layout or None
        params : Params
        edits : Edits
        progress : callable, optional
            Called with the stage's name and the share that is done.

        Returns
        -------
        Analysis

        Raises
        ------
        BlotError
            The image is gone, or the layout and the lanes do not agree.
        """
        rows = read_layout(layout) if layout is not None else None
        if rows is not None and edits.lanes is None:
            rows.check_count(params.lanes)
        same = all(getattr(params, name) == getattr(self.params, name) for name in PIXEL_OPTIONS)
        blot = self.blot if same else self._pixels(params)
        run = Run(blot, rows, params, edits)
        earlier = Run(self.blot, self.layout, self.params, self.edits, self._stages) if self._stages else None
        return _analysis(run, progress, self._path, earlier)

    def _pixels(self, params: Params) -> Blot:
        """The blot read anew with other options; what was given as an array is all there is of it."""
        if self._path is not None:
            return read_pixels(self._path, params)
        turned = self.params.rotate % 360 and params.rotate != self.params.rotate
        if turned or (self.params.mirror and not params.mirror) or (self.params.rotate % 360 and params.mirror):
            fix = "give the array to analyze once more"
            raise BlotError("these pixels are turned already: they cannot be turned again", self.source.name, fix)
        return read_pixels(self.blot if self.blot.roi is None else replace(self.blot, roi=None), params)

    def rerun(self) -> Analysis:
        """The analysis made again from the image, with the same options, layout and edits."""
        return _analysis(Run(self.blot, self.layout, self.params, self.edits), None, self._path)

    # ----------------------------------------------------------------------------------------------------- in view
    def figure(self, name: str) -> Figure:
        """One figure as a matplotlib figure, to change and to save; ``%matplotlib inline`` has a notebook show it.

        Parameters
        ----------
        name : {"overlay", "profiles", "scores", "ladder", "dose_response"}

        Raises
        ------
        BlotError
            There is no such figure, or nothing to draw in it.
        """
        from ublot.report.pages.notebook import blot_figure

        return blot_figure(self, name)

    def _repr_html_(self) -> str:
        from ublot.report.pages.notebook import blot_cell

        return blot_cell(self)

    # ------------------------------------------------------------------------------------------------------ on disk
    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of ``analysis.json``."""
        # The folder may be read from anywhere: a relative path would then lead nowhere.
        source = self.source if self._path is None else replace(self.source, path=str(self._path.absolute()))
        return build_record(
            source, self.params, self.layout, self.geometry, self.calibration, self.edits,
            {
                "messages": list(self.messages),
                "message_templates": [template_of(text) for text in self.messages],
                "overridden": self._overridden(),
            },
        )  # fmt: skip

    def _overridden(self) -> dict[str, list[int]]:
        """Lanes that were scored against quality control, by what refuses them."""
        lanes = self.columns["lanes"]
        found: dict[str, list[int]] = {}
        for number, text in zip(lanes["lane"], lanes["flags"], strict=True):
            names = str(text or "").split(";")
            for name in refuses(names) if "override" in names else ():
                found.setdefault(name, []).append(int(number))
        return found

    def save(self, out: str | Path, *, report: bool = True, force: bool = False, beside: Beside | None = None) -> Path:
        """Write the result folder, all of it or nothing.

        Parameters
        ----------
        out : path
        report : bool
            With the page, its figures and the workbook.
        force : bool
            Replace a result that holds a person's edits.
        beside : Beside, optional
            A process that takes over a part of the work.

        Returns
        -------
        Path

        Raises
        ------
        BlotError
            The folder is not ublot's, holds edits, or cannot be written.
        """
        begin: Begin = partial if beside is None else beside.begin
        if beside is not None and not self.is_compared:
            self._compared = begin(blot_statistics, self.columns["lanes"], self.source.name)
        files = {f"{name}.csv": csv_bytes(columns, digits=DIGITS.get(name)) for name, columns in self.columns.items()}
        files[RECORD] = json_bytes(self.record)
        if report:
            from ublot.report.pages.blot import report_files

            files |= report_files(self, begin)
        files |= {f"{name}.csv": csv_bytes(columns) for name, columns in self.statistics.items()}
        # An image that lies in the folder is kept there, unless a file of the result bears its name.
        endangered = self._path is not None and self._path.name in OWN_FILES
        return write_result(out, files, image=self._path if endangered else None, force=force)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Analysis):
            return NotImplemented
        # JSON and CSV are the forms in which NaN equals NaN.
        return self._identity() == other._identity() and all(
            csv_bytes(self.columns[name], digits=DIGITS.get(name))
            == csv_bytes(other.columns[name], digits=DIGITS.get(name))
            for name in ("lanes", "species", "profiles")
        )

    def _identity(self) -> bytes:
        """What makes two analyses the same: neither where the image lies now nor the versions of libraries do."""
        record = {key: value for key, value in self.record.items() if key != "versions"}
        return json_bytes({**record, "image": {**record["image"], "path": None}})

    __hash__ = None  # type: ignore[assignment]


def _analysis(run: Run, progress: Progress | None, path: Path | None, earlier: Run | None = None) -> Analysis:
    stages = run_stages(run.blot, run.layout, run.params, run.edits, progress, earlier)
    return Analysis(
        source=run.blot.source,
        params=run.params,
        layout=run.layout,
        edits=run.edits,
        geometry=stages.geometry,
        calibration=stages.calibration,
        messages=(*stages.messages, *clashes(run.layout)),
        tables=partial(stage_columns, run.blot.source.name, run.layout, run.params, stages),
        stages=stages,
        blot=run.blot,
        path=path,
    )


def analyze(
    image: Any,
    *,
    layout: Any = None,
    config: str | Path | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    edits: Edits | Mapping[str, Any] | None = None,
    **options: Any,
) -> Analysis:
    """Analyse one blot, from pixels to the score relative to DMSO.

    Parameters
    ----------
    image : path, Blot or ndarray, shape (rows, cols)
    layout : path, DataFrame, list of mappings or Layout, optional
        What is in which lane; ``NAME.layout.csv`` beside the image where not given and there.
    config : path or mapping, optional
        Options from a TOML file.
    progress : callable, optional
        Called with the stage's name and the share that is done.
    edits : Edits or mapping, optional
        Lanes, calibration or boundaries that a person set; as a mapping what ``analysis.json`` holds under that name.
    **options
        Options of the command line, ``_`` for ``-``, see `ublot.inputs.params.Params`. ``lanes`` may also be a `Lanes`.

    Returns
    -------
    Analysis

    Raises
    ------
    BlotError
        The image, the layout or an option cannot be used.
    """
    if isinstance(edits, Mapping):
        try:
            edits = edits_from(edits)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise BlotError(f"these are no edits ({error})", "edits", "give those of an analysis.json") from None
    if isinstance(options.get("lanes"), Lanes):
        edits = replace(edits or Edits(), lanes=options.pop("lanes"))
    params = make_params(config, **options)
    path = Path(image) if isinstance(image, str | Path) else None
    if layout is None and path is not None:
        layout = find_layout(path)
    rows = read_layout(layout) if layout is not None else None
    if rows is not None:
        rows.check_count(params.lanes)
    if progress is not None:
        progress("reading the image", 0.0)
    blot = read_pixels(image, params)
    if path is None and blot.source.path:
        path = Path(blot.source.path)
    return _analysis(Run(blot, rows, params, edits or Edits()), progress, path)
