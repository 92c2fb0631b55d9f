"""Options that commands share."""

from __future__ import annotations

import inspect as python_inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from typer.core import TyperCommand

__all__ = [
    "ANALYSIS_OPTIONS",
    "INSPECTED",
    "OUTPUT",
    "AnalysisCommand",
    "Force",
    "Json",
    "NoReport",
    "Out",
    "Place",
    "Quiet",
    "Text",
    "with_analysis_options",
]

# typer tells an option that may be absent by Optional in every version that it has had; `X | None` only in later ones.
Text = Optional[str]  # noqa: UP045

_Switch = Optional[bool]  # noqa: UP045

Place = Optional[Path]  # noqa: UP045

#: Options of an analysis. Values stay text: `ublot.inputs.params` checks them, and says what is allowed.
ANALYSIS_OPTIONS: dict[str, Any] = {
    "lanes": Annotated[Text, typer.Option("--lanes", metavar="N")],
    "first_lane": Annotated[Text, typer.Option("--first-lane", metavar="X")],
    "marker": Annotated[Text, typer.Option("--marker", metavar="NAME_OR_MASSES")],
    "marker_positions": Annotated[Text, typer.Option("--marker-positions", metavar="CSV")],
    "marker_image": Annotated[Text, typer.Option("--marker-image", metavar="FILE")],
    "marker_channel": Annotated[Text, typer.Option("--marker-channel", "--marker-page", metavar="N")],
    "target": Annotated[Text, typer.Option("--target", metavar="NAME")],
    "target_kda": Annotated[Text, typer.Option("--target-kda", metavar="KDA")],
    "modifier": Annotated[Text, typer.Option("--modifier", metavar="NAME")],
    "modifier_kda": Annotated[Text, typer.Option("--modifier-kda", metavar="KDA")],
    "antibody": Annotated[Text, typer.Option("--antibody", metavar="WHAT")],
    "assay": Annotated[Text, typer.Option("--assay", metavar="KIND")],
    "normalise": Annotated[Text, typer.Option("--normalise", metavar="HOW")],
    "background": Annotated[Text, typer.Option("--background", metavar="METHOD")],
    "ladder": Annotated[_Switch, typer.Option("--ladder/--no-ladder")],
    "allow_unfit": Annotated[_Switch, typer.Option("--allow-unfit")],
    "polarity": Annotated[Text, typer.Option("--polarity", metavar="HOW")],
    "response": Annotated[Text, typer.Option("--response", metavar="HOW")],
    "channel": Annotated[Text, typer.Option("--channel", metavar="N")],
    "panel": Annotated[Text, typer.Option("--panel", metavar="N")],
    "roi": Annotated[Text, typer.Option("--roi", metavar="R0:R1,C0:C1")],
    "rotate": Annotated[Text, typer.Option("--rotate", metavar="DEG")],
    "haze": Annotated[Text, typer.Option("--haze", metavar="HOW")],
    "mirror": Annotated[_Switch, typer.Option("--mirror")],
}

OUTPUT = "Output"

Out = Annotated[Place, typer.Option("--out", metavar="DIR", help="Where the result goes.", rich_help_panel=OUTPUT)]

Force = Annotated[
    bool, typer.Option("--force", help="Replace a result that holds edits made by hand.", rich_help_panel=OUTPUT)
]

NoReport = Annotated[bool, typer.Option("--no-report", help="No page, pictures or workbook.", rich_help_panel=OUTPUT)]

Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout instead of text.", rich_help_panel=OUTPUT)
]

Quiet = Annotated[bool, typer.Option("--quiet", help="Nothing on stdout.", rich_help_panel=OUTPUT)]


class AnalysisCommand(TyperCommand):
    """A command with the options of an analysis. What explains them, `ublot.inputs.params`, is loaded for help only."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with labels from the options' one source."""
        from ublot.inputs.params import Params, allowed

        for parameter in self.params:
            field = Params.model_fields.get(str(parameter.name))
            if field is None:
                continue
            shown: Any = parameter
            shown.help = field.description
            shown.rich_help_panel = dict(field.json_schema_extra)["group"]  # type: ignore[arg-type]
            if field.annotation not in {bool, str} and isinstance(field.default, str) and field.default != "none":
                shown.help += f" One of: {allowed(str(parameter.name))}."
            if field.default not in (None, False, 0.0):
                shown.help += f" (default: {'yes' if field.default is True else field.default})"
        super().format_help(ctx, formatter)


#: Those of them that say how a picture is looked at.
INSPECTED = ("lanes", "marker", "polarity", "response", "channel", "panel", "roi", "rotate", "mirror")


def with_analysis_options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace the ``**options`` of a command by `ANALYSIS_OPTIONS`, or those of `names`, for typer to see."""

    def replaced(command: Callable[..., None]) -> Callable[..., None]:
        signature = python_inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        more = [
            python_inspect.Parameter(
                name, python_inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ANALYSIS_OPTIONS[name]
            )
            for name in names or ANALYSIS_OPTIONS
        ]
        command.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in (*own, *more)}
        return command

    return replaced
