"""The page in a headless Chromium: light and dark, narrow and wide, with nothing cut off and nothing to complain of."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import matplotlib
import pytest

from snapshot_report.failed_page import render_failed
from snapshot_report.page import render

from .sample import failed, report

pytestmark = pytest.mark.browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NARROW, WIDE = 390, 1280

CUT_OFF = """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.width && (box.left < frame.left - 1 || box.right > frame.right + 1);
  }).map(text => text.textContent);
})"""
"""The labels that a picture cuts off."""

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
FONT = (
    "@font-face { font-family: Other; size-adjust: %d%%; src: url(data:font/ttf;base64,"
    + base64.b64encode(DEJAVU.read_bytes()).decode()
    + ") } figure svg text { font-family: Other !important }"
)
"""DejaVu Sans, a seventh wider than what the pictures were measured in, drawn narrower or wider: no machine's fonts."""

PRINTED = 702
"""The pixels between the margins of a sheet of A4."""

HIDDEN_WHEN_PRINTED = """() => [...document.querySelectorAll("details td, details th")]
  .filter(cell => !cell.checkVisibility({contentVisibilityAuto: true}) || !cell.getBoundingClientRect().height)
  .map(cell => cell.textContent)"""

IN_A_FOLDER = """() => document.querySelectorAll(".file bdi").forEach(name => {
  if (name.textContent.startsWith("mHealth_")) name.prepend("MHEALTHDATASET/", document.createElement("wbr"));
})"""

COUNTS = """() => [...document.querySelectorAll("section thead th")]
  .filter(head => ["rows", "rejected", "lines"].includes(head.textContent) && head.checkVisibility())
  .map(head => [head.textContent, Math.round(head.getBoundingClientRect().right)])"""
"""The columns of rows and rejected lines, each with its right edge; without the tables of a closed `details`."""

NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Waits until the browser has laid out the page for another medium: what it skipped is visible from then on."""

BROKEN_NAMES = """() => [...document.querySelectorAll(".whole")].filter(name => {
  const tops = new Set([...name.getClientRects()].map(rectangle => Math.round(rectangle.top)));
  return tops.size !== 1;
}).map(name => name.textContent)"""
"""The names that stand on more than one line."""

OVER_THE_EDGE = """() =>
  [...document.querySelectorAll(".tiles div, .tiles dd, .tiles small, p, caption, h1, .facts dd")]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")
  .map(one => one.textContent.trim())"""
"""The texts that are wider than their place."""

CONTRASTS = """() => {
  const rgb = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = colour => rgb(colour).map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  return [...document.querySelectorAll("h1, h2, h3, p, a, td, th, dt, dd, small, summary, .badge, figure svg text")]
    .filter(one => one.getClientRects().length)
    .map(one => {
      const style = getComputedStyle(one);
      const [a, b] = [one.tagName === "text" ? style.fill : style.color, behind(one)].map(light).sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), one.textContent.trim().slice(0, 40)];
    }).filter(([contrast]) => contrast < 4.5);
}"""
"""Texts that stand out less than WCAG's level AA asks (4.5 to 1)."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_bytes(render(report()))
    return path


@pytest.fixture(params=["light-narrow", "light-wide", "dark-narrow", "dark-wide"])
def page(request: pytest.FixtureRequest, browser: Browser, file: Path) -> Iterator[Page]:
    """The page, opened; whatever is fetched beside it, or complained of, fails the test."""
    scheme, _, width = request.param.partition("-")
    opened = browser.new_page(
        viewport={"width": NARROW if width == "narrow" else WIDE, "height": 900},
        color_scheme=scheme,
    )
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda sent: sent.url == file.as_uri() or complaints.append(f"asked for {sent.url}"))
    opened.goto(file.as_uri())
    yield opened
    opened.close()
    assert complaints == []


def test_nothing_is_wider_than_the_screen_and_no_label_is_cut_off(page: Page) -> None:
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("stretch", [70, 100, 140], ids=["narrow-font", "font", "wide-font"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_no_label_is_cut_off_in_another_font(browser: Browser, file: Path, width: int, stretch: int) -> None:
    # The page lets in no font of anybody's.
    with browser.new_page(viewport={"width": width, "height": 900}, bypass_csp=True) as page:
        page.goto(file.as_uri())
        page.add_style_tag(content=FONT % stretch)
        assert page.evaluate("document.fonts.load('12px Other').then(found => found.length)") == 1
        assert page.evaluate(CUT_OFF) == []


def test_one_of_the_two_sizes_of_each_picture_is_shown(page: Page) -> None:
    shown = page.locator("figure svg[role=img]:visible")
    assert shown.count() == page.locator("figure").count() == 6
    assert all(10 < (shown.nth(place).bounding_box() or {})["height"] < 900 for place in range(6))


def test_every_text_stands_out_from_what_is_behind_it(page: Page) -> None:
    assert page.evaluate(CONTRASTS) == []


def test_the_page_can_be_read_without_seeing_it(page: Page) -> None:
    headings = page.locator("h1, h2, h3").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert headings[0] == 1
    assert all(deeper <= level + 1 for level, deeper in pairwise(headings))
    assert page.locator("table").count() == page.locator("table > caption").count()
    assert page.locator("html").get_attribute("lang") == "en"
    targets = page.locator("nav a").evaluate_all("all => all.map(a => document.querySelector(a.hash)?.tagName)")
    assert targets == ["SECTION"] * 8


@pytest.fixture(scope="module")
def failed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("failed") / "report.html"
    path.write_bytes(render_failed(failed()))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_failed_run_fits_a_phone_and_every_text_stands_out(
    browser: Browser, failed_file: Path, scheme: Literal["light", "dark"]
) -> None:
    with browser.new_page(viewport={"width": NARROW, "height": 664}, color_scheme=scheme) as page:
        page.goto(failed_file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == NARROW
        assert page.evaluate(CONTRASTS) == []
        assert page.evaluate(OVER_THE_EDGE) == []


# An iPhone's 844 pixels less what its browser takes.
def test_rows_and_rejected_lines_are_in_view_on_a_phone(browser: Browser, file: Path, failed_file: Path) -> None:
    for one, shown in ((file, ["Rows", "Rejected lines"]), (failed_file, ["Data lines read", "Rejected lines"])):
        with browser.new_page(viewport={"width": NARROW, "height": 664}) as page:
            page.goto(one.as_uri())
            tiles = page.locator(".tiles div")
            assert [tiles.nth(place).locator("dt").inner_text() for place in (0, 1)] == shown
            boxes = [tiles.nth(place).bounding_box() or {} for place in (0, 1)]
            assert all(box["y"] + box["height"] < 400 for box in boxes), boxes
            # In the tables, too, nobody scrolls to the right for them: with the folder that Kaggle's files have.
            page.evaluate(IN_A_FOLDER)
            counts = page.evaluate(COUNTS)
            assert {name for name, _ in counts} >= {"rows", "rejected", "lines"}
            assert [(name, right) for name, right in counts if right > NARROW - 16] == []


def test_a_printed_page_has_open_details_whole_names_and_no_empty_page(
    browser: Browser, file: Path, failed_file: Path
) -> None:
    for one in (file, failed_file):
        with browser.new_page(viewport={"width": PRINTED, "height": 1000}) as page:
            page.goto(one.as_uri())
            assert page.locator("details td").first.is_hidden(), "closed on the screen"
            page.emulate_media(media="print")
            assert page.locator("details").count() >= 2
            page.evaluate(NEXT_FRAME)
            assert page.evaluate(HIDDEN_WHEN_PRINTED) == []
            assert page.evaluate(BROKEN_NAMES) == []
            assert page.evaluate(OVER_THE_EDGE) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= PRINTED
            page.emulate_media(media=None)  # type: ignore[arg-type]
            drawn = drawn_on_each_page(page.pdf(format="A4", print_background=True))
        assert len(drawn) >= 2
        assert min(drawn) > 1000, drawn


def drawn_on_each_page(pdf: bytes) -> list[int]:
    """How many bytes of drawing instructions each page of a PDF of Chromium has. An empty page has some dozens."""
    objects = {int(number): body for number, body in re.findall(rb"(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL)}
    pages = [body for body in objects.values() if re.search(rb"/Type /Page\b", body)]
    contents = [re.search(rb"/Contents (\d+) 0 R", body) for body in pages]
    streams = [objects[int(found[1])].partition(b"stream\n") for found in contents if found]
    # A short one is not compressed.
    return [
        len(zlib.decompressobj().decompress(stream) if b"/FlateDecode" in head else stream)
        for head, _, stream in streams
    ]
