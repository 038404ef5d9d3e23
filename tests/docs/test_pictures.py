"""The pictures that README and docs show: small, told in words, and asking for nothing."""

from __future__ import annotations

import base64
import io
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from PIL import Image, ImageStat

from snapshot_report.page import render
from tests.lambda_report.sample import report
from tools.docs import pictures
from tools.executing import execute
from tools.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = [ROOT / "README.md", ROOT / "README.ja.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILES = sorted(pictures.FOLDER.iterdir())
ALL_BYTES = 1_000_000

SHOWN = re.compile(
    r'!\[(?P<alt>[^]]*)\]\((?P<path>[^)]+)\)|<source [^>]*srcset="(?P<dark>[^"]+)"|'
    r'<img alt="(?P<other_alt>[^"]*)" src="(?P<light>[^"]+)"'
)
ASKS = re.compile(r"""(?:href|src)=["'](?!#)|@import|url\((?!["']?#)""")
"""What makes an SVG ask for something beside it; what begins with # is in itself."""


@dataclass(frozen=True)
class Shown:
    """A picture as a page shows it. Of a pair for dark and light, the light one has the words."""

    page: Path
    file: Path
    alt: str | None
    behind: str
    """The paragraph after it."""


def shown(page: Path) -> list[Shown]:
    text = page.read_text()
    return [
        Shown(
            page,
            page.parent / (found["path"] or found["dark"] or found["light"]),
            found["alt"] if found["path"] else found["other_alt"],
            text[found.end() :].split("\n\n")[1],
        )
        for found in SHOWN.finditer(text)
    ]


EVERY = [each for page in PAGES for each in shown(page)]
OURS = [each for each in EVERY if each.file.parent == pictures.FOLDER]


def name(each: Shown) -> str:
    return f"{each.page.relative_to(ROOT)}: {each.file.name}"


@pytest.mark.parametrize("each", EVERY, ids=name)
def test_a_picture_that_is_shown_is_there_and_told_in_words(each: Shown) -> None:
    assert each.file.exists()
    assert each.alt is None or len(each.alt) >= 20, "an alt text says what one would see"


@pytest.mark.parametrize("each", OURS, ids=name)
def test_a_picture_is_one_that_is_made_and_the_page_says_of_what(each: Shown) -> None:
    assert each.file.name in pictures.NAMES
    said = ("`make pictures`", "ローカル AWS" if each.page.name.endswith(".ja.md") else "local AWS")
    assert all(words in each.behind for words in said), each.behind
    assert ("合成データ" if each.page.name.endswith(".ja.md") else "synthetic data") in each.behind


def test_every_picture_is_made_and_shown() -> None:
    assert {file.name for file in FILES} == set(pictures.NAMES)
    assert {each.file for each in OURS} == set(FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_picture_is_large(file: Path) -> None:
    assert file.stat().st_size <= pictures.MOST_BYTES


def test_together_they_are_not_large() -> None:
    assert sum(file.stat().st_size for file in FILES) <= ALL_BYTES


@pytest.mark.parametrize("file", sorted((ROOT / "docs").rglob("*.svg")), ids=lambda file: file.name)
def test_an_svg_asks_for_nothing(file: Path) -> None:
    assert [line for line in file.read_text().splitlines() if ASKS.search(line)] == []


@pytest.mark.browser
def test_a_terminal_is_drawn_as_it_was_and_asks_for_nothing(browser: Browser, tmp_path: Path) -> None:
    output = pictures.said(sys.executable, "-m", "mhealth_ops.cli", "query", "--help", environment={})
    assert "\x1b[" in output, "colours"
    file, long = tmp_path / "terminal.svg", "x" * 150
    file.write_text(pictures.terminal("a title", [("mhealth query --help", output), ("echo 2", "2\n"), ("long", long)]))
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(file.as_uri())
    texts = [text.replace("\xa0", " ") for text in page.locator("text").all_text_contents()]
    beyond = page.evaluate(
        """() => [...document.querySelectorAll("text")].filter(text => text.textContent.trim() &&
        text.getBoundingClientRect().right > document.querySelector("rect[rx]").getBoundingClientRect().right).length"""
    )
    page.close()
    assert asked == [file.as_uri()]
    assert texts[0] == "a title"
    assert {"mhealth query --help", "echo 2", "2", long} <= set(texts), (
        "a command and each colour are texts of their own"
    )
    assert any("--named" in text for text in texts)
    assert beyond == 0
    assert len(set(re.findall(r"fill: (#\w+)", file.read_text()))) > 3
    assert not re.search(r" $", file.read_text(), re.MULTILINE), "as the hooks want files"


def test_a_command_that_fails_makes_no_picture() -> None:
    with pytest.raises(pictures.PictureFailed, match=r"no-such-command ended with 2: (?s:.)*No such command"):
        pictures.said(sys.executable, "-m", "mhealth_ops.cli", "no-such-command", environment={})


def test_a_chart_for_a_dark_page_keeps_its_hues() -> None:
    """As Chromium 147 shows the palette's colours with CSS's `invert(0.9) hue-rotate(180deg)` (seen 2026-11-30)."""
    colours = [(255, 255, 255), (0, 114, 178), (230, 159, 0), (0, 0, 0)]
    with Image.new("RGB", (4, 1)) as picture:
        picture.putdata(colours)
        file = io.BytesIO()
        picture.save(file, "PNG")
    with Image.open(io.BytesIO(pictures.dark(pictures.small(file.getvalue())))) as picture:
        found = [picture.convert("RGB").getpixel((x, 0)) for x in range(4)]
    expected = [(26, 26, 26), (79, 170, 221), (153, 96, 0), (230, 230, 229)]
    assert found == [pytest.approx(colour, abs=1) for colour in expected]


@pytest.mark.parametrize("name", pictures.CHARTS)
def test_a_chart_for_a_dark_page_is_the_same_chart(name: str) -> None:
    light, dark = (pictures.FOLDER / file for file in (name, pictures.dark_name(name)))
    assert pictures.dark(light.read_bytes()) == dark.read_bytes()


@pytest.mark.browser
def test_the_report_is_shown_down_to_the_end_of_what_came_in(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(render(report()))
    seen = {}
    for scheme in ("light", "dark"):
        png = pictures.photograph(browser, file, scheme)
        less = pictures.small(png)
        assert len(less) < len(png) / 2
        with Image.open(io.BytesIO(less)) as picture:
            seen[scheme] = picture.size, ImageStat.Stat(picture.convert("L")).mean[0]
    (size, light), (same, dark) = seen["light"], seen["dark"]
    assert size == same
    assert size[0] == 1500
    assert 3000 < size[1] < 4600
    assert dark < 60 < 200 < light


@pytest.mark.browser
def test_a_page_without_a_section_makes_no_picture(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "empty.html"
    file.write_text("<h1>Nothing</h1><section id=in hidden></section>")
    with pytest.raises(pictures.PictureFailed, match=r"empty\.html shows no section"):
        pictures.photograph(browser, file, "light")


def test_a_chart_is_what_its_cell_showed(tmp_path: Path) -> None:
    new = nbformat.v4
    drawing = (
        "import matplotlib.pyplot as plt\n# the {}\nplt.figure(figsize=({}, 1), dpi=50).gca().plot([1, 2])\nplt.show()"
    )
    cells = [new.new_code_cell(drawing.format("first", 2)), new.new_code_cell(drawing.format("other", 4))]
    cells += [new.new_code_cell("print('the last')")]
    file = tmp_path / "small.ipynb"
    nbformat.write(new.new_notebook(cells=cells), file)
    notebook = execute(str(file), dict(os.environ) | {"MPLCONFIGDIR": str(tmp_path)})
    first, other = pictures.chart(notebook, "# the first"), pictures.chart(notebook, "# the other")
    assert first == base64.b64decode(notebook.cells[0].outputs[0].data["image/png"])
    with Image.open(io.BytesIO(first)) as one, Image.open(io.BytesIO(pictures.small(other))) as two:
        assert one.width < two.width
    for words, count in (("# the", 2), ("the last", 0)):
        with pytest.raises(pictures.PictureFailed, match=f"{count} pictures of cells with '{words}', expected one"):
            pictures.chart(notebook, words)


def test_each_chart_is_of_one_cell_of_the_notebook() -> None:
    notebook = nbformat.read(ROOT / "notebooks" / pictures.NOTEBOOK, as_version=4)
    drawing = [cell.source for cell in notebook.cells if cell.cell_type == "code" and "plt.show()" in cell.source]
    for words in pictures.CHARTS.values():
        assert len([source for source in drawing if words in source]) == 1, words
