"""Every option of an analysis, once: the command line, TOML files, forms and the record of a result share it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ublot.errors import BlotError
from ublot.inputs.option_types import Count, LoadsOption, MarkerOption, PositionsOption, Real, RoiOption
from ublot.option_words import joined, option_key, told
from ublot.reference.proteins import find_modifier, find_target

if TYPE_CHECKING:
    from pydantic.config import JsonDict

__all__ = ["RUN_KEYS", "Params", "allowed", "make_params", "masses_of", "read_config", "with_stem"]

#: Options of the command line that leave every number as it is: allowed in a TOML file and as keywords, not recorded.
RUN_KEYS = ("no_report", "force", "json", "quiet")
_FILE_KEYS = ("marker_positions", "marker_image", "normalise")


def _option(
    default: Any, title: str, description: str, group: str, *, unit: str = "", allowed: str = "", **limits: Any
) -> Any:
    extra: JsonDict = {"group": group, "unit": unit, "allowed": allowed}
    return Field(default=default, title=title, description=description, json_schema_extra=extra, **limits)


class Params(BaseModel):
    """Options of one analysis, checked and frozen.

    The title of a field is its label, the description is for a biologist; ``json_schema_extra`` holds its ``unit``, the
    ``group`` it is shown in and, where type and limits do not say it, what is ``allowed``. `make_params` is the way to
    get one: its errors are one clear line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lanes: Count | None = _option(
        None,
        "Number of lanes",
        "How many lanes there are, blank ones included. Default: the rows of the layout, else found.",
        "Blot",
        ge=1,
        le=200,
    )
    first_lane: Real | None = _option(
        None,
        "First lane",
        "Column of the first lane at mid-height, where lanes at the ends are empty and it is not plain which.",
        "Blot",
        unit="px",
        ge=0,
    )
    roi: RoiOption = _option(
        None,
        "Region of interest",
        "Rows and columns to analyse, R0:R1,C0:C1, ends not included, counted in the mirrored and rotated image.",
        "Blot",
        unit="px",
        allowed="R0:R1,C0:C1 in whole pixels, such as 100:900,50:1200, each end larger than its start",
    )
    mirror: bool = _option(
        False,
        "Mirror",
        "Flip the picture left to right before anything else: a film or a membrane that lay on its face.",
        "Blot",
    )
    rotate: Real = _option(
        0.0,
        "Rotate",
        "Turn the picture counter-clockwise, after mirroring and before all else.",
        "Blot",
        unit="degrees",
        ge=-360,
        le=360,
    )
    polarity: Literal["auto", "dark-on-light", "light-on-dark"] = _option(
        "auto", "Polarity", "How bands show in the file.", "Blot"
    )
    response: Literal["auto", "linear", "density"] = _option(
        "auto",
        "Response",
        "How levels become signal: linear for cameras, density for film and light scanners.",
        "Blot",
    )
    panel: Count | None = _option(
        None,
        "Panel",
        "Which of several pictures or membranes on one scan or figure, counted from the top; ublot inspect lists them.",
        "Blot",
        ge=1,
    )
    channel: Count | None = _option(
        None,
        "Channel",
        "Which page of the file or channel of the picture, counted from 1. Default: the first page, or luminance.",
        "Blot",
        ge=1,
    )
    marker: MarkerOption = _option(
        None,
        "Mass marker",
        "Its name (precision-plus, …) or the masses of its bands: 250,150,100,75.",
        "Mass and target",
        unit="kDa",
        allowed="the name of a marker, or at least two different masses above 0 such as 250,150,100,75",
    )
    marker_positions: PositionsOption = _option(
        None,
        "Marker positions",
        "CSV with the columns mass_kda,row_px: where the marker bands stand, instead of finding them.",
        "Mass and target",
        allowed="a CSV with the columns mass_kda,row_px and two bands or more, heavier ones higher up (smaller row_px)",
    )
    marker_image: str | None = _option(
        None,
        "Marker's picture",
        "Another picture of the same membrane that shows the marker (the colorimetric one); {stem} is the blot's name.",
        "Mass and target",
        allowed="an image file",
        min_length=1,
    )
    marker_channel: Count | None = _option(
        None,
        "Marker's channel",
        "Page or channel that shows the marker, of the blot's own file or of the marker's picture, counted from 1.",
        "Mass and target",
        ge=1,
    )
    target: str = _option(
        "cIAP1", "Target protein", "Whose ubiquitination is measured.", "Mass and target", min_length=1
    )
    target_kda: Real | None = _option(
        None, "Mass of the target", "Instead of the named target's mass.", "Mass and target", unit="kDa", gt=0, le=5000
    )
    modifier: str = _option(
        "ubiquitin", "Modifier", "What is attached: ubiquitin, SUMO, NEDD8.", "Mass and target", min_length=1
    )
    modifier_kda: Real | None = _option(
        None,
        "Mass of the modifier",
        "Instead of the named modifier's mass.",
        "Mass and target",
        unit="kDa",
        gt=0,
        le=500,
    )
    antibody: Literal["target", "modifier"] = _option(
        "target", "Antibody", "What the primary antibody sees: the target or the modifier.", "Assay"
    )
    assay: Literal["in-vitro", "cells"] = _option(
        "in-vitro", "Assay", "Purified proteins in a tube, or lysates of treated cells.", "Assay"
    )
    normalise: LoadsOption = _option(
        "none",
        "Normalise",
        "Divide areas by a loading control: none, total (the lane's whole signal), or a CSV with columns lane,load. "
        "Rows with a dilution (amount pipetted) are a dilution series; a control not proportional to it is refused.",
        "Assay",
        allowed="none, total, or a CSV with the columns lane,load: each lane once, loads above 0",
    )
    background: Literal["gutter", "blank-lane", "rolling-ball", "arpls", "snip", "none"] = _option(
        "gutter",
        "Background",
        "Where the background is taken from; gutter (the membrane between the lanes) keeps smears, "
        "rolling-ball, arpls and snip eat them.",
        "Quantification",
    )
    haze: Literal["auto", "none", "below"] = _option(
        "auto",
        "Haze",
        "Non-specific signal along a whole lane: auto takes it off where it is level below the band, between the "
        "rungs and towards the well alike; none never; below takes whatever stands below the band for haze.",
        "Quantification",
    )
    ladder: bool = _option(True, "Fit the ladder", "Fit rungs and smear by number of ubiquitins.", "Quantification")
    allow_unfit: bool = _option(
        False,
        "Allow unfit images",
        "Score an image that quality control refuses; the override is recorded and flagged.",
        "Quantification",
    )

    @property
    def marker_elsewhere(self) -> bool:
        """Whether another picture than the blot's own shows the marker."""
        return self.marker_image is not None or self.marker_channel is not None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        """Turn numpy scalars and arrays into plain numbers and lists."""
        if not isinstance(data, Mapping):
            return data
        return {key: value.tolist() if hasattr(value, "tolist") else value for key, value in data.items()}


def make_params(config: str | Path | Mapping[str, Any] | None = None, **overrides: Any) -> Params:
    """Options from a TOML file and keywords; keywords win, ``None`` means not given.

    Parameters
    ----------
    config : path or mapping, optional
        TOML file with the command line's options as keys, with hyphens or underscores; paths in it are relative to it.
    **overrides
        Options by name. The `RUN_KEYS` are accepted and change nothing here.

    Returns
    -------
    Params
        ``params.model_dump(mode="json")`` is its JSON form, and ``make_params(**that)`` is equal to it.

    Raises
    ------
    BlotError
        Unknown key or a value that cannot be right: with the key, the value and what is allowed.
    """
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    if config is not None:
        values.update(dict(config) if isinstance(config, Mapping) else read_config(config))
        name = "" if isinstance(config, Mapping) else f"{config}, "
        origin.update({key: joined("", [name, option_key(key)]) for key in values})
    given = {key.replace("-", "_"): value for key, value in overrides.items() if value is not None}
    values.update(given)
    origin.update({key: option_key(key) for key in given})
    for key, value in values.items():
        _check_key(key, value, origin[key])
    try:
        params = Params.model_validate({key: value for key, value in values.items() if key not in RUN_KEYS})
        for key, find in (("target", find_target), ("modifier", find_modifier)):
            if getattr(params, f"{key}_kda") is None:
                find(getattr(params, key))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BlotError):
            raise _at(cause, key, origin[key]) from None
        raise BlotError(f"{_show(values[key])} cannot be right", origin[key], f"allowed: {allowed(key)}") from None
    except BlotError as error:
        raise _at(error, key, origin.get(key, option_key(key))) from None
    return params


def read_config(path: str | Path) -> dict[str, Any]:
    """Keys of a TOML file, with underscores, not yet checked.

    Raises
    ------
    BlotError
        No such file, not TOML, or a key given twice.
    """
    import tomllib

    path = Path(path)
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise BlotError(f"cannot read the configuration ({error.strerror})", path, "give a TOML file") from None
    except UnicodeDecodeError:
        raise BlotError("the configuration is not UTF-8 text", path, "save it as UTF-8") from None
    except (ValueError, RecursionError) as error:  # also a number or a nesting beyond what Python takes
        fix = 'write lines such as marker = "precision-plus"'
        raise BlotError(f"the configuration is not TOML ({error})", path, fix) from None
    values: dict[str, Any] = {}
    for key, value in document.items():
        name = key.replace("-", "_")
        if name in values:
            raise BlotError(told("{key} is given twice", key=option_key(name)), path, "keep one of them")
        values[name] = value
    for key in _FILE_KEYS:
        value = values.get(key)
        if isinstance(value, str) and os.path.isfile(path.parent / value):
            values[key] = str(path.parent / value)
    return values


def with_stem(name: str, image: str) -> str:
    """A file's name in which ``{stem}`` stands for the name of the image, without its suffix."""
    return name.replace("{stem}", Path(image).stem)


def allowed(key: str) -> str:
    """What an option may be, in words.

    Parameters
    ----------
    key : str
        Name of a field of `Params`.
    """
    field = Params.model_fields[key]
    extra: Any = field.json_schema_extra
    if extra["allowed"]:
        return str(extra["allowed"])
    if field.annotation is bool:
        return "true or false"
    choices = get_args(field.annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return ", ".join(choices)
    if field.annotation is str:
        return "a name"
    kind = "a whole number" if "int" in str(field.annotation) else "a number"
    limits = {name: getattr(m, name) for m in field.metadata for name in ("ge", "gt", "le") if hasattr(m, name)}
    words = {"ge": "from {:g}", "gt": "above {:g}", "le": "up to {:g}"}
    text = " ".join([kind, *(words[name].format(limit) for name, limit in limits.items())])
    return f"{text} {extra['unit']}".rstrip()


def _check_key(key: str, value: Any, where: str) -> None:
    if key in RUN_KEYS:
        if not isinstance(value, bool):
            raise BlotError(f"{_show(value)} cannot be right", where, "allowed: true or false")
    elif key not in Params.model_fields:
        names = [name.replace("_", "-") for name in (*Params.model_fields, *RUN_KEYS)]
        near = difflib.get_close_matches(key.replace("_", "-"), names, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        what = f"unknown option {key.replace('_', '-')} = {_show(value)}"
        prefix = where.rpartition("option ")[0].rstrip(", ") or None
        raise BlotError(what, prefix, f"{hint}allowed: {', '.join(names)}")


def _at(error: BlotError, key: str, where: str) -> BlotError:
    """Name the option that an error from a file or a table of names is about."""
    inner = "" if error.where in {None, key} else f": {error.where}"
    return BlotError(error.what, joined("", [where, inner]), error.fix)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def masses_of(params: Params) -> tuple[float, float]:
    """Masses of the target and of one modifier, kDa."""
    target = params.target_kda if params.target_kda is not None else find_target(params.target).mass_kda
    modifier = params.modifier_kda if params.modifier_kda is not None else find_modifier(params.modifier).mass_kda
    return float(target), float(modifier)
