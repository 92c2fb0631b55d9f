from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import standin_analysis as standin
from typer.testing import CliRunner

import ublot
from ublot import cli
from ublot.cli.options import ANALYSIS_OPTIONS
from ublot.cli.printing import lanes_table
from ublot.errors import BlotError
from ublot.inputs.params import RUN_KEYS, Params
from ublot.io.result_folder import json_bytes, read_record, write_result

LAYOUT = "lane,role\n1,vehicle\n2,sample\n"


def run(*words, **keywords):
    return CliRunner().invoke(cli.app, [str(word) for word in words], **keywords)


def start(*words, cwd=None, **environment):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ublot", *map(str, words)],
        capture_output=True, text=True, cwd=cwd, timeout=120, env={**os.environ, **environment}, check=False,
    )  # fmt: skip


def refused(result, *says):
    """One line on stderr, exit code 2, no traceback, no box."""
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("ublot: ")
    assert "Traceback" not in result.output and "╭" not in result.output
    for words in says:
        assert words in result.stderr
    return result


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "blot.tif"
    path.write_bytes(b"stands for pixels")
    return path


@pytest.fixture
def calls(monkeypatch):
    """Put a stand-in in the place of the analysis; gives the list of its calls."""
    seen = []

    def analyze(image, *, layout=None, config=None, progress=None, **options):
        seen.append({"image": image, "layout": layout, "config": config, "options": options})
        progress("lanes", 0.5)
        analysis = standin.build(8)
        analysis.messages = ("lane 6 is refused: saturated",)

        def save(out, *, report=True, force=False, beside=None):
            seen[-1]["report"] = report
            files = {"analysis.json": json_bytes({"writer": "ublot analyze"}), "lanes.csv": "lane\n"}
            write_result(out, files, image=image if isinstance(image, Path) else None, force=force)

        analysis.save, analysis.forget_pixels = save, lambda: seen[-1].update(forgotten=True)
        return analysis

    module = types.ModuleType("ublot.results.analysis")
    module.analyze = analyze
    monkeypatch.setitem(sys.modules, "ublot.results.analysis", module)
    return seen


# ------------------------------------------------------------------------------------------------------------- help
def test_help_names_every_command_and_version():
    text = run("--help").stdout
    for command in ("analyze", "demo", "inspect", "simulate", "view"):
        assert command in text
    assert run().stdout == text
    assert run("--version").stdout == f"ublot {ublot.__version__}\n"


def test_every_option_of_an_analysis_is_on_the_command_line_and_explained():
    text = run("analyze", "--help", env={"COLUMNS": "200"}).stdout
    for name, field in Params.model_fields.items():
        assert re.search(f"--{name.replace('_', '-')}[ ,]", text)  # a comma: it has a second name
        assert field.description[:30] in text
        assert dict(field.json_schema_extra)["group"] in text
    for name in RUN_KEYS:
        assert f"--{name.replace('_', '-')} " in text
    assert set(ANALYSIS_OPTIONS) == set(Params.model_fields)


def test_help_is_quick():
    """Help must not load what only an analysis needs; the import of pydantic alone is half of the time allowed."""
    code = (
        "import sys; from typer.testing import CliRunner; from ublot.cli import app;"
        "CliRunner().invoke(app, ['--help']); print(' '.join(sys.modules))"
    )
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert "ublot.cli.app" in names
    assert not names & {"numpy", "pandas", "matplotlib", "scipy", "cv2", "pydantic", "tifffile", "napari"}


# ---------------------------------------------------------------------------------------------------------- analyze
def test_analyze_prints_lanes_writes_beside_the_image_and_notes_on_stderr(image, calls):
    result = run("analyze", image)
    assert result.exit_code == 0
    assert "fold over DMSO" in result.stdout and "LCL161 20 nM" in result.stdout and "2 [1.6, 2.6]" in result.stdout
    assert "no signal" in result.stdout and "refused" in result.stdout
    assert result.stderr == "lane 6 is refused: saturated\n"
    assert str(image.with_name("blot.ublot")) in result.stdout.replace("\n", "")
    assert read_record(image.with_name("blot.ublot"))
    assert calls[0]["options"] == dict.fromkeys(Params.model_fields) and calls[0]["report"] is True


@pytest.mark.parametrize(("fractions", "says"), [([0.9, 0.25], "HMW fraction"), ([float("nan")] * 2, "not scored")])
def test_the_table_names_what_it_shows_where_nothing_is_relative(capsys, fractions, says):
    rows = [{**standin.lane_row(n, ""), "hmw_fraction": value} for n, value in enumerate(fractions, 1)]
    lanes_table(rows)
    said = capsys.readouterr().out
    assert says in said and "over DMSO" not in said
    assert ("0.25" in said) == (says == "HMW fraction") and ("refused" in said) == (says == "not scored")


def test_options_reach_the_analysis(image, calls, tmp_path):
    result = run(
        "analyze", image, "--lanes", 5, "--marker", "250,150", "--no-ladder", "--allow-unfit", "--rotate", "-1.5",
        "--out", tmp_path / "o", "--no-report", "--target-kda", 70,
    )  # fmt: skip
    assert result.exit_code == 0
    given = {key: value for key, value in calls[0]["options"].items() if value is not None}
    expected = {"lanes": 5, "marker": (250.0, 150.0), "ladder": False, "allow_unfit": True, "rotate": -1.5}
    assert {k: getattr(ublot.inputs.params.make_params(**given), k) for k in expected} == expected
    assert "target_kda" in given and "background" not in given
    assert calls[0]["forgotten"]  # no figure shows the pixels
    assert calls[0]["report"] is False


def test_a_default_does_not_override_the_configuration(image, calls, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text("ladder = false\nno-report = true\nquiet = true\nbackground = 'none'\n")
    result = run("analyze", image, "--config", config)
    assert result.exit_code == 0 and result.stdout == ""
    options = {key: value for key, value in calls[0]["options"].items() if value is not None}
    assert options == {} and calls[0]["config"] == config and calls[0]["report"] is False


def test_json_is_one_strict_object(image, calls):
    result = run("analyze", image, "--json")
    document = json.loads(result.stdout, parse_constant=pytest.fail)
    assert result.stdout.count("\n") == 1
    assert document["lanes"][3]["relative_hmw"] == 1.5 and document["lanes"][0]["relative_hmw"] is None
    assert document["out"] == str(image.with_name("blot.ublot"))
    assert document["messages"] == ["lane 6 is refused: saturated"]


def test_quiet_says_nothing_on_stdout(image, calls):
    result = run("analyze", image, "--quiet")
    assert result.exit_code == 0 and result.stdout == "" and "refused" in result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--lanes", "0"], ["option lanes", "'0'", "from 1 up to 200"]),
        (["--lanes", "many"], ["option lanes", "'many'"]),
        (["--target-kda", "-70"], ["target-kda", "-70", "above 0"]),
        (["--background", "ball"], ["background", "'ball'", "rolling-ball"]),
        (["--marker", "unheard-of"], ["marker", "unheard-of"]),
        (["--roi", "1:2"], ["roi", "R0:R1,C0:C1"]),
        (["--config", "none.toml"], ["none.toml"]),
        (["--no-such-option"], ["--no-such-option", "--help"]),
        (["--lanes"], ["--lanes"]),
        (["second.tif"], ["second.tif"]),
    ],
)
def test_bad_options_are_one_line(image, calls, words, says):
    refused(run("analyze", image, *words), *says)
    assert not calls and not image.with_name("blot.ublot").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["analyze"], ["IMAGE"]),
        (["analyse"], ["analyse"]),
        (["simulate", "d", "--cases", "0"], ["option cases", "'0'", "from 1"]),
        (["simulate", "d", "--cases", "x"], ["option cases", "'x'"]),
        (["simulate", "d", "--seed", "-1"], ["option seed", "'-1'", "from 0"]),
        (["simulate", "d", "--difficulty", "trivial"], ["difficulty", "trivial", "easy, ordinary, hard"]),
        (["inspect", "missing.tif"], ["missing.tif"]),
        (["view", "missing.tif"], ["missing.tif"]),
        (["analyze", "missing.tif"], ["missing.tif: no such image"]),
        (["analyze", "."], ["is a folder", "ublot batch"]),
    ],
)
def test_bad_usage_is_one_line(tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    refused(run(*words), *says)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["--lanes", "0"], ["--nonsense"]])
def test_errors_as_json_too(image, calls, words):
    result = refused(run("analyze", image, "--json", *words))
    error = json.loads(result.stdout)["error"]
    assert error["what"] and set(error) == {"what", "where", "fix"}


def test_a_foreign_folder_is_refused_before_the_work(image, calls, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    refused(run("analyze", image, "--out", tmp_path / "mine", "--force"), "not written by ublot analyze")
    refused(run("analyze", image, "--out", tmp_path, "--force"), "would replace the input image")
    refused(run("analyze", image, "--out", image), "would replace the input image")
    assert not calls


def test_an_edited_result_needs_force(image, calls):
    out = image.with_name("blot.ublot")
    write_result(out, {"analysis.json": json_bytes({"writer": "ublot analyze", "edits": {"lanes": [1]}})})
    refused(run("analyze", image), "edits made by hand", "--force")
    assert run("analyze", image, "--force").exit_code == 0
    assert not read_record(out).get("edits")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (BlotError("no lanes in 3 rows", "layout", "look"), ["ublot: layout: no lanes in 3 rows; look"]),
        (RuntimeError("a\nbug"), ["unexpected RuntimeError: a bug", "UBLOT_DEBUG"]),
        (MemoryError(), ["unexpected MemoryError"]),
    ],
)
def test_whatever_fails_is_one_line(image, calls, monkeypatch, error, says):
    def fail(*args, **keywords):
        raise error

    monkeypatch.setattr(sys.modules["ublot.results.analysis"], "analyze", fail)
    refused(run("analyze", image), *says)
    assert not image.with_name("blot.ublot").exists()


def test_debug_shows_where(image, calls, monkeypatch):
    def fail(*args, **keywords):
        raise RuntimeError("bug")

    monkeypatch.setattr(sys.modules["ublot.results.analysis"], "analyze", fail)
    monkeypatch.setenv("UBLOT_DEBUG", "1")
    with pytest.raises(RuntimeError, match="bug"):
        run("analyze", image, catch_exceptions=False)


def test_interrupt(image, calls, monkeypatch):
    def stop(*args, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["ublot.results.analysis"], "analyze", stop)
    result = run("analyze", image)
    assert result.exit_code == 130 and "Traceback" not in result.output
    assert result.stderr.splitlines()[-1] == "ublot: interrupted"


# --------------------------------------------------------------------------------------------------- other commands
def test_simulate_writes_images_layouts_and_truth(tmp_path):
    result = run("simulate", tmp_path / "s", "--cases", 2, "--seed", 3, "--difficulty", "easy")
    assert result.exit_code == 0
    images = [Path(line) for line in result.stdout.splitlines()]
    assert len(images) == 2
    for path in images:
        assert path.is_file() and path.with_name(f"{path.stem}.layout.csv").is_file()
        assert json.loads(path.with_name(f"{path.stem}.truth.json").read_text())["lanes"]
    first = images[0].read_bytes()
    again = run("simulate", tmp_path / "t", "--cases", 1, "--seed", 3, "--difficulty", "easy", "--json")
    assert Path(json.loads(again.stdout)["images"][0]).read_bytes() == first


def test_inspect_says_what_it_is_and_whether_it_is_fit(tmp_path):
    import tifffile

    rng = np.random.default_rng(1)
    tifffile.imwrite(tmp_path / "b.tif", rng.integers(300, 60000, (200, 300)).astype(np.uint16))
    result = run("inspect", tmp_path / "b.tif")
    assert result.exit_code == 0 and "uint16" in result.stdout and "tiff" in result.stdout
    facts = json.loads(run("inspect", tmp_path / "b.tif", "--json").stdout)
    assert facts["rows"] == 200 and facts["cols"] == 300 and isinstance(facts["quantifiable"], bool)
    assert run("inspect", tmp_path / "b.tif", "--quiet").stdout == ""


def test_demo_leaves_a_result_and_its_blot_and_can_be_repeated(calls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        result = run("demo")
        assert result.exit_code == 0, result.stderr
        names = {path.name for path in (tmp_path / "ublot-demo").iterdir()}
        assert names == {"analysis.json", "lanes.csv", "demo.tif", "demo.layout.csv", "demo.truth.json"}
    assert calls[0]["options"] == {"marker": "precision-plus"}
    assert calls[0]["image"].source.path == str(Path("ublot-demo") / "demo.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["ublot-demo"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").touch()
    refused(run("demo", "--out", "mine"), "not written by ublot analyze")


def test_view_without_the_extra_says_how_to_get_it(image, monkeypatch):
    monkeypatch.setitem(sys.modules, "napari", None)
    refused(run("view", image), 'pip install "ublot[napari]"')


def test_view_without_a_display(image, monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells by its environment whether there is a display")
    monkeypatch.setitem(sys.modules, "napari", types.ModuleType("napari"))
    monkeypatch.setitem(sys.modules, "ublot_napari", types.ModuleType("ublot_napari"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    refused(run("view", image), "no display")


def test_view_opens_the_path_and_runs_the_viewer(image, monkeypatch):
    opened = []
    napari, plugin = types.ModuleType("napari"), types.ModuleType("ublot_napari")
    napari.run = lambda: opened.append("run")
    plugin.open_viewer = opened.append
    monkeypatch.setitem(sys.modules, "napari", napari)
    monkeypatch.setitem(sys.modules, "ublot_napari", plugin)
    monkeypatch.setenv("DISPLAY", ":0")
    assert run("view", image).exit_code == 0
    assert opened == [image, "run"]


# -------------------------------------------------------------------------------------------------- real processes
@pytest.mark.skipif(os.name != "posix", reason="closed as a shell does it")
def test_output_that_was_closed_is_no_error():
    command = f"{sys.executable} -m ublot --version >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_processes_exit_with_the_right_code(tmp_path):
    done = start("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ublot {ublot.__version__}\n", "")
    done = start("analyze", "missing.tif", "--json", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and json.loads(done.stdout)["error"]["where"]
    done = start("analyse", "missing.tif", cwd=tmp_path)
    assert done.returncode == 2 and "Did you mean 'analyze'?" in done.stderr
    (tmp_path / "not.tif").write_bytes(b"II*\x00 but no picture")
    done = start("inspect", "not.tif", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_error(tmp_path):
    command = f"{sys.executable} -m ublot analyze --help | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False, cwd=Path.cwd())
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_a_terminal_without_greek(tmp_path):
    done = start("analyze", "--help", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 0 and "--marker" in done.stdout


def page_of_two(path):
    """Two grey strips of six bands on white, as a figure has them."""
    from PIL import Image

    r, c = np.mgrid[:120, :600]
    strip = 200 + np.random.default_rng(1).normal(0, 2, r.shape)
    for x in np.arange(50, 600, 100):
        strip -= 140 * np.exp(-(((r - 60) / 9.0) ** 2) - np.abs((c - x) / 32.0) ** 6)
    page = np.full((420, 760), 255.0)
    page[60:180, 80:680] = page[240:360, 80:680] = strip
    Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).save(path)


def test_inspect_tells_the_pictures_and_draws_what_it_saw(tmp_path):
    page_of_two(tmp_path / "page.png")
    said = run("inspect", tmp_path / "page.png", "--picture", tmp_path / "seen.png").output
    assert "--roi 60:180,80:680 (or --panel 1)" in said and "--roi 240:360,80:680 (or --panel 2)" in said
    assert "several pictures" in said
    from PIL import Image

    seen = np.asarray(Image.open(tmp_path / "seen.png").convert("RGB")).astype(int)
    assert max(seen.shape) == 900
    orange = (seen[..., 0] > 200) & (seen[..., 1] > 120) & (seen[..., 1] < 190) & (seen[..., 2] < 60)
    scale = 900 / 760
    for top in (60, 240):
        assert orange[round(top * scale) - 2 : round(top * scale) + 4, 150:750].any(axis=0).all()


def test_inspect_takes_what_analyze_takes(tmp_path):
    page_of_two(tmp_path / "page.png")
    given = ("--panel", "2", "--lanes", "6", "--polarity", "dark-on-light", "--response", "linear", "--mirror")
    facts = json.loads(run("inspect", tmp_path / "page.png", *given, "--json").output)
    assert facts["lanes"] == 6
    assert facts["region"] == "240:360,80:680"
    assert facts["verdict"].endswith("(rows and columns 240:360,80:680)")
    assert facts["response"] == "linear" and facts["polarity_because"] == "as asked"
    assert not any(flag["name"] == "several_pictures" for flag in facts["flags"])
    refused(run("inspect", tmp_path / "page.png", "--panel", "3"), "there is no panel 3")
    refused(run("inspect", tmp_path / "page.png", "--lanes", "none"), "lanes")


def test_analyze_says_which_pictures_there_are(tmp_path):
    page_of_two(tmp_path / "page.png")
    result = run("analyze", tmp_path / "page.png", "--no-report", "--out", tmp_path / "whole")
    assert "2 pictures on this one: choose with --panel N: 1 = --roi 60:180,80:680, 2 = " in result.stderr
    assert "no lane is scored" in result.stderr and "choose one with --panel N, or with --roi" in result.stderr
    assert ublot.load(tmp_path / "whole").lanes["hmw_fraction"].isna().all()
    result = run("analyze", tmp_path / "page.png", "--panel", "2", "--no-report", "--out", tmp_path / "one")
    assert result.exit_code == 0 and "pictures on this one" not in result.stderr
    record = read_record(tmp_path / "one")
    assert record["params"]["panel"] == 2
    assert record["geometry"]["window"]["top"] >= 240
    assert len(ublot.load(tmp_path / "one").rerun().geometry) == len(ublot.load(tmp_path / "one").geometry)


def test_no_lanes_does_not_ask_for_what_was_given(tmp_path):
    from PIL import Image

    noise = np.random.default_rng(0).normal(128, 3, (300, 300)).clip(0, 255).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    said = run("analyze", tmp_path / "noise.png", "--no-report", "--out", tmp_path / "a").stderr
    assert "no lanes found: give the layout or --lanes" in said
    blot = ublot.read_blot(tmp_path / "noise.png")
    from ublot.inputs.params import make_params
    from ublot.pipeline.messages import no_lanes_in_words

    given = no_lanes_in_words(blot, None, make_params(None, lanes=6, roi="10:200,10:200"))
    assert "--lanes" not in given and "--roi" not in given and "check --rotate" in given


def test_several_membranes_under_a_camera_are_told_with_their_regions(tmp_path):
    """No page: a dark bed, and two membranes on it, one above the other."""
    import tifffile

    rows, cols = np.mgrid[:170, :440]
    rng = np.random.default_rng(2)
    image = 120 + rng.normal(0, 8, (480, 560))
    for top in (40, 270):
        membrane = 2000 + rng.normal(0, 20, rows.shape)
        for x in np.arange(40, 440, 60):
            membrane += 9000 * np.exp(-(((rows - 90) / 5.0) ** 2) - np.abs((cols - x) / 20.0) ** 6)
        image[top : top + 170, 60:500] += membrane
    tifffile.imwrite(tmp_path / "bed.tif", image.astype(np.uint16))
    result = run("analyze", tmp_path / "bed.tif", "--no-report", "--out", tmp_path / "out")
    line = next(text for text in result.stderr.splitlines() if "2 membranes in this picture" in text)
    regions = [text.split(",")[0] + "," + text.split(",")[1].split(" ")[0] for text in line.split("--roi ")[1:]]
    assert len(regions) == 2
    for region, top in zip(regions, (40, 270), strict=True):
        found = [int(edge) for part in region.split(",") for edge in part.split(":")]
        np.testing.assert_allclose(found, (top, top + 170, 60, 500), atol=12)
    said = run("inspect", tmp_path / "bed.tif").output
    assert all(f"--roi {region}" in said for region in regions)
    result = run("analyze", tmp_path / "bed.tif", "--roi", regions[1], "--no-report", "--out", tmp_path / "one")
    assert "membranes in this picture" not in result.stderr
    assert read_record(tmp_path / "one")["geometry"]["window"]["top"] >= 250
    result = run("analyze", tmp_path / "bed.tif", "--panel", "2", "--no-report", "--out", tmp_path / "panel")
    assert "membranes in this picture" not in result.stderr
    assert read_record(tmp_path / "panel")["geometry"] == read_record(tmp_path / "one")["geometry"]
    refused(run("analyze", tmp_path / "bed.tif", "--panel", "3"), "2 membranes were found", "allowed: 1 to 2")
