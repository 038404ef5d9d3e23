"""docs/aws-facts.md has a row, with its source, for what the project takes for granted of AWS."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_aws.glue.crawler_rights import TABLE_RIGHTS
from tools.checks.project import Project, as_list
from tools.checks.unused_rights import unused_locally

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "aws-facts.md").read_text()
PROJECT = Project.read()


@dataclass(frozen=True)
class Fact:
    """A row of the page: what AWS does, the names that it is about, the files that rely on it, and who says so."""

    section: str
    what: str
    names: tuple[str, ...]
    files: tuple[str, ...]
    source: str
    date: str


def facts() -> list[Fact]:
    found = []
    section = ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 5 and cells[0] != "assumption":
            what, names, files, source, date = cells
            found.append(Fact(section, what, _quoted(names), _quoted(files), source, date))
    return found


def _quoted(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", text))


FACTS = facts()
NAMES = {name for fact in FACTS for name in fact.names}


def unused_actions() -> Iterator[str]:
    """The actions of the template that nothing uses locally."""
    yield from (line for _, _, line in unused_locally() if not line.startswith("resource "))


def crawler_rights() -> Iterator[str]:
    """What the emulator asks of a crawler's role, though no API tells which calls a crawl makes."""
    yield from TABLE_RIGHTS


def error_names() -> Iterator[str]:
    """The services' errors in the Retry and Catch of every state."""
    for state in PROJECT.states.values():
        for rule in (*state.get("Retry", []), *state.get("Catch", [])):
            yield from (error for error in as_list(rule["ErrorEquals"]) if "." in error)


def log_groups() -> Iterator[str]:
    """The names of AWS's own log groups, as far as they are fixed."""
    yield from re.findall(r"(?<![\w.])/aws[a-z-]*/[a-z-]*", PROJECT.files["cloudformation/template.yaml"])


def library_versions() -> Iterator[str]:
    """The requirements that name one version and a Python: those of a Glue version."""
    for requirement in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        if "==" in requirement:
            yield requirement.partition(";")[0].strip()


def lambda_runtimes() -> Iterator[str]:
    for function in PROJECT.of_type("AWS::Serverless::Function").values():
        yield function["Runtime"]


def prices() -> Iterator[str]:
    yield from json.loads((ROOT / "lambda_report" / "prices.json").read_text())["prices"]


def test_the_believed_facts_are_counted_and_listed_first() -> None:
    believed = sum(fact.section == "Believed" for fact in FACTS)
    assert f"{believed} of {len(FACTS)} facts are believed" in PAGE
    assert [fact.section for fact in FACTS[:believed]] == ["Believed"] * believed
    assert len(FACTS) > 30 > believed > 0


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.what[:60])
def test_a_fact_has_a_source_a_date_and_files_that_exist(fact: Fact) -> None:
    assert len(fact.source) > 10, fact
    assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", fact.date), fact
    assert fact.files, fact
    for file in fact.files:
        assert (ROOT / file).exists(), file


@pytest.mark.parametrize(
    "names",
    [unused_actions, crawler_rights, error_names, log_groups, library_versions, lambda_runtimes, prices],
    ids=lambda each: each.__name__,
)
def test_what_is_taken_for_granted_has_a_row(names: type) -> None:
    needed = set(names())
    assert needed, "nothing found: does the collector still read the right file?"
    assert sorted(needed - NAMES) == []
