"""Rewriting of expressions whose results differ between DuckDB and Athena."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from local_aws.athena.errors import not_supported
from local_aws.athena.position import node_position
from local_aws.athena.typing import decimal_of

_WHOLE = (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT)
_REAL = (exp.DType.DOUBLE, exp.DType.FLOAT)
_TIMESTAMPS = (exp.DType.TIMESTAMP, exp.DType.DATETIME, exp.DType.TIMESTAMPNTZ)
_FORMAT_KINDS = re.compile(r"%[-#+ 0,(]*\d*(?:\.\d+)?([a-zA-Z%])")
_MAKE_MAPS = ("map_agg", "map_filter", "map_concat", "histogram", "transform_values", "transform_keys", "split_to_map")
_DATE_UNITS = ("day", "week", "month", "quarter", "year")


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def rewrite(node: exp.Expr) -> None:
    """Replace expressions that DuckDB evaluates differently from Athena. Types must be annotated."""
    rewriter = _REWRITERS.get(type(node))
    made = rewriter(node) if rewriter else node
    if made is not node:
        # The surrounding expression needs its type.
        made.type = node.type
        node.replace(made)


def _division(node: exp.Expr) -> exp.Expr:
    left, right = node.this, node.expression
    kinds = (left.type.this if left.type else None, right.type.this if right.type else None)
    if all(kind in _WHOLE for kind in kinds):
        return exp.Paren(this=exp.IntDiv(this=left, expression=right))
    if any(kind in _REAL for kind in kinds):
        return _call("athena_double_division", _as_double(left), _as_double(right))
    exact = decimal_of(node.type)
    if exact:
        # Trino uses the larger scale of the two: 1.0 / 3 is 0.3.
        return exp.cast(_plain_division(left, right), exp.DataType.build(f"DECIMAL({exact[0]}, {exact[1]})"))
    return _plain_division(left, right)


def _plain_division(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    # typed and safe False is DuckDB's own operator: sqlglot does not change it.
    return exp.Paren(this=exp.Div(this=left, expression=right, typed=False, safe=False))


def _as_double(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, exp.DataType.build("DOUBLE")) if not node.type or node.type.this not in _REAL else node


def _cast(node: exp.Expr) -> exp.Expr:
    """Casts round half up, parse whole numbers only from whole texts, and print as Trino does."""
    source = node.this.type.this if node.this.type else None
    target = node.args["to"]
    if target.this in _WHOLE and source in _REAL:
        node.set("this", exp.Round(this=node.this))
    elif target.this in _WHOLE and source in exp.DataType.TEXT_TYPES:
        if isinstance(node, exp.TryCast):
            node.set("this", _call("athena_whole_text_or_null", node.this))
        else:
            name = exp.Literal.string(target.sql("trino"))
            node.set("this", _call("athena_whole_text", node.this, name))
    elif target.this in exp.DataType.TEXT_TYPES:
        if source in _REAL:
            node.set("this", _call("athena_double_text", node.this))
        elif source in _TIMESTAMPS:
            node.set("this", _call("athena_timestamp_text", node.this))
        if target.expressions:
            return _call("LEFT", node.copy(), exp.Literal.number(target.expressions[0].name))
    elif target.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIME):
        # In DuckDB a precision is another type.
        target.set("expressions", [])
    return node


def _date_difference(node: exp.Expr) -> exp.Expr:
    unit = node.args.get("unit")
    name = exp.Literal.string(unit.name.lower() if unit else "day")
    # DuckDB's date_diff counts crossed boundaries, Trino's counts whole units.
    return _call("date_sub", name, node.expression, node.this)


def _truncated_date(node: exp.Expr) -> exp.Expr:
    if node.this.type and node.this.type.this == exp.DType.DATE:
        return exp.cast(node.copy(), exp.DataType.build("DATE"))
    return node


def _shifted_date(node: exp.Expr) -> exp.Expr:
    """A date plus days is a date; in DuckDB it is a timestamp."""
    interval = node.expression if isinstance(node.expression, exp.Interval) else node
    unit = interval.args.get("unit")
    is_shift = isinstance(node, exp.DateAdd) or isinstance(node.expression, exp.Interval)
    of_date = node.this.type is not None and node.this.type.this == exp.DType.DATE
    if is_shift and of_date and unit is not None and unit.name.lower() in _DATE_UNITS:
        return exp.cast(node.copy(), exp.DataType.build("DATE"))
    return node


def _difference(node: exp.Expr) -> exp.Expr:
    """The interval between two dates; in DuckDB it is a number."""
    sides = (node.this, node.expression)
    if all(side.type is not None and side.type.this == exp.DType.DATE for side in sides):
        timestamps = [exp.cast(side, exp.DataType.build("TIMESTAMP")) for side in sides]
        return exp.Paren(this=exp.Sub(this=timestamps[0], expression=timestamps[1]))
    return _shifted_date(node)


def _size(node: exp.Expr) -> exp.Expr:
    is_map = node.this.type is not None and node.this.type.this == exp.DType.MAP
    makes_map = isinstance(node.this, exp.Anonymous) and node.this.name.lower() in _MAKE_MAPS
    return _call("cardinality" if is_map or makes_map else "len", node.this)


def _sign(node: exp.Expr) -> exp.Expr:
    if node.this.type and node.this.type.this in _REAL:
        return exp.cast(node.copy(), exp.DataType.build("DOUBLE"))
    return node


def _extracted_match(node: exp.Expr) -> exp.Expr:
    # Without a match Athena returns null, DuckDB an empty string.
    found = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
    return exp.Case(ifs=[exp.If(this=found, true=node.copy())])


def _replaced_match(node: exp.Expr) -> exp.Expr:
    replacement = node.args.get("replacement")
    if isinstance(replacement, exp.Literal):
        # Java's groups are $1, those of DuckDB's RE2 are \\1.
        replacement.set("this", re.sub(r"\$(\d)", r"\\\1", replacement.name))
    elif isinstance(replacement, exp.Lambda):
        raise not_supported("regexp_replace with a function", node_position(node))
    return node


def _formatted(node: exp.Expr) -> exp.Expr:
    """format() by DuckDB's printf, whose %s takes strings only."""
    values = list(node.expressions)
    kinds = [kind for kind in _FORMAT_KINDS.findall(node.this.name) if kind not in "%n"]
    for place, kind in enumerate(kinds[: len(values)]):
        if kind in "sS":
            real = values[place].type is not None and values[place].type.this in _REAL
            text = _call("athena_double_text", values[place]) if real else values[place]
            values[place] = exp.cast(text, exp.DataType.build("VARCHAR"))
    return _call("printf", node.this, *values)


def _at_time_zone(node: exp.Expr) -> exp.Expr:
    # DuckDB's result has no zone, or is the inverse conversion.
    raise not_supported("AT TIME ZONE", node_position(node))


def _folded(node: exp.Expr) -> exp.Expr:
    finish = node.args.get("finish")
    if isinstance(finish, exp.Lambda) and finish.this.name != finish.expressions[0].name:
        raise not_supported("reduce with an output function that changes the state", node_position(node))
    node.set("finish", None)
    return node


def _matches(node: exp.Expr) -> exp.Expr:
    """any_match, all_match, none_match: compare the number of matching elements."""
    name = node.name.lower()
    if name not in ("any_match", "all_match", "none_match"):
        return node
    array, condition = node.expressions
    matching = _call("len", exp.ArrayFilter(this=array.copy(), expression=condition.copy()))
    if name == "all_match":
        return exp.Paren(this=exp.EQ(this=matching, expression=_call("len", array.copy())))
    zero = exp.Literal.number(0)
    kind = exp.GT if name == "any_match" else exp.EQ
    return exp.Paren(this=kind(this=matching, expression=zero))


def _sequence(node: exp.Expr) -> exp.Expr:
    """An array within Trino's limit: its length is checked before it is created."""
    start, stop, step = node.args["start"], node.args["end"], node.args.get("step")
    of_time = isinstance(step, exp.Interval)
    first, last = (
        (_call("epoch", start.copy()), _call("epoch", stop.copy())) if of_time else (start.copy(), stop.copy())
    )
    width = _call("epoch", step.copy()) if step and of_time else (step or exp.Literal.number(1)).copy()
    distance = exp.Paren(this=exp.Sub(this=last, expression=first))
    entries = exp.Add(this=exp.Abs(this=_plain_division(_as_double(distance), width)), expression=exp.Literal.number(1))
    node.set("end", _call("athena_sequence_end", stop, entries))
    return node


def _padded(node: exp.Expr) -> exp.Expr:
    node.set("expression", _call("athena_padded_length", node.expression))
    return node


_REWRITERS: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Div: _division,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.DateDiff: _date_difference,
    exp.DateAdd: _shifted_date,
    exp.Add: _shifted_date,
    exp.Sub: _difference,
    exp.TimestampTrunc: _truncated_date,
    exp.DateTrunc: _truncated_date,
    exp.ArraySize: _size,
    exp.Format: _formatted,
    exp.GenerateSeries: _sequence,
    exp.Pad: _padded,
    exp.Repeat: lambda node: _call("athena_repeat", node.this, node.args["times"]),
    exp.Sign: _sign,
    exp.RegexpExtract: _extracted_match,
    exp.RegexpReplace: _replaced_match,
    exp.SplitPart: lambda node: _call("athena_split_part", node.this, node.args["delimiter"], node.args["part_index"]),
    exp.AtTimeZone: _at_time_zone,
    exp.Reduce: _folded,
    exp.Anonymous: _matches,
}
