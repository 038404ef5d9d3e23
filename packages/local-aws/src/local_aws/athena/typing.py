"""Trino's types of expressions, and its type errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types
from sqlglot.schema import Schema
from sqlglot.tokenizer_core import Token, TokenType

from local_aws.athena.aggregates import CLASSES as AGGREGATES
from local_aws.athena.aggregates import aggregate_type
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.position import Position, node_position, token_position
from local_aws.athena.windows import WINDOW_FUNCTIONS, window_type

_DIGITS = {
    exp.DType.TINYINT: (3, 0),
    exp.DType.SMALLINT: (5, 0),
    exp.DType.INT: (10, 0),
    exp.DType.BIGINT: (19, 0),
}
MAX_PRECISION = 38

# Trino resolves comparisons to these operators: its message for > has <.
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "=",
    exp.LT: "<",
    exp.GT: "<",
    exp.LTE: "<=",
    exp.GTE: "<=",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_TOKENS = {
    exp.EQ: (TokenType.EQ,),
    exp.NEQ: (TokenType.NEQ,),
    exp.LT: (TokenType.LT,),
    exp.GT: (TokenType.GT,),
    exp.LTE: (TokenType.LTE,),
    exp.GTE: (TokenType.GTE,),
    exp.Add: (TokenType.PLUS,),
    exp.Sub: (TokenType.DASH,),
    exp.Mul: (TokenType.STAR,),
    exp.Div: (TokenType.SLASH,),
    exp.Mod: (TokenType.MOD,),
}


def decimal_of(kind: exp.DataType | None) -> tuple[int, int] | None:
    """Precision and scale of an exact number's type, None for any other."""
    if kind is None:
        return None
    if kind.this in _DIGITS:
        return _DIGITS[kind.this]
    if kind.this == exp.DType.DECIMAL and len(kind.expressions) == 2:
        return int(kind.expressions[0].name), int(kind.expressions[1].name)
    return None


def _decimal(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"DECIMAL({min(precision, MAX_PRECISION)}, {scale})")


def _annotate_literal(annotator: TypeAnnotator, literal: exp.Literal) -> exp.Literal:
    text = literal.name
    if literal.is_string:
        kind = exp.DataType.build(f"VARCHAR({len(text)})") if text else exp.DataType.build("VARCHAR")
    elif "e" in text.lower():
        kind = exp.DataType.build("DOUBLE")
    elif "." in text:
        whole, _, fraction = text.partition(".")
        kind = _decimal(max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))
    else:
        kind = exp.DataType.build("INT" if int(text) < 2**31 else "BIGINT")
    annotator._set_type(literal, kind)
    return literal


def _annotate_arithmetic(annotator: TypeAnnotator, node: exp.Binary) -> exp.Binary:
    """Decimal arithmetic by Trino's rules; whole numbers stay whole; the rest is sqlglot's."""
    left, right = decimal_of(node.left.type), decimal_of(node.right.type)
    if isinstance(node, exp.Sub) and family(node.left) == family(node.right) == "time":
        annotator._set_type(node, exp.DType.INTERVAL)
        return node
    if left is None or right is None or node.left.type is None or node.right.type is None:
        annotator._annotate_binary(node)
        return node
    if exp.DType.DECIMAL not in (node.left.type.this, node.right.type.this):
        wider = node.left.type if left >= right else node.right.type
        annotator._set_type(node, wider.copy())
        return node
    (p1, s1), (p2, s2) = left, right
    if isinstance(node, exp.Div):
        kind = _decimal(p1 + s2 + max(s2 - s1, 0), max(s1, s2))
    elif isinstance(node, exp.Mul):
        kind = _decimal(p1 + p2, s1 + s2)
    else:
        kind = _decimal(max(p1 - s1, p2 - s2) + max(s1, s2) + 1, max(s1, s2))
    annotator._set_type(node, kind)
    return node


def _annotate_concat(annotator: TypeAnnotator, node: exp.Concat) -> exp.Concat:
    """Concatenation of strings is a string; that of arrays has no type here."""
    texts = all(family(part) == "text" for part in node.expressions)
    annotator._set_type(node, exp.DType.VARCHAR if texts else exp.DType.UNKNOWN)
    return node


def _annotate_known(annotator: TypeAnnotator, node: exp.Expr) -> exp.Expr:
    """The type of an aggregate or window function; of others, none."""
    found = window_type(node) if isinstance(node, WINDOW_FUNCTIONS) else aggregate_type(node)
    annotator._set_type(node, found or exp.DType.UNKNOWN)
    return node


_METADATA: dict[Any, Any] = {
    **Dialect.get_or_raise("trino").EXPRESSION_METADATA,
    exp.Literal: {"annotator": _annotate_literal},
    exp.Concat: {"annotator": _annotate_concat},
    # Trino's repeat returns an array, which has no type here.
    exp.Repeat: {"returns": exp.DType.UNKNOWN},
    exp.Anonymous: {"annotator": _annotate_known},
    **{kind: {"annotator": _annotate_known} for kind in (*AGGREGATES, *WINDOW_FUNCTIONS)},
    **{kind: {"annotator": _annotate_arithmetic} for kind in (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)},
}


def annotate(tree: exp.Query, schema: Schema) -> exp.Query:
    """Annotate the tree with all types that can be derived."""
    return annotate_types(tree, schema=schema, expression_metadata=_METADATA, dialect="trino")


def type_text(node: exp.Expr) -> str:
    """The Trino name of an expression's type: `varchar(1)`, `timestamp(3)`."""
    kind = node.type
    text = kind.sql("trino").lower().replace(", ", ",") if kind else "unknown"
    return "timestamp(3)" if text == "timestamp" else text


def family(node: exp.Expr) -> str | None:
    """The family of comparable types, None for an unknown type or null."""
    kind = node.type
    if kind is None or isinstance(node.unnest(), exp.Null):
        return None
    if kind.this in exp.DataType.NUMERIC_TYPES:
        return "number"
    if kind.this in exp.DataType.TEXT_TYPES:
        return "text"
    if kind.this == exp.DType.BOOLEAN:
        return "boolean"
    if kind.this in (*exp.DataType.TEMPORAL_TYPES,) and kind.this not in (exp.DType.TIME, exp.DType.TIMETZ):
        return "time"
    return "interval" if kind.this == exp.DType.INTERVAL else None


def _clash(one: exp.Expr, other: exp.Expr) -> bool:
    first, second = family(one), family(other)
    return first is not None and second is not None and first != second


def _operator_position(node: exp.Binary, tokens: Sequence[Token]) -> Position | None:
    """The position of the operator: the first such token after the left side."""
    ends = [int(part.meta["end"]) for part in node.left.walk() if "end" in part.meta]
    wanted = _TOKENS[type(node)]
    for token in tokens:
        if token.token_type in wanted and token.start > max(ends, default=-1):
            return token_position(token)
    return node_position(node)


def check(tree: exp.Query, tokens: Sequence[Token]) -> None:
    """Raise QueryFailedError (TYPE_MISMATCH) for mixed types that Trino rejects and DuckDB would convert."""
    for node in tree.walk():
        if type(node) in _OPERATORS and isinstance(node, exp.Binary):
            _check_operator(node, tokens)
        elif isinstance(node, exp.Between):
            low, high = node.args["low"], node.args["high"]
            if _clash(node.this, low) or _clash(node.this, high):
                words = f"Cannot check if {type_text(node.this)} is BETWEEN {type_text(low)} and {type_text(high)}"
                raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        elif isinstance(node, exp.In):
            for item in node.expressions:
                if _clash(node.this, item):
                    words = f"IN value and list items must be the same type or coercible to a common type. \
Cannot find common type between {type_text(node.this)} and {type_text(item)}"
                    raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        elif isinstance(node, exp.Like) and family(node.this) not in (None, "text"):
            words = f"Left side of LIKE expression must evaluate to a varchar (actual: {type_text(node.this)})"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        elif isinstance(node, exp.Like) and family(node.expression) not in (None, "text"):
            words = f"Pattern for LIKE expression must evaluate to a varchar (actual: {type_text(node.expression)})"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        elif isinstance(node, exp.Where) and family(node.this) not in (None, "boolean"):
            words = f"WHERE clause must evaluate to a boolean: actual type {type_text(node.this)}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        elif isinstance(node, exp.And | exp.Or):
            for side in (node.left, node.right):
                if family(side) not in (None, "boolean"):
                    words = f"Logical expression term must evaluate to a boolean (actual: {type_text(side)})"
                    raise QueryFailedError("TYPE_MISMATCH", words, node_position(side))
        elif isinstance(node, exp.DPipe) and any(
            family(side) not in (None, "text") for side in (node.left, node.right)
        ):
            words = f"Cannot apply operator: {type_text(node.left)} || {type_text(node.right)}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        elif isinstance(node, exp.Case | exp.Coalesce | exp.If):
            _check_results(node)


def _check_operator(node: exp.Binary, tokens: Sequence[Token]) -> None:
    left, right = node.left, node.right
    if isinstance(right, exp.Any | exp.All):
        return
    arithmetic = isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod)
    families = {family(left), family(right)}
    # Time and interval can be combined; strings have no arithmetic.
    wrong = bool(families & {"text", "boolean"}) if arithmetic else _clash(left, right)
    if wrong and None not in families:
        words = f"Cannot apply operator: {type_text(left)} {_OPERATORS[type(node)]} {type_text(right)}"
        raise QueryFailedError("TYPE_MISMATCH", words, _operator_position(node, tokens))


def _check_results(node: exp.Case | exp.Coalesce | exp.If) -> None:
    if isinstance(node, exp.Case):
        results = [branch.args["true"] for branch in node.args["ifs"]]
        results += [node.args["default"]] if node.args.get("default") else []
        what = "All CASE results must be the same type or coercible to a common type"
    elif isinstance(node, exp.If):
        if isinstance(node.parent, exp.Case):
            return
        results = [part for part in (node.args.get("true"), node.args.get("false")) if part is not None]
        what = "Result types for IF must be the same"
    else:
        results = [node.this, *node.expressions]
        what = "All COALESCE operands must be the same type or coercible to a common type"
    for result in results[1:]:
        if _clash(results[0], result):
            words = f"{what}. Cannot find common type between {type_text(results[0])} and {type_text(result)}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
