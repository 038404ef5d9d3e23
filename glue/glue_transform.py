"""Job 2 (GlueTransform): stage Parquet to a new snapshot of the table, audited before its manifest is written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from mhealth.arguments import TransformArguments, parse_register, parse_transform
from mhealth.entry import run_job
from mhealth.errors import InvalidArgument
from mhealth.io.catalog import TableDefinition, catalog_at
from mhealth.io.connect import storage_at
from mhealth.io.storage import Storage
from mhealth.job_log import log, name_run, span
from mhealth.paths import snapshot_folder
from mhealth.processed.audit import audit, require_passed
from mhealth.processed.manifest import SnapshotFile, SnapshotManifest, read_manifest, write_manifest
from mhealth.processed.pipeline import make_files
from mhealth.processed.planner import (
    SnapshotPlan,
    Source,
    check_subjects,
    copy_files,
    new_manifest,
    plan_snapshot,
    read_published,
    read_sources,
)
from mhealth.processed.published import published_snapshots
from mhealth.processed.registration import register, register_again
from mhealth.processed.retention import delete_files, expire_snapshots
from mhealth.processed.sink import WrittenFile
from mhealth.raw.manifest import read_raw_version


def main(argv: Sequence[str]) -> None:
    """Run the job.

    Raises InvalidArgument, DuplicateSubject, MissingSubject, SchemaMismatch, RowCountMismatch, PartitionMismatch.
    """
    if (only := parse_register(argv)) is not None:
        name_run(execution=only.execution, snapshot=only.snapshot)
        register_again(only)
        return
    arguments = parse_transform(argv)
    name_run(execution=arguments.execution, snapshot=arguments.snapshot)
    storage = storage_at(arguments.data_uri)
    catalog = catalog_at(arguments.table)
    with span("plan"):
        version = read_raw_version(storage, arguments.raw_manifest)
        sources = read_sources(
            storage,
            version,
            raw_manifest=arguments.raw_manifest,
            stage_prefix=arguments.stage_prefix,
            code_version=arguments.code_version,
        )
        table = catalog.table()
        new = new_manifest(
            version,
            table,
            sources,
            snapshot=arguments.snapshot,
            code_version=arguments.code_version,
            execution=arguments.execution,
            recording_start=arguments.recording_start,
        )
        done = _existing_manifest(storage, arguments.manifests_prefix, new)
        readers = published_snapshots(storage, arguments.manifests_prefix, catalog, arguments.view)
        published = read_published(
            storage,
            readers.seen,
            processed_prefix=arguments.processed_prefix,
            manifests_prefix=arguments.manifests_prefix,
        )
        if done is None:
            check_subjects(sources, published.subjects, published.snapshot, arguments.allow_missing_subjects)
            plan = plan_snapshot(new, sources, published, processed_prefix=arguments.processed_prefix)
    if done is None:
        done = _make(storage, arguments, table, new, sources, plan)
    else:
        log("already_done")
    if arguments.job_registers:
        register(catalog, arguments.data_uri, done)
    with span("retention"):
        expire_snapshots(
            storage,
            catalog,
            snapshot=arguments.snapshot,
            keep=arguments.keep_snapshots,
            view=arguments.view,
            processed_prefix=arguments.processed_prefix,
            manifests_prefix=arguments.manifests_prefix,
        )


def _existing_manifest(storage: Storage, manifests_prefix: str, new: SnapshotManifest) -> SnapshotManifest | None:
    """The snapshot's manifest where an earlier attempt of this run wrote it whole."""
    old = read_manifest(storage, manifests_prefix, new.snapshot)
    if old is not None and not old.same_inputs(new):
        raise InvalidArgument(
            f"--snapshot: {new.snapshot} exists already, made by {old.execution or 'another run'} from version "
            f"{old.raw_version} with other inputs. A snapshot never changes: start a new execution."
        )
    return old


def _make(
    storage: Storage,
    arguments: TransformArguments,
    table: TableDefinition,
    new: SnapshotManifest,
    sources: Sequence[Source],
    plan: SnapshotPlan,
) -> SnapshotManifest:
    folder = snapshot_folder(arguments.processed_prefix, arguments.snapshot)
    with span("clear") as fields:
        # Without a manifest, these are what a failed attempt left.
        fields["files"] = delete_files(storage, arguments.processed_prefix, arguments.snapshot)
    with span("carry", files=len(plan.carry)):
        copy_files(storage, plan.carry)
    written: list[WrittenFile] = []
    if plan.recompute:
        written = make_files(
            storage,
            table,
            plan.recompute,
            folder=folder,
            recording_start=arguments.recording_start,
            max_file_bytes=arguments.max_file_bytes,
        )
    with span("audit"):
        files = [copy.target for copy in plan.carry] + _files(written, plan.recompute)
        files.sort(key=lambda file: (file.subject, file.key))
        checks = audit(storage, folder, table, sources, files, written)
        require_passed(checks)
    with span("manifest", rows=sum(file.rows for file in files), files=len(files)):
        manifest = replace(new, files=tuple(files), checks=tuple(checks))
        write_manifest(storage, arguments.manifests_prefix, manifest)
    return manifest


def _files(written: Sequence[WrittenFile], sources: Sequence[Source]) -> list[SnapshotFile]:
    # The audit finds a file that has no owner.
    owners = {subject: (source.stage_key,) for source in sources for subject in source.subjects}
    return [
        SnapshotFile(
            file.key, file.subject, file.rows, file.bytes, carried=False, stage_keys=owners.get(file.subject, ())
        )
        for file in written
    ]


if __name__ == "__main__":
    run_job(main, sys.argv[1:])
