"""Names and numbers that come from outside are what they look like, or are refused by name before they are used."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.entries import Entry
from ingest.errors import IngestError, InvalidInput, SourceNotFound, UnknownLayout
from ingest.raw_zone import RawZone
from ingest.selection import chosen
from ingest.sources import kaggle
from ingest.sources.registry import source_of
from ingest.versions import asked_for
from tests.lambda_ingest.conftest import Surroundings

ROW = b"\t".join([b"1.5"] * 23) + b"\t0\n"
EVERYONE = b"alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject\n1,2,3,4,5,6,7,8,9,10,11,12,0,subject1\n"


def entry(path: str, data: bytes = ROW) -> Entry:
    return Entry(path, len(data), lambda: io.BytesIO(data))


@pytest.mark.notices("lambda_ingest/ingest/selection.py", "_KEY_SAFE.fullmatch(name)", "_KEY_SAFE.match(name)")
@pytest.mark.parametrize(
    "name",
    [
        *(
            "a'b",
            'a"b',
            "a;b",
            "a%2e%2e%2fb",
            "a b",
            "a\nb",
            "a\x00b",
            "a\tb",
            "a?b",
            "a*b",
            "a=b",
            "a&b",
            "a#b",
            "a\u202eb",
        ),
        *("mHealth_subject\uff11", "m\xe4", "a" * 201, "x" * 5000, "$(id)", "`id`", "a{b}", "a\r"),
    ],
    ids=lambda name: ascii(name[:20]),
)
@pytest.mark.parametrize("suffix", [".csv", ".log"])
def test_a_file_name_that_is_no_plain_word_is_refused(name: str, suffix: str) -> None:
    with pytest.raises(UnknownLayout, match=r"can't be used in raw/|does not tell the subject"):
        chosen([entry(f"data/{name}{suffix}", EVERYONE if suffix == ".csv" else ROW)])


@pytest.mark.parametrize(
    ("number", "subject"),
    [("0", 0), ("1", 1), ("0001", 1), ("999999999", 999_999_999), ("0" * 100 + "7", 7)],
    ids=["zero", "one", "leading-zeros", "largest", "many-zeros"],
)
def test_a_subject_in_a_name_is_at_most_nine_digits(number: str, subject: int) -> None:
    files, _ = chosen([entry(f"mHealth_subject{number}.log")])
    assert files[0].recognised.subject == subject


@pytest.mark.parametrize("number", ["1000000000", "9" * 150, "-1", "1e3", "1.0", "0x1", "1_0", ""])
def test_other_numbers_in_a_name_are_no_subject(number: str) -> None:
    with pytest.raises(UnknownLayout, match="its name does not tell the subject"):
        chosen([entry(f"mHealth_subject{number}.log")])


@given(path=st.text(max_size=30), suffix=st.sampled_from([".csv", ".log", ".CSV", ".txt", ""]))
def test_whatever_a_file_is_called_its_key_is_one_plain_component(path: str, suffix: str) -> None:
    try:
        files, _ = chosen([entry(path + suffix, EVERYONE)])
    except IngestError:
        return
    for file in files:
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,200}", file.name, re.ASCII)
        assert file.name not in (".", "..")


NO_SECRET = {"KAGGLE_SECRET_ARN": ""}

HANDLES = [
    *("../..", "a/..", "../b", "a/b/../c", "a/b/versions/0", "a/b/versions/-1", "a/b/versions/01", "a/b/versions/1/2"),
    *(
        "a/b/versions/\uff11",
        f"a/b/versions/{'9' * 30}",
        "a/b\n",
        "a /b",
        "a/b?x=1",
        "a/b#c",
        "a/%2e%2e",
        "a/b;c",
        "a/b'c",
    ),
    *("a\\b/c", "a/b\x00", "http://a/b", "\xe4/b", "a/" + "b" * 101, "/a/b", "a/b/", "", "a/" + "b" * 10_000),
]


@pytest.mark.notices("lambda_ingest/ingest/sources/kaggle.py", "_HANDLE.fullmatch(dataset)", "_HANDLE.match(dataset)")
@pytest.mark.parametrize("handle", HANDLES, ids=lambda handle: ascii(handle[:25]))
def test_a_handle_that_is_more_than_two_words_is_refused_before_anything_is_asked(handle: str) -> None:
    # No Kaggle is served here: a request would fail with another error.
    for ask in (kaggle.name_of, kaggle.current_version, lambda handle: source_of(f"kaggle://{handle}", NO_SECRET)):
        with pytest.raises(SourceNotFound, match="is no dataset handle"):
            ask(handle)


@pytest.mark.notices("lambda_ingest/ingest/versions.py", "type(version) is int", "isinstance(version, int)")
@pytest.mark.parametrize(
    "given_input",
    [
        {"dataset_version": "1"},
        {"dataset_version": "1; DROP TABLE mhealth"},
        {"dataset_version": "../2"},
        {"dataset_version": "\uff11"},
        {"dataset_version": 0},
        {"dataset_version": -1},
        {"dataset_version": 1.0},
        {"dataset_version": True},
        {"dataset_version": [1]},
        {"dataset_version": {"$": 1}},
        {"dataset_version": float("nan")},
        {"dataset_version": 1, "snapshot": 20260101000000},
        {"raw_manifest": "../other"},
        ["dataset_version"],
        "dataset_version",
        7,
    ],
    ids=ascii,
)
def test_an_input_that_is_no_version_is_refused(given_input: Any) -> None:
    with pytest.raises(InvalidInput, match="The execution's input is"):
        asked_for(source_of("kaggle://owner/dataset", NO_SECRET), given_input)


def test_a_version_beyond_all_bounds_is_refused(surroundings: Surroundings) -> None:
    (surroundings.folder / "mHealth_subject1.log").write_bytes(ROW)
    with pytest.raises(InvalidInput, match=r"whose newest is 1\. Expected 1, or no version"):
        asked_for(source_of("kaggle://someone/mhealth", NO_SECRET), {"dataset_version": 10**40})


@pytest.mark.notices("lambda_ingest/ingest/raw_zone.py", "if number.isascii() and", "if")
def test_strangers_beside_the_manifests_of_versions_hide_no_version(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    assert surroundings.run()["raw_version"] == 1
    for name in ("version=\uff17.json", "version=x.json", "version=3.json.bak", "version=-4.json", "version=5/a.json"):
        surroundings.s3.put_object(Bucket=surroundings.bucket, Key=f"manifests/raw/{name}", Body=b"{}")
    zone = RawZone(surroundings.s3, surroundings.bucket, "raw", "manifests")
    assert [file["name"] for file in zone.earlier_files(2, None)] == ["mHealth_subject1"]
