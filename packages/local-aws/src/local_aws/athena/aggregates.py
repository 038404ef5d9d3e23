"""Aggregates: their types in Athena, what they accept, and how DuckDB computes the same.

Only what is listed here is answered. The types of a node's arguments must be known.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.position import node_position

Wrap = Callable[[exp.Expr], exp.Expr]
"""Puts an aggregate into the FILTER and OVER of the one that it replaces."""
_T = exp.DType
WHOLE = frozenset({_T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT})
REAL = frozenset({_T.DOUBLE, _T.FLOAT})
TEXT = frozenset({_T.VARCHAR, _T.TEXT, _T.CHAR})
TIME = frozenset({_T.DATE, _T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.DATETIME, _T.TIMESTAMPTZ})
NUMBER = WHOLE | REAL | {_T.DECIMAL}
ORDERED = NUMBER | TEXT | TIME | {_T.BOOLEAN}
"""Types whose order is the same in both engines, but for NaN."""


def kind(node: exp.Expr | None) -> exp.DType | None:
    """The type of an expression without its parameters; None if it is not known."""
    found = node.type.this if node is not None and node.type is not None else None
    return None if found in (None, _T.UNKNOWN, _T.NULL) else found


def is_null(node: exp.Expr) -> bool:
    """Whether the expression is the constant NULL."""
    return isinstance(node.unnest(), exp.Null)


def argument(node: exp.Expr) -> exp.Expr:
    """The first argument, without DISTINCT and ORDER BY."""
    found: exp.Expr = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    while isinstance(found, exp.Order | exp.Distinct):
        found = found.this if isinstance(found, exp.Order) else found.expressions[0]
    return found


def _scaled(node: exp.Expr) -> tuple[int, int] | None:
    of = node.type
    if of is None or of.this != _T.DECIMAL or len(of.expressions) != 2:
        return None
    return int(of.expressions[0].name), int(of.expressions[1].name)


def _build(text: str) -> exp.DataType:
    return exp.DataType.build(text)


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _cast(node: exp.Expr, to: str) -> exp.Expr:
    return exp.Cast(this=node, to=_build(to))


def _with_argument(node: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """A copy of the aggregate of another argument."""
    made = node.copy()
    found = argument(made)
    found.replace(change(found.copy()))
    return made


def _when(condition: exp.Expr, true: exp.Expr, false: exp.Expr | None = None) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=true)], default=false)


def _is_nan(node: exp.Expr) -> exp.Expr:
    return _call("isnan", node)


def _without_nan(node: exp.Expr) -> exp.Expr:
    return _when(_is_nan(node.copy()), exp.null(), node)


# Types.


def _same_type(node: exp.Expr) -> exp.DataType | None:
    return argument(node).type


def _sum_type(node: exp.Expr) -> exp.DataType | None:
    of = argument(node)
    if kind(of) in WHOLE:
        return _build("BIGINT")
    if exact := _scaled(of):
        return _build(f"DECIMAL(38, {exact[1]})")
    return of.type if kind(of) in REAL else None


def _avg_type(node: exp.Expr) -> exp.DataType | None:
    of = argument(node)
    if kind(of) in WHOLE:
        return _build("DOUBLE")
    return of.type if kind(of) in REAL or _scaled(of) else None


def _pair_type(node: exp.Expr) -> exp.DataType | None:
    kinds = {kind(node.this), kind(node.expression)}
    if not kinds <= WHOLE | REAL:
        return None
    # Whole numbers become real, as Trino has functions of two reals and of two doubles.
    return _build("DOUBLE" if _T.DOUBLE in kinds else "REAL")


def _percentile_type(node: exp.Expr) -> exp.DataType | None:
    of = kind(node.this)
    one = _build("BIGINT") if of in WHOLE else node.this.type if of in REAL else None
    many = isinstance(node.args["quantile"], exp.Array)
    return _build(f"ARRAY<{one.sql()}>") if one is not None and many else one


def _array_type(node: exp.Expr) -> exp.DataType | None:
    of = argument(node)
    if kind(of) is None or of.type is None:
        return None
    return exp.DataType(this=_T.ARRAY, expressions=[of.type.copy()], nested=True)


def _extreme_type(node: exp.Expr) -> exp.DataType | None:
    return _array_type(node) if node.expressions else _same_type(node)


# What is accepted, and how it is computed.


def _refused(node: exp.Expr, name: str) -> QueryFailedError:
    """Trino's words where a function has no such parameters, ours where the type is not known."""
    of = argument(node)
    if kind(of) is None:
        return not_supported(f"{name} of this expression, whose type it does not know", node_position(node))
    assert of.type is not None
    words = f"Unexpected parameters ({of.type.sql('trino').lower()}) for function {name}"
    return QueryFailedError("FUNCTION_NOT_FOUND", words, node_position(node))


def _need(node: exp.Expr, name: str, kinds: frozenset[exp.DType]) -> None:
    of = kind(argument(node))
    if of not in kinds:
        if of in (*ORDERED, None):
            raise _refused(node, name)
        raise not_supported(f"{name} of this type", node_position(node))


def _plain(name: str, kinds: frozenset[exp.DType]) -> Callable[[exp.Expr, Wrap], exp.Expr | None]:
    def rewrite(node: exp.Expr, _: Wrap) -> exp.Expr | None:
        _need(node, name, kinds)
        return None

    return rewrite


def _sum(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
    _need(node, "sum", NUMBER)
    of = kind(argument(node))
    if of in WHOLE:
        return _cast(wrap(node.copy()), "BIGINT")
    return _cast(wrap(node.copy()), "REAL") if of == _T.FLOAT else None


def _avg(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
    _need(node, "avg", NUMBER)
    of = argument(node)
    if exact := _scaled(of):
        (total, number) = (wrap(made(this=node.this.copy())) for made in (exp.Sum, exp.Count))
        digits = _call("athena_rounded_average", total, number)
        if exact[1]:
            digits = _call("athena_decimal_text", digits, exp.Literal.number(exact[1]))
        return _cast(digits, f"DECIMAL({exact[0]}, {exact[1]})")
    if kind(of) == _T.FLOAT:
        return _cast(wrap(_with_argument(node, lambda value: _cast(value, "DOUBLE"))), "REAL")
    return None


def _extreme(name: str) -> Callable[[exp.Expr, Wrap], exp.Expr | None]:
    def rewrite(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
        _need(node, name, ORDERED)
        real = kind(argument(node)) in REAL
        if node.expressions:
            if real or len(node.expressions) > 1:
                raise not_supported(f"{name} with a number of values over this type", node_position(node))
            _positive(node.expressions[0], f"{name} with this number of values")
            return None
        if real and name == "max":
            # NaN is passed over; it is the answer where there is nothing else. DuckDB's min does so by its order.
            return exp.Coalesce(this=wrap(_with_argument(node, _without_nan)), expressions=[wrap(node.copy())])
        return None

    return rewrite


def _positive(node: exp.Expr | None, what: str, least: int = 1) -> None:
    if not isinstance(node, exp.Literal) or node.is_string or not node.name.isdigit() or int(node.name) < least:
        raise not_supported(what, node_position(node) if node is not None else None)


def _by(name: str, infinity: str) -> Callable[[exp.Expr, Wrap], exp.Expr | None]:
    def rewrite(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
        if node.args.get("count"):
            raise not_supported(f"{name} with a number of values", node_position(node))
        if isinstance(node.this, exp.Distinct | exp.Order):
            raise not_supported(f"DISTINCT or ORDER BY in {name}", node_position(node))
        by = node.expression
        if kind(by) not in ORDERED:
            raise not_supported(f"{name} by an expression of this type", node_position(node))
        if kind(by) in REAL:
            other = _cast(exp.Literal.string(infinity), "DOUBLE")
            by = _when(_is_nan(by.copy()), other, by.copy())
        # Unlike arg_max, it counts the rows whose value is null.
        found = "arg_max_null" if name == "max_by" else "arg_min_null"
        return wrap(_call(found, node.this.copy(), by.copy()))

    return rewrite


def _count(node: exp.Expr, _: Wrap) -> exp.Expr | None:
    given = node.this.expressions if isinstance(node.this, exp.Distinct) else [node.this] if node.this else []
    given = [*given, *node.expressions]
    if len(given) > 1:
        kinds = ", ".join(one.type.sql("trino").lower() if one.type else "unknown" for one in given)
        words = f"Unexpected parameters ({kinds}) for function count. Expected: count(), count(t) T"
        raise QueryFailedError("FUNCTION_NOT_FOUND", words, node_position(node))
    return None


def _count_if(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
    _need(node, "count_if", frozenset({_T.BOOLEAN}))
    if isinstance(node.this, exp.Distinct):
        raise not_supported("DISTINCT in count_if", node_position(node))
    # DuckDB's is null where every condition is null.
    return wrap(exp.Count(this=_when(node.this.copy(), exp.Literal.number(1))))


def _every(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
    _need(node, "every", frozenset({_T.BOOLEAN}))
    return wrap(exp.LogicalAnd(this=node.expressions[0].copy()))


def _doubles(node: exp.Expr) -> exp.Expr:
    return _with_argument(node, lambda value: _cast(value, "DOUBLE"))


def _moment(name: str) -> Callable[[exp.Expr, Wrap], exp.Expr | None]:
    def rewrite(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
        _need(node, name, NUMBER)
        of = _doubles(node)
        nan = _cast(exp.Literal.string("NaN"), "DOUBLE")
        count, variance = wrap(exp.Count(this=of.this.copy())), wrap(exp.VariancePop(this=of.this.copy()))
        value = wrap(of)
        least = 3 if name == "skewness" else 4
        if name == "skewness":
            # Trino's is the population's, DuckDB's is corrected for a sample.
            value = _call("athena_population_skewness", value, count.copy())
        found = _when(exp.EQ(this=variance, expression=exp.Literal.number(0)), nan, value)
        return _when(exp.GTE(this=count, expression=exp.Literal.number(least)), found)

    return rewrite


def _pair(name: str) -> Callable[[exp.Expr, Wrap], exp.Expr | None]:
    def rewrite(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
        made = _pair_type(node)
        if made is None:
            raise not_supported(f"{name} of these types", node_position(node))
        copy = node.copy()
        for side in (copy.this, copy.expression):
            side.replace(_cast(_cast(side.copy(), made.sql("duckdb")), "DOUBLE"))
        value = wrap(copy)
        if name in ("corr", "regr_slope", "regr_intercept"):
            value = _without_nan(value)
        return _cast(value, made.sql("duckdb"))

    return rewrite


def _bits(name: str) -> Callable[[exp.Expr, Wrap], exp.Expr | None]:
    def rewrite(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
        _need(node, name, WHOLE)
        return _cast(wrap(node.copy()), "BIGINT")

    return rewrite


def _geometric_mean(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
    _need(node, "geometric_mean", WHOLE | {_T.DOUBLE, _T.DECIMAL})
    return exp.Exp(this=wrap(exp.Avg(this=exp.Ln(this=_cast(node.expressions[0].copy(), "DOUBLE")))))


def _distinct_count(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
    if node.args.get("accuracy"):
        raise not_supported("approx_distinct with a standard error", node_position(node))
    _need(node, "approx_distinct", ORDERED)
    if isinstance(_top(node), exp.Window):
        raise not_supported("approx_distinct with OVER", node_position(node))
    # The exact number is a valid approximation.
    return wrap(exp.Count(this=exp.Distinct(expressions=[node.this.copy()])))


def _percentile(node: exp.Expr, wrap: Wrap) -> exp.Expr | None:
    if node.args.get("weight") or node.args.get("accuracy"):
        raise not_supported("approx_percentile with a weight or an accuracy", node_position(node))
    quantile = node.args["quantile"]
    asked = quantile.expressions if isinstance(quantile, exp.Array) else [quantile]
    if kind(node.this) == _T.DECIMAL:
        raise not_supported("approx_percentile of decimals", node_position(node))
    _need(node, "approx_percentile", WHOLE | REAL)
    for one in asked:
        if not isinstance(one, exp.Literal) or one.is_string:
            raise not_supported("approx_percentile for a computed percentage", node_position(node))
        if not 0 <= float(one.name) <= 1:
            raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", "Percentile must be between 0 and 1")
    to = "BIGINT" if kind(node.this) in WHOLE else "DOUBLE"
    found = wrap(exp.ArrayAgg(this=_cast(node.this.copy(), to)))
    values = [_call("athena_percentile", found.copy(), _cast(one.copy(), "DOUBLE")) for one in asked]
    back = "REAL" if kind(node.this) == _T.FLOAT else to
    cast = [_cast(value, back) for value in values]
    return exp.Array(expressions=cast) if isinstance(quantile, exp.Array) else cast[0]


def _listagg(node: exp.Expr, _: Wrap) -> exp.Expr | None:
    if node.args.get("on_overflow"):
        raise not_supported("ON OVERFLOW in listagg", node_position(node))
    of = argument(node)
    if kind(of) not in TEXT:
        if kind(of) is None:
            raise _refused(node, "listagg")
        assert of.type is not None
        words = f"Expected expression of varchar, but '{of.sql('trino')}' has {of.type.sql('trino').lower()} type"
        raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
    if isinstance(_top(node), exp.Window):
        raise not_supported("listagg with OVER", node_position(node))
    if not node.args.get("separator"):
        node.set("separator", exp.Literal.string(""))
    return None


def _as_is(_: exp.Expr, __: Wrap) -> exp.Expr | None:
    return None


def _map_agg(node: exp.Expr, _: Wrap) -> exp.Expr | None:
    if kind(node.expressions[0]) not in ORDERED - REAL:
        raise not_supported("map_agg with keys of this type", node_position(node))
    parent = node.parent
    if isinstance(parent, exp.Filter | exp.Window):
        raise not_supported("map_agg with FILTER or OVER", node_position(node))
    called = node.meta.get("called") or (parent.name.lower() if isinstance(parent, exp.Anonymous) else "")
    if called not in ("element_at", "cardinality") and not isinstance(parent, exp.ArraySize | exp.Bracket):
        # Its order is that of Trino's hashes.
        raise not_supported("map_agg but in element_at(...) or cardinality(...)", node_position(node))
    return None


_BOOLEAN = frozenset({_T.BOOLEAN})
_DOUBLE = lambda _: _build("DOUBLE")  # noqa: E731
_BIGINT = lambda _: _build("BIGINT")  # noqa: E731
_Rewriter = Callable[[exp.Expr, Wrap], exp.Expr | None]
_Typer = Callable[[exp.Expr], exp.DataType | None]
_KNOWN: dict[type[exp.Expr] | str, tuple[_Typer, _Rewriter]] = {
    exp.Sum: (_sum_type, _sum),
    exp.Avg: (_avg_type, _avg),
    exp.Min: (_extreme_type, _extreme("min")),
    exp.Max: (_extreme_type, _extreme("max")),
    exp.ArgMax: (_same_type, _by("max_by", "-Infinity")),
    exp.ArgMin: (_same_type, _by("min_by", "Infinity")),
    exp.Count: (_BIGINT, _count),
    exp.CountIf: (_BIGINT, _count_if),
    exp.LogicalAnd: (lambda _: _build("BOOLEAN"), _plain("bool_and", _BOOLEAN)),
    exp.LogicalOr: (lambda _: _build("BOOLEAN"), _plain("bool_or", _BOOLEAN)),
    "every": (lambda _: _build("BOOLEAN"), _every),
    exp.AnyValue: (_same_type, _as_is),
    exp.ArrayAgg: (_array_type, _as_is),
    exp.GroupConcat: (lambda _: _build("VARCHAR"), _listagg),
    **{
        kind: (_DOUBLE, _plain(kind.key, NUMBER))
        for kind in (exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)
    },
    exp.Skewness: (_DOUBLE, _moment("skewness")),
    exp.Kurtosis: (_DOUBLE, _moment("kurtosis")),
    exp.Corr: (_pair_type, _pair("corr")),
    exp.CovarPop: (_pair_type, _pair("covar_pop")),
    exp.CovarSamp: (_pair_type, _pair("covar_samp")),
    exp.RegrSlope: (_pair_type, _pair("regr_slope")),
    exp.RegrIntercept: (_pair_type, _pair("regr_intercept")),
    exp.BitwiseAndAgg: (_BIGINT, _bits("bitwise_and_agg")),
    exp.BitwiseOrAgg: (_BIGINT, _bits("bitwise_or_agg")),
    exp.BitwiseXorAgg: (_BIGINT, _bits("bitwise_xor_agg")),
    "geometric_mean": (_DOUBLE, _geometric_mean),
    exp.ApproxDistinct: (_BIGINT, _distinct_count),
    exp.ApproxQuantile: (_percentile_type, _percentile),
    "map_agg": (lambda _: None, _map_agg),
    exp.Grouping: (lambda _: _build("INT"), lambda node, wrap: _cast(wrap(node.copy()), "INT")),
}
"""By class, or by name where sqlglot has no class: the type, and the rewriting (None: DuckDB's is the same)."""

_OTHERS = """
approx_most_frequent approx_set checksum classification convex_hull_agg entropy evaluate_classifier geometry_union_agg
histogram learn_classifier make_set_digest map_union merge merge_set_digest multimap_agg numeric_histogram qdigest_agg
reduce_agg tdigest_agg
"""
OTHERS = frozenset(_OTHERS.split())
"""Aggregates of Athena that the default engine does not have."""
CLASSES = tuple(one for one in _KNOWN if not isinstance(one, str))


def _key(node: exp.Expr) -> type[exp.Expr] | str:
    return node.name.lower() if isinstance(node, exp.Anonymous) else type(node)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether the node is an aggregate, known or not."""
    return isinstance(node, exp.AggFunc) or _key(node) in _KNOWN or _key(node) in OTHERS


def aggregate_type(node: exp.Expr) -> exp.DataType | None:
    """The type of an aggregate in Athena; None if it is not known."""
    known = _KNOWN.get(_key(node))
    return known[0](node) if known else None


def _top(node: exp.Expr) -> exp.Expr:
    """The aggregate with its FILTER and OVER."""
    found = node
    while isinstance(found.parent, exp.Filter | exp.Window | exp.IgnoreNulls) and found.arg_key == "this":
        found = found.parent
    return found


def _wrapping(node: exp.Expr) -> Wrap:
    top, depth = _top(node), 0
    found = node
    while found is not top:
        assert found.parent is not None
        found, depth = found.parent, depth + 1

    def wrap(made: exp.Expr) -> exp.Expr:
        if not depth:
            return made
        whole = top.copy()
        place = whole
        for _ in range(depth):
            place = place.this
        place.replace(made)
        return whole

    return wrap


def rewrite_aggregates(tree: exp.Query, windows: tuple[type[exp.Expr], ...]) -> None:
    """Replace aggregates by what computes the same in DuckDB. `windows` are functions that others rewrite."""
    for node in reversed(list(tree.walk())):
        if isinstance(node, windows):
            continue
        known = _KNOWN.get(_key(node))
        if known is None:
            if isinstance(node, exp.AggFunc) or _key(node) in OTHERS:
                name = node.sql_name() if isinstance(node, exp.Func) else node.name
                name = node.name if isinstance(node, exp.Anonymous) else name
                raise not_supported(f"the function {name.lower()}", node_position(node))
            continue
        made = known[1](node, _wrapping(node))
        if made is not None:
            top = _top(node)
            made.type = top.type
            top.replace(made)
