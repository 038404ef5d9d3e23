"""What to do about a named error, as docs/errors.md says it."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

_ROW = re.compile(r"^\| (?P<names>[^|]+) \| [^|]+ \| [^|]+ \| (?P<advice>[^|]+) \|$", re.MULTILINE)
_LINK = re.compile(r"\[[^]]+\]\(([^)]+)\)")
_SERVICES = re.compile(r"[A-Za-z]+\.")


def advice(error: str) -> str:
    """The advice for an error of an execution; a word on where to look for one that the page does not have."""
    rows = _ROW.finditer(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else ()
    by_name = {
        name.strip(" `"): row["advice"].strip() for row in rows for name in row["names"].split(", ") if row["names"]
    }
    service = _SERVICES.match(error)
    found = by_name.get(error) or (service and by_name.get(f"{service.group()}…"))
    return _LINK.sub(r"docs/\1", found) if found else "do what the cause says, and start an execution again"
