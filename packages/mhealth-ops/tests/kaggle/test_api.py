"""The loopback Kaggle API serves a directory to the real kagglehub client, which runs in a process of its own."""

import http.client
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from local_aws_harness.waiting import HANG
from mhealth_ops.kaggle import synthetic
from mhealth_ops.kaggle.api import Fault, KaggleApi, served
from mhealth_ops.kaggle.synthetic import write_dataset

GET_DATASET = "http://localhost/api/v1/datasets.DatasetApiService/GetDataset"
CLIENT = "import kagglehub; print(kagglehub.dataset_download('anyone/anything'))"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "dataset"
    (path / "inner").mkdir(parents=True)
    (path / "a.log").write_text("1\n")
    (path / "inner" / "b.csv").write_text("2\n")
    return path


def download(environment: dict[str, str], home: Path) -> Path:
    """Let the client download, with nothing but `environment` telling it where; return the folder it unpacked to."""
    home.mkdir(exist_ok=True)
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), "TQDM_DISABLE": "1", "KAGGLEHUB_VERBOSITY": "error"}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT], env=variables | environment, capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


def version(api: KaggleApi) -> int:
    proxies = {"http": api.environment["http_proxy"]}
    asked = {"ownerSlug": "anyone", "datasetSlug": "anything"}
    number: int = requests.post(GET_DATASET, json=asked, proxies=proxies, timeout=HANG).json()["currentVersionNumber"]
    return number


def test_the_real_client_downloads_the_directory_and_its_next_version(folder: Path, tmp_path: Path) -> None:
    with KaggleApi(folder, tmp_path / "archives") as api:
        first = download(api.environment, tmp_path / "home")
        assert first.parts[-5:] == ("datasets", "anyone", "anything", "versions", "1")
        assert {path.relative_to(first).as_posix() for path in first.rglob("*.*")} == {"a.log", "inner/b.csv"}
        assert (first / "inner" / "b.csv").read_text() == "2\n"
        (folder / "a.log").write_text("3\n")
        second = download(api.environment, tmp_path / "home")
        assert (second.name, (second / "a.log").read_text()) == ("2", "3\n")


def test_the_version_rises_with_names_and_contents_only(folder: Path, tmp_path: Path) -> None:
    with KaggleApi(folder, tmp_path / "archives") as api:
        assert version(api) == 1
        assert version(api) == 1
        os.utime(folder / "a.log", ns=(1, 1))
        assert version(api) == 1, "touched"
        (folder / "a.log").write_text("1\n")
        assert version(api) == 1, "written again"
        (folder / "a.log").write_text("2\n")
        assert version(api) == 2, "changed, as long as before"
        (folder / "a.log").rename(folder / "c.log")
        assert version(api) == 3, "renamed"
        (folder / "c.log").unlink()
        assert version(api) == 4, "deleted"
        (folder / "c.log").write_text("2\n")
        assert version(api) == 5, "back again: a new version, as on Kaggle"


def test_only_the_latest_archives_are_kept(folder: Path, tmp_path: Path) -> None:
    with KaggleApi(folder, tmp_path / "archives") as api:
        for number in range(1, 6):
            (folder / "a.log").write_text(f"{number}\n")
            assert version(api) == number
        proxies = {"http": api.environment["http_proxy"]}
        answers = [
            requests.get(f"http://localhost/archives/{number}", proxies=proxies, timeout=HANG).status_code
            for number in range(1, 7)
        ]
    assert answers == [404, 404, 200, 200, 200, 404]
    assert len(list((tmp_path / "archives").iterdir())) == 3


def test_an_empty_directory_is_an_archive_with_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with KaggleApi(folder, tmp_path / "archives") as api:
        assert version(api) == 1
    with zipfile.ZipFile(tmp_path / "archives" / "version-1.zip") as archive:
        assert archive.namelist() == []


def test_a_range_of_the_archive_can_be_asked_for(folder: Path, tmp_path: Path) -> None:
    with KaggleApi(folder, tmp_path / "archives") as api:
        version(api)
        whole = (tmp_path / "archives" / "version-1.zip").read_bytes()
        answer = requests.get(
            "http://localhost/archives/1",
            headers={"Range": "bytes=10-"},
            proxies={"http": api.environment["http_proxy"]},
            timeout=HANG,
        )
    assert (answer.status_code, answer.content) == (206, whole[10:])
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_faults_happen_as_often_as_asked_for(folder: Path, tmp_path: Path) -> None:
    with KaggleApi(folder, tmp_path / "archives", faults=[Fault("GetDataset", status=503, times=2)]) as api:
        proxies = {"http": api.environment["http_proxy"]}
        answers = [
            requests.post(GET_DATASET, json={"ownerSlug": "a", "datasetSlug": "b"}, proxies=proxies, timeout=HANG)
            for _ in range(3)
        ]
    assert [answer.status_code for answer in answers] == [503, 503, 200]


def test_an_unknown_address_is_not_found(folder: Path, tmp_path: Path) -> None:
    with KaggleApi(folder, tmp_path / "archives") as api:
        answer = requests.get("http://localhost/other", proxies={"http": api.environment["http_proxy"]}, timeout=HANG)
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


def test_what_is_on_127_0_0_1_is_reached_without_the_proxy(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KaggleApi(folder, tmp_path / "archives") as api, KaggleApi(folder, tmp_path / "other") as other:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        requests.get(f"{other.environment['http_proxy']}/straight", timeout=HANG)
        assert (other.requests, api.requests) == (["/straight"], [])


def test_a_stopped_server_has_left_its_port(folder: Path, tmp_path: Path) -> None:
    with KaggleApi(folder, tmp_path / "archives") as api:
        proxy = api.environment["http_proxy"]
    with pytest.raises(requests.ConnectionError):
        requests.get(proxy, timeout=HANG)


class TestServed:
    def test_kaggle_itself_needs_no_server(self, tmp_path: Path) -> None:
        with served("kaggle", tmp_path) as environment:
            assert environment == {}

    def test_a_directory(self, folder: Path, tmp_path: Path) -> None:
        with served(str(folder), tmp_path / "scratch") as environment:
            assert (download(dict(environment), tmp_path / "home") / "a.log").read_text() == "1\n"

    def test_the_synthetic_dataset(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert write_dataset.__kwdefaults__ is not None
        monkeypatch.setitem(write_dataset.__kwdefaults__, "rows", (30,))
        with served("synthetic", tmp_path / "scratch", scale=2) as environment:
            unpacked = download(dict(environment), tmp_path / "home") / "MHEALTHDATASET"
        assert {path.name for path in unpacked.iterdir()} == {
            "README.txt",
            "SYNTHETIC.md",
            "mHealth_subject1.log",
            "mHealth_subject2.log",
        }

    def test_a_client_waits_for_the_synthetic_files_and_learns_why_there_are_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        may_go_on = threading.Event()

        def full(*_: object, **__: object) -> None:
            may_go_on.wait(HANG)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(synthetic, "write_dataset", full)
        with served("synthetic", tmp_path / "scratch") as environment:
            threading.Timer(0.2, may_go_on.set).start()
            answer = requests.post(GET_DATASET, json={}, proxies={"http": environment["http_proxy"]}, timeout=HANG)
        assert answer.status_code == 500
        assert answer.json()["message"] == "the dataset could not be written: [Errno 28] No space left on device"

    def test_anything_else_is_refused(self, tmp_path: Path) -> None:
        with (
            pytest.raises(NotADirectoryError, match="expected `synthetic`, `kaggle` or a directory"),
            served("nothing", tmp_path),
        ):
            pass


def test_the_loopback_kaggle_answers_its_client_only(tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    with KaggleApi(tmp_path / "dataset", tmp_path / "archives") as api:
        at = urlsplit(api.environment["http_proxy"]).netloc

        def status(**headers: str) -> int:
            connection = http.client.HTTPConnection(at, timeout=HANG)
            connection.request("GET", "/archives/1", headers=headers)
            return connection.getresponse().status

        assert status(Host=at) == 404
        assert status(Host="evil.example") == 404
        assert status(Host="localhost", Origin="http://localhost") == 403
