"""The errors with a name: the state machine and the documentation know them by it.

Each message is one line and says what was found, where, what was expected, what to do, and whether a retry makes sense.
"""

from __future__ import annotations


class PipelineError(Exception):
    """Base of the errors that a person has to act on: the same input fails again, so none of them is worth a retry."""


class InvalidArgument(PipelineError):
    """A job argument is missing, malformed or points at nothing."""


class TooManyBadRows(PipelineError):
    """More lines were rejected than `max_bad_row_ratio` allows, or a file has no good line at all."""


class DuplicateSubject(PipelineError):
    """Two source files hold rows of the same subject."""


class MissingSubject(PipelineError):
    """A subject of the last published run has no rows in this version."""


class SchemaMismatch(PipelineError):
    """What the job supplies, or has written, does not fit the catalog table."""


class RowCountMismatch(PipelineError):
    """Rows were lost or doubled between two steps, or their values changed."""
