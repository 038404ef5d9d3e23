"""The translation of an expression, from its leaves up: each part gets its Trino type, or is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions import aggregates, functions, operators
from local_aws.athena.expressions.casts import cast
from local_aws.athena.expressions.literals import interval, number, time_literal
from local_aws.athena.expressions.template import Template, text_literal
from local_aws.athena.expressions.trino_types import (
    BOOLEAN,
    DATE,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    common,
    field_name,
    parse_type,
    type_of,
    with_zone,
)
from local_aws.athena.expressions.typed import Typed, coerced, made
from local_aws.athena.position import Position, node_position

Columns = Callable[[exp.Column], Type]
Queries = Callable[[exp.Expr], list[Type]]

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.GT: ">", exp.LTE: "<=", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


_QUANTIFIED = ("boolean", "tinyint", "smallint", "integer", "bigint", "decimal", "varchar", "date", "timestamp")
"""Types that ANY and ALL compare as Trino does."""


class Compiler:
    """Translates the expressions of one scope. `columns` has the type of a column, `queries` those of a subquery."""

    def __init__(self, columns: Columns, queries: Queries, where: Callable[[exp.Expr], Position | None]) -> None:
        self.columns = columns
        self.queries = queries
        self.where = where
        self.variables: list[Mapping[str, Typed]] = []

    def compile(self, node: exp.Expr) -> Typed:
        """The expression's translation. Raises QueryFailedError."""
        if (handler := _HANDLERS.get(type(node))) is not None:
            made_by: Typed = handler(self, node)
            return made_by
        if type(node) in _COMPARISONS:
            if isinstance(node.expression, exp.Any | exp.All):
                return self.quantified(node, node.expression)
            return operators.compare(
                _COMPARISONS[type(node)], self.compile(node.this), self.compile(node.expression), self.where(node)
            )
        if type(node) in _ARITHMETIC:
            return operators.arithmetic(
                _ARITHMETIC[type(node)], self.compile(node.this), self.compile(node.expression), self.where(node)
            )
        if aggregates.is_call(node):
            return aggregates.translated(self, node)
        raise not_supported(f"this expression: {type(node).__name__}", node_position(node))

    def condition(self, node: exp.Expr, words: str) -> Typed:
        """A boolean; raises QueryFailedError (TYPE_MISMATCH) with Trino's words for any other type."""
        found = self.compile(node)
        if found.type not in (BOOLEAN, UNKNOWN):
            raise QueryFailedError("TYPE_MISMATCH", words.format(found.type), node_position(node))
        return coerced(found, BOOLEAN)

    def quantified(self, node: exp.Expr, quantifier: exp.Any | exp.All) -> Typed:
        """A comparison with ANY, SOME or ALL of a subquery's values."""
        operator, every = _COMPARISONS[type(node)], isinstance(quantifier, exp.All)
        if not isinstance(quantifier.this, exp.Query) or (operator == ("=" if every else "<>")):
            # For `= ALL` and `<> ANY`, Trino compares with the least and greatest: null <> ANY (VALUES 1, 2) is true.
            raise not_supported("= ALL, <> ANY, or ANY and ALL of no subquery", node_position(node))
        value, kinds = self.compile(node.this), self.queries(quantifier.this)
        if len(kinds) != 1 or value.type != kinds[0] or kinds[0].name not in _QUANTIFIED:
            raise not_supported("ANY or ALL over these types", node_position(node))
        query = quantifier.this if isinstance(quantifier.this, exp.Subquery) else exp.Subquery(this=quantifier.this)
        return made(f"({{0}} {operator} {'ALL' if every else 'ANY'} {{1}})", BOOLEAN, value, Typed(query, kinds[0]))

    def united(self, nodes: Sequence[exp.Expr], words: str, position: Position | None) -> list[Typed]:
        """The translations of several expressions, converted to their common type."""
        parts = [self.compile(node) for node in nodes]
        kind = parts[0].type
        for part in parts[1:]:
            both = common(kind, part.type)
            if both is None:
                text = f"{words}. Cannot find common type between {kind} and {part.type}"
                raise QueryFailedError("TYPE_MISMATCH", text, position)
            kind = both
        return [coerced(part, kind, position) for part in parts]

    # Each of these translates one class of node.

    def _literal(self, node: exp.Literal) -> Typed:
        if node.is_string:
            text = node.name
            return Typed(exp.Literal.string(text), Type("varchar", (len(text),)), text)
        return number(node.name, node_position(node))

    def _null(self, _: exp.Null) -> Typed:
        return Typed(exp.Null(), UNKNOWN)

    def _boolean(self, node: exp.Boolean) -> Typed:
        return made("true" if node.this else "false", BOOLEAN)

    def _bytes(self, node: exp.HexString) -> Typed:
        digits = str(node.this).replace(" ", "")
        if len(digits) % 2 or not re.fullmatch(r"[0-9a-fA-F]*", digits):
            raise not_supported("this literal of bytes", node_position(node))
        return made(f"unhex('{digits}')", VARBINARY)

    def _column(self, node: exp.Column) -> Typed:
        kind = self.columns(node)
        return Typed(node.copy(), kind)

    def _identifier(self, node: exp.Identifier) -> Typed:
        for names in reversed(self.variables):
            if found := names.get(node.name.lower()):
                return Typed(found.sql.copy(), found.type)
        raise not_supported(f"the name {node.name} here", node_position(node))

    def _paren(self, node: exp.Paren) -> Typed:
        found = self.compile(node.this)
        return Typed(found.sql, found.type, None, found.partial)

    def _negative(self, node: exp.Neg) -> Typed:
        if isinstance(node.this, exp.Literal) and not node.this.is_string:
            return number(f"-{node.this.name}", node_position(node))
        return operators.negated(self.compile(node.this), self.where(node))

    def _opposite(self, node: exp.Not) -> Typed:
        if isinstance(node.this, exp.Is | exp.In | exp.Between | exp.Like | exp.Escape | exp.Exists | exp.NullSafeEQ):
            return made("(NOT {0})", BOOLEAN, self.compile(node.this))
        return made(
            "(NOT {0})",
            BOOLEAN,
            self.condition(node.this, "Value of logical NOT expression must evaluate to a boolean (actual: {})"),
        )

    def _logical(self, node: exp.Connector) -> Typed:
        words = "Logical expression term must evaluate to a boolean (actual: {})"
        sides = [self.condition(side, words) for side in (node.left, node.right)]
        return made(f"({{0}} {'AND' if isinstance(node, exp.And) else 'OR'} {{1}})", BOOLEAN, *sides)

    def _between(self, node: exp.Between) -> Typed:
        value, low, high = (self.compile(part) for part in (node.this, node.args["low"], node.args["high"]))
        if common(value.type, low.type) is None or common(value.type, high.type) is None:
            words = f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        first = operators.compare(">=", value, low, node_position(node))
        again = Typed(value.sql.copy(), value.type, value.literal, value.partial)
        return made("({0} AND {1})", BOOLEAN, first, operators.compare("<=", again, high, node_position(node)))

    def _contained(self, node: exp.In) -> Typed:
        query = node.args.get("query")
        if query is not None:
            value = self.compile(node.this)
            kinds = self.queries(query)
            if len(kinds) != 1 or common(value.type, kinds[0]) is None:
                words = f"Value expression and result of subquery must be of the same type: {value.type} vs {kinds[0]}"
                raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
            kind = common(value.type, kinds[0])
            if kind != kinds[0] or kind.name in ("real", "double", "array", "map", "row"):
                raise not_supported(f"IN with a subquery of {kinds[0]} for {value.type}", node_position(node))
            subquery = query if isinstance(query, exp.Subquery) else exp.Subquery(this=query)
            return made("({0} IN {1})", BOOLEAN, coerced(value, kind), Typed(subquery, kind))
        if node.args.get("unnest") or node.args.get("field"):
            raise not_supported("this IN", node_position(node))
        words = "IN value and list items must be the same type or coercible to a common type"
        value, *items = self.united([node.this, *node.expressions], words, node_position(node))
        if value.type.name in ("real", "double"):
            tests = []
            for item in items:
                same = Typed(value.sql.copy(), value.type)
                tests.append(operators.compare("=", same, item, None))
            places = " OR ".join(f"{{{place}}}" for place in range(len(tests)))
            return made(f"({places})", BOOLEAN, *tests)
        operators.compare("=", value, items[0], node_position(node))
        places = ", ".join(f"{{{place}}}" for place in range(1, len(items) + 1))
        return made(f"({{0}} IN ({places}))", BOOLEAN, value, *items)

    def _like(self, node: exp.Like | exp.Escape) -> Typed:
        escape = None
        inner = node
        if isinstance(node, exp.Escape):
            inner, escape = node.this, self.compile(node.expression)
            if not isinstance(inner, exp.Like) or escape.literal is None or len(escape.literal) != 1:
                raise not_supported("this ESCAPE", node_position(node))
        value, pattern = self.compile(inner.this), self.compile(inner.expression)
        for part, what in ((value, "Left side of LIKE expression"), (pattern, "Pattern for LIKE expression")):
            if part.type.name not in ("varchar", "unknown"):
                words = f"{what} must evaluate to a varchar (actual: {part.type})"
                raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        sides = [coerced(value, VARCHAR), coerced(pattern, VARCHAR)]
        negated = "NOT " if inner.args.get("negate") else ""
        if escape is None:
            return made(f"({{0}} {negated}LIKE {{1}})", BOOLEAN, *sides)
        if pattern.literal is None or re.search(
            rf"{re.escape(escape.literal or '')}(?![%_{re.escape(escape.literal or '')}])", pattern.literal
        ):
            raise not_supported("this ESCAPE", node_position(node))
        return made(f"({{0}} {negated}LIKE {{1}} ESCAPE {{2}})", BOOLEAN, *sides, escape)

    def _is(self, node: exp.Is) -> Typed:
        value = self.compile(node.this)
        if not isinstance(node.expression, exp.Null):
            raise not_supported("IS with a value", node_position(node))
        return made("({0} IS NULL)", BOOLEAN, value)

    def _distinct(self, node: exp.NullSafeEQ | exp.NullSafeNEQ) -> Typed:
        sides = self.compile(node.this), self.compile(node.expression)
        return operators.distinct(*sides, node_position(node), differ=isinstance(node, exp.NullSafeNEQ))

    def _joined(self, node: exp.DPipe) -> Typed:
        return operators.joined(self.compile(node.this), self.compile(node.expression), node_position(node))

    def _case(self, node: exp.Case) -> Typed:
        branches = node.args["ifs"]
        default = node.args.get("default")
        if node.this is not None:
            tests = [
                operators.compare("=", self.compile(node.this), self.compile(branch.this), node_position(node))
                for branch in branches
            ]
        else:
            tests = [
                self.condition(branch.this, "CASE WHEN clause must evaluate to a boolean (actual: {})")
                for branch in branches
            ]
        words = "All CASE results must be the same type or coercible to a common type"
        results = self.united(
            [*(branch.args["true"] for branch in branches), *([default] if default else [])], words, node_position(node)
        )
        sql = " ".join(f"WHEN {{{place}}} THEN {{{place + len(tests)}}}" for place in range(len(tests)))
        ending = f" ELSE {{{2 * len(tests)}}}" if default else ""
        return made(f"CASE {sql}{ending} END", results[0].type, *tests, *results)

    def _if(self, node: exp.If) -> Typed:
        test = self.condition(node.this, "IF condition must evaluate to a boolean (actual: {})")
        parts = [part for part in (node.args.get("true"), node.args.get("false")) if part is not None]
        results = self.united(parts, "Result types for IF must be the same", node_position(node))
        return made(
            f"CASE WHEN {{0}} THEN {{1}}{' ELSE {2}' if len(results) > 1 else ''} END", results[0].type, test, *results
        )

    def _coalesce(self, node: exp.Coalesce) -> Typed:
        return functions.coalesce(self, [node.this, *node.expressions], node_position(node))

    def _cast(self, node: exp.Cast) -> Typed:
        written = node.args["to"]
        text = written.sql("trino")
        given = node.this
        # sqlglot has a literal as a cast: DATE '2014-01-01'. Only such a one has the precision of its text.
        wanted = _type_of(written, text, node_position(node))
        if isinstance(given, exp.Literal) and given.is_string and not node.meta.get("written"):
            return time_literal(wanted, given.name, node_position(node))
        return cast(self.compile(given), wanted, node_position(node), safely=isinstance(node, exp.TryCast))

    def _interval(self, node: exp.Interval) -> Typed:
        return interval(node)

    def _array(self, node: exp.Array) -> Typed:
        if not node.expressions:
            return made("[]", array(UNKNOWN))
        words = "All ARRAY elements must be the same type or coercible to a common type"
        parts = self.united(node.expressions, words, node_position(node))
        return made(f"[{', '.join(f'{{{place}}}' for place in range(len(parts)))}]", array(parts[0].type), *parts)

    def _subscript(self, node: exp.Bracket) -> Typed:
        value = self.compile(node.this)
        if len(node.expressions) != 1:
            raise not_supported("this subscript", node_position(node))
        return functions.subscript(value, self.compile(node.expressions[0]), node_position(node))

    def _field(self, node: exp.Dot) -> Typed:
        value = self.compile(node.this)
        wanted = node.expression.name.lower()
        if value.type.name != "row":
            words = f"Expression {node.this.sql('trino')} is not of type ROW"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        for place, (name, kind) in enumerate(value.type.args):
            if name == wanted:
                return made(f"struct_extract({{0}}, {text_literal(field_name(place, name))})", kind, value)
        raise QueryFailedError("COLUMN_NOT_FOUND", f"Column '{wanted}' cannot be resolved", node_position(node))

    def _row(self, node: exp.Tuple) -> Typed:
        raise not_supported("rows in parentheses", node_position(node))

    def _subquery(self, node: exp.Subquery) -> Typed:
        kinds = self.queries(node)
        if len(kinds) != 1:
            raise not_supported("a subquery of several columns as a value", node_position(node))
        return Typed(node.copy(), kinds[0])

    def _exists(self, node: exp.Exists) -> Typed:
        return Typed(node.copy(), BOOLEAN)

    def _extract(self, node: exp.Extract) -> Typed:
        name = node.this.name.lower()
        if name not in ("year", "quarter", "month", "week", "day", "day_of_month", "day_of_week", "dow", "day_of_year",
                        "doy",                         "year_of_week", "yow", "hour", "minute", "second"):  # fmt: skip
            raise QueryFailedError("SYNTAX_ERROR", f"Invalid EXTRACT field: {name.upper()}", node_position(node))
        if name in ("hour", "minute", "second") and self.compile(node.expression).type == DATE:
            raise QueryFailedError("TYPE_MISMATCH", f"Cannot extract {name.upper()} from date", node_position(node))
        return functions.call(self, name, [node.expression], node_position(node))

    def _position(self, node: exp.StrPosition) -> Typed:
        return functions.call(self, "strpos", [node.this, node.args["substr"]], node_position(node))

    def _trim(self, node: exp.Trim) -> Typed:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or ""), "trim")
        parts = [node.this, *([node.expression] if node.args.get("expression") else [])]
        return functions.call(self, name, parts, node_position(node))

    def _substring(self, node: exp.Substring) -> Typed:
        parts = [node.this, node.args["start"], *([node.args["length"]] if node.args.get("length") else [])]
        return functions.call(self, "substring", parts, node_position(node))

    def _now(self, _: exp.Expr) -> Typed:
        return made("date_trunc('millisecond', now())", with_zone(3))

    def _today(self, _: exp.Expr) -> Typed:
        return made("current_date", DATE)

    def _local_now(self, _: exp.Expr) -> Typed:
        return made("date_trunc('millisecond', timezone('UTC', now()))", Type("timestamp", (3,)))

    def _at_zone(self, node: exp.AtTimeZone) -> Typed:
        value, zone = self.compile(node.this), self.compile(node.args["zone"])
        if zone.literal != "UTC" or value.type.name != "timestamp with time zone":
            raise not_supported("AT TIME ZONE", node_position(node))
        return value

    def _call(self, node: exp.Anonymous) -> Typed:
        name = node.name.lower()
        if aggregates.is_call(node):
            return aggregates.translated(self, node)
        return functions.call(self, name, node.expressions, self.where(node))

    def _template(self, node: Template) -> Typed:
        assert node.type is not None, "a translated expression has its type"
        return Typed(node, type_of(node.type), None, bool(node.meta.get("partial")))

    def _with_nulls(self, node: exp.IgnoreNulls) -> Typed:
        return aggregates.with_nulls(self, node)

    def _within_group(self, node: exp.WithinGroup) -> Typed:
        return aggregates.within_group(self, node)

    def _window(self, node: exp.Window) -> Typed:
        return aggregates.window(self, node)

    def _filtered(self, node: exp.Filter) -> Typed:
        return aggregates.filtered(self, node)


def _type_of(written: exp.DataType, text: str, position: Position | None) -> Type:
    if written.this in (exp.DType.CHAR, exp.DType.NCHAR):
        raise not_supported("values of type char", position)
    kind = parse_type(text)
    known = {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar", "varbinary",
             "date", "timestamp", "timestamp with time zone", "array", "map", "row", "json", "interval day to second",
             "interval year to month"}  # fmt: skip
    if kind.name not in known:
        raise not_supported(f"values of type {kind}", position)
    return kind


_HANDLERS: dict[type[exp.Expr], Any] = {
    exp.Literal: Compiler._literal,
    exp.Null: Compiler._null,
    exp.Boolean: Compiler._boolean,
    exp.HexString: Compiler._bytes,
    exp.Column: Compiler._column,
    exp.Identifier: Compiler._identifier,
    exp.Paren: Compiler._paren,
    exp.Neg: Compiler._negative,
    exp.Not: Compiler._opposite,
    exp.And: Compiler._logical,
    exp.Or: Compiler._logical,
    exp.Between: Compiler._between,
    exp.In: Compiler._contained,
    exp.Like: Compiler._like,
    exp.Escape: Compiler._like,
    exp.Is: Compiler._is,
    exp.NullSafeEQ: Compiler._distinct,
    exp.NullSafeNEQ: Compiler._distinct,
    exp.DPipe: Compiler._joined,
    exp.Case: Compiler._case,
    exp.If: Compiler._if,
    exp.Coalesce: Compiler._coalesce,
    exp.Cast: Compiler._cast,
    exp.TryCast: Compiler._cast,
    exp.Interval: Compiler._interval,
    exp.Array: Compiler._array,
    exp.Bracket: Compiler._subscript,
    exp.Dot: Compiler._field,
    exp.Tuple: Compiler._row,
    exp.Subquery: Compiler._subquery,
    exp.Exists: Compiler._exists,
    exp.Extract: Compiler._extract,
    exp.StrPosition: Compiler._position,
    exp.Trim: Compiler._trim,
    exp.Substring: Compiler._substring,
    exp.CurrentTimestamp: Compiler._now,
    exp.CurrentDate: Compiler._today,
    exp.Localtimestamp: Compiler._local_now,
    exp.AtTimeZone: Compiler._at_zone,
    exp.Anonymous: Compiler._call,
    exp.Window: Compiler._window,
    exp.Filter: Compiler._filtered,
    exp.IgnoreNulls: Compiler._with_nulls,
    exp.RespectNulls: Compiler._with_nulls,
    exp.WithinGroup: Compiler._within_group,
    Template: Compiler._template,
}
