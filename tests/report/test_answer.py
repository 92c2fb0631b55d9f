from __future__ import annotations

import math

import pytest

from ublot.inputs.params import make_params
from ublot.report.tables.lanes import background_table, lane_table
from ublot.report.text.answer import answer_of, strongest
from ublot.report.text.comparison_answer import comparison_answer
from ublot.report.text.conditions import effects_of
from ublot.wording.flags_in_words import flags_in_words
from ublot.wording.words import count_text, interval_text, number_text, p_text, percent_text, series_text, wording

NAN = math.nan


def lane(number, role="sample", compound="", dose=NAN, fold=NAN, low=NAN, high=NAN, **more):
    """A row of lanes.csv with the primary score of an assay in vitro."""
    scored = math.isfinite(fold)
    return {
        "image": "b.tif", "lane": number, "role": role, "compound": compound, "concentration_nM": dose,
        "time_min": NAN, "group": "", "replicate": "", "flags": "",
        "hmw_fraction": 0.2 * fold if scored else NAN, "relative_hmw": fold, "relative_hmw_low": low,
        "relative_hmw_high": high, "relative_hmw_area": NAN, **more,
    }  # fmt: skip


def vehicle(number, **more):
    return lane(number, "vehicle", "DMSO", 0.0, 1.0, 0.9, 1.1, **more)


def answer(rows, layout=True, messages=(), **options):
    return answer_of(rows, make_params(**options), layout=layout, messages=messages)


def test_one_compound_one_dose():
    found = answer([lane(1, "marker"), vehicle(2), vehicle(3), lane(4, "sample", "LCL161", 100, 3.1, 2.8, 3.4)])
    assert found.question == "How much more or less auto-ubiquitination of cIAP1 is there than with DMSO?"
    assert found.sentence == "LCL161 at 100 nM raised auto-ubiquitination of cIAP1 to 3.1-fold of DMSO (95 % 2.8–3.4)."
    assert (found.verdict, found.trust, found.reasons) == ("good", "good", ())


def test_a_lowering_compound_and_one_without_effect():
    rows = [vehicle(1), lane(2, "sample", "A", 10, 0.4, 0.3, 0.5), lane(3, "sample", "B", 10, 1.05, 0.9, 1.2)]
    found = answer(rows)
    assert "A at 10 nM lowered auto-ubiquitination of cIAP1 to 0.40-fold" in found.sentence
    assert any("B at 10 nM did not measurably change" in line and "holds 1" in line for line in found.more)
    only = answer(rows[::2])
    assert only.sentence.startswith("B at 10 nM did not measurably change auto-ubiquitination of cIAP1: 1.1-fold")


def test_none_differs():
    rows = [vehicle(1), lane(2, "sample", "A", 10, 1.2, 0.8, 1.8), lane(3, "sample", "B", 10, 1.05, 0.9, 1.2)]
    found = answer(rows)
    assert found.sentence.startswith("No sample differs measurably from DMSO")
    assert "A at 10 nM, has 1.2-fold (95 % 0.80–1.8, which holds 1)" in found.sentence


def test_a_wide_interval_does_not_win_over_a_sure_effect():
    sure, wide = lane(2, "sample", "A", 10, 3.0, 2.7, 3.3), lane(3, "sample", "B", 10, 9.0, 0.9, 90.0)
    assert strongest(effects_of([sure, wide], "relative_hmw")).compound == "A"
    barely = lane(4, "sample", "C", 10, 9.0, 1.1, 80.0)
    assert strongest(effects_of([sure, barely], "relative_hmw")).compound == "A"


def test_dose_series_is_summed_up():
    rows = [vehicle(1)]
    rows += [lane(k + 2, "sample", "LCL161", 10.0**k, 1 + k, 0.9 + 0.9 * k, 1.1 + 1.1 * k) for k in range(4)]
    found = answer(rows)
    assert found.sentence.startswith("LCL161 at 1 µM raised")
    assert found.more[0] == "From 1 nM to 1 µM, LCL161 gives 1.0- to 4.0-fold of DMSO; 3 of 4 doses differ from it."


@pytest.mark.parametrize(
    ("more", "name"), [({"group": "HEK"}, "A at 10 nM (HEK)"), ({"time_min": 30.0}, "A at 10 nM for 30 min")]
)
def test_groups_and_times_are_named_where_they_differ(more, name):
    other = {"group": "HeLa", "time_min": 60.0}
    rows = [vehicle(1, **more), lane(2, "sample", "A", 10, 3.0, 2.5, 3.5, **more)]
    assert answer(rows).sentence.startswith("A at 10 nM raised")
    changed = {key: other[key] for key in more}
    rows += [vehicle(3, **changed), lane(4, "sample", "A", 10, 2.0, 1.5, 2.5, **changed)]
    found = answer(rows)
    assert found.sentence.startswith(f"{name} raised")
    assert any(line.startswith("A at 10 nM") and "2.0-fold" in line for line in found.more)


def test_replicates_are_one_condition_whose_interval_holds_every_lane():
    rows = [vehicle(1), lane(2, "sample", "A", 10, 2.0, 1.9, 2.1), lane(3, "sample", "a", 10, 8.0, 7.6, 8.4)]
    (effect,) = effects_of(rows, "relative_hmw")
    assert effect.lanes == (2, 3) and effect.value == pytest.approx(4.0)
    assert (effect.low, effect.high) == (2.0, 8.0)
    assert answer(rows).verdict == "care" and "interval is wide" in answer(rows).reasons[-1]


def test_warnings_of_its_own_lanes_and_controls_are_reasons_and_those_of_others_are_not():
    rows = [
        vehicle(1, flags="vehicle_disagrees"), vehicle(2), lane(3, "sample", "A", 10, 3.0, 2.5, 3.5, flags="eight_bit"),
        lane(4, "sample", "B", 10, 1.0, 0.9, 1.1, flags="saturated"),
    ]  # fmt: skip
    found = answer(rows)
    assert found.verdict == "care"
    assert found.reasons[0].startswith("only 256 levels") and "(lane 3)" in found.reasons[0]
    assert found.reasons[1].endswith("(lane 1)") and len(found.reasons) == 2


@pytest.mark.parametrize("flag", ["haze_removed", "well_assumed", "above_marker", "self_calibrated"])
def test_notes_and_uncertain_masses_are_no_reasons(flag):
    assert answer([vehicle(1), lane(2, "sample", "A", 10, 3, 2.5, 3.5, flags=flag)]).verdict == "good"


@pytest.mark.parametrize("flag", ["single_vehicle", "override", "edited", "a_flag_of_tomorrow"])
def test_what_bears_on_trust_is_a_reason(flag):
    assert answer([vehicle(1), lane(2, "sample", "A", 10, 3, 2.5, 3.5, flags=flag)]).verdict == "care"


def test_of_a_negative_lane_only_what_it_should_not_show_counts():
    rows = [vehicle(1), lane(2, "negative", flags="no_signal"), lane(3, "sample", "A", 10, 3, 2.5, 3.5)]
    assert answer(rows).verdict == "good"
    rows[1]["flags"] = "negative_high"
    assert answer(rows).reasons == ("the negative lane has ubiquitinated signal (lane 2)",)


def test_without_lanes():
    found = answer([], messages=("no lanes found: give the layout",))
    assert found.sentence.startswith("No answer: no lanes") and found.trust == "not scored"
    assert found.reasons == ("no lanes found: give the layout",)


def test_all_refused():
    rows = [lane(n, "vehicle" if n < 3 else "sample", "A", 10, flags="lossy;eight_bit") for n in range(1, 5)]
    found = answer(rows)
    assert found.sentence == "No answer: no lane of this blot may be scored." and found.verdict == "none"
    assert found.reasons == ("lossy compression (JPEG) changed the levels; export an uncompressed 16-bit TIFF",)


def test_some_refused_are_told():
    rows = [vehicle(1), lane(2, "sample", "A", 10, 3, 2.5, 3.5), lane(3, "sample", "A", 99, flags="saturated_heavily"),
            lane(4, "sample", "A", 999, flags="no_signal")]  # fmt: skip
    assert "Lane 3 is not scored: quality control refuses it." in answer(rows).more
    assert "Lane 4 is without signal above its own uncertainty." in answer(rows).more


def test_without_layout_or_vehicle():
    rows = [lane(1, "", hmw_fraction=0.12), lane(2, "", hmw_fraction=0.8)]
    found = answer(rows, layout=False)
    # The headline says what was measured and what is missing, and names no protein as found.
    assert found.question == "How much of each lane's signal stands above its main band?"
    assert found.sentence == (
        "The part of each lane's signal that stands above its main band runs from 12 % (lane 1) to 80 % (lane 2); to "
        "call it the ubiquitinated share of cIAP1 takes a layout that says what the lanes are."
    )
    assert found.verdict == "none" and "there is no layout" in found.more[0]
    rows = [lane(1, "sample", "A", 1, hmw_fraction=0.5)]
    assert "names no DMSO lane" in answer(rows).sentence
    assert answer(rows).more == ("The ubiquitinated share of cIAP1 is 50 % in lane 1.",)
    rows = [lane(1, "sample", "A", 1, hmw_fraction=0.5, flags="no_calibration;target_unseen")]
    said = answer(rows).sentence
    assert said.startswith("The part of each lane's signal")
    assert said.endswith("takes a mass calibration and a band seen at the mass of cIAP1.")
    assert "every lane is a marker" in answer([lane(1, "marker"), lane(2, "blank")]).sentence
    assert "names no sample lane" in answer([vehicle(1, relative_hmw=NAN)]).sentence


def test_a_fold_without_masses_is_of_what_stands_above_the_main_band():
    flags = "no_calibration"
    rows = [vehicle(1, flags=flags), lane(2, "sample", "A", 10, 3.0, 2.5, 3.5, flags=flags)]
    found = answer(rows)
    assert found.sentence == "A at 10 nM raised the signal above the main band to 3.0-fold of DMSO (95 % 2.5–3.5)."
    assert found.more[0] == "To call it auto-ubiquitination of cIAP1 takes a mass calibration."
    assert "ubiquitination" not in found.question


def test_cells_are_asked_by_area_and_what_is_left_is_told():
    area = {"relative_hmw_area": 2.5, "relative_hmw_area_low": 2.0, "relative_hmw_area_high": 3.0}
    left = {"unmodified_remaining": 0.1, "unmodified_remaining_low": 0.05, "unmodified_remaining_high": 0.15}
    rows = [vehicle(1, relative_hmw_area=1.0), lane(2, "sample", "A", 10, 9.0, 8.0, 10.0, **area, **left)]
    found = answer(rows, assay="cells")
    assert found.sentence == "A at 10 nM raised ubiquitinated cIAP1 in the cells to 2.5-fold of DMSO (95 % 2.0–3.0)."
    assert found.more[0] == "Of unmodified cIAP1, 10 % (95 % 5.0 to 15 %) of DMSO is left."


def test_antibody_against_the_modifier():
    area = {"relative_hmw_area": 2.5, "relative_hmw_area_low": 2.0, "relative_hmw_area_high": 3.0}
    rows = [vehicle(1, relative_hmw=NAN, relative_hmw_area=1.0), lane(2, "sample", "A", 10, **area)]
    found = answer(rows, antibody="modifier")
    assert "raised ubiquitin signal above the mass of cIAP1 to 2.5-fold" in found.sentence


@pytest.mark.parametrize(
    ("options", "act"),
    [
        ({}, "auto-ubiquitination of cIAP1"),
        ({"target": "birc2"}, "auto-ubiquitination of cIAP1"),
        ({"target": "p53"}, "ubiquitination of p53"),
        ({"target": "MyProtein", "target_kda": 50}, "ubiquitination of MyProtein"),
        ({"modifier": "SUMO2"}, "SUMOylation of cIAP1"),
        ({"modifier": "NEDD8"}, "NEDDylation of cIAP1"),
        ({"modifier": "UFM1", "modifier_kda": 9}, "modification with UFM1 of cIAP1"),
    ],
)
def test_words(options, act):
    assert wording(make_params(**options), []).act == act


def test_vehicle_goes_by_its_name():
    assert wording(make_params(), [vehicle(1)]).vehicle == "DMSO"
    assert wording(make_params(), [lane(1, "vehicle", "EtOH")]).vehicle == "EtOH"
    assert wording(make_params(), [vehicle(1), lane(2, "vehicle", "EtOH")]).vehicle == "the vehicle"


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.14159, "3.1"), (4.0, "4.0"), (0.0012, "0.0012"), (12.34, "12.3"), (1234.5, "1234"), (-0.05, "−0.050"),
     (0, "0"), (NAN, ""), (None, ""), (100.0, "100")],
)  # fmt: skip
def test_numbers(value, text):
    assert number_text(value) == text


def test_lists_and_intervals():
    assert interval_text(2.8, 3.4) == "2.8–3.4" and interval_text(-1.0, 2.0) == "−1.0 to 2.0"
    assert interval_text(NAN, 1) == ""
    assert (percent_text(0.123), percent_text(0.0123), percent_text(NAN)) == ("12", "1.2", "")
    assert series_text([1]) == "1" and series_text([1, 2, 3]) == "1, 2 and 3" and series_text([]) == ""
    assert series_text("abcde", 3) == "a, b, c and 2 more"
    assert count_text([4]) == "lane 4" and count_text([4, 6]) == "lanes 4 and 6"


def test_flags_in_words_say_what_to_do_gravest_first():
    rows = [lane(1, flags="haze_removed;lossy"), lane(2, flags="eight_bit;lossy")]
    told = flags_in_words(rows)
    assert [f.name for f in told] == ["lossy", "eight_bit", "haze_removed"]
    assert told[0].where == "all lanes" and told[1].where == "lane 2" and "16" in told[1].advice
    assert flags_in_words([], ["no_lanes"])[0].where == "the whole picture"
    assert flags_in_words([lane(1, flags="new_one")])[0].name == "new_one"


def test_a_flag_that_did_not_refuse_is_not_said_to_have():
    rows = [lane(1, flags="lanes_touching"), lane(2, flags="gutters_poor")]
    assert [f.word for f in flags_in_words(rows)] == ["Not scored", "Care"]
    allowed = flags_in_words([lane(1, flags="lossy;override")])
    assert [f.word for f in allowed] == ["Scored all the same", "Care"]
    for flag, why in (("lanes_touching", "why"), ("gutters_poor", "wider than 0.3")):
        unsaid = [lane(1, "sample", flags=flag, total_area=1.0)]
        assert why in answer(unsaid, messages=("why",)).reasons[0]


def test_tables_leave_empty_columns_out():
    rows = [vehicle(1), lane(2, "sample", "A", 10, 3.0, 2.5, 3.5, flags="eight_bit")]
    view = lane_table(rows, wording(make_params(), rows), "relative_hmw")
    names = [column.name for column in view.columns]
    assert names == ["lane", "sample", "fold", "H / (H + U)", "flags"]
    assert view.rows[1].cells[2].text == "3.0" and view.rows[1].cells[2].more == "(2.5–3.5)"
    both = background_table(rows, {2: 0.5})
    assert [cell.text for cell in both.rows[0].cells] == ["2", "A 10 nM", "60.0", "50.0", "−10.0"]


# ------------------------------------------------------------------------------------------------------- several blots
def row(compound="A", dose=10.0, n=3, mean=3.0, low=2.0, high=4.0, p=0.001, **more):
    return {"group": "", "role": "sample", "compound": compound, "concentration_nM": dose, "time_min": NAN,
            "quantity": "relative_hmw", "n": n, "blots": n, "mean": mean, "sd": 0.1, "low": low, "high": high,
            "p_vehicle": p, "scale": "log", **more}  # fmt: skip


def compared(*rows, messages=()):
    return comparison_answer(rows, "relative_hmw", wording(make_params(), []), 3, messages)


def test_comparison_says_n_and_p():
    found = compared(row(), row("B", mean=1.1, low=0.9, high=1.3, p=0.4))
    assert found.sentence == (
        "A at 10 nM raised auto-ubiquitination of cIAP1 to 3.0-fold of DMSO "
        "(95 % 2.0–4.0; n = 3 independent reactions; p = 0.001)."
    )
    assert found.verdict == "good"
    assert found.more == (
        "B at 10 nM did not measurably change auto-ubiquitination of cIAP1: 1.1-fold of DMSO "
        "(95 % 0.90–1.3; n = 3 independent reactions; p = 0.40).",
    )


def test_comparison_with_too_few_reactions_claims_nothing():
    found = compared(row(n=2, low=NAN, high=NAN, p=NAN))
    assert found.verdict == "care" and "2 independent reactions" in found.reasons[0]
    assert "raised" not in found.sentence and "too few for an interval or a test" in found.sentence


def test_comparison_prefers_what_is_sure_and_tells_doubts():
    wide = row("B", mean=20.0, low=0.5, high=800.0, p=0.001)
    assert compared(wide, row()).sentence.startswith("A at 10 nM raised")
    assert any("holds 1" in reason for reason in compared(wide).reasons)
    said = "blots differ in what the conditions do to relative_hmw (p = 0.001): p_vehicle allow for it"
    found = compared(row(), messages=(said,))
    assert found.verdict == "care" and not any("_" in reason for reason in found.reasons)
    none = compared(row(p=0.5, low=0.9), row("B", mean=1.2, low=0.8, high=1.6, p=0.9))
    assert none.sentence.startswith("No compound differs measurably")
    assert compared(messages=("no vehicle",)).verdict == "none"


@pytest.mark.parametrize(
    ("p", "text"), [(1e-9, "< 0.0001"), (0.0123, "0.012"), (0.2, "0.20"), (1.0, "1.00"), (NAN, "")]
)
def test_p(p, text):
    assert p_text(p) == text
