"""The clauses that the default engine knows: every other node of a query, or argument of a node, is refused.

sqlglot's tree has a class for nearly everything that any dialect can say. The engine answers only what is listed here,
as only that is known to mean in DuckDB what it means in Athena. Functions have their own list (functions.py).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.position import node_position

_SET_OPERATION = ("this", "expression", "distinct", "order", "limit", "offset", "with_")
_BINARY = ("this", "expression")
_ALLOWED: dict[type[exp.Expr], tuple[str, ...]] = {
    # Queries and their clauses.
    exp.Select: (
        *("expressions", "from_", "joins", "where", "group", "having", "windows", "order", "limit", "offset"),
        *("distinct", "with_"),
    ),
    exp.Union: _SET_OPERATION,
    exp.Except: _SET_OPERATION,
    exp.Intersect: _SET_OPERATION,
    exp.Subquery: ("this", "alias", "with_"),
    exp.Values: ("expressions", "alias"),
    exp.With: ("expressions", "recursive"),
    exp.CTE: ("this", "alias"),
    exp.From: ("this",),
    exp.Where: ("this",),
    exp.Having: ("this",),
    exp.Group: ("expressions",),
    exp.Rollup: ("expressions",),
    exp.Cube: ("expressions",),
    exp.GroupingSets: ("expressions",),
    exp.Order: ("this", "expressions"),
    exp.Ordered: ("this", "desc", "nulls_first"),
    exp.Limit: ("expression",),
    exp.Offset: ("expression",),
    exp.Fetch: ("direction", "count", "limit_options"),
    exp.LimitOptions: ("rows", "with_ties"),
    # Relations.
    exp.Table: ("this", "db", "catalog", "alias"),
    exp.TableAlias: ("this", "columns"),
    exp.Join: ("this", "on", "using", "side", "kind"),
    exp.Lateral: ("this", "alias"),
    exp.Unnest: ("expressions", "alias", "offset"),
    # Windows and aggregates.
    exp.Window: ("this", "partition_by", "order", "spec", "alias", "over", "first"),
    exp.WindowSpec: ("kind", "start", "start_side", "end", "end_side"),
    exp.IgnoreNulls: ("this",),
    exp.RespectNulls: ("this",),
    exp.Filter: ("this", "expression"),
    exp.WithinGroup: ("this", "expression"),
    exp.Distinct: ("expressions",),
    # Names and constants.
    exp.Alias: ("this", "alias"),
    exp.Column: ("this", "table"),
    exp.Dot: ("this", "expression"),
    exp.Star: (),
    exp.Identifier: ("this", "quoted"),
    exp.Literal: ("this", "is_string"),
    exp.Boolean: ("this",),
    exp.Null: (),
    exp.HexString: ("this",),
    exp.Placeholder: (),
    exp.Parameter: (),
    exp.Var: ("this",),
    exp.Interval: ("this", "unit"),
    exp.DataType: ("this", "expressions", "nested", "values"),
    exp.DataTypeParam: ("this",),
    exp.ColumnDef: ("this", "kind"),
    # Expressions that are no functions.
    exp.Paren: ("this",),
    exp.Tuple: ("expressions",),
    exp.Lambda: ("this", "expressions"),
    exp.Bracket: ("this", "expressions", "offset", "safe"),
    exp.In: ("this", "expressions", "query"),
    exp.Between: ("this", "low", "high"),
    exp.Not: ("this",),
    exp.Neg: ("this",),
    exp.Any: ("this",),
    exp.All: ("this",),
    exp.AtTimeZone: ("this", "zone"),
    exp.Div: (*_BINARY, "typed", "safe"),
    exp.IntervalSpan: _BINARY,
    exp.Like: (*_BINARY, "negate"),
    **dict.fromkeys(
        (
            *(exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.DPipe, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
            *(exp.NullSafeEQ, exp.NullSafeNEQ, exp.Escape, exp.Is, exp.And, exp.Or),
        ),
        _BINARY,
    ),
}
"""What a node of each class may have. A class of functions is looked up elsewhere."""

_NAMES: dict[type[exp.Expr], str] = {
    exp.TableSample: "TABLESAMPLE",
    exp.MatchRecognize: "MATCH_RECOGNIZE",
    exp.Aliases: "columns of a row by .*",
}


def check_clauses(tree: exp.Expr) -> None:
    """Raise QueryFailedError for what the engine does not know to do as Athena does."""
    for node in tree.walk():
        check = _CHECKS.get(type(node))
        if check is not None:
            check(node)
        _check_known(node)


def _check_known(node: exp.Expr) -> None:
    if isinstance(node, exp.Func) and type(node) not in _ALLOWED:
        return
    allowed = _ALLOWED.get(type(node))
    if allowed is None:
        raise not_supported(_NAMES.get(type(node), f"{type(node).key.upper()} here"), node_position(node))
    for name, value in node.args.items():
        if name not in allowed and value not in (None, False, []):
            if isinstance(value, exp.Expr) and type(value) in _NAMES:
                raise not_supported(_NAMES[type(value)], node_position(node))
            raise not_supported(f"{name.strip('_').upper()} in {type(node).key.upper()}", node_position(node))


def _join(node: exp.Expr) -> None:
    if node.args.get("method") == "NATURAL":
        raise QueryFailedError("NOT_SUPPORTED", "Natural join not supported", node_position(node))
    if node.args.get("kind") not in (None, "", "INNER", "OUTER", "CROSS"):
        raise not_supported(f"{node.args['kind']} JOIN", node_position(node))


def _tuple(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Values | exp.Group | exp.Rollup | exp.Cube | exp.GroupingSets):
        raise not_supported("a row in parentheses: say ROW(...)", node_position(node))
    if not node.expressions and isinstance(node.parent, exp.Values):
        raise not_supported("VALUES without a column", node_position(node))


def _star(node: exp.Expr) -> None:
    of_relation = isinstance(node.parent, exp.Column)
    parent = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    if not isinstance(parent, exp.Select) and (of_relation or not isinstance(parent, exp.Count)):
        raise not_supported("* here", node_position(node))


def _dot(node: exp.Expr) -> None:
    if not isinstance(node.expression, exp.Identifier):
        raise not_supported("columns of a row by .*", node_position(node))


def _distinct(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Select | exp.Order | exp.Func):
        raise not_supported("DISTINCT here", node_position(node))


def _group(node: exp.Expr) -> None:
    for item in node.expressions:
        if isinstance(item, exp.Column) and not item.table and item.name.lower() in ("auto", "all"):
            raise not_supported(f"GROUP BY {item.name.upper()}", node_position(node))


def _table(node: exp.Expr) -> None:
    if not isinstance(node.this, exp.Identifier):
        raise not_supported("table functions", node_position(node))


def _values(node: exp.Expr) -> None:
    widths = [len(row.expressions) if isinstance(row, exp.Tuple) else 1 for row in node.expressions]
    for row in node.expressions:
        only = row.expressions[0] if isinstance(row, exp.Tuple) and len(row.expressions) == 1 else row
        if isinstance(only, exp.Struct) or (isinstance(only, exp.Anonymous) and only.name.lower() == "row"):
            raise not_supported("ROW(...) as a row of VALUES: say (...)", node_position(node))
    for width in widths:
        if width != widths[0]:
            words = f"Values rows have mismatched sizes: {widths[0]} vs {width}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))


def _subquery(node: exp.Expr) -> None:
    if isinstance(node.this, exp.Table):
        raise not_supported("a relation or join in parentheses", node_position(node))


def _in(node: exp.Expr) -> None:
    if not node.args.get("query") and not node.expressions:
        raise not_supported("IN of this", node_position(node))


_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def _interval(node: exp.Expr) -> None:
    unit = node.args.get("unit")
    if not isinstance(unit, exp.Var | exp.IntervalSpan) or (
        isinstance(unit, exp.Var) and unit.name.upper() not in _FIELDS
    ):
        # To Trino, `interval '1' week` is a constant of an unknown type, with an alias.
        raise QueryFailedError("TYPE_NOT_FOUND", "Unknown resolvedType: interval", node_position(node))


def _grouping(node: exp.Expr) -> None:
    if node.find_ancestor(exp.Order) is not None:
        raise not_supported("grouping() in ORDER BY", node_position(node))


_CHECKS: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
    exp.Interval: _interval,
    exp.Grouping: _grouping,
    exp.Join: _join,
    exp.Tuple: _tuple,
    exp.Star: _star,
    exp.Dot: _dot,
    exp.Distinct: _distinct,
    exp.Group: _group,
    exp.Values: _values,
    exp.Table: _table,
    exp.Subquery: _subquery,
    exp.In: _in,
}
