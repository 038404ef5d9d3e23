"""The first rejected lines, from quarantine/version=V/NAME.jsonl."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from snapshot_report.manifests import Source
from snapshot_report.storage import Bucket

MOST_FILES = 20
"""The most source files whose lines are shown: those with the most rejected lines."""

MOST_LINES = 5
"""The most lines of each file."""

_LONGEST_ENTRY = 512 * 1024
"""The longest entry in bytes: job 1 keeps 64 KiB of a line's text, JSON escapes take up to six times that."""


@dataclass(frozen=True)
class RejectedLine:
    """A rejected line: its number in the source (from 1), the reason, and its text."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Quarantine:
    """The first rejected lines; `total` counts all of them, `files` the source files that have any."""

    shown: tuple[RejectedLine, ...]
    total: int
    files: int


def read_quarantine(bucket: Bucket, prefix: str, sources: Sequence[Source]) -> Quarantine:
    """Read the first rejected lines of the sources that have the most. A source without any has no object."""
    affected = sorted((each for each in sources if each.quarantined), key=lambda each: (-each.quarantined, each.name))
    shown = [line for source in affected[:MOST_FILES] for line in _first_lines(bucket, _key(prefix, source.raw_key))]
    return Quarantine(tuple(shown), sum(source.quarantined for source in affected), len(affected))


def _key(prefix: str, raw_key: str) -> str:
    """The key quarantine/version=V/NAME.jsonl for raw/version=V/NAME.csv."""
    return f"{prefix}/{raw_key.partition('/')[2].removesuffix('.csv')}.jsonl"


def _first_lines(bucket: Bucket, key: str) -> list[RejectedLine]:
    """The entries among the first lines of an object; malformed ones are skipped."""
    lines: list[RejectedLine] = []
    for line in bucket.first_lines(key, MOST_LINES, MOST_LINES * _LONGEST_ENTRY):
        try:
            entry = json.loads(line)
            lines.append(RejectedLine(str(entry["file"]), int(entry["line"]), str(entry["reason"]), str(entry["text"])))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
    return lines
