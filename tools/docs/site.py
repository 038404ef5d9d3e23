"""Hooks of MkDocs: pages of the repository's root, files of a folder, links, languages, and what the pages need."""

from __future__ import annotations

import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from tools.docs.consoles import with_commands_to_copy
from tools.docs.diagrams import mermaid

ROOT_PAGES = {
    "README.md": "index.md",
    "README.ja.md": "index.ja.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Files of the repository's root that become pages, and their names on the site."""

LIST = "docs/README.md"
"""What one sees who opens the folder."""

_TWO_PICTURES = re.compile(
    r'<picture>\s*<source [^>]*srcset="([^"]+)">\s*<img alt="([^"]+)" src="([^"]+)"[^>]*>\s*</picture>'
)
"""A pair of pictures for dark and light mode, in GitHub's syntax."""

_LINK = re.compile(r"\[([^]]+)\]\((?!https?://|#)([^)#]*)(#[^)]*)?\)")
_PATH_OF_A_PAGE = re.compile(r"`?[\w./-]+\.md`?")

_FENCED = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)
_TEXT_OF_ITEM = re.compile(r"^(?=   )", re.MULTILINE)
_NEXT_ITEM = re.compile(r"(?<=\n)(    .*\n)(?=\d+\. )")

MERMAID = "assets/mermaid.js"
"""The script that draws diagrams, on the site."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replace `FOLDER/*` in the navigation by the files of the folder."""
    config.nav = _with_files(config.nav, Path(config.docs_dir))
    return config


def _with_files(nav: Any, docs: Path) -> Any:
    if isinstance(nav, list):
        return [_with_files(each, docs) for each in nav]
    if isinstance(nav, dict):
        return {title: _with_files(each, docs) for title, each in nav.items()}
    if isinstance(nav, str) and nav.endswith("/*"):
        return sorted(path.relative_to(docs).as_posix() for path in docs.glob(f"{nav}.md"))
    return nav


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root."""
    root = posixpath.dirname(config.config_file_path or "")
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=posixpath.join(root, name)))
    return files


def on_page_markdown(markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links of the repository for the site."""
    here = page.file.src_uri
    in_repository = {site: name for name, site in ROOT_PAGES.items()}.get(here, f"docs/{here}")

    def turned(link: re.Match[str]) -> str:
        text, path, anchor = link[1], link[2], link[3] or ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(in_repository), path))
        on_site = ROOT_PAGES.get(target, target.removeprefix("docs/"))
        # The folder's own list is no page: the site has its navigation.
        if target in ROOT_PAGES or (
            target != LIST and re.match(r"docs/.*\.(md|svg|png)$", target)
        ):  # mkdocs reports a missing page
            if _PATH_OF_A_PAGE.fullmatch(text):
                text = _title(on_site, config, files) or text
            return f"[{text}]({posixpath.relpath(on_site, posixpath.dirname(here))}{anchor})"
        # A source file is linked only if the repository's URL is known.
        return f"[{text}]({config.repo_url.rstrip('/')}/blob/main/{target})" if config.repo_url else text

    # The theme's own syntax for the same: it shows the picture of the chosen colour scheme.
    with_both = _TWO_PICTURES.sub(r"![\2](\3#only-light)\n![\2](\1#only-dark)", markdown)
    return _with_wider_list_items(_LINK.sub(turned, with_both))


def _with_wider_list_items(markdown: str) -> str:
    """Markdown's lists with code as MkDocs reads them: four characters of indent, an empty line before the next item.

    GitHub takes the width of `1. `, and needs no empty line.
    """
    parts = _FENCED.split(markdown)
    for index in range(0, len(parts), 2):  # the others are code
        wider = _TEXT_OF_ITEM.sub(" ", parts[index])
        parts[index] = _NEXT_ITEM.sub(r"\1\n", wider)
    return "".join(parts)


def _title(page: str, config: MkDocsConfig, files: Files) -> str | None:
    """The title of a page: that of the navigation, or the page's first heading."""
    named = _titles(config.nav).get(page)
    file = files.get_file_from_path(page)
    if named or file is None:
        return named
    heading = re.search(r"^# (.+)$", file.content_string, re.MULTILINE)
    return heading[1] if heading else None


def _titles(nav: Any) -> dict[str, str]:
    """Page to title of a navigation."""
    found: dict[str, str] = {}
    for each in nav or []:
        for title, what in each.items() if isinstance(each, dict) else ():
            found |= {what: title} if isinstance(what, str) else _titles(what)
    return found


def on_page_content(html: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs passes it
    """Let the copy button of a console block copy its commands only."""
    return with_commands_to_copy(html)


def on_page_context(context: Any, /, *, page: Page, config: MkDocsConfig, nav: Any) -> Any:  # noqa: ARG001 - mkdocs passes it
    """Render a Japanese page as one: its language attribute, and the words of the theme."""
    config.theme["language"] = "ja" if page.file.src_uri.endswith(".ja.md") else "en"
    return context


def on_post_page(output: str, /, *, page: Page, config: MkDocsConfig) -> str:
    """Give a page with a diagram the script that draws it."""
    if '<pre class="mermaid">' in output:
        script = Path(config.site_dir, MERMAID)
        if not script.exists():
            script.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(mermaid(), script)
        # Before the theme's own script, which otherwise loads Mermaid from another server.
        tag = f'<script src="{get_relative_url(MERMAID, page.url)}"></script>'
        output = re.sub(r'(?=<script src="[^"]*assets/javascripts/bundle\.)', f"{tag}\n", output, count=1)
    return output
