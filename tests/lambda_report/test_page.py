"""The page as text: every figure is on it, and hostile text stays text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from snapshot_report.changes import changes
from snapshot_report.manifests import Check, RawFile, Skipped
from snapshot_report.page import cut, in_order, render, size, usd, visible, when
from snapshot_report.quarantine import Quarantine, RejectedLine
from snapshot_report.queries import Count
from snapshot_report.report import check_groups
from tests.growth import LINEAR, growth

from .reading import Page, words
from .sample import before, report, snapshot

SMALL = (40000, 38000)


def test_what_came_in_and_went_out_is_told_in_numbers() -> None:
    reported = words(render(report(SMALL)))
    assert "78,002 data lines in 2 source files" in reported
    assert "78,000 + 2 = 78,002" in reported
    assert "mHealth_subject1.log mhealth_log 7.1 MB 40,002 40,000 2" in reported
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


def test_no_rejected_line_is_good_news() -> None:
    clean = replace(report(SMALL), quarantine=Quarantine((), 0, 0))
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
    assert "all stages 239.0 0.17814" in reported
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
        quarantine=Quarantine((RejectedLine(text, 1, text, text), one.quarantine.shown[1]), 2, 1),
        snapshot=replace(
            one.snapshot, dataset=text, code_version=text, checks=(Check(text, text, text, True), *one.snapshot.checks)
        ),
    )
    made = Page(render(hostile))
    usual = Page(plain)
    assert set(made.tags) == set(usual.tags)
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
    page = render(replace(report(SMALL), quarantine=Quarantine((line,), 1, 1)))
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
    ],
)
def test_amounts_are_told_for_people(reported: str, expected: str) -> None:
    assert reported == expected
