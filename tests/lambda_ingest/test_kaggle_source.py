"""The real kagglehub client against the loopback Kaggle API, and a name for everything that goes wrong."""

import contextlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

import kaggle_source
from errors import KaggleDenied, KaggleNotFound, KaggleUnavailable, SourceTooLarge
from local_aws.kaggle.api import Fault, KaggleApi
from tests.waiting import HANG

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
        pytest.param(401, KaggleDenied, r"HTTP 401.*KaggleSecretArn.*A retry does not help", id="401"),
        pytest.param(403, KaggleDenied, r"HTTP 403.*KaggleSecretArn", id="403"),
        pytest.param(
            404, KaggleNotFound, r"no dataset someone/mhealth.*DATASET_HANDLE.*a retry does not help", id="404"
        ),
        pytest.param(429, KaggleUnavailable, r"HTTP 429 .*A retry makes sense", id="429"),
        pytest.param(500, KaggleUnavailable, "HTTP 500 .*A retry makes sense", id="500"),
        pytest.param(503, KaggleUnavailable, "HTTP 503", id="503"),
    ],
)
def test_refusals_are_named(path: str, status: int, error: type[Exception], message: str, kaggle: KaggleApi) -> None:
    kaggle.faults.append(Fault(path, status=status))
    with pytest.raises(error, match=message):
        asked(kaggle)


@pytest.mark.parametrize("path", ["GetDataset", "DownloadDataset", "/archives/"])
def test_a_server_that_does_not_answer_is_not_waited_for(
    path: str, kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaggle_source, "TIMEOUTS", (1.0, 0.2))
    kaggle.faults.append(Fault(path, delay=1.0))
    with pytest.raises(KaggleUnavailable, match=r"did not deliver someone/mhealth: .*Timeout.*A retry makes sense"):
        asked(kaggle)


def test_a_server_that_is_not_there_is_unavailable(kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(KaggleUnavailable, match=r"did not deliver someone/mhealth: ProxyError"):
        kaggle_source.current_version(DATASET)


def test_a_download_that_broke_off_goes_on_where_it_ended(kaggle: KaggleApi) -> None:
    assert kaggle_source.current_version(DATASET) == 1
    kaggle.faults.append(Fault("/archives/", cut_after=3_000_000))
    with pytest.raises(KaggleUnavailable, match="A retry makes sense"):
        download()
    (partial,) = Path(os.environ["HOME"]).rglob("*.archive")
    assert 0 < partial.stat().st_size <= 3_000_000
    # The rest only: all of it would be more than what the server sends before it breaks off again.
    kaggle.faults += [Fault("/archives/"), Fault("/archives/", cut_after=3_500_000)]
    assert download() == archive_of(kaggle)


def test_what_a_broken_download_left_of_another_version_is_deleted(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    kaggle.faults.append(Fault("/archives/", cut_after=2_000_000))
    with pytest.raises(KaggleUnavailable):
        download()
    (kaggle.source / "a.log").write_bytes(b"changed")
    kaggle_source.current_version(DATASET)
    download(2)
    assert list(Path(os.environ["HOME"]).rglob("*.archive")) == []


def test_a_download_unlike_its_md5_is_not_used_and_a_retry_starts_anew(kaggle: KaggleApi) -> None:
    kaggle_source.current_version(DATASET)
    kaggle.faults.append(Fault("/archives/", md5="AAAAAAAAAAAAAAAAAAAAAA=="))
    with pytest.raises(KaggleUnavailable, match=r"DataCorruptionError.*MD5"):
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


def test_an_archive_larger_than_the_disk_is_not_downloaded(kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch) -> None:
    kaggle_source.current_version(DATASET)
    full = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(SourceTooLarge, match=r"has room for 1000\. Give the function more ephemeral storage"):
        download()


@pytest.mark.parametrize("handle", ["mhealth", "a/b/c", "a/b/versions/two"])
def test_what_is_no_handle_is_not_found(handle: str, kaggle: KaggleApi) -> None:
    with pytest.raises(KaggleNotFound, match=rf"'{handle}' is no dataset handle.*Expected owner/dataset"):
        kaggle_source.current_version(handle)


def test_how_long_a_busy_kaggle_asks_to_wait_is_told(kaggle: KaggleApi) -> None:
    kaggle.faults.append(Fault("GetDataset", status=429, headers={"Retry-After": "120"}))
    with pytest.raises(KaggleUnavailable, match=r"HTTP 429 .*a wait of 120 \(Retry-After\)\. A retry makes sense"):
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
            pytest.raises(KaggleUnavailable, match=rf"took longer than {seconds:g} s in all.*A retry makes sense"),
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
    with pytest.raises(KaggleUnavailable):
        download()
    ends_while_it_drips(kaggle, Fault("/archives/"))
    assert download() == archive_of(kaggle)


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
        pytest.raises(KaggleUnavailable, match="took longer than 1 s in all"),
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
    with pytest.raises(KaggleNotFound):
        asked(kaggle)
    assert kaggle.authorizations == {"Bearer KGAT_0123456789abcdef"}
    ((host, headers),) = kaggle.strangers
    assert host == "elsewhere.example"
    assert "KGAT" not in headers
