"""A client of Trino's protocol (/v1/statement): one statement, page by page."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import urllib3

_PREPARED = "athena"
"""The name of the prepared statement that every query is."""
_INVALID = "Invalid X-Trino-Prepared-Statement header"
_BUSY = (502, 503, 504)
_ANSWER_LIMIT = 60.0


class TrinoLostError(Exception):
    """Trino does not answer any more."""


@dataclass(frozen=True)
class TrinoError(Exception):
    """An error that Trino reports: its name, its kind (USER_ERROR, INTERNAL_ERROR ...) and its message."""

    name: str
    kind: str
    message: str

    @property
    def may_be_a_denial(self) -> bool:
        """Whether a refused request to the catalog or to S3 may be the reason."""
        return (
            self.name == "PERMISSION_DENIED" or self.kind == "EXTERNAL" or self.name.startswith(("HIVE_", "GENERIC_"))
        )


@dataclass
class Running:
    """A statement that runs. `columns` are known from the first page that has them on: (name, type)."""

    address: str
    pool: urllib3.PoolManager
    columns: Sequence[tuple[str, str]] = ()
    scanned: int = 0
    _next: str | None = None
    _stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, sql: str, headers: Mapping[str, str]) -> Iterator[list[list[Any]]]:
        """The rows, page by page, also of pages without any. Raises TrinoError, TrinoLostError."""
        page = self._read("POST", f"{self.address}/v1/statement", sql.encode(), headers)
        while True:
            self._note(page)
            if "error" in page:
                error = page["error"]
                raise TrinoError(error["errorName"], error["errorType"], error["message"])
            yield page.get("data") or []
            with self._lock:
                self._next = page.get("nextUri")
                stopped = self._stopped
            if self._next is None:
                return
            if stopped:
                self._cancel(self._next)
            page = self._read("GET", self._next, None, {})

    def stop(self) -> None:
        """Cancel the statement."""
        with self._lock:
            self._stopped = True
            following = self._next
        if following:
            self._cancel(following)

    def _cancel(self, address: str) -> None:
        try:
            self.pool.request("DELETE", address, timeout=5)
        except urllib3.exceptions.HTTPError:
            return  # it has ended, and whoever reads finds that

    def _note(self, page: Mapping[str, Any]) -> None:
        if columns := page.get("columns"):
            self.columns = [(column["name"], column["type"]) for column in columns]
        stats = page.get("stats") or {}
        self.scanned = max(self.scanned, int(stats.get("physicalInputBytes") or 0))

    def _read(self, method: str, address: str, body: bytes | None, headers: Mapping[str, str]) -> dict[str, Any]:
        deadline = time.monotonic() + _ANSWER_LIMIT
        try:
            while True:
                answer = self.pool.request(
                    method, address, body=body, headers=dict(headers), timeout=_ANSWER_LIMIT, redirect=False
                )
                if answer.status == 200:
                    # A number keeps its text, which is Java's.
                    page: dict[str, Any] = json.loads(answer.data, parse_float=str)
                    return page
                if answer.status == 400:
                    raise _refused(answer.data.decode(errors="replace"))
                if answer.status not in _BUSY or time.monotonic() > deadline:
                    raise TrinoLostError(f"HTTP {answer.status} from {method}: {answer.data[:500].decode()}")
                time.sleep(0.1)
        except urllib3.exceptions.HTTPError as lost:
            raise TrinoLostError(str(lost)) from lost


def _refused(text: str) -> TrinoError:
    """The error of a request that Trino does not take: it parses a prepared statement before it runs one."""
    _, invalid, message = text.partition(f"{_INVALID}: ")
    if invalid:
        return TrinoError("SYNTAX_ERROR", "USER_ERROR", message.strip())
    return TrinoError("GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", f"Trino refused the request: {text[:500]}")


def headers_for(user: str, database: str, prepared: str | None = None) -> dict[str, str]:
    """The headers of a statement: who asks, where names are, the time zone, and a statement that is prepared."""
    headers = {
        "X-Trino-User": user,
        "X-Trino-Catalog": "awsdatacatalog",
        "X-Trino-Schema": database,
        "X-Trino-Time-Zone": "UTC",
        "X-Trino-Language": "en-US",
        "X-Trino-Source": "local-athena",
        # The precision of times; without it, Trino cuts them.
        "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
    }
    if prepared is not None:
        headers["X-Trino-Prepared-Statement"] = f"{_PREPARED}={quote(prepared, safe='')}"
    return headers


def describing() -> str:
    """The statement that tells the columns of the prepared one."""
    return f"DESCRIBE OUTPUT {_PREPARED}"


def executing(parameters: Sequence[str]) -> str:
    """The statement that runs the prepared one with these parameters."""
    return f"EXECUTE {_PREPARED} USING {', '.join(parameters)}"
