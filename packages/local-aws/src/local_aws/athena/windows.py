"""Window functions and frames: what Athena refuses, and what is known to be the same in DuckDB."""

from __future__ import annotations

from sqlglot import exp

from local_aws.athena.aggregates import REAL, TIME, WHOLE, is_aggregate, is_null, kind
from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.position import node_position

_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile)
_SHIFTS = (exp.Lag, exp.Lead)
_VALUES = (exp.FirstValue, exp.LastValue, exp.NthValue)
WINDOW_FUNCTIONS: tuple[type[exp.Expr], ...] = (*_RANKS, *_SHIFTS, *_VALUES)
"""Functions that need OVER."""
_NAMES: dict[type[exp.Expr], str] = {
    exp.RowNumber: "row_number",
    exp.Rank: "rank",
    exp.DenseRank: "dense_rank",
    exp.PercentRank: "percent_rank",
    exp.CumeDist: "cume_dist",
    exp.Ntile: "ntile",
    exp.Lag: "lag",
    exp.Lead: "lead",
    exp.FirstValue: "first_value",
    exp.LastValue: "last_value",
    exp.NthValue: "nth_value",
}


def window_type(node: exp.Expr) -> exp.DataType | None:
    """The type of a window function in Athena."""
    if isinstance(node, exp.PercentRank | exp.CumeDist):
        return exp.DataType.build("DOUBLE")
    return exp.DataType.build("BIGINT") if isinstance(node, _RANKS) else node.this.type


def check_windows(tree: exp.Query) -> None:
    """Raise QueryFailedError for window functions that Athena refuses, or whose answer is not known to be the same."""
    for node in tree.walk():
        if isinstance(node, WINDOW_FUNCTIONS):
            _check_function(node)
        elif isinstance(node, exp.Window) and not isinstance(node.parent, exp.Select):
            _check_window(node)
        elif isinstance(node, exp.Window) and node.arg_key == "windows" and node.args.get("spec"):
            _check_frame(node)


def _window_of(node: exp.Expr) -> exp.Window | None:
    parent = node.parent
    while isinstance(parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        parent = parent.parent
    return parent if isinstance(parent, exp.Window) else None


def _check_function(node: exp.Expr) -> None:
    name, where = _NAMES[type(node)], node_position(node)
    window = _window_of(node)
    if window is None:
        words = f"Window function system.builtin.{name} requires an OVER clause"
        raise QueryFailedError("MISSING_OVER", words, where)
    if isinstance(node, (*_RANKS, *_SHIFTS)) and window.args.get("spec"):
        raise QueryFailedError("INVALID_WINDOW_FRAME", f"Cannot specify window frame for {name} function", where)
    if isinstance(node, _SHIFTS):
        if window.args.get("alias"):
            raise not_supported(f"{name} over a named window", where)
        if not window.args.get("order"):
            raise QueryFailedError("MISSING_ORDER_BY", f"{name} function requires an ORDER BY window clause", where)
        _check_constant(node, "offset", 0)
        default = node.args.get("default")
        if default is not None and not is_null(default):
            same = kind(default) == kind(node.this) and kind(default) != exp.DType.DECIMAL
            whole = kind(default) == exp.DType.INT and kind(node.this) == exp.DType.BIGINT
            double = kind(node.this) == exp.DType.DOUBLE and kind(default) in WHOLE
            if not (same or whole or double):
                raise not_supported(f"{name} with a default of another type than its value", where)
    if isinstance(node, exp.NthValue):
        _check_constant(node, "offset", 1)
    if isinstance(node, exp.Ntile):
        _check_constant(node, "this", 1)


def _check_constant(node: exp.Expr, argument: str, least: int) -> None:
    given = node.args.get(argument)
    if given is None:
        return
    if isinstance(given, exp.Neg) or (
        isinstance(given, exp.Literal) and given.name.isdigit() and int(given.name) < least
    ):
        what = "Offset" if argument == "offset" else "Buckets"
        words = f"{what} must be at least {least}" if argument == "offset" else "Buckets must be greater than 0"
        raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", words)
    if not isinstance(given, exp.Literal) or given.is_string or not given.name.isdigit():
        raise not_supported(f"{_NAMES[type(node)]} with a computed number", node_position(node))


def _check_window(node: exp.Window) -> None:
    of = node.this
    if isinstance(of, exp.Filter):
        raise QueryFailedError("NOT_SUPPORTED", "FILTER is not yet supported for window functions", node_position(of))
    if isinstance(of, exp.IgnoreNulls | exp.RespectNulls):
        of = of.this
        if not isinstance(of, (*_SHIFTS, *_VALUES)):
            raise not_supported("IGNORE NULLS or RESPECT NULLS of this function", node_position(node))
    if not isinstance(of, WINDOW_FUNCTIONS) and not is_aggregate(of):
        raise not_supported("OVER behind this function", node_position(node))
    if node.args.get("alias") and node.args.get("partition_by"):
        words = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
        raise QueryFailedError("INVALID_PARTITION_BY", words, node_position(node))
    for inner in node.find_all(exp.Window):
        if inner is not node:
            words = "Cannot nest window functions or row pattern measures inside window function arguments"
            raise QueryFailedError("NESTED_WINDOW", words, node_position(inner))
    if node.args.get("spec"):
        _check_frame(node)


def _check_frame(node: exp.Window) -> None:
    frame = node.args["spec"]
    bounds = [frame.args.get(name) for name in ("start", "end")]
    computed = [bound for bound in bounds if isinstance(bound, exp.Expr)]
    where = node_position(node)
    for bound in computed:
        literal = bound.this if isinstance(bound, exp.Interval) else bound
        if not isinstance(literal, exp.Literal):
            raise not_supported("a computed bound of a window frame", where)
    whole = all(isinstance(bound, exp.Literal) and bound.name.isdigit() for bound in computed)
    if frame.args.get("kind") != "RANGE" and not whole:
        raise not_supported("this bound of a window frame", where)
    if frame.args.get("kind") == "RANGE" and computed:
        order = node.args.get("order")
        keys = order.expressions if order is not None else []
        if len(keys) != 1:
            raise not_supported("RANGE with a distance over a named window or several keys", where)
        of = kind(keys[0].this)
        numbers = of in WHOLE and all(isinstance(bound, exp.Literal) and bound.name.isdigit() for bound in computed)
        times = of in TIME and all(isinstance(bound, exp.Interval) for bound in computed)
        if not (numbers or times) or of in REAL:
            raise not_supported("RANGE with a distance over keys of this type", where)
