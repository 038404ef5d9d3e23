"""Every value, broken one by one: which there are, and that what lives has a reason."""

from __future__ import annotations

from typing import Any

import pytest

from tools.checks.mutations.survivors import is_noticed, reasons, unexplained
from tools.checks.mutations.values import Broken, every_value
from tools.checks.project import DEFINITION, TEMPLATE, Project

SMALL = {
    "Resources": {"Key": {"Properties": {"Days": 7, "On": True, "Tags": [{"Id": "a", "Value": {"Ref": "X"}}]}}},
}


def small() -> Project:
    return Project({TEMPLATE: "{}", DEFINITION: "{}"}).with_data("template", SMALL).with_data("definition", {})


def properties(broken: Broken) -> Any:
    return broken.applied(small()).template["Resources"]["Key"]["Properties"]


def named(name: str) -> Broken:
    (found,) = [each for each in every_value(small()) if each.name == f"template Resources.Key.Properties.{name}"]
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Days removed", {"On": True, "Tags": SMALL["Resources"]["Key"]["Properties"]["Tags"]}),
        ("Days doubled", 14),
        ("Days emptied", 0),
        ("On doubled", False),
        ("Tags emptied", []),
        ("Tags doubled", [{"Id": "a", "Value": {"Ref": "X"}}] * 2),
        ("Tags.a removed", []),
        ("Tags.a.Value.Ref doubled", [{"Id": "a", "Value": {"Ref": "XX"}}]),
    ],
)
def test_a_value_is_removed_doubled_and_emptied(name: str, expected: Any) -> None:
    found = properties(named(name))
    assert found == expected or found[name.partition(" ")[0].partition(".")[0]] == expected


def test_what_is_broken_is_a_copy() -> None:
    before = repr(SMALL)
    for each in every_value(small()):
        assert each.applied(small()).template != SMALL
    assert repr(SMALL) == before


# One of each kind that no test noticed before: docs/checks.md.
@pytest.mark.parametrize(
    "name",
    [
        "template Resources.DataBucket.Properties.LifecycleConfiguration.Rules."
        "expire-deleted-and-replaced-objects.NoncurrentVersionExpiration.NoncurrentDays doubled",
        "template Resources.WorkGroup.Properties.WorkGroupConfiguration.BytesScannedCutoffPerQuery removed",
        "template Resources.DownloadFunction.Properties.EphemeralStorage removed",
        "template Resources.ShippedGlueCode.Properties.Settings.RecordingStart removed",
        "definition TimeoutSeconds doubled",
    ],
)
def test_a_promise_that_is_broken_is_noticed(name: str) -> None:
    project = Project.read()
    (broken,) = [each for each in every_value(project) if each.name == name]
    assert is_noticed(broken.applied(project))


def test_the_project_as_it_is_is_noticed_by_nothing() -> None:
    assert not is_noticed(Project.read())


def test_every_reason_fits_a_value_that_there_is() -> None:
    names = [each.name for each in every_value(Project.read())]
    assert [line for line in unexplained(names, reasons()) if line.startswith("survivors.yaml")] == []


def test_what_lives_without_a_reason_and_a_reason_for_nothing_are_told() -> None:
    reported = list(
        unexplained(["template A.Description doubled", "template B removed"], {"*.Description *": "", "C": ""})
    )
    assert [line.partition(":")[0] for line in reported] == [
        "no check detects template B removed",
        "survivors.yaml has a reason for 'C', which matches no survivor",
    ]
