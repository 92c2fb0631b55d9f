from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from ublot.errors import BlotError
from ublot.inputs.params import RUN_KEYS, Params, allowed, make_params
from ublot.model import Window

CONTRACT = {
    "lanes": 12,
    "first_lane": 55.5,
    "marker": "precision-plus",
    "marker_positions": ((250.0, 40.0), (100.0, 200.0)),
    "marker_image": "colour.tif",
    "marker_channel": 2,
    "target": "XIAP",
    "target_kda": 60.5,
    "modifier": "SUMO1",
    "modifier_kda": 11.5,
    "antibody": "modifier",
    "assay": "cells",
    "background": "arpls",
    "haze": "below",
    "ladder": False,
    "polarity": "light-on-dark",
    "response": "density",
    "channel": 1,
    "roi": "10:500,20:900",
    "mirror": True,
    "panel": 2,
    "rotate": -1.25,
    "normalise": "total",
    "allow_unfit": True,
}


def test_fields_are_those_of_the_contract():
    assert set(Params.model_fields) == set(CONTRACT)


def test_defaults_of_the_contract():
    params = make_params()
    assert (params.target, params.modifier) == ("cIAP1", "ubiquitin")
    assert (params.antibody, params.assay, params.background) == ("target", "in-vitro", "gutter")
    assert params.ladder is True and params.allow_unfit is False
    assert (params.polarity, params.response, params.normalise) == ("auto", "auto", "none")
    assert params.lanes is params.marker is params.roi is params.channel is None


def test_json_round_trip_is_exact():
    params = make_params(**CONTRACT)
    stored = json.dumps(params.model_dump(mode="json"))
    assert make_params(**json.loads(stored)) == params
    assert json.loads(stored)["roi"] == "10:500,20:900"
    assert make_params(**json.loads(json.dumps(make_params().model_dump(mode="json")))) == make_params()
    assert pickle.loads(pickle.dumps(params)) == params


def test_every_field_explains_itself():
    for name, field in Params.model_fields.items():
        assert field.title and field.description and len(field.description) > 15, name
        assert {"group", "unit"} <= set(field.json_schema_extra), name
        assert allowed(name)


def test_params_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        make_params().lanes = 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("250,150,100,75", (250, 150, 100, 75)),
        ("75, 100, 150", (150, 100, 75)),
        ([100, 250.5], (250.5, 100)),
        (np.array([250, 150]), (250, 150)),
        ("precision-plus", "precision-plus"),
        ("Precision Plus", "precision-plus"),
    ],
)
def test_marker_is_a_name_or_masses(given, expected):
    assert make_params(marker=given).marker == expected


def test_roi_text_becomes_a_window():
    assert make_params(roi=" 10:20 , 5:100 ").roi == Window(10, 20, 5, 100)
    assert make_params(roi=Window(10, 20, 5, 100)).roi == Window(10, 20, 5, 100)


def test_numpy_numbers_are_numbers():
    params = make_params(lanes=np.int64(7), rotate=np.float32(0.5), ladder=np.bool_(False))
    assert (params.lanes, params.rotate, params.ladder) == (7, 0.5, False)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("lanes", 0, "from 1 up to 200"),
        ("lanes", -3, "-3"),
        ("lanes", True, "whole number"),
        ("lanes", 2.5, "2.5"),
        ("lanes", "a dozen", "'a dozen'"),
        ("lanes", [], "whole number"),
        ("marker", "250", "masses"),
        ("marker", "250,abc", "250,abc"),
        ("marker", "precison-plus", "did you mean precision-plus"),
        ("marker", [250, -1], "-1"),
        ("marker", [250, 250], "twice"),
        ("marker", [250, "x"], "masses"),
        ("marker", 250, "250"),
        ("marker", "", "masses"),
        ("marker_positions", [(250, 10)], "two bands or more"),
        ("marker_positions", [(100, 10), (250, 90)], "heavier ones higher up"),
        ("marker_positions", [(250, 10), (100, 10)], "row_px"),
        ("marker_positions", 5, "mass_kda,row_px"),
        ("marker_positions", [5, 6], "mass_kda,row_px"),
        ("target", "nonsense", "nonsense"),
        ("target", "", "''"),
        ("target", 5, "5"),
        ("target_kda", -70, "above 0"),
        ("target_kda", 0, "above 0"),
        ("target_kda", float("nan"), "nan"),
        ("target_kda", float("inf"), "inf"),
        ("target_kda", "heavy", "'heavy'"),
        ("modifier", "sumo9000", "sumo9000"),
        ("modifier_kda", 0, "above 0"),
        ("antibody", "both", "target, modifier"),
        ("assay", "in vitro", "in-vitro, cells"),
        ("background", "rolling_ball", "gutter, blank-lane, rolling-ball, arpls, snip, none"),
        ("ladder", "perhaps", "true or false"),
        ("polarity", "dark", "auto, dark-on-light, light-on-dark"),
        ("response", "log", "auto, linear, density"),
        ("channel", 0, "from 1"),
        ("channel", "red", "whole number"),
        ("roi", "10:20", "R0:R1,C0:C1"),
        ("roi", "20:10,0:5", "R0:R1,C0:C1"),
        ("roi", "-5:10,0:5", "R0:R1,C0:C1"),
        ("roi", "1.5:10,0:5", "R0:R1,C0:C1"),
        ("roi", 17, "R0:R1,C0:C1"),
        ("rotate", 400, "from -360 up to 360"),
        ("rotate", "left", "'left'"),
        ("normalise", "sum", "none, total"),
        ("normalise", [(1, 1.0), (1, 2.0)], "each lane once"),
        ("normalise", [(1, 0.0)], "above 0"),
        ("normalise", [(1.5, 1.0)], "each lane once"),
        ("normalise", "missing.csv", "missing.csv"),
        ("allow_unfit", "ja", "true or false"),
        ("force", "ja", "true or false"),
    ],
)
@pytest.mark.parametrize("way", ["keyword", "toml"])
def test_impossible_value_names_key_value_and_allowed(tmp_path, key, value, says, way):
    toml_key = key.replace("_", "-")
    if way == "toml":
        text = json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")
        (tmp_path / "c.toml").write_text(f"{toml_key} = {text}\n")
    with pytest.raises(BlotError) as caught:
        make_params(tmp_path / "c.toml") if way == "toml" else make_params(**{key: value})
    line = str(caught.value)
    assert toml_key in line
    assert says in line
    assert "\n" not in line and "pydantic" not in line
    if way == "toml":
        assert "c.toml" in line


@pytest.mark.parametrize(("key", "hint"), [("bakground", "background"), ("marker-position", "marker-positions")])
def test_unknown_key_is_an_error_with_a_hint(tmp_path, key, hint):
    config = tmp_path / "c.toml"
    config.write_text(f'{key} = "gutter"\n')
    with pytest.raises(BlotError, match=rf"c\.toml.*unknown option {key}.*'gutter'.*did you mean {hint}\?.*allowed"):
        make_params(config)
    with pytest.raises(BlotError, match=rf"unknown option {key}"):
        make_params(**{key: "gutter"})


def test_unknown_table_is_an_error(tmp_path):
    (tmp_path / "c.toml").write_text("[analyze]\nlanes = 3\n")
    with pytest.raises(BlotError, match="unknown option analyze"):
        make_params(tmp_path / "c.toml")


def test_toml_with_hyphens_underscores_and_byte_order_mark(tmp_path):
    config = tmp_path / "c.toml"
    config.write_bytes(b'\xef\xbb\xbftarget-kda = 70\nmodifier_kda = 8.6\nmarker = [250, 100]\nroi = "1:5,2:9"\n')
    params = make_params(config)
    assert (params.target_kda, params.modifier_kda, params.marker) == (70.0, 8.6, (250.0, 100.0))
    assert params.roi == Window(1, 5, 2, 9)


def test_keywords_win_over_toml_and_none_does_not(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text("lanes = 3\nladder = false\nassay = 'cells'\n")
    params = make_params(config, lanes=5, ladder=None)
    assert (params.lanes, params.ladder, params.assay) == (5, False, "cells")


def test_key_given_twice(tmp_path):
    (tmp_path / "c.toml").write_text("target-kda = 70\ntarget_kda = 71\n")
    with pytest.raises(BlotError, match=r"target-kda is given twice"):
        make_params(tmp_path / "c.toml")


@pytest.mark.parametrize("content", [b"lanes == 3", b"\xff\xfe\x00", b"lanes = 3\nlanes = 4\n"])
def test_broken_toml(tmp_path, content):
    (tmp_path / "c.toml").write_bytes(content)
    with pytest.raises(BlotError, match=r"c\.toml: the configuration is not"):
        make_params(tmp_path / "c.toml")


def test_missing_toml_and_folder(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(BlotError, match="cannot read the configuration"):
            make_params(path)


def test_run_keys_are_accepted_and_change_nothing(tmp_path):
    (tmp_path / "c.toml").write_text("no-report = true\nquiet = true\njson = false\nforce = true\n")
    assert make_params(tmp_path / "c.toml") == make_params() == make_params(**dict.fromkeys(RUN_KEYS, True))


def test_target_of_another_name_needs_a_mass():
    assert make_params(target="my construct", target_kda=44.0).target == "my construct"
    with pytest.raises(BlotError, match=r"option target: no target is called 'my construct'.*--target-kda"):
        make_params(target="my construct")


def test_marker_positions_from_csv_relative_to_the_toml(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "bands.csv").write_text("row_px;mass_kda\n200,5;100\n40;250\n")
    (tmp_path / "sub" / "c.toml").write_text('marker-positions = "bands.csv"\n')
    monkeypatch.chdir(tmp_path)
    params = make_params(Path("sub/c.toml"))
    assert params.marker_positions == ((250.0, 40.0), (100.0, 200.5))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mass,row_px\n1,2\n", "column 'mass_kda' is missing"),
        ("mass_kda,row_px\n250,top\n", "row 2, column row_px: 'top' is not a number"),
        ("mass_kda,row_px\n250,10\n100,\n", "row 3, column row_px"),
        ("", "empty"),
    ],
)
def test_bad_marker_positions_file_names_row_and_column(tmp_path, text, says):
    (tmp_path / "bands.csv").write_text(text)
    with pytest.raises(BlotError) as caught:
        make_params(marker_positions=tmp_path / "bands.csv")
    assert says in str(caught.value) and "marker-positions" in str(caught.value)


def test_normalise_reads_loads(tmp_path):
    (tmp_path / "loads.csv").write_text("lane,load\n2,0.5\n1,1\n")
    assert make_params(normalise=tmp_path / "loads.csv").normalise == ((1, 1.0), (2, 0.5))
    assert make_params(normalise="total").normalise == "total"
