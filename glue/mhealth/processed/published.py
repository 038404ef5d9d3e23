"""Which snapshots are and were published: the view in the catalog, and the records of publications.

The view names the published snapshot. A record, manifests/publications/S.json, says since when snapshot S was published
last; the state RecordSuccess and the ingest write the records.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from mhealth.io.catalog import Catalog, ViewUnreadable
from mhealth.io.records import UNREADABLE
from mhealth.io.storage import Storage
from mhealth.paths import publication_folder, snapshots_of_keys


@dataclass(frozen=True)
class PublishedSnapshots:
    """The snapshot that the view shows, or None, and those with a record, the one published last first.

    `view_unreadable`: there is a view, and it cannot be read which snapshot it shows.
    """

    shown: int | None
    recorded: tuple[int, ...]
    view_unreadable: bool = False

    @property
    def seen(self) -> tuple[int, ...]:
        """The snapshots that readers have seen, newest publication first: the view's, then those with a record."""
        shown = () if self.shown is None else (self.shown,)
        return (*shown, *(snapshot for snapshot in self.recorded if snapshot not in shown))


def published_snapshots(storage: Storage, manifests_prefix: str, catalog: Catalog, view: str) -> PublishedSnapshots:
    """The published snapshot and those that were published before. Raises CatalogError."""
    recorded = sorted(_recorded(storage, manifests_prefix), reverse=True)
    numbers = tuple(snapshot for _, snapshot in recorded)
    try:
        return PublishedSnapshots(catalog.published(view) if view else None, numbers)
    except ViewUnreadable:
        return PublishedSnapshots(None, numbers, view_unreadable=True)


def _recorded(storage: Storage, manifests_prefix: str) -> Iterator[tuple[datetime, int]]:
    """Time of publication and snapshot of each record. Objects that are no records are ignored."""
    folder = publication_folder(manifests_prefix)
    for key, snapshot in snapshots_of_keys(folder, (stored.key for stored in storage.objects(folder))):
        with contextlib.suppress(FileNotFoundError, *UNREADABLE):
            record = json.loads(storage.read(key))
            at = datetime.fromisoformat(record["published_at"])
            if record["snapshot"] == snapshot:
                yield at if at.tzinfo else at.replace(tzinfo=UTC), snapshot
