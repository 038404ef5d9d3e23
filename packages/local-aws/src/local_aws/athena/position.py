"""Positions of tokens and nodes, as Athena counts them: line and column from 1."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import Token

Position = tuple[int, int]


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


def text_position(sql: str, place: int) -> Position:
    """The position of a character of the statement."""
    return sql.count("\n", 0, place) + 1, place - (sql.rfind("\n", 0, place) + 1) + 1
