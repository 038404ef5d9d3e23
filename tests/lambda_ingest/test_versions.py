"""Backfills: an older version published on purpose, until Kaggle has something new."""

from __future__ import annotations

from typing import Any

import pytest

from errors import InvalidInput
from tests.lambda_ingest.conftest import Surroundings
from tests.lambda_ingest.test_download_and_upload import ROW, other, publish


@pytest.fixture
def three_versions(surroundings: Surroundings) -> Surroundings:
    """Version 1, 2 and 3 on Kaggle; 1 and 3 landed, 3 published."""
    surroundings.write("mHealth_subject1.log", ROW)
    publish(surroundings, surroundings.run(started_at="2026-11-21T00:00:00Z"))
    surroundings.write("mHealth_subject1.log", ROW * 2)
    surroundings.api._dataset.current()  # somebody looks at version 2, but not the pipeline
    surroundings.write("mHealth_subject1.log", ROW * 3)
    publish(surroundings, surroundings.run(started_at="2026-11-23T00:00:00Z"))
    return surroundings


def test_a_named_version_lands_from_kaggle_beside_the_newest(three_versions: Surroundings) -> None:
    result = three_versions.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": 2})
    assert (result["changed"], result["raw_version"], result["newest_version"]) == (True, 2, 3)
    assert result["raw_manifest"] == "manifests/raw/version=2.json"
    assert result["lines"] == 2
    assert three_versions.files(2)["mHealth_subject1"]["raw_key"] == "raw/version=2/mHealth_subject1.csv"
    assert three_versions.files(3)["mHealth_subject1"]["lines"] == 3


def test_a_named_version_that_landed_before_is_taken_from_raw(three_versions: Surroundings) -> None:
    downloads = [path for path in three_versions.api.requests if "archives" in path]
    result = three_versions.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": 1})
    assert (result["changed"], result["raw_version"], result["lines"]) == (True, 1, 1)
    assert [path for path in three_versions.api.requests if "archives" in path] == downloads


def test_a_backfill_stays_until_kaggle_has_something_new(three_versions: Surroundings) -> None:
    publish(three_versions, three_versions.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": 1}))
    daily = three_versions.run(started_at="2026-11-25T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"], daily["newest_version"]) == (False, 1, 3)
    assert "Version 1 of someone/mhealth was backfilled and stays" in daily["message"]

    three_versions.write("mHealth_subject1.log", other(ROW))
    daily = three_versions.run(started_at="2026-11-26T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"], daily["newest_version"]) == (True, 4, 4)


def test_a_backfill_ends_with_new_code(three_versions: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(three_versions, three_versions.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": 1}))
    monkeypatch.setenv("CODE_VERSION", "code-2")
    daily = three_versions.run(started_at="2026-11-25T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"]) == (True, 3)


def test_a_backfill_ends_with_another_dataset(three_versions: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(three_versions, three_versions.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": 1}))
    monkeypatch.setenv("DATASET_HANDLE", "other/mhealth")
    daily = three_versions.run(started_at="2026-11-25T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"]) == (True, 3)


def test_the_same_backfill_again_has_nothing_to_do(three_versions: Surroundings) -> None:
    publish(three_versions, three_versions.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": 1}))
    again = three_versions.run(started_at="2026-11-25T00:00:00Z", input={"dataset_version": 1})
    assert again["changed"] is False


def test_the_newest_version_by_its_number_ends_a_backfill(three_versions: Surroundings) -> None:
    publish(three_versions, three_versions.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": 1}))
    newest = three_versions.run(started_at="2026-11-25T00:00:00Z", input={"dataset_version": 3})
    assert (newest["changed"], newest["raw_version"]) == (True, 3)


def test_a_handle_may_pin_a_version(three_versions: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATASET_HANDLE", "someone/mhealth/versions/1")
    daily = three_versions.run(started_at="2026-11-24T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"], daily["newest_version"]) == (True, 1, 1)
    assert daily["dataset"] == "someone/mhealth"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"dataset_version": 4}, "whose newest is 3. Expected 1 to 3"),
        ({"dataset_version": 0}, "Expected {} for the daily run"),
        ({"dataset_version": "2"}, "Expected {} for the daily run"),
        ({"dataset_version": True}, "Expected {} for the daily run"),
        ({"dataset_version": 2, "force": True}, "Expected {} for the daily run"),
        ([2], "Expected {} for the daily run"),
    ],
)
def test_any_other_input_is_refused(three_versions: Surroundings, given: Any, told: str) -> None:
    before = three_versions.keys()
    with pytest.raises(InvalidInput) as refused:
        three_versions.run(started_at="2026-11-24T00:00:00Z", input=given)
    assert told in str(refused.value)
    assert three_versions.keys() == before
