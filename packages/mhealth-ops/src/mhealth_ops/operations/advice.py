"""What to do about each named error of an execution. docs/errors.md says the same, and a test compares them."""

from __future__ import annotations

import re

ADVICE = {
    "NoUsableFiles": "check the parameter `SourceUri`; the message lists what was skipped",
    "EmptyFile": "wait for a corrected version, or pin an older one: `kaggle://OWNER/DATASET/versions/N`",
    "UnknownLayout": "add the layout in `lambda_ingest/ingest/layouts.py`: docs/data.md#add-a-source-layout",
    "DuplicateSubject": "see which file is right; correct the dataset",
    "UnsafeArchive": "do not use this dataset before someone has looked at it",
    "SourceTooLarge": "raise the parameter if the size is right; otherwise wait for a version with fewer files",
    "InvalidInput": "start a new execution with one of both",
    "SecretUnreadable": "the message says which; fix the secret or the parameter",
    "StateUnreadable": "the message names the key: delete the object, or bring back an older version of it",
    "SourceDenied": (
        "on Kaggle the dataset is private or wants consent, or the token is invalid or expired: put a good one into "
        "the secret of `KaggleSecretArn`. In S3 the bucket's or the key's policy must allow the function's role: "
        "docs/data.md#a-prefix-of-s3"
    ),
    "SourceNotFound": "check the parameter `SourceUri`",
    "SourceUnavailable": "start the execution again later",
    "SourceChanged": "wait until whoever writes there has finished, then start the execution again",
    "TableMissing": "docs/operations.md#the-table-is-gone brings it back; start the execution again",
    "CatalogUnavailable": "start the execution again later",
    "StorageUnavailable": "start the execution again later",
    "Runtime.ExitError": "look at its log; start the execution again",
    "Sandbox.Timedout": "look at its log; start the execution again",
    "InvalidArgument": "arguments come from the template: correct it there",
    "CodeVersionMismatch": "start the execution again: it runs on the new code from the begin",
    "TooManyBadRows": (
        "read the quarantine object that the message names; raise the parameter only if the loss is acceptable"
    ),
    "MissingSubject": "if that is meant, set `AllowMissingSubjects` to true for a run",
    "SchemaMismatch": "template and code belong to different versions: deploy both together",
    "PartitionMismatch": "drop the partition that the message names, and start a new execution",
    "RowCountMismatch": (
        "a defect: keep the run's log and open an issue; also found by VerifySnapshot. Where it comes again while "
        "nothing is new, a partition may lie elsewhere: drop those of the snapshot, and the next run registers "
        "them"
    ),
    "JobFailed": "read the job's log; if it was the service's trouble, start the execution again",
    "ManifestUnreadable": (
        "bring it back from its older versions; or template and code belong to different versions: deploy both together"
    ),
    "ReportQueryFailed": "look the query up in Athena by its id; invoke the function again if a report is wanted",
    "CrawlerFailed": "read its log, in `/aws-glue/crawlers`; start the execution again",
    "CrawlerTimedOut": "read its log, in `/aws-glue/crawlers`; start the execution again",
    "QueryFailed": "read the reason, look the query up in Athena by its id; start the execution again",
    "StateFailed": "read the cause; start the execution again",
    "Glue.": "read the cause; start the execution again",
    "Athena.": "read the cause; start the execution again",
    "S3.": "read the cause; start the execution again",
    "Lambda.": "read the cause; start the execution again",
}
"""By the error's name; a name that ends with a dot is that of a service, whose errors have names behind it."""

GENERAL = "do what the cause says, and start an execution again"

_SERVICES = re.compile(r"[A-Za-z]+\.")


def advice(error: str) -> str:
    """The advice for an error; a word on where to look for one that has no name here."""
    service = _SERVICES.match(error)
    return ADVICE.get(error) or (ADVICE.get(service.group()) if service else None) or GENERAL
