"""Thousands of subjects, files and sources: the work of job 2's driver grows with them, not with their square."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mhealth.io.catalog import TableDefinition, catalog_at
from mhealth.io.connect import storage_at
from mhealth.processed.audit import audit, require_passed
from mhealth.processed.manifest import SnapshotFile
from mhealth.processed.planner import Published, Source, check_subjects, new_manifest, plan_snapshot
from mhealth.processed.sink import WrittenFile
from mhealth.raw.manifest import RawFile, RawVersion
from mhealth.stage.metadata import StagedSubject, StageMetadata
from tests.glue.world import World, write_table
from tests.growth import LINEAR, growth

OLD, NEW = 20261124031454, 20261125031454
START = datetime(2014, 1, 1, tzinfo=UTC)


def one_source(subjects: int) -> list[Source]:
    """A file of all subjects, a row each."""
    raw = RawFile("all", "all.csv", None, ("ecg_1", "label", "subject"), 1, "ab", subjects, "raw/version=1/all.csv")
    staged = tuple(StagedSubject(subject, 1, 1) for subject in range(1, subjects + 1))
    metadata = StageMetadata("c0de", raw.raw_key, "ab", subjects, subjects, 0, staged)
    return [Source(raw, "stage/version=1/all.parquet", metadata)]


def a_source_each(subjects: int) -> list[Source]:
    """A file for each subject, with one row."""
    sources = []
    for subject in range(1, subjects + 1):
        raw = RawFile(
            f"s{subject}", f"s{subject}.log", subject, ("label",), 0, "ab", 1, f"raw/version=1/s{subject}.csv"
        )
        metadata = StageMetadata("c0de", raw.raw_key, "ab", 1, 1, 0, (StagedSubject(subject, 1, 1),))
        sources.append(Source(raw, f"stage/version=1/s{subject}.parquet", metadata))
    return sources


SHAPES = pytest.mark.parametrize("shape", [one_source, a_source_each])
Shape = Callable[[int], list[Source]]


def key(snapshot: int, subject: int) -> str:
    return f"processed/snapshot={snapshot}/subject={subject}/part-00000.parquet"


def files_of(sources: list[Source], snapshot: int, size: int) -> list[SnapshotFile]:
    owners = {subject: source.stage_key for source in sources for subject in source.subjects}
    return [
        SnapshotFile(key(snapshot, subject), subject, 1, size, carried=False, stage_keys=(stage,))
        for subject, stage in owners.items()
    ]


@pytest.fixture
def table(world: World) -> TableDefinition:
    """As small as one may be: what each column takes would hide what the files take."""
    return catalog_at(write_table(world.folder.parent / "small.json", {"id": "string"})).table()


@SHAPES
def test_the_audit_grows_with_the_files(world: World, table: TableDefinition, shape: Shape) -> None:
    def prepared(count: int) -> Callable[[], object]:
        folder = world.folder / str(count)
        for subject in range(1, count + 1):
            path = folder / key(OLD, subject)
            path.parent.mkdir(parents=True)
            write_row(path, table.arrow_schema(), subject)
        sources = shape(count)
        written = [
            WrittenFile(key(OLD, n), n, 1, (folder / key(OLD, n)).stat().st_size, True) for n in range(1, count + 1)
        ]
        files = [
            SnapshotFile(**{**vars(file), "bytes": one.bytes})
            for file, one in zip(files_of(sources, OLD, 0), written, strict=True)
        ]
        storage = storage_at(f"file://{folder}")
        return lambda: require_passed(audit(storage, f"processed/snapshot={OLD}/", table, sources, files, written))

    assert growth(prepared, 300) < LINEAR


def write_row(path: Path, schema: pa.Schema, subject: int) -> None:
    row = pa.Table.from_pylist([{"id": f"{subject}-0000000"}], schema=schema)
    pq.write_table(row, path)


@SHAPES
def test_the_plan_grows_with_the_files(world: World, table: TableDefinition, shape: Shape) -> None:
    def prepared(count: int) -> Callable[[], object]:
        sources = shape(count)
        version = RawVersion("someone/mhealth", 1, tuple(source.file for source in sources))
        new = new_manifest(
            version, table, sources, snapshot=NEW, code_version="c0de", execution="arn:run", recording_start=START
        )
        files = files_of(sources, OLD, 9)
        old = type(new)(**{**vars(new), "snapshot": OLD, "files": tuple(files)})
        published = Published(OLD, old, {file.key: file.bytes for file in files})

        def plan() -> None:
            check_subjects(sources, published.subjects, OLD, allow_missing=False)
            assert len(plan_snapshot(new, sources, published, processed_prefix="processed").carry) == count

        return plan

    assert growth(prepared) < LINEAR
