"""Kaggle as the source, by kagglehub: the version that is current, and the archive of exactly one version.

kagglehub decides on its folders when it is imported and takes half a second for it: it is imported where it is used.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import requests
import urllib3
from aws_lambda_powertools import Logger
from requests.adapters import HTTPAdapter

from ingest import archive
from ingest.entries import Entry
from ingest.errors import IngestError, SourceDenied, SourceNotFound, SourceTooLarge, SourceUnavailable
from ingest.redaction import described
from ingest.sources.base import DatasetSource
from ingest.sources.kaggle_token import use_secret

if TYPE_CHECKING:
    from kagglehub.handle import DatasetHandle
    from kagglesdk.kaggle_client import KaggleClient

TIMEOUTS = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes of an answer."""

ANSWER_SECONDS = 120.0
"""Seconds for a whole answer that is no download: bytes that drip one by one are never late by `TIMEOUTS`."""

_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_-]{1,100}(/versions/[1-9][0-9]{0,8})?")

_SLACK_BYTES = 1 << 20  # an archive may be this much larger than what is in it

# A progress bar in a log is noise.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("KAGGLEHUB_VERBOSITY", "warning")


_logger = Logger(service="ingest", child=True)


class KaggleSource(DatasetSource):
    """A dataset of Kaggle: `kaggle://OWNER/DATASET`, with `/versions/N` behind it to stay at version N.

    Its handle is what stands behind the scheme, as records have had it since there was no other source.
    """

    expected: ClassVar = "kaggle://OWNER/DATASET"

    def __init__(self, handle: str, secret_arn: str) -> None:
        self.handle = handle
        self.dataset = name_of(handle)
        self._secret_arn = secret_arn
        self._told: int | None = None

    @classmethod
    def from_location(cls, location: str, environment: Mapping[str, str]) -> Self:
        """Return the source of OWNER/DATASET, with the token in the secret KAGGLE_SECRET_ARN."""
        return cls(location, environment["KAGGLE_SECRET_ARN"])

    def latest_version(self) -> int:
        """Return the version that is pinned, else the one that Kaggle names as current."""
        use_secret(self._secret_arn)
        version = current_version(self.handle)
        if self.handle == self.dataset:
            self._told = version
        return version

    @contextlib.contextmanager
    def download(self, version: int, *, max_bytes: int, seconds: float | None = None) -> Iterator[Iterable[Entry]]:
        """Download a version's archive, in so many seconds, and give its files."""
        started = time.monotonic()
        with downloaded(
            self.dataset, version, max_bytes=max_bytes, seconds=seconds, told_as_current=version == self._told
        ) as path:
            _logger.info("downloaded", bytes=path.stat().st_size, seconds=round(time.monotonic() - started, 3))
            with archive.opened(path, max_bytes=max_bytes) as entries:
                yield entries


def name_of(dataset: str) -> str:
    """Return `owner/dataset` of a handle, which may name a version besides. Raises SourceNotFound for no handle."""
    handle = _parsed(dataset)
    return f"{handle.owner}/{handle.dataset}"


def current_version(dataset: str) -> int:
    """Return the dataset's current version, or the one that `owner/dataset/versions/N` names. Downloads nothing.

    Raises SourceDenied, SourceNotFound or SourceUnavailable.
    """
    handle = _parsed(dataset)
    if handle.version is not None:
        return int(handle.version)
    with _client(dataset, ANSWER_SECONDS) as client:
        from kagglehub.exceptions import handle_call
        from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = handle.owner, handle.dataset
        answer = handle_call(lambda: client.datasets.dataset_api_client.get_dataset(request), handle)
        version = answer.current_version_number
    if not version:
        raise SourceUnavailable(f"Kaggle tells no version of {dataset}. Retryable.")
    return int(version)


@contextlib.contextmanager
def downloaded(
    dataset: str, version: int, *, max_bytes: int, seconds: float | None = None, told_as_current: bool = False
) -> Iterator[Path]:
    """Download one version's archive, checked against Kaggle's MD5, and give its path; it is deleted at the end.

    What a broken connection left is kept, and a retry on the same machine goes on from there. The download may take
    `seconds` in all; it ends by SourceUnavailable then, not with the function's own time limit. `told_as_current` says
    that Kaggle has just named this version as current: where it does not deliver it, it will, so SourceUnavailable.
    Raises SourceTooLarge before the download where the archive is larger than `max_bytes` or the disk; SourceDenied,
    SourceNotFound or SourceUnavailable.
    """
    handle = _parsed(dataset).with_version(version)
    with _client(f"version {version} of {dataset}", seconds, told_as_current=told_as_current) as client:
        from kagglehub.cache import get_cached_archive_path
        from kagglehub.clients import download_file
        from kagglehub.exceptions import handle_call
        from kagglehub.integrity import get_md5_checksum_from_response
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

        request = ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = handle.owner, handle.dataset
        request.dataset_version_number = version
        path = Path(get_cached_archive_path(handle))
        path.parent.mkdir(parents=True, exist_ok=True)
        _forget_others(path)
        with contextlib.closing(
            handle_call(lambda: client.datasets.dataset_api_client.download_dataset(request), handle)
        ) as response:
            length = int(response.headers.get("Content-Length", 0))
            if path.exists() and (path.stat().st_size >= length or get_md5_checksum_from_response(response) is None):
                path.unlink()  # kagglehub takes a file of the right length as it is, and without an MD5 any beginning
            _check_size(length, path, max_bytes)
            download_file(response, str(path), handle)
    try:
        yield path
    finally:
        path.unlink()


def _parsed(dataset: str) -> DatasetHandle:
    from kagglehub.handle import parse_dataset_handle

    # kagglehub makes paths and addresses of its parts, and looks at none of them.
    if not _HANDLE.fullmatch(dataset):
        raise SourceNotFound(
            f"{dataset[:200]!r} is no dataset handle. Expected kaggle://OWNER/DATASET or "
            "kaggle://OWNER/DATASET/versions/N in SOURCE_URI (the stack's parameter SourceUri). Not retryable."
        )
    return parse_dataset_handle(dataset)


@contextlib.contextmanager
def _client(dataset: str, seconds: float | None, *, told_as_current: bool = False) -> Iterator[KaggleClient]:
    """Give the API's client for so many seconds; name what goes wrong with it."""
    from kagglehub.clients import build_kaggle_client
    from kagglehub.exceptions import DataCorruptionError

    try:
        with _within(seconds), build_kaggle_client() as client:
            # The client waits for ever, a Lambda function must not.
            session = client.http_client()._session
            session.mount("https://", _TimeoutAdapter())
            session.mount("http://", _TimeoutAdapter())
            yield client
    except IngestError:
        raise
    except requests.HTTPError as error:
        raise _named(dataset, error, told_as_current=told_as_current) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, DataCorruptionError, ValueError) as error:
        raise SourceUnavailable(f"Kaggle did not deliver {dataset}: {described(error)}. Retryable.") from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise SourceTooLarge(
            f"The disk is full: {error}. Give the function more ephemeral storage than the archive's size. "
            "Not retryable."
        ) from error


class _DeadlineExceeded(BaseException):
    """Comes out of whatever goes on: no Exception, for that is what libraries, and Python's own import, pass over."""


@contextlib.contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Interrupt whatever goes on after so many seconds, by requests.Timeout: by a signal, since it reads from a socket.

    Signals reach the main thread alone, in which Lambda runs the handler; in another one there is no limit.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def too_slow(*_: object) -> None:
        raise _DeadlineExceeded

    handler = signal.signal(signal.SIGALRM, too_slow)
    # Again every second, should the first be lost: nothing comes out of a finalizer.
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    except _DeadlineExceeded as up:
        raise requests.Timeout(f"it took longer than {seconds:g} s in all") from up
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, handler)


class _TimeoutAdapter(HTTPAdapter):
    def send(self, *args: Any, **settings: Any) -> requests.Response:
        """Send a request with `TIMEOUTS` where it has none of its own; give an answer the status that its body tells.

        Kaggle tells some errors by a code in the body of an answer with status 200.
        """
        settings["timeout"] = settings.get("timeout") or TIMEOUTS
        answer = super().send(*args, **settings)
        if answer.status_code == requests.codes.ok and "application/json" in answer.headers.get("Content-Type", ""):
            with contextlib.suppress(ValueError, TypeError, LookupError):
                answer.status_code = max(answer.status_code, int(answer.json()["code"]))
        return answer


def _named(dataset: str, error: requests.HTTPError, *, told_as_current: bool) -> IngestError:
    status = error.response.status_code if error.response is not None else 0
    if status in (401, 403):
        return SourceDenied(
            f"Kaggle refused access to {dataset} (HTTP {status}). A public dataset needs no token. For a private one, "
            "or where its owner asks for consent, make a token on kaggle.com (Settings, API), accept the dataset's "
            "terms with the same account, put the token into Secrets Manager, and give the secret's ARN as the "
            "stack's parameter KaggleSecretArn; where there is one already, its token is invalid or expired. "
            "Not retryable."
        )
    if status in (404, 410) and told_as_current:
        return SourceUnavailable(
            f"Kaggle names {dataset} as current and cannot deliver it yet (HTTP {status}). "
            "Expected its archive. Retryable."
        )
    if status in (404, 410):
        return SourceNotFound(
            f"Kaggle does not know {dataset}, or not this version of it (HTTP {status}). Compare SOURCE_URI "
            "(the stack's parameter SourceUri) with the dataset's address kaggle.com/datasets/OWNER/DATASET. "
            "Not retryable."
        )
    wait = error.response.headers.get("Retry-After") if error.response is not None else None
    asked = f"It asks for a wait of {wait} (Retry-After)" if wait else "It does not say for how long"
    return SourceUnavailable(f"Kaggle answered HTTP {status} when asked for {dataset}. {asked}. Retryable.")


def _check_size(declared: int, path: Path, max_bytes: int) -> None:
    if declared > max_bytes + _SLACK_BYTES:
        raise SourceTooLarge(
            f"The archive has {declared} bytes; at most {max_bytes} are accepted (MAX_SOURCE_BYTES, the stack's "
            "parameter MaxSourceBytes). Raise the parameter if that is right. Not retryable."
        )
    here = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(path.parent).free
    if declared - here > free:
        raise SourceTooLarge(
            f"The archive has {declared} bytes and {path.parent} has room for {free + here}. Give the function more "
            "ephemeral storage. Not retryable."
        )


def _forget_others(path: Path) -> None:
    """Delete what broken downloads of other versions left on a machine that is used again."""
    for other in path.parent.glob("*.archive"):
        if other != path:
            other.unlink()
