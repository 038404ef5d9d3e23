"""The audit of a snapshot before its manifest is written: objects, ids, schema, row counts, values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from mhealth.checksums import Sums, added, differing
from mhealth.errors import RowCountMismatch, SchemaMismatch
from mhealth.io.catalog import TableDefinition
from mhealth.io.storage import Storage, StoredObject, io_threads
from mhealth.processed.manifest import Check, SnapshotFile
from mhealth.processed.planner import Source
from mhealth.processed.sink import WrittenFile
from mhealth.schema import table_name
from mhealth.stage.metadata import parsed_footer, read_footer

_SCHEMA_CHECK = "every file has the table's schema"


def audit(
    storage: Storage,
    folder: str,
    table: TableDefinition,
    sources: Sequence[Source],
    files: Sequence[SnapshotFile],
    written: Sequence[WrittenFile],
) -> list[Check]:
    """Check the objects in the snapshot's `folder` against `files`, the table and the sources.

    `files` are all files of the snapshot, `written` those that this run wrote. Objects are listed. A footer is read
    unless the object's ETag says that it is what this run wrote, whose footer is known.
    """
    found = {stored.key: stored for stored in storage.objects(folder)}
    footers = _footers(storage, [file.key for file in files if file.key in found], found, written)
    of_source = _by_source(files)
    sums = _by_subject(written)
    return [
        _objects(files, found),
        _ids(files, written, footers),
        _schema(table, footers),
        *(_conservation(source, of_source.get(source.stage_key, ()), footers) for source in sources),
        # Carried rows were audited by the run that wrote them.
        *(_values(source, table, sums) for source in sources if any(subject in sums for subject in source.subjects)),
    ]


def _footers(
    storage: Storage, keys: Sequence[str], found: Mapping[str, StoredObject], written: Sequence[WrittenFile]
) -> Mapping[str, pq.FileMetaData]:
    """The footers of objects."""
    known = {file.key: file.footer for file in written if file.key in found and file.etag == found[file.key].etag}
    others = [key for key in keys if key not in known]
    with io_threads(len(others)) as threads:
        read = dict(zip(others, threads.map(lambda key: read_footer(storage, key), others), strict=True))
    return {key: parsed_footer(known[key]) if key in known else read[key] for key in keys}


def _by_source(files: Sequence[SnapshotFile]) -> Mapping[str, Sequence[SnapshotFile]]:
    """The files by the key of the stage object that their rows come from."""
    found: dict[str, list[SnapshotFile]] = {}
    for file in files:
        for key in file.stage_keys:
            found.setdefault(key, []).append(file)
    return found


def _by_subject(written: Sequence[WrittenFile]) -> Mapping[int, Sums]:
    """The checksums of each subject that this run wrote, over all its files."""
    found: dict[int, list[Sums]] = {}
    for file in written:
        found.setdefault(file.subject, []).append(file.sums)
    return {subject: added(parts) for subject, parts in found.items()}


def require_passed(checks: Sequence[Check]) -> None:
    """Raise SchemaMismatch or RowCountMismatch where checks failed; the message names all of them."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        return
    failures = "; ".join(f"{check.name}: expected {check.expected}, found {check.found}" for check in failed)
    error = SchemaMismatch if all(check.name == _SCHEMA_CHECK for check in failed) else RowCountMismatch
    raise error(
        f"the audit of the new snapshot failed: {failures}. Nothing was registered or published. Retryable once, "
        "where objects were removed meanwhile; else this is a fault of the job."
    )


def _objects(files: Sequence[SnapshotFile], found: Mapping[str, StoredObject]) -> Check:
    sizes = {key: stored.size for key, stored in found.items()}
    expected = {file.key: file.bytes for file in files}
    differing = sorted(key for key in expected.keys() | sizes.keys() if expected.get(key) != sizes.get(key))
    doubled = len(files) - len(expected)
    reported = f"{len(sizes)} objects, {sum(sizes.values())} bytes"
    if differing or doubled:
        reported += f", differing {differing[:5]}, named twice {doubled}"
    return Check(
        "the objects are those that were written",
        f"{len(files)} objects, {sum(file.bytes for file in files)} bytes",
        reported,
        not differing and not doubled,
    )


def _ids(
    files: Sequence[SnapshotFile], written: Sequence[WrittenFile], footers: Mapping[str, pq.FileMetaData]
) -> Check:
    """Whether ids are unique: they begin with the subject, and increase over the files of each subject."""
    disordered = [file.key for file in written if not file.ids_increase]
    disordered += [
        file.key for file in files if file.key in footers and not _has_ids_of(footers[file.key], file.subject)
    ]
    carried = {file.subject for file in files if file.carried}
    made = {file.subject for file in written}
    problems = [*disordered, *(f"subject {subject} carried and written" for subject in sorted(carried & made))]
    return Check(
        "ids are unique and in order",
        "every file",
        "every file" if not problems else f"not {', '.join(problems[:5])}",
        not problems,
    )


def _has_ids_of(footer: pq.FileMetaData, subject: int) -> bool:
    """Whether the smallest and largest id of every row group, by the footer's statistics, are the subject's.

    This finds a file that was carried under another subject's key, without reading its rows.
    """
    place = footer.schema.to_arrow_schema().get_field_index("id")
    if place < 0:
        return True  # found by the check of the schema
    for group in range(footer.num_row_groups):
        statistics = footer.row_group(group).column(place).statistics
        if statistics is None or not statistics.has_min_max:
            return False
        if not all(str(one).startswith(f"{subject}-") for one in (statistics.min, statistics.max)):
            return False
    return True


def _schema(table: TableDefinition, footers: Mapping[str, pq.FileMetaData]) -> Check:
    expected = table.arrow_schema()
    differing = [
        f"{key}: {_differences(expected, footer)}" for key, footer in footers.items() if _differences(expected, footer)
    ]
    wanted = f"{len(expected)} columns in {len(footers)} files"
    return Check(_SCHEMA_CHECK, wanted, "; ".join(differing[:5]) if differing else wanted, not differing)


def _differences(expected: pa.Schema, footer: pq.FileMetaData) -> str:
    found = footer.schema.to_arrow_schema()
    wanted = {field.name: str(field.type) for field in expected}
    reported = {field.name: str(field.type) for field in found}
    parts = [f"missing {name}" for name in wanted if name not in reported]
    parts += [f"unexpected {name}" for name in reported if name not in wanted]
    parts += [
        f"{name} is {reported[name]}, not {wanted[name]}"
        for name in wanted
        if reported.get(name, wanted[name]) != wanted[name]
    ]
    if not parts and list(wanted) != list(reported):
        parts.append("the columns are in another order")
    # INT96 reads as a timestamp of nanoseconds, so the types above tell it apart.
    return ", ".join(parts)


def _conservation(source: Source, files: Sequence[SnapshotFile], footers: Mapping[str, pq.FileMetaData]) -> Check:
    """Data lines counted by DownloadCSV = rows by the footers of the source's files + rejected lines."""
    subjects: dict[int, int] = {}
    reported: dict[int, int] = {}
    for file in files:
        rows = footers[file.key].num_rows if file.key in footers else 0
        subjects[file.subject] = subjects.get(file.subject, 0) + rows
        reported[file.subject] = reported.get(file.subject, 0) + file.rows
    rows = sum(subjects.values())
    lines = rows + source.metadata.quarantined
    passed = lines == source.file.lines == source.metadata.lines and subjects == source.subjects == reported
    passed = passed and rows == source.metadata.rows
    found: int | str = lines
    if lines == source.file.lines and not passed:
        in_footers, by_job_1, by_job_2 = _where_they_differ(subjects, source.subjects, reported)
        found = (
            f"{lines}, but rows by subject {in_footers}; the jobs told {by_job_1} (together {source.metadata.rows}) "
            f"and {by_job_2}"
        )
    return Check(f"data lines of {source.file.source} = rows + rejected lines", source.file.lines, found, passed)


def _where_they_differ(*counts: Mapping[int, int]) -> list[dict[int, int]]:
    """The entries of several counts by subject, for the first five subjects in which they differ."""
    subjects = sorted({subject for count in counts for subject in count})
    differing = [subject for subject in subjects if len({count.get(subject) for count in counts}) > 1][:5]
    return [{subject: count[subject] for subject in differing if subject in count} for count in counts]


def _values(source: Source, table: TableDefinition, sums: Mapping[int, Sums]) -> Check:
    """Whether the checksums of the values that job 1 parsed are those of the values that job 2 wrote."""
    names = {column.name for column in table.columns}
    problems = []
    for staged in source.staged:
        parsed = {table_name(raw): total for raw, total in staged.sums.items() if table_name(raw) in names}
        wrote = sums.get(staged.subject, {})
        if columns := differing(parsed, wrote):
            problems.append(f"subject {staged.subject}: {', '.join(columns[:5])}")
    expected = "every column of every subject"
    return Check(
        f"values of {source.file.source} are those that were parsed",
        expected,
        f"others in {'; '.join(problems[:5])}" if problems else expected,
        not problems,
    )
