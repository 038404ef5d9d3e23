"""Hooks of MkDocs: pages of the repository's root, files of a folder, links out of docs/."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT_PAGES = {
    "README.md": "index.md",
    "README.ja.md": "index.ja.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Files of the repository's root that become pages, and their names on the site."""

_TWO_PICTURES = re.compile(
    r'<picture>\s*<source [^>]*srcset="([^"]+)">\s*<img alt="([^"]+)" src="([^"]+)"[^>]*>\s*</picture>'
)
"""A pair of pictures for dark and light mode, in GitHub's syntax."""

_LINK = re.compile(r"\[([^]]+)\]\((?!https?://|#)([^)#]*)(#[^)]*)?\)")


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


def on_page_markdown(markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs passes it
    """Rewrite links of the repository for the site."""
    here = page.file.src_uri
    in_repository = {site: name for name, site in ROOT_PAGES.items()}.get(here, f"docs/{here}")

    def turned(link: re.Match[str]) -> str:
        text, path, anchor = link[1], link[2], link[3] or ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(in_repository), path))
        on_site = ROOT_PAGES.get(target, target.removeprefix("docs/"))
        if target in ROOT_PAGES or re.match(r"docs/.*\.(md|svg|png)$", target):  # mkdocs reports a missing page
            return f"[{text}]({posixpath.relpath(on_site, posixpath.dirname(here))}{anchor})"
        # A source file is linked only if the repository's URL is known.
        return f"[{text}]({config.repo_url.rstrip('/')}/blob/main/{target})" if config.repo_url else text

    # The theme's own syntax for the same: it shows the picture of the chosen colour scheme.
    with_both = _TWO_PICTURES.sub(r"![\2](\3#only-light)\n![\2](\1#only-dark)", markdown)
    return _LINK.sub(turned, with_both)
