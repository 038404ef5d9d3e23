"""A report to show, written out: the shape of the real dataset, with two rejected lines and a snapshot before."""

from __future__ import annotations

import math
from dataclasses import replace

from snapshot_report.changes import changes
from snapshot_report.costs import Usage, stages
from snapshot_report.failed import FailedRun, Failure, totals
from snapshot_report.manifests import Check, File, RawFile, RawVersion, Skipped, Snapshot, Source
from snapshot_report.quarantine import FileCount, Quarantine, ReasonCount, RejectedLine
from snapshot_report.queries import Count
from snapshot_report.report import Report
from snapshot_report.signals import Choice, Panel, Point
from snapshot_report.stages import Timing
from snapshot_report.trend import Run

ROWS = (161280, 130561, 122112, 116736, 119808, 98304, 104448, 129024, 135168, 98304)
"""Of the real subjects 1 to 10."""

ACTIVITIES = (
    *("null class", "standing still", "sitting and relaxing", "lying down", "walking", "climbing stairs"),
    *("waist bends forward", "frontal elevation of arms", "knees bending (crouching)", "cycling", "jogging"),
    *("running", "jump front and back"),
)

REJECTED = (
    RejectedLine("mHealth_subject1.log", 21, "26 fields, expected 24", "-9.8184,oops,0.0092,0.29563,0.0042"),
    RejectedLine(
        "mHealth_subject1.log",
        4711,
        "field 3 (chest_accel_z) is not a number: 'n/a'",
        "-9.8489,0.52404,n/a,-0.016745,2.1849",
    ),
)
QUARANTINE = Quarantine(
    REJECTED,
    total=2,
    reasons=(
        ReasonCount("26 fields, expected 24", 1, 1, REJECTED[0]),
        ReasonCount("field 3 (chest_accel_z) is not a number", 1, 1, REJECTED[1]),
    ),
    by_file=(
        FileCount(
            "mHealth_subject1.log",
            "quarantine/version=2/mHealth_subject1.jsonl",
            2,
            161282,
            [("26 fields, expected 24", 1), ("field 3 (chest_accel_z) is not a number", 1)],
        ),
    ),
)
NOTHING_REJECTED = Quarantine((), total=0)

EARLIER = (
    Run(20261121080000, "published", 1117441, 0, 251.3, 0.17911),
    Run(20261122080000, "SourceUnavailable", None, None, 62.0, 0.00181),
    Run(20261123080000, "published", 1117444, 0, 244.8, 0.17846),
)


def counts(rows: tuple[int, ...] = ROWS) -> list[Count]:
    """A minute of each activity, 20 seconds of the last, the rest null class."""
    parts = [3072] * 5 + [2800, 2900, 2950, 3072, 3072, 3072, 1034]
    return [
        Count(subject, activity_id, ACTIVITIES[activity_id], count)
        for subject, whole in enumerate(rows, 1)
        for activity_id, count in enumerate([whole - sum(parts), *parts])
        if count > 0
    ]


def snapshot(rows: tuple[int, ...] = ROWS, number: int = 20261124080000) -> Snapshot:
    """Subject 1 has two rejected lines."""
    names = [f"mHealth_subject{subject}" for subject in range(1, len(rows) + 1)]
    bad = [2, *([0] * (len(rows) - 1))]
    return Snapshot(
        number=number,
        dataset="nirmalsankalana/mhealth-dataset-data-set",
        raw_version=2,
        code_version="23609b0dd73cf85d",
        recording_start="2014-01-01T00:00:00+00:00",
        columns=("id string", "timestamp timestamp", "accel_x double"),
        sources=tuple(
            Source(name, f"raw/version=2/{name}.csv", f"sha-{name}", count + lost, count, lost)
            for name, count, lost in zip(names, rows, bad, strict=True)
        ),
        files=tuple(
            File(f"processed/snapshot={number}/subject={subject}/part-00000.parquet", subject, count, 88 * count, False)
            for subject, count in enumerate(rows, 1)
        ),
        checks=(
            Check("the objects are those that were written", f"{len(rows)} objects", f"{len(rows)} objects", True),
            Check("ids are unique and in order", "every file", "every file", True),
            Check("every file has the table's schema", "27 columns", "27 columns", True),
            *(
                Check(f"data lines of {name}.log = rows + rejected lines", str(count + lost), str(count + lost), True)
                for name, count, lost in zip(names, rows, bad, strict=True)
            ),
            *(
                Check(f"values of {name}.log are those that were parsed", "every column", "every column", True)
                for name in names
            ),
        ),
    )


def before(now: Snapshot) -> Snapshot:
    """The snapshot before: subject 1 had three rows more and no rejected line, the last subject was not there."""
    first, *others = now.sources
    return replace(
        now,
        number=20261123080000,
        raw_version=1,
        sources=(
            replace(first, sha256="other", lines=first.rows + 3, rows=first.rows + 3, quarantined=0),
            *others[:-1],
        ),
        files=(replace(now.files[0], rows=now.files[0].rows + 3), *now.files[1:-1]),
    )


def panels() -> list[Panel]:
    """Two quantities over ten seconds."""
    at = [place / 50 for place in range(500)]
    shapes = {"x": (-9.6, 1.2, 1.9), "y": (0.4, 0.8, 3.8), "z": (1.1, 2.0, 1.9)}
    swing = tuple(
        Point(curve, t, round(middle + size * math.sin(2 * math.pi * hertz * t), 4))
        for curve, (middle, size, hertz) in shapes.items()
        for t in at
    )
    beats = tuple(Point("1", t, round(1.1 * math.exp(-(((t % 0.8) - 0.2) ** 2) / 0.0008), 4)) for t in at)
    leads = beats + tuple(replace(point, curve="2", value=round(0.6 * point.value - 0.2, 4)) for point in beats)
    return [Panel("ECG lead", "mV", leads), Panel("chest acceleration", "m/s2", swing)]


def report(rows: tuple[int, ...] = ROWS) -> Report:
    """The whole of it."""
    now = snapshot(rows)
    seconds = {
        "DownloadCSV": 8.96,
        "ConvertParquet": 71.3,
        "GlueTransform": 93.7,
        "RefreshCatalog": 61.2,
        "VerifySnapshot": 2.4,
        "PublishSnapshot": 1.3,
        "RecordSuccess": 0.1,
    }
    usage = Usage({"ConvertParquet": 29, "GlueTransform": 65}, dpus=2, memory_mb=1769, verify_bytes=0)
    return Report(
        snapshot=now,
        raw=RawVersion(
            2,
            tuple(
                RawFile(
                    source.name, f"{source.name}.log", "mhealth_log", 178 * source.lines, source.raw_key, source.lines
                )
                for source in now.sources
            ),
            (Skipped("README.txt", "neither .csv nor .log"),),
            1,
        ),
        published_at="2026-11-24T08:04:12.345Z",
        execution="arn:aws:states:us-east-1:123456789012:execution:mhealth:0b6a",
        counts=counts(rows),
        rows_verified=sum(rows),
        quarantine=QUARANTINE,
        stages=stages(Timing(seconds, 24), usage),
        choice=Choice(1, 4, "walking"),
        panels=panels(),
        before=20261123080000,
        changes=changes(before(now), now),
        bucket="mhealth-data",
        earlier=EARLIER,
    )


def failed() -> FailedRun:
    """A run that stopped in ConvertParquet, with the same rejected lines; a day later."""
    published = report()
    raw = replace(published.raw, version=3)
    found = Timing({"DownloadCSV": 9.2, "ConvertParquet": 70.5}, 9)
    made = FailedRun(
        number=20261125080000,
        execution="arn:aws:states:us-east-1:123456789012:execution:mhealth:0b6b",
        started_at="2026-11-25T08:00:00.123Z",
        failure=Failure(
            "ConvertParquet",
            "TooManyBadRows",
            "2 of 1,215,747 data lines were rejected (0.0002 %), MaxBadRowRatio allows 0.0001 %.",
            category="UNCLASSIFIED_ERROR",
            line="54",
        ),
        seen=20261124080000,
        dataset=published.snapshot.dataset,
        raw=raw,
        quarantine=QUARANTINE,
        stages=stages(found, Usage({}, dpus=2, memory_mb=1769, verify_bytes=0)),
        bucket="mhealth-data",
        runs=[],
    )
    return replace(made, runs=[*EARLIER, published.run, totals(made)])
