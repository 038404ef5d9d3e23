"""What a failed run hands over, and the totals that later reports read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snapshot_report.failed import Failure, read_failure, totals
from snapshot_report.storage import Bucket
from snapshot_report.trend import MOST_RUNS, Run, earlier_runs, report_key, run_number

from .sample import failed, report


@pytest.mark.parametrize(
    ("given", "expected", "of_glue"),
    [
        pytest.param(
            "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 54; TooManyBadRows: 9; of 10",
            "9; of 10",
            ("UNCLASSIFIED_ERROR", "54"),
            id="with-line",
        ),
        pytest.param(
            "Error Category: QUERY_ERROR; TooManyBadRows: 9 of 10", "9 of 10", ("QUERY_ERROR", ""), id="short"
        ),
        pytest.param("TooManyBadRows: 9 of 10", "9 of 10", (), id="older-glue"),
        pytest.param("9 of 10, Error Category: x; y", "9 of 10, Error Category: x; y", (), id="in-the-text"),
        pytest.param(
            "Error Category: UNCLASSIFIED_ERROR; An error occurred while calling o163.pyWriteDynamicFrame. Retry 10",
            "An error occurred while calling o163.pyWriteDynamicFrame. Retry 10",
            ("UNCLASSIFIED_ERROR", ""),
            id="java-error-without-class",
        ),
    ],
)
def test_the_cause_is_the_messages_own_words(given: str, expected: str, of_glue: tuple[str, ...]) -> None:
    """The forms are those of public run logs: docs/aws-facts.md. The categories are kept for an engineer."""
    found = read_failure("ConvertParquet", {"failure": {"Error": "TooManyBadRows", "Cause": given}})
    assert found == Failure("ConvertParquet", "TooManyBadRows", expected, *of_glue)


def test_a_failure_without_a_cause_has_words_for_it() -> None:
    assert read_failure("DownloadCSV", {}) == Failure("DownloadCSV", "unknown", "no cause is given")


def test_the_number_of_a_run_is_its_start_in_utc() -> None:
    assert run_number("2026-11-25T08:00:00.999Z") == 20261125080000
    assert run_number("2026-11-25T08:00:00+09:00") == 20261124230000


def test_a_failed_run_leaves_its_error_seconds_and_cost() -> None:
    left = totals(failed())
    assert (left.number, left.outcome, left.rows, left.rejected) == (20261125080000, "TooManyBadRows", None, 2)
    assert left.seconds == pytest.approx(79.7)
    partly = replace(failed(), quarantine=replace(failed().quarantine, complete=False))  # type: ignore[type-var]
    assert totals(partly).rejected is None
    assert totals(replace(failed(), quarantine=None)).rejected is None


def test_the_totals_of_earlier_reports_are_read_back_oldest_first(bucket: Bucket) -> None:
    runs = [
        report().run,
        Run(20261125080000, "TooManyBadRows", None, 7, 79.75, 0.01772),
        Run(20261126080000, "SourceDenied", None, None, 2.5, 0.0),
    ]
    for run in runs:
        bucket.put_page(report_key("reports", run.number, failed=not run.published), b"page", run.metadata())
    # A report of an earlier release has no totals; another object is no report.
    bucket.put_page("reports/20261101080000.html", b"page", {})
    bucket.put_page("reports/20261102080000.html", b"page", {"outcome": "published", "seconds": "many", "usd": "1"})
    bucket.put_page("reports/notes.html", b"page", {"outcome": "published", "seconds": "1", "usd": "1"})
    first, *others = earlier_runs(bucket, "reports", 20261127080000)
    assert (first.number, first.rows, first.rejected, first.usd) == (
        *(20261124080000, 1215745, 2),
        pytest.approx(0.17814, abs=1e-5),
    )
    assert others == runs[1:]
    assert bucket.keys("reports/20261125") == ["reports/20261125080000-failed.html"]
    assert [run.number for run in earlier_runs(bucket, "reports", 20261125080000)] == [20261124080000]


def test_a_trend_has_the_last_twelve_runs_with_the_own_one(bucket: Bucket) -> None:
    for day in range(1, 21):
        run = Run(20261200080000 + day * 1_000_000, "published", day, 0, 1.0, 0.1)
        bucket.put_page(report_key("trend", run.number), b"page", run.metadata())
    found = earlier_runs(bucket, "trend", 20261218080000)
    assert [run.rows for run in found] == list(range(7, 18))
    assert len(found) == MOST_RUNS - 1


def test_an_error_of_any_name_can_be_metadata(bucket: Bucket) -> None:
    run = Run(20261124080000, "Fehler: 誤り" * 30, None, None, 1.0, 0.0)
    bucket.put_page(report_key("odd", run.number, failed=True), b"page", run.metadata())
    (found,) = earlier_runs(bucket, "odd", 20261125080000)
    assert found.outcome == ("Fehler: ??" * 30)[:100]
