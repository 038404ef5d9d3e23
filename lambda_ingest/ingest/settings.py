"""The function's environment, as the template sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What every run needs of it; a source reads what is its own."""

    bucket: str
    source_uri: str
    raw_prefix: str
    manifests_prefix: str
    processed_prefix: str
    database: str
    table: str
    view: str
    code_version: str
    max_source_bytes: int
    metrics_namespace: str
    stack: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; a missing one raises KeyError with its name."""
        return cls(
            bucket=environment["BUCKET_NAME"],
            source_uri=environment["SOURCE_URI"],
            raw_prefix=environment["RAW_PREFIX"],
            manifests_prefix=environment["MANIFESTS_PREFIX"],
            processed_prefix=environment["PROCESSED_PREFIX"],
            database=environment["DATABASE_NAME"],
            table=environment["TABLE_NAME"],
            view=environment["VIEW_NAME"],
            code_version=environment["CODE_VERSION"],
            max_source_bytes=int(environment["MAX_SOURCE_BYTES"]),
            metrics_namespace=environment["METRICS_NAMESPACE"],
            stack=environment["STACK_NAME"],
        )
