"""A form made of the options in `ublot.Params`: their labels, meanings, units and choices are written down there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QWidget

from ublot import Params
from ublot.reference.markers import MARKERS
from ublot.reference.proteins import MODIFIERS, TARGETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic.fields import FieldInfo

__all__ = ["ParamsForm", "options_of"]

Field = QCheckBox | QComboBox | QLineEdit

SUGGESTIONS = {
    "marker": [marker.name for marker in MARKERS],
    "target": [target.name for target in TARGETS],
    "modifier": [modifier.name for modifier in MODIFIERS],
    "normalise": ["none", "total"],
}


def options_of(*groups: str, without: Sequence[str] = ()) -> tuple[str, ...]:
    """Fields of `ublot.Params` in groups, in their order there, but for those that are set in another way."""
    fields = Params.model_fields.items()
    of_group = {name: dict(info.json_schema_extra or {}).get("group") for name, info in fields}
    return tuple(name for name, group in of_group.items() if group in groups and name not in without)


class ParamsForm(QWidget):
    """One line per option.

    What is left as it was is not given, so that `ublot.analyze` decides; text is checked there and nowhere else.

    Parameters
    ----------
    names : sequence of str
        Fields of `ublot.Params`, in the order shown.

    Attributes
    ----------
    edited : Signal
        A person changed an option.
    """

    edited = Signal()

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.fields = {name: _field(name, Params.model_fields[name]) for name in names}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(3)
        # Styles leave choices as narrow as their names: a list of masses that is typed needs all the room there is.
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, field in self.fields.items():
            info = Params.model_fields[name]
            unit = dict(info.json_schema_extra or {}).get("unit")
            field.setToolTip(str(info.description))
            layout.addRow(f"{info.title} ({unit})" if unit else str(info.title), field)
            if isinstance(field, QCheckBox):
                field.clicked.connect(self._edited)
            elif isinstance(field, QComboBox):
                field.activated.connect(self._edited)
                if line := field.lineEdit():
                    line.editingFinished.connect(self._edited)
            else:
                field.editingFinished.connect(self._edited)
        self._told = self.values()

    def _edited(self, *_: Any) -> None:
        # Leaving a line of text with nothing changed is told by Qt as well.
        if (values := self.values()) != self._told:
            self._told = values
            self.edited.emit()

    def values(self) -> dict[str, Any]:
        """Return the options that were set, as `ublot.analyze` takes them."""
        return {name: value for name, field in self.fields.items() if (value := _value(field)) != _default(name)}

    def changes(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options that are shown otherwise than `options` (``Params.model_dump(mode="json")``) has them."""
        shown = {name: _value(field) for name, field in self.fields.items()}
        now = {name: options[name] if isinstance(options[name], bool) else _text(options[name]) for name in shown}
        return {name: None if value == "" else value for name, value in shown.items() if value != now[name]}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show `values`, and the default where there is none."""
        for name, field in self.fields.items():
            value = values.get(name, _default(name))
            if field.hasFocus() and self._told.get(name, _default(name)) != _value(field):
                continue  # somebody is typing
            if isinstance(field, QCheckBox):
                field.setChecked(bool(value))
            elif isinstance(field, QComboBox):
                field.setCurrentText(_text(value))
                if line := field.lineEdit():
                    line.setCursorPosition(0)  # show how a long list begins
            else:
                field.setText(_text(value))
        self._told = self.values()


def _field(name: str, info: FieldInfo) -> Field:
    if info.annotation is bool:
        box = QCheckBox()
        box.setChecked(bool(info.default))
        return box
    if get_origin(info.annotation) is Literal or name in SUGGESTIONS:
        combo = QComboBox()
        combo.addItems([*SUGGESTIONS.get(name, get_args(info.annotation))])
        combo.setEditable(name in SUGGESTIONS)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        if line := combo.lineEdit():
            line.setPlaceholderText("none")
        combo.setCurrentText(_default(name))
        # Long names would otherwise set the width of the whole panel.
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(12)
        return combo
    line = QLineEdit(_default(name))
    line.setPlaceholderText("found" if name == "lanes" else "as it is")
    return line


def _default(name: str) -> Any:
    default = Params.model_fields[name].default
    return default if isinstance(default, bool) else _text(default)


def _text(value: Any) -> str:
    """An option's JSON form as it is typed."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(":".join(map(_text, v)) if isinstance(v, list | tuple) else _text(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(field: Field) -> Any:
    if isinstance(field, QCheckBox):
        return field.isChecked()
    return (field.currentText() if isinstance(field, QComboBox) else field.text()).strip()
