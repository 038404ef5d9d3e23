"""Which snapshots go: dead runs without a manifest, and whole ones beyond the newest few. Never what readers see."""

from __future__ import annotations

import re

from mhealth.arguments import TransformArguments
from mhealth.catalog import Catalog
from mhealth.manifests import SNAPSHOT_PATTERN, current_snapshot, manifest_key, written_snapshots
from mhealth.snapshot import snapshot_prefix
from mhealth.spans import log
from mhealth.storage import Storage


def delete_files(storage: Storage, processed_prefix: str, snapshot: int) -> int:
    """Delete a snapshot's objects, and nothing beside its folder; returns how many there were."""
    keys = [stored.key for stored in storage.objects(snapshot_prefix(processed_prefix, snapshot))]
    storage.delete(keys)
    return len(keys)


def snapshot_folders(storage: Storage, processed_prefix: str) -> list[int]:
    """The snapshots that have a folder, oldest first. A folder of any other name is nobody's."""
    name = re.compile(rf"{re.escape(processed_prefix)}/snapshot=({SNAPSHOT_PATTERN})/")
    matches = (name.fullmatch(folder) for folder in storage.folders(f"{processed_prefix}/"))
    return sorted(int(match.group(1)) for match in matches if match)


def retire(arguments: TransformArguments, storage: Storage, catalog: Catalog) -> None:
    """Remove what no reader and no rollback needs any more.

    Kept are the newest `keep_snapshots` snapshots with a manifest, the one that the view names, the one of
    current.json, and everything newer than this run. The rest lose their partitions first, then their files, then the
    manifest: no reader ever sees a partition without files. Raises CatalogError.
    """
    whole = written_snapshots(storage, arguments.manifests_prefix)
    dead = [snapshot for snapshot in snapshot_folders(storage, arguments.processed_prefix) if snapshot not in whole]
    old = list(whole[: -arguments.keep_snapshots])
    published = {current_snapshot(storage, arguments.manifests_prefix)}
    if not catalog.registers_partitions:
        # Without a catalog nobody knows what readers see.
        old = []
    elif arguments.view:
        published.add(catalog.published(arguments.view))
    else:
        # There are readers, and nobody says what they see.
        return
    for snapshot in sorted([*dead, *old]):
        if snapshot >= arguments.snapshot or snapshot in published:
            continue
        partitions = catalog.drop_partitions(snapshot)
        files = delete_files(storage, arguments.processed_prefix, snapshot)
        storage.delete([manifest_key(arguments.manifests_prefix, snapshot)])
        log("retired", retired=snapshot, whole=snapshot in whole, partitions=partitions, files=files)
