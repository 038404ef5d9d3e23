"""Which snapshots go: those that no reader ever saw, and published ones beyond the few that readers saw last."""

from __future__ import annotations

from mhealth.arguments import TransformArguments
from mhealth.io.catalog import Catalog
from mhealth.io.storage import Storage
from mhealth.job_log import log
from mhealth.paths import manifest_key, processed_folder, publication_key, snapshot_folder, snapshots_of_folders
from mhealth.processed.manifest import written_snapshots
from mhealth.processed.published import published_snapshots


def delete_files(storage: Storage, processed_prefix: str, snapshot: int) -> int:
    """Delete a snapshot's objects, and nothing beside its folder; returns how many there were."""
    keys = [stored.key for stored in storage.objects(snapshot_folder(processed_prefix, snapshot))]
    storage.delete(keys)
    return len(keys)


def snapshot_folders(storage: Storage, processed_prefix: str) -> list[int]:
    """The snapshots that have a folder, oldest first. A folder of any other name is ignored."""
    return snapshots_of_folders(processed_prefix, storage.folders(processed_folder(processed_prefix)))


def retire(arguments: TransformArguments, storage: Storage, catalog: Catalog) -> None:
    """Remove what no reader and no rollback needs any more.

    Kept are the one that the view shows, the `keep_snapshots` ones that readers saw last, and this run's and newer
    ones. The rest lose their partitions first, then their files, then manifest and record: no reader ever sees a
    partition without files. Raises CatalogError.
    """
    whole = written_snapshots(storage, arguments.manifests_prefix)
    if catalog.registers_partitions and not arguments.view:
        # There are readers, and nobody says what they see.
        return
    # Looked at now, not when the job began: somebody may have rolled back meanwhile.
    readers = published_snapshots(storage, arguments.manifests_prefix, catalog, arguments.view)
    if readers.view_unreadable:
        log("nothing retired", reason=f"the view {arguments.view} names no snapshot")
        return
    published = [snapshot for snapshot in readers.recorded if snapshot in whole]
    kept = {readers.shown, *published[: arguments.keep_snapshots]}
    if not catalog.registers_partitions:
        # Without a catalog nobody knows what readers see.
        kept |= {*whole}
    there = {*snapshot_folders(storage, arguments.processed_prefix), *whole, *readers.recorded}
    for snapshot in sorted(there - kept):
        if snapshot >= arguments.snapshot:
            continue
        partitions = catalog.drop_partitions(snapshot)
        files = delete_files(storage, arguments.processed_prefix, snapshot)
        storage.delete([key(arguments.manifests_prefix, snapshot) for key in (publication_key, manifest_key)])
        log("retired", retired=snapshot, whole=snapshot in whole, partitions=partitions, files=files)
