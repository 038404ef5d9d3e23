"""Job 1's decisions: which files are converted, which keep their stage object, whether the results are good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mhealth.errors import RowCountMismatch, TooManyBadRows, some
from mhealth.io.storage import Storage, existing
from mhealth.paths import quarantine_key, stage_key
from mhealth.raw.manifest import RawFile, RawVersion
from mhealth.stage.convert import Converted, ConvertTask
from mhealth.stage.metadata import read_metadata_of
from mhealth.stage.quarantine import first_rejected

_MOST_OBJECTS = 10
"""The most quarantine objects that a message names."""


def plan(
    storage: Storage, version: RawVersion, *, stage_prefix: str, quarantine_prefix: str, code_version: str
) -> tuple[list[ConvertTask], list[Converted]]:
    """Split the version's files into those to convert, the largest first, and those whose stage object is kept."""
    pairs = [
        (stage_key(stage_prefix, file.raw_key), quarantine_key(quarantine_prefix, file.raw_key))
        for file in version.files
    ]
    staged = existing(storage, [stage for stage, _ in pairs])
    rejected = set(existing(storage, [quarantine for _, quarantine in pairs]))
    found = dict(zip(staged, read_metadata_of(storage, staged), strict=True))
    tasks: list[ConvertTask] = []
    kept: list[Converted] = []
    for file, (stage, quarantine) in zip(version.files, pairs, strict=True):
        metadata = found.get(stage)
        has_rejected = quarantine in rejected
        if metadata and metadata.made_from(file, code_version) and (has_rejected or not metadata.quarantined):
            kept.append(Converted(file.name, metadata.lines, metadata.rows, metadata.quarantined, 0.0))
        else:
            tasks.append(
                ConvertTask(storage.root, file, stage, quarantine, code_version, replaces_rejected=has_rejected)
            )
    return sorted(tasks, key=lambda task: -task.file.lines), kept


def check_results(
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
            "that the next execution downloads the version again. Not retryable: start a new execution."
        )
    bad = sum(result.quarantined for result in results)
    lines = sum(result.lines for result in results)
    empty_files = [file for file in files if not found[file.name].rows]
    if bad > max_bad_row_ratio * lines or empty_files:
        ordered = sorted(files, key=lambda file: (bool(found[file.name].rows), -found[file.name].quarantined))
        keys = [quarantine_key(quarantine_prefix, file.raw_key) for file in ordered if found[file.name].quarantined]
        where = some([f"{storage.root}/{key}" for key in keys], most=_MOST_OBJECTS)
        raise TooManyBadRows(
            f"{bad} of {lines} data lines were rejected, a share of {_share(bad / max(lines, 1))}; allowed is "
            f"{max_bad_row_ratio:g}, and each file needs a good line. "
            f"{_worst_file(storage, quarantine_prefix, ordered[0], found[ordered[0].name])} "
            f"The rejected lines are in {where or 'no object'}. Correct the dataset, or raise MaxBadRowRatio if these "
            "lines may be left out. Not retryable until then."
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
            "issue. Not retryable."
        )


def _share(ratio: float) -> str:
    """The share, with as many digits as tell it from a limit just below.

    >>> _share(44 / 2800), _share(0.0010004)
    ('0.0157143', '0.0010004')
    """
    return f"{ratio:.6g}"


def _worst_file(storage: Storage, quarantine_prefix: str, worst: RawFile, result: Converted) -> str:
    first = first_rejected(storage, quarantine_key(quarantine_prefix, worst.raw_key))
    where = f", the first is line {first.line}: {first.reason}" if first else ""
    verdict = f"{worst.source} has no good line" if not result.rows else f"{worst.source} has the most"
    return f"{verdict} ({result.quarantined} of {result.lines} rejected{where})."
