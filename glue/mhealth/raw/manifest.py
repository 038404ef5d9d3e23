"""The raw manifest: the source files of a version of the dataset, as DownloadCSV wrote it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from mhealth.errors import DuplicateSubject, InvalidArgument, SchemaMismatch
from mhealth.io.records import UNREADABLE
from mhealth.io.storage import Storage
from mhealth.paths import is_raw_key
from mhealth.schema import LABEL, RAW_COLUMNS, SUBJECT

LARGEST_SUBJECT = 999_999_999
"""The largest subject number: nine digits, in a file's name as in a row."""

_MOST_LINES = 1 << 53


@dataclass(frozen=True)
class RawFile:
    """One source file: `columns` are canonical names in the order of the raw CSV; `lines` are its data lines.

    `header_lines` is 1 where the source itself has a header. `subject` is None where every row names its own.
    `identity` is a hash of the file's whole entry, with what no job reads: the layout, and the code that recognised and
    converted it.
    """

    name: str
    source: str
    subject: int | None
    columns: tuple[str, ...]
    header_lines: int
    sha256: str
    lines: int
    raw_key: str
    identity: str = ""


@dataclass(frozen=True)
class RawVersion:
    """One version of the dataset."""

    dataset: str
    raw_version: int
    files: tuple[RawFile, ...]


def read_raw_version(storage: Storage, key: str) -> RawVersion:
    """Read and check a raw manifest.

    Raises InvalidArgument (there is none, or it is not one), SchemaMismatch (columns that no job knows),
    DuplicateSubject.
    """
    try:
        manifest = json.loads(storage.read(key))
        files = tuple(
            RawFile(
                name=str(entry["name"]),
                source=str(entry["source"]),
                subject=None if entry["subject"] is None else _whole(entry["subject"], LARGEST_SUBJECT),
                columns=_names(entry["columns"]),
                header_lines=_whole(entry["header_lines"], 1),
                sha256=str(entry["sha256"]),
                lines=_whole(entry["lines"], _MOST_LINES),
                raw_key=_raw_key(entry["raw_key"]),
                identity=_identity(entry),
            )
            for entry in manifest["files"]
        )
        version = RawVersion(str(manifest["dataset"]), _whole(manifest["raw_version"], _MOST_LINES), files)
    except FileNotFoundError as error:
        raise InvalidArgument(
            f"--raw_manifest: no object {storage.root}/{key}. DownloadCSV writes it; run that first."
        ) from error
    except UNREADABLE as error:
        raise InvalidArgument(
            f"--raw_manifest: {storage.root}/{key} is not a raw manifest ({type(error).__name__}: {error}). "
            "Delete it, so that DownloadCSV writes it again."
        ) from error
    _check(version, key)
    return version


def _identity(entry: object) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def _whole(value: object, most: int) -> int:
    """A whole number from 0 to `most`. Raises ValueError."""
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{value!r} is no whole number from 0 to {most}")
    return value


def _names(value: object) -> tuple[str, ...]:
    """Names of columns. Raises ValueError."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{str(value)[:200]!r} is no list of names")
    return tuple(value)


def _raw_key(value: object) -> str:
    """The key of a raw object, from which those of stage and quarantine are made. Raises ValueError."""
    if not isinstance(value, str) or not is_raw_key(value):
        raise ValueError(f"{value!r} is no key PREFIX/version=V/NAME.csv")
    return value


def _check(version: RawVersion, key: str) -> None:
    if not version.files:
        raise InvalidArgument(f"--raw_manifest: {key} names no file, expected at least one.")
    owners: dict[int, str] = {}
    for file in version.files:
        unknown = sorted(set(file.columns) - set(RAW_COLUMNS))
        doubled = sorted({column for column in file.columns if file.columns.count(column) > 1})
        missing = [LABEL] if LABEL not in file.columns else []
        if file.subject is None and SUBJECT not in file.columns:
            missing.append(SUBJECT)
        if file.subject is not None and SUBJECT in file.columns:
            doubled.append(f"{SUBJECT} (the file is all of subject {file.subject})")
        if unknown or doubled or missing:
            raise SchemaMismatch(
                f"{file.source}: columns unknown {unknown}, doubled {doubled}, missing {missing}, in {key}. Expected "
                f"are {', '.join(RAW_COLUMNS)}. "
                "The file's header has to be mapped to these where layouts are recognised. Not retryable."
            )
        if file.subject is not None:
            if file.subject in owners:
                raise DuplicateSubject(
                    f"subject {file.subject} has two source files, {owners[file.subject]} and {file.source}. "
                    "Expected is one per subject: remove one from the dataset. Not retryable."
                )
            owners[file.subject] = file.source
