"""The real kagglehub client against the loopback Kaggle API, and a name for everything that goes wrong."""

import contextlib
import os
import shutil
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import SourceDenied, SourceNotFound, SourceTooLarge, SourceUnavailable
from ingest.sources import kaggle as kaggle_source
from ingest.sources.registry import source_of
from mhealth_ops.kaggle.api import Fault, KaggleApi
from tools.waiting import HANG

DATASET = "someone/mhealth"
LARGE = 10**9


@pytest.fixture(autouse=True)
def content(kaggle: KaggleApi) -> None:
    (kaggle.source / "a.log").write_bytes(bytes(range(256)) * 20_000)  # 5 MB: several reads of the client


def download(version: int = 1) -> bytes:
    with kaggle_source.downloaded(DATASET, version, max_bytes=LARGE) as path:
        data = path.read_bytes()
    assert not path.exists()
    return data


def archive_of(kaggle: KaggleApi, version: int = 1) -> bytes:
    return (kaggle.scratch / f"version-{version}.zip").read_bytes()


def test_the_version_is_asked_without_a_download(kaggle: KaggleApi) -> None:
    assert kaggle_source.current_version(DATASET) == 1
    (kaggle.source / "a.log").write_bytes(b"changed")
    assert kaggle_source.current_version(DATASET) == 2
    assert not [path for path in kaggle.requests if "Download" in path or "archives" in path]


def test_a_pinned_version_needs_no_question(kaggle: KaggleApi) -> None:
    assert kaggle_source.current_version(f"{DATASET}/versions/7") == 7
    assert kaggle.requests == []


def test_exactly_the_version_asked_for_is_downloaded(kaggle: KaggleApi) -> None:
    assert kaggle_source.current_version(DATASET) == 1
    first = archive_of(kaggle)
    (kaggle.source / "a.log").write_bytes(b"changed")
    assert kaggle_source.current_version(DATASET) == 2
    assert download(1) == first
    assert download(2) == archive_of(kaggle, 2) != first


def asked(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    download()


@pytest.mark.parametrize("path", ["GetDataset", "DownloadDataset", "/archives/"])
@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        pytest.param(401, SourceDenied, r"HTTP 401.*KaggleSecretArn.*Not retryable", id="401"),
        pytest.param(403, SourceDenied, r"HTTP 403.*KaggleSecretArn", id="403"),
        pytest.param(404, SourceNotFound, r"does not know .*someone/mhealth.*SOURCE_URI.*Not retryable", id="404"),
        pytest.param(429, SourceUnavailable, r"HTTP 429 .*Retryable", id="429"),
        pytest.param(500, SourceUnavailable, "HTTP 500 .*Retryable", id="500"),
        pytest.param(503, SourceUnavailable, "HTTP 503", id="503"),
    ],
)
def test_refusals_are_named(path: str, status: int, error: type[Exception], message: str, kaggle: KaggleApi) -> None:
    kaggle.faults.append(Fault(path, status=status))
    with pytest.raises(error, match=message):
        asked(kaggle)


@pytest.mark.parametrize("path", ["GetDataset", "DownloadDataset", "/archives/"])
@pytest.mark.parametrize("message", [{"message": "no"}, {}], ids=["with a message", "without"])
@pytest.mark.parametrize(
    ("code", "error"), [(401, SourceDenied), (403, SourceDenied), (404, SourceNotFound), (500, SourceUnavailable)]
)
def test_refusals_that_only_the_body_tells_are_named(
    path: str, code: int, error: type[Exception], message: dict[str, str], kaggle: KaggleApi
) -> None:
    kaggle.faults.append(Fault(path, status=200, body={"code": code, **message}))
    with pytest.raises(error, match=f"HTTP {code}"):
        asked(kaggle)


@pytest.mark.parametrize("path", ["DownloadDataset", "/archives/"])
@pytest.mark.parametrize("status", [404, 410])
def test_a_version_that_kaggle_has_just_named_is_not_there_yet(path: str, status: int, kaggle: KaggleApi) -> None:
    kaggle.faults.append(Fault(path, status=status, times=2))
    with (
        pytest.raises(SourceUnavailable, match=r"names version 1 of someone/mhealth as current .* yet.*Retryable"),
        kaggle_source.downloaded(DATASET, 1, max_bytes=LARGE, told_as_current=True),
    ):
        pass
    with pytest.raises(SourceNotFound, match=r"does not know version 1 of someone/mhealth.*Not retryable"):
        download()


SIGNED = "http://127.0.0.1:9/archive.zip?X-Goog-Credential=robot%40a.example&X-Goog-Signature=5ca1ab1e"


@pytest.mark.notices("lambda_ingest/ingest/redaction.py", '_QUERY.sub("?...", ', "str(")
@pytest.mark.parametrize(
    "location",
    [
        SIGNED,
        SIGNED.replace("//", "//u:5ca1ab1e@"),
        SIGNED.replace("http:", "https:"),  # the connection fails, and requests tells the address
        "http://localhost/archives/9?X-Goog-Signature=5ca1ab1e",
    ],
)
def test_a_signed_address_shows_nowhere(location: str, kaggle: KaggleApi, caplog: pytest.LogCaptureFixture) -> None:
    kaggle.faults.append(Fault("DownloadDataset", status=302, headers={"Location": location}))
    with (
        caplog.at_level("INFO"),
        pytest.raises((SourceUnavailable, SourceNotFound), match=r"Connection|HTTP 404") as failed,
    ):
        asked(kaggle)
    # Lambda logs the whole traceback, causes included.
    assert "5ca1ab1e" not in "".join(traceback.format_exception(failed.value)) + caplog.text


@pytest.mark.parametrize("status", [403, 500])
def test_a_signed_address_that_is_refused_shows_nowhere(status: int, kaggle: KaggleApi) -> None:
    kaggle.faults += [
        Fault("DownloadDataset", status=302, headers={"Location": "http://localhost/archives/1?Signature=5ca1ab1e"}),
        Fault("/archives/", status=status),
    ]
    with pytest.raises((SourceDenied, SourceUnavailable), match=f"HTTP {status}") as failed:
        asked(kaggle)
    assert "5ca1ab1e" not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize("path", ["GetDataset", "DownloadDataset", "/archives/"])
def test_a_server_that_does_not_answer_is_not_waited_for(
    path: str, kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaggle_source, "TIMEOUTS", (1.0, 0.2))
    kaggle.faults.append(Fault(path, delay=1.0))
    with pytest.raises(
        SourceUnavailable, match=r"did not deliver (version 1 of )?someone/mhealth: .*Timeout.*Retryable"
    ):
        asked(kaggle)


def test_a_server_that_is_not_there_is_unavailable(kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(SourceUnavailable, match=r"did not deliver someone/mhealth: ProxyError"):
        kaggle_source.current_version(DATASET)


def test_a_download_that_broke_off_goes_on_where_it_ended(kaggle: KaggleApi) -> None:
    assert kaggle_source.current_version(DATASET) == 1
    kaggle.faults.append(Fault("/archives/", cut_after=3_000_000))
    with pytest.raises(SourceUnavailable, match="Retryable"):
        download()
    (partial,) = Path(os.environ["HOME"]).rglob("*.archive")
    assert 0 < partial.stat().st_size <= 3_000_000
    # The rest only: all of it would be more than what the server sends before it breaks off again.
    kaggle.faults += [Fault("/archives/"), Fault("/archives/", cut_after=3_500_000)]
    assert download() == archive_of(kaggle)


def test_what_a_broken_download_left_of_another_version_is_deleted(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    kaggle.faults.append(Fault("/archives/", cut_after=2_000_000))
    with pytest.raises(SourceUnavailable):
        download()
    (kaggle.source / "a.log").write_bytes(b"changed")
    kaggle_source.current_version(DATASET)
    download(2)
    assert list(Path(os.environ["HOME"]).rglob("*.archive")) == []


def test_a_download_unlike_its_md5_is_not_used_and_a_retry_starts_anew(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    kaggle.faults.append(Fault("/archives/", md5="AAAAAAAAAAAAAAAAAAAAAA=="))
    with pytest.raises(SourceUnavailable, match=r"DataCorruptionError.*MD5"):
        download()
    assert download() == archive_of(kaggle)


@pytest.mark.notices("lambda_ingest/ingest/sources/kaggle.py", "path.unlink()  # kagglehub", "pass  # kagglehub")
@pytest.mark.parametrize("more", [0, 7], ids=["of the right length", "longer"])
def test_a_left_over_archive_of_other_content_is_not_taken(more: int, kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    with kaggle_source.downloaded(DATASET, 1, max_bytes=LARGE) as path:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(len(archive_of(kaggle)) + more))
    assert download() == archive_of(kaggle)


def test_a_left_over_beginning_of_other_content_is_not_taken(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    with kaggle_source.downloaded(DATASET, 1, max_bytes=LARGE) as path:
        pass
    path.write_bytes(bytes(1000))
    with pytest.raises(SourceUnavailable, match=r"DataCorruptionError.*MD5"):
        download()
    assert download() == archive_of(kaggle)


def test_an_archive_larger_than_allowed_is_not_downloaded(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    with (
        pytest.raises(
            SourceTooLarge, match=r"archive has 5120\d\d\d bytes; at most 1000 are accepted \(MAX_SOURCE_BYTES"
        ),
        kaggle_source.downloaded(DATASET, 1, max_bytes=1000),
    ):
        pass
    assert list(Path(os.environ["HOME"]).rglob("*.archive")) == []


def test_an_archive_may_be_a_mebibyte_larger_than_what_is_in_it(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    with kaggle_source.downloaded(DATASET, 1, max_bytes=4_100_000) as path:
        assert path.stat().st_size > 5_120_000
    with pytest.raises(SourceTooLarge), kaggle_source.downloaded(DATASET, 1, max_bytes=4_070_000):
        pass


def test_an_archive_larger_than_the_disk_is_not_downloaded(kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch) -> None:
    kaggle_source.current_version(DATASET)
    full = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(SourceTooLarge, match=r"has room for 1000\. Give the function more ephemeral storage"):
        download()


@pytest.mark.parametrize("handle", ["mhealth", "a/b/c", "a/b/versions/two"])
def test_what_is_no_handle_is_not_found(handle: str, kaggle: KaggleApi) -> None:
    with pytest.raises(SourceNotFound, match=rf"'{handle}' is no dataset handle.*Expected kaggle://OWNER/DATASET"):
        kaggle_source.current_version(handle)


def test_how_long_a_busy_kaggle_asks_to_wait_is_told(kaggle: KaggleApi) -> None:
    kaggle.faults.append(Fault("GetDataset", status=429, headers={"Retry-After": "120"}))
    with pytest.raises(SourceUnavailable, match=r"HTTP 429 .*a wait of 120 \(Retry-After\)\. Retryable"):
        kaggle_source.current_version(DATASET)


def ends_while_it_drips(kaggle: KaggleApi, *before: Fault) -> None:
    """Let a download drip after the faults `before`; its time is over then, as the error says.

    How long a download takes to come as far as the drip is the machine's affair: a limit that was too short for it
    shows nothing, and a longer one is tried.
    """
    for seconds in (1.0, 5.0, 25.0):
        # Never late by the time-out for the next bytes: a byte comes every 50 ms, the archive would take three days.
        drip = Fault("/archives/", drip=0.05)
        kaggle.faults[:] = [*(replace(fault) for fault in before), drip]
        started = time.monotonic()
        with (
            pytest.raises(SourceUnavailable, match=rf"took longer than {seconds:g} s in all.*Retryable"),
            kaggle_source.downloaded(DATASET, 1, max_bytes=LARGE, seconds=seconds),
        ):
            pass
        assert seconds - 0.1 < time.monotonic() - started < seconds + HANG
        if drip.times == 0:
            return
    pytest.fail("the download never came as far as the drip")


def test_a_download_that_drips_ends_when_its_time_is_over(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    ends_while_it_drips(kaggle)
    assert download() == archive_of(kaggle)


def test_a_resumed_download_that_drips_ends_too(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    kaggle.faults.append(Fault("/archives/", cut_after=2_000_000))
    with pytest.raises(SourceUnavailable):
        download()
    ends_while_it_drips(kaggle, Fault("/archives/"))
    assert download() == archive_of(kaggle)


@pytest.mark.sample(1)
@pytest.mark.notices(
    "lambda_ingest/ingest/sources/kaggle.py",
    "class _DeadlineExceeded(BaseException):",
    "class _DeadlineExceeded(OSError):",
)
@pytest.mark.parametrize("passed_over", [OSError, Exception, BaseException])
def test_the_time_is_over_though_a_library_passes_over_its_error(
    passed_over: type[BaseException], kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def patient(*_: object) -> None:
        with contextlib.suppress(passed_over):
            time.sleep(2 * HANG)
        with contextlib.suppress(OSError):
            time.sleep(2 * HANG)

    kaggle_source.current_version(DATASET)
    monkeypatch.setattr("kagglehub.clients.download_file", patient)
    started = time.monotonic()
    with (
        pytest.raises(SourceUnavailable, match="took longer than 1 s in all"),
        kaggle_source.downloaded(DATASET, 1, max_bytes=LARGE, seconds=1.0),
    ):
        pass
    assert time.monotonic() - started < HANG


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ["GetDataset", "DownloadDataset"])
def test_the_token_does_not_follow_a_redirect_to_another_host(
    path: str, status: int, kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_0123456789abcdef")
    kaggle.faults.append(Fault(path, status=status, headers={"Location": "http://elsewhere.example/taken"}))
    with pytest.raises(SourceNotFound):
        asked(kaggle)
    assert kaggle.authorizations == {"Bearer KGAT_0123456789abcdef"}
    ((host, headers),) = kaggle.strangers
    assert host == "elsewhere.example"
    assert "KGAT" not in headers


@pytest.mark.parametrize(
    ("handle", "wanted", "reported"), [("a/b", 3, True), ("a/b", 2, False), ("a/b/versions/3", 3, False)]
)
def test_kaggle_has_just_told_the_newest_as_current_where_the_handle_pins_none(
    handle: str, wanted: int, reported: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    @contextlib.contextmanager
    def downloaded(dataset: str, version: int, **how: Any) -> Iterator[Path]:
        asked.append((dataset, version, how["told_as_current"]))
        raise StopAsking
        yield Path()

    monkeypatch.setattr(kaggle_source, "current_version", lambda _: 3)
    monkeypatch.setattr(kaggle_source, "downloaded", downloaded)
    source = source_of(f"kaggle://{handle}", {"KAGGLE_SECRET_ARN": ""})
    assert source.latest_version() == 3
    with pytest.raises(StopAsking), source.download(wanted, max_bytes=1):
        pass
    assert asked == [("a/b", wanted, reported)]


class StopAsking(Exception):
    """Nothing is downloaded."""
