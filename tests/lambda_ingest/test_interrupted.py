"""The function while S3 fails: any one request, in any way, or one operation for good."""

from __future__ import annotations

import json

import pytest
from boto3.s3.transfer import TransferConfig

from ingest import raw_zone, s3
from ingest.errors import StorageUnavailable
from tests.interrupted import EVERY, FAULTS, PATIENCE, Content, Drilled, Sweep, faulty
from tests.lambda_ingest.conftest import Surroundings
from tests.lambda_ingest.test_download_and_upload import ROW, other

__all__ = ["faulty"]
STARTED = "2026-11-24T03:14:54Z"


@pytest.fixture
def sweep(surroundings: Surroundings, faulty: None, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Version 2 of two recordings lands: one did not change, and another dataset had a version 2 before."""

    def run(bucket: str) -> None:
        monkeypatch.setenv("BUCKET_NAME", bucket)
        assert surroundings.run(started_at=STARTED)["lines"] == 70

    def no_manifest_without_its_objects(left: Content, expected: Content) -> None:
        for manifest in ("manifests/raw/version=1.json", "manifests/raw/version=2.json"):
            if manifest not in left:
                continue
            whole = sweep.fill if left[manifest] == sweep.fill[manifest] else expected
            assert left[manifest] == whole[manifest]
            for file in json.loads(left[manifest][0])["files"]:
                assert left[file["raw_key"]] == whole[file["raw_key"]]

    sweep = Sweep(surroundings.s3, run, (StorageUnavailable,), no_manifest_without_its_objects)
    sweep.lose_patience = lambda patch: patch.setattr(s3.RETRIES, "read_timeout", PATIENCE)
    for name in ("mHealth_subject1.log", "mHealth_subject2.log"):
        surroundings.write(name, ROW * 30)
    surroundings.run(started_at="2026-11-23T03:14:54Z")
    sweep.fill = sweep.content(surroundings.bucket)
    foreign = json.dumps({"dataset": "another/one", "raw_version": 2, "landed": 1, "files": [], "skipped": []}).encode()
    sweep.fill |= {"manifests/raw/version=2.json": (foreign, {}), "raw/version=2/mHealth_subject2.csv": (b"x", {})}
    surroundings.write("mHealth_subject2.log", other(ROW) * 40)
    return sweep


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects are sent in parts, as large ones are."""
    settings = TransferConfig(multipart_threshold=1, multipart_chunksize=5 << 20, use_threads=False)
    monkeypatch.setattr(raw_zone, "_TRANSFER", settings)


def test_a_request_that_fails_once_does_no_harm(sweep: Sweep) -> None:
    sweep.each_once(FAULTS, every=EVERY)


@pytest.mark.notices("lambda_ingest/ingest/landing.py", "zone.forget(version)", "pass")
@pytest.mark.notices("lambda_ingest/ingest/s3.py", "raise StorageUnavailable(", "raise RuntimeError(")
def test_a_request_that_fails_for_good_fails_the_function_by_name_and_the_next_run_mends_it(sweep: Sweep) -> None:
    sweep.each_for_good(["GetObject", "PutObject", "DeleteObject", "ListObjects"])
    assert sweep.outcomes == {"succeeded": 0, "failed": 4}


@pytest.mark.drill
@pytest.mark.parametrize("kind", FAULTS)
def test_any_request_that_fails_once_does_no_harm(sweep: Sweep, drilled: Drilled, kind: str) -> None:
    sweep.each_everywhere(kind, drilled, "the function", every=3)
    # What cuts off no answer amid it is what the client's own attempts mend.
    assert sweep.outcomes["failed"] == 0 or kind == "cut amid"


@pytest.mark.drill
@pytest.mark.parametrize("kind", FAULTS)
def test_any_request_of_an_upload_in_parts_that_fails_once_does_no_harm(
    sweep: Sweep, in_parts: None, drilled: Drilled, kind: str
) -> None:
    sweep.each_everywhere(kind, drilled, "the function, uploads in parts", every=7)
