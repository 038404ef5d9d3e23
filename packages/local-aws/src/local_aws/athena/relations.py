"""Types across relations (set operations, VALUES, joins, subqueries), and UNNEST and recursion as DuckDB has them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from local_aws.athena.aggregates import NUMBER, ORDERED, REAL, TEXT, TIME, WHOLE, is_null, kind
from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.names import NAMELESS
from local_aws.athena.position import node_position

_FAMILIES = (NUMBER, TEXT, TIME, frozenset({exp.DType.BOOLEAN}), frozenset({exp.DType.INTERVAL}))
_QUANTIFIED = WHOLE | TEXT | TIME | {exp.DType.BOOLEAN, exp.DType.DECIMAL}
DEPTH = 10
"""How often Athena takes the step of a recursive WITH query at most: its default `max_recursion_depth`."""


def _text(node: exp.Expr) -> str:
    found = node.type.sql("trino").lower() if node.type is not None else "unknown"
    return {"int": "integer", "text": "varchar"}.get(found, found)


def _meet(left: exp.Expr, right: exp.Expr) -> bool | None:
    """Whether both types have a common one; None if that is not known."""
    if is_null(left) or is_null(right):
        return True
    one, other = kind(left), kind(right)
    if one is None or other is None:
        return None
    if one == other == exp.DType.ARRAY:
        return _elements_meet(left, right)
    for family in _FAMILIES:
        if one in family or other in family:
            return one in family and other in family
    return True if one == other and left.type == right.type else None


def _elements_meet(left: exp.Expr, right: exp.Expr) -> bool | None:
    if any(isinstance(side, exp.Array) and not side.expressions for side in (left, right)):
        return True
    elements = []
    for side in (left, right):
        element = exp.Identifier(this="element")
        element.type = side.type.expressions[0] if side.type is not None and side.type.expressions else None
        elements.append(element)
    return _meet(*elements)


def check_types(tree: exp.Query) -> None:
    """Raise QueryFailedError where Athena finds no common type, or where none is known here."""
    for node in tree.walk():
        if isinstance(node, exp.SetOperation):
            _check_columns(node)
        elif isinstance(node, exp.Values):
            _check_rows(node)
        elif isinstance(node, exp.Join):
            _check_join(node)
        elif isinstance(node, exp.In) and node.args.get("query"):
            _check_in(node)
        elif isinstance(node, exp.Any | exp.All):
            _check_quantified(node)
        elif isinstance(node, exp.Having):
            _check_condition(node.this, "HAVING clause")
        elif isinstance(node, exp.Filter):
            _check_condition(node.expression.this, "Filter expression")
        elif isinstance(node, exp.Ordered):
            _check_ordered(node)
        elif isinstance(node, exp.Fetch):
            _check_fetch(node)


def _check_condition(node: exp.Expr, clause: str) -> None:
    if kind(node) not in (None, exp.DType.BOOLEAN):
        words = f"{clause} must evaluate to a boolean: actual type {_text(node)}"
        raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))


def _selects(query: exp.Expr) -> Sequence[exp.Expr]:
    inner = query.unnest()
    while isinstance(inner, exp.SetOperation):
        inner = inner.this.unnest()
    assert isinstance(inner, exp.Query)
    return [item.unalias() for item in inner.selects]


def _check_columns(node: exp.SetOperation) -> None:
    left, right = node.this.unnest(), node.expression.unnest()
    for place, (one, other) in enumerate(zip(_selects(left), _selects(right), strict=True), 1):
        meet = _meet(one, other)
        name = node.key.upper()
        if meet is False:
            words = f"column {place} in {name} query has incompatible types: {_text(one)}, {_text(other)}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        if meet is None:
            words = f"{name} of columns whose types it does not know (column {place})"
            raise not_supported(words, node_position(node))


def _check_rows(node: exp.Values) -> None:
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
    for row in rows[1:]:
        for one, other in zip(rows[0], row, strict=True):
            if _meet(one, other) is False:
                first, second = (", ".join(map(_text, cells)) for cells in (rows[0], row))
                words = f"Values rows have mismatched types: row({first}) vs row({second})"
                raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
            if _meet(one, other) is None:
                raise not_supported("VALUES whose types it does not know", node_position(node))


def _check_join(node: exp.Join) -> None:
    on = node.args.get("on")
    if on is not None:
        _check_condition(on, "JOIN ON clause")
        # qualify() writes USING as comparisons.


def _check_in(node: exp.In) -> None:
    selects = _selects(node.args["query"])
    if len(selects) != 1:
        raise not_supported("IN with a subquery of several columns", node_position(node))
    meet = _meet(node.this, selects[0])
    if meet is False:
        words = (
            "Value expression and result of subquery must be of the same type: "
            f"row({_text(node.this)}) vs row({selects[0].alias_or_name} {_text(selects[0])})"
        )
        raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
    if meet is None or kind(node.this) in REAL or kind(selects[0]) in REAL:
        raise not_supported("IN with a subquery of this type", node_position(node))


def _check_quantified(node: exp.Any | exp.All) -> None:
    parent = node.parent
    if not isinstance(node.this, exp.Query) or not isinstance(parent, exp.Binary):
        raise not_supported("ANY or ALL of this", node_position(node))
    selects = _selects(node.this)
    if isinstance(parent, exp.EQ if isinstance(node, exp.All) else exp.NEQ):
        # Trino compares with the least and the greatest value: null <> ANY (VALUES 1, 2) is true.
        raise not_supported("= ALL and <> ANY", node_position(node))
    kinds = {kind(parent.this), kind(selects[0])}
    if len(selects) != 1 or not kinds <= _QUANTIFIED or _meet(parent.this, selects[0]) is not True:
        raise not_supported("ANY or ALL over this type", node_position(node))


def _check_ordered(node: exp.Ordered) -> None:
    of = kind(node.this)
    if of is not None and of not in ORDERED and of != exp.DType.INTERVAL:
        raise not_supported("ORDER BY of this type", node_position(node))
    if of in REAL and node.args.get("nulls_first"):
        # With NULLS FIRST, Trino has NaN in another place.
        raise not_supported("NULLS FIRST of floating-point numbers", node_position(node))


def _check_fetch(node: exp.Fetch) -> None:
    count, options = node.args.get("count"), node.args.get("limit_options")
    if count is not None and count.name == "0":
        words = "FETCH FIRST row count must be positive (actual value: 0)"
        raise QueryFailedError("NUMERIC_VALUE_OUT_OF_RANGE", words, node_position(node))
    if options is not None and options.args.get("with_ties"):
        assert node.parent is not None
        if not node.parent.args.get("order"):
            words = "FETCH FIRST WITH TIES clause requires ORDER BY"
            raise QueryFailedError("MISSING_ORDER_BY", words, node_position(node))
        raise not_supported("FETCH ... WITH TIES", node_position(node))


def rewrite_unnest(tree: exp.Query) -> None:
    """Write UNNEST as a subquery: DuckDB's own takes one array."""
    for node in list(tree.find_all(exp.Unnest)):
        alias = node.args["alias"]
        names = list(alias.columns)
        items: list[exp.Expr] = []
        for one in node.expressions:
            items += _unnested(one)
        if isinstance(node.args.get("offset"), exp.Identifier):
            lengths = [exp.Anonymous(this="len", expressions=[item.expressions[0].copy()]) for item in items]
            longest = lengths[0] if len(lengths) == 1 else exp.Anonymous(this="greatest", expressions=lengths)
            numbers = exp.Anonymous(
                this="generate_series",
                expressions=[exp.Literal.number(1), exp.Cast(this=longest, to=exp.DataType.build("BIGINT"))],
            )
            items.append(exp.Anonymous(this="unnest", expressions=[numbers]))
            names.append(node.args["offset"])
        if len(names) != len(items):
            if any(name.name.startswith(NAMELESS) for name in names):
                raise not_supported("UNNEST of a map without names for its columns", node_position(node))
            words = f"Column alias list has {len(names)} entries but '{alias.name}' has {len(items)} columns available"
            raise QueryFailedError("MISMATCHED_COLUMN_ALIASES", words, node_position(node))
        columns = [exp.alias_(item, name.name, quoted=True) for item, name in zip(items, names, strict=True)]
        named = exp.TableAlias(this=exp.to_identifier(alias.name, quoted=True))
        node.replace(exp.Lateral(this=exp.Subquery(this=exp.select(*columns)), alias=named))


def _unnested(node: exp.Expr) -> list[exp.Expr]:
    of = kind(node)
    if of == exp.DType.MAP or isinstance(node, exp.Map):
        return [
            exp.Anonymous(this="unnest", expressions=[exp.Anonymous(this=part, expressions=[node.copy()])])
            for part in ("map_keys", "map_values")
        ]
    if (of is not None and of != exp.DType.ARRAY) or is_null(node):
        words = f"Cannot unnest type: {_text(node)}"
        raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", words, node_position(node))
    element = node.type.expressions[0] if of == exp.DType.ARRAY and node.type and node.type.expressions else None
    unknown = isinstance(element, exp.DataType) and element.this in (exp.DType.STRUCT, exp.DType.UNKNOWN)
    empty = isinstance(node, exp.Array) and not node.expressions
    if (of is None or unknown) and not empty:
        raise not_supported("UNNEST of rows, or of an array whose type it does not know", node_position(node))
    return [exp.Anonymous(this="unnest", expressions=[node.copy()])]


def check_recursion(tree: exp.Query) -> None:
    """Raise QueryFailedError for a recursive WITH query that is not known to be the same; limit the others' depth."""
    for clause in list(tree.find_all(exp.With)):
        if not clause.args.get("recursive"):
            continue
        for cte in clause.expressions:
            name = cte.alias
            uses = [table for table in cte.this.find_all(exp.Table) if table.name == name and not table.db]
            if uses:
                _limit(cte, uses)


def _limit(cte: exp.CTE, uses: list[exp.Table]) -> None:
    where = node_position(cte)
    union = cte.this
    if not isinstance(union, exp.Union) or union.args.get("distinct") or len(uses) != 1:
        raise not_supported("a recursive WITH query that is no UNION ALL with one use of itself", where)
    base, step = union.this, union.expression
    plain = isinstance(step, exp.Select) and not any(
        step.args.get(clause) for clause in ("group", "having", "distinct", "order", "limit", "offset", "with_")
    )
    own = step.args.get("from_") if plain else None
    inside = [*([own.this] if own else []), *(join.this for join in step.args.get("joins") or [])] if plain else []
    if not plain or uses[0] not in inside or not isinstance(base, exp.Select) or step.find(exp.AggFunc, exp.Window):
        raise not_supported("a recursive WITH query whose step is no plain SELECT", where)
    if any(join.args.get("side") for join in step.args.get("joins") or []):
        raise not_supported("a recursive WITH query with an outer join", where)
    for place, (one, other) in enumerate(zip(_selects(base), _selects(step), strict=True), 1):
        if kind(one) is None or kind(other) is None or (kind(one) != kind(other)):
            raise not_supported(f"a recursive WITH query of other types in its step (column {place})", where)
        if one.type != other.type:
            words = (
                f"recursion step relation output type ({_text(other)}) is not coercible to recursion base relation "
                f"output type ({_text(one)}) at column {place}"
            )
            raise QueryFailedError("TYPE_MISMATCH", words, where)
    depth = exp.column("athena_depth", table=uses[0].alias_or_name, quoted=True)
    words = (
        f"NOT_SUPPORTED: Recursion depth limit exceeded ({DEPTH}). Use 'max_recursion_depth' session property to "
        "modify the limit."
    )
    over = exp.Anonymous(this="error", expressions=[exp.Literal.string(words)])
    condition = exp.GTE(this=depth, expression=exp.Literal.number(DEPTH))
    following = exp.Add(this=depth.copy(), expression=exp.Literal.number(1))
    base.append("expressions", exp.alias_(exp.Literal.number(0), "athena_depth", quoted=True))
    step.append(
        "expressions",
        exp.alias_(exp.Case(ifs=[exp.If(this=condition, true=over)], default=following), "athena_depth", quoted=True),
    )
    cte.args["alias"].append("columns", exp.to_identifier("athena_depth", quoted=True))
