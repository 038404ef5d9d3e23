"""What stands in the catalog for a view: `/* Presto View: B64 */`, B64 being base64 over JSON."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

_STORED = re.compile(r"/\*\s*Presto View:\s*(\S+)\s*\*/")


def stored_view(text: str) -> dict[str, Any]:
    """What a table's ViewOriginalText holds, its query as `originalSql`. Raises ValueError for any other text."""
    match = _STORED.search(text)
    if not match:
        raise ValueError("holds no Presto View")
    found: dict[str, Any] = json.loads(base64.b64decode(match.group(1), validate=True))
    return found
