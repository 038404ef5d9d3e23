"""Job 1 (ConvertParquet): raw CSV to typed stage Parquet; lines that are no data go to quarantine."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mhealth.arguments import parse_convert
from mhealth.entry import run_job
from mhealth.io.connect import storage_at
from mhealth.job_log import log, name_run, span
from mhealth.raw.manifest import read_raw_version
from mhealth.session import spark_context
from mhealth.stage.convert import Converted
from mhealth.stage.executor import convert_all, convert_here, is_one_small
from mhealth.stage.planner import check_results, plan


def main(argv: Sequence[str]) -> None:
    """Run the job. Raises InvalidArgument, DuplicateSubject, SchemaMismatch, RowCountMismatch, TooManyBadRows."""
    arguments = parse_convert(argv)
    name_run(execution=arguments.execution, snapshot=arguments.snapshot)
    storage = storage_at(arguments.data_uri)
    with span("plan"):
        version = read_raw_version(storage, arguments.raw_manifest)
        tasks, kept = plan(
            storage,
            version,
            stage_prefix=arguments.stage_prefix,
            quarantine_prefix=arguments.quarantine_prefix,
            code_version=arguments.code_version,
        )
    converted: list[Converted] = []
    if tasks:
        with span("start"):
            spark = None if is_one_small(tasks) else spark_context("convert_parquet")
        with span("convert", files=len(tasks), kept=len(kept)) as fields:
            converted = convert_all(spark, storage, tasks) if spark else convert_here(tasks)
            fields["rows"] = sum(result.rows for result in converted)
    for result in sorted(converted, key=lambda result: result.name):
        log("file", **vars(result))
    with span("check"):
        check_results(
            storage,
            version.files,
            [*converted, *kept],
            raw_manifest=arguments.raw_manifest,
            quarantine_prefix=arguments.quarantine_prefix,
            max_bad_row_ratio=arguments.max_bad_row_ratio,
        )


if __name__ == "__main__":
    run_job(main, sys.argv[1:])
