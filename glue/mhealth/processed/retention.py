"""Retention: removes orphaned snapshots, which were never published, and published ones beyond the newest few."""

from __future__ import annotations

from mhealth.io.catalog import Catalog
from mhealth.io.storage import Storage
from mhealth.job_log import log
from mhealth.paths import manifest_key, processed_folder, publication_key, snapshot_folder, snapshots_of_folders
from mhealth.processed.manifest import written_snapshots
from mhealth.processed.published import published_snapshots


def delete_files(storage: Storage, processed_prefix: str, snapshot: int) -> int:
    """Delete the objects in a snapshot's folder; returns how many there were."""
    keys = [stored.key for stored in storage.objects(snapshot_folder(processed_prefix, snapshot))]
    storage.delete(keys)
    return len(keys)


def snapshot_folders(storage: Storage, processed_prefix: str) -> list[int]:
    """The snapshots that have a folder, oldest first. A folder of any other name is ignored."""
    return snapshots_of_folders(processed_prefix, storage.folders(processed_folder(processed_prefix)))


def expire_snapshots(
    storage: Storage,
    catalog: Catalog,
    *,
    snapshot: int,
    keep: int,
    view: str,
    processed_prefix: str,
    manifests_prefix: str,
) -> None:
    """Remove the snapshots that neither readers nor a rollback need.

    Kept are the one that the view shows, the `keep` ones that were published last, this run's `snapshot` and newer
    ones. Of the others the partitions are removed first, then the files, then manifest and record, so that no partition
    is ever without files. Raises CatalogError.
    """
    whole = written_snapshots(storage, manifests_prefix)
    if catalog.registers_partitions and not view:
        # Readers use the catalog, and without the view's name it is not known what they see.
        return
    # Read again, not taken from the job's begin: there may have been a rollback meanwhile.
    readers = published_snapshots(storage, manifests_prefix, catalog, view)
    if readers.view_unreadable:
        log("nothing expired", reason=f"the view {view} names no snapshot")
        return
    published = [one for one in readers.recorded if one in whole]
    kept = {readers.shown, *published[:keep]}
    if not catalog.registers_partitions:
        # Without a catalog it is not known what readers see.
        kept |= {*whole}
    there = {*snapshot_folders(storage, processed_prefix), *whole, *readers.recorded}
    for old in sorted(there - kept):
        if old >= snapshot:
            continue
        partitions = catalog.drop_partitions(old)
        files = delete_files(storage, processed_prefix, old)
        storage.delete([key(manifests_prefix, old) for key in (publication_key, manifest_key)])
        log("expired", expired=old, whole=old in whole, partitions=partitions, files=files)
