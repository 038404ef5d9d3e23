from __future__ import annotations

import tomllib

from tests.suite.account import account, as_toml

SECONDS = {f"tests/glue/test_a.py::test_{number}": float(number) for number in range(12)} | {
    "tests/end_to_end/test_b.py::test_long": 40.0,
    "tests/test_c.py::test_at_the_top": 0.5,
    "packages/one/tests/room/test_d.py::test_of_a_package": 3.0,
}


def test_the_account_has_the_slowest_ten_folders_and_what_was_skipped() -> None:
    reported = list(
        account(
            SECONDS,
            [
                ("tests/glue/test_a.py::test_x", "no Java"),
                *((f"tests/glue/test_a.py::test_y[{case}]", "no Trino") for case in ("one", "two")),
            ],
            {"glue": 60.0, "end_to_end": 120.0},
        )
    )
    assert reported == [
        "slowest 10",
        "    40.0 s  tests/end_to_end/test_b.py::test_long",
        *(f"  {number:6.1f} s  tests/glue/test_a.py::test_{number}" for number in range(11, 2, -1)),
        "seconds by folder (of all workers together), and their budget",
        "      66 s  of 60    glue   over its budget",
        "      40 s  of 120   end_to_end",
        "       3 s           packages/one",
        "       0 s           tests",
        "skipped tests/glue/test_a.py::test_x: no Java",
        "skipped tests/glue/test_a.py::test_y (2 cases): no Trino",
    ]


def test_the_files_that_take_long_are_written_as_the_order_reads_them() -> None:
    assert tomllib.loads(as_toml(SECONDS)) == {"files": {"glue/test_a.py": 66, "end_to_end/test_b.py": 40}}
    assert as_toml(SECONDS).splitlines()[1] == '"glue/test_a.py" = 66'
