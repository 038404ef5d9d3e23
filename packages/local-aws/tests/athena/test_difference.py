"""The default engine, held to what Trino answered: the same, or refused with the way out; never silently different."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws_harness.athena_corpus import HONEST, areas, compare, recorded, statements
from local_aws_harness.athena_default import Default, default_engine


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Default]:
    with default_engine(tmp_path_factory.mktemp("default")) as engine:
        yield engine


@pytest.mark.sample(5)
@pytest.mark.parametrize("area", areas())
def test_the_default_engine_answers_as_trino_or_refuses(default: Default, area: str) -> None:
    answers = recorded(area)
    wrong = []
    for sql in statements(area):
        found = default.ask(sql)
        if (kind := compare(sql, answers[sql], found)) not in HONEST:
            wrong.append(f"{kind}: {sql}\n  Trino:   {answers[sql]}\n  default: {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("area", areas())
def test_each_statement_has_its_recorded_answer(area: str) -> None:
    """`make athena-difference` records what is missing."""
    assert list(recorded(area)) == statements(area)
