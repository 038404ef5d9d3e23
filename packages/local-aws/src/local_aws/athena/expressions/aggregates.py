"""Aggregates and window functions inside of expressions: their arguments are translated, and they keep their class.

Their types and their own translation are in athena/aggregates.py and athena/windows.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_aws.athena.aggregates import aggregate_type, is_aggregate
from local_aws.athena.errors import not_supported
from local_aws.athena.expressions.literals import number
from local_aws.athena.expressions.trino_types import INTEGER, SOME_VARCHAR, VARCHAR, Type, array, sqlglot_of, type_of
from local_aws.athena.expressions.typed import Typed
from local_aws.athena.windows import WINDOW_FUNCTIONS, window_type

if TYPE_CHECKING:
    from local_aws.athena.expressions.compiler import Compiler

_CONSTANTS = ("quantile", "offset", "default", "count", "weight", "accuracy", "separator", "expressions")
"""Arguments that stay as they are written where they are constants."""


def is_call(node: exp.Expr) -> bool:
    """Whether the node is an aggregate or a window function, known or not."""
    return isinstance(node, WINDOW_FUNCTIONS) or is_aggregate(node)


def translated(compiler: Compiler, node: exp.Expr) -> Typed:
    """An aggregate or window function, whose arguments are translated in place."""
    for name, value in list(node.args.items()):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                _argument(compiler, part, constant=name in _CONSTANTS or isinstance(node, exp.Ntile))
    found = window_type(node) if isinstance(node, WINDOW_FUNCTIONS) else aggregate_type(node)
    if isinstance(node, exp.Anonymous) and node.name.lower() == "map_agg":
        key, item = (type_of(part.type) for part in node.expressions if part.type is not None)
        return Typed(node, Type("map", (key, item)))
    if found is None or found.this in (exp.DType.UNKNOWN, exp.DType.NULL):
        name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
        raise not_supported(f"the function {name} of these arguments", compiler.where(node))
    kind = type_of(found)
    return Typed(node, VARCHAR if kind == SOME_VARCHAR else kind)


def _argument(compiler: Compiler, part: exp.Expr, *, constant: bool) -> None:
    if isinstance(part, exp.Distinct):
        for one in part.expressions:
            _argument(compiler, one, constant=False)
    elif isinstance(part, exp.Order):
        if part.this is not None:
            _argument(compiler, part.this, constant=False)
        ordering(compiler, part)
    elif isinstance(part, exp.Star | exp.Var):
        return
    elif constant and _is_constant(part):
        _type_constant(part)
    else:
        made = compiler.compile(part).sql
        if made is not part:
            part.replace(made)


def _is_constant(node: exp.Expr) -> bool:
    if isinstance(node, exp.Neg):
        return isinstance(node.this, exp.Literal)
    if isinstance(node, exp.Array):
        return bool(node.expressions) and all(_is_constant(part) for part in node.expressions)
    return isinstance(node, exp.Literal)


def _type_constant(node: exp.Expr) -> None:
    if isinstance(node, exp.Array):
        node.type = sqlglot_of(array(INTEGER))
    elif isinstance(node, exp.Literal):
        node.type = sqlglot_of(VARCHAR if node.is_string else number(node.name, None).type)
    elif isinstance(node, exp.Neg):
        _type_constant(node.this)
        node.type = node.this.type


def ordering(compiler: Compiler, order: exp.Order) -> None:
    """Translate the keys of an ORDER BY in place."""
    for item in order.expressions:
        key = item.this if isinstance(item, exp.Ordered) else item
        made = compiler.compile(key).sql
        if made is not key:
            key.replace(made)


def filtered(compiler: Compiler, node: exp.Filter) -> Typed:
    """The translation of FILTER (WHERE ...)."""
    call = compiler.compile(node.this)
    words = "Filter expression must evaluate to a boolean: actual type {}"
    condition = compiler.condition(node.expression.this, words).sql
    if condition is not node.expression.this:
        node.expression.this.replace(condition)
    return Typed(node, call.type)


def with_nulls(compiler: Compiler, node: exp.IgnoreNulls | exp.RespectNulls) -> Typed:
    """The translation of IGNORE NULLS and RESPECT NULLS."""
    return Typed(node, compiler.compile(node.this).type)


def within_group(compiler: Compiler, node: exp.WithinGroup) -> Typed:
    """The translation of WITHIN GROUP (ORDER BY ...)."""
    call = compiler.compile(node.this)
    ordering(compiler, node.expression)
    return Typed(node, call.type)


def window(compiler: Compiler, node: exp.Window) -> Typed:
    """The translation of OVER (...)."""
    call = compiler.compile(node.this)
    definition(compiler, node)
    return Typed(node, call.type)


def definition(compiler: Compiler, node: exp.Window) -> None:
    """Translate the keys of a window in place."""
    for key in node.args.get("partition_by") or []:
        made = compiler.compile(key).sql
        if made is not key:
            key.replace(made)
    if node.args.get("order") is not None:
        ordering(compiler, node.args["order"])
