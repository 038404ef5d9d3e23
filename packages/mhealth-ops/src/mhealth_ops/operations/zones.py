"""The objects of a dataset version in stage/ and quarantine/, which are named for its raw objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mhealth_ops.operations.stacks import Stack

MOST_BYTES = 50_000_000
"""The most bytes of quarantine objects that are read to count lines."""


@dataclass(frozen=True)
class RejectedLine:
    """A rejected line: source file, line in it (from 1), reason, text, and the key of its quarantine object."""

    file: str
    line: int
    reason: str
    text: str
    key: str


def stage_objects(stack: Stack, files: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    """Key and size of the stage objects of a raw manifest's files; a file that did not change has its older one."""
    return _objects(stack, "stage", ".parquet", files)


def quarantine_objects(stack: Stack, files: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    """Key and size of the quarantine objects of a raw manifest's files."""
    return _objects(stack, "quarantine", ".jsonl", files)


def _objects(stack: Stack, zone: str, suffix: str, files: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    stems = {f"{zone}/{file['raw_key'].partition('/')[2].removesuffix('.csv')}" for file in files}
    folders = {stem.rpartition("/")[0] + "/" for stem in stems}
    found = [each for folder in sorted(folders) for each in stack.objects(folder)]
    # A large file has further parts in a folder of its name.
    return [
        (key, size)
        for key, size in found
        if key.removesuffix(suffix) in stems or (zone == "stage" and key.rpartition("/")[0] in stems)
    ]


def rejected_lines(stack: Stack, key: str) -> Iterator[RejectedLine]:
    """The lines of a quarantine object."""
    body = stack.session.client("s3").get_object(Bucket=stack.bucket, Key=key)["Body"]
    for line in body.iter_lines():
        entry = json.loads(line)
        yield RejectedLine(entry["file"], entry["line"], entry["reason"], entry["text"], key)


def count_lines(stack: Stack, objects: Sequence[tuple[str, int]]) -> int | None:
    """The number of rejected lines in quarantine objects, None where they are too large to be read for that."""
    if sum(size for _, size in objects) > MOST_BYTES:
        return None
    s3 = stack.session.client("s3")
    bodies = (s3.get_object(Bucket=stack.bucket, Key=key)["Body"] for key, _ in objects)
    return sum(1 for body in bodies for _ in body.iter_lines())
