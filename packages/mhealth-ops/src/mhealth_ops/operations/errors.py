"""The errors of the operations. A message says what was found, and what to do."""

from __future__ import annotations


class OperationFailed(Exception):
    """An operation failed."""


class CannotReachAws(OperationFailed):
    """No credentials, no region, no response, or no permission."""


class NoSuchStack(OperationFailed):
    """The stack does not exist in the region, or is not this project's."""


class QueryFailed(OperationFailed):
    """A query failed, or does not exist."""


class NotConfirmed(OperationFailed):
    """The user did not confirm."""


class BucketNotOwnedByStack(OperationFailed):
    """The bucket to delete does not belong to the stack."""


class DeletionFailed(OperationFailed):
    """A stack or its data could not be deleted completely."""
