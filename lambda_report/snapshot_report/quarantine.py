"""Rejected lines, as many as a page takes: from quarantine/version=V/NAME.jsonl."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from snapshot_report.manifests import Source
from snapshot_report.storage import Bucket

MOST_FILES = 20
"""Of this many source files lines are shown, those with the most rejected lines first."""

MOST_LINES = 5
"""Lines of each of them."""

_LONGEST_ENTRY = 512 * 1024
"""Bytes: job 1 keeps 64 KiB of a line's text, six times that in JSON's longest escapes, and beside it a name."""


@dataclass(frozen=True)
class RejectedLine:
    """A line that is no data: where it stands in the source (from 1), why it was rejected, and what it says."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Quarantine:
    """Some rejected lines, and how many there are: `files` of `sources` that have any, `total` lines."""

    shown: tuple[RejectedLine, ...]
    total: int
    files: int


def read_quarantine(bucket: Bucket, prefix: str, sources: Sequence[Source]) -> Quarantine:
    """The first rejected lines of the sources that have most; a source that has none has no object."""
    affected = sorted((each for each in sources if each.quarantined), key=lambda each: (-each.quarantined, each.name))
    shown = [line for source in affected[:MOST_FILES] for line in _first_lines(bucket, _key(prefix, source.raw_key))]
    return Quarantine(tuple(shown), sum(source.quarantined for source in affected), len(affected))


def _key(prefix: str, raw_key: str) -> str:
    """Beside raw/version=V/NAME.csv lies quarantine/version=V/NAME.jsonl."""
    return f"{prefix}/{raw_key.partition('/')[2].removesuffix('.csv')}.jsonl"


def _first_lines(bucket: Bucket, key: str) -> list[RejectedLine]:
    """The entries among the first lines of an object; what is no entry of ours is left out."""
    lines: list[RejectedLine] = []
    for line in bucket.first_lines(key, MOST_LINES, MOST_LINES * _LONGEST_ENTRY):
        try:
            entry = json.loads(line)
            lines.append(RejectedLine(str(entry["file"]), int(entry["line"]), str(entry["reason"]), str(entry["text"])))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
    return lines
