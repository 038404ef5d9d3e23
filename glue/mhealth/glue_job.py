"""Begin and end of a job by Glue's library, which the progress bar in the log, job insights and bookmarks need.

Source: Developer Guide, "Logging for AWS Glue jobs" (the progress bar is for jobs that initialize a GlueContext) and
awslabs/aws-glue-libs (`awsglue/job.py`, `awsglue/utils.py`). The library exists on Glue and in its Docker image only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from mhealth.session import spark_context


@contextlib.contextmanager
def glue_job(argv: Sequence[str]) -> Iterator[None]:
    """Initialise the job as Glue's own scripts do and commit it where the block succeeds; do nothing without `awsglue`.

    `argv` are the job's arguments. Glue adds JOB_NAME itself.
    """
    try:
        from awsglue.context import GlueContext
        from awsglue.job import Job
        from awsglue.utils import getResolvedOptions
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "awsglue":
            raise
        yield
        return
    options = getResolvedOptions(["", *argv], ["JOB_NAME"])  # it skips the first, the script's name
    job = Job(GlueContext(spark_context(options["JOB_NAME"])))
    job.init(options["JOB_NAME"], options)
    yield
    job.commit()
