"""The docs as a site: it builds without a warning, has every page, and needs no network."""

from __future__ import annotations

import functools
import html
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.docs import diagrams
from tools.docs.consoles import commands
from tools.docs.site import ROOT_PAGES
from tools.paths import ROOT
from tools.waiting import HANG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LIST = ROOT / "docs" / "README.md"
"""What one sees who opens the folder: the site has its navigation in place of it."""

PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md") if path != LIST)


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(site)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        diagrams.mermaid()
    except diagrams.NoMermaid as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there_and_in_the_navigation(site: Path) -> None:
    home = (site / "index.html").read_text()
    for page in {*PAGES, *ROOT_PAGES.values()} - {"index.md"}:
        address = page.removesuffix(".md") + "/"
        assert (site / address / "index.html").exists(), page
        assert f'href="{address}"' in home, page


def test_the_folders_own_list_has_every_page_in_the_order_of_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().split("\nnav:\n")[1].split("\n\n")[0]
    pages = re.findall(r"^ +- .+: (\S+)", navigation, re.MULTILINE)
    of_the_site = {page: f"../{name}" for name, page in ROOT_PAGES.items()}
    expected = [of_the_site.get(page, page.removesuffix("*")) for page in pages]
    assert re.findall(r"\]\(([^)]+)\)", LIST.read_text()) == expected


def test_source_files_are_not_on_the_site(site: Path) -> None:
    assert not [path for path in site.rglob("*") if path.suffix in {".py", ".json"} and path.parent.name != "search"]


def test_links_of_the_readme_lead_to_pages_of_the_site(site: Path) -> None:
    home = (site / "index.html").read_text()
    assert 'href="local-aws/"' in home
    assert 'href="docs/' not in home
    assert 'href="cloudformation/' not in home, "the site does not know where the sources are"


@pytest.mark.parametrize("page", ["index.html", "index.ja/index.html"])
def test_the_picture_that_fits_the_scheme_is_shown(site: Path, page: str) -> None:
    sources = re.findall(r'<img alt="[^"]+" src="([^"]+)"', (site / page).read_text())
    folder = "pictures" if page == "index.html" else "../pictures"
    assert {f"{folder}/report-light.png#only-light", f"{folder}/report-dark.png#only-dark"} <= set(sources)
    charts = {source for source in sources if "/recording" in source}
    assert charts == {f"{folder}/recording.png#only-light", f"{folder}/recording-dark.png#only-dark"}
    assert [each for each in sources if not (site / page).parent.joinpath(each.split("#")[0]).exists()] == []


def test_a_link_to_a_page_has_the_pages_title_as_its_text(site: Path) -> None:
    links = dict(re.findall(r'<a href="([^"#]+)[^"]*">([^<]+)</a>', (site / "architecture" / "index.html").read_text()))
    assert links["../cost/"] == "Cost"
    assert links["../design/"] == "Component contracts"
    texts = {
        text
        for path in site.rglob("index.html")
        for text in re.findall(r'<a href="[^":]*">(?:<code>)?([^<]+)', path.read_text())
    }
    assert [text for text in texts if text.endswith(".md")] == []
    assert "1. Every run writes a new snapshot; one statement publishes it" in texts, "a decision, by its heading"


def test_code_in_a_list_item_does_not_end_the_list(site: Path) -> None:
    paragraphs = {
        path.parent.name: [
            text
            for text in re.findall(r"<p>(.*?)</p>", path.read_text(), re.DOTALL)
            if re.search(r"^\d+\. ", text, re.M)
        ]
        for path in site.rglob("index.html")
    }
    assert {page: found for page, found in paragraphs.items() if found} == {}
    deploy = (site / "operations" / "index.html").read_text().split('<h2 id="deploy">')[1].split("<h2")[0]
    assert [deploy.count(tag) for tag in ("<ol>", "<li>", "data-copy=")] == [1, 3, 1]


def test_a_japanese_page_says_that_it_is_in_japanese(site: Path) -> None:
    languages = {
        path.parent.relative_to(site).as_posix(): re.findall(r'<html lang="(\w+)"', path.read_text())
        for path in site.rglob("index.html")
    }
    assert languages["."] == ["en"]
    assert languages["index.ja"] == ["ja"]
    assert "目次" in (site / "index.ja" / "index.html").read_text()
    assert "Table of contents" in (site / "index.html").read_text()
    assert {page: found for page, found in languages.items() if found != ["ja" if page.endswith(".ja") else "en"]} == {}


def test_the_copy_button_of_a_console_block_copies_its_commands(site: Path) -> None:
    page = (site / "index.html").read_text()
    copied = [html.unescape(text) for text in re.findall(r' data-copy="([^"]*)"', page)]
    assert copied[0] == "git clone ADDRESS mhealth && cd mhealth\nmake demo"
    assert len(copied) == len(re.findall(r"^```console", (ROOT / "README.md").read_text(), re.MULTILINE))


def test_commands_are_told_from_prompts_and_output() -> None:
    assert commands('$ a "$(b \\\n    c)"  # d\n...\ntotal $ 3\n\n$ e\n') == 'a "$(b \\\n    c)"  # d\ne'


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of the site on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def offline(browser: Browser, own: str) -> Iterator[tuple[Page, list[str]]]:
    """A page that reaches `own` addresses only, and the others that it asked for: these are never answered."""
    asked: list[str] = []
    page = browser.new_page(color_scheme="dark")
    page.route(lambda address: not address.startswith(own), lambda route: asked.append(route.request.url))
    try:
        yield page, asked
    finally:
        page.close()


@pytest.mark.browser
def test_diagrams_and_search_need_no_network(site: Path, browser: Browser) -> None:
    with served(site) as address, offline(browser, address) as (page, asked):
        page.goto(f"{address}index.ja/")
        page.wait_for_selector("div.mermaid", timeout=1000 * HANG)  # what the theme puts in place of the text
        assert page.locator("pre.mermaid").count() == 0
        for words, title in (
            ("quarantine", "Glossary"),
            ("ロールバック", "AWS Glue で扱う mHealth データ"),
            ("照会", "AWS Glue で扱う mHealth データ"),  # within a sentence without a space
        ):
            page.locator("input[name=query]").fill(words)
            page.locator("input[name=query]").press("End")  # the theme waits for a key
            page.wait_for_selector(
                f".md-search-result__item :text-is('{title}')", state="attached", timeout=1000 * HANG
            )
        assert asked == []


@pytest.mark.browser
def test_a_chart_on_a_dark_page_is_dark(site: Path, browser: Browser) -> None:
    with served(site) as address, offline(browser, address) as (page, _):
        page.goto(f"{address}performance/")
        filters = page.eval_on_selector_all(".md-content img", "all => all.map(one => getComputedStyle(one).filter)")
        page.goto(address)
        scripts = "all => all.map(one => [one.getAttribute('src'), getComputedStyle(one).filter])"
        of = dict(page.eval_on_selector_all(".md-content img", scripts))
    assert set(filters) == {"invert(0.9) hue-rotate(180deg)"}
    assert of["pictures/query-reads-dark.png#only-dark"] == "none", "the picture itself is dark"
    assert of["pictures/run.svg"] == of["pictures/report-dark.png#only-dark"] == "none"


def test_a_mermaid_that_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagrams, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(diagrams, "PACKAGE", tmp_path)
    (tmp_path / "package-lock.json").write_text("{}")

    def fails(_: Path) -> None:
        raise subprocess.CalledProcessError(1, "npm", stderr="npm error code ENOTFOUND")

    monkeypatch.setattr(diagrams, "_install", fails)
    with pytest.raises(
        diagrams.NoMermaid, match=r"draws its diagrams\. The .* failed: npm error code ENOTFOUND\nCheck"
    ):
        diagrams.mermaid()


def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ROOT_PAGES:
        (tmp_path / name).write_text("# Page\n\n[a](docs/nowhere.md) [b](docs/here.md#nor) ![c](docs/no/picture.svg)\n")
    (tmp_path / "docs" / "here.md").write_text("# Here\n")
    (tmp_path / "mkdocs.yml").write_text(
        f"site_name: broken\nhooks: [{ROOT}/tools/docs/site.py]\nvalidation: {{ links: {{ anchors: warn }} }}\n"
    )
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    assert "a link 'nowhere.md', but the target is not found" in done.stderr
    assert "a link 'no/picture.svg', but the target is not found" in done.stderr
    assert "does not contain an anchor '#nor'" in done.stderr
