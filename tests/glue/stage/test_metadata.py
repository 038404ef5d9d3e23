from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mhealth.io.connect import storage_at
from mhealth.raw.manifest import RawFile
from mhealth.stage.metadata import (
    FOOTER_KEY,
    StagedSubject,
    StageMetadata,
    read_footer,
    read_metadata,
    read_metadata_of,
)
from tests.glue.world import World

METADATA = StageMetadata("c0de", "raw/version=1/one.csv", "ab", 3, 2, 1, (StagedSubject(7, 3, 2),))
FILE = RawFile("one", "one.log", 7, ("ecg_1", "label"), 0, "ab", 3, "raw/version=1/one.csv")


def write(world: World, key: str, columns: int, metadata: bytes | None) -> None:
    path = world.folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([pa.field(f"column_{place}", pa.float64()) for place in range(columns)])
    with pq.ParquetWriter(path, schema) as writer:
        writer.write_table(pa.table([[0.5, 1.5]] * columns, schema=schema))
        if metadata is not None:
            writer.add_key_value_metadata({FOOTER_KEY: metadata})


@pytest.mark.parametrize(("columns", "reads"), [(1, 1), (2000, 2)], ids=["short", "long"])
def test_a_footer_is_read_with_no_more_than_it_needs(
    world: World, columns: int, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its length stands before the last four bytes of the file; most footers are within the first reading."""
    write(world, "stage/one.parquet", columns, None)
    storage = storage_at(world.data_uri)
    length = int.from_bytes((world.folder / "stage/one.parquet").read_bytes()[-8:-4], "little") + 8
    asked = []
    tail = storage.tail

    def reported(key: str, size: int) -> bytes:
        asked.append(size)
        return tail(key, size)

    monkeypatch.setattr(storage, "tail", reported)
    assert read_footer(storage, "stage/one.parquet").num_columns == columns
    assert asked == [65_536, length][:reads]


@pytest.mark.parametrize("columns", [3, 2000], ids=["small-footer", "footer-beyond-the-first-tail"])
def test_the_note_is_read_from_the_tail(world: World, columns: int) -> None:
    write(world, "stage/one.parquet", columns, METADATA.encoded())
    storage = storage_at(world.data_uri)
    assert read_footer(storage, "stage/one.parquet").num_rows == 2
    assert read_metadata(storage, "stage/one.parquet") == METADATA


@pytest.mark.parametrize(
    "metadata",
    [None, b"{}", b"no json", b"[1]", b'{"subjects": [{}]}'],
    ids=["none", "empty", "no-json", "list", "half"],
)
def test_a_file_without_metadata_has_none(world: World, metadata: bytes | None) -> None:
    write(world, "stage/one.parquet", 3, metadata)
    assert read_metadata(storage_at(world.data_uri), "stage/one.parquet") is None


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", b"\xff\xff\xff\x7fPAR1"])
def test_what_is_no_parquet_has_no_note(world: World, content: bytes) -> None:
    path = world.folder / "stage/one.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert read_metadata(storage_at(world.data_uri), "stage/one.parquet") is None


PARTS = [
    StageMetadata(
        "c0de", "raw/version=1/one.csv", "ab", 3, 2, 1, (StagedSubject(7, 3, 2, {"ecg_1": f"{5:016x}"}),), 0, 3
    ),
    StageMetadata("c0de", "raw/version=1/one.csv", "ab", 0, 0, 0, (), 1, 3),
    StageMetadata(
        *("c0de", "raw/version=1/one.csv", "ab", 5, 4, 1),
        (StagedSubject(2, 1, 1, {"ecg_1": f"{9:016x}"}), StagedSubject(7, 4, 3, {"ecg_1": f"{6:016x}"})),
        *(2, 3),
    ),
]
KEYS = ["stage/one.parquet", "stage/one/part-00001.parquet", "stage/one/part-00002.parquet"]


def test_the_note_of_a_large_file_is_that_of_all_its_parts(world: World) -> None:
    for key, part in zip(KEYS, PARTS, strict=True):
        write(world, key, 3, part.encoded())
    metadata = read_metadata(storage_at(world.data_uri), KEYS[0])
    assert metadata is not None
    assert (metadata.lines, metadata.rows, metadata.quarantined) == (8, 6, 2)
    assert metadata.subjects == (
        StagedSubject(2, 1, 1, {"ecg_1": f"{9:016x}"}),
        StagedSubject(7, 7, 5, {"ecg_1": f"{11:016x}"}),
    )
    assert metadata.stage_keys(KEYS[0]) == KEYS


@pytest.mark.notices(
    "glue/mhealth/stage/metadata.py",
    "(part.code_version, part.raw, part.raw_key, part.sha256, part.parts)",
    "part.parts",
)
@pytest.mark.parametrize(
    "other",
    [
        None,
        replace(PARTS[1], code_version="other"),
        replace(PARTS[1], raw_key="raw/version=2/one.csv"),
        replace(PARTS[1], sha256="cd"),
        replace(PARTS[1], parts=2),
        PARTS[2],
    ],
    ids=["missing", "code", "raw-key", "content", "divided-otherwise", "another-part"],
)
def test_parts_that_do_not_belong_together_have_no_metadata(world: World, other: StageMetadata | None) -> None:
    for key, part in zip(KEYS, [PARTS[0], other, PARTS[2]], strict=True):
        if part is not None:
            write(world, key, 3, part.encoded())
    assert read_metadata(storage_at(world.data_uri), KEYS[0]) is None


def test_several_notes_come_in_the_order_asked_for(world: World) -> None:
    write(world, "stage/one.parquet", 3, METADATA.encoded())
    assert read_metadata_of(storage_at(world.data_uri), ["stage/none.parquet", "stage/one.parquet"]) == [None, METADATA]


@pytest.mark.parametrize(
    "metadata",
    [
        replace(METADATA, code_version="other"),
        replace(METADATA, raw_key="raw/version=2/one.csv"),
        replace(METADATA, sha256="cd"),
        replace(METADATA, lines=4),
        replace(METADATA, raw="another identity"),
        replace(METADATA, subjects=(StagedSubject(8, 3, 2),)),
    ],
    ids=["code", "raw-key", "content", "lines", "identity", "subject"],
)
def test_metadata_tells_whether_this_code_made_it_from_this_file(metadata: StageMetadata) -> None:
    assert METADATA.made_from(FILE, "c0de")
    assert not metadata.made_from(FILE, "c0de")
