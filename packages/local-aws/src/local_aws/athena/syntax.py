"""Parsing with Trino's grammar: syntax that only sqlglot or DuckDB accept is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.functions import SYNTAX_WORDS, TRINO_FUNCTIONS

Position = tuple[int, int]

_FOREIGN_TOKENS = {
    TokenType.DCOLON,
    TokenType.ILIKE,
    TokenType.QUALIFY,
    TokenType.NULLSAFE_EQ,
    TokenType.RLIKE,
    TokenType.GLOB,
    TokenType.DIV,
    TokenType.PIPE,
    TokenType.AMP,
    TokenType.CARET,
    TokenType.TILDE,
    TokenType.DARROW,
    TokenType.HASH_ARROW,
    TokenType.PIVOT,
    TokenType.UNPIVOT,
    TokenType.DPIPE_SLASH,
    TokenType.SEMI,
    TokenType.ANTI,
    TokenType.ASOF,
}
"""Syntax of other dialects that Trino's grammar does not have."""

_STARTS = (TokenType.SELECT, TokenType.WITH, TokenType.VALUES, TokenType.L_PAREN)
_PARSED_AS_FUNCTIONS = {
    *Trino.Parser.FUNCTIONS,
    *Trino.Parser.FUNCTION_PARSERS,
    *Trino.Parser.NO_PAREN_FUNCTION_PARSERS,
}


def token_position(token: Token) -> Position:
    """The start of a token; sqlglot has its end."""
    return token.line, max(token.col - (token.end - token.start), 1)


def node_position(node: exp.Expr) -> Position | None:
    """The position of the first name or number inside `node`, None where sqlglot has no positions."""
    starts = [
        (int(part.meta["line"]), int(part.meta["col"]) - int(part.meta["end"]) + int(part.meta["start"]))
        for part in node.walk()
        if "line" in part.meta
    ]
    return min(starts, default=None)


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


def _check_tokens(tokens: Sequence[Token]) -> None:
    for before, token in zip([None, *tokens], tokens, strict=False):
        position = token_position(token)
        if token.token_type == TokenType.UNKNOWN and token.text == "`":
            raise QueryFailedError(
                "SYNTAX_ERROR",
                "backquoted identifiers are not supported; use double quotes to quote identifiers",
                position,
            )
        if token.token_type == TokenType.EQ and token.text == "==":
            raise mismatched("=", (position[0], position[1] + 1))
        if token.token_type in _FOREIGN_TOKENS:
            raise mismatched(token.text, position, "<EOF>")
        if before and before.token_type == TokenType.COMMA and token.token_type == TokenType.FROM:
            raise mismatched(token.text, position)
        if before and before.token_type == TokenType.INTERVAL and token.token_type == TokenType.NUMBER:
            raise mismatched(token.text, position, "'+', '-', <string>")
        if (
            before
            and token.token_type == TokenType.OFFSET
            and before.token_type == TokenType.NUMBER
            and TokenType.LIMIT in (t.token_type for t in tokens[max(0, tokens.index(token) - 2) : tokens.index(token)])
        ):
            raise mismatched(token.text, position, "<EOF>")


def _check_functions(tokens: Sequence[Token], tree: exp.Expr) -> None:
    anonymous = {node.name.upper() for node in tree.find_all(exp.Anonymous, exp.AnonymousAggFunc)}
    for token, following in pairwise(tokens):
        name = token.text.lower()
        if (
            following.token_type == TokenType.L_PAREN
            and token.token_type not in (TokenType.IDENTIFIER, TokenType.STRING)
            and (name.upper() in _PARSED_AS_FUNCTIONS or name.upper() in anonymous)
            and name not in TRINO_FUNCTIONS
            and name not in SYNTAX_WORDS
        ):
            raise QueryFailedError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", token_position(token))


def _check_tree(tree: exp.Expr) -> None:
    for node in tree.walk():
        if isinstance(node, exp.Star) and any(node.args.get(arg) for arg in ("except_", "except", "replace", "rename")):
            raise mismatched("EXCEPT", node_position(node), "',', 'FROM', <EOF>")
        if isinstance(node, exp.Distinct) and node.args.get("on"):
            raise mismatched("ON", node_position(node))
        if isinstance(node, exp.Limit) and node.args.get("offset"):
            raise mismatched(",", node_position(node), "<EOF>")
        if isinstance(node, exp.Slice):
            raise mismatched(":", node_position(node))
        if isinstance(node, exp.TableSample):
            raise not_supported("TABLESAMPLE", node_position(node))
        if isinstance(node, exp.MatchRecognize):
            raise not_supported("MATCH_RECOGNIZE", node_position(node))


def parse_query(sql: str) -> tuple[exp.Query, list[Token]]:
    """Parse a SELECT, WITH or VALUES; return tree and tokens. Raises QueryFailedError with Athena's message."""
    tokens = tokens_of(sql)
    if tokens[0].token_type not in _STARTS:
        raise mismatched(tokens[0].text, token_position(tokens[0]), "'SELECT', 'VALUES', 'WITH'")
    _check_tokens(tokens)
    try:
        tree = sqlglot.parse_one(without_semicolon(sql), dialect="trino")
    except ParseError as error:
        _raise_parse_error(error, tokens)
    except SqlglotError as error:
        raise QueryFailedError("SYNTAX_ERROR", str(error).splitlines()[0], (1, 1)) from error
    if isinstance(tree, exp.Values):
        width = len(tree.expressions[0].expressions) if isinstance(tree.expressions[0], exp.Tuple) else 1
        names = [f"_unnamed{place}" for place in range(width)]
        tree = exp.select("*").from_(exp.alias_(tree, "values", table=names))
    assert isinstance(tree, exp.Query)
    _check_functions(tokens, tree)
    _check_tree(tree)
    return tree, tokens


def _raise_parse_error(error: ParseError, tokens: Sequence[Token]) -> NoReturn:
    first = error.errors[0] if error.errors else {}
    text = str(first.get("highlight") or "<EOF>")
    line, col = int(first.get("line") or tokens[-1].line), int(first.get("col") or tokens[-1].col)
    position = (line, max(col - len(text) + 1, 1)) if first else (line, col)
    raise mismatched(text, position) from error
