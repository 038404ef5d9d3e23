"""The keys of the data bucket: every prefix, file name and partition folder that the jobs read or write.

    raw/version=V/NAME.csv                              a source file as DownloadCSV landed it
    manifests/raw/version=V.json                        what is known of the source files of a version
    stage/version=V/NAME.parquet                        its typed rows; of a large file also NAME/part-00001.parquet ...
    quarantine/version=V/NAME.jsonl                     its rejected lines
    processed/snapshot=S/subject=N/part-00000.parquet   the table
    manifests/snapshots/S.json                          what a snapshot holds and what made it
    manifests/publications/S.json                       since when readers saw a snapshot

The first component of each is an argument of the jobs (`--stage_prefix`, ...). Keys are relative to the bucket, without
a slash in front; a folder ends with one. No other module of the jobs puts a key together or takes one apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_SNAPSHOT = "[1-9][0-9]{0,17}"
"""A snapshot's number, as it stands in keys: what a bigint holds, without leading zeros."""

_RAW_KEY = re.compile(r"[A-Za-z0-9_-]+/version=[1-9][0-9]{0,17}/[^/\\]+\.csv")
"""One component for each part, so that no key leads up or aside."""

_LONGEST_KEY = 1024
"""S3 takes no longer one."""


def is_raw_key(text: str) -> bool:
    """Whether a text is the key of a raw object, `PREFIX/version=V/NAME.csv`."""
    return bool(_RAW_KEY.fullmatch(text)) and text.isprintable() and len(text) <= _LONGEST_KEY


def stage_key(stage_prefix: str, raw_key: str) -> str:
    """Where the rows of a raw object go.

    >>> stage_key("stage", "raw/version=1/mHealth_subject1.csv")
    'stage/version=1/mHealth_subject1.parquet'
    """
    return _mirrored(stage_prefix, raw_key, ".parquet")


def quarantine_key(quarantine_prefix: str, raw_key: str) -> str:
    """Where the rejected lines of a raw object go.

    >>> quarantine_key("quarantine", "raw/version=1/mHealth_subject1.csv")
    'quarantine/version=1/mHealth_subject1.jsonl'
    """
    return _mirrored(quarantine_prefix, raw_key, ".jsonl")


def _mirrored(prefix: str, raw_key: str, suffix: str) -> str:
    rest = raw_key.partition("/")[2]
    return f"{prefix}/{rest.removesuffix('.csv')}{suffix}"


def stage_part_key(stage_key: str, part: int) -> str:
    """Where the rows of a part go: the first part's are in the file's own stage object, the others' in a folder.

    >>> stage_part_key("stage/version=1/all.parquet", 3)
    'stage/version=1/all/part-00003.parquet'
    """
    return _in_folder_of(stage_key, ".parquet", part) if part else stage_key


def quarantine_part_key(quarantine_key: str, part: int) -> str:
    """Where the rejected lines of a part wait until those of all parts become one object.

    >>> quarantine_part_key("quarantine/version=1/all.jsonl", 0)
    'quarantine/version=1/all/part-00000.jsonl'
    """
    return _in_folder_of(quarantine_key, ".jsonl", part)


def _in_folder_of(key: str, suffix: str, part: int) -> str:
    # NAME has no slash, so this is no other file's key.
    return f"{key.removesuffix(suffix)}/{_part(part, suffix)}"


def _part(number: int, suffix: str) -> str:
    return f"part-{number:05d}{suffix}"


def snapshot_folder(processed_prefix: str, snapshot: int) -> str:
    """The folder of a snapshot.

    >>> snapshot_folder("processed", 20261124031454)
    'processed/snapshot=20261124031454/'
    """
    return f"{processed_folder(processed_prefix)}snapshot={snapshot}/"


def table_key(snapshot_folder: str, subject: int, part: int) -> str:
    """The key of a subject's file in a snapshot.

    >>> table_key("processed/snapshot=7/", 3, 0)
    'processed/snapshot=7/subject=3/part-00000.parquet'
    """
    return f"{snapshot_folder}subject={subject}/{_part(part, '.parquet')}"


def carried_key(key: str, old_folder: str, new_folder: str) -> str:
    """The key of a file of one snapshot in another one.

    >>> carried_key("a/snapshot=7/subject=3/part-00000.parquet", "a/snapshot=7/", "a/snapshot=8/")
    'a/snapshot=8/subject=3/part-00000.parquet'
    """
    return new_folder + key.removeprefix(old_folder)


def partition_location(root: str, key: str) -> str:
    """The address of the partition that a file of the table lies in, as the catalog has it.

    >>> partition_location("s3://BUCKET", "processed/snapshot=7/subject=3/part-00000.parquet")
    's3://BUCKET/processed/snapshot=7/subject=3/'
    """
    return f"{root}/{key.rpartition('/')[0]}/"


def subjects_of(keys: Iterable[str]) -> frozenset[int]:
    """The subjects that files of the table are in the folders of.

    >>> subjects_of(["processed/snapshot=7/subject=3/part-00000.parquet"])
    frozenset({3})
    """
    folders = (part for key in keys for part in key.split("/") if part.startswith("subject="))
    return frozenset(int(folder.removeprefix("subject=")) for folder in folders)


def processed_folder(processed_prefix: str) -> str:
    """Where the folders of snapshots lie."""
    return f"{processed_prefix}/"


def snapshots_of_folders(processed_prefix: str, folders: Iterable[str]) -> list[int]:
    """The snapshots of folders below `processed_prefix`, oldest first. A folder of any other name is ignored."""
    return sorted(
        number
        for _, number in _numbered(folders, rf"{re.escape(processed_folder(processed_prefix))}snapshot=(SNAPSHOT)/")
    )


def manifest_folder(manifests_prefix: str) -> str:
    """Where the manifests of snapshots lie."""
    return f"{manifests_prefix}/snapshots/"


def manifest_key(manifests_prefix: str, snapshot: int) -> str:
    """Where a snapshot's manifest lies."""
    return f"{manifest_folder(manifests_prefix)}{snapshot}.json"


def publication_folder(manifests_prefix: str) -> str:
    """Where the records of publications lie."""
    return f"{manifests_prefix}/publications/"


def publication_key(manifests_prefix: str, snapshot: int) -> str:
    """Where the record of a publication lies."""
    return f"{publication_folder(manifests_prefix)}{snapshot}.json"


def snapshots_of_keys(folder: str, keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each key `FOLDER S.json` with its snapshot. A key of any other name is ignored.

    >>> list(snapshots_of_keys("manifests/snapshots/", ["manifests/snapshots/7.json", "manifests/snapshots/07.json"]))
    [('manifests/snapshots/7.json', 7)]
    """
    return _numbered(keys, rf"{re.escape(folder)}(SNAPSHOT)\.json")


def _numbered(texts: Iterable[str], pattern: str) -> Iterator[tuple[str, int]]:
    name = re.compile(pattern.replace("SNAPSHOT", _SNAPSHOT))
    for text in texts:
        if match := name.fullmatch(text):
            yield text, int(match[1])
