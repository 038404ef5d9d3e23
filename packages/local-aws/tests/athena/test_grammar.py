"""The grammar of queries. Its witness is Trino: what it answered to the corpus."""

from __future__ import annotations

import re

import pytest

from local_aws.athena.grammar import lexemes, recognise
from local_aws_harness.athena_corpus import areas, recorded

_OTHER_FORMS = ("MATCH_RECOGNIZE", "1_000", "0x1F", "U&'")
"""In statements that the grammar leaves to others: they are refused by name before it."""


@pytest.mark.parametrize("area", areas())
def test_the_grammar_has_what_trino_reads_and_nothing_else(area: str) -> None:
    wrong = []
    for sql, answer in recorded(area).items():
        if any(form in sql for form in _OTHER_FORMS):
            continue
        unread = (
            answer.error is not None
            and re.search(r"mismatched input|must not start with a digit", answer.error[1]) is not None
        )
        if (recognise(sql, lexemes(sql)) is not None) != unread:
            wrong.append(sql)
    assert not wrong


@pytest.mark.parametrize(
    ("sql", "found", "place"),
    # By hand, and as Trino 476 says it.
    [
        ("SELECT n, FROM t", "FROM", 10),
        ("SELECT 1 WHERE", "<EOF>", 14),
        ("SELECT n FROM t LIMIT 1 OFFSET 1", "OFFSET", 24),
        ("SELECT {'a': 1}", "{", 7),
        ("SELECT interval 1 day", "1", 16),
        ("SELECT 1 UNION ALL (WITH a AS (SELECT 1) SELECT * FROM a)", "WITH", 20),
    ],
)
def test_a_refusal_tells_the_first_token_that_fits_nowhere(sql: str, found: str, place: int) -> None:
    refused = recognise(sql, lexemes(sql))
    assert refused is not None
    assert (refused.found, refused.start) == (found, place)


def test_comments_and_quotes_hide_what_is_in_them() -> None:
    assert recognise("", lexemes("SELECT 'a -- b' /* ; FROM */ AS \"select\" -- c")) is None
