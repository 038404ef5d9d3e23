"""Each page in Japanese has what its English page has: sections, commands, statements, tables, links and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path

import pytest

from tools.paths import ROOT

CODE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Pair:
    """A page and its Japanese version, `NAME.ja.md`."""

    path: Path

    @property
    def japanese_path(self) -> Path:
        return self.path.with_suffix(".ja.md")

    @property
    def english(self) -> str:
        return self.path.read_text()

    @property
    def japanese(self) -> str:
        return self.japanese_path.read_text()


PAIRS = [Pair(path.with_name(path.name.replace(".ja.", "."))) for path in [*ROOT.glob("*.ja.md")]]
PAIRS += [Pair(path.with_name(path.name.replace(".ja.", "."))) for path in sorted((ROOT / "docs").rglob("*.ja.md"))]

each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.path.name)


def prose(text: str) -> str:
    return CODE.sub("", text)


def blocks(text: str) -> list[str]:
    """The code blocks without the comments of their commands, with the page's words before them that tests read."""
    found = re.findall(r"(?:^<!-- (?:needs|query:) \w+ -->\n)?^ *```.*?^ *```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+# .*$", "", block, flags=re.MULTILINE) for block in found]


def links(text: str) -> set[str]:
    """The targets of links, without sections, whose names are in the language of the page."""
    found = re.findall(r"\]\(([^)]+)\)", prose(text))
    plain = {re.sub(r"#.+", "#", link).replace(".ja.md", ".md") for link in found}
    return {link for link in plain if "README" not in link}


def names(text: str) -> list[str]:
    """The first cells of table rows, where they are names: of errors, alarms, parameters."""
    return re.findall(r"^\| (`?[A-Z][\w.…]+`?(?:, `?[A-Z][\w.…]+`?)*) \|", prose(text), re.MULTILINE)


def test_the_pages_that_a_newcomer_and_an_operator_need_are_in_japanese() -> None:
    assert {pair.path.relative_to(ROOT).as_posix() for pair in PAIRS} == {
        *("README.md", "docs/tutorial.md", "docs/operations.md", "docs/errors.md")
    }


@each_pair
def test_sections_are_the_same(pair: Pair) -> None:
    def levels(text: str) -> list[str]:
        return re.findall(r"^(#+) ", prose(text), re.MULTILINE)

    assert levels(pair.japanese) == levels(pair.english)


@each_pair
def test_code_is_the_same(pair: Pair) -> None:
    both = zip_longest(blocks(pair.japanese), blocks(pair.english), fillvalue="(none)")
    for number, (japanese, english) in enumerate(both, start=1):
        assert japanese == english, (
            f"{pair.japanese_path.name} is behind {pair.path.name}: copy its code block {number}; "
            f"the comments of commands may be in Japanese"
        )


@each_pair
def test_tables_and_lists_have_the_same_rows(pair: Pair) -> None:
    for pattern in (r"^\| ", r"^> ", r"^ *(?:-|\d+\.) "):
        assert len(re.findall(pattern, prose(pair.japanese), re.MULTILINE)) == len(
            re.findall(pattern, prose(pair.english), re.MULTILINE)
        ), pattern


@each_pair
def test_rows_have_the_same_names(pair: Pair) -> None:
    assert names(pair.japanese) == names(pair.english)


@each_pair
def test_links_are_the_same(pair: Pair) -> None:
    itself = {pair.path.name}  # each links to the other
    assert links(pair.japanese) - itself == links(pair.english) - itself


@each_pair
def test_each_links_to_the_other(pair: Pair) -> None:
    assert f"[日本語]({pair.japanese_path.name})" in pair.english
    assert f"[English]({pair.path.name})" in pair.japanese


@each_pair
def test_a_link_leads_to_the_page_in_japanese_where_there_is_one(pair: Pair) -> None:
    translated = {each.path for each in PAIRS} - {pair.path}
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^):]+)\)", pair.japanese)]
    assert [link for link in targets if (pair.path.parent / link).resolve() in translated] == []


@each_pair
def test_no_number_is_lost(pair: Pair) -> None:
    def numbers(text: str) -> set[str]:
        return set(re.findall(r"\d[\d,.]*\d", prose(text)))

    assert numbers(pair.english) - numbers(pair.japanese) == set()


@each_pair
def test_no_command_and_no_name_is_lost(pair: Pair) -> None:
    def code(text: str) -> set[str]:
        return set(re.findall(r"`([^`]+)`", prose(text)))

    assert code(pair.english) - code(pair.japanese) == set()


@each_pair
def test_it_is_japanese(pair: Pair) -> None:
    """A paragraph that was added to the English page and copied is noticed."""
    text = prose(pair.japanese.split("> Banos")[0])
    plain = [each for each in re.split(r"\n\n+", text) if len(re.findall(r"[A-Za-z]{2,}", each)) > 8]
    assert [each for each in plain if not re.search(r"[ぁ-ん]{2}", each)] == []


@each_pair
def test_no_line_ends_within_a_sentence(pair: Pair) -> None:
    """A browser shows the end of a line as a space, which Japanese does not have."""
    lines = prose(pair.japanese).splitlines()
    assert [line for line, after in pairwise(lines) if after and _is_text(after) and _goes_on(line)] == []


def _is_text(line: str) -> bool:
    """Whether a line continues a paragraph or a list item."""
    return not re.match(r" *([|>#!<*-]|\d+\. |$)", line)


def _goes_on(line: str) -> bool:
    """Whether a line of text ends without the end of a sentence."""
    return not re.search(r"(\u3002|\uff1a|^)$", line) and not re.match(r" *[|>#!<]", line)
