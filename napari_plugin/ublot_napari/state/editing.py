"""One blot and what a person does to it, in the terms of the panel; no Qt here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

import ublot
from ublot import BlotError, Lanes, Window
from ublot.inputs.edits import Edits
from ublot.inputs.params import make_params
from ublot.mass.scale import mass_at
from ublot.reference.markers import find_marker
from ublot_napari.state.lane_edits import edit_lanes, rows_after, shifted_edits
from ublot_napari.state.session import Session, State, marker_lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from napari.layers import Image

    from ublot import Analysis, Blot, Params

__all__ = ["EditedBlot"]

REACH = 0.015
"""Share of the blot's height within which a click means a band: half the distance of close marker bands."""


class EditedBlot(Session):
    """A session with the edits that the panel offers, each of them one step that can be undone.

    Attributes
    ----------
    failed : str
        Why the present state could not be analysed; empty where it was or was not tried.
    """

    failed = ""
    _dose: pd.DataFrame | None = None
    _read: tuple[Any, Blot] | None = None

    @classmethod
    def of_layer(cls, image: Image, usual: Mapping[str, Any] | None = None) -> EditedBlot:
        """Start from an image layer: a blot that the reader brought, a sample, a result, or any picture.

        `usual` are options that hold where nothing else is said: samples and results bring their own.

        Raises
        ------
        BlotError
            It is no picture that can be a blot, or its layout cannot be used.
        """
        told = image.metadata
        if "ublot_analysis" in told:
            return cls.of_analysis(told["ublot_analysis"], told.get("ublot_folder"), told.get("ublot_pixels"))
        blot, pixels = told.get("ublot_blot"), told.get("ublot_pixels")
        if blot is None:
            pixels = np.asarray(image.data)
            blot = ublot.read_blot(pixels)
            blot = replace(blot, source=replace(blot.source, name=str(image.name)))
        own = told.get("ublot_options") or {}
        options = own if told.get("ublot_sample") else {**(usual or {}), **own}
        return cls.of_blot(blot, told.get("ublot_layout"), options, pixels)

    # ------------------------------------------------------------------------------------------------ what is shown
    @property
    def shown(self) -> Analysis | None:
        """The analysis of the present state; while there is none, the last one made."""
        return self.state.analysis or self.latest

    @property
    def stale(self) -> str:
        """Why `shown` is not and will not be the present state's analysis; empty where there is nothing to say."""
        return self.failed if self.state.analysis is None and self.latest is not None else ""

    @property
    def options(self) -> dict[str, Any]:
        """The options as plain values."""
        return self.state.params.model_dump(mode="json")

    @property
    def count(self) -> int:
        """Lanes that there are or that were asked for; 0: any number."""
        if self.shown is not None:
            return len(self.shown.geometry)
        return len(self.state.rows) or self.state.params.lanes or 0

    @property
    def bands(self) -> tuple[tuple[float, float], ...]:
        """Row and mass of the marker's bands, found or set by hand."""
        if self.state.bands is not None:
            return self.state.bands
        found = self.shown.calibration if self.shown is not None else None
        # Rungs that serve as a ruler are no bands of a marker.
        return () if found is None or found.kind == "rungs" else tuple(zip(found.rows, found.masses, strict=True))

    @property
    def marker_masses(self) -> tuple[float, ...]:
        """Masses of the marker's bands, the heaviest first; none where no marker is chosen."""
        marker = self.state.params.marker
        return tuple(sorted(find_marker(marker).masses, reverse=True)) if marker else ()

    @property
    def scale_kind(self) -> str | None:
        """What the mass scale rests on."""
        found = self.shown.calibration if self.shown is not None else None
        return None if found is None else found.kind

    @property
    def needs_run(self) -> bool:
        """Whether the present state has no analysis although there are lanes already, found or drawn."""
        return self.state.analysis is None and (self.latest is not None or self.state.edits.lanes is not None)

    @property
    def is_edit(self) -> bool:
        """Whether the present state is to be measured, and differs by edits alone from what was measured last."""
        before, state = self.latest, self.state
        if state.analysis is not None or before is None or before.params != state.params:
            return False
        try:
            return bool(before.layout == state.layout())
        except BlotError:  # the analysis will say it
            return False

    @property
    def undo_words(self) -> str:
        """What undo would take back; empty where there is nothing."""
        return (self.state.step or "edit") if self.history.can_undo else ""

    @property
    def redo_words(self) -> str:
        """What redo would bring back."""
        return (self.history.redo().present.step or "edit") if self.history.can_redo else ""

    def dose_response(self) -> pd.DataFrame:
        """The dose-response table of the analysis that is shown, and until it is made that of the one before."""
        import pandas as pd

        made = self.shown
        if made is not None and (made.is_compared or self._dose is None):
            self._dose = made.dose_response
        return self._dose if self._dose is not None else pd.DataFrame()

    @property
    def uncompared(self) -> Analysis | None:
        """The analysis that is shown, where its dose-response is still to be made."""
        made = self.shown
        return made if made is not None and len(made.geometry) and not made.is_compared else None

    def job(self) -> Callable[[Callable[[str, float], None]], Analysis]:
        """Make a job of the present state, to be run in another thread."""
        state, blot, earlier = self.state, self.blot, self.latest
        self.failed = ""

        def analyse(progress: Callable[[str, float], None]) -> Analysis:
            if earlier is not None and blot.source.path is None and _read_otherwise(earlier.params, state.params):
                # Pixels in memory were turned already, and cannot be turned back: begin with those as stored.
                analysis = state.run(self._read_as(state), None, progress)
            else:
                analysis = state.run(blot, earlier, progress)
            # All that is shown is made here, so that nothing is left to do for the window's own thread; what the lanes
            # say together follows after an edit, and only a blot's first analysis waits for it.
            if len(analysis.geometry):
                _ = analysis.columns
                if earlier is None:
                    progress("comparing lanes", 0.9)
                    _ = analysis.statistics
            return analysis

        return analyse

    # ------------------------------------------------------------------------------------------------------- the edits
    def find_lanes(self, count: int) -> None:
        """Look for lanes instead of those that are there; `count` 0 for any number."""
        rows, params = self.state.rows, self.state.params
        edits = Edits(calibration=self.state.edits.calibration)
        if rows and count and count != len(rows):
            blank = dict.fromkeys(rows[0], "")
            rows = tuple(
                rows[n - 1] if n <= len(rows) else {**blank, "lane": str(n), "role": "sample"}
                for n in range(1, count + 1)
            )
        filled = self.replaced(rows=rows).layout() is not None
        params = make_params(params.model_dump(), **({} if filled or not count else {"lanes": count}))
        if filled or not count:
            params = params.model_copy(update={"lanes": None})
        self.change("lanes found", rows=rows, params=params, edits=edits)

    def edit_strips(self, outlines: Sequence[Any], numbers: Sequence[float]) -> None:
        """Take the strips on the picture for the lanes."""
        shown = self.shown
        found = Lanes((), self.blot.window) if shown is None else shown.geometry
        before = self.state.edits.lanes or found
        edit = edit_lanes(outlines, numbers, before)
        if edit.lanes == before and self.state.edits.lanes is not None:
            return
        params = self.state.params.model_copy(update={"lanes": None})
        self.change(
            edit.step or "lanes edited",
            rows=rows_after(self.state.rows, edit.origins),
            edits=shifted_edits(self.state.edits, edit),
            params=params,
        )

    def set_rows(self, rows: Sequence[dict[str, str]]) -> None:
        """Take the layout as typed; one without anything filled in is none."""
        filled = any(text for row in rows for name, text in row.items() if name != "lane")
        params = self.state.params.model_copy(update={"lanes": None}) if filled else self.state.params
        self.change("layout edited", rows=tuple(rows) if filled else (), params=params)

    def set_options(self, changes: dict[str, Any]) -> None:
        """Set options; another marker is read anew.

        Raises
        ------
        BlotError
            A value cannot be right.
        """
        if not changes:
            return
        kept = {name: value for name, value in self.state.params.model_dump().items() if name not in changes}
        params = make_params(kept, **{name: value for name, value in changes.items() if value is not None})
        more: dict[str, Any] = {}
        if "marker" in changes:
            more = {"bands": None, "edits": replace(self.state.edits, calibration=None)}
        if {"mirror", "rotate", "roi", "panel"} & set(changes):
            # Lanes and bands lie in the picture as it was.
            more = {"bands": None, "edits": Edits()}
        self.change(f"{', '.join(changes)} set".replace("_", " "), params=params, **more)

    def turn(self, degrees: float) -> None:
        """Turn the picture counter-clockwise; a region was of the picture as it stood, and is dropped."""
        turned = (self.state.params.rotate + degrees + 180) % 360 - 180
        self.set_options({"rotate": 180.0 if turned == -180 else turned, "roi": None, "panel": None})

    def flip(self) -> None:
        """Mirror the picture, or mirror it back; a region is dropped."""
        params = self.state.params
        # Mirroring comes before turning: what looks mirrored is turned the other way.
        self.set_options({"mirror": not params.mirror, "rotate": -params.rotate or None, "roi": None, "panel": None})

    def set_region(self, box: tuple[float, float, float, float] | None) -> None:
        """Analyse only what lies between two rows and two columns of the picture as it is shown; None: all of it.

        Raises
        ------
        BlotError
            Nothing of the picture lies in it.
        """
        if box is None:
            self.set_options({"roi": None} if self.state.params.roi is not None else {})
            return
        self.set_options({"roi": self.window_of(box)})

    def window_of(self, box: tuple[float, float, float, float]) -> Window:
        """The pixels in a box given by its first and last row, first and last column, in the picture as it is shown.

        Raises
        ------
        BlotError
            Nothing of the picture lies in it.
        """
        rows, cols = self.pixels_now().shape
        top, bottom = (int(np.clip(round(at + 0.5), 0, rows)) for at in box[:2])
        left, right = (int(np.clip(round(at + 0.5), 0, cols)) for at in box[2:])
        if bottom - top < 2 or right - left < 2:
            raise BlotError("the region lies beside the picture", "region", "draw it over the blot")
        return Window(top, bottom, left, right)

    def pixels_now(self) -> Blot:
        """The blot as it is read with the present options.

        Raises
        ------
        BlotError
            An option cannot be used on this picture.
        """
        from ublot.pipeline.pixels import PIXEL_OPTIONS

        asked = tuple(getattr(self.state.params, name) for name in PIXEL_OPTIONS)
        if self._read is None or self._read[0] != asked:
            made = self.state.analysis
            self._read = asked, made.blot if made is not None else self._read_as(self.state)
        return self._read[1]

    def _read_as(self, state: State) -> Blot:
        from ublot.pipeline.pixels import read_pixels

        if self.pixels is None or self.blot.source.path is not None:
            return read_pixels(self.blot, state.params)
        return replace(read_pixels(self.pixels, state.params), source=self.blot.source)

    def set_bands(self, bands: Sequence[tuple[float, float]]) -> None:
        """Calibrate by bands that a person placed, (row, mass) each; as long as they cannot be used, by none.

        Raises
        ------
        BlotError
            Lighter bands do not lie lower; they are kept all the same, to be set right.
        """
        from ublot.mass.calibration import calibration_from_positions  # brings scipy: not while a window opens

        kept = tuple((float(row), float(mass)) for row, mass in sorted(bands))
        if kept == self.bands:
            return
        calibration, trouble = None, None
        try:
            if len(kept) == 1:
                row, mass = kept[0]
                raise BlotError(f"{mass:g} kDa is at row {row:.0f}", "mass scale", "click another band: it takes two")
            calibration = calibration_from_positions([(mass, row) for row, mass in kept]) if kept else None
        except BlotError as error:
            trouble = error
        self.change("marker edited", bands=kept, edits=replace(self.state.edits, calibration=calibration))
        if trouble is not None:
            raise trouble

    def edit_band_marks(self, rows: Sequence[float], masses: Sequence[float]) -> None:
        """Take the marks on the picture for the bands; a new one snaps to its band and takes the mass that fits best.

        Raises
        ------
        BlotError
            The order of the bands would not be that of their masses: nothing is changed. Or there is one band only,
            which is kept until there is another.
        """
        from ublot.mass.calibration import calibration_from_positions  # brings scipy: not while a window opens

        known = [(row, mass) for row, mass in zip(rows, masses, strict=True) if np.isfinite(mass)]
        for row in (row for row, mass in zip(rows, masses, strict=True) if not np.isfinite(mass)):
            at = self.band_near(row)
            known.append((at, self._mass_for(at, known)))
        if len(known) > 1:
            calibration_from_positions([(mass, row) for row, mass in known])
        self.set_bands(known)

    def _mass_for(self, row: float, known: Sequence[tuple[float, float]]) -> float:
        """Mass of the marker that is not placed yet and lies nearest to what the scale says of a row."""
        shown = self.shown
        free = [m for m in self.marker_masses if m not in {mass for _, mass in known}]
        if shown is None or shown.calibration is None:
            above = [mass for at, mass in known if at < row]
            below = [mass for at, mass in known if at > row]
            fits = [m for m in free if (not above or m < min(above)) and (not below or m > max(below))]
            if not free:
                raise BlotError("the marker is not known", "mass scale", "choose “Mass marker” first, then its bands")
            if not fits:
                raise BlotError(
                    "which mass lies here is not known", f"row {row:.0f}", "type it into the table of bands"
                )
            return fits[-1] if below and not above else fits[0]
        here = float(mass_at(shown.calibration, row))
        return min(free, key=lambda m: abs(np.log(m / here))) if free else float(f"{here:.3g}")

    def band_near(self, row: float) -> float:
        """Row of the darkest place of the marker lane near a row, to a fraction of a pixel; else the row itself.

        A hand is no steadier than a hundredth or two of the picture's height.
        """
        shown = self.shown
        if shown is None or not len(shown.geometry):
            return row
        window, lane = shown.geometry.window, shown.geometry[marker_lane(shown) - 1]
        reach = max(3, round(REACH * window.height))
        first, last = max(window.top, round(row) - reach), min(window.bottom, round(row) + reach + 1)
        if last - first < 3:
            return row
        rows = np.arange(first, last)
        core = np.round(lane.centre(rows)[:, None] + np.linspace(-0.25, 0.25, 9) * lane.width).astype(int)
        level = shown.blot.signal[rows[:, None], np.clip(core, 0, shown.blot.shape[1] - 1)].mean(axis=1)
        at = int(np.argmax(level))
        if at in (0, len(rows) - 1):
            return row  # no band: the signal rises towards something farther away
        left, top, right = (float(v) for v in level[at - 1 : at + 2])
        bend = left - 2 * top + right
        return float(rows[at]) + (0.5 * (left - right) / bend if bend < 0 else 0.0)

    def release_bands(self) -> None:
        """Have the marker's bands found again."""
        self.change("bands found", bands=None, edits=replace(self.state.edits, calibration=None))

    def move_boundary(self, lane: int, row: float | None) -> None:
        """Put a lane's boundary between unmodified and HMW to a row; None has it found again."""
        rows = dict(self.state.edits.boundary_rows)
        if row is None:
            rows.pop(lane, None)
        else:
            rows[lane] = round(float(row), 2)
        edits = replace(self.state.edits, boundary_rows=tuple(sorted(rows.items())))
        self.change(f"boundary of lane {lane} moved", edits=edits)

    def replaced(self, **changes: Any) -> State:
        """The present state with something replaced, which is no step."""
        return replace(self.state, **changes)


def _read_otherwise(one: Params, other: Params) -> bool:
    """Whether the options have the picture read in different ways."""
    from ublot.pipeline.pixels import PIXEL_OPTIONS

    return any(getattr(one, name) != getattr(other, name) for name in PIXEL_OPTIONS)
