"""A page read as a person reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """What a browser would make elements of."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def words(page: bytes) -> str:
    """The page's texts, with a space between two cells or lines."""
    apart = re.sub(rb"</(?:t[dhr]|dt|dd|p|h\d|caption|small)>", rb" \g<0>", page)
    return re.sub(r"\s+", " ", Page(apart).text)
