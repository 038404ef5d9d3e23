"""Mutations fit exactly, and the table says what is true. That each is caught is a check of its own: `make check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.checks.mutations.catching import MUTATIONS, faults
from tools.checks.mutations.edit import Mutation, MutationOutdated, in_template
from tools.checks.mutations.table import renew, stale, table, written
from tools.checks.project import DEFINITION, TEMPLATE, Project
from tools.checks.rules.registry import problems


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.read()


def test_there_are_many_and_no_two_have_one_name() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(names) == len(set(names)) >= 100


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_fits(project: Project, mutation: Mutation) -> None:
    broken = mutation.applied(project)
    assert [name for name, text in project.files.items() if broken.files[name] != text] == [mutation.file]


@pytest.mark.parametrize(
    ("within", "old", "reported"),
    [
        ("DataKey", "no such text", "'no such text' once in DataKey, found it 0 times"),
        ("DataKey", "Effect: Allow", "found it 3 times"),
        ("NoSuchResource", "Effect: Allow", "one block named NoSuchResource, found 0"),
    ],
)
def test_a_mutation_that_does_not_fit_once_says_so(project: Project, within: str, old: str, reported: str) -> None:
    with pytest.raises(MutationOutdated, match=reported):
        in_template("it", within, old, "new").applied(project)


def test_an_edit_stays_within_its_block(project: Project) -> None:
    queue = in_template("it", "ScheduleDeadLetters", "KmsMasterKeyId", "Other").applied(project)
    assert queue.template["Resources"]["AlarmTopic"] == project.template["Resources"]["AlarmTopic"]
    state = Mutation("it", DEFINITION, "GetCrawler", '"TimeoutSeconds": 60', '"TimeoutSeconds": 61').applied(project)
    changed = {name for name, each in project.states.items() if state.states[name] != each}
    assert changed == {"GetCrawler"}


def test_an_edit_is_found_by_the_rule_for_it(project: Project) -> None:
    broken = in_template("it", "DataKey", "EnableKeyRotation: true", "EnableKeyRotation: false").applied(project)
    assert problems(broken) == {"key_rotates_and_allows_services": ["DataKey does not rotate"]}
    assert problems(project) == {}
    assert broken.files[TEMPLATE] != project.files[TEMPLATE]


def test_faults_of_the_checks_are_told() -> None:
    found = {"": ["cfn-lint E1"], "caught": ["a_rule"], "missed": []}
    assert faults(found, ["a_rule", "idle_rule"]) == [
        "the unchanged project: cfn-lint E1 has findings",
        "nothing catches 'missed'",
        "the rule idle_rule detects no mutation: add one that it detects",
    ]


FOUND = {"": [], "one": ["a_rule", "checkov CKV_1"], "two": ["cfn-lint E1"], "three": ["b_rule"]}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "checks.md"
    path.write_text("before\n<!-- mutations: written by `make mutations` -->\n<!-- end of mutations -->\nafter\n")
    return path


def test_the_table_is_renewed_in_its_place(document: Path) -> None:
    renew(FOUND, document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert written(document) == table(FOUND)
    assert "| one | a_rule, checkov CKV_1 |" in text.splitlines()


def test_a_stale_table_is_told_by_its_rows(document: Path) -> None:
    renew(FOUND, document)
    assert stale(FOUND, document) == []
    # Without the slow tools the quick part still has to agree.
    assert stale(FOUND | {"one": ["a_rule"]}, document) == []
    assert stale(FOUND | {"three": ["c_rule"]}, document) == ["| three | b_rule |", "| three | c_rule |"]
    assert stale(FOUND | {"four": ["a_rule"]}, document) == ["| four | a_rule |"]
