"""The form made of the options."""

from __future__ import annotations

import pytest

from ublot import BlotError, Params
from ublot.inputs.params import make_params


@pytest.fixture
def form(qapp: object) -> object:
    from ublot_napari.widgets.form import ParamsForm

    return ParamsForm(("lanes", "marker", "target", "antibody", "assay", "background", "allow_unfit"))


def test_an_untouched_form_gives_nothing(form) -> None:
    assert form.values() == {}


def test_what_is_set_is_given_and_understood(form) -> None:
    form.set_values({"lanes": 12, "marker": "250, 150, 100", "assay": "cells", "allow_unfit": True})
    params = make_params(**form.values())
    assert params == Params(lanes=12, marker=(250.0, 150.0, 100.0), assay="cells", allow_unfit=True)
    form.set_values({})
    assert form.values() == {}


def test_a_list_of_masses_has_the_room_that_there_is(form) -> None:
    masses = "250, 150, 100, 75, 50, 37, 25, 20, 15"
    form.set_values({"marker": masses})
    form.resize(400, form.sizeHint().height())
    form.show()
    field = form.fields["marker"]
    assert field.lineEdit().width() >= field.fontMetrics().horizontalAdvance(masses)
    assert field.geometry().right() <= form.width()
    form.hide()


def test_choices_are_those_of_the_options(form) -> None:
    field = form.fields["background"]
    shown = [field.itemText(i) for i in range(field.count())]
    assert shown == ["gutter", "blank-lane", "rolling-ball", "arpls", "snip", "none"]
    assert not field.isEditable()
    assert form.fields["target"].isEditable()


def test_a_wrong_value_is_named(form) -> None:
    form.set_values({"lanes": "a dozen"})
    with pytest.raises(BlotError, match="lanes"):
        make_params(**form.values())


def test_only_what_was_changed_is_told(form) -> None:
    options = make_params(marker=[250, 150, 100], assay="cells").model_dump(mode="json")
    form.set_values(options)
    assert form.changes(options) == {}
    told = []
    form.edited.connect(lambda: told.append(form.changes(options)))
    form.fields["target"].setEditText("XIAP")
    form.fields["target"].lineEdit().editingFinished.emit()
    form.fields["target"].lineEdit().editingFinished.emit()  # leaving the line once more
    form.fields["allow_unfit"].click()
    assert told == [{"target": "XIAP"}, {"target": "XIAP", "allow_unfit": True}]
