"""The expected table, from the template and the jobs, passed to the competitors as a file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """The table: `columns` in order; the sensors among them by raw name (`renamed`: raw name to the table's).

    `start_micros`: the recordings' start in microseconds since 1970; a sample takes `micros_per_sample`.
    """

    columns: tuple[str, ...]
    sensors: tuple[str, ...]
    renamed: dict[str, str]
    activities: tuple[str, ...]
    start_micros: int
    micros_per_sample: int
    id_digits: int
    zstd_level: int
    threads: int

    @classmethod
    def read(cls, path: Path) -> Target:
        """Read the target that `write` wrote."""
        found = json.loads(path.read_text(encoding="utf-8"))
        for name in ("columns", "sensors", "activities"):
            found[name] = tuple(found[name])
        return cls(**found)

    def write(self, path: Path) -> Path:
        """Write the target to a file."""
        path.write_text(json.dumps(vars(self)), encoding="utf-8")
        return path


def subject_of(path: Path) -> int:
    """The subject in a file's name."""
    found = re.search(r"subject(\d+)", path.stem)
    assert found, path
    return int(found[1])
