"""Executions on the local AWS: overhead over the jobs alone, bytes scanned by queries, a run without news."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.dataset import Shape, dataset
from benchmarks.implementations import OURS
from benchmarks.local_stack import execute, job_runs, stack_on, waited
from benchmarks.markdown import seconds, table
from benchmarks.places import CACHE
from benchmarks.rounds import run_once, summary
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.operations.queries import ask
from mhealth_ops.operations.stacks import Stack

QUERIES = {
    "one subject, three columns": "SELECT accel_x, accel_y, accel_z FROM mhealth WHERE subject = 3",
    "every column of one subject": "SELECT * FROM mhealth WHERE subject = 3",
    "the whole table": "SELECT * FROM mhealth",
    "rows of each subject": "SELECT subject, count(*) AS samples FROM mhealth GROUP BY subject",
}
SUBJECTS, ROWS = 2000, 600
"""Many small files: twelve seconds of each of two thousand subjects."""


def run(scale: int = 1) -> dict[str, Any]:
    """Measure an execution that computes everything, one without a new version, the jobs alone, and some queries."""
    folder = _empty(CACHE / "execution")
    data = dataset(Shape(scale))
    began = time.monotonic()
    with stack_on(folder, "--scale", str(scale)) as stack:
        waited("the local AWS is up", began)
        began = time.monotonic()
        full = execute(stack)
        jobs = job_runs(stack, folder)
        waited("the whole execution", began)
        quiet = execute(stack)
        waited("and one without a new version", began)
        scans = {what: ask(stack, statement).scanned for what, statement in QUERIES.items()}
        sizes = {
            prefix: sum(size for _, size in stack.objects(f"{prefix}/")) for prefix in ("raw", "stage", "processed")
        }
    bare = run_once(OURS, data, CACHE / "bare")
    shutil.rmtree(CACHE / "bare")
    shutil.rmtree(folder)
    figures = {
        **machine.about(),
        "scale": scale,
        "rows": data.rows,
        "csv_bytes": sizes["raw"],
        "stored_bytes": sizes,
        "execution": {"seconds": full.seconds, "states": full.states, "jobs": jobs},
        "unchanged": {"seconds": quiet.seconds, "states": quiet.states},
        "bare": bare,
        "scans": {**scans, "any question, on the CSV": sizes["raw"]},
    }
    machine.save("execution", figures, published=scale == 1)
    print(f"{states_table(figures)}\n\n{scans_table(figures)}")
    return figures


def run_many(subjects: int = SUBJECTS, rows: int = ROWS) -> dict[str, Any]:
    """Measure an execution over many small files, and the two jobs alone on such files in a folder."""
    folder = _empty(CACHE / "many")
    source = folder / "dataset"
    write_dataset(source, rows=(rows,) * subjects)
    began = time.monotonic()
    with stack_on(folder, "--dataset", str(source)) as stack:
        waited("the local AWS is up", began)
        began = time.monotonic()
        full = execute(stack)
        waited("the whole execution", began)
        jobs = job_runs(stack, folder)
        documents = _documents(stack)
    shutil.rmtree(folder)
    bare = run_once(OURS, dataset(Shape(rows=(rows,) * subjects)), CACHE / "bare")
    shutil.rmtree(CACHE / "bare")
    figures = {
        **machine.about(),
        "subjects": subjects,
        "rows_each": rows,
        "jobs": summary([bare]),
        "execution": {"seconds": full.seconds, "states": full.states, "jobs": jobs},
        "documents": documents,
    }
    machine.save("many", figures, published=(subjects, rows) == (SUBJECTS, ROWS))
    print(states_table(figures))
    print(documents)
    return figures


def _documents(stack: Stack) -> dict[str, int]:
    """The sizes of the manifests, which grow with the number of files, and of a state's output, which must not."""
    sizes = dict(stack.objects("manifests/"))
    return {
        "raw manifest": max(size for key, size in sizes.items() if "/raw/" in key),
        "snapshot manifest": max(size for key, size in sizes.items() if "/snapshots/" in key),
        "partitions": _partitions(stack),
    }


def _partitions(stack: Stack) -> int:
    pages = (
        stack.session.client("glue")
        .get_paginator("get_partitions")
        .paginate(DatabaseName=stack.outputs["DatabaseName"], TableName="mhealth_snapshots")
    )
    return sum(len(page["Partitions"]) for page in pages)


def states_table(figures: dict[str, Any]) -> str:
    """The seconds of an execution by state, as a Markdown table."""
    found = figures["execution"]
    rows = []
    for state, took in found["states"].items():
        spans = found["jobs"].get(state, {}).get("spans", {})
        if took >= 0.1:
            rows.append((state, seconds(took), ", ".join(f"{name} {spent:.1f}" for name, spent in spans.items())))
    rows.append(("**total**", seconds(found["seconds"]), ""))
    if alone := figures.get("jobs"):
        steps = f"ConvertParquet {alone['convert']:.1f}, GlueTransform {alone['transform']:.1f}"
        rows.append(("both jobs alone, on local files", seconds(alone["both"]), steps))
    head = ("state", "duration", "spans of the job (s)")
    return table(head, rows, words=head[2:])


def scans_table(figures: dict[str, Any]) -> str:
    """The bytes scanned by queries, as a Markdown table."""
    whole = figures["csv_bytes"]
    rows = [(what, f"{scanned / 1e6:,.2f} MB", f"{scanned / whole:.4f}") for what, scanned in figures["scans"].items()]
    return table(("question", "bytes scanned", "of the CSV"), rows)


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
