"""What can go wrong with a source: each class name is the error name of the execution.

A message says what was found and where, what was expected, what to do, and whether it is retryable.
"""

from ingest.texts import one_line


class IngestError(Exception):
    """Base of the errors that the ingest raises on purpose. What it says is one line, however long its parts are."""

    def __init__(self, text: str) -> None:
        super().__init__(one_line(text))


class NoUsableFiles(IngestError):
    """The dataset holds no file in a known layout."""


class EmptyFile(IngestError):
    """A file has no data line: it is empty, blank or a header alone."""


class UnknownLayout(IngestError):
    """A .csv or .log file is in no known layout, or its name does not tell what it has to tell."""


class DuplicateSubject(IngestError):
    """Two files hold one subject, or would get one name in raw/."""


class UnsafeArchive(IngestError):
    """The archive holds an entry that must not be or cannot be read: a climbing path, a link, an encrypted file."""


class SourceTooLarge(IngestError):
    """The source is larger than MAX_SOURCE_BYTES, or than the disk that receives it."""


class InvalidInput(IngestError):
    """The execution's input asks for something that there is not."""


class SecretUnreadable(IngestError):
    """The secret with the Kaggle token does not exist, may not be read, or holds no token."""


class StateUnreadable(IngestError):
    """An object of manifests/ that the pipeline writes for itself is not what it writes."""


class SourceDenied(IngestError):
    """The source refused access: Kaggle by 401 or 403, S3 by a policy or a key."""


class SourceNotFound(IngestError):
    """There is no such source: no such URI, dataset, version, bucket, or nothing below the prefix."""


class SourceUnavailable(IngestError):
    """The source could not be reached, was busy or slow, cannot deliver yet, or sent something damaged. Retryable."""


class SourceChanged(IngestError):
    """The source changed while it was read. Retryable."""


class TableMissing(IngestError):
    """The table is gone from the catalog, so readers of the view get an error."""


class CatalogUnavailable(IngestError):
    """Glue did not say what readers see after several attempts. Retryable."""


class StorageUnavailable(IngestError):
    """S3 did not do what it was asked after several attempts. Retryable."""
