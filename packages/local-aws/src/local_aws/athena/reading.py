"""Where sqlglot would read a statement otherwise than Trino, though both can read it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.grammar import Lexeme
from local_aws.athena.position import text_position, token_position

_TYPES = """
ARRAY BIGINT BOOLEAN CHAR DATE DECIMAL DOUBLE HYPERLOGLOG INT INTEGER INTERVAL IPADDRESS JSON MAP QDIGEST REAL ROW
SMALLINT TDIGEST TIME TIMESTAMP TINYINT UUID VARBINARY VARCHAR
"""
TYPES = frozenset(_TYPES.split())
"""The names of Trino's types: sqlglot has more, for other dialects."""
_OPERATORS = (TokenType.ISNULL, TokenType.NOTNULL)
"""Words that sqlglot reads as operators, and Trino as names."""
_SESSION = """
CURRENT_CATALOG CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_USER LOCALTIME
"""
_OF_SESSION = frozenset(_SESSION.split())
"""Values of Athena's session, which the local one has not."""
_NOW = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def check_words(sql: str, found: Sequence[Lexeme]) -> None:
    """Refuse words before the grammar is asked. Raises QueryFailedError."""
    for lexeme, following in zip(found, [*found[1:], None], strict=True):
        where = text_position(sql, lexeme.start)
        if lexeme.text == "`":
            words = "backquoted identifiers are not supported; use double quotes to quote identifiers"
            raise QueryFailedError("SYNTAX_ERROR", words, where)
        if lexeme.kind == "digits":
            words = f"identifiers must not start with a digit; surround the identifier {lexeme.text} with double quotes"
            raise QueryFailedError("SYNTAX_ERROR", words, where)
        if lexeme.kind in ("unicode", "special"):
            raise not_supported(f"{lexeme.text} as a constant", where)
        if lexeme.text in ("MATCH_RECOGNIZE", "JSON_TABLE") and following is not None and following.text == "(":
            raise not_supported(lexeme.text, where)


def check_read_alike(sql: str, tokens: Sequence[Token], found: Sequence[Lexeme]) -> None:
    """Refuse a query of Trino that sqlglot would read as another one. Raises QueryFailedError."""
    starts = {lexeme.start for lexeme in found}
    if other := next((token for token in tokens if token.start not in starts), None):
        raise not_supported(f"this notation: {other.text}", token_position(other))
    if other := next((token for token in tokens if token.token_type in _OPERATORS), None):
        raise not_supported(f"the name {other.text} here", token_position(other))
    following = [*(lexeme.text for lexeme in found), "", "", ""]
    for place, lexeme in enumerate(found):
        where = text_position(sql, lexeme.start)
        if lexeme.kind == "quoted" and lexeme.text.strip('"').lower() in _NOW:
            raise not_supported(f"the name {lexeme.text}", where)
        if lexeme.kind != "word":
            continue
        if lexeme.text in _OF_SESSION:
            raise not_supported(lexeme.text, where)
        if lexeme.text == "FETCH" and following[place + 1] not in ("FIRST", "NEXT"):
            raise not_supported("the name FETCH here", where)
        if lexeme.text == "INTERVAL":
            after = place + 1 + (following[place + 1] in ("+", "-"))
            if following[after].startswith("'") and following[after + 1] not in _FIELDS:
                # To Trino, it is a constant of an unknown type, with an alias.
                raise QueryFailedError("TYPE_NOT_FOUND", "Unknown resolvedType: interval", where)
    _check_types(sql, found)


def _check_types(sql: str, found: Sequence[Lexeme]) -> None:
    """Refuse the target of a cast that is no type of Trino."""
    casts: list[bool] = []
    for before, lexeme in zip([None, *found], found, strict=False):
        if lexeme.text == "(":
            casts.append(before is not None and before.kind == "word" and before.text in ("CAST", "TRY_CAST"))
        elif lexeme.text == ")" and casts:
            casts.pop()
        elif before is not None and before.kind == "word" and before.text == "AS" and casts and casts[-1]:
            name = lexeme.text.strip('"').upper()
            if name not in TYPES:
                words = f"Unknown type: {name.lower()}"
                raise QueryFailedError("TYPE_MISMATCH", words, text_position(sql, lexeme.start))
