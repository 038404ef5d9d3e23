"""The result object of a query, downloaded whole: GetQueryResults returns a thousand rows at a time."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from botocore.exceptions import ClientError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from mhealth_ops.operations.queries import PAGE_ROWS, Result, Row
from mhealth_ops.operations.stacks import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_IN_MEMORY = 16 << 20
"""The bytes of a result that are kept in memory; a larger one is a temporary file."""


def all_rows(console: Console, stack: Stack, result: Result) -> Iterator[Row]:
    """Every row of a result. More than a page comes from the result object, with progress on a terminal.

    NULL and an empty text are both the empty text, as in Athena's CSV. Where the object may not be read, the rows come
    page by page.
    """
    page: list[Row] = []
    for row in result.rows:
        page.append(row)
        if len(page) > PAGE_ROWS:
            break
    if len(page) <= PAGE_ROWS or not result.location.endswith(".csv"):
        yield from page
        yield from result.rows
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as stream:
        try:
            _download(console, stack.session.client("s3"), result.location, stream)
        except ClientError:
            yield from page
            yield from result.rows
            return
        stream.seek(0)
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        rows = csv.reader(text)
        next(rows)  # the header
        yield from map(tuple, rows)


def _download(console: Console, s3: S3Client, location: str, stream: IO[bytes]) -> None:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    columns = (TextColumn("result"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("result", total=size)
        s3.download_fileobj(bucket, key, stream, Callback=lambda count: progress.advance(task, count))
