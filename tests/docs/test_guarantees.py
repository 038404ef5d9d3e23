"""docs/guarantees.md names code and tests that exist; `python -m tests.guarantees` shows that the tests notice."""

from __future__ import annotations

import pytest

from tests.guarantees import PAGE, ROOT, Guarantee, guarantees


def test_every_row_is_read() -> None:
    rows = [line for line in PAGE.read_text().split("\n") if line.startswith("| ")]
    headings = [line for line in rows if line.startswith("| promise |")]
    assert len(guarantees()) == len(rows) - len(headings) >= 30


@pytest.mark.parametrize("guarantee", guarantees(), ids=lambda guarantee: guarantee.promise)
def test_the_code_and_the_test_of_a_row_exist(guarantee: Guarantee) -> None:
    assert guarantee.code in (ROOT / guarantee.file).read_text()
    file, _, name = guarantee.test.partition("[")[0].partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()
