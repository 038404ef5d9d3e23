"""What an operation can end with. Each message is one a person reads: what was found, and what to do."""

from __future__ import annotations


class OperationFailed(Exception):
    """An operation did not do what it was asked for."""


class CannotReachAws(OperationFailed):
    """No credentials, no region, no answer, or no permission."""


class NoSuchStack(OperationFailed):
    """There is no stack of that name in that region, or it is not this project's."""


class QueryFailed(OperationFailed):
    """Athena did not answer a query, or there is none to ask."""


class NotConfirmed(OperationFailed):
    """The person did not confirm."""


class BucketNotOwnedByStack(OperationFailed):
    """A bucket that was to be emptied does not belong to the stack that was named."""


class DeletionFailed(OperationFailed):
    """A stack or its data could not be deleted whole."""
