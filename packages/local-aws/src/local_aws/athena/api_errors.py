"""The errors of Athena's API, and the pages of its lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError

PAGE = 50
"""The largest page of most of Athena's lists, which is also their usual one."""


class InvalidRequestError(JsonRESTError):
    """The request is invalid; no query was started."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)
        self.description = json.dumps(
            {"__type": "InvalidRequestException", "Message": message, "AthenaErrorCode": "INVALID_INPUT"}
        )


class MetadataError(JsonRESTError):
    """The object does not exist in the catalog."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("MetadataException", message)
        self.description = json.dumps({"__type": "MetadataException", "Message": message})


class NotFoundError(JsonRESTError):
    """The resource, such as a prepared statement, does not exist."""

    code = 400

    def __init__(self, message: str, name: str) -> None:
        super().__init__("ResourceNotFoundException", message)
        told = {"__type": "ResourceNotFoundException", "Message": message, "ResourceName": name}
        self.description = json.dumps(told)


def page(request: AthenaResponse, name: str, items: Sequence[Any], limit: int = PAGE) -> dict[str, Any]:
    """The answer with one page of a list, and a NextToken where there is more. Raises InvalidRequestError."""
    token, asked = request._get_param("NextToken"), request._get_param("MaxResults")
    size = limit if asked is None else int(asked)
    if not 1 <= size <= limit:
        raise InvalidRequestError(f"MaxResults is {size}; it has to be from 1 to {limit}")
    if token is not None and not str(token).isdecimal():
        raise InvalidRequestError(f"Malformed nextPageToken {token}")
    start = int(token or 0)
    answer: dict[str, Any] = {name: list(items[start : start + size])}
    return answer | ({"NextToken": str(start + size)} if start + size < len(items) else {})
