"""Job 1's decisions: which files keep their stage object, which are converted, whether the outcome is good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mhealth.errors import RowCountMismatch, TooManyBadRows, some
from mhealth.io.storage import Storage
from mhealth.paths import quarantine_key, stage_key
from mhealth.raw.manifest import RawFile, RawVersion
from mhealth.stage.convert import Converted, ConvertTask
from mhealth.stage.metadata import StageNote, read_notes
from mhealth.stage.quarantine import first_rejected


def plan(
    storage: Storage, version: RawVersion, *, stage_prefix: str, quarantine_prefix: str, code_version: str
) -> tuple[list[ConvertTask], list[Converted]]:
    """Split the version's files into those to convert, the largest first, and those whose stage object is kept."""
    tasks = [
        ConvertTask(
            data_uri=storage.root,
            file=file,
            stage_key=stage_key(stage_prefix, file.raw_key),
            quarantine_key=quarantine_key(quarantine_prefix, file.raw_key),
            code_version=code_version,
        )
        for file in version.files
    ]
    notes = read_notes(storage, [task.stage_key for task in tasks])
    kept = {
        task: Converted(task.file.name, note.lines, note.rows, note.quarantined, 0.0)
        for task, note in zip(tasks, notes, strict=True)
        if note is not None and _still_good(storage, task, note)
    }
    to_convert = sorted((task for task in tasks if task not in kept), key=lambda task: -task.file.lines)
    return to_convert, list(kept.values())


def _still_good(storage: Storage, task: ConvertTask, note: StageNote) -> bool:
    if not note.made_from(task.file, task.code_version):
        return False
    return not note.quarantined or storage.size(task.quarantine_key) is not None


def judge(
    storage: Storage,
    files: Sequence[RawFile],
    results: Sequence[Converted],
    *,
    raw_manifest: str,
    quarantine_prefix: str,
    max_bad_row_ratio: float,
) -> None:
    """Refuse a version that lost lines or has too many bad ones. Raises RowCountMismatch, TooManyBadRows."""
    found = {result.name: result for result in results}
    _require_conservation(files, found)
    wrong = [
        f"{file.source} has {found[file.name].lines} data lines in {file.raw_key}, the raw manifest says {file.lines}"
        for file in files
        if found[file.name].lines != file.lines
    ]
    if wrong:
        raise RowCountMismatch(
            f"{some(wrong)}. The raw object is not what DownloadCSV wrote: delete {raw_manifest}, so "
            "that the next execution downloads the version again. A retry of this job alone does not help."
        )
    bad = sum(result.quarantined for result in results)
    lines = sum(result.lines for result in results)
    hollow = [file for file in files if not found[file.name].rows]
    if bad > max_bad_row_ratio * lines or hollow:
        worst = max(files, key=lambda file: (not found[file.name].rows, found[file.name].quarantined))
        key = quarantine_key(quarantine_prefix, worst.raw_key)
        raise TooManyBadRows(
            f"{bad} of {lines} data lines were rejected; allowed is a share of {max_bad_row_ratio:g}, and each file "
            f"needs a good line; {_story(storage, key, worst, found[worst.name])} Correct the dataset, or raise "
            "MaxBadRowRatio if these lines may be left out. A retry does not help."
        )


def _require_conservation(files: Sequence[RawFile], found: Mapping[str, Converted]) -> None:
    """Raise RowCountMismatch unless every file was converted and its data lines are its rows and rejected lines."""
    lost = [f"{file.source} was not converted" for file in files if file.name not in found]
    lost += [
        f"{file.source} has {result.lines} data lines and became {result.rows} rows and {result.quarantined} rejected"
        for file in files
        if (result := found.get(file.name)) and result.lines != result.rows + result.quarantined
    ]
    if lost:
        raise RowCountMismatch(
            f"{some(lost)}. Nothing of these files is kept. This is a fault of the job: keep its log and open an "
            "issue. A retry does not help."
        )


def _story(storage: Storage, key: str, worst: RawFile, result: Converted) -> str:
    first = first_rejected(storage, key)
    where = f", the first is line {first.line}: {first.reason}" if first else ""
    verdict = f"{worst.source} has no good line" if not result.rows else f"{worst.source} has the most"
    return (
        f"{verdict} ({result.quarantined} of {result.lines} rejected{where}). "
        f"Every rejected line is in {storage.root}/{key}."
    )
