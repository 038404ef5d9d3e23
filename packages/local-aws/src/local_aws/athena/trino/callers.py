"""The callers of queries, by the secret names under which Trino runs their queries."""

from __future__ import annotations

import secrets
import threading
import time

from local_aws.athena.catalog import CATALOG, Catalog
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.permissions import Caller


class Callers:
    """Gives each caller a user name of Trino, and keeps what a caller was denied.

    The name is random, so that a program that finds Trino's port cannot ask in another's name.
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self._users: dict[str, str] = {}
        self._callers: dict[str, Caller] = {}
        self._denials: dict[str, tuple[float, QueryFailedError]] = {}
        self._lock = threading.Lock()

    def user(self, caller: Caller) -> str:
        """The user name of a caller: always the same one, as Trino keeps a client of S3 for each."""
        with self._lock:
            user = self._users.setdefault(caller.access_key, f"athena-{secrets.token_hex(12)}")
            self._callers[user] = caller
            return user

    def find(self, user: str) -> Caller | None:
        """The caller with a user name."""
        return self._callers.get(user)

    def deny(self, user: str, denied: QueryFailedError) -> None:
        """Keep a denial, whose words Trino does not repeat."""
        self._denials[user] = (time.monotonic(), denied)

    def denial_since(self, user: str, moment: float) -> QueryFailedError | None:
        """The last denial of a caller that is not older."""
        found = self._denials.get(user)
        return found[1] if found and found[0] >= moment else None


_ALLOWED = ("ExecuteQuery", "FilterCatalogs", "AccessCatalog", "ShowSchemas", "FilterSchemas", "ShowTables")
"""What needs no permission of AWS, within the one catalog."""
_OF_TABLE = ("SelectFromColumns", "CreateViewWithSelectFromColumns", "FilterTables", "ShowColumns", "FilterColumns")
_OF_FUNCTION = ("ExecuteFunction", "CreateViewWithExecuteFunction", "FilterFunctions")


def check(caller: Caller, operation: str, resource: dict[str, dict[str, str]], region: str) -> None:
    """Check one operation of Trino, as its access control by Open Policy Agent reports it.

    Raises QueryFailedError (PERMISSION_DENIED) for everything but reading the catalog's tables, with the caller's
    permissions, and the built-in functions: other catalogs, procedures, sessions' properties and all that writes.
    """
    if operation == "ExecuteQuery":
        return
    if operation in _OF_FUNCTION:
        function = resource.get("function") or {}
        if (function.get("catalogName"), function.get("schemaName")) == ("system", "builtin"):
            return
        raise _denied(operation, function.get("functionName", ""))
    place = resource.get("table") or resource.get("schema") or resource.get("catalog") or {}
    catalog = place.get("catalogName") or place.get("name") or ""
    name = ".".join(filter(None, (catalog, place.get("schemaName"), place.get("tableName"))))
    if catalog != CATALOG or operation not in (*_ALLOWED, *_OF_TABLE):
        raise _denied(operation, name)
    if operation in _OF_TABLE and place.get("schemaName") != "information_schema":
        # "table$partitions" needs what the table does.
        Catalog(region, caller).find(place.get("schemaName", ""), place.get("tableName", "").split("$")[0])


def _denied(operation: str, name: str) -> QueryFailedError:
    return QueryFailedError("PERMISSION_DENIED", f"Access Denied: {operation} {name}".strip())
