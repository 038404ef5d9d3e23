"""The rejected lines by reason and by file, from quarantine/version=V/NAME.jsonl."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from snapshot_report.manifests import RawFile, Source
from snapshot_report.presentation import in_order
from snapshot_report.storage import Bucket

MOST_FILES = 20
"""The most source files whose lines are shown: those with the most rejected lines."""

MOST_LINES = 5
"""The most lines of each file."""

MOST_BYTES = 256 * 1024 * 1024
"""The most bytes that are read of all objects together: a million rejected lines of usual length."""

MOST_OBJECTS = 2000
"""The most objects that are read."""

_THREADS = 8
_LONGEST_ENTRY = 512 * 1024
"""The longest entry in bytes: job 1 keeps 64 KiB of a line's text, JSON escapes take up to six times that."""

_LENGTH = re.compile(r"^the line has [0-9]+ bytes")


@dataclass(frozen=True)
class RejectedLine:
    """A rejected line: its number in the source (from 1), the reason, and its text."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class ReasonCount:
    """A reason, how many lines of how many files it has, and the first of them."""

    reason: str
    lines: int
    files: int
    first: RejectedLine

    @property
    def value(self) -> str:
        """The value that the first line's reason quotes; empty where it quotes none."""
        return self.first.reason.partition(": ")[2]


@dataclass(frozen=True)
class FileCount:
    """A source file with rejected lines: how many of its data lines, the object that holds them, and the reasons."""

    file: str
    key: str
    lines: int
    of: int
    reasons: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Quarantine:
    """The rejected lines. The most frequent reasons and the files with the most lines come first.

    `unread` lines have no reason here: their object is gone, malformed, or beyond `MOST_BYTES` or `MOST_OBJECTS`.
    `complete` is False where `total` is only what was read.
    """

    shown: tuple[RejectedLine, ...]
    total: int
    reasons: tuple[ReasonCount, ...] = ()
    by_file: tuple[FileCount, ...] = ()
    complete: bool = True

    @property
    def files(self) -> int:
        """How many source files have a rejected line."""
        return len(self.by_file)

    @property
    def unread(self) -> int:
        """How many rejected lines have no reason here."""
        return self.total - sum(each.lines for each in self.reasons)


@dataclass
class _Found:
    """What one object holds, as far as it was read; `whole` is False where that is not to its end."""

    lines: Counter[str] = field(default_factory=Counter)
    firsts: dict[str, RejectedLine] = field(default_factory=dict)
    shown: list[RejectedLine] = field(default_factory=list)
    malformed: int = 0
    whole: bool = True


def read_quarantine(bucket: Bucket, prefix: str, sources: Sequence[Source]) -> Quarantine:
    """Read the rejected lines of a snapshot's sources. A source without any has no object."""
    affected = sorted((each for each in sources if each.quarantined), key=lambda each: (-each.quarantined, each.name))
    keys = [quarantine_key(prefix, source.raw_key) for source in affected]
    found = _read(bucket, keys)
    by_file = [
        FileCount(_file(found[key], source.name), key, source.quarantined, source.lines, _reasons(found[key]))
        for source, key in zip(affected, keys, strict=True)
    ]
    return Quarantine(
        shown=_shown(found[key] for key in keys),
        total=sum(source.quarantined for source in affected),
        reasons=_by_reason(found.values()),
        by_file=tuple(by_file),
    )


def find_quarantine(bucket: Bucket, prefix: str, files: Sequence[RawFile]) -> Quarantine:
    """Read the rejected lines that exist of a version's files, without a snapshot that counts them."""
    of_key = {quarantine_key(prefix, file.raw_key): file for file in files}
    folders = sorted({key.rpartition("/")[0] for key in of_key})
    existing = {key for folder in folders for key in bucket.keys(f"{folder}/")} & set(of_key)
    found = _read(bucket, sorted(existing))
    counts = {key: sum(each.lines.values()) + each.malformed for key, each in found.items()}
    ordered = sorted(found, key=lambda key: (-counts[key], key))
    return Quarantine(
        shown=_shown(found[key] for key in ordered),
        total=sum(counts.values()),
        reasons=_by_reason(found.values()),
        by_file=tuple(
            FileCount(of_key[key].source, key, counts[key], of_key[key].lines, _reasons(found[key])) for key in ordered
        ),
        complete=all(each.whole for each in found.values()),
    )


def quarantine_key(prefix: str, raw_key: str) -> str:
    """The key quarantine/version=V/NAME.jsonl for raw/version=V/NAME.csv."""
    return f"{prefix}/{raw_key.partition('/')[2].removesuffix('.csv')}.jsonl"


def kind(reason: str) -> str:
    """A reason without the value that it quotes, so that lines with the same defect have the same one.

    >>> kind("field 3 (chest_accel_z) is not a number: 'n/a'")
    'field 3 (chest_accel_z) is not a number'
    """
    return _LENGTH.sub("the line is too long", reason.partition(": ")[0])


def _read(bucket: Bucket, keys: Sequence[str]) -> Mapping[str, _Found]:
    """Read the first `MOST_OBJECTS` objects, each up to its share of `MOST_BYTES`."""
    read = keys[:MOST_OBJECTS]
    share = MOST_BYTES // max(1, len(read))
    with ThreadPoolExecutor(_THREADS) as pool:
        found = dict(zip(read, pool.map(lambda key: _read_one(bucket, key, share), read), strict=True))
    return found | {key: _Found(whole=False) for key in keys[MOST_OBJECTS:]}


def _read_one(bucket: Bucket, key: str, most_bytes: int) -> _Found:
    found, taken = _Found(), 0
    for line in bucket.lines(key, most_bytes, _LONGEST_ENTRY):
        taken += len(line) + 1
        try:
            entry = json.loads(line)
            one = RejectedLine(str(entry["file"]), int(entry["line"]), str(entry["reason"]), str(entry["text"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            found.malformed += 1
            continue
        reason = kind(one.reason)
        found.lines[reason] += 1
        found.firsts.setdefault(reason, one)
        if len(found.shown) < MOST_LINES:
            found.shown.append(one)
    found.whole = taken < most_bytes
    return found


def _shown(found: Iterable[_Found]) -> tuple[RejectedLine, ...]:
    return tuple(line for each in list(found)[:MOST_FILES] for line in each.shown)


def _by_reason(found: Iterable[_Found]) -> tuple[ReasonCount, ...]:
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    firsts: dict[str, RejectedLine] = {}
    for each in found:
        lines.update(each.lines)
        files.update(dict.fromkeys(each.lines, 1))
        firsts = each.firsts | firsts
    return tuple(
        ReasonCount(reason, count, files[reason], firsts[reason])
        for reason, count in sorted(lines.items(), key=lambda item: (-item[1], in_order(item[0])))
    )


def _reasons(found: _Found) -> list[tuple[str, int]]:
    return sorted(found.lines.items(), key=lambda item: (-item[1], in_order(item[0])))


def _file(found: _Found, name: str) -> str:
    """The path of the source file, which the entries have; its name where there is none."""
    return found.shown[0].file if found.shown else name
