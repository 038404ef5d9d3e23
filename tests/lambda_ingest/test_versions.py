"""Backfills: an older version published on purpose, until Kaggle has something new."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.errors import InvalidInput
from mhealth_ops.kaggle.api import Fault
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
    monkeypatch.setenv("SOURCE_URI", "kaggle://other/mhealth")
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
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth/versions/1")
    daily = three_versions.run(started_at="2026-11-24T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"], daily["newest_version"]) == (True, 1, 1)
    assert daily["dataset"] == "someone/mhealth"


def run(place: Surroundings, day: int, version: int | None = None) -> dict[str, Any]:
    return place.run(
        started_at=f"2026-11-{day}T00:00:00Z", input={} if version is None else {"dataset_version": version}
    )


def part(result: dict[str, Any]) -> tuple[bool, int, int]:
    return result["changed"], result["raw_version"], result["newest_version"]


@pytest.fixture
def backfilled(three_versions: Surroundings) -> Surroundings:
    """Version 1 was published on the 24th, while 3 was the newest."""
    publish(three_versions, run(three_versions, 24, version=1))
    return three_versions


@pytest.mark.notices("lambda_ingest/ingest/versions.py", "and _handle_of(current) == versions.handle", "and True")
def test_a_pin_to_the_newest_ends_a_backfill(backfilled: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth/versions/3")
    result = run(backfilled, 25)
    assert part(result) == (True, 3, 3)
    assert result["dataset_handle"] == "someone/mhealth/versions/3"
    publish(backfilled, result)
    assert part(run(backfilled, 26)) == (False, 3, 3)


def test_a_backfill_beside_a_pin_stays_and_ends_with_the_pin(
    three_versions: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth/versions/3")
    publish(three_versions, run(three_versions, 24, version=1))
    assert part(run(three_versions, 25)) == (False, 1, 3)
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth")
    assert part(run(three_versions, 26)) == (True, 3, 3)


def test_a_pin_to_what_was_backfilled_takes_its_place(
    backfilled: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth/versions/1")
    assert part(run(backfilled, 25)) == (False, 1, 1)
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth")
    assert part(run(backfilled, 26)) == (True, 3, 3), "nothing is pinned any more, and the backfill had ended"


@pytest.mark.notices(
    "lambda_ingest/ingest/versions.py",
    "then >= versions.newest if",
    "then == versions.newest if",
)
def test_a_backfill_stays_when_kaggle_withdraws_its_newest(backfilled: Surroundings) -> None:
    withdrawn = {"ref": "someone/mhealth", "currentVersionNumber": 2, "totalBytes": 1}
    backfilled.api.faults.append(Fault("GetDataset", status=200, body=withdrawn))
    assert part(run(backfilled, 25)) == (False, 1, 3)
    assert part(run(backfilled, 26)) == (False, 1, 3), "it is there again, and not newer than it was"
    backfilled.write("mHealth_subject1.log", ROW * 4)
    assert part(run(backfilled, 27)) == (True, 4, 4)


@pytest.mark.notices("lambda_ingest/ingest/run.py", "if is_asked_anew(versions, published.newest):", "if False:")
def test_a_backfill_of_what_is_published_is_remembered(three_versions: Surroundings) -> None:
    three_versions.write("mHealth_subject1.log", ROW * 4)
    assert part(run(three_versions, 24, version=3)) == (False, 3, 4)
    assert part(run(three_versions, 25)) == (False, 3, 4)
    three_versions.write("mHealth_subject1.log", ROW * 5)
    assert part(run(three_versions, 26)) == (True, 5, 5)


@pytest.mark.notices("lambda_ingest/ingest/run.py", "and is_asked_anew(versions, current):", "and False:")
def test_who_asks_for_a_version_is_shown_it_after_a_rollback(
    three_versions: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_versions.show("SELECT id FROM mhealth_snapshots WHERE snapshot = 20261121000000")
    assert part(run(three_versions, 24)) == (False, 1, 1), "the rollback holds"
    result = run(three_versions, 25, version=3)
    assert part(result) == (True, 3, 3)
    assert "or is not what readers see" in result["message"]
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth/versions/3")
    assert part(run(three_versions, 26)) == (True, 3, 3)


def test_a_record_that_was_written_afterwards_holds_no_backfill(backfilled: Surroundings) -> None:
    backfilled.s3.delete_object(Bucket=backfilled.bucket, Key="manifests/publications/20261124000000.json")
    assert part(run(backfilled, 25)) == (True, 3, 3)
    assert backfilled.read_json("manifests/publications/20261124000000.json")["dataset_handle"] == "someone/mhealth"


@pytest.mark.parametrize(
    ("given", "parameter", "passed_on"),
    [
        pytest.param({}, "false", "false", id="not"),
        pytest.param({}, "true", "true", id="parameter"),
        pytest.param({"allow_missing_subjects": True}, "false", "true", id="input"),
        pytest.param({"allow_missing_subjects": True, "dataset_version": 2}, "false", "true", id="backfill"),
        pytest.param({"allow_missing_subjects": False}, "true", "true", id="an-input-forbids-nothing"),
    ],
)
def test_subjects_may_be_missing_if_the_input_or_the_parameter_allows_it(
    three_versions: Surroundings, given: Any, parameter: str, passed_on: str
) -> None:
    result = three_versions.run(started_at="2026-11-24T00:00:00Z", input=given, allow_missing_subjects=parameter)
    assert result["allow_missing_subjects"] == passed_on


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("given", "reported"),
    [
        ({"dataset_version": 4}, "whose newest is 3. Expected 1 to 3"),
        ({"dataset_version": 0}, "Expected {} for the daily run"),
        ({"dataset_version": "2"}, "Expected {} for the daily run"),
        ({"dataset_version": True}, "Expected {} for the daily run"),
        ({"dataset_version": 2, "force": True}, "Expected {} for the daily run"),
        ({"allow_missing_subjects": "true"}, '"allow_missing_subjects": true'),
        ({"allow_missing_subjects": 1}, '"allow_missing_subjects": true'),
        ([2], "Expected {} for the daily run"),
    ],
)
def test_any_other_input_is_refused(three_versions: Surroundings, given: Any, reported: str) -> None:
    before = three_versions.keys()
    with pytest.raises(InvalidInput) as refused:
        three_versions.run(started_at="2026-11-24T00:00:00Z", input=given)
    assert reported in str(refused.value)
    assert three_versions.keys() == before
