"""The page on a failed run. It has no charts, so that the notice about the failure does not wait for them."""

from __future__ import annotations

from snapshot_report import costs
from snapshot_report.failed import FailedRun
from snapshot_report.presentation import fill, in_order


def render_failed(run: FailedRun) -> bytes:
    """Render the report of a failed run as HTML in UTF-8."""
    return fill(
        "failed.html.j2",
        run=run,
        files=sorted(run.raw.files, key=lambda file: in_order(file.source)) if run.raw else [],
        prices=costs.PRICES,
    )
