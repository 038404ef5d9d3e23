"""Which files of the archive are landed, recognised and no subject twice; the others are skipped and listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypedDict

from archive import Entry
from errors import DuplicateSubject, NoUsableFiles, UnknownLayout
from layouts import HEAD_BYTES, LAYOUTS, Recognised, recognise
from texts import cut, listed

_SUFFIXES = {".csv", ".log"}
_KEY_SAFE = re.compile(r"[A-Za-z0-9._-]{1,200}")


class Skipped(TypedDict):
    """A file that is not landed, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class SourceFile:
    """A file to land: its entry in the archive, its name in raw/ (without .csv) and what was recognised."""

    entry: Entry
    name: str
    recognised: Recognised


def chosen(entries: Iterable[Entry]) -> tuple[list[SourceFile], list[Skipped]]:
    """Sort the archive's files into those to land and those to skip; reads no more than their heads.

    Raises UnknownLayout or EmptyFile for a .csv or .log that is not understood, DuplicateSubject, NoUsableFiles.
    """
    files: list[SourceFile] = []
    skipped: list[Skipped] = []
    for entry in entries:
        reason = _reason_to_skip(entry)
        if reason:
            skipped.append({"name": entry.path, "reason": reason})
        else:
            files.append(_source_file(entry))
    _refuse_duplicates(files)
    if not files:
        expected = "; ".join(layout.expected for layout in LAYOUTS)
        found = listed([one["name"] for one in skipped]) if skipped else "no file at all"
        raise NoUsableFiles(
            f"The dataset holds no .csv or .log file, but {found}. Expected one of: {expected}. "
            "Compare DATASET_HANDLE with the dataset that is meant; a retry does not help."
        )
    return files, skipped


def _reason_to_skip(entry: Entry) -> str | None:
    if entry.base_name.startswith(".") or entry.path.startswith("__MACOSX/"):
        return "a hidden file or a macOS resource fork"
    if PurePosixPath(entry.base_name).suffix.lower() not in _SUFFIXES:
        return "neither .csv nor .log"
    return None


def _source_file(entry: Entry) -> SourceFile:
    name = PurePosixPath(entry.base_name).stem
    if not _KEY_SAFE.fullmatch(name):
        raise UnknownLayout(
            f"The name of {cut(entry.path)!r} can't be used in raw/: expected letters, digits, dot, underscore and "
            "hyphen only, at most 200. Rename the file in the dataset; a retry does not help."
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
                    "one of them from the dataset; a retry does not help."
                )
            seen[value] = file
