"""What the panel remembers between starts: files that were opened or saved last, and the options that were set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSettings

from ublot import BlotError
from ublot.inputs.params import make_params
from ublot_napari.state.several import options_for_all

if TYPE_CHECKING:
    from ublot import Params

__all__ = ["recent_places", "remember_options", "remember_place", "usual_options"]

RECENT, MOST_RECENT = "recent", 10
OPTIONS = "options"
NOT_KEPT = ("allow_unfit",)
"""Options that a person decides on for each blot anew."""


def _settings() -> QSettings:
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "ublot", "napari")


def recent_places() -> list[Path]:
    """Files and results that were opened or saved last and are still there, the latest first."""
    stored = _settings().value(RECENT) or []
    return [Path(text) for text in ([stored] if isinstance(stored, str) else stored) if Path(text).exists()]


def remember_place(place: Path) -> None:
    """Put a file or a result in front of those that were opened last."""
    kept = [str(place), *(str(path) for path in recent_places() if path != place)]
    _settings().setValue(RECENT, kept[:MOST_RECENT])


def remember_options(params: Params) -> None:
    """Keep the options that a person set, as far as they hold for other blots."""
    chosen = make_params(options_for_all(params)).model_dump(mode="json")
    kept = {name: chosen[name] for name in options_for_all(params) if name not in NOT_KEPT}
    _settings().setValue(OPTIONS, json.dumps(kept))


def usual_options() -> dict[str, Any]:
    """The options that were set last; none where they cannot be used any more."""
    try:
        stored = json.loads(str(_settings().value(OPTIONS) or "{}"))
        make_params(stored)
    except (ValueError, BlotError):
        return {}
    return dict(stored)
