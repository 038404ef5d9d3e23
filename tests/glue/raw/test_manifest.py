"""What the raw manifest says is checked where job 1 and 2 read it: keys and numbers are no more than that."""

from __future__ import annotations

from typing import Any

import pytest

from mhealth.errors import InvalidArgument
from mhealth.io.connect import storage_at
from mhealth.raw.manifest import read_raw_version
from tests.glue.world import World, log_line


def read(world: World, **changes: Any) -> None:
    entry = world.add("one", log_line(1), subject=1)
    entry.update(changes)
    read_raw_version(storage_at(world.data_uri), world.publish())


def test_what_the_function_writes_is_read(world: World) -> None:
    read(world)
    read(world, subject=0)
    read(world, subject=999_999_999)


@pytest.mark.notices("glue/mhealth/paths.py", "[^/\\\\]+", ".+")
@pytest.mark.parametrize(
    "raw_key",
    [
        *(
            "../../etc/version=1/passwd.csv",
            "raw/version=1/../../x.csv",
            "raw/version=1/a/b.csv",
            "/raw/version=1/a.csv",
        ),
        *("raw/version=0/a.csv", "raw/version=01/a.csv", "raw/version=\uff11/a.csv", "raw/version=-1/a.csv"),
        *("raw/version=1/.csv", "raw/version=1/a\n.csv", "raw/version=1/a\x00.csv", "raw/version=1/a\\b.csv"),
        *(
            "raw/version=1/a.csv\n",
            "raw/version=1/a",
            "raw/version=1;DROP/a.csv",
            f"raw/version=1/{'a' * 1024}.csv",
            7,
            None,
        ),
    ],
    ids=lambda key: ascii(key)[:40],
)
def test_a_raw_key_that_could_lead_elsewhere_is_refused(world: World, raw_key: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"is not a raw manifest .*is no key PREFIX/version=V/NAME\.csv"):
        read(world, raw_key=raw_key)


@pytest.mark.notices("glue/mhealth/raw/manifest.py", "if type(value) is not int or", "if")
@pytest.mark.parametrize(
    "subject", [-1, 1_000_000_000, 10**30, True, 1.0, "1", "\uff11", "1' OR '1'='1", "../1"], ids=ascii
)
def test_a_subject_that_is_no_plain_number_is_refused(world: World, subject: Any) -> None:
    with pytest.raises(InvalidArgument, match="is no whole number from 0 to 999999999"):
        read(world, subject=subject)


@pytest.mark.parametrize("lines", [-1, 1.5, "1", None, 2**53 + 1])
def test_a_count_of_lines_that_is_no_count_is_refused(world: World, lines: Any) -> None:
    with pytest.raises(InvalidArgument, match="is no whole number from 0 to"):
        read(world, lines=lines)


def test_as_many_lines_as_a_double_counts_are_a_count(world: World) -> None:
    read(world, lines=2**53)
