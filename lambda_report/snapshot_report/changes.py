"""The differences between the published snapshot and the one before, by their manifests."""

from __future__ import annotations

from dataclasses import dataclass

from snapshot_report.manifests import Snapshot, Source


@dataclass(frozen=True)
class Setting:
    """A setting that the rows depend on, with its old and new value."""

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class SourceChange:
    """A source file that is new, gone or changed; `rows` and `quarantined` are differences, now minus before."""

    name: str
    kind: str
    rows: int
    quarantined: int


@dataclass(frozen=True)
class Changes:
    """All differences; `carried` subjects were copied unchanged, `remade` were computed again."""

    before: int
    settings: tuple[Setting, ...]
    sources: tuple[SourceChange, ...]
    came: tuple[int, ...]
    gone: tuple[int, ...]
    carried: int
    remade: int
    rows: int
    quarantined: int


def changes(before: Snapshot, now: Snapshot) -> Changes:
    """Compare two snapshots."""
    old, new = {each.name: each for each in before.sources}, {each.name: each for each in now.sources}
    subjects_before, subjects_now = set(before.rows_by_subject), set(now.rows_by_subject)
    carried = {file.subject for file in now.files if file.carried}
    return Changes(
        before=before.number,
        settings=_settings(before, now),
        sources=tuple(
            change for name in sorted(old | new) if (change := _source(name, old.get(name), new.get(name))) is not None
        ),
        came=tuple(sorted(subjects_now - subjects_before)),
        gone=tuple(sorted(subjects_before - subjects_now)),
        carried=len(carried),
        remade=len(subjects_now - carried),
        rows=now.rows - before.rows,
        quarantined=now.quarantined - before.quarantined,
    )


def _settings(before: Snapshot, now: Snapshot) -> tuple[Setting, ...]:
    pairs = (
        ("dataset", before.dataset, now.dataset),
        ("version of the dataset", str(before.raw_version), str(now.raw_version)),
        ("code version", before.code_version, now.code_version),
        ("start of the recordings", before.recording_start, now.recording_start),
        ("columns of the table", _columns(before, now), _columns(now, before)),
    )
    return tuple(Setting(*pair) for pair in pairs if pair[1] != pair[2])


def _columns(one: Snapshot, other: Snapshot) -> str:
    """The columns that only `one` has; their number where only the order differs."""
    if one.columns == other.columns:
        return ""
    only = [column for column in one.columns if column not in other.columns]
    return ", ".join(only) or f"{len(one.columns)} columns"


def _source(name: str, before: Source | None, now: Source | None) -> SourceChange | None:
    if before is None or now is None:
        one = now or before
        assert one is not None
        sign, kind = (1, "new") if before is None else (-1, "gone")
        return SourceChange(name, kind, sign * one.rows, sign * one.quarantined)
    if before.sha256 == now.sha256 and (before.rows, before.quarantined) == (now.rows, now.quarantined):
        return None
    kind = "changed" if before.sha256 != now.sha256 else "read otherwise"
    return SourceChange(name, kind, now.rows - before.rows, now.quarantined - before.quarantined)
