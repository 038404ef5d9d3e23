"""What the jobs' tests share: a bucket in a folder, filled as the Lambda function fills it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

GLUE = Path(__file__).resolve().parents[2] / "glue"

CHEST = ["chest_accel_x", "chest_accel_y", "chest_accel_z", "ecg_1", "ecg_2"]
ANKLE = [f"ankle_{sensor}_{axis}" for sensor in ("accel", "gyro", "mag") for axis in "xyz"]
ARM = [f"arm_{sensor}_{axis}" for sensor in ("accel", "gyro", "mag") for axis in "xyz"]
LAYOUT_1 = [*CHEST, *ANKLE, *ARM, "label"]
LAYOUT_2 = [*ANKLE[:6], *ARM[:6], "label", "subject"]

TABLE_COLUMNS = {
    "id": "string",
    "timestamp": "timestamp",
    "accel_x": "double",
    "accel_y": "double",
    "accel_z": "double",
    "ecg_1": "double",
    "ecg_2": "double",
    **dict.fromkeys([*ANKLE, *ARM], "double"),
    "activity_id": "int",
    "activity": "string",
}
PARTITION_KEYS = {"snapshot": "bigint", "subject": "int"}


def table_input(columns: Mapping[str, str] = TABLE_COLUMNS, keys: Mapping[str, str] = PARTITION_KEYS) -> dict[str, Any]:
    """A Glue TableInput."""
    return {
        "Name": "mhealth_snapshots",
        "StorageDescriptor": {"Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()]},
        "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in keys.items()],
    }


def write_table(path: Path, columns: Mapping[str, str] = TABLE_COLUMNS) -> str:
    """A table definition in a file; returns the job argument that names it."""
    path.write_text(json.dumps(table_input(columns)))
    return f"file://{path}"


def put_quickly(bucket: str, key: str, body: bytes) -> None:
    """Put an object into a bucket of this process's moto without a request, where reading it is the subject."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, key, body)


def log_line(seed: int, label: object = 0) -> str:
    """A raw line of layout 1 whose values tell where they come from: seed.01, seed.02, ..."""
    return ",".join([*(f"{seed}.{place:02d}" for place in range(1, 24)), str(label)])


class World:
    """A bucket in a folder; `add` puts raw files there, `publish` writes the raw manifest."""

    def __init__(self, folder: Path, table: str) -> None:
        self.folder = folder
        self.table = table
        self.files: list[dict[str, Any]] = []

    @property
    def data_uri(self) -> str:
        return f"file://{self.folder}"

    def add(
        self,
        name: str,
        body: str | bytes,
        *,
        columns: Sequence[str] = LAYOUT_1,
        subject: int | None = None,
        header_lines: int = 0,
        version: int = 1,
        lines: int | None = None,
    ) -> dict[str, Any]:
        """One source file: `body` is what follows the header in raw/."""
        data = body.encode() if isinstance(body, str) else body
        raw_key = f"raw/version={version}/{name}.csv"
        path = self.folder / raw_key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(",".join(columns).encode() + b"\n" + data)
        entry = {
            "name": name,
            "source": f"{name}.log",
            "layout": "any",
            "subject": subject,
            "columns": list(columns),
            "header_lines": header_lines,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "lines": sum(1 for line in data.split(b"\n") if line.strip()) if lines is None else lines,
            "raw_key": raw_key,
        }
        self.files = [file for file in self.files if file["name"] != name] + [entry]
        return entry

    def publish(self, version: int = 1) -> str:
        """Write the raw manifest; returns its key."""
        key = f"manifests/raw/version={version}.json"
        self.put(key, {"dataset": "someone/mhealth", "raw_version": version, "files": self.files, "skipped": []})
        return key

    def record(self, snapshot: int, at: str = "2026-11-24T03:20:00.123Z") -> None:
        """Write what RecordSuccess writes of a publication, as far as the jobs read it."""
        self.put(f"manifests/publications/{snapshot}.json", {"snapshot": snapshot, "published_at": at})

    def put(self, key: str, content: object) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def json(self, key: str) -> Any:
        return json.loads((self.folder / key).read_bytes())

    def parquet(self, key: str) -> pa.Table:
        return pq.ParquetFile(self.folder / key).read()

    def rows(self, key: str) -> list[dict[str, Any]]:
        return self.parquet(key).to_pylist()

    def keys(self, prefix: str) -> list[str]:
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return sorted(key for key in found if key.startswith(prefix))

    def rejected(self, key: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / key).read_text().splitlines()]

    def convert_arguments(self, **changes: object) -> list[str]:
        """The arguments of job 1."""
        return _flags(
            {
                "data_uri": self.data_uri,
                "raw_manifest": "manifests/raw/version=1.json",
                "stage_prefix": "stage",
                "code_version": "c0de",
                "execution": "arn:run",
                "snapshot": 20261124031454,
                "quarantine_prefix": "quarantine",
                "max_bad_row_ratio": 0.001,
            }
            | changes
        )

    def transform_arguments(self, **changes: object) -> list[str]:
        """The arguments of job 2."""
        return _flags(
            {
                "data_uri": self.data_uri,
                "raw_manifest": "manifests/raw/version=1.json",
                "stage_prefix": "stage",
                "code_version": "c0de",
                "execution": "arn:run",
                "snapshot": 20261124031454,
                "processed_prefix": "processed",
                "manifests_prefix": "manifests",
                "table": self.table,
                "view": "",
                "recording_start": "2014-01-01T00:00:00Z",
                "max_file_bytes": 512 * 1024 * 1024,
                "keep_snapshots": 3,
                "allow_missing_subjects": "false",
                "catalog_refresh": "Crawler",
            }
            | changes
        )


def _flags(values: Mapping[str, object]) -> list[str]:
    # Glue's own flags come along.
    flags = [text for name, value in values.items() for text in (f"--{name}", str(value))]
    return ["--JOB_NAME", "job", *flags, "--enable-metrics", "true"]
