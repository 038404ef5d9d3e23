"""`mhealth report`: the report on a snapshot or on a failed run, its address and its page."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.health import last_runs
from mhealth_ops.operations.snapshots import readers_see
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.telling import has_a_browser


@dataclass(frozen=True)
class Report:
    """A report: its key, and what it is about as text."""

    key: str
    subject: str

    @classmethod
    def on(cls, snapshot: int) -> Report:
        """The report on a snapshot."""
        return cls(f"reports/{snapshot}.html", f"Snapshot {snapshot}")

    @classmethod
    def on_failure(cls, began: datetime, name: str) -> Report:
        """The report on a failed execution that `began` then. The report function names its page by this time."""
        return cls(f"reports/{began.astimezone(UTC):%Y%m%d%H%M%S}-failed.html", f"The failed run {name}")

    @classmethod
    def of_run(cls, execution: str, ended: Ended | None) -> Report | None:
        """The report on a run, None where it writes none: while it runs, and where nothing was new."""
        if ended is None or ended.began is None:
            return None
        if ended.status != "SUCCEEDED":
            return cls.on_failure(ended.began, execution.rpartition(":")[2])
        snapshot = ended.output.get("snapshot") if ended.output.get("outcome", "").startswith("published") else None
        return None if snapshot is None else cls.on(int(snapshot))

    def address(self, stack: Stack) -> str | None:
        """The S3 address, None where the report does not exist."""
        return self._address(stack) if self.key in dict(stack.objects(self.key)) else None

    def _address(self, stack: Stack) -> str:
        return f"s3://{stack.bucket}/{self.key}"

    def show(self, console: Console, stack: Stack, *, to: Path | None, opened: bool) -> None:
        """Print the address; save the page, and open it in a browser. Raises OperationFailed without a report."""
        page = self._page(stack)
        if opened and to is None:
            to = Path(tempfile.mkdtemp(prefix="mhealth-")) / Path(self.key).name
        console.print(self._address(stack), highlight=False, soft_wrap=True)
        if to is not None:
            to.write_bytes(page)
            console.print(to.absolute().as_uri(), highlight=False, soft_wrap=True)
            if opened and not (has_a_browser() and webbrowser.open(to.absolute().as_uri())):
                console.print("There is no browser here: open this file in one.", highlight=False)

    def _page(self, stack: Stack) -> bytes:
        try:
            return stack.session.client("s3").get_object(Bucket=stack.bucket, Key=self.key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            written = sorted(key for key, _ in stack.objects("reports/"))
            there = ", ".join(Path(key).stem for key in written[-5:]) or "none"
            raise OperationFailed(f"{self.subject} has no report. The last ones: {there}.") from None


def choose_report(stack: Stack, snapshot: int | None, execution: str) -> Report:
    """The report on a snapshot, or on the run with the ARN `execution`; with neither, on the published snapshot.

    With neither, and nothing published, it is the report on the last run if that failed. If a run failed after the
    publication, its report is named on standard error. Raises OperationFailed where there is nothing to report on.
    """
    if execution:
        return _of_execution(stack, execution)
    if snapshot is not None:
        return Report.on(snapshot)
    published, failed = readers_see(stack), _of_last_failure(stack)
    if published is None:
        if failed is None:
            raise OperationFailed("No snapshot is published: name one, or start mhealth run.")
        return failed
    if failed is not None and (address := failed.address(stack)):
        print(f"{failed.subject} is newer; its report: {address}", file=sys.stderr)
    return Report.on(published)


def _of_last_failure(stack: Stack) -> Report | None:
    last = next((run for run in last_runs(stack, 2) if run.ended), None)
    return Report.of_run(last.execution, last.ended) if last and last.failed else None


def _of_execution(stack: Stack, execution: str) -> Report:
    found: dict[str, Any] = dict(stack.session.client("stepfunctions").describe_execution(executionArn=execution))
    if "stopDate" not in found:
        raise OperationFailed(f"The execution {execution} is still running: mhealth run --follow {execution}")
    report = Report.of_run(execution, Ended.of(found))
    if report is None:
        raise OperationFailed(f"The execution {execution} found nothing new and wrote no report: mhealth report.")
    return report
