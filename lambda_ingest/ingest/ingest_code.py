"""The version of this function's code: what the raw zone was made by, besides the sources."""

from __future__ import annotations

import hashlib
from pathlib import Path


def version_of(folder: Path) -> str:
    """Return 16 hexadecimal digits that change with any module of a folder or below it, and with nothing else."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


INGEST_CODE = version_of(Path(__file__).parent)
"""Of all modules, not of those that decide on a raw object today: so none can be forgotten."""
