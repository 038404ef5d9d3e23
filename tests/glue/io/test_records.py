"""State of the jobs' own that was changed, cut or is of another kind: named with its key, or made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from mhealth.errors import PipelineError
from mhealth.io.connect import storage_at
from mhealth.io.records import typed
from mhealth.paths import manifest_key
from mhealth.processed.manifest import (
    Check,
    SnapshotFile,
    SnapshotManifest,
    SnapshotSource,
    read_manifest,
)
from mhealth.raw.manifest import read_raw_version
from mhealth.stage.metadata import StagedSubject, StageMetadata
from tests.glue.world import World, log_line

SNAPSHOT = 20261124031454
MANIFEST = SnapshotManifest(
    *(SNAPSHOT, 1, "someone/mhealth", "c0de", "arn:run", "2014-01-01T00:00:00+00:00", ("id string",)),
    sources=(SnapshotSource("one", "raw/version=1/one.csv", "ab", 3, 2, 1),),
    files=(SnapshotFile("processed/snapshot=1/subject=1/a", 1, 2, 9, False, ("stage/version=1/one.parquet",)),),
    checks=(Check("ids are unique", "every file", 1, True),),
)
OTHERS: tuple[Any, ...] = (None, True, -1, 0.5, float("inf"), "text", [], [[]], [{}], {}, {"a": []})
DEEP = b"[" * 100_000


def changed(document: Any) -> Iterator[Any]:
    """The document with one value at a time taken out, or replaced by one of another kind."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for place, value in list(items):
        rest = {name: one for name, one in items if name != place} if isinstance(document, dict) else None
        if rest is not None:
            yield rest
        inner = changed(value) if isinstance(value, dict | list) else iter(())
        for other in (*(one for one in OTHERS if type(one) is not type(value)), *inner):
            copy = json.loads(json.dumps(document))
            copy[place] = other
            yield copy


@pytest.mark.notices("glue/mhealth/io/records.py", "raise TypeError(", "print(")
def test_a_snapshot_manifest_is_read_as_it_was_written_or_not_at_all(world: World) -> None:
    storage, key = storage_at(world.data_uri), manifest_key("manifests", SNAPSHOT)

    def read(body: bytes) -> SnapshotManifest | None:
        storage.put(key, body)
        return read_manifest(storage, "manifests", SNAPSHOT)

    good = json.dumps(asdict(MANIFEST)).encode()
    assert read(good) == MANIFEST
    for body in (b"", b"{", b"[]", b"null", b"\xff", DEEP, good[:-9]):
        assert read(body) is None
    reported = [read(json.dumps(other).encode()) for other in changed(json.loads(good))]
    assert len(reported) > 200
    for one in filter(None, reported):
        for part in (one, *one.sources, *one.files, *one.checks):
            assert typed(part) is part
        assert one.same_inputs(one)
    assert sum(one is None for one in reported) > 150


def test_a_raw_manifest_that_is_none_is_named_with_its_key(world: World) -> None:
    world.add("one", log_line(1), subject=1)
    key = world.publish()
    storage = storage_at(world.data_uri)
    good = json.loads(storage.read(key))
    bodies = [b"", b"{", b"[]", b"null", b"\xff", DEEP, *(json.dumps(other).encode() for other in changed(good))]
    assert len(bodies) > 80
    unnamed = []
    for body in bodies:
        storage.put(key, body)
        try:
            read_raw_version(storage, key)
        except PipelineError as error:
            unnamed += [] if key in str(error) else [(body, error)]
    assert unnamed == []


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_a_value_of_another_kind_is_no_value(other: Any) -> None:
    metadata = StageMetadata("c0de", "raw/version=1/one.csv", "ab", 3, 2, 1, (StagedSubject(1, 3, 2, {"ecg_1": "0"}),))
    assert typed(metadata) is metadata
    for name in ("lines", "raw_key", "subjects"):
        if type(other) is not type(vars(metadata)[name]) or other == -1:
            if name == "lines" and type(other) is int:
                continue
            with pytest.raises(TypeError, match=name):
                typed(StageMetadata(**{**vars(metadata), name: other}))
