"""Rules on retries: the transient errors of each service, and the intervals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tools.checks.project import Project
from tools.checks.rules.failures import TRANSIENT
from tools.checks.rules.registry import rule

_GLUE_BUSY = {"Glue.OperationTimeoutException", "Glue.InternalServiceException", "Glue.ThrottlingException"}
_GLUE_SDK = {*_GLUE_BUSY, "Glue.GlueException", "Glue.SdkClientException", "States.Timeout"}
_S3 = {"S3.S3Exception", "S3.SdkClientException", "States.Timeout"}
_ATHENA = {"Athena.TooManyRequestsException", "Athena.InternalServerException", "Athena.AmazonAthenaException"}
# Step Functions Developer Guide, "Handle transient Lambda service exceptions".
_LAMBDA = {
    *("Lambda.ServiceException", "Lambda.AWSLambdaException"),
    *("Lambda.SdkClientException", "Lambda.TooManyRequestsException"),
}

PASSING: dict[str, set[str]] = {
    "lambda:invoke": _LAMBDA,
    "glue:startJobRun.sync": {
        *_GLUE_BUSY,
        *("Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException"),
        # Errors that .sync does not name, including throttled calls: eight public state machines retry it.
        *("Glue.AWSGlueException", "Glue.SdkClientException"),
    },
    "aws-sdk:glue:startCrawler": {*_GLUE_SDK, "Glue.CrawlerRunningException", "Glue.CrawlerStoppingException"},
    "aws-sdk:glue:getCrawler": _GLUE_SDK,
    "aws-sdk:glue:stopCrawler": _GLUE_SDK,
    "aws-sdk:s3:headObject": _S3,
    "aws-sdk:s3:getObject": _S3,
    "aws-sdk:s3:putObject": _S3,
    "aws-sdk:s3:listObjectsV2": _S3,
    "aws-sdk:s3:copyObject": _S3,
    # A failed query, once: its statements are idempotent.
    "athena:startQueryExecution.sync": {*_ATHENA, "States.TaskFailed"},
    "athena:getQueryResults": _ATHENA,
    "aws-sdk:cloudwatch:putMetricData": {
        *("CloudWatch.CloudWatchException", "CloudWatch.SdkClientException", "States.Timeout"),
    },
    "sns:publish": {"States.TaskFailed", "States.Timeout"},
}
"""The transient errors of each call: throttling, service errors, no connection."""

_OWN = {"DownloadCSV": TRANSIENT}
"""The retried errors of the project's code, by state."""


@rule
def only_transient_errors_are_retried(project: Project) -> Iterable[str]:
    """A transient error without a retry fails the daily run; a retry of a permanent one delays the notice."""
    for name, task in project.tasks.items():
        call = task["Resource"].partition(":states:::")[2]
        expected = PASSING.get(call, set()) | _OWN.get(name, set())
        named = [error for retrier in task.get("Retry", []) for error in retrier.get("ErrorEquals", [])]
        for error in sorted(expected - set(named)):
            yield f"{name} does not retry {error} of {call}"
        for error in sorted(set(named) - expected):
            yield f"{name} retries {error}, which tools/checks/rules/retries.py does not list for {call}"
        for error in sorted({error for error in named if named.count(error) > 1}):
            yield f"{name} names {error} twice: only the first counts"


@rule
def retries_end(project: Project) -> Iterable[str]:
    """Retries need backoff, jitter and a bounded total time."""
    for name, task in project.tasks.items():
        for retrier in task.get("Retry", []):
            yield from (f"{name}: {problem}" for problem in _problems(retrier))


def _problems(retrier: dict[str, Any]) -> Iterable[str]:
    interval, attempts = retrier.get("IntervalSeconds", 0), retrier.get("MaxAttempts", 0)
    rate, longest = retrier.get("BackoffRate", 0), retrier.get("MaxDelaySeconds", 10**6)
    if not retrier.get("ErrorEquals"):
        yield "a retrier without ErrorEquals"
    if attempts == 1 and 1 <= interval <= 60:
        return  # a single retry needs no backoff
    if not (1 <= interval <= 60 and 3 <= attempts <= 20 and 1 < rate <= 3 and longest > 0):
        yield f"every {interval} s, {attempts} times, {rate} times longer: expected a bounded number, longer each time"
        return
    # Full jitter only shortens this.
    seconds = sum(min(interval * rate**attempt, longest) for attempt in range(attempts))
    if seconds > 1800:
        yield f"waits for {seconds:.0f} s in all: expected half an hour at most"
    if retrier.get("JitterStrategy", "FULL") != "FULL":
        yield f"JitterStrategy is {retrier['JitterStrategy']}, expected FULL"
