"""Pages in a real browser: nothing goes wrong, nothing is asked for, everything is there and fits."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from chromium import Browser
from report_blots import HOSTILE, NAME, folder, hostile_analysis, three_saved

import ublot

SIZES = [pytest.param(360, True, id="phone"), pytest.param(1280, False, id="desktop")]


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages():
    """Address of every kind of page."""
    three = three_saved()
    hostile = hostile_analysis().save(folder() / "hostile")
    compared = ublot.compare_blots(three, protein_nM=100).save(folder() / "compared")
    found = {"blot": hostile, "comparison": compared, "plain": three[0]}
    return {name: f"file://{quote(str(place / 'report.html'))}" for name, place in found.items()}


@pytest.mark.parametrize(("width", "phone"), SIZES)
@pytest.mark.parametrize("kind", ["blot", "comparison", "plain"])
def test_page_is_whole_quiet_and_fits(browser, pages, kind, width, phone):
    visit = browser.open(pages[kind], width, phone=phone)
    assert visit.console == []
    assert [url for url in visit.requests if not url.startswith("data:")] == [pages[kind]]
    page = json.loads(visit.run(FACTS))
    assert page["overflow"] <= 0, page["wide"]
    assert page["pictures"] >= {"blot": 5, "comparison": 2, "plain": 5}[kind]
    assert page["empty"] == [] and page["speechless"] == []
    assert page["alerts"] == 0
    visit.close()


FACTS = """(() => {
  const root = document.documentElement, images = [...document.images];
  const grey = (image) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 40;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 40, 40);
    const data = context.getImageData(0, 0, 40, 40).data;
    return Math.max(...data.filter((v, i) => i % 4 == 1)) - Math.min(...data.filter((v, i) => i % 4 == 1));
  };
  const seen = (image) => { const box = image.getBoundingClientRect(); return box.width > 100 && box.height > 50; };
  return JSON.stringify({
    overflow: root.scrollWidth - root.clientWidth,
    wide: [...document.querySelectorAll("main *")].filter((e) => !e.closest(".scroll") &&
      e.getBoundingClientRect().right > root.clientWidth + 1).map((e) => e.outerHTML.slice(0, 80)),
    pictures: images.length,
    empty: images.filter((i) => !i.complete || !i.naturalWidth || !seen(i) || grey(i) < 30).map((i) => i.alt),
    speechless: images.filter((i) => i.alt.length < 20).map((i) => i.className),
    alerts: window.alerted || 0,
  });
})()"""


def test_names_from_the_user_are_text(browser, pages):
    visit = browser.open(pages["blot"])
    assert visit.run("document.querySelectorAll('script').length") == 1
    assert HOSTILE in visit.run("document.querySelector('#lanes table').textContent")
    assert HOSTILE in visit.run("document.querySelector('.answer').textContent")
    assert visit.run("document.querySelector('h1').textContent") == NAME
    assert NAME in visit.run("document.title")
    visit.close()


def test_tables_sort_and_text_is_copied(browser, pages):
    visit = browser.open(pages["plain"])
    lanes = "[...document.querySelectorAll('#lanes tbody tr')].map((r) => r.cells[0].textContent)"
    assert visit.run(f"{lanes}.join()") == "1,2,3,4,5,6,7,8,9,10"
    button = "[...document.querySelectorAll('#lanes th button')].find((b) => b.textContent.startsWith('fold')).click()"
    visit.run(button)
    first = visit.run(f"{lanes}[0]")
    assert visit.run("document.querySelector('#lanes th[aria-sort]').getAttribute('aria-sort')") == "descending"
    assert first == "9" and visit.run(f"{lanes}.slice(-2).sort().join()") == "1,10"
    visit.run("""(() => { window.copied = ""; navigator.clipboard.writeText = async (text) => { window.copied = text; };
      document.querySelector("button.copy[data-copy=methods-text]").click(); })()""")
    copied = visit.run("window.copied")
    assert copied.startswith("The blot was quantified with ublot") and "\n1. " in copied
    # Where the clipboard is not to be had, the text is selected and copied in the old way.
    visit.run("""(() => { navigator.clipboard.writeText = async () => { throw new Error(); };
      document.querySelector("button.copy[data-copy=command]").click(); })()""")
    visit.run("new Promise((done) => setTimeout(done, 50))")
    assert visit.run("getSelection().toString()").startswith("ublot analyze ")
    visit.close()


def test_downloads_are_in_the_page(browser, pages):
    visit = browser.open(pages["plain"])
    links = json.loads(visit.run(
        "JSON.stringify([...document.querySelectorAll('a[download]')].map((a) => [a.download, a.href.slice(0, 40)]))"
    ))  # fmt: skip
    kinds = {name.rpartition(".")[2]: href for name, href in links}
    assert kinds["svg"].startswith("data:image/svg+xml") and kinds["png"].startswith("data:image/png;base64")
    assert kinds["csv"].startswith("data:text/csv")
    # The SVG as it would be saved is a picture that a browser draws.
    size = visit.run("""new Promise((done, fail) => { const image = new Image(); image.onerror = fail;
      image.onload = () => done([image.naturalWidth, image.naturalHeight]);
      image.src = [...document.querySelectorAll("a[download]")].find((a) => a.download.endsWith("svg")).href; })""")
    assert size[0] > 150 and size[1] > 150
    visit.close()


@pytest.mark.parametrize("kind", ["blot", "comparison"])
def test_prints_on_a4_with_folds_open(browser, pages, kind):
    visit = browser.open(pages[kind])
    pdf = visit.pdf()
    boxes = {tuple(map(float, box.split())) for box in _media_boxes(pdf)}
    assert len(boxes) == 1
    (_, _, width, height) = boxes.pop()
    assert (width, height) == pytest.approx((595, 842), abs=2)
    assert visit.run("document.querySelectorAll('details[open]').length") == 0  # folded again
    visit.close()


def _media_boxes(pdf):
    parts = pdf.decode("latin-1").split("/MediaBox [")[1:]
    return [part.partition("]")[0] for part in parts]


def test_dark_scheme_keeps_contrast(browser, pages):
    visit = browser.open(pages["plain"])
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    light = visit.run("getComputedStyle(document.body).backgroundColor")
    browser.call("Emulation.setEmulatedMedia", dark, visit.session)
    assert visit.run("getComputedStyle(document.body).backgroundColor") != light
    for part in (".sentence", ".verdict", "figcaption", "td"):
        ink, paper = (
            visit.run(f"""(() => {{ let e = document.querySelector("{part}"); const ink = getComputedStyle(e).color;
          while (getComputedStyle(e).backgroundColor === "rgba(0, 0, 0, 0)") e = e.parentElement;
          return [ink, getComputedStyle(e).backgroundColor]; }})()""")
        )
        assert _contrast(ink, paper) >= 4.5, part
    visit.close()


def _contrast(one, other):
    """Contrast of two CSS colours (WCAG 2.2)."""

    def light(colour):
        parts = [float(v) / 255 for v in colour.partition("(")[2].rstrip(")").split(",")[:3]]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
