"""What a person does to one blot, as frozen states that can be undone; neither Qt nor napari here.

A `State` holds all that a person can change and the analysis it led to. A `Session` is one blot with its `History` of
states. The analysis of a state is always made by the library's own pipeline, with the state's edits as overrides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import ublot
from ublot.inputs.edits import Edits
from ublot.inputs.layout import Layout, find_layout, read_layout
from ublot.inputs.params import Params, make_params

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ublot import Analysis, Blot
    from ublot.pipeline.stages import Progress

__all__ = ["History", "Rows", "Session", "State", "marker_lane", "text_rows"]

Rows = tuple[Mapping[str, str], ...]
Bands = tuple[tuple[float, float], ...]

LIMIT = 200  # steps that can be undone


@dataclass(frozen=True, eq=False)
class State:
    """All that a person can change about a blot.

    Attributes
    ----------
    rows : tuple of mapping
        The layout as typed, one row per lane; it may hold cells that cannot be used. Empty: no layout.
    params : Params
    edits : Edits
    bands : tuple of (float, float), or None
        Row and mass of the marker bands as a person left them, fit for a calibration or not yet; None where they were
        found.
    step : str
        What led here, in words.
    analysis : Analysis or None
        None until it is made.
    """

    rows: Rows = ()
    params: Params = field(default_factory=Params)
    edits: Edits = field(default_factory=Edits)
    bands: Bands | None = None
    step: str = ""
    analysis: Analysis | None = None

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the analysis depends on, and bands and cells that are not fit for it yet."""
        return self.rows, self.params, self.edits, self.bands

    def layout(self) -> Layout | None:
        """The layout that the rows are, None where nothing is filled in.

        Raises
        ------
        BlotError
            A cell cannot be used.
        """
        filled = any(text for row in self.rows for name, text in row.items() if name != "lane")
        return read_layout([dict(row) for row in self.rows]) if filled else None

    def run(self, blot: Blot, earlier: Analysis | None = None, progress: Progress | None = None) -> Analysis:
        """Analyse `blot` as this state says; what `earlier`, an analysis of the same blot, has in common is spared.

        Raises
        ------
        BlotError
            The layout, an option or an edit cannot be used.
        """
        layout = self.layout()
        if earlier is not None:
            return earlier.revised(layout, self.params, self.edits, progress=progress)
        options = self.params.model_dump()
        if layout is None:
            # A layout beside the image that the person has emptied must not come back.
            return ublot.analyze(blot, config=options, edits=self.edits, progress=progress)
        return ublot.analyze(blot, layout=layout, config=options, edits=self.edits, progress=progress)


@dataclass(frozen=True, eq=False)
class History:
    """States one after the other, and which of them is shown."""

    states: tuple[State, ...]
    at: int = 0

    @property
    def present(self) -> State:
        return self.states[self.at]

    @property
    def can_undo(self) -> bool:
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        return self.at + 1 < len(self.states)

    def push(self, state: State) -> History:
        """Go on to a new state; what was undone before is forgotten."""
        states = (*self.states[: self.at + 1], state)[-LIMIT:]
        return History(states, len(states) - 1)

    def undo(self) -> History:
        """One step back, where there is one."""
        return replace(self, at=max(self.at - 1, 0))

    def redo(self) -> History:
        """One step forward again, where one was undone."""
        return replace(self, at=min(self.at + 1, len(self.states) - 1))


class Session:
    """One blot, its states, and where they are saved.

    Parameters
    ----------
    blot : Blot
    state : State
        What to start from.
    folder : Path, optional
        The result that it was opened from.
    pixels : ndarray, optional
        The levels as stored, where they lie in no file.

    Attributes
    ----------
    latest : Analysis or None
        The last one that was made, of whichever state: the next one spares what it has in common with it.
    """

    def __init__(
        self, blot: Blot, state: State, folder: Path | None = None, pixels: NDArray[Any] | None = None
    ) -> None:
        self.blot = blot
        self.pixels = pixels
        self.history = History((state,))
        self.folder = folder
        self.latest = state.analysis
        self._saved = state.inputs

    @classmethod
    def of_blot(
        cls,
        blot: Blot,
        layout: Any = None,
        options: Mapping[str, Any] | None = None,
        pixels: NDArray[Any] | None = None,
    ) -> Self:
        """Start with a blot, the layout beside its file where none is given, and options.

        Raises
        ------
        BlotError
            The layout or an option cannot be used.
        """
        if layout is None and blot.source.path:
            layout = find_layout(blot.source.path)
        rows = text_rows(read_layout(layout)) if layout is not None else ()
        return cls(blot, State(rows, make_params(options), step="opened"), pixels=pixels)

    @classmethod
    def of_analysis(cls, analysis: Analysis, folder: Path | None = None, pixels: NDArray[Any] | None = None) -> Self:
        """Go on where a result was left.

        Raises
        ------
        BlotError
            Its image is gone or has changed.
        """
        rows = text_rows(analysis.layout) if analysis.layout is not None else ()
        given = analysis.edits.calibration
        bands = None if given is None else tuple(zip(given.rows, given.masses, strict=True))
        state = State(rows, analysis.params, analysis.edits, bands, "opened", analysis)
        return cls(analysis.blot, state, folder, pixels)

    # ---------------------------------------------------------------------------------------------------- the states
    @property
    def state(self) -> State:
        """The present state."""
        return self.history.present

    @property
    def unsaved(self) -> bool:
        """Whether a person changed something since the session was opened or saved."""
        return self.state.inputs != self._saved

    def change(self, step: str, **changes: Any) -> bool:
        """Go on to a state with some attributes of the present one replaced; False where that changes nothing."""
        new = replace(self.state, step=step, analysis=None, **changes)
        if new.inputs == self.state.inputs:
            return False
        self.history = self.history.push(new)
        return True

    def undo(self) -> None:
        """Show the state before."""
        self.history = self.history.undo()

    def redo(self) -> None:
        """Show the state that was undone last."""
        self.history = self.history.redo()

    def take(self, state: State, analysis: Analysis) -> bool:
        """Keep the analysis of a state; whether that state is still the present one."""
        self.latest = analysis
        at = next((i for i, known in enumerate(self.history.states) if known is state), None)
        if at is None:
            return False
        states = list(self.history.states)
        states[at] = replace(state, analysis=analysis)
        self.history = replace(self.history, states=tuple(states))
        return at == self.history.at

    def saved(self, folder: Path | None, state: State | None = None) -> None:
        """Remember that a state, the present one where not given, is on disk."""
        self._saved = (state or self.state).inputs
        self.folder = folder


def marker_lane(analysis: Analysis) -> int:
    """Number of the marker lane, of the first lane where the layout names none."""
    marked = [row.lane for row in analysis.layout if row.role == "marker"] if analysis.layout is not None else []
    return marked[0] if marked else 1


def text_rows(layout: Layout | Sequence[Mapping[str, Any]]) -> Rows:
    """Rows of a layout as text, as they are typed; a load of 1 is left out."""
    records = layout.records() if isinstance(layout, Layout) else layout
    return tuple({name: _text(name, value) for name, value in record.items()} for record in records)


def _text(name: str, value: Any) -> str:
    if value is None or (name == "load" and value == 1):
        return ""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
