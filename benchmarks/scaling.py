"""Scaling of the two jobs: more subjects, fewer cores, one large source file, one changed subject."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine, measure, template
from benchmarks.dataset import RAW_MANIFEST, Dataset, Shape, dataset
from benchmarks.implementations import OURS, SNAPSHOT, Implementation, environment, job_hops, package_in
from benchmarks.markdown import megabytes, seconds, table
from benchmarks.places import CACHE, ROOT
from benchmarks.rounds import HOPS, run_once, size_of, summary

SIZES = (1, 8, 32)
ROUNDS = {1: 3, 8: 2}
"""Size to number of rounds; others have one. The least figure counts."""

LIMIT_SECONDS = 900
_DISK_BYTES_OF_A_ROW = 450
"""Disk bytes per row: 178 of CSV, 184 of stage, about 70 of table, and temporary files of workers."""

_FOLDER = CACHE / "scaling"
_BYTES_OF_A_ROW = 110
"""CSV bytes per row of layout 2 with 14 fields, about."""


class DiskTooSmall(Exception):
    """A size does not fit on the disk; the message has the free and the needed bytes."""


def require_space(rows: int) -> None:
    """Check the free disk space for CSV, stage and table of `rows` rows. Raises DiskTooSmall."""
    CACHE.mkdir(parents=True, exist_ok=True)
    needed, free = rows * _DISK_BYTES_OF_A_ROW, shutil.disk_usage(CACHE).free
    if needed > free:
        raise DiskTooSmall(
            f"{rows:,} rows need {needed / 1e9:.0f} GB below {CACHE.relative_to(ROOT)}, {free / 1e9:.0f} GB are free. "
            "Free some space, or measure smaller sizes (--sizes 1,8)."
        )


def run(sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """Measure the jobs at several sizes, and at the middle size on one core. Raises DiskTooSmall."""
    require_space(Shape(max(sizes)).total_rows)
    found = {}
    for scale in sizes:
        found[str(scale)] = _measured(dataset(Shape(scale)), rounds=ROUNDS.get(scale, 1))
        print(f"K = {scale}: {_line(found[str(scale)])}", flush=True)
    middle = sizes[len(sizes) // 2]
    alone = _measured(dataset(Shape(middle)), rounds=1, cores=1)
    print(f"K = {middle} on one core: {_line(alone)}", flush=True)
    figures = {
        **machine.about(),
        "sizes": found,
        "one_core": {"scale": middle, **alone},
    }
    machine.save("scaling", figures, published=tuple(sizes) == SIZES)
    print(f"\n{sizes_table(figures)}")
    return figures


def run_one_file(gigabytes: Sequence[float] = (0.5, 2.0)) -> dict[str, Any]:
    """Measure the jobs on one source file with all subjects (layout 2), in several sizes."""
    found = {}
    for size in gigabytes:
        rounds = max(1, round(size * 1e9 / _BYTES_OF_A_ROW / Shape().total_rows))
        data = dataset(Shape(rounds, layout="one file"))
        found[f"{size:g} GB"] = _measured(data, rounds=1)
        print(f"{size:g} GB in one file: {_line(found[f'{size:g} GB'])}", flush=True)
    figures = {**machine.about(), "sizes": found}
    machine.save("one_file", figures, published=max(gigabytes) >= 2)
    print(f"\n{sizes_table(figures)}")
    return figures


def run_change(scale: int = 8) -> dict[str, Any]:
    """Measure a full run, and a second one with one changed source file."""
    data = dataset(Shape(scale))
    shutil.rmtree(_FOLDER, ignore_errors=True)
    full = run_once(OURS, data, _FOLDER, limit_seconds=LIMIT_SECONDS)
    _publish(_FOLDER)
    _change_one_file(_FOLDER)
    hops = job_hops(
        _FOLDER,
        template.write_table(_FOLDER / "table.json"),
        package_in(_FOLDER),
        snapshot=SNAPSHOT + 1,
        manifest=_VERSION_2,
    )
    changed: dict[str, Any] = {}
    for hop, step in zip(HOPS, hops, strict=True):
        log = _FOLDER / f"{hop}-changed.log"
        usage = measure.run(
            step.command, environment=environment(), folder=_FOLDER, log=log, limit_seconds=LIMIT_SECONDS
        )
        changed[hop] = {**vars(usage), "bytes": size_of(step.result)}
    carried = [file["carried"] for file in _json(_FOLDER / f"manifests/snapshots/{SNAPSHOT + 1}.json")["files"]]
    assert carried.count(False) == 1, f"{carried.count(False)} subjects were recomputed, expected one"
    shutil.rmtree(_FOLDER)
    figures = {
        **machine.about(),
        "scale": scale,
        "subjects": len(carried),
        "full": {**summary([full]), "rows": data.rows},
        "changed": {**summary([changed]), "rows": data.rows},
    }
    machine.save("change", figures, published=scale == 8)
    print(change_table(figures))
    return figures


_VERSION_2 = RAW_MANIFEST.replace("version=1", "version=2")


def _change_one_file(bucket: Path) -> None:
    """A second version of the dataset: the last subject without its last line, the others unchanged."""
    manifest = _json(bucket / RAW_MANIFEST)
    entry = manifest["files"][-1]
    raw = (bucket / entry["raw_key"]).read_bytes()
    entry["raw_key"] = entry["raw_key"].replace("version=1", "version=2")
    entry["sha256"] = "0" * 64  # differs from the previous one
    entry["lines"] -= 1
    changed = bucket / entry["raw_key"]
    changed.parent.mkdir(parents=True)
    changed.write_bytes(raw[: raw.rindex(b"\n", 0, -1) + 1])
    (bucket / _VERSION_2).write_text(json.dumps({**manifest, "raw_version": 2}), encoding="utf-8")


def _publish(bucket: Path) -> None:
    """Write the publication record, as RecordSuccess does."""
    record = bucket / "manifests" / "publications" / f"{SNAPSHOT}.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"snapshot": SNAPSHOT, "published_at": "2026-11-24T03:14:54Z"}), encoding="utf-8")


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _measured(data: Dataset, *, rounds: int, cores: int | None = None, who: Implementation = OURS) -> dict[str, Any]:
    options = {} if cores is None else {"cores": cores}
    runs = [run_once(who, data, _FOLDER, limit_seconds=LIMIT_SECONDS, **options) for _ in range(rounds)]
    shutil.rmtree(_FOLDER)
    return {**summary(runs), "rows": data.rows, "csv_bytes": data.raw_bytes}


def _line(found: Mapping[str, Any]) -> str:
    return (
        f"{found['both']:.1f} s, {found['both'] / found['rows'] * 1e6:.2f} s per million rows, "
        f"peak {megabytes(found['peak_bytes'])}"
    )


_HEAD = ("what", "rows", "CSV", "hop 1", "hop 2", "both", "per million rows", "CPU", "peak memory")


def _row(title: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        title,
        f"{found['rows']:,}",
        megabytes(found["csv_bytes"]),
        *(seconds(found[name]) for name in ("convert", "transform", "both")),
        seconds(found["both"] / found["rows"] * 1e6),
        seconds(found["cpu_seconds"]),
        megabytes(found["peak_bytes"]),
    )


def sizes_table(figures: Mapping[str, Any]) -> str:
    """The sizes and, if measured, one core, as a Markdown table."""
    rows = [_row(f"K = {name}" if name.isdigit() else name, found) for name, found in figures["sizes"].items()]
    if alone := figures.get("one_core"):
        rows.append(_row(f"K = {alone['scale']} on one core", alone))
    return table(_HEAD, rows)


def change_table(figures: Mapping[str, Any]) -> str:
    """The full run and the run with one changed subject, as a Markdown table."""
    rows = [
        (
            title,
            *(seconds(figures[name][hop]) for hop in ("convert", "transform", "both")),
            megabytes(figures[name]["peak_bytes"]),
        )
        for title, name in (("all is new", "full"), (f"one of {figures['subjects']} subjects has changed", "changed"))
    ]
    return table(("run", "hop 1", "hop 2", "both", "peak memory"), rows)
