"""Working Athena inside moto: SQL runs on the Glue catalog and S3 of the same process.

`install` replaces moto's simulated queries; the rest of moto's Athena (workgroups, named queries, tags) is unchanged.
"""

from __future__ import annotations

import atexit
import json
import threading
import weakref
from typing import Any

from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse

from local_aws.athena.api_errors import InvalidRequestError
from local_aws.athena.engine import Engine
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.execution import Execution
from local_aws.athena.files import s3, split_location
from local_aws.athena.metadata import MetadataApi
from local_aws.athena.permissions import Caller
from local_aws.athena.prepared_statements import Prepared, PreparedStatementApi
from local_aws.athena.query import QueryEngine
from local_aws.athena.trino.engine import TrinoEngine
from local_aws.core.patching import replace
from local_aws.core.world import World

MAX_ROWS = 1000
"""Athena's largest page of results, which is also its usual one."""


def _configuration(workgroup: Any, requested: dict[str, Any] | None) -> dict[str, Any]:
    """The location of results: the workgroup's if it is enforced or the request has none."""
    own = workgroup.configuration.get("ResultConfiguration") or {}
    enforced = workgroup.configuration.get("EnforceWorkGroupConfiguration") in (True, "true")
    merged = {**own, **({} if enforced and own.get("OutputLocation") else requested or {})}
    if not merged.get("OutputLocation"):
        raise InvalidRequestError(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    return merged


def _execution(backend: AthenaBackend, execution_id: str) -> Execution:
    found: Any = backend.executions.get(execution_id)
    if found is None:
        raise InvalidRequestError(f"QueryExecution {execution_id} was not found")
    assert isinstance(found, Execution)
    return found


class _Api:
    """The operations that replace methods of moto's AthenaResponse."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._engines: dict[str, Engine] = {}
        self._tokens: dict[tuple[str, str], Execution] = {}
        self._running: weakref.WeakSet[Execution] = weakref.WeakSet()
        self._lock = threading.Lock()

    def _engine(self, region: str) -> Engine:
        with self._lock:
            if region not in self._engines:
                self._engines[region] = self._new_engine(region)
            return self._engines[region]

    def _new_engine(self, region: str) -> Engine:
        folder = self._world.folder / "cache" / "athena" / region
        if self._world.athena == "duckdb":
            return QueryEngine(folder, region)
        if region != self._world.region:
            raise InvalidRequestError(
                f"Trino runs for the region {self._world.region} only, and the query is for {region}. Ask in "
                f"{self._world.region}, or start the local AWS with --region {region}."
            )
        return TrinoEngine(folder, self._world)

    def _close(self) -> None:
        """Cancel running queries: a thread inside DuckDB at the end of Python crashes the process."""
        with self._lock:
            executions, self._running = self._running, weakref.WeakSet()
            engines, self._engines = self._engines, {}
        for execution in list(executions):
            execution.finish()
        for engine in engines.values():
            engine.close()

    def start_query_execution(self, request: AthenaResponse) -> str:
        backend = request.athena_backend
        query = request._get_param("QueryString")
        if not query or not query.strip():
            raise InvalidRequestError("QueryString is empty")
        name = request._get_param("WorkGroup") or "primary"
        workgroup = backend.work_groups.get(name)
        if workgroup is None:
            raise InvalidRequestError(f"WorkGroup {name} is not found.")
        if workgroup.state == "DISABLED":
            raise InvalidRequestError(f"WorkGroup {name} is disabled.")
        configuration = _configuration(workgroup, request._get_param("ResultConfiguration"))
        if not configuration["OutputLocation"].startswith("s3://"):
            raise InvalidRequestError("outputLocation is not a valid S3 path.")
        bucket, _ = split_location(configuration["OutputLocation"])
        if bucket not in s3(backend.region_name).buckets:
            raise InvalidRequestError(f"Unable to verify/create output bucket {bucket}")
        caller = Caller(request.get_access_key(), backend.region_name)
        try:
            caller.may_locate(bucket)
        except QueryFailedError as denied:
            raise InvalidRequestError(f"Unable to verify/create output bucket {bucket}: {denied.message}") from denied
        context = dict(request._get_param("QueryExecutionContext") or {})
        cutoff = workgroup.configuration.get("BytesScannedCutoffPerQuery")
        token = request._get_param("ClientRequestToken")
        prepared = Prepared(backend, name, query, request._get_param("ExecutionParameters") or ())
        execution = Execution(
            query=query,
            prepared=prepared,
            # Clients that quote names for DDL also quote them here.
            database=(context.get("Database") or "default").strip("`").lower(),
            context=context,
            workgroup=workgroup,
            configuration=configuration,
            cutoff=int(cutoff) if cutoff else None,
            engine=self._engine(backend.region_name),
            caller=caller,
        )
        with self._lock:
            known = self._tokens.get((backend.region_name, token)) if token else None
            if known is None or known.id not in backend.executions:
                if token:
                    self._tokens[backend.region_name, token] = execution
                backend.executions[execution.id] = execution  # type: ignore[assignment]
                self._running.add(execution)
                execution.start()
                known = execution
        if known.query != query:
            raise InvalidRequestError("Idempotent parameters do not match")
        return json.dumps({"QueryExecutionId": known.id})

    def batch_get_named_query(self, request: AthenaResponse) -> str:
        found, unprocessed = [], []
        for query_id in request._get_param("NamedQueryIds") or []:
            if query := request.athena_backend.get_named_query(query_id):
                found.append(
                    {
                        "NamedQueryId": query.id,
                        "Name": query.name,
                        "Description": query.description,
                        "Database": query.database,
                        "QueryString": query.query_string,
                        "WorkGroup": query.workgroup.name,
                    }
                )
            else:
                missing = {"ErrorCode": "INVALID_INPUT", "ErrorMessage": f"NamedQuery {query_id} was not found"}
                unprocessed.append({"NamedQueryId": query_id, **missing})
        return json.dumps({"NamedQueries": found, "UnprocessedNamedQueryIds": unprocessed})

    def get_query_execution(self, request: AthenaResponse) -> str:
        execution = _execution(request.athena_backend, request._get_param("QueryExecutionId"))
        return json.dumps({"QueryExecution": execution.describe()})

    def batch_get_query_execution(self, request: AthenaResponse) -> str:
        found, unprocessed = [], []
        for execution_id in request._get_param("QueryExecutionIds") or []:
            try:
                found.append(_execution(request.athena_backend, execution_id).describe())
            except InvalidRequestError as missing:
                unprocessed.append(
                    {"QueryExecutionId": execution_id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": missing.message}
                )
        return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": unprocessed})

    def list_query_executions(self, request: AthenaResponse) -> str:
        name = request._get_param("WorkGroup") or "primary"
        executions: list[Any] = list(request.athena_backend.executions.values())
        ids = [execution.id for execution in reversed(executions) if execution.workgroup.name == name]
        start, limit = int(request._get_param("NextToken") or 0), int(request._get_param("MaxResults") or 50)
        answer: dict[str, Any] = {"QueryExecutionIds": ids[start : start + limit]}
        if start + limit < len(ids):
            answer["NextToken"] = str(start + limit)
        return json.dumps(answer)

    def stop_query_execution(self, request: AthenaResponse) -> str:
        _execution(request.athena_backend, request._get_param("QueryExecutionId")).stop()
        return "{}"

    def get_query_results(self, request: AthenaResponse) -> str:
        execution = _execution(request.athena_backend, request._get_param("QueryExecutionId"))
        if execution.status in ("QUEUED", "RUNNING"):
            raise InvalidRequestError(f"Query has not yet finished. Current state: {execution.status}")
        if execution.status != "SUCCEEDED":
            raise InvalidRequestError(f"Query did not finish successfully. Final query state: {execution.status}")
        try:
            execution.check_reader(Caller(request.get_access_key(), request.athena_backend.region_name))
        except QueryFailedError as denied:
            raise InvalidRequestError(f"Access denied when reading the results: {denied.message}") from denied
        limit = min(int(request._get_param("MaxResults") or MAX_ROWS), MAX_ROWS)
        rows, token = execution.page(request._get_param("NextToken"), limit)
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows],
                "ResultSetMetadata": {"ColumnInfo": [column.info() for column in execution.columns]},
            },
        }
        if token:
            answer["NextToken"] = token
        return json.dumps(answer)

    def get_query_runtime_statistics(self, request: AthenaResponse) -> str:
        execution = _execution(request.athena_backend, request._get_param("QueryExecutionId"))
        statistics = execution.describe()["Statistics"]
        timeline = {name: value for name, value in statistics.items() if name.endswith("InMillis")}
        rows = {"InputBytes": execution.scanned}
        return json.dumps({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})

    def get_work_group(self, request: AthenaResponse) -> str:
        name = request._get_param("WorkGroup")
        found = request.athena_backend.get_work_group(name)
        if found is None:
            raise InvalidRequestError(f"WorkGroup {name} is not found.")
        return json.dumps({"WorkGroup": found})


_installed: list[_Api] = []
"""The current instance of this process; a new instance ends its queries."""


def close() -> None:
    """End the queries and the engines of the current instance."""
    while _installed:
        _installed.pop()._close()


def install(world: World) -> None:
    """Install Athena in this process's moto; results and cached data are stored below the world's folder."""
    close()
    api = _Api(world)
    _installed.append(api)
    atexit.register(api._close)
    if world.athena != "duckdb":
        api._engine(world.region)  # it starts beside the deployment
    parts = (api, MetadataApi(), PreparedStatementApi())
    operations = {name: getattr(part, name) for part in parts for name in vars(type(part)) if not name.startswith("_")}
    replace(
        AthenaResponse,
        **{name: lambda request, run=run: run(request) for name, run in operations.items()},
    )
