"""Rejected lines: one JSON object per line, `{"file", "line", "reason", "text"}`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mhealth.io.records import UNREADABLE
from mhealth.io.storage import Storage
from mhealth.paths import quarantine_part_key
from mhealth.raw.grammar import BadLine

_FIRST_LINE_BYTES = 1024 * 1024
"""More than the longest entry: 64 KiB of text in JSON's longest escapes, and the rest."""

_COPIED_BYTES = 1 << 20


@dataclass(frozen=True)
class Rejected:
    """A rejected line: file, line number in the source (from 1), reason."""

    file: str
    line: int
    reason: str


def write_rejected(stream: BinaryIO, file: str, line: int, verdict: BadLine) -> None:
    """Append one rejected line."""
    entry = {"file": file, "line": line, "reason": verdict.reason, "text": verdict.text}
    stream.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")


def count_rejected(path: Path) -> int:
    """How many rejected lines a file holds."""
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def first_rejected(storage: Storage, key: str) -> Rejected | None:
    """The first entry of a quarantine object, None where it cannot be read."""
    try:
        entry = json.loads(storage.head(key, _FIRST_LINE_BYTES).partition(b"\n")[0])
        return Rejected(entry["file"], entry["line"], entry["reason"])
    except (FileNotFoundError, *UNREADABLE):
        return None


def join_rejected(storage: Storage, quarantine_key: str, parts: int, filled: Iterable[int]) -> None:
    """Make one quarantine object of those of the `filled` parts, in their order, and delete those of all parts."""
    keys = [quarantine_part_key(quarantine_key, part) for part in sorted(filled)]
    if keys:
        with tempfile.TemporaryDirectory() as folder:
            joined = Path(folder) / "rejected.jsonl"
            with joined.open("wb") as target:
                for key in keys:
                    with storage.open(key) as source:
                        shutil.copyfileobj(source, target, _COPIED_BYTES)
            storage.upload(joined, quarantine_key)
    storage.delete([quarantine_part_key(quarantine_key, part) for part in range(parts)])
