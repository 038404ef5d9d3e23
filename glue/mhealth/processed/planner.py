"""Job 2's plan: the sources of the new snapshot, and which files of the published one are carried into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mhealth.errors import DuplicateSubject, MissingSubject, RowCountMismatch, some
from mhealth.io.catalog import TableDefinition
from mhealth.io.storage import Storage, io_threads
from mhealth.paths import carried_key, snapshot_folder, stage_key, subjects_of
from mhealth.processed.manifest import (
    SnapshotFile,
    SnapshotManifest,
    SnapshotSource,
    inputs_beside_sources,
    read_manifest,
)
from mhealth.raw.manifest import RawFile, RawVersion
from mhealth.stage.metadata import StagedSubject, StageMetadata, read_metadata_of


@dataclass(frozen=True)
class Source:
    """A source file with its stage object (the first one, where it has several) and the metadata of that."""

    file: RawFile
    stage_key: str
    metadata: StageMetadata

    @property
    def staged(self) -> list[StagedSubject]:
        """The subjects that have rows here. Others, which only rejected lines name, do not count."""
        return [staged for staged in self.metadata.subjects if staged.rows]

    @property
    def subjects(self) -> dict[int, int]:
        """The rows of each subject that has any."""
        return {staged.subject: staged.rows for staged in self.staged}

    @property
    def stage_keys(self) -> list[str]:
        """All its stage objects."""
        return self.metadata.stage_keys(self.stage_key)


@dataclass(frozen=True)
class Copy:
    """A file to carry: the key in the published snapshot, and the file in the new one."""

    source: str
    target: SnapshotFile


@dataclass(frozen=True)
class SnapshotPlan:
    """The files that are copied, and the sources whose rows are computed."""

    carry: tuple[Copy, ...]
    recompute: tuple[Source, ...]


def read_sources(
    storage: Storage, version: RawVersion, *, raw_manifest: str, stage_prefix: str, code_version: str
) -> list[Source]:
    """The version's files with their stage objects. Raises RowCountMismatch where one was not made from its file."""
    keys = [stage_key(stage_prefix, file.raw_key) for file in version.files]
    sources, stale = [], []
    for file, key, metadata in zip(version.files, keys, read_metadata_of(storage, keys), strict=True):
        if metadata is None or not metadata.made_from(file, code_version):
            stale.append(f"{key} ({'missing or unreadable' if metadata is None else f'made from {metadata.raw_key}'})")
        else:
            sources.append(Source(file, key, metadata))
    if stale:
        raise RowCountMismatch(
            f"stage objects not made from {raw_manifest} by code {code_version}: "
            f"{some(stale)}. Run ConvertParquet for this version first: start a new execution."
        )
    return sources


def check_subjects(
    sources: Sequence[Source], published: frozenset[int], published_snapshot: int | None, allow_missing: bool
) -> None:
    """Require one source per subject, and every published subject. Raises DuplicateSubject, MissingSubject."""
    owners: dict[int, str] = {}
    for source in sources:
        for subject in source.subjects:
            if subject in owners:
                raise DuplicateSubject(
                    f"subject {subject} has rows in {owners[subject]} and in {source.file.source}. Expected is one "
                    "source file per subject: remove one from the dataset. Not retryable."
                )
            owners[subject] = source.file.source
    missing = sorted(published - set(owners))
    if missing and not allow_missing:
        raise MissingSubject(
            f"subjects [{some(missing, most=20)}] are in the published snapshot {published_snapshot} and have no rows "
            "in this version. If this is intended, allow it for one run: mhealth run --allow-missing-subjects (the "
            'input {"allow_missing_subjects": true}). Not retryable without it.'
        )


@dataclass(frozen=True)
class Published:
    """The snapshot that readers see: its number, its manifest where that still exists, the bytes of its files."""

    snapshot: int | None = None
    manifest: SnapshotManifest | None = None
    sizes: dict[str, int] | None = None

    @property
    def subjects(self) -> frozenset[int]:
        """Its subjects, by its manifest, else by its folders."""
        if self.manifest is not None:
            return frozenset(file.subject for file in self.manifest.files)
        return subjects_of(self.sizes or ())


def read_published(storage: Storage, seen: Sequence[int], *, processed_prefix: str, manifests_prefix: str) -> Published:
    """The newest of the snapshots that readers have `seen` (newest first) of which a manifest or files are left."""
    for snapshot in seen:
        folder = snapshot_folder(processed_prefix, snapshot)
        sizes = {stored.key: stored.size for stored in storage.objects(folder)}
        manifest = read_manifest(storage, manifests_prefix, snapshot)
        if manifest is not None or sizes:
            return Published(snapshot, manifest, sizes)
    return Published()


def new_manifest(
    version: RawVersion,
    table: TableDefinition,
    sources: Sequence[Source],
    *,
    snapshot: int,
    code_version: str,
    execution: str,
    recording_start: datetime,
) -> SnapshotManifest:
    """The manifest of the new snapshot, without files and checks."""
    return SnapshotManifest(
        snapshot=snapshot,
        raw_version=version.raw_version,
        dataset=version.dataset,
        code_version=code_version,
        execution=execution,
        recording_start=recording_start.isoformat(),
        columns=tuple(map(str, table.columns)),
        sources=tuple(map(_counted, sources)),
        files=(),
        checks=(),
    )


def _counted(source: Source) -> SnapshotSource:
    file, metadata = source.file, source.metadata
    return SnapshotSource(
        file.name, file.raw_key, file.sha256, file.lines, metadata.rows, metadata.quarantined, raw=file.identity
    )


def plan_snapshot(
    new: SnapshotManifest, sources: Sequence[Source], published: Published, *, processed_prefix: str
) -> SnapshotPlan:
    """Carry the files of a source whose inputs are unchanged and whose files are all there; compute the others."""
    old = published.manifest
    if old is None or old.snapshot == new.snapshot or inputs_beside_sources(old) != inputs_beside_sources(new):
        return SnapshotPlan((), tuple(sources))
    unchanged = {was.made_from for was in old.sources}
    files: dict[tuple[str, ...], list[SnapshotFile]] = {}
    for file in old.files:
        files.setdefault(file.stage_keys, []).append(file)
    carry: list[SnapshotFile] = []
    recompute = []
    for source in sources:
        kept = files.get((source.stage_key,), ())
        same = _counted(source).made_from in unchanged
        if same and _are_whole(kept, source.subjects, published.sizes or {}):
            carry += kept
        else:
            recompute.append(source)
    old_folder, new_folder = (snapshot_folder(processed_prefix, snapshot) for snapshot in (old.snapshot, new.snapshot))
    return SnapshotPlan(tuple(_copy(file, old_folder, new_folder) for file in carry), tuple(recompute))


def _are_whole(files: Sequence[SnapshotFile], subjects: Mapping[int, int], sizes: Mapping[str, int]) -> bool:
    """Whether all files have the size that the manifest says, and together these rows of these subjects."""
    rows: dict[int, int] = {}
    for file in files:
        rows[file.subject] = rows.get(file.subject, 0) + file.rows
    return rows == subjects and all(sizes.get(file.key) == file.bytes for file in files)


def _copy(file: SnapshotFile, old_folder: str, new_folder: str) -> Copy:
    return Copy(file.key, replace(file, key=carried_key(file.key, old_folder, new_folder), carried=True))


def copy_files(storage: Storage, copies: Sequence[Copy]) -> None:
    """Copy the files within the storage."""
    with io_threads(len(copies)) as threads:
        list(threads.map(lambda copy: storage.copy(copy.source, copy.target.key), copies))
