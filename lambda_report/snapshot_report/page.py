"""The page on a published snapshot."""

from __future__ import annotations

from snapshot_report import costs, figures
from snapshot_report.charts import Figure
from snapshot_report.presentation import fill, in_order
from snapshot_report.report import Report, activities, check_groups
from snapshot_report.signals import SAMPLES_PER_SECOND


def render(report: Report) -> bytes:
    """Render a report as HTML in UTF-8."""
    return fill(
        "page.html.j2",
        report=report,
        snapshot=report.snapshot,
        files=sorted(report.raw.files, key=lambda file: in_order(file.source)),
        sources={source.name: source for source in report.snapshot.sources},
        activities=activities(report.counts),
        checks=check_groups(report),
        pictures=_pictures(report),
        sample=figures.signals(report.choice, report.panels) if report.choice and report.panels else None,
        stages_picture=figures.seconds_per_stage(report.stages),
        trend_picture=figures.last_runs(report.runs) if len(report.runs) > 1 else None,
        prices=costs.PRICES,
        hours=report.snapshot.rows / SAMPLES_PER_SECOND / 3600,
    )


def _pictures(report: Report) -> list[Figure]:
    made = (figures.rows_per_subject, figures.rows_per_activity, figures.rows_per_subject_and_activity)
    return [make(report.counts) for make in made] if report.counts else []
