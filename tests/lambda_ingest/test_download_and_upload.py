"""The handler lands what Kaggle has: real client, real sockets, every byte in the bucket looked at."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest import errors
from ingest.ingest_code import INGEST_CODE
from ingest.raw_zone import RawZone
from ingest.readers import Readers, View
from mhealth_ops.kaggle.api import Fault
from tests.lambda_ingest.conftest import DATASET, Surroundings

TOP = (
    b"chest_accel_x,chest_accel_y,chest_accel_z,ecg_1,ecg_2,ankle_accel_x,ankle_accel_y,ankle_accel_z,"
    b"ankle_gyro_x,ankle_gyro_y,ankle_gyro_z,ankle_mag_x,ankle_mag_y,ankle_mag_z,arm_accel_x,arm_accel_y,arm_accel_z,"
    b"arm_gyro_x,arm_gyro_y,arm_gyro_z,arm_mag_x,arm_mag_y,arm_mag_z,label\n"
)
ROW = b"1\t-2.5\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\t17\t18\t19\t20\t21\t22\t23\t0\n"
RAW_ROW = b"1,-2.5,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,0\n"
RAW_DATA = b"alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject\n1,2,3,4,5,6,7,8,9,10,11,12,0,subject1\n"


def other(row: bytes) -> bytes:
    return row.replace(b"-2.5", b"7")


def publish(place: Surroundings, result: dict[str, Any]) -> None:
    """What the jobs and the state machine do after a run that has something to publish."""
    place.publish(result)


def test_logs_land_with_a_header_and_a_manifest(surroundings: Surroundings) -> None:
    surroundings.write("MHEALTHDATASET/mHealth_subject1.log", ROW * 2 + b"\n")
    surroundings.write("MHEALTHDATASET/mHealth_subject02.log", ROW.replace(b"\t", b"  "))
    surroundings.write("MHEALTHDATASET/README.txt", "about")
    result = surroundings.run(execution="arn:run", started_at="2026-11-24T12:14:54.123+09:00")
    assert result == {
        "changed": True,
        "running": None,
        "snapshot": 20261124031454,
        "seen": None,
        "again": None,
        "rows": None,
        "subjects": None,
        "dataset": "someone/mhealth",
        "dataset_handle": "someone/mhealth",
        "raw_version": 1,
        "newest_version": 1,
        "code_version": "code-1",
        "raw_manifest": "manifests/raw/version=1.json",
        "files": 2,
        "lines": 3,
        "bytes": 3 * len(ROW) + 1 + 23,
        "message": "Version 1 of someone/mhealth landed: 2 files, 2 of them new or changed.",
        "allow_missing_subjects": "false",
    }
    assert list(surroundings.keys()) == [
        "manifests/claim.json",
        "manifests/raw/version=1.json",
        "raw/version=1/mHealth_subject02.csv",
        "raw/version=1/mHealth_subject1.csv",
    ]
    assert surroundings.read("raw/version=1/mHealth_subject1.csv") == TOP + RAW_ROW * 2 + b"\n"
    assert surroundings.read("raw/version=1/mHealth_subject02.csv") == TOP + RAW_ROW
    manifest = surroundings.read_json("manifests/raw/version=1.json")
    assert (manifest["dataset"], manifest["raw_version"], manifest["landed"]) == (DATASET, 1, 20261124031454)
    assert manifest["skipped"] == [{"name": "MHEALTHDATASET/README.txt", "reason": "neither .csv nor .log"}]
    assert surroundings.files(1)["mHealth_subject1"] == {
        "name": "mHealth_subject1",
        "source": "MHEALTHDATASET/mHealth_subject1.log",
        "layout": "mhealth_log",
        "subject": 1,
        "columns": TOP.decode().strip().split(","),
        "dropped_columns": [],
        "header_lines": 0,
        "sha256": hashlib.sha256(ROW * 2 + b"\n").hexdigest(),
        "bytes": 2 * len(ROW) + 1,
        "lines": 2,
        "raw_key": "raw/version=1/mHealth_subject1.csv",
        "ingest_code": INGEST_CODE,
    }
    assert surroundings.files(1)["mHealth_subject02"]["subject"] == 2


def test_one_csv_of_every_subject_lands_as_it_is(surroundings: Surroundings) -> None:
    surroundings.write("mhealth_raw_data.csv", b"\xef\xbb\xbf" + RAW_DATA)
    assert surroundings.run()["lines"] == 1
    assert surroundings.read("raw/version=1/mhealth_raw_data.csv") == RAW_DATA
    file = surroundings.files(1)["mhealth_raw_data"]
    assert (file["layout"], file["subject"], file["header_lines"]) == ("mhealth_raw_data", None, 1)
    assert (file["columns"][0], file["columns"][-2:]) == ("ankle_accel_x", ["label", "subject"])


def test_csvs_with_a_header_land_as_they_are(surroundings: Surroundings) -> None:
    header = b",".join(TOP.strip().split(b",")[::-1]) + b"\r\n"
    content = header + RAW_ROW.strip() + b"\r\n"
    surroundings.write("mHealth_subject7.csv", content)
    surroundings.run()
    assert surroundings.read("raw/version=1/mHealth_subject7.csv") == content
    file = surroundings.files(1)["mHealth_subject7"]
    assert (file["layout"], file["subject"], file["header_lines"]) == ("mhealth_csv", 7, 1)
    assert (file["columns"][0], file["columns"][-1]) == ("label", "chest_accel_x")


def test_a_large_file_arrives_whole_in_several_parts(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_SOURCE_BYTES", "100000000")
    rows = 300_000
    surroundings.write("mHealth_subject1.log", ROW * rows)
    assert surroundings.run()["lines"] == rows
    head = surroundings.s3.head_object(Bucket=surroundings.bucket, Key="raw/version=1/mHealth_subject1.csv")
    assert head["ETag"].endswith('-3"'), "sent in three parts of 8 MiB"
    assert surroundings.read("raw/version=1/mHealth_subject1.csv") == TOP + RAW_ROW * rows


def test_without_a_start_time_the_snapshot_is_now(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    assert 20260101000000 < surroundings.run()["snapshot"] < 99991231235959


def test_what_is_published_is_no_change_and_is_not_downloaded(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    first = surroundings.run(started_at="2026-11-24T00:00:00Z")
    publish(surroundings, first)
    before = surroundings.keys()
    surroundings.api.requests.clear()
    again = surroundings.run(started_at="2026-11-25T00:00:00Z")
    assert again["changed"] is False
    assert again["message"].startswith("Version 1 of someone/mhealth is published already")
    assert (again["files"], again["lines"]) == (1, 1)
    assert surroundings.keys() == before
    assert len(surroundings.api.requests) == 1


def test_a_landed_version_that_is_not_published_is_a_change_and_is_not_downloaded(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.run()
    surroundings.api.requests.clear()
    again = surroundings.run()
    assert again["changed"] is True
    assert "had landed before" in again["message"]
    assert len(surroundings.api.requests) == 1


def test_other_code_is_a_change(surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    publish(surroundings, surroundings.run())
    monkeypatch.setenv("CODE_VERSION", "code-2")
    result = surroundings.run()
    assert (result["changed"], result["code_version"]) == (True, "code-2")


def test_unchanged_files_are_referenced_not_copied(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.write("mHealth_subject2.log", ROW)
    publish(surroundings, surroundings.run())
    surroundings.write("mHealth_subject2.log", other(ROW) * 2)
    result = surroundings.run()
    assert (result["raw_version"], result["changed"]) == (2, True)
    assert result["message"].endswith("2 files, 1 of them new or changed.")
    # The place in the archive may change; the object stays, through any number of versions.
    (surroundings.folder / "mHealth_subject1.log").unlink()
    surroundings.write("moved/mHealth_subject1.log", ROW)
    surroundings.write("mHealth_subject3.log", ROW)
    surroundings.run()
    files = surroundings.files(3)
    assert {name: file["raw_key"] for name, file in files.items()} == {
        "mHealth_subject1": "raw/version=1/mHealth_subject1.csv",
        "mHealth_subject2": "raw/version=2/mHealth_subject2.csv",
        "mHealth_subject3": "raw/version=3/mHealth_subject3.csv",
    }
    assert files["mHealth_subject1"]["source"] == "moved/mHealth_subject1.log"
    raw = [key for key in surroundings.keys() if key.startswith("raw/")]  # noqa: SIM118
    assert sorted(raw) == sorted([*(file["raw_key"] for file in files.values()), "raw/version=1/mHealth_subject2.csv"])


def test_a_file_of_the_same_size_and_other_content_is_changed(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.run()
    surroundings.write("mHealth_subject1.log", ROW.replace(b"-2.5", b"-2.6"))
    surroundings.run()
    assert surroundings.files(2)["mHealth_subject1"]["raw_key"] == "raw/version=2/mHealth_subject1.csv"


def test_what_a_crash_left_is_written_again(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.s3.put_object(Bucket=surroundings.bucket, Key="raw/version=1/mHealth_subject1.csv", Body=b"half")
    surroundings.run()
    assert surroundings.read("raw/version=1/mHealth_subject1.csv") == TOP + RAW_ROW


def stop(*_: object) -> None:
    raise InterruptedError


@pytest.mark.notices("lambda_ingest/ingest/landing.py", "zone.remove_others(standing)", "pass")
def test_no_file_of_another_dataset_stays_under_a_versions_number(surroundings: Surroundings) -> None:
    of_it, neighbours = "raw/version=1/of_the_one_before.csv", ["raw/version=10/a.csv", "raw/version=1.csv"]
    for key in (of_it, *neighbours):
        surroundings.s3.put_object(Bucket=surroundings.bucket, Key=key, Body=b"")
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.run()
    found = [key for key in list(surroundings.keys()) if key.startswith("raw/")]
    assert sorted(found) == sorted(["raw/version=1/mHealth_subject1.csv", *neighbours])


class TestAnotherDatasetUnderTheSameVersionNumber:
    """Version numbers are Kaggle's, for each dataset its own: they meet when the parameter is changed."""

    @pytest.fixture
    def place(self, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
        surroundings.write("mHealth_subject1.log", ROW)
        surroundings.write("mHealth_subject2.log", ROW)
        publish(surroundings, surroundings.run(started_at="2026-11-01T00:00:00Z"))
        monkeypatch.setenv("SOURCE_URI", "kaggle://another/one")
        return surroundings

    def test_lands_in_its_place(self, place: Surroundings) -> None:
        result = place.run(started_at="2026-11-02T00:00:00Z")
        assert result["changed"] is True
        assert place.read_json("manifests/raw/version=1.json")["dataset"] == "another/one"

    def test_is_still_to_publish_after_a_run_that_failed_later(self, place: Surroundings) -> None:
        place.run(started_at="2026-11-02T00:00:00Z")
        # The last record names version 1 of the same code: that of the first dataset.
        assert place.run(started_at="2026-11-03T00:00:00Z")["changed"] is True

    def test_leaves_the_one_before_alone_while_nothing_is_overwritten(self, place: Surroundings) -> None:
        place.api.faults.append(Fault("/archives/", status=500))
        with pytest.raises(errors.SourceUnavailable):
            place.run()
        assert place.read_json("manifests/raw/version=1.json")["dataset"] == DATASET

    def test_leaves_no_manifest_when_it_fails_amid_writing(
        self, place: Surroundings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RawZone, "put_manifest", stop)
        with pytest.raises(InterruptedError):
            place.run()
        # Objects of the first dataset are overwritten: what says that they are there must be gone.
        assert "manifests/raw/version=1.json" not in place.keys()  # noqa: SIM118

    def test_takes_nothing_from_the_one_before_by_reference(
        self, place: Surroundings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCE_URI", f"kaggle://{DATASET}")
        place.write("mHealth_subject2.log", other(ROW))
        publish(place, place.run(started_at="2026-11-02T00:00:00Z"))
        assert place.files(2)["mHealth_subject1"]["raw_key"] == "raw/version=1/mHealth_subject1.csv"
        # Another dataset takes the place of version 1, object and manifest ...
        foreign = place.read_json("manifests/raw/version=1.json")
        foreign["dataset"], foreign["files"][0]["sha256"] = "another/one", "0" * 64
        place.put_json("manifests/raw/version=1.json", foreign)
        # ... so version 2 is not whole any more and lands anew, all by itself.
        assert place.run(started_at="2026-11-03T00:00:00Z")["changed"] is True
        assert place.files(2)["mHealth_subject1"]["raw_key"] == "raw/version=2/mHealth_subject1.csv"
        assert place.read("raw/version=2/mHealth_subject1.csv") == TOP + RAW_ROW


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        pytest.param({}, "NoUsableFiles", "no file at all", id="empty dataset"),
        pytest.param({"README.txt": b"about"}, "NoUsableFiles", "README.txt", id="no matching file"),
        pytest.param({"mHealth_subject2.log": b""}, "EmptyFile", r"mHealth_subject2\.log", id="empty file"),
        pytest.param({"a.csv": RAW_DATA.split(b"\n")[0]}, "EmptyFile", r"a\.csv has a header", id="header alone"),
        pytest.param({"a.csv": b"x,y\n1,2\n"}, "UnknownLayout", r"a\.csv .*'x,y'", id="unknown layout"),
        pytest.param({"b.CSV": b"x,y\n1,2\n"}, "UnknownLayout", r"b\.CSV", id="unknown layout, upper case"),
        pytest.param(
            {"mHealth_subject1.log": ROW, "mHealth_subject01.csv": ROW},
            "DuplicateSubject",
            "subject 1",
            id="subject twice",
        ),
        pytest.param({"a/x.csv": RAW_DATA, "b/x.csv": RAW_DATA}, "DuplicateSubject", r"x\.csv in raw", id="name twice"),
        pytest.param({"mHealth_subject1.log": ROW * 20_000}, "SourceTooLarge", "at most 1000000", id="too large"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    files: dict[str, bytes], error: str, message: str, surroundings: Surroundings
) -> None:
    for name, content in files.items():
        surroundings.write(name, content)
    with pytest.raises(getattr(errors, error), match=message):
        surroundings.run()
    assert surroundings.keys() == {}


@pytest.mark.parametrize(
    ("member", "error"),
    [
        pytest.param("../mHealth_subject2.log", errors.UnsafeArchive, id="climbing path"),
        pytest.param("/mHealth_subject2.log", errors.UnsafeArchive, id="absolute path"),
    ],
)
def test_an_unsafe_archive_is_refused_before_anything_is_written(
    member: str, error: type[Exception], surroundings: Surroundings, tmp_path: Path
) -> None:
    serve_archive(surroundings, tmp_path, {"mHealth_subject1.log": ROW, member: ROW})
    with pytest.raises(error):
        surroundings.run()
    assert surroundings.keys() == {}


def test_an_archive_that_proves_damaged_leaves_no_manifest_and_a_retry_downloads_it_anew(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    archive = serve_archive(surroundings, tmp_path, {"mHealth_subject1.log": ROW * 5, "mHealth_subject2.log": ROW * 5})
    good = archive.read_bytes()
    archive.write_bytes(good.replace(b"-2.5", b"-2.6", 6))  # the second file's sum no longer fits
    with pytest.raises(errors.SourceUnavailable, match=r"damaged at mHealth_subject1\.log: Bad CRC"):
        surroundings.run()
    assert not any(key.startswith("manifests/") for key in surroundings.keys())  # noqa: SIM118
    archive.write_bytes(good)
    assert surroundings.run()["lines"] == 10


def test_a_file_that_proves_blank_below_its_header_is_refused(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_SOURCE_BYTES", "100000000")
    surroundings.write("a.csv", RAW_DATA.split(b"\n")[0] + b"\n" * 1_100_000)  # more than the head that is looked at
    with pytest.raises(errors.EmptyFile, match=r"a\.csv has no data line"):
        surroundings.run()
    assert not any(key.startswith("manifests/") for key in surroundings.keys())  # noqa: SIM118


def test_ten_thousand_other_files_are_counted_and_the_two_recordings_land(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    others = {f"notes/{n}.txt": b"x" for n in range(10_000)}
    serve_archive(surroundings, tmp_path, {"mHealth_subject1.log": ROW, **others, "mHealth_subject2.log": ROW})
    result = surroundings.run()
    assert (result["files"], result["lines"]) == (2, 2)
    assert len(json.dumps(result)) < 1000, "what travels between states does not grow with the files"
    manifest = surroundings.read_json("manifests/raw/version=1.json")
    assert (len(manifest["skipped"]), manifest["skipped_files"]) == (100, 10_000)


class Ending:
    """The context of a function that ends soon."""

    def get_remaining_time_in_millis(self) -> int:
        return 1_000


@pytest.mark.notices(
    "lambda_ingest/ingest/sources/kaggle.py", "signal.ITIMER_REAL, seconds, 1)", "signal.ITIMER_REAL, 0, 1)"
)
def test_a_download_leaves_time_for_the_rest(surroundings: Surroundings) -> None:
    from download_and_upload import lambda_handler

    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.api.faults.append(Fault("/archives/", drip=0.05))
    with pytest.raises(errors.SourceUnavailable, match=r"longer than 0\.6 s in all"):
        lambda_handler({}, Ending())


def test_two_files_in_one_whose_columns_differ_are_refused_by_name(surroundings: Surroundings) -> None:
    turned = RAW_DATA.replace(b"alx,aly", b"aly,alx")
    surroundings.write("mhealth_raw_data.csv", RAW_DATA + turned)
    with pytest.raises(errors.UnknownLayout, match=r"_data\.csv has a second header, on line 3, .*'aly,alx,"):
        surroundings.run()
    assert not [key for key in list(surroundings.keys()) if key.startswith("manifests/raw/")]
    surroundings.write("mhealth_raw_data.csv", RAW_DATA + RAW_DATA)
    assert surroundings.run()["lines"] == 3, "the same names again are a bad line"


@pytest.mark.notices(
    "lambda_ingest/ingest/sources/kaggle.py", "told_as_current=version == self._told", "told_as_current=False"
)
def test_a_current_version_that_is_not_there_yet_is_retryable(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.api.faults.append(Fault("/archives/", status=404, times=2))
    with pytest.raises(errors.SourceUnavailable, match="names version 1 of someone/mhealth as current"):
        surroundings.run()
    monkeypatch.setenv("SOURCE_URI", "kaggle://someone/mhealth/versions/1")  # Kaggle does not name it
    with pytest.raises(errors.SourceNotFound, match="does not know version 1"):
        surroundings.run()


def serve_archive(place: Surroundings, tmp_path: Path, members: dict[str, bytes]) -> Path:
    """Make the Kaggle API serve an archive of our own making."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    path = tmp_path / "own.zip"
    path.write_bytes(made.getvalue())
    place.api.serve(path)
    return path


def test_every_line_of_the_log_tells_execution_and_snapshot(surroundings: Surroundings, log: io.StringIO) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.run(execution="arn:run", started_at="2026-11-24T03:14:54Z")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["asked the source", "downloaded", "recognised", "landed", "done"]
    assert {(line["execution"], line["snapshot"]) for line in lines} == {("arn:run", 20261124031454)}


def test_a_line_of_the_log_tells_a_few_paths_and_how_many_there_are(
    surroundings: Surroundings, log: io.StringIO
) -> None:
    for number in range(1, 13):
        surroundings.write(f"{'long' * 60}/mHealth_subject{number:02d}.log", ROW)
        surroundings.write(f"about{number}.txt", "about")
    surroundings.run()
    (line,) = [found for found in map(json.loads, log.getvalue().splitlines()) if found["message"] == "recognised"]
    assert (line["files"], len(line["first"]), line["skipped"]) == (12, 10, 12)
    assert max(map(len, line["first"])) < 210


def test_seconds_and_age_are_printed_as_metrics(
    surroundings: Surroundings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    publish(surroundings, surroundings.run())
    two_hours_ago = View(20261124031454, datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.setattr(Readers, "_shown", lambda _: two_hours_ago)
    surroundings.run()
    first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    (reported,) = second["_aws"]["CloudWatchMetrics"]
    assert (reported["Namespace"], reported["Dimensions"], second["Stack"]) == ("mhealth", [["Stack"]], "unit")
    assert {metric["Name"]: metric["Unit"] for metric in reported["Metrics"]} == {
        "DownloadSeconds": "Seconds",
        "PublishedSnapshotAge": "Seconds",
    }
    assert 7200 <= second["PublishedSnapshotAge"][0] < 7260
    assert 0 < second["DownloadSeconds"][0] < 60
    assert "PublishedSnapshotAge" not in first


RUN = """
import sys
sys.path.insert(0, "lambda_ingest")
from download_and_upload import lambda_handler
assert lambda_handler({}, None)["files"] == 4
status = dict(line.split(":") for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.volume
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_the_functions_memory_stays_small_with_large_files(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_SOURCE_BYTES", "1000000000")
    for subject in (1, 2, 3):
        surroundings.write(f"mHealth_subject{subject}.log", ROW * 250_000)
    surroundings.write("mHealth_subject4.log", ROW * 60 + b"7" * 60_000_000)  # a line of 60 MB without an end
    # A process of its own: the peak is the function's, not moto's.
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 220, "megabytes; the four files have 115"
