"""Which files of the archive are landed, recognised and no subject twice; the others are skipped and listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypedDict

from ingest.entries import Entry
from ingest.errors import DuplicateSubject, NoUsableFiles, UnknownLayout
from ingest.layouts import HEAD_BYTES, LAYOUTS, Recognised, recognise
from ingest.texts import cut

MOST_LISTED = 100
"""How many of the files that are not landed are told by name; of the others the manifest tells the number."""

MOST_SHOWN = 10
"""How many of them an error shows, and how many of the others a line of the log."""

_SUFFIXES = {".csv", ".log"}
# What stands first or last may have a meaning: Spark and Athena read no file whose name begins with _ or a dot, tools
# of a shell take a hyphen for an option. Job 1 writes NAME.parquet, and of a large file NAME/part-00000.parquet.
_KEY_SAFE = re.compile(r"(?!.*\.parquet$)[A-Za-z0-9]([A-Za-z0-9._-]{0,198}[A-Za-z0-9_-])?")


class Skipped(TypedDict):
    """A file that is not landed, and why."""

    name: str
    reason: str


@dataclass
class SkippedFiles:
    """The files that are not landed: the `first` MOST_LISTED of them, and how many there are in all (`count`)."""

    first: list[Skipped] = field(default_factory=list)
    count: int = 0

    def add(self, entry: Entry, reason: str) -> None:
        """Count one, and list it where there is room."""
        self.count += 1
        if self.count <= MOST_LISTED:
            self.first.append({"name": entry.path, "reason": reason})


@dataclass(frozen=True)
class SourceFile:
    """A file to land: its entry in the archive, its name in raw/ (without .csv) and what was recognised."""

    entry: Entry
    name: str
    recognised: Recognised


def chosen(entries: Iterable[Entry]) -> tuple[list[SourceFile], SkippedFiles]:
    """Sort the archive's files into those to land and those to skip; reads no more than their heads.

    Raises UnknownLayout or EmptyFile for a .csv or .log that is not understood, DuplicateSubject, NoUsableFiles.
    """
    files: list[SourceFile] = []
    skipped = SkippedFiles()
    for entry in entries:
        reason = _reason_to_skip(entry)
        if reason:
            skipped.add(entry, reason)
        else:
            files.append(_source_file(entry))
    _refuse_duplicates(files)
    if not files:
        expected = "; ".join(layout.expected for layout in LAYOUTS)
        names = ", ".join(cut(one["name"], 80) for one in skipped.first[:MOST_SHOWN])
        more = f" and {skipped.count - MOST_SHOWN} more" if skipped.count > MOST_SHOWN else ""
        raise NoUsableFiles(
            f"The dataset holds no .csv or .log file, but {names or 'no file at all'}{more}. "
            f"Expected one of: {expected}. Compare SOURCE_URI with the dataset that is meant. Not retryable."
        )
    return files, skipped


def _reason_to_skip(entry: Entry) -> str | None:
    *folders, name = entry.components
    if name.startswith(".") or any(map(_is_hidden, folders)):
        return "hidden: below a folder that begins with a dot, a macOS resource fork, or a name that begins with a dot"
    if PurePosixPath(name).suffix.lower() not in _SUFFIXES:
        return "neither .csv nor .log"
    return None


def _is_hidden(folder: str) -> bool:
    # tar writes ./ in front of its names.
    return folder == "__MACOSX" or (folder.startswith(".") and folder != ".")


def _source_file(entry: Entry) -> SourceFile:
    name = PurePosixPath(entry.base_name).stem
    if not _KEY_SAFE.fullmatch(name):
        raise UnknownLayout(
            f"The name of {cut(entry.path, 300)!r} can't be used in raw/: expected letters, digits, dot, underscore "
            "and hyphen only, at most 200, a letter or digit first, no dot and no .parquet last, as other names have a "
            "meaning to Spark and Athena. Rename the file in the dataset. Not retryable."
        )
    with entry.open() as content:
        head = content.read(HEAD_BYTES)
    return SourceFile(entry, name, recognise(entry.path, name, head, whole=len(head) == entry.size))


def _refuse_duplicates(files: list[SourceFile]) -> None:
    for what, key in (
        ("would both become {} in raw/", lambda file: f"{file.name}.csv"),
        ("both hold subject {}", lambda file: file.recognised.subject),
    ):
        seen: dict[object, SourceFile] = {}
        for file in files:
            value = key(file)
            if value is not None and value in seen:
                first, second = cut(seen[value].entry.path), cut(file.entry.path)
                raise DuplicateSubject(
                    f"{first} and {second} {what.format(value)}. Expected one file for each subject. Remove "
                    "one of them from the dataset. Not retryable."
                )
            seen[value] = file
