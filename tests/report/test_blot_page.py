"""What stands in a page and in its files, read without a browser."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import shlex
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from batch_blots import OPTIONS, write_blots
from blots import analyse, analysed, layout_of, small_blot
from PIL import Image
from report_blots import HOSTILE, NAME, hostile_analysis, three_saved
from typer.testing import CliRunner

import ublot
from ublot.cli.app import app
from ublot.report.figures.ladder import ladder_figure, shares_by_number
from ublot.report.figures.publication_panel import blot_panel, panel_png
from ublot.report.pages.blot import report_files
from ublot.report.text.methods import blot_methods
from ublot.report.text.provenance import blot_command, companion_files, option_rows
from ublot.report.text.references import REFERENCES
from ublot.simulation import save_blot, simulate_blot


class Reader(HTMLParser):
    """Tags with their attributes, and the text of each element with an id."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.open = [], {}, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.append((tag, known))
        if tag not in ("img", "meta", "link", "br", "input"):
            self.open.append((tag, known.get("id")))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        for _, name in self.open:
            if name:
                self.text[name] = self.text.get(name, "") + data

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def hostile():
    analysis = hostile_analysis()
    files = report_files(analysis)
    return analysis, files, Reader(files["report.html"].decode())


def test_page_and_figures_are_there_and_light(hostile):
    _, files, page = hostile
    pictures = {"overlay.png", "profiles.png", "scores.png", "panel.png", "panel.svg"}
    assert set(files) == {"report.html", "tables.xlsx"} | pictures
    assert len(files["report.html"]) < 2e6
    assert page.open == []
    assert {
        "answer",
        "profiles",
        "ladder",
        "dose",
        "lanes",
        "flags",
        "backgrounds",
        "methods",
        "panel",
        "provenance",
    } <= {a["id"] for _, a in page.tags if "id" in a}


def test_nothing_of_the_user_becomes_markup(hostile):
    _, files, page = hostile
    assert len(page.of("script")) == 1 and not [a for a in page.of("img") if not a["src"].startswith("data:")]
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on") or key == "style"]
    assert HOSTILE in page.text["lanes"] and HOSTILE in page.text["answer"]
    assert NAME in page.text["provenance"]
    svg = ElementTree.fromstring(files["panel.svg"])
    texts = [t.text for t in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text.startswith(HOSTILE) for text in texts)
    assert not list(svg.iter("{http://www.w3.org/2000/svg}script"))


def test_policy_names_the_hashes_of_style_and_script(hostile):
    text = hostile[1]["report.html"].decode()
    (policy,) = [a["content"] for a in hostile[2].of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    for tag in ("style", "script"):
        inner = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.S)[1]
        assert f"'sha256-{base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()}'" in policy


def test_same_analysis_same_bytes(hostile):
    assert report_files(hostile[0]) == hostile[1]


def test_command_makes_the_same_numbers(tmp_path):
    blot = small_blot()
    path = tmp_path / "a $(b) 'c' \"d\".tif"
    path.write_bytes((save_blot(blot, tmp_path, "x", "x")).read_bytes())
    positions = [(250.0, 60.25), (75.0, 200.5), (15.0, 430.125)]
    analysis = ublot.analyze(
        path, layout=layout_of(blot), marker_positions=positions, target_kda=69.123456789, ladder=False, rotate=-0.25,
        normalise=[(n, 1.0 + n / 7) for n in range(1, 11)],
    )  # fmt: skip
    for name, text in companion_files(analysis).items():
        (tmp_path / name).write_text(text)
    assert set(companion_files(analysis)) == {"layout.csv", "marker-positions.csv", "normalise.csv"}
    words = shlex.split(blot_command(analysis))
    assert words[:3] == ["ublot", "analyze", str(path)]
    words = [str(tmp_path / w) if w in companion_files(analysis) else w for w in words]
    done = CliRunner().invoke(app, [*words[1:], "--out", str(tmp_path / "out"), "--no-report", "--quiet"])
    assert done.exit_code == 0, done.output
    assert ublot.load(tmp_path / "out").lanes.drop(columns="image").equals(analysis.lanes.drop(columns="image"))


def test_command_of_a_layout_beside_or_elsewhere_and_of_an_array(tmp_path):
    blot = small_blot()
    image = save_blot(blot, tmp_path, "x", "x")
    assert blot_command(ublot.analyze(image, marker=[250, 150.5], ladder=False)) == shlex.join(
        ["ublot", "analyze", str(image), "--marker", "250,150.5", "--no-ladder"]
    )
    other = tmp_path / "other layout.csv"
    (tmp_path / "x.layout.csv").rename(other)
    given = ublot.analyze(image, layout=other, ladder=False)
    assert blot_command(given).endswith(f"--layout '{other}' --no-ladder") and companion_files(given) == {}
    array = analyse(blot, ladder=False)
    assert blot_command(array) == "ublot.analyze(pixels, layout='layout.csv', marker='precision-plus', ladder=False)"
    stored = list(csv.DictReader(io.StringIO(companion_files(array)["layout.csv"])))
    assert ublot.inputs.layout.read_layout(stored) == array.layout


def test_options_that_differ_are_marked():
    rows = {row["name"]: row for row in option_rows(ublot.inputs.params.make_params(assay="cells", target_kda=50))}
    assert {name for name, row in rows.items() if row["differs"]} == {"--assay", "--target-kda"}
    assert rows["--target-kda"]["value"] == "50" and rows["--rotate"]["default"] == "0"


def test_rival_background_is_what_background_spread_tells():
    analysis = analysed()
    rival = analysis.stages.rowwise
    rows = analysis.lanes.set_index("lane")
    assert set(rival) == set(rows.index[rows.background_spread.notna()])
    for lane, fraction in rival.items():
        # It holds what the choice of haze is worth as well: nothing where there is none.
        assert abs(fraction - rows.hmw_fraction[lane]) <= rows.background_spread[lane] + 1e-12
        if "haze_removed" not in rows["flags"][lane]:
            assert abs(fraction - rows.hmw_fraction[lane]) > 0.3 * rows.background_spread[lane] - 0.005
    assert analysed_otherwise().stages.rowwise == {}


def analysed_otherwise():
    return analyse(small_blot(), background="rolling-ball", ladder=False)


# ------------------------------------------------------------------------------------------------------------- methods
def methods(analysis, **more):
    rows = analysis.lanes.to_dict("records")
    return blot_methods(analysis, rows, analysis.record["versions"], **more)


def test_methods_tell_what_was_done():
    text = methods(analysed(), shown=(10.0, 2000.0)).text
    for said in (
        f"ublot {ublot.__version__}", "10 lanes were located automatically", "joint regression", "precision-plus",
        "lane 1", "exponentially modified Gaussians", "DMSO lanes (lanes 3, 4 and 5)",
        "from 10 (white) to 2000 (black)", "four-parameter logistic", "linear in the light detected",
    ):  # fmt: skip
        assert said in text, said
    assert "rolling ball" not in text and "by hand" not in text and "many-to-one" not in text


def test_methods_follow_options_and_edits():
    other = analysed_otherwise()
    text = methods(other).text
    assert "rolling ball" in text and "joint regression" not in text and "Gaussians" not in text
    edited = other.with_lanes(other.geometry)
    assert "placed by hand" in methods(edited).text
    assert "The 10 lanes were placed by hand." in methods(edited).text
    cells = analyse(small_blot(), assay="cells", ladder=False)
    assert "Scores are H over load" in methods(cells).text
    density = analyse(small_blot(detector="film8"), ladder=False)
    assert "optical density" in methods(density).text and "8-bit" in methods(density).text
    bare = ublot.analyze(small_blot().image, lanes=10, ladder=False)
    assert "the ladder's own rungs" in methods(bare).text and "DMSO lanes" not in methods(bare).text


def test_every_source_cited_is_listed_and_the_other_way_round():
    found = methods(analysed())
    cited = {int(n) for group in re.findall(r"\[([\d,]+)\]", found.text) for n in group.split(",")}
    assert cited == set(range(1, len(found.references) + 1)) and len(cited) >= 8
    listed = {line.partition(". ")[2] for line in found.references}
    assert listed <= set(REFERENCES.values())
    order = [int(n) for group in re.findall(r"\[([\d,]+)\]", found.text) for n in group.split(",")]
    assert list(dict.fromkeys(order)) == sorted(cited)


# --------------------------------------------------------------------------------------------------------------- panel
def test_panel_is_the_whole_blot_linear_between_the_stated_levels():
    analysis = analysed()
    panel = blot_panel(analysis)
    signal, (low, high) = analysis.blot.signal, panel.shown
    assert panel.grey.shape == signal.shape and panel.scale == 1
    np.testing.assert_array_equal(panel.grey, np.round(255 * (1 - np.clip((signal - low) / (high - low), 0, 1))))
    assert panel.outside == pytest.approx(((signal < low) | (signal > high)).mean())
    assert panel.outside < 0.01
    png = Image.open(io.BytesIO(panel_png(panel)))
    assert png.mode == "L" and png.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    inside = np.asarray(png)[panel.top : panel.top + signal.shape[0], panel.left : panel.left + signal.shape[1]]
    np.testing.assert_array_equal(inside, panel.grey)


def test_panel_masses_stand_at_their_bands(hostile):
    analysis, files, _ = hostile
    panel = blot_panel(analysis)
    rows = dict(zip(analysis.calibration.masses, analysis.calibration.rows, strict=True))
    for y, text in panel.masses:
        assert y == pytest.approx(rows[float(text)] + 0.5)
    svg = ElementTree.fromstring(files["panel.svg"])
    (image,) = svg.iter("{http://www.w3.org/2000/svg}image")
    data = base64.b64decode(image.get("{http://www.w3.org/1999/xlink}href").partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), panel.grey)
    assert float(image.get("width")) == pytest.approx(panel.grey.shape[1] * 72 / 300, abs=0.01)


def test_panel_of_a_large_blot_is_reduced_by_area_means():
    rng = np.random.default_rng(1)
    noise = rng.normal(5000, 800, (2400, 2300)).astype(np.uint16)
    noise[600:700, 300:1500] = 30000
    analysis = ublot.analyze(noise, lanes=4, ladder=False)
    panel = blot_panel(analysis)
    assert panel.scale >= 2.3 and max(panel.grey.shape) <= 1400
    assert len(panel_png(panel)) < 500_000
    centre = panel.grey[round(650 / panel.scale), round(400 / panel.scale)]
    assert centre < 60 < 128 < np.median(panel.grey)


# -------------------------------------------------------------------------------------------------------------- ladder
def test_shares_add_up_and_rest_is_taken_together():
    species = {
        "lane": [1] * 31 + [2] * 31, "n": [*range(31), *range(31)],
        "share": [0.4] + [0.02] * 30 + [1.0] + [0.0] * 30, "kind": ["rung"] * 62,
    }  # fmt: skip
    table, numbers, open_end = shares_by_number(species, [1, 2])
    assert table.sum(axis=0) == pytest.approx([1, 1]) and open_end and numbers == list(range(21))
    assert table[-1, 0] == pytest.approx(0.02 * 11)
    assert shares_by_number({"lane": [], "n": [], "share": []}, [1])[0].shape == (0, 1)


def test_ladder_figure_leaves_lanes_without_target_out():
    analysis = analysed()
    rows = analysis.lanes.to_dict("records")
    figure = ladder_figure(analysis.columns["species"], rows)
    names = [name for _, name in figure.plots[0].x_ticks]
    assert len(names) == 8 and names[0].startswith("2") and names[-1].startswith("9")
    assert ladder_figure({"lane": [], "n": [], "share": []}, rows) is None


# ---------------------------------------------------------------------------------------------------------- odd blots
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layout": False}, "there is no layout"),
        ({"jpeg": True}, "no lane of this blot may be scored"),
        ({"roles": {"vehicle": "sample"}}, "names no DMSO lane"),
        ({"assay": "cells"}, "in the cells"),
        ({"antibody": "modifier"}, "ubiquitin signal above the mass of cIAP1"),
        ({"background": "snip"}, "SNIP"),
    ],
)
def test_any_blot_has_its_page(options, said, tmp_path):
    blot = simulate_blot(seed=1, difficulty="easy", shape=(256, 320), lanes=6, vehicles=2, blanks=0)
    roles, image = options.pop("roles", {}), blot.image
    if options.pop("jpeg", False):
        image = tmp_path / "x.jpg"
        Image.fromarray((blot.image >> 8).astype(np.uint8)).save(image)
    rows = [{**row, "role": roles.get(row["role"], row["role"])} for row in layout_of(blot)]
    given = None if options.pop("layout", True) is False else rows
    analysis = ublot.analyze(image, layout=given, lanes=6, marker="precision-plus", ladder=False, **options)
    page = Reader(report_files(analysis)["report.html"].decode())
    assert said in " ".join(page.text.values()), page.text["answer"]
    assert page.open == []


def test_blot_without_lanes_has_its_page():
    analysis = ublot.analyze(np.random.default_rng(1).normal(500, 9, (120, 160)).astype(np.uint16))
    files = report_files(analysis)
    assert set(files) == {"report.html", "tables.xlsx", "overlay.png", "panel.png", "panel.svg"}
    page = Reader(files["report.html"].decode())
    assert (
        "no lanes were found on this picture" in page.text["answer"] and "No lanes could be found" in page.text["flags"]
    )


# ------------------------------------------------------------------------------------------------ several blots, batch
def test_comparison_page(tmp_path):
    three = three_saved()
    out = ublot.compare_blots(three, protein_nM=100).save(tmp_path / "compared here")
    page = Reader((out / "report.html").read_text())
    assert "3 blots" in page.text["answer"] and "n\u00a0=\u00a03" in page.text["answer"]
    assert "EC50" in page.text["doses"]
    for said in (
        "p against DMSO",
        "secondary",
        "K_i",
        "this result",
        "these blots",
        "tight-binding limit",
        "vehicle CV",
    ):
        assert said in page.text["tables"], said
    assert "Langsrud" in page.text["methods"] and "the blot" in page.text["methods"]
    words = shlex.split(page.text["command"])
    assert words == ["ublot", "compare", *map(str, three), "--out", str(out), "--protein-nM", "100"]
    links = [a["href"] for a in page.of("a") if "blot" in a["href"]]
    assert len(links) == 2 and all((out / unquote(link)).resolve().is_file() for link in links)


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({}, "1 independent reaction; too few"),
        ({"sample": "vehicle"}, "No answer"),
        ({"vehicle": "sample"}, "No answer"),
    ],
)
def test_comparison_of_too_little_has_its_page(roles, said, tmp_path):
    blot = simulate_blot(seed=1, difficulty="easy", shape=(256, 320), lanes=6, vehicles=2, blanks=0)
    rows = [{**row, "role": roles.get(row["role"], row["role"])} for row in layout_of(blot)]
    analysis = ublot.analyze(blot.image, layout=rows, marker="precision-plus", ladder=False)
    out = ublot.compare_blots([analysis], protein_nM=50).save(tmp_path / "out")
    page = Reader((out / "report.html").read_text())
    assert page.open == [] and said in page.text["answer"]
    assert page.text["command"] == "ublot.compare_blots(['array'], protein_nM=50)"


def test_no_report_leaves_page_figures_and_workbook_out(tmp_path):
    out = analysed().save(tmp_path / "out", report=False)
    assert {p.suffix for p in out.iterdir()} == {".csv", ".json"}


def test_index_of_a_batch_links_every_report(tmp_path):
    write_blots(tmp_path / "in", 2)
    ublot.run_batch(tmp_path / "in", out=tmp_path / "out", workers=0, **OPTIONS)
    page = Reader((tmp_path / "out" / "index.html").read_text())
    links = [a["href"] for a in page.of("a") if a["href"].endswith("report.html")]
    assert len(set(links)) == 2 and all((tmp_path / "out" / unquote(link)).is_file() for link in links)
