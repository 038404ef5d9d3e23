"""The named errors of the jobs. The state machine and docs/errors.md use the names.

Each message is one line and says what was found, where, what was expected, what to do, and whether it is retryable.
"""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_MESSAGE = 2000
"""Characters: a message travels through Glue, Step Functions (256 KiB for all of a state) and an e-mail."""

_END_KEPT = 600
"""Characters at the end of a message that are kept where its middle is cut: they say what to do."""


def one_line(text: str) -> str:
    r"""The text as one line of printable characters, cut in its middle to at most `LONGEST_MESSAGE` of them.

    Messages quote file names, data and other services' answers, so control characters are escaped as in Python source.

    >>> print(one_line("a\nb\x1b[2J\u202e"))
    a\nb\x1b[2J\u202e
    """
    line = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    if len(line) <= LONGEST_MESSAGE:
        return line
    cut = f" ... ({len(line)} characters in all) ... "
    return line[: LONGEST_MESSAGE - _END_KEPT - len(cut)] + cut + line[-_END_KEPT:]


def some(items: Sequence[object], most: int = 5) -> str:
    """The first items, and how many more there are.

    >>> some([1, 2, 3], most=2)
    '1, 2 and 1 more'
    """
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


class PipelineError(Exception):
    """Base of the named errors. Its message becomes one printable line of bounded length."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class InvalidArgument(PipelineError):
    """A job argument is missing or malformed, or names an object that does not exist."""


class CodeVersionMismatch(PipelineError):
    """A deployment changed the job's code after the run had begun."""


class TooManyBadRows(PipelineError):
    """More lines were rejected than `max_bad_row_ratio` allows, or a file has no good line at all."""


class DuplicateSubject(PipelineError):
    """Two source files hold rows of the same subject."""


class MissingSubject(PipelineError):
    """A subject of the last published run has no rows in this version."""


class SchemaMismatch(PipelineError):
    """What the job supplies, or has written, does not fit the catalog table."""


class PartitionMismatch(PipelineError):
    """The catalog has a partition of the snapshot with another location or other columns than expected."""


class RowCountMismatch(PipelineError):
    """Rows were lost or doubled between two steps, or their values changed."""


class JobFailed(PipelineError):
    """Any other failure of a job: a service's error, a lost worker, memory, a defect."""
