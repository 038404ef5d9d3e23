"""`mhealth report`: the report on a snapshot, its address and its page."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

from botocore.exceptions import ClientError
from rich.console import Console

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.snapshots import readers_see
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.telling import has_a_browser


def report_key(snapshot: int) -> str:
    """The key of a snapshot's report."""
    return f"reports/{snapshot}.html"


def report_address(stack: Stack, snapshot: int) -> str | None:
    """The S3 address of a snapshot's report, None where it has none."""
    key = report_key(snapshot)
    exists = key in dict(stack.objects(key))
    return f"s3://{stack.bucket}/{key}" if exists else None


def show_report(console: Console, stack: Stack, snapshot: int | None, *, to: Path | None, opened: bool) -> None:
    """Print the address of the report on a snapshot (None: the published one); save it, and open it in a browser.

    Raises OperationFailed where there is no snapshot or no report.
    """
    number = readers_see(stack) if snapshot is None else snapshot
    if number is None:
        raise OperationFailed("No snapshot is published: name one, or start mhealth run.")
    if opened and to is None:
        to = Path(tempfile.mkdtemp(prefix="mhealth-")) / f"{number}.html"
    page = _page(stack, number)
    console.print(f"s3://{stack.bucket}/{report_key(number)}", highlight=False, soft_wrap=True)
    if to is not None:
        to.write_bytes(page)
        console.print(to.absolute().as_uri(), highlight=False, soft_wrap=True)
        if opened and not (has_a_browser() and webbrowser.open(to.absolute().as_uri())):
            console.print("There is no browser here: open this file in one.", highlight=False)


def _page(stack: Stack, snapshot: int) -> bytes:
    try:
        return stack.session.client("s3").get_object(Bucket=stack.bucket, Key=report_key(snapshot))["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        written = sorted(key for key, _ in stack.objects("reports/"))
        there = ", ".join(Path(key).stem for key in written[-5:]) or "none"
        raise OperationFailed(f"Snapshot {snapshot} has no report. The last ones: {there}.") from None
