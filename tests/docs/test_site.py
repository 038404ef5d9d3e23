"""The docs as a site: it builds without a warning, and has every page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.docs.site import ROOT_PAGES
from tools.paths import ROOT

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
    expected = [of_the_site.get(page, page.removesuffix("*")) for page in pages if page != "index.ja.md"]
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
    assert [each for each in sources if not (site / page).parent.joinpath(each.split("#")[0]).exists()] == []


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
