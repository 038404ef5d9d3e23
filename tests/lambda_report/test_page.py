"""The page as text: every figure is on it, and hostile text stays text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from snapshot_report.changes import changes
from snapshot_report.failed import Failure
from snapshot_report.failed_page import render_failed
from snapshot_report.manifests import Check, RawFile, Skipped
from snapshot_report.page import render
from snapshot_report.presentation import counted, cut, in_order, moment, share, size, usd, visible, when
from snapshot_report.quarantine import FileCount, Quarantine, ReasonCount, RejectedLine
from snapshot_report.queries import Count
from snapshot_report.report import check_groups
from tests.growth import LINEAR, growth

from .reading import Page, words
from .sample import NOTHING_REJECTED, before, failed, report, snapshot

SMALL = (40000, 38000)


def test_what_came_in_and_went_out_is_told_in_numbers() -> None:
    reported = words(render(report(SMALL)))
    assert "78,002 data lines in 2 source files" in reported
    assert "78,000 + 2 = 78,002" in reported
    assert "mHealth_subject1.log 40,000 2 40,002 7.1 MB mhealth_log" in reported
    assert "Published 2026-11-24 08:04:12 UTC from version 2" in reported
    assert "README.txt" in reported


def test_source_files_are_in_the_order_of_their_numbers() -> None:
    names = ["subject10.log", "subject2.log", "b/subject1.log", "subject1 (2).log", "subject1.log"]
    assert sorted(names, key=in_order) == [
        *("b/subject1.log", "subject1 (2).log", "subject1.log", "subject2.log", "subject10.log"),
    ]


def test_lines_that_are_nowhere_are_said_aloud() -> None:
    lost = report(SMALL)
    source, *others = lost.snapshot.sources
    wrong = replace(lost.snapshot, sources=(replace(source, lines=source.lines + 5), *others))
    assert "They are not 78,000 rows + 2 rejected lines." in words(render(replace(lost, snapshot=wrong)))


def test_rejected_lines_are_shown_with_file_line_reason_and_text() -> None:
    reported = words(render(report(SMALL)))
    assert "2 lines in 1 file could not be read as data" in reported
    assert "mHealth_subject1.log 21 26 fields, expected 24 -9.8184,oops,0.0092,0.29563,0.0042" in reported


def test_rejected_lines_are_told_by_reason_and_by_file_with_the_key_of_their_object_before_all_else() -> None:
    reported = words(render(report(SMALL)))
    assert "26 fields, expected 24 1 1 mHealth_subject1.log, line 21 field 3" in reported
    assert "field 3 (chest_accel_z) is not a number 1 1 mHealth_subject1.log, line 4,711: 'n/a' all" in reported
    assert "They are stored uncut in the objects of s3://mhealth-data/" in reported
    assert "2 < 0.01 % mHealth_subject1.logquarantine/version=2/mHealth_subject1.jsonl 1 of 26 fields" in reported
    order = [
        "By reason",
        "published before",
        "The last 4 runs",
        "Source files(?! that)",
        "Rows per subject",
        "What was ch",
    ]
    places = [re.search(text, reported).start() for text in order]  # type: ignore[union-attr]
    assert places == sorted(places)


def test_no_reason_is_left_out() -> None:
    line = RejectedLine("a.log", 1, "x", "x")
    reasons = tuple(ReasonCount(f"reason {n}", 1, 1, line) for n in range(1, 301))
    one = replace(report(SMALL), quarantine=Quarantine((), 310, reasons[:199]))
    reported = words(render(one))
    assert all(f"reason {n} 1 1 a.log" in reported for n in range(1, 200))
    assert "not read 111 " in reported
    reported = words(render(replace(one, quarantine=Quarantine((), 310, reasons))))
    assert "reason 200 1 1" in reported
    assert "100 other reasons 100 " in reported
    assert "not read 10 " in reported
    assert "all reasons 310" in reported


def test_the_last_runs_are_told_newest_first_with_the_failed_ones() -> None:
    reported = words(render(report(SMALL)))
    assert "2026-11-24 08:00:00 (this run) 78,000 2 239.0 0.17814 published" in reported
    assert "2026-11-22 08:00:00 none not counted 62.0 0.00181 failed: SourceUnavailable" in reported
    assert reported.index("2026-11-24 08:00:00 (this run)") < reported.index("2026-11-22 08:00:00")
    alone = words(render(replace(report(SMALL), earlier=())))
    assert "This is the first run with a report." in alone


def test_a_synthetic_dataset_is_called_so_and_another_one_is_not() -> None:
    one = report(SMALL)
    assert "ynthetic" not in words(render(one))
    for name in ("SYNTHETIC.md", "MHEALTHDATASET/SYNTHETIC", "a/SYNTHETIC data.txt"):
        marked = replace(one, raw=replace(one.raw, skipped=(*one.raw.skipped, Skipped(name, "neither"))))
        reported = words(render(marked))
        assert (
            f"Synthetic data: made by a program, no person was measured. The dataset says so itself, by its file {name}"
            in reported
        )
        assert "These recordings are synthetic." in reported
        assert "hours of synthetic recording" in reported
        assert "Synthetic data:" in words(render_failed(replace(failed(), raw=marked.raw)))
    for name in ("SYNTHETICS.md", "SYNTHETIC/notes.md", "not SYNTHETIC.md"):
        other = replace(one, raw=replace(one.raw, skipped=(Skipped(name, "neither"),)))
        assert "Synthetic data" not in words(render(other))


def test_a_failed_run_tells_why_it_stopped_what_was_read_and_what_was_rejected() -> None:
    reported = words(render_failed(failed()))
    assert "mHealth run failed: TooManyBadRows" in reported
    assert "Glue's error category: UNCLASSIFIED_ERROR, line 54 of the job's script" in reported
    assert "Started 2026-11-25 08:00:00 UTC, stopped in ConvertParquet, on version 3 of nirmalsankalana/" in reported
    assert "2 of 1,215,747 data lines were rejected (0.0002 %), MaxBadRowRatio allows 0.0001 %." in reported
    assert "Data lines read 1,215,747 in 10 source files" in reported
    assert "Rejected lines 2 < 0.01 % of the data lines" in reported
    assert "Readers see 2026-11-24 08:00:00 snapshot 20261124080000" in reported
    assert "26 fields, expected 24 1 1 mHealth_subject1.log, line 21" in reported
    assert "quarantine/version=2/mHealth_subject1.jsonl" in reported
    assert "mHealth_subject10.log 98,304 17.5 MB mhealth_log" in reported
    assert "2026-11-25 08:00:00 (this run) none 2 79.7 0.01772 failed: TooManyBadRows" in reported
    assert "2026-11-24 08:00:00 1,215,745 2 239.0 0.17814 published" in reported
    # The job's own seconds are not known: 2 DPU x 70.5 s x 0.44 / 3600.
    assert "ConvertParquet 70.5 0.01723 assumed 2 DPU x 70 s" in reported


def test_a_run_that_failed_before_it_read_anything_says_so() -> None:
    early = replace(failed(), raw=None, quarantine=None, seen=None, dataset="", runs=[failed().runs[-1]])
    reported = words(render_failed(early))
    assert "Data lines read none no version was landed" in reported
    assert "The run stopped before a line was parsed." in reported
    assert "The run stopped before a version of the dataset was landed whole." in reported
    assert "Readers see unknown what the view mhealth shows" in reported


def test_rejected_lines_that_are_not_all_read_are_at_least_so_many() -> None:
    assert "There are more" not in words(render_failed(failed()))
    some = replace(failed().quarantine or NOTHING_REJECTED, complete=False)
    assert "There are more: only the first were read." in words(render_failed(replace(failed(), quarantine=some)))


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_hostile_text_stays_text_on_the_page_of_a_failed_run(text: str) -> None:
    one = failed()
    assert one.raw
    raw = replace(one.raw, files=(RawFile("a", text, text, 1, "raw/a.csv", 1),), skipped=(Skipped(text, text),))
    hostile = replace(
        one, execution=text, dataset=text, failure=Failure(text, text, text), raw=raw, quarantine=rejected_as(text)
    )
    made, usual = Page(render_failed(hostile)), Page(render_failed(one))
    assert set(made.tags) | {"wbr"} == set(usual.tags)  # a name without a slash has no place to break
    assert {name for name, _ in made.attributes} <= {name for name, _ in usual.attributes}
    assert made.text.count(text) >= 15


def test_no_rejected_line_is_good_news() -> None:
    clean = replace(report(SMALL), quarantine=NOTHING_REJECTED)
    assert "None: every data line became a row." in words(render(clean))


def test_checks_of_many_files_are_one_line() -> None:
    groups = {group.name: (group.passed, group.of) for group in check_groups(report(SMALL))}
    assert groups == {
        "the objects are those that were written": (1, 1),
        "ids are unique and in order": (1, 1),
        "every file has the table's schema": (1, 1),
        "data lines of each source file = rows + rejected lines": (2, 2),
        "values of each source file are those that were parsed": (2, 2),
        "rows counted through Athena before the publication": (1, 1),
        "rows per subject and activity, counted through Athena for this page": (1, 1),
    }


def test_a_path_with_spaces_is_taken_out_of_its_checks_name() -> None:
    one = report(SMALL)
    path = "raw data (1)/mHealth_subject1.log"
    raw = replace(one.raw, files=(RawFile("mHealth_subject1", path, "log", 1, "raw/one.csv"),))
    checks = (Check(f"data lines of {path} = rows + rejected lines", "1", "1", True),)
    groups = check_groups(replace(one, raw=raw, snapshot=replace(one.snapshot, checks=checks)))
    assert groups[0].name == "data lines of each source file = rows + rejected lines"


def test_checks_grow_with_the_words_of_a_path_and_not_with_their_square() -> None:
    one = report(SMALL)

    def prepared(count: int) -> Callable[[], object]:
        path = f"{'raw ' * count}data.log"
        raw = replace(one.raw, files=(RawFile("data", path, "log", 1, "raw/one.csv"),))
        checks = tuple(Check(f"values of {path} are {n}", "1", "1", True) for n in range(count))
        return lambda: check_groups(replace(one, raw=raw, snapshot=replace(one.snapshot, checks=checks)))

    assert growth(prepared) < LINEAR


def test_a_count_that_differs_is_a_failed_check() -> None:
    one = report(SMALL)
    fewer = replace(one, counts=one.counts[1:])
    last = check_groups(fewer)[-1]
    assert (last.passed, last.of, last.expected) == (0, 1, "78,000")
    assert "FAILED" in words(render(fewer))
    assert "FAILED" not in words(render(one))


def test_seconds_and_cost_are_told_per_stage_with_their_sum() -> None:
    reported = words(render(report(SMALL)))
    assert "ConvertParquet 71.3 0.01467 2 DPU x 60 s, as billed: the least, it took 29 s" in reported
    assert "GlueTransform 93.7 0.01589 2 DPU x 65 s, as billed" in reported
    assert "all stages 239.0 0.17814 0.14667 of it is assumed" in reported
    assert "RefreshCatalog 61.2 0.14667 assumed" in reported
    assert "Cost $0.18 at list prices, before free tiers; $0.15 of it is assumed" in reported
    assert "list prices of us-east-1, noted 2026-11-24" in reported


def test_changes_are_told_against_the_snapshot_before() -> None:
    reported = words(render(report(SMALL)))
    assert "published before snapshot 20261123080000" in reported
    assert "rows +37,997" in reported
    assert "mHealth_subject1 changed -3 +2" in reported
    assert "mHealth_subject2 new +38,000" in reported


def test_the_first_snapshot_has_none_before_it() -> None:
    first = replace(report(SMALL), before=None, changes=None)
    assert "This is the first snapshot that was published." in words(render(first))


def test_a_snapshot_before_whose_manifest_is_gone_is_named() -> None:
    gone = replace(report(SMALL), changes=None)
    assert "Snapshot 20261123080000 was published before; its manifest is gone" in words(render(gone))


def test_without_an_activity_there_are_no_signals() -> None:
    idle = replace(report(SMALL), counts=[Count(1, 0, "null class", 78000)], choice=None, panels=[])
    assert "No row belongs to an activity" in words(render(idle))


@pytest.mark.volume
def test_two_thousand_subjects_make_a_page_of_the_same_length() -> None:
    many = tuple([5000] * 2000)
    page = render(report(many))
    reported = words(page)
    assert len(page) < 500_000
    assert "(25 of 2,000 files)" in reported
    assert "2000 of 2000" not in reported
    assert "passed 2,000 of 2,000" in reported
    now = snapshot(many)
    everything_new = changes(replace(before(now), sources=(), files=()), now)
    reported = words(render(replace(report(many), changes=everything_new)))
    assert "23, 24, 25 and 1,975 more" in reported


def rejected_as(text: str) -> Quarantine:
    """One rejected line whose file, reason, text and key are `text`."""
    line = RejectedLine(text, 1, text, text)
    return Quarantine(
        (line,), 1, (ReasonCount(text, 1, 1, line),), (FileCount(text, text, 1, 2, [(text, 1), (text, 0)]),)
    )


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &#60;b&#62;",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_wherever_it_stands(text: str) -> None:
    plain = render(report(SMALL))
    one = report(SMALL)
    hostile = replace(
        one,
        execution=text,
        published_at=text,
        counts=[*one.counts, Count(2, 12, text, 0)],
        raw=replace(
            one.raw,
            files=(RawFile("mHealth_subject1", text, text, 1, "raw/one.csv"), *one.raw.files[1:]),
            skipped=(Skipped(text, text),),
        ),
        quarantine=rejected_as(text),
        snapshot=replace(
            one.snapshot, dataset=text, code_version=text, checks=(Check(text, text, text, True), *one.snapshot.checks)
        ),
    )
    made = Page(render(hostile))
    usual = Page(plain)
    assert set(made.tags) | {"wbr"} == set(usual.tags)  # a name without a slash has no place to break
    assert {name for name, _ in made.attributes} <= {name for name, _ in usual.attributes} | {"colspan"}
    assert made.text.count(text) >= 10


def test_files_left_out_that_no_manifest_lists_are_counted() -> None:
    one = report(SMALL)
    page = render(replace(one, raw=replace(one.raw, skipped_files=299_999))).decode()
    assert "299,999 files were left out" in page
    assert "(1 of 299,999 files)" in page


def test_characters_that_one_does_not_see_are_written_as_escapes() -> None:
    assert visible("a\tb\x00c\u202egnp.exe\ud800\u200b\u2028ö日") == (
        "a\\x09b\\x00c\\u202egnp.exe\\ud800\\u200b\\u2028ö日"
    )
    line = RejectedLine("a\u202eb.log", 1, "no number", "x\x00\ud800")
    page = render(replace(report(SMALL), quarantine=Quarantine((line,), 1)))
    assert "a\\u202eb.log" in page.decode()
    assert "x\\x00\\ud800" in page.decode()


def test_the_page_may_fetch_and_run_nothing() -> None:
    page = render(report(SMALL)).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1].replace("&#39;", "'").startswith("default-src 'none'; style-src 'sha256-")
    assert re.findall(r'(?:src|href)="([^"#][^"]*)"', page) == []
    assert re.findall(r"url\(|@import|<script|\sstyle=|\son\w+=", page) == []


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (size(999), "999 bytes"),
        (size(28_700_000), "28.7 MB"),
        (size(4e12), "4,000.0 GB"),
        (usd(0), "0.00"),
        (usd(0.000005), "< 0.00001"),
        (usd(0.14667), "0.14667"),
        (usd(1.999), "2.00"),
        (cut("a" * 301), "a" * 300 + "… (301 characters)"),
        (when("2026-11-24T03:14:54.123Z"), "2026-11-24 03:14:54 UTC"),
        (when("None"), "None"),
        (moment(20261124031454), "2026-11-24 03:14:54"),
        (moment(7), "7"),
        (counted(1, "line"), "1 line"),
        (counted(2000, "line"), "2,000 lines"),
        (share(1, 100_000), "< 0.01 %"),
        (share(1, 8), "12.5 %"),
        (share(99_999, 100_000), "> 99.99 %"),
        (share(5, 5), "100 %"),
    ],
)
def test_amounts_are_told_for_people(reported: str, expected: str) -> None:
    assert reported == expected
