"""What to do about each named error of an execution. docs/errors.md says the same, and a test compares them."""

from __future__ import annotations

import re

ADVICE = {
    "NoUsableFiles": "check the parameter `SourceUri`; the message lists what was skipped",
    "EmptyFile": "wait for a corrected version, or pin an older one: `kaggle://OWNER/DATASET/versions/N`",
    "UnknownLayout": "add the layout in `lambda_ingest/ingest/layouts.py`: docs/data.md#add-a-source-layout",
    "DuplicateSubject": "check which file is right; correct the dataset",
    "UnsafeArchive": "do not use this dataset until somebody has checked it",
    "SourceTooLarge": "raise the parameter if the size is right; otherwise wait for a version with fewer files",
    "InvalidInput": (
        "start a new execution without an input, or with `dataset_version`, a version that exists, and "
        "`allow_missing_subjects`, true or false"
    ),
    "SecretUnreadable": "the message says which; fix the secret or the parameter",
    "StateUnreadable": "the message names the key: delete the object, or restore an older version of it",
    "SourceDenied": (
        "on Kaggle, the dataset is private or requires consent, or the token is invalid or expired: put a valid one "
        "into the secret of `KaggleSecretArn`. In S3, the bucket's or the key's policy must allow the function's "
        "role: docs/data.md#a-prefix-of-s3"
    ),
    "SourceNotFound": "check the parameter `SourceUri`",
    "SourceUnavailable": "start the execution again later",
    "SourceChanged": "wait until the writer of the prefix has finished, then start the execution again",
    "TableMissing": (
        "restore the table: `mhealth restore-table` (docs/operations.md#restore-a-dropped-table); then start the "
        "execution again"
    ),
    "CatalogUnavailable": "start the execution again later",
    "StorageUnavailable": "start the execution again later",
    "Runtime.ExitError": "read its log: `mhealth logs`; start the execution again",
    "Sandbox.Timedout": "read its log: `mhealth logs`; start the execution again",
    "InvalidArgument": "arguments come from the template: correct it there",
    "CodeVersionMismatch": "start the execution again: it runs on the new code from the start",
    "TooManyBadRows": (
        "list the lines: `mhealth quarantine`. Correct the dataset; if the loss is acceptable, raise the limit: "
        "`mhealth set MaxBadRowRatio=0.01` on the local AWS, `make deploy PARAMETERS=MaxBadRowRatio=0.01` on AWS"
    ),
    "MissingSubject": "correct the dataset; if this is intended, allow it once: `mhealth run --allow-missing-subjects`",
    "SchemaMismatch": "template and code belong to different versions: deploy both together",
    "PartitionMismatch": "drop the partition that the message names, and start a new execution",
    "RowCountMismatch": (
        "this is a defect: keep the run's log and open an issue. If it occurs again while nothing is new, a partition"
        " may have another location: drop the partitions of the snapshot, and the next run registers them"
    ),
    "JobFailed": "read the job's log: `mhealth logs`; if the service had a problem, start the execution again",
    "ManifestUnreadable": (
        "restore it from its older versions; or template and code belong to different versions: deploy both together"
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
"""Advice by name of error; a name that ends with a dot is the prefix of a service's errors."""

GENERAL = "do what the cause says, and start an execution again"

LASTING = frozenset(
    {
        *("NoUsableFiles", "EmptyFile", "UnknownLayout", "DuplicateSubject", "UnsafeArchive", "SourceTooLarge"),
        *("InvalidInput", "SecretUnreadable", "StateUnreadable", "SourceDenied", "SourceNotFound", "TableMissing"),
        *("InvalidArgument", "TooManyBadRows", "MissingSubject", "SchemaMismatch", "PartitionMismatch"),
        "RowCountMismatch",
    }
)
"""The errors that occur again until somebody has done what the advice says."""

_SERVICES = re.compile(r"[A-Za-z]+\.")
_COMMAND = re.compile(r"`(mhealth [^`]+)`")


def advice(error: str, options: str = "") -> str:
    """The advice for an error, or a general one for an unknown error; its commands get `options`."""
    service = _SERVICES.match(error)
    found = ADVICE.get(error) or (ADVICE.get(service.group()) if service else None) or GENERAL
    return _COMMAND.sub(lambda match: f"`{match[1]}{options}`", found)
