"""A loopback Kaggle API: a directory as a Kaggle dataset for the real, unpatched kagglehub client.

Every owner and slug names the same dataset. It is read afresh at each request; its version is 1 at first and rises
whenever a file's name or content differs from the version before.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from werkzeug.exceptions import Forbidden, HTTPException, InternalServerError, NotFound
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from mhealth_ops.kaggle import synthetic
from mhealth_ops.kaggle.choice import expect_dataset
from mhealth_ops.kaggle.dataset_folder import DatasetFolder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SERVICE = "/api/v1/datasets.DatasetApiService"
_LOOPBACK = "127.0.0.1"


@dataclass
class Fault:
    """A fault that a test injects: for requests whose path contains `path`, `times` times.

    `status` is the HTTP status of the response, with `headers` and an error or the JSON of `body`; `cut_after` closes
    the connection after that many bytes of the archive; `md5` replaces the archive's checksum; `delay` is in seconds
    before the response, `drip` before each byte of the archive.
    """

    path: str
    status: int | None = None
    cut_after: int | None = None
    md5: str | None = None
    delay: float = 0.0
    drip: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    times: int = 1


@dataclass
class KaggleApi:
    """Serves `source` on a free port of 127.0.0.1, from `start` to `stop` or as a context manager.

    `source` is a directory, or a file that is served as the archive (for tests of malformed archives); archives are
    written to `scratch`. `faults` may be changed at any time. `requests` has the requested paths, `authorizations` the
    Authorization headers of API requests (None: without one), `strangers` host and headers of requests for other hosts,
    which this server gets as a proxy. `complete` returns when the files of `source` are there; the first request waits
    for it, and what it raises is the response.
    """

    source: Path
    scratch: Path
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    authorizations: set[str | None] = field(default_factory=set)
    strangers: list[tuple[str, str]] = field(default_factory=list)
    complete: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self._dataset = DatasetFolder(self.source, self.scratch)
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start to serve in a thread."""
        # Port 0: the system selects a free port, so that any number of servers can run in parallel.
        self._server = make_server(_LOOPBACK, 0, self._application, threaded=True, request_handler=_QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="kaggle", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and release the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def serve(self, source: Path) -> None:
        """Serve another directory or archive; its first version follows the last version."""
        self._dataset.source = source

    def __enter__(self) -> KaggleApi:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which the kagglehub client of a process uses this server.

        The client has fixed addresses only; LOCALHOST means http://localhost, port 80. This server is the client's HTTP
        proxy and so receives the requests for that address; port 80 need not be free. Services on 127.0.0.1, such as
        the local AWS, are reached without the proxy.
        """
        proxy = f"http://{_LOOPBACK}:{self._server.port}"
        return {
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            # Both spellings: their precedence differs between HTTP libraries.
            "HTTP_PROXY": proxy,
            "http_proxy": proxy,
            "NO_PROXY": _LOOPBACK,
            "no_proxy": _LOOPBACK,
        }

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._respond(request)
        except HTTPException as error:
            response = _error(error.code or 500, error.description or "")
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        self.requests.append(request.path)
        if request.host != "localhost":
            # For another host, or sent directly to this port, which only a web page does.
            self.strangers.append((request.host, str(request.headers)))
            raise NotFound(f"the loopback Kaggle API answers for localhost as its proxy only, not for {request.host}")
        if request.headers.get("Origin") or request.headers.get("Sec-Fetch-Site"):
            raise Forbidden("the loopback Kaggle API refuses requests from web pages")
        if request.path.startswith(_SERVICE):
            self.authorizations.add(request.headers.get("Authorization"))
        fault = self._fault(request.path)
        if fault.delay:
            time.sleep(fault.delay)
        if fault.status is not None:
            refused = _error(fault.status, "an injected fault")
            if fault.body is not None:
                refused = _json(fault.body, fault.status)
            refused.headers.update(fault.headers)
            return refused
        try:
            self.complete()
        except OSError as error:
            raise InternalServerError(f"the dataset could not be written: {error}") from error
        if request.path == f"{_SERVICE}/GetDataset":
            asked = request.get_json()
            handle = f"{asked['ownerSlug']}/{asked['datasetSlug']}"
            version = self._dataset.current()
            return _json({"ref": handle, "currentVersionNumber": version.number, "totalBytes": version.bytes})
        if request.path == f"{_SERVICE}/DownloadDataset":
            number = request.get_json().get("datasetVersionNumber") or self._dataset.current().number
            # As Kaggle does: a redirect to a storage service, where the client resumes downloads.
            return Response(status=302, headers={"Location": f"http://localhost/archives/{number}"})
        if request.path.startswith("/archives/"):
            return self._archive(request, int(request.path.rpartition("/")[2]), fault)
        raise NotFound(f"the loopback Kaggle API has no path {request.path}")

    def _archive(self, request: Request, number: int, fault: Fault) -> Response:
        version = self._dataset.version(number)
        if version is None:
            raise NotFound(f"version {number} of the dataset does not exist any more")
        response = send_file(version.archive, request.environ, mimetype="application/zip", conditional=True)
        response.headers["Accept-Ranges"] = "bytes"
        response.headers["X-Goog-Hash"] = f"md5={fault.md5 or version.md5}"
        if fault.drip:
            with contextlib.closing(response):
                dripping = Response(_dripped(version.archive.read_bytes(), fault.drip), headers=response.headers)
            dripping.automatically_set_content_length = False
            return dripping
        if fault.cut_after is not None:
            with contextlib.closing(response), version.archive.open("rb") as archive:
                start = response.content_range.start or 0
                archive.seek(start)
                cut = Response(archive.read(fault.cut_after), status=response.status)
            # Content-Length is that of the whole archive; the server closes the connection earlier.
            cut.headers.update({**response.headers, "Content-Length": str(version.bytes - start)})
            cut.automatically_set_content_length = False
            return cut
        return response

    def _fault(self, path: str) -> Fault:
        with self._lock:
            for fault in self.faults:
                if fault.path in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return Fault(path)


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Do not log requests."""


def _dripped(content: bytes, seconds: float) -> Iterator[bytes]:
    for place in range(len(content)):
        time.sleep(seconds)
        yield content[place : place + 1]


def _json(body: Mapping[str, object], status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, mimetype="application/json")


def _error(status: int, message: str) -> Response:
    return _json({"code": status, "message": message}, status)


@contextlib.contextmanager
def served(dataset: str, scratch: Path, *, scale: int = 1) -> Iterator[Mapping[str, str]]:
    """Serve the dataset of `--dataset`: `synthetic`, `kaggle` or a directory; yield the client's environment variables.

    Synthetic files and archives are written to `scratch`; the files in the background, and requests wait for them. For
    `kaggle`, the real service, there are no variables. Raises NotADirectoryError for anything else.
    """
    expect_dataset(dataset)
    if dataset == "kaggle":
        yield {}
        return
    if dataset == "synthetic":
        source = scratch / "synthetic"
        with ThreadPoolExecutor(1) as background:
            files = background.submit(synthetic.write_dataset, source / "MHEALTHDATASET", scale=scale)
            with KaggleApi(source, scratch / "archives", complete=files.result) as api:
                yield api.environment
        return
    with KaggleApi(Path(dataset), scratch / "archives") as api:
        yield api.environment
