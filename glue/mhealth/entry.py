"""How a job ends that fails: with an error that Glue, Step Functions and an e-mail can pass on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mhealth.errors import JobFailed, PipelineError
from mhealth.glue_job import glue_job


def run_job(main: Callable[[Sequence[str]], None], argv: Sequence[str]) -> None:
    """Run a job's `main`. Raises PipelineError and nothing else: JobFailed for every error without a name of ours.

    Glue raises the error of a script again, made from its message alone. An error that needs more, as botocore's
    ClientError does, would be hidden by the TypeError of that attempt.
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
