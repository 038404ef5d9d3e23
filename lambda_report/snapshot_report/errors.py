"""Why there is no report: each class name is what the execution's output names. The snapshot is published all the same.

A message says what was found and where, what was expected, what to do, and whether a retry makes sense.
"""


class ReportError(Exception):
    """Base of the errors that the report raises on purpose."""


class ManifestUnreadable(ReportError):
    """A manifest that the report tells of is missing, or is not what the jobs and the ingest write."""


class ReportQueryFailed(ReportError):
    """Athena did not answer a query of the report."""
