"""The snapshot manifest: what a snapshot holds and what made it, as JSON in the storage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from mhealth.io.records import UNREADABLE, typed
from mhealth.io.storage import Storage
from mhealth.paths import manifest_folder, manifest_key, snapshots_of_keys


@dataclass(frozen=True)
class SnapshotSource:
    """A source file of a snapshot: data lines, good rows, rejected lines.

    `raw` is `RawFile.identity`; manifests of older code do not have it.
    """

    name: str
    raw_key: str
    sha256: str
    lines: int
    rows: int
    quarantined: int
    raw: str = ""

    @property
    def made_from(self) -> tuple[str, str, str, int]:
        """The identity of the raw object that the rows were made from."""
        return (self.raw, self.raw_key, self.sha256, self.lines)


@dataclass(frozen=True)
class SnapshotFile:
    """A file of a snapshot; `carried`: copied from the snapshot before; `stage_keys`: what its rows come from."""

    key: str
    subject: int
    rows: int
    bytes: int
    carried: bool
    stage_keys: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """The result of one check of the audit."""

    name: str
    expected: str | int
    found: str | int
    passed: bool


@dataclass(frozen=True)
class SnapshotManifest:
    """What a snapshot holds and what made it.

    `recording_start` and `columns` (name, type and comment, as the table had them) are inputs: a file is carried into
    a later snapshot only where they are the same.
    """

    snapshot: int
    raw_version: int
    dataset: str
    code_version: str
    execution: str
    recording_start: str
    columns: tuple[str, ...]
    sources: tuple[SnapshotSource, ...]
    files: tuple[SnapshotFile, ...]
    checks: tuple[Check, ...]

    def same_inputs(self, other: SnapshotManifest) -> bool:
        """Whether both have the same inputs: sources, code and settings."""

        def inputs(manifest: SnapshotManifest) -> object:
            sources = sorted(source.made_from for source in manifest.sources)
            return (*inputs_beside_sources(manifest), manifest.dataset, manifest.raw_version, sources)

        return inputs(self) == inputs(other)


def inputs_beside_sources(manifest: SnapshotManifest) -> tuple[object, ...]:
    """The inputs of a subject's file besides its source: code, `recording_start`, columns of the table."""
    return (manifest.code_version, manifest.recording_start, manifest.columns)


def read_manifest(storage: Storage, manifests_prefix: str, snapshot: int) -> SnapshotManifest | None:
    """The manifest of a snapshot, None where there is none that this code can read."""
    try:
        found = json.loads(storage.read(manifest_key(manifests_prefix, snapshot)))
        found["sources"] = tuple(typed(SnapshotSource(**entry)) for entry in found["sources"])
        found["files"] = tuple(
            typed(SnapshotFile(**{**entry, "stage_keys": tuple(entry["stage_keys"])})) for entry in found["files"]
        )
        found["checks"] = tuple(typed(Check(**entry)) for entry in found["checks"])
        found["columns"] = tuple(found["columns"])
        return typed(SnapshotManifest(**found))
    except (FileNotFoundError, *UNREADABLE):
        return None


def write_manifest(storage: Storage, manifests_prefix: str, manifest: SnapshotManifest) -> None:
    """Write the manifest, which makes the snapshot whole. Its totals are also the object's user metadata."""
    totals: dict[str, int] = {
        "rows": sum(file.rows for file in manifest.files),
        "subjects": len({file.subject for file in manifest.files}),
        "quarantined": sum(source.quarantined for source in manifest.sources),
        "raw_version": manifest.raw_version,
    }
    storage.put(
        manifest_key(manifests_prefix, manifest.snapshot),
        json.dumps(asdict(manifest), indent=1).encode(),
        {name: str(total) for name, total in totals.items()},
    )


def written_snapshots(storage: Storage, manifests_prefix: str) -> Sequence[int]:
    """The snapshots that have a manifest, oldest first. An object of any other name is ignored."""
    folder = manifest_folder(manifests_prefix)
    return sorted(snapshot for _, snapshot in snapshots_of_keys(folder, (one.key for one in storage.objects(folder))))
