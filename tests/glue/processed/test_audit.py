from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mhealth.errors import PipelineError, RowCountMismatch, SchemaMismatch
from mhealth.io.catalog import catalog_at
from mhealth.io.connect import storage_at
from mhealth.processed.audit import audit, require_passed
from mhealth.processed.manifest import Check, SnapshotFile
from mhealth.processed.planner import Source
from mhealth.processed.sink import WrittenFile
from mhealth.raw.manifest import RawFile
from mhealth.stage.metadata import StagedSubject, StageMetadata, footer_of
from tests.glue.world import write_table

PREFIX = "processed/snapshot=5/"
KEY = f"{PREFIX}subject=1/part-00000.parquet"
COLUMNS = {"id": "string", "timestamp": "timestamp", "ecg_1": "double"}
SCHEMA = pa.schema([("id", pa.string()), ("timestamp", pa.timestamp("us", tz="UTC")), ("ecg_1", pa.float64())])


class Snapshot:
    """One subject with three rows of four data lines, as the job knows it and as it lies there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / KEY
        self.path.parent.mkdir(parents=True)
        self.write(SCHEMA, 3)
        raw = RawFile("one", "one.log", 1, ("ecg_1", "label"), 0, "ab", 4, "raw/version=1/one.csv")
        metadata = StageMetadata("c0de", raw.raw_key, "ab", 4, 3, 1, (StagedSubject(1, 4, 3),))
        self.source = Source(raw, "stage/version=1/one.parquet", metadata)
        size = self.path.stat().st_size
        self.files = [SnapshotFile(KEY, 1, 3, size, carried=False, stage_keys=(self.source.stage_key,))]
        self.written = [WrittenFile(KEY, 1, 3, size, ids_increase=True)]

    def write_ids(self, ids: list[str], **options: object) -> None:
        """Write a row for each id, and let the job know the file."""
        self.write(SCHEMA, len(ids), ids=ids, **options)
        self.resize()

    def write(
        self, schema: pa.Schema, rows: int, subject: int = 1, ids: list[str] | None = None, **options: object
    ) -> None:
        ids = ids or [f"{subject}-{row}" for row in range(rows)]
        values = {"id": ids, "timestamp": [0] * rows, "ecg_1": [0.5] * rows}
        arrays = [pa.array(values.get(field.name, [None] * rows), field.type) for field in schema]
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), self.path, **options)

    def resize(self) -> None:
        """Let the job know the file as it is now."""
        self.files = [replace(self.files[0], bytes=self.path.stat().st_size)]

    def audit(self, others: Sequence[WrittenFile] = ()) -> list[Check]:
        table = catalog_at(write_table(self.folder.parent / "table.json", COLUMNS)).table()
        return audit(
            storage_at(f"file://{self.folder}"), PREFIX, table, [self.source], self.files, [*self.written, *others]
        )


def test_a_subject_that_only_a_rejected_line_names_is_anothers(snapshot: Snapshot) -> None:
    """The rejected line names subject 2, whose rows another file has: they are none of this source's."""
    metadata = snapshot.source.metadata
    subjects = (StagedSubject(1, 3, 3, {"ecg_1": f"{7:016x}"}), StagedSubject(2, 1, 0))
    snapshot.source = replace(snapshot.source, metadata=replace(metadata, subjects=subjects))
    snapshot.written = [replace(snapshot.written[0], sums={"ecg_1": f"{7:016x}"})]
    others = WrittenFile(
        "processed/snapshot=5/subject=2/part-00000.parquet", 2, 9, 9, ids_increase=True, sums={"ecg_1": f"{8:016x}"}
    )
    require_passed([check for check in snapshot.audit([others]) if not check.name.startswith("the objects")])


def test_ids_without_statistics_are_not_taken_on_trust(snapshot: Snapshot) -> None:
    snapshot.write(SCHEMA, 3, write_statistics=False)
    snapshot.resize()
    with pytest.raises(
        RowCountMismatch, match=r"ids are unique and in order: expected every file, found not processed/"
    ):
        require_passed(snapshot.audit())


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return Snapshot(tmp_path / "bucket")


def test_a_whole_snapshot_passes(snapshot: Snapshot) -> None:
    checks = snapshot.audit()
    require_passed(checks)
    assert [(check.expected, check.found, check.passed) for check in checks[1:]] == [
        ("every file", "every file", True),
        ("3 columns in 1 files", "3 columns in 1 files", True),
        (4, 4, True),
        ("every column of every subject", "every column of every subject", True),
    ]


@pytest.mark.notices("glue/mhealth/processed/audit.py", "file.etag == found[file.key].etag", "file.etag")
def test_a_footer_is_taken_from_the_writer_only_where_the_object_is_what_was_sent(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stored,) = storage_at(f"file://{snapshot.folder}").objects(PREFIX)
    sent = replace(snapshot.written[0], etag=stored.etag, footer=footer_of(snapshot.path))
    snapshot.written = [sent]
    with monkeypatch.context() as patched:
        patched.setattr("mhealth.processed.audit.read_footer", None)
        require_passed(snapshot.audit())
    # Another object, of the same size: a row fewer, and padding before the footer.
    snapshot.write(SCHEMA, 2)
    torn = snapshot.path.read_bytes()
    end = footer_of(snapshot.path)
    padding = stored.size - len(torn)
    assert padding > 0
    snapshot.path.write_bytes(torn[: -len(end)] + bytes(padding) + end)
    with pytest.raises(RowCountMismatch, match=r"data lines of one\.log = rows \+ rejected lines: expected 4, found 3"):
        require_passed(snapshot.audit())


def test_a_subjects_rows_are_counted_over_all_its_files(snapshot: Snapshot) -> None:
    """Two files of 300 rows, from 601 lines of which one was rejected: numbers that Python has more than one of."""
    snapshot.write(SCHEMA, 300)
    second = snapshot.path.with_name("part-00001.parquet")
    second.write_bytes(snapshot.path.read_bytes())
    snapshot.resize()
    file = replace(snapshot.files[0], rows=300)
    snapshot.files = [file, replace(file, key=f"{PREFIX}subject=1/{second.name}")]
    metadata = replace(snapshot.source.metadata, lines=int("601"), rows=600, subjects=(StagedSubject(1, 601, 600),))
    snapshot.source = replace(snapshot.source, file=replace(snapshot.source.file, lines=int("601")), metadata=metadata)
    require_passed(snapshot.audit())


def lose_a_row(snapshot: Snapshot) -> None:
    snapshot.write(SCHEMA, 2)
    snapshot.resize()


def double_a_row(snapshot: Snapshot) -> None:
    snapshot.write(SCHEMA, 4)
    snapshot.resize()


def lose_the_file(snapshot: Snapshot) -> None:
    snapshot.path.unlink()


def add_a_stranger(snapshot: Snapshot) -> None:
    snapshot.path.with_name("part-00001.parquet").write_bytes(snapshot.path.read_bytes())


def name_it_twice(snapshot: Snapshot) -> None:
    snapshot.files *= 2


def double_an_id(snapshot: Snapshot) -> None:
    snapshot.written = [replace(snapshot.written[0], ids_increase=False)]


def carry_it_too(snapshot: Snapshot) -> None:
    snapshot.files = [replace(snapshot.files[0], carried=True)]


def count_other_lines(snapshot: Snapshot) -> None:
    snapshot.source = replace(snapshot.source, file=replace(snapshot.source.file, lines=5))


def swap_subjects(snapshot: Snapshot) -> None:
    snapshot.files = [replace(snapshot.files[0], subject=2)]


def lie_about_rows(snapshot: Snapshot) -> None:
    snapshot.files = [replace(snapshot.files[0], rows=4)]


def lie_about_all_rows(snapshot: Snapshot) -> None:
    snapshot.source = replace(snapshot.source, metadata=replace(snapshot.source.metadata, rows=9))


def lie_about_all_lines(snapshot: Snapshot) -> None:
    snapshot.source = replace(snapshot.source, metadata=replace(snapshot.source.metadata, lines=9))


def carry_another_subjects_file(snapshot: Snapshot) -> None:
    snapshot.write(SCHEMA, 3, subject=11)
    snapshot.resize()


def carry_a_file_that_ends_with_another_subject(snapshot: Snapshot) -> None:
    snapshot.write_ids(["1-0", "1-1", "2-2"], row_group_size=3)


def carry_a_file_that_begins_with_another_subject(snapshot: Snapshot) -> None:
    snapshot.write_ids(["0-0", "1-1", "1-2"], row_group_size=3)


def carry_a_file_whose_second_row_group_is_another_subjects(snapshot: Snapshot) -> None:
    snapshot.write_ids(["1-0", "2-1", "2-2"], row_group_size=1)


def carry_a_file_that_does_not_tell_its_ids(snapshot: Snapshot) -> None:
    snapshot.write_ids(["1-0", "1-1", "1-2"], write_statistics=False)


def change_a_value(snapshot: Snapshot) -> None:
    snapshot.written = [replace(snapshot.written[0], sums={"ecg_1": f"{1:016x}"})]


OTHER_IDS = "ids are unique and in order: expected every file, found not processed/snapshot=5"


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lose_a_row, r"data lines of one\.log = rows \+ rejected lines: expected 4, found 3"),
        (double_a_row, r"data lines of one\.log = rows \+ rejected lines: expected 4, found 5"),
        (lose_the_file, r"the objects are those that were written: expected 1 objects, .* differing \['processed"),
        (add_a_stranger, r"expected 1 objects, .* found 2 objects"),
        (name_it_twice, "named twice 1"),
        (double_an_id, OTHER_IDS),
        (carry_it_too, "found not subject 1 carried and written"),
        (count_other_lines, r"data lines of one\.log = rows \+ rejected lines: expected 5, found 4"),
        (swap_subjects, r"found 4, but rows by subject {2: 3}; the jobs told {1: 3} \(together 3\) and {2: 3}"),
        (lie_about_rows, r"found 4, but rows by subject {1: 3}; the jobs told {1: 3} \(together 3\) and {1: 4}"),
        (lie_about_all_rows, r"found 4, but rows by subject {}; the jobs told {} \(together 9\)"),
        (lie_about_all_lines, r"data lines of one\.log = rows \+ rejected lines: expected 4, found 4, but"),
        (carry_another_subjects_file, OTHER_IDS),
        (carry_a_file_that_ends_with_another_subject, OTHER_IDS),
        (carry_a_file_that_begins_with_another_subject, OTHER_IDS),
        (carry_a_file_whose_second_row_group_is_another_subjects, OTHER_IDS),
        (carry_a_file_that_does_not_tell_its_ids, OTHER_IDS),
        (change_a_value, r"values of one\.log are those that were parsed: .* found others in subject 1: ecg_1"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_rows_lost_or_doubled_anywhere_fail(snapshot: Snapshot, harm: Callable[[Snapshot], None], message: str) -> None:
    harm(snapshot)
    with pytest.raises(RowCountMismatch, match=message):
        require_passed(snapshot.audit())


@pytest.mark.parametrize(
    ("schema", "options", "message"),
    [
        pytest.param(pa.schema([*list(SCHEMA)[:2]]), {}, "missing ecg_1", id="column-missing"),
        pytest.param(pa.schema([*list(SCHEMA)[1:]]), {}, "missing id", id="ids-missing"),
        pytest.param(SCHEMA.append(pa.field("x", pa.int32())), {}, "unexpected x", id="column-too-many"),
        pytest.param(SCHEMA.set(2, pa.field("ecg_1", pa.float32())), {}, "ecg_1 is float, not double", id="other-type"),
        pytest.param(pa.schema([SCHEMA[1], SCHEMA[0], SCHEMA[2]]), {}, "another order", id="other-order"),
        pytest.param(
            SCHEMA.set(1, pa.field("timestamp", pa.timestamp("us"))),
            {},
            r"timestamp is timestamp\[us\], not timestamp\[us, tz=UTC\]",
            id="not-adjusted-to-utc",
        ),
        pytest.param(SCHEMA, {"use_deprecated_int96_timestamps": True}, r"timestamp is timestamp\[ns\]", id="int96"),
    ],
)
def test_files_unlike_the_table_fail(
    snapshot: Snapshot, schema: pa.Schema, options: dict[str, object], message: str
) -> None:
    snapshot.write(schema, 3, store_schema=False, **options)
    snapshot.resize()
    with pytest.raises(SchemaMismatch, match=message):
        require_passed(snapshot.audit())


def test_a_schema_that_fails_beside_rows_is_told_as_lost_rows(snapshot: Snapshot) -> None:
    snapshot.write(SCHEMA.append(pa.field("x", pa.int32())), 2)
    snapshot.resize()
    with pytest.raises(RowCountMismatch, match=r"unexpected x.* expected 4, found 3"):
        require_passed(snapshot.audit())


def test_every_failed_check_is_told_in_one_line(snapshot: Snapshot) -> None:
    lose_a_row(snapshot)
    double_an_id(snapshot)
    with pytest.raises(PipelineError) as failed:
        require_passed(snapshot.audit())
    assert "ids are unique" in str(failed.value)
    assert "rejected lines" in str(failed.value)
    assert "\n" not in str(failed.value)
