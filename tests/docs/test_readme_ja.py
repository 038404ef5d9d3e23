"""README.ja.md says what README.md says: the same sections, commands, statements, tables and links, in Japanese."""

from __future__ import annotations

import re

from tools.paths import ROOT

ENGLISH = (ROOT / "README.md").read_text()
JAPANESE = (ROOT / "README.ja.md").read_text()


def levels(text: str) -> list[str]:
    return re.findall(r"^(#+) ", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


def blocks(text: str) -> list[str]:
    """The code blocks without the comments of their commands, with the page's words before them that tests read."""
    found = re.findall(r"(?:^<!-- (?:needs|query:) \w+ -->\n)?^```.*?^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+# .*$", "", block, flags=re.MULTILINE) for block in found]


def links(text: str) -> list[str]:
    return sorted(re.sub(r"#.+", "#", link) for link in re.findall(r"\]\(([^)]+)\)", text) if "README" not in link)


def test_sections_are_the_same() -> None:
    assert levels(JAPANESE) == levels(ENGLISH)


def test_code_is_the_same() -> None:
    assert blocks(JAPANESE) == blocks(ENGLISH)


def test_tables_and_lists_have_the_same_rows() -> None:
    for pattern in (r"^\| ", r"^> ", r"^(?:-|\d+\.) "):
        assert len(re.findall(pattern, JAPANESE, re.MULTILINE)) == len(re.findall(pattern, ENGLISH, re.MULTILINE))


def test_links_are_the_same() -> None:
    assert links(JAPANESE) == links(ENGLISH)


def test_each_links_to_the_other() -> None:
    assert "[日本語](README.ja.md)" in ENGLISH
    assert "[English](README.md)" in JAPANESE


def test_no_number_is_lost() -> None:
    def numbers(text: str) -> set[str]:
        prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        return set(re.findall(r"\d[\d,.]*\d", prose))

    assert numbers(ENGLISH) - numbers(JAPANESE) == set()


def test_it_is_japanese() -> None:
    """A paragraph that was added to README.md and copied is noticed."""
    prose = re.sub(r"^```.*?^```", "", JAPANESE.split("> Banos")[0], flags=re.MULTILINE | re.DOTALL)
    plain = [each for each in re.split(r"\n\n+", prose) if len(re.findall(r"[A-Za-z]{2,}", each)) > 8]
    assert [each for each in plain if not re.search(r"[ぁ-ん]{2}", each)] == []
