"""The named errors of the report. The output of the execution contains the name; the snapshot stays published.

A message says what was found and where, what was expected, what to do, and whether the error is retryable.
"""


class ReportError(Exception):
    """Base of the errors that the report raises on purpose."""


class ManifestUnreadable(ReportError):
    """A manifest is missing or malformed."""


class ReportQueryFailed(ReportError):
    """A query of the report failed, was cancelled or timed out."""
