"""What readers see is asked at every run: the view, its snapshot, its manifest and files; records fill the gaps."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ingest import errors
from ingest.readers import Published, Readers, View, _published_at, shown_snapshot
from tests.lambda_ingest.conftest import Surroundings
from tests.lambda_ingest.test_download_and_upload import ROW

FIRST, SECOND = 20261121000000, 20261122000000


@pytest.fixture
def place(surroundings: Surroundings) -> Surroundings:
    """Version 1 published as FIRST, version 2 as SECOND: of each the jobs made two subjects with twelve rows."""
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.publish(surroundings.run(started_at="2026-11-21T00:00:00Z"))
    surroundings.write("mHealth_subject1.log", ROW * 2)
    surroundings.publish(surroundings.run(started_at="2026-11-22T00:00:00Z"))
    return surroundings


def select(snapshot: int) -> str:
    return f"SELECT id FROM mhealth_snapshots WHERE snapshot = {snapshot}"


def today(place: Surroundings) -> dict[str, Any]:
    return place.run(started_at="2026-11-23T00:00:00Z")


def part(result: dict[str, Any]) -> tuple[bool, int, int, bool]:
    return result["changed"], result["snapshot"], result["raw_version"], result["again"] is not None


def record(place: Surroundings, snapshot: int) -> dict[str, Any]:
    return place.read_json(f"manifests/publications/{snapshot}.json")


def test_nothing_new_tells_what_readers_see_and_since_when(place: Surroundings) -> None:
    result = today(place)
    assert part(result) == (False, SECOND, 2, False)
    assert (result["seen"], result["rows"], result["subjects"]) == (SECOND, "12", "2")
    since = place.glue.get_table(DatabaseName=place.database, Name="mhealth")["Table"]["UpdateTime"]
    assert f"Readers see snapshot {SECOND} since {since:%Y-%m-%d %H:%M:%S} UTC." in result["message"]


def test_after_a_rollback_it_says_so_and_leaves_it(place: Surroundings) -> None:
    place.show(select(FIRST))
    result = today(place)
    assert part(result) == (False, FIRST, 1, False)
    assert f"Readers see snapshot {FIRST} since 20" in result["message"]
    assert f"somebody rolled back from {SECOND}" in result["message"]


@pytest.mark.notices(
    "lambda_ingest/ingest/readers.py",
    '"published_at": view.since.isoformat(),',
    '"published_at": "2000-01-01T00:00:00Z",',
)
def test_a_rollback_by_hand_is_noted_as_seen_last(place: Surroundings) -> None:
    before = record(place, FIRST)
    place.show(select(FIRST))
    today(place)
    after = record(place, FIRST)
    assert after["published_at"] > record(place, SECOND)["published_at"] > before["published_at"]
    assert {**after, "published_at": ""} == {**before, "published_at": ""}
    keys = place.keys()
    today(place)
    assert place.keys() == keys, "noted once"


def test_a_publication_that_was_not_recorded_is_noted(place: Surroundings) -> None:
    place.s3.delete_object(Bucket=place.bucket, Key=f"manifests/publications/{SECOND}.json")
    assert part(today(place)) == (False, SECOND, 2, False)
    noted = record(place, SECOND)
    assert (noted["snapshot"], noted["dataset"], noted["raw_version"]) == (SECOND, "someone/mhealth", 2)


def test_records_that_are_gone_old_or_garbage_do_no_harm(place: Surroundings) -> None:
    place.put_json("manifests/current.json", {"snapshot": 1, "raw_version": 9})
    for body in (b"", b"{", b"\xff", b"[]", b'{"snapshot": 7}', json.dumps(record(place, FIRST)).encode()):
        place.s3.put_object(Bucket=place.bucket, Key=f"manifests/publications/{SECOND}.json", Body=body)
        assert part(today(place)) == (False, SECOND, 2, False)
        assert record(place, SECOND)["raw_version"] == 2
    for one in (FIRST, SECOND):
        place.s3.delete_object(Bucket=place.bucket, Key=f"manifests/publications/{one}.json")
    assert part(today(place)) == (False, SECOND, 2, False)


@pytest.mark.notices("lambda_ingest/ingest/for_readers.py", "if published.view is None:", "if False:")
def test_without_a_view_what_readers_saw_last_is_published_again(place: Surroundings) -> None:
    place.drop("mhealth")
    result = today(place)
    assert part(result) == (False, SECOND, 2, True)
    assert result["seen"] is None
    assert result["message"].endswith(
        f"There is no view: snapshot {SECOND}, which readers saw last, is published again."
    )


def test_after_a_rollback_that_is_the_one_rolled_back_to(place: Surroundings) -> None:
    place.show(select(FIRST))
    today(place)
    place.drop("mhealth")
    assert part(today(place)) == (False, FIRST, 1, True)


def test_under_a_view_of_somebody_else_what_readers_saw_last_is_published_again(place: Surroundings) -> None:
    place.show("SELECT 1 AS one")
    result = today(place)
    assert part(result) == (False, SECOND, 2, True)
    assert f"The view shows no snapshot: {SECOND}" in result["message"]


@pytest.mark.notices(
    "lambda_ingest/ingest/for_readers.py", "if missing := readers.missing_files(snapshot):", "if missing := []:"
)
def test_a_lost_file_or_manifest_makes_a_new_snapshot(place: Surroundings) -> None:
    key = f"processed/snapshot={SECOND}/subject=2/part-00000.parquet"
    place.s3.put_object(Bucket=place.bucket, Key=key, Body=b"half a file")
    result = today(place)
    assert part(result) == (True, 20261123000000, 2, False)
    assert f"1 of the 2 files of snapshot {SECOND}, which readers see, are gone or of another size" in result["message"]
    place.s3.delete_object(Bucket=place.bucket, Key=key)
    assert key in today(place)["message"]
    place.s3.delete_object(Bucket=place.bucket, Key=f"manifests/snapshots/{SECOND}.json")
    result = today(place)
    assert part(result) == (True, 20261123000000, 2, False)
    assert f"the manifest of snapshot {SECOND}, which readers see, is gone" in result["message"]


def test_a_dropped_table_has_a_name_before_anything_is_asked_of_kaggle(place: Surroundings) -> None:
    place.drop("mhealth_snapshots")
    place.api.requests.clear()
    with pytest.raises(errors.TableMissing, match=r"no table database-.*\.mhealth_snapshots: somebody dropped it"):
        today(place)
    assert place.api.requests == []


class RefusingGlue:
    """A Glue that answers GetTable with an error."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        class EntityNotFoundException(Exception):
            pass

    def __init__(self, code: str) -> None:
        self._code = code

    def get_table(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetTable")


@pytest.mark.parametrize(
    ("code", "error"),
    [("ThrottlingException", errors.CatalogUnavailable), ("AccessDeniedException", ClientError)],
)
def test_what_glue_does_wrong_is_named_and_what_it_refuses_keeps_its_name(code: str, error: type[Exception]) -> None:
    names = ("bucket", "manifests_prefix", "processed_prefix", "database", "table", "view")
    readers = Readers(None, RefusingGlue(code), **dict.fromkeys(names, "any"))  # type: ignore[arg-type]
    with pytest.raises(error, match=code):
        readers.look()


def view(sql: object) -> str:
    return f"/* Presto View: {base64.b64encode(json.dumps({'originalSql': sql}).encode()).decode()} */"


@pytest.mark.parametrize(
    ("text", "snapshot"),
    [
        (view("SELECT id FROM t WHERE snapshot = 7"), 7),
        (view('SELECT id FROM t WHERE "snapshot" = 7'), 7),
        (view('SELECT id FROM t WHERE (t."snapshot"=7)'), 7),
        (view("SELECT id FROM t WHERE old_snapshot = 5 AND snapshot = 7"), 7),
        (view("SELECT id FROM t WHERE snapshot = 7 OR snapshot = 8"), None),
        (view("SELECT id FROM t"), None),
        (view(None), None),
        ("SELECT id FROM t WHERE snapshot = 7", None),
        ("/* Presto View: e30= */", None),
        ("/* Presto View: QUJD */", None),
        ("/* Presto View: A */", None),
        ("", None),
    ],
)
def test_a_views_snapshot_is_read_from_its_statement(text: str, snapshot: int | None) -> None:
    assert shown_snapshot(text) == snapshot


@pytest.mark.parametrize(
    ("shown", "seen", "version"),
    [(2, 2, 5), (1, 1, 4), (None, 3, 7), (9, 9, None)],
    ids=["shown", "rolled back", "shown by no view", "without a record"],
)
def test_the_version_is_that_of_what_readers_see(shown: int | None, seen: int, version: int | None) -> None:
    records = tuple({"snapshot": snapshot, "raw_version": raw} for snapshot, raw in ((1, 4), (2, 5), (3, 7)))
    published = Published(View(shown, datetime(2026, 1, 1, tzinfo=UTC)), records)
    assert (published.seen, published.seen_version) == (seen, version)
    assert Published(None, ()).seen_version is None


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00Z", "2026-01-01T09:00:00+09:00", "2026-01-01T00:00:00"])
def test_when_a_record_was_published_is_told_in_any_offset_or_in_utc(text: str) -> None:
    assert _published_at({"published_at": text}) == datetime(2026, 1, 1, tzinfo=UTC)
