"""Parsing with Trino's grammar: syntax that only sqlglot or DuckDB accept is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from local_aws.athena.clauses import check_clauses
from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions.parser import Athena
from local_aws.athena.expressions.signatures import signatures
from local_aws.athena.functions import SYNTAX_WORDS, TRINO_FUNCTIONS
from local_aws.athena.grammar import lexemes, recognise
from local_aws.athena.position import Position, text_position, token_position
from local_aws.athena.reading import check_read_alike, check_words

_PARSED_AS_FUNCTIONS = {
    *Trino.Parser.FUNCTIONS,
    *Trino.Parser.FUNCTION_PARSERS,
    *Trino.Parser.NO_PAREN_FUNCTION_PARSERS,
}

_GEOSPATIAL = frozenset(
    [
        *("to_geometry", "to_spherical_geography", "great_circle_distance", "simplify_geometry", "line_locate_point"),
        *("line_interpolate_point", "line_interpolate_points", "to_geojson_geometry", "from_geojson_geometry"),
        *("convex_hull_agg", "from_encoded_polyline", "to_encoded_polyline", "flatten_geometry_collections"),
    ]
)
"""Athena's geospatial functions without a common beginning of their names; SHOW FUNCTIONS had no such plugin."""


def mismatched(text: str, position: Position | None, expecting: str = "<expression>") -> QueryFailedError:
    """Trino's syntax error."""
    return QueryFailedError("SYNTAX_ERROR", f"mismatched input '{text}'. Expecting: {expecting}", position)


def tokens_of(sql: str) -> list[Token]:
    """The tokens of a statement without the one semicolon that may end it; raises QueryFailedError (SYNTAX_ERROR)."""
    try:
        tokens = Trino().tokenize(sql)
    except TokenError as error:
        raise QueryFailedError("SYNTAX_ERROR", str(error).splitlines()[0], (1, 1)) from error
    if tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens = tokens[:-1]
    if not tokens:
        raise QueryFailedError("SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: <query>", (1, 1))
    if TokenType.SEMICOLON in (token.token_type for token in tokens):
        raise QueryFailedError("SYNTAX_ERROR", f"Only one sql statement is allowed. Got: {sql}")
    return tokens


def without_semicolon(sql: str) -> str:
    """The statement's text without a final semicolon and the comments and space after it."""
    tokens = tokens_of(sql)
    everything = Trino().tokenize(sql)
    return sql if len(everything) == len(tokens) else sql[: everything[-1].start]


def _check_grammar(sql: str, tokens: Sequence[Token]) -> None:
    """Raise QueryFailedError where the text is no query of Trino, or where sqlglot would read other tokens."""
    text = sql[: tokens[-1].end + 1]
    found = lexemes(text)
    check_words(sql, found)
    try:
        refused = recognise(text, found)
    except RecursionError as deep:
        raise not_supported("so many parentheses in each other") from deep
    if refused is not None:
        expecting = ", ".join(refused.expected)
        raise mismatched(refused.found, text_position(sql, refused.start), expecting)
    check_read_alike(sql, tokens, found)


def _check_functions(tokens: Sequence[Token], tree: exp.Expr) -> None:
    anonymous = {node.name.upper() for node in tree.find_all(exp.Anonymous, exp.AnonymousAggFunc)}
    for token, following in pairwise(tokens):
        name = token.text.lower()
        if (
            following.token_type == TokenType.L_PAREN
            and token.token_type not in (TokenType.IDENTIFIER, TokenType.STRING)
            and (name.upper() in _PARSED_AS_FUNCTIONS or name.upper() in anonymous)
            and name not in signatures()
            and name not in TRINO_FUNCTIONS
            and name not in SYNTAX_WORDS
        ):
            if name.startswith(("st_", "bing_tile", "geometry_", "spatial_")) or name in _GEOSPATIAL:
                raise not_supported(f"the function {name}", token_position(token))
            raise QueryFailedError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", token_position(token))


def parse_query(sql: str) -> tuple[exp.Query, list[Token]]:
    """Parse a SELECT, WITH or VALUES; return tree and tokens. Raises QueryFailedError with Athena's message."""
    tokens = tokens_of(sql)
    _check_grammar(sql, tokens)
    try:
        tree = sqlglot.parse_one(without_semicolon(sql), dialect=Athena)
    except SqlglotError as error:
        raise not_supported(f"this query: {str(error).splitlines()[0]}", (1, 1)) from error
    if isinstance(tree, exp.Values):
        tree = _selected(tree)
    if not isinstance(tree, exp.Query):
        raise not_supported("this form of a query", (1, 1))
    check_clauses(tree)
    _check_functions(tokens, tree)
    return tree, tokens


def _selected(values: exp.Values) -> exp.Select:
    """SELECT of the rows of VALUES."""
    width = len(values.expressions[0].expressions) if isinstance(values.expressions[0], exp.Tuple) else 1
    clauses = {name: values.args.pop(name, None) for name in ("order", "limit", "offset", "with_")}
    names = [f"_unnamed{place}" for place in range(width)]
    tree = exp.select("*").from_(exp.alias_(values, "values", table=names))
    for name, clause in clauses.items():
        if clause is not None:
            tree.set(name, clause)
    return tree
