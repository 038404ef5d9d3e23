"""Prepared statements of a workgroup: PREPARE, EXECUTE and DEALLOCATE PREPARE, and the API's operations on them.

A statement prepared by SQL and one made by CreatePreparedStatement are the same thing (Athena's user guide, "Use
prepared statements").
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from typing import Any

from moto.athena.models import AthenaBackend, PreparedStatement
from moto.athena.responses import AthenaResponse

from local_aws.athena.api_errors import InvalidRequestError, NotFoundError, page
from local_aws.athena.classification import without_comments
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.syntax import tokens_of, without_semicolon

_PREPARE = re.compile(r'PREPARE\s+"?(?P<name>\w+)"?\s+FROM\s+(?P<sql>.+)', re.IGNORECASE | re.DOTALL)
_EXECUTE = re.compile(r'EXECUTE\s+"?(?P<name>\w+)"?(?:\s+USING\s+(?P<values>.+))?', re.IGNORECASE | re.DOTALL)
_DEALLOCATE = re.compile(r'DEALLOCATE\s+PREPARE\s+"?(?P<name>\w+)"?', re.IGNORECASE)
_WORDS = ("PREPARE", "EXECUTE", "DEALLOCATE")


def _kept(backend: AthenaBackend, workgroup: str) -> dict[str, PreparedStatement]:
    """Moto keeps the statements of all workgroups by name; here each workgroup has its own."""
    kept: dict[str, dict[str, PreparedStatement]] = backend.__dict__.setdefault("local_aws_prepared", {})
    return kept.setdefault(workgroup, {})


def keep(backend: AthenaBackend, workgroup: str, name: str, sql: str, description: str = "") -> None:
    """Keep a statement; one of the same name is replaced."""
    made = PreparedStatement(name, backend.work_groups[workgroup], sql, description)
    made.last_modified_time = datetime.datetime.now(datetime.UTC)
    _kept(backend, workgroup)[name] = made


class Prepared:
    """What a statement on prepared statements does, if it is one.

    `sql` is what runs, with `parameters` for its `?`; None where nothing runs, as `run` does all of it.
    """

    def __init__(self, backend: AthenaBackend, workgroup: str, query: str, parameters: Sequence[str]) -> None:
        self._backend = backend
        self._workgroup = workgroup
        self.sql: str | None = query
        self.parameters = list(parameters)
        self._match: re.Match[str] | None = None
        text = without_comments(query)
        if text[:10].upper().startswith(_WORDS):
            self._read(text)

    def _read(self, text: str) -> None:
        try:
            text = without_semicolon(text).strip()
        except QueryFailedError:
            return  # it fails as it is, when it runs
        if match := _PREPARE.fullmatch(text) or _DEALLOCATE.fullmatch(text):
            self._match, self.sql = match, None
        elif match := _EXECUTE.fullmatch(text):
            found = _kept(self._backend, self._workgroup).get(match["name"])
            if found is None:
                self._match, self.sql = match, None
                return
            self.sql = found.query_statement
            if match["values"]:
                self.parameters = _values(match["values"])

    def run(self) -> None:
        """Prepare, or forget, a statement. Raises QueryFailedError."""
        assert self._match is not None
        name, kept = self._match["name"], _kept(self._backend, self._workgroup)
        if sql := self._match.groupdict().get("sql"):
            keep(self._backend, self._workgroup, name, sql.strip())
        elif name in kept and self._match.re is _DEALLOCATE:
            del kept[name]
        else:
            raise QueryFailedError("NOT_FOUND", f"Prepared statement not found: {name}", (1, 1))


def _values(text: str) -> list[str]:
    """The expressions behind USING, split at the commas that are in no parentheses."""
    depth, start, found = 0, 0, []
    for token in tokens_of(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            found.append(text[start : token.start].strip())
            start = token.end + 1
    return [*found, text[start:].strip()]


class PreparedStatementApi:
    """The API's operations on prepared statements."""

    def create_prepared_statement(self, request: AthenaResponse) -> str:
        """Answer CreatePreparedStatement."""
        workgroup = _workgroup(request)
        name = request._get_param("StatementName")
        if name in _kept(request.athena_backend, workgroup):
            raise InvalidRequestError(f"PreparedStatement {name} already exists in WorkGroup {workgroup}")
        self._keep(request, workgroup)
        return "{}"

    def update_prepared_statement(self, request: AthenaResponse) -> str:
        """Answer UpdatePreparedStatement."""
        self._found(request, request._get_param("StatementName"))
        self._keep(request, _workgroup(request))
        return "{}"

    def delete_prepared_statement(self, request: AthenaResponse) -> str:
        """Answer DeletePreparedStatement."""
        self._found(request, request._get_param("StatementName"))
        del _kept(request.athena_backend, _workgroup(request))[request._get_param("StatementName")]
        return "{}"

    def get_prepared_statement(self, request: AthenaResponse) -> str:
        """Answer GetPreparedStatement."""
        return json.dumps({"PreparedStatement": self._found(request, request._get_param("StatementName"))})

    def batch_get_prepared_statement(self, request: AthenaResponse) -> str:
        """Answer BatchGetPreparedStatement."""
        found, unprocessed = [], []
        for name in request._get_param("PreparedStatementNames") or []:
            try:
                found.append(self._found(request, name))
            except NotFoundError as missing:
                told = {"ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": missing.message}
                unprocessed.append({"StatementName": name, **told})
        return json.dumps({"PreparedStatements": found, "UnprocessedPreparedStatementNames": unprocessed})

    def list_prepared_statements(self, request: AthenaResponse) -> str:
        """Answer ListPreparedStatements."""
        kept = _kept(request.athena_backend, _workgroup(request))
        found = [
            {"StatementName": name, "LastModifiedTime": each.last_modified_time.timestamp()}
            for name, each in sorted(kept.items())
        ]
        return json.dumps(page(request, "PreparedStatements", found))

    def _keep(self, request: AthenaResponse, workgroup: str) -> None:
        given = [request._get_param(name) for name in ("StatementName", "QueryStatement", "Description")]
        keep(request.athena_backend, workgroup, given[0], given[1], given[2] or "")

    def _found(self, request: AthenaResponse, name: str) -> dict[str, Any]:
        workgroup = _workgroup(request)
        found = _kept(request.athena_backend, workgroup).get(name)
        if found is None:
            raise NotFoundError(f"PreparedStatement {name} was not found in workGroup {workgroup}", name)
        return {
            "StatementName": name,
            "QueryStatement": found.query_statement,
            "WorkGroupName": workgroup,
            "Description": found.description,
            "LastModifiedTime": found.last_modified_time.timestamp(),
        }


def _workgroup(request: AthenaResponse) -> str:
    name: str = request._get_param("WorkGroup")
    if name not in request.athena_backend.work_groups:
        raise InvalidRequestError(f"WorkGroup {name} is not found.")
    return name
