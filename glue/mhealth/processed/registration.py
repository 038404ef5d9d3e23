"""Registers the partitions of snapshots in the catalog, for stacks without a crawler (CatalogRefresh: Job)."""

from __future__ import annotations

from mhealth.arguments import RegisterArguments
from mhealth.errors import InvalidArgument
from mhealth.io.catalog import Catalog, catalog_at
from mhealth.io.connect import storage_at
from mhealth.io.storage import Storage
from mhealth.job_log import span
from mhealth.paths import partition_location
from mhealth.processed.manifest import SnapshotManifest, read_manifest
from mhealth.processed.published import published_snapshots


def register(catalog: Catalog, data_uri: str, manifest: SnapshotManifest) -> None:
    """Register the partitions of a whole snapshot. Raises PartitionMismatch, CatalogError."""
    folders = {file.subject: partition_location(data_uri, file.key) for file in manifest.files}
    with span("register", of=manifest.snapshot, partitions=len(folders)) as fields:
        fields["added"] = catalog.register(manifest.snapshot, folders)


def register_again(arguments: RegisterArguments) -> None:
    """Register the partitions of the named snapshot and of every published snapshot that is kept.

    Raises InvalidArgument, PartitionMismatch, CatalogError.
    """
    storage, catalog = storage_at(arguments.data_uri), catalog_at(arguments.table)
    register(catalog, arguments.data_uri, _whole(storage, arguments.manifests_prefix, arguments.snapshot))
    readers = published_snapshots(storage, arguments.manifests_prefix, catalog, arguments.view)
    for snapshot in sorted({*readers.seen} - {arguments.snapshot}, reverse=True):
        manifest = read_manifest(storage, arguments.manifests_prefix, snapshot)
        if manifest is not None:
            register(catalog, arguments.data_uri, manifest)


def _whole(storage: Storage, manifests_prefix: str, snapshot: int) -> SnapshotManifest:
    manifest = read_manifest(storage, manifests_prefix, snapshot)
    if manifest is None:
        raise InvalidArgument(
            f"--snapshot: {snapshot} has no manifest that this code reads. Name a whole snapshot: the named "
            "query Snapshots tells them. Not retryable."
        )
    return manifest
