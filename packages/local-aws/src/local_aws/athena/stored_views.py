"""The catalog's text of a view: `/* Presto View: B64 */`, where B64 is base64 of JSON."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

_STORED = re.compile(r"/\*\s*Presto View:\s*(\S+)\s*\*/")


def stored_view(text: str) -> dict[str, Any]:
    """Decode a table's ViewOriginalText; the query is `originalSql`. Raises ValueError for any other text."""
    match = _STORED.search(text)
    if not match:
        raise ValueError("is not a Presto View")
    found: dict[str, Any] = json.loads(base64.b64decode(match.group(1), validate=True))
    return found
