"""The entry point of a job's script: turns every failure into an error that Glue and Step Functions can pass on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mhealth.errors import JobFailed, PipelineError
from mhealth.glue_job import glue_job


def run_job(main: Callable[[Sequence[str]], None], argv: Sequence[str]) -> None:
    """Run a job's `main`. Raises only PipelineError: JobFailed for every error that is not one of errors.py.

    Glue makes the error of a script anew from its message alone and raises that. For an error whose constructor takes
    more, such as botocore's ClientError, the attempt fails with a TypeError that hides the error.
    """
    try:
        with glue_job(argv):
            main(argv)
    except PipelineError:
        raise
    except Exception as error:
        raise JobFailed(
            f"{type(error).__name__}: {error}. The job's log has the traceback. Start the execution again where a "
            "service was at fault; else keep the log and open an issue."
        ) from error
