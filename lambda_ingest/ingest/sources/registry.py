"""Which sources there are, by the scheme of their URIs."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.errors import SourceNotFound
from ingest.sources.base import DatasetSource
from ingest.sources.kaggle import KaggleSource
from ingest.sources.s3 import S3Source
from ingest.texts import cut

SOURCES: Mapping[str, type[DatasetSource]] = {
    "kaggle": KaggleSource,
    "s3": S3Source,
}


def source_of(uri: str, environment: Mapping[str, str]) -> DatasetSource:
    """Return the source that a URI names. Raises SourceNotFound where it names none."""
    scheme, _, location = uri.partition("://")
    if scheme not in SOURCES or "://" not in uri:
        expected = " or ".join(source.expected for source in SOURCES.values())
        raise SourceNotFound(
            f"{cut(uri)!r} is no source. Expected {expected} in SOURCE_URI (the stack's parameter SourceUri). "
            "Correct the parameter. Not retryable."
        )
    return SOURCES[scheme].from_location(location, environment)
