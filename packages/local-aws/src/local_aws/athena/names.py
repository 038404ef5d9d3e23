"""Names as Athena resolves them: columns, relations, aliases, positions; and the labels of a query's columns.

sqlglot resolves more than Athena does (an alias in HAVING, a column that USING has merged), and DuckDB more again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from sqlglot import exp

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.position import node_position

NAMELESS = "_unnamed"
"""Begins the names that this package gives to columns without one."""
Tables = Mapping[tuple[str, str], Sequence[str]]
"""The columns of each table of the catalog, by database and name."""


@dataclass(frozen=True)
class Field:
    """A column of a relation: its label as it was written (None: it has no name), and the relation's name."""

    label: str | None
    relation: str | None
    hidden: bool = False
    nameless: bool = False

    def fits(self, name: str, relation: str) -> bool:
        """Whether a reference means this column."""
        return (
            self.label is not None
            and self.label.lower() == name.lower()
            and (not relation or (self.relation or "").lower() == relation.lower())
        )


_ONE_LEVEL = 2
"""The scopes between an expression of a subquery and the query around it: the subquery's own, and one for its place."""


@dataclass
class _Scope:
    """What an expression can name: the columns of its relations, then those of the queries around it."""

    fields: list[Field] = field(default_factory=list)
    outer: _Scope | None = None
    correlated: bool = False

    def find(self, column: exp.Column) -> Field | None:
        name, relation = column.name, column.table
        scope: _Scope | None = self
        passed: list[_Scope] = []
        while scope is not None:
            found = [one for one in scope.fields if one.fits(name, relation)]
            if len(found) > 1:
                words = f"Column '{_written(column)}' is ambiguous"
                raise QueryFailedError("AMBIGUOUS_NAME", words, node_position(column))
            if not found and relation:
                # A field of a column that is a row.
                found = [one for one in scope.fields if one.fits(relation, "")][:1]
            if found:
                if len(passed) > _ONE_LEVEL:
                    raise not_supported("a subquery that names a query two levels up", node_position(column))
                for inner in passed:
                    inner.correlated = True
                return found[0]
            passed.append(scope)
            scope = scope.outer
        return None


def written(identifier: exp.Expr) -> str:
    """A name in the case that the statement has it."""
    return str(identifier.meta.get("written", identifier.name))


def in_small_letters(tree: exp.Expr) -> None:
    """Write all names in small letters, as Athena ignores their case; `written` has the original."""
    for identifier in list(tree.find_all(exp.Identifier)):
        if identifier.find_ancestor(exp.DataType, exp.ColumnDef) is None and identifier.name != identifier.name.lower():
            identifier.meta["written"] = identifier.name
            identifier.set("this", identifier.name.lower())


def _written(column: exp.Column) -> str:
    return ".".join(part for part in (column.table, column.name) if part).lower()


def _positions(items: int, node: exp.Expr, clause: str) -> bool:
    """Whether the node is the number of a column of the result; raises QueryFailedError for one that is not there."""
    negative = isinstance(node, exp.Neg)
    number = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(number, exp.Literal) or number.is_string or not number.name.isdigit():
        return False
    if negative or not 1 <= int(number.name) <= items:
        text = f"-{number.name}" if negative else number.name
        words = f"{clause} position {text} is not in select list"
        raise QueryFailedError("INVALID_COLUMN_REFERENCE", words, node_position(node))
    return True


class Names:
    """Resolves the names of one statement."""

    def __init__(self, tables: Tables, hidden: str = "") -> None:
        """`hidden` is a column that * leaves out."""
        self._tables = tables
        self._hidden = hidden

    def query(
        self, query: exp.Expr, named: Mapping[str, list[str | None]], outer: _Scope | None = None
    ) -> list[str | None]:
        """The labels of the query's columns. Raises QueryFailedError where Athena resolves a name to nothing."""
        named = self._with(query, named, outer)
        if isinstance(query, exp.Subquery):
            return self.query(query.this, named, outer)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, named, outer)
        if isinstance(query, exp.Values):
            return self._values(query, named, outer)
        if not isinstance(query, exp.Select):
            raise not_supported("this form of a query", node_position(query))
        return self._select(query, named, outer)

    def _with(
        self, query: exp.Expr, named: Mapping[str, list[str | None]], outer: _Scope | None
    ) -> Mapping[str, list[str | None]]:
        clause = query.args.get("with_")
        if clause is None:
            return named
        found = dict(named)
        own: set[str] = set()
        for cte in clause.expressions:
            name = cte.alias.lower()
            if name in own:
                words = f"WITH query name '{name}' specified more than once"
                raise QueryFailedError("DUPLICATE_NAMED_QUERY", words, node_position(cte))
            own.add(name)
            columns = [written(column) for column in cte.args["alias"].columns]
            recursive = clause.args.get("recursive") and any(
                table.name.lower() == name and not table.db for table in cte.this.find_all(exp.Table)
            )
            if clause.args.get("recursive") and not columns:
                words = "missing column aliases in recursive WITH query"
                raise QueryFailedError("MISSING_COLUMN_ALIASES", words, node_position(cte))
            if recursive:
                labels = self.query(cte.this, {**found, name: list(columns)}, outer)
            else:
                labels = self.query(cte.this, found, outer)
            found[name] = self._renamed(labels, columns, "relation", cte)
        return found

    def _renamed(self, labels: list[str | None], columns: Sequence[str], what: str, node: exp.Expr) -> list[str | None]:
        if columns and len(columns) != len(labels):
            words = f"Column alias list has {len(columns)} entries but {what} has {len(labels)} columns"
            words += "" if what == "relation" else " available"
            raise QueryFailedError("MISMATCHED_COLUMN_ALIASES", words, node_position(node))
        return [column or None for column in columns] or labels

    def _set_operation(
        self, query: exp.SetOperation, named: Mapping[str, list[str | None]], outer: _Scope | None
    ) -> list[str | None]:
        left, right = (self.query(side, named, outer) for side in (query.this, query.expression))
        if len(left) != len(right):
            words = f"{query.key.upper()} query has different number of fields: {len(left)}, {len(right)}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(query))
        scope = _Scope([Field(label, None) for label in left])
        for item in _order(query):
            if not _positions(len(left), item.this, "ORDER BY"):
                if not isinstance(item.this, exp.Column):
                    raise not_supported("ORDER BY of an expression behind a set operation", node_position(item))
                self._column(item.this, scope)
        return left

    def _values(
        self, values: exp.Values, named: Mapping[str, list[str | None]], outer: _Scope | None
    ) -> list[str | None]:
        for row in values.expressions:
            self._expression(row, _Scope(outer=outer), named)
        first = values.expressions[0]
        return [None] * (len(first.expressions) if isinstance(first, exp.Tuple) else 1)

    # Relations.

    def _relation(self, node: exp.Expr, named: Mapping[str, list[str | None]], scope: _Scope) -> list[Field]:
        alias = node.args.get("alias")
        columns = [written(column) for column in alias.columns] if alias is not None else []
        name = alias.name if alias is not None and alias.this is not None else None
        if isinstance(node, exp.Table):
            name = name or node.name
            key = node.name.lower()
            own = not node.db and key in named
            labels: list[str | None] = list(named[key] if own else self._tables[node.db.lower(), key])
        elif isinstance(node, exp.Unnest):
            for one in node.expressions:
                self._expression(one, scope, named)
            return [Field(column, name, nameless=column is None) for column in _unnested(node)]
        elif isinstance(node, exp.Lateral):
            inner = _Scope(scope.fields, scope.outer)
            labels = self.query(node.this, named, inner)
        else:
            labels = self.query(node, named, scope.outer)
        columns = ["" if column.startswith(NAMELESS) else column for column in columns]
        visible = [label for label in labels if label != self._hidden]
        hidden = isinstance(node, exp.Table) and len(visible) < len(labels)
        named_now = [Field(label, name) for label in self._renamed(visible, columns, f"'{name}'", node)]
        return [*named_now, Field(self._hidden, name, hidden=True)] if hidden else named_now

    def _relations(self, query: exp.Select, named: Mapping[str, list[str | None]], outer: _Scope | None) -> _Scope:
        scope = _Scope(outer=outer)
        start = query.args.get("from_")
        if start is not None:
            scope.fields = self._relation(start.this, named, scope)
        # A comma begins another tree of joins; what is before it is not seen in the tree.
        before: list[Field] = []
        joins = query.args.get("joins") or []
        for join, following in zip_longest(joins, joins[1:]):
            if _is_comma(join):
                before += scope.fields
                alone = following is None or _is_comma(following)
                scope.fields = self._relation(join.this, named, _Scope(before if alone else [], outer))
                continue
            fields = self._relation(join.this, named, scope)
            if using := join.args.get("using"):
                scope.fields = self._using(join, [written(column) for column in using], scope.fields, fields)
                continue
            scope.fields = scope.fields + fields
            if join.args.get("on") is not None:
                self._expression(join.args["on"], scope, named)
            _check_join(join)
        scope.fields = before + scope.fields
        return scope

    def _using(self, join: exp.Expr, names: list[str], left: list[Field], right: list[Field]) -> list[Field]:
        for name in names:
            for side, fields in (("left", left), ("right", right)):
                found = [one for one in fields if one.fits(name, "")]
                if not found:
                    words = f"Column '{name.lower()}' is missing from {side} side of join"
                    raise QueryFailedError("COLUMN_NOT_FOUND", words, node_position(join))
                if len(found) > 1:
                    raise QueryFailedError("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node_position(join))
        merged = [Field(name, None) for name in names]
        rest = [one for one in (*left, *right) if not any(one.fits(name, "") for name in names)]
        return merged + rest

    # Expressions.

    def _column(self, column: exp.Column, scope: _Scope) -> Field:
        found = scope.find(column)
        if found is None and any(one.nameless for one in scope.fields):
            raise not_supported("a column of UNNEST by a name that UNNEST has not given", node_position(column))
        if found is not None and not column.table and found.relation:
            # In HAVING and elsewhere, an alias of the result does not hide a column.
            column.set("table", exp.to_identifier(found.relation))
        if found is None:
            words = f"Column '{_written(column)}' cannot be resolved"
            raise QueryFailedError("COLUMN_NOT_FOUND", words, node_position(column))
        return found

    def _expression(self, node: exp.Expr, scope: _Scope, named: Mapping[str, list[str | None]]) -> None:
        for part in within(node):
            if isinstance(part, exp.Query):
                inner = _Scope(outer=scope)
                self.query(part, named, inner)
                if inner.correlated:
                    _check_correlated(part)
            elif isinstance(part, exp.Column) and not isinstance(part.this, exp.Star) and not _is_parameter(part):
                self._column(part, scope)

    # SELECT.

    def _select(
        self, query: exp.Select, named: Mapping[str, list[str | None]], outer: _Scope | None
    ) -> list[str | None]:
        scope = self._relations(query, named, outer)
        labels = self._items(query, scope, named)
        for clause in ("where", "having"):
            if query.args.get(clause) is not None:
                self._expression(query.args[clause].this, scope, named)
        for window in query.args.get("windows") or []:
            self._expression(window, scope, named)
        group = query.args.get("group")
        for item in group.expressions if group is not None else []:
            if not _positions(len(labels), item, "GROUP BY"):
                self._expression(item, scope, named)
        self._check_order(query, scope, labels, named)
        return labels

    def _items(self, query: exp.Select, scope: _Scope, named: Mapping[str, list[str | None]]) -> list[str | None]:
        labels: list[str | None] = []
        using = any(join.args.get("using") for join in query.args.get("joins") or [])
        for item in query.expressions:
            if isinstance(item, exp.Star):
                if query.args.get("from_") is None:
                    words = "SELECT * not allowed in queries without FROM clause"
                    raise QueryFailedError("COLUMN_NOT_FOUND", words, node_position(item))
                _check_star(scope.fields, item)
                labels += [one.label for one in scope.fields if not one.hidden]
            elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
                wanted = item.table.lower()
                found = [one for one in scope.fields if (one.relation or "").lower() == wanted]
                if not found:
                    words = f"Unable to resolve reference {wanted}"
                    raise QueryFailedError("TABLE_NOT_FOUND", words, node_position(item))
                if using:
                    raise not_supported(f"{item.table}.* of a relation that USING joins", node_position(item))
                _check_star(found, item)
                labels += [one.label for one in found if not one.hidden]
            else:
                inner = item.this if isinstance(item, exp.Alias) else item
                self._expression(inner, scope, named)
                labels.append(_label(item))
        return labels

    def _check_order(
        self, query: exp.Select, scope: _Scope, labels: list[str | None], named: Mapping[str, list[str | None]]
    ) -> None:
        aliases = {
            item.alias.lower(): item.this for item in query.expressions if isinstance(item, exp.Alias) and item.alias
        }
        for item in _order(query):
            of = item.this
            if _positions(len(labels), of, "ORDER BY"):
                continue
            if isinstance(of, exp.Literal | exp.Null):
                raise not_supported("ORDER BY of a constant", node_position(item))
            if isinstance(of, exp.Column) and not of.table and of.name.lower() in aliases:
                if [label.lower() for label in labels if label].count(of.name.lower()) > 1:
                    words = f"Column '{_written(of)}' is ambiguous"
                    raise QueryFailedError("AMBIGUOUS_NAME", words, node_position(of))
                continue
            # An alias in an expression stands for its expression, even where a relation has such a column.
            for column in [one for one in within(of) if isinstance(one, exp.Column) and not one.table]:
                if column.name.lower() in aliases:
                    column.replace(exp.Paren(this=aliases[column.name.lower()].copy()))
            of = item.this
            shown = {label.lower() for label in labels if label}
            if any(isinstance(part, exp.Column) and part.table.lower() in shown for part in within(of)):
                raise not_supported("ORDER BY of a relation with the name of a result's column", node_position(item))
            self._expression(of, scope, named)
            if query.args.get("distinct") and not self._selected(query, of, scope):
                words = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                raise QueryFailedError("EXPRESSION_NOT_IN_DISTINCT", words, (1, 1))

    def _selected(self, query: exp.Select, ordered: exp.Expr, scope: _Scope) -> bool:
        wanted = _canonical(ordered, scope)
        for item in query.expressions:
            if isinstance(item, exp.Star):
                if isinstance(ordered, exp.Column):
                    return True
                continue
            if _canonical(item.this if isinstance(item, exp.Alias) else item, scope) == wanted:
                return True
        return False


def name_unnested(tree: exp.Expr) -> None:
    """Give names to the columns of UNNEST that have none: one for each array, and one for the ordinality."""
    for number, node in enumerate(tree.find_all(exp.Unnest)):
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(f"_unnest{number}"))
        node.set("alias", alias)
        if not alias.columns:
            columns = [exp.to_identifier(f"{NAMELESS}{place}") for place in range(len(node.expressions))]
            alias.set("columns", columns)
            if node.args.get("offset"):
                node.set("offset", exp.to_identifier(f"{NAMELESS}{len(columns)}"))
        elif node.args.get("offset") is True:
            words = "UNNEST WITH ORDINALITY without a name for the ordinality"
            raise not_supported(words, node_position(node))


def _unnested(node: exp.Unnest) -> list[str | None]:
    columns = [*node.args["alias"].columns]
    if isinstance(node.args.get("offset"), exp.Identifier):
        columns.append(node.args["offset"])
    return [None if column.name.startswith(NAMELESS) else written(column) for column in columns]


def _order(query: exp.Expr) -> list[exp.Expr]:
    order = query.args.get("order")
    return list(order.expressions) if order is not None else []


def _label(item: exp.Expr) -> str | None:
    if isinstance(item, exp.Alias):
        return written(item.args["alias"])
    return written(item.this) if isinstance(item, exp.Column) else None


def _canonical(node: exp.Expr, scope: _Scope) -> str:
    def named(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Column) and not isinstance(part.this, exp.Star):
            found = scope.find(part)
            place = scope.fields.index(found) if found in scope.fields else -1
            return exp.column(f"{part.name.lower()}#{place}")
        return part

    return node.copy().transform(named).sql("trino").lower()


def _is_parameter(column: exp.Column) -> bool:
    """Whether the name is a parameter of a lambda around it."""
    parent = column.parent
    while parent is not None and not isinstance(parent, exp.Query):
        if isinstance(parent, exp.Lambda):
            names = {one.name.lower() for one in parent.expressions}
            if (column.table or column.name).lower() in names:
                return True
        parent = parent.parent
    return False


def within(node: exp.Expr) -> Iterator[exp.Expr]:
    """The node and what is in it; of a query only the query."""
    yield node
    if not isinstance(node, exp.Query):
        for child in node.iter_expressions():
            yield from within(child)


def _check_star(fields: Sequence[Field], star: exp.Expr) -> None:
    seen = set()
    for one in fields:
        key = ((one.relation or "").lower(), (one.label or "").lower())
        if one.label is not None and key in seen:
            raise not_supported(f"* of a relation with two columns of the name {one.label}", node_position(star))
        seen.add(key)


def _is_comma(join: exp.Expr) -> bool:
    return not any(join.args.get(name) for name in ("kind", "side", "method", "on", "using"))


def _check_join(join: exp.Expr) -> None:
    side, on = join.args.get("side") or "", join.args.get("on")
    what = "UNNEST" if isinstance(join.this, exp.Unnest) else "LATERAL" if isinstance(join.this, exp.Lateral) else ""
    if not what or on is None:
        return
    if side in ("RIGHT", "FULL"):
        raise not_supported(f"{side} JOIN of {what}", node_position(join))
    if not (isinstance(on, exp.Boolean) and on.this):
        kind = f"{side} JOIN" if side else "INNER JOIN"
        words = f"{kind} involving {what} is only supported with condition ON TRUE"
        raise QueryFailedError("NOT_SUPPORTED", words, node_position(join))


def _check_correlated(query: exp.Expr) -> None:
    """Refuse a correlated subquery of a form that Trino may refuse, or that is not known to be the same."""
    inner = query.this if isinstance(query, exp.Subquery) else query
    plain = isinstance(inner, exp.Select) and not any(
        inner.args.get(name) for name in ("limit", "offset", "order", "group", "having", "distinct", "with_", "windows")
    )
    inside = [part for found in inner.find_all(exp.AggFunc) for part in found.find_all(exp.Column)]
    named = {one.alias_or_name for one in inner.find_all(exp.Table, exp.Subquery, exp.Unnest)}
    if any(column.table and column.table not in named for column in inside):
        raise not_supported(
            "a correlated subquery that aggregates columns of the query around it", node_position(query)
        )
    if not plain or any(isinstance(part, exp.Window) for part in inner.walk()):
        raise not_supported("a correlated subquery of this form", node_position(query))
