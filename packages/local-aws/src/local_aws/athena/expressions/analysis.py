"""The types of a whole query: every expression of every scope is translated, and every column gets its type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.tokenizer_core import Token, TokenType

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions.aggregates import definition
from local_aws.athena.expressions.compiler import Compiler
from local_aws.athena.expressions.trino_types import BIGINT, Type, common
from local_aws.athena.expressions.typed import Typed, coerced
from local_aws.athena.position import Position, node_position, token_position

Tables = Callable[[str, str], dict[str, Type]]
_OPERATORS: dict[type[exp.Expr], tuple[TokenType, ...]] = {
    exp.EQ: (TokenType.EQ,), exp.NEQ: (TokenType.NEQ,), exp.LT: (TokenType.LT,), exp.GT: (TokenType.GT,),
    exp.LTE: (TokenType.LTE,), exp.GTE: (TokenType.GTE,), exp.Add: (TokenType.PLUS,), exp.Sub: (TokenType.DASH,),
    exp.Mul: (TokenType.STAR,), exp.Div: (TokenType.SLASH,), exp.Mod: (TokenType.MOD,),
}  # fmt: skip
Fields = list[tuple[str, Type]]


class Analysis:
    """Translates a query in place. `tables` has the columns of a relation of the catalog."""

    def __init__(self, tables: Tables, tokens: Sequence[Token]) -> None:
        self.tables = tables
        self.tokens = tokens
        self.outputs: dict[int, Fields] = {}

    def run(self, tree: exp.Query) -> list[Type]:
        """Translate the query; the types of its columns. Raises QueryFailedError."""
        for scope in traverse_scope(tree):
            self._scope(scope)
        return [kind for _, kind in self._fields(tree)]

    def _fields(self, node: exp.Expr) -> Fields:
        """The columns of a query or another source of rows."""
        while isinstance(node, exp.Subquery) and id(node) not in self.outputs:
            node = node.this
        if id(node) in self.outputs:
            return self.outputs[id(node)]
        if isinstance(node, exp.SetOperation):
            # A recursive query reads its own first part.
            return self._fields(node.this)
        raise not_supported(f"this source of rows: {type(node).__name__}", node_position(node))

    def _scope(self, scope: Scope) -> None:
        node = scope.expression
        compiler = Compiler(
            lambda column: self._column(scope, column),
            lambda query: [kind for _, kind in self._fields(query)],
            self._position,
        )
        if isinstance(node, exp.Select):
            self._select(node, compiler)
        elif isinstance(node, exp.SetOperation):
            self._set_operation(node)
            self._ordering(node, compiler)
        elif isinstance(node, exp.Values):
            self._values(node, compiler)
        elif isinstance(node, exp.Unnest):
            self._unnest(node, compiler)
        elif isinstance(node, exp.Lateral):
            names = [column.name for column in node.args["alias"].columns] if node.args.get("alias") else []
            fields = self._fields(node.this)
            names = names or [name for name, _ in fields]
            self.outputs[id(node)] = [(name, kind) for name, (_, kind) in zip(names, fields, strict=True)]
        elif isinstance(node, exp.Subquery | exp.Table):
            pass
        else:
            raise not_supported(f"this source of rows: {type(node).__name__}", node_position(node))

    # Names

    def _column(self, scope: Scope, column: exp.Column) -> Type:
        name, table = column.name, column.table
        searched: Scope | None = scope
        while searched is not None:
            source = searched.sources.get(table) if table else None
            if source is not None:
                fields = self._source(source)
                for field, kind in fields:
                    if field.lower() == name.lower():
                        return kind
                raise QueryFailedError("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node_position(column))
            if not table and (found := self._unqualified(searched, column)) is not None:
                return found
            searched = searched.parent
        raise QueryFailedError("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node_position(column))

    def _unqualified(self, scope: Scope, column: exp.Column) -> Type | None:
        """The type of a name without its relation: in ORDER BY that of an alias, elsewhere that of a column."""
        aliases = self.outputs.get(id(scope.expression), []) if isinstance(scope.expression, exp.Query) else []
        found = [kind for field, kind in aliases if field.lower() == column.name.lower()]
        if found and column.find_ancestor(exp.Order, exp.Having, exp.Query) is not scope.expression.args.get("having"):
            return found[0]
        for relation, source in scope.sources.items():
            for field, kind in self._source(source):
                if field.lower() == column.name.lower():
                    column.set("table", exp.to_identifier(relation, quoted=True))
                    return kind
        return found[0] if found else None

    def _source(self, source: exp.Expr | Scope) -> Fields:
        if isinstance(source, Scope):
            return self._fields(source.expression)
        if isinstance(source, exp.Table):
            return list(self.tables(source.db, source.name).items())
        return self._fields(source)

    def _position(self, node: exp.Expr) -> Position | None:
        """The position of an operator or of a function's name."""
        if isinstance(node, exp.Binary) and type(node) in _OPERATORS:
            ends = [int(part.meta["end"]) for part in node.left.walk() if "end" in part.meta]
            for token in self.tokens:
                if token.token_type in _OPERATORS[type(node)] and token.start > max(ends, default=-1):
                    return token_position(token)
        if isinstance(node, exp.Anonymous):
            for token, following in zip(self.tokens, self.tokens[1:], strict=False):
                if token.text.lower() == node.name.lower() and following.token_type == TokenType.L_PAREN:
                    return token_position(token)
        return node_position(node)

    # Clauses

    def _select(self, node: exp.Select, compiler: Compiler) -> None:
        for join in node.args.get("joins") or []:
            if join.args.get("on") is not None:
                self._condition(join.args["on"], compiler, "JOIN ON clause must evaluate to a boolean: actual type {}")
        for window in node.args.get("windows") or []:
            definition(compiler, window)
        fields: Fields = []
        for item in node.expressions:
            inner = item.this if isinstance(item, exp.Alias) else item
            found = self._replaced(inner, compiler)
            fields.append((item.alias_or_name, found.type))
        self.outputs[id(node)] = fields
        for name in ("where", "having"):
            if (clause := node.args.get(name)) is not None:
                words = "WHERE clause must evaluate to a boolean: actual type {}"
                if name == "having":
                    words = "HAVING clause must evaluate to a boolean: actual type {}"
                self._condition(clause.this, compiler, words)
        if (group := node.args.get("group")) is not None:
            self._grouping(group, compiler)
        self._ordering(node, compiler)

    def _replaced(self, node: exp.Expr, compiler: Compiler) -> Typed:
        found = compiler.compile(node)
        if found.sql is not node:
            node.replace(found.sql)
        return found

    def _condition(self, node: exp.Expr, compiler: Compiler, words: str) -> None:
        made = compiler.condition(node, words).sql
        if made is not node:
            node.replace(made)

    def _grouping(self, group: exp.Group, compiler: Compiler) -> None:
        keys = list(group.expressions)
        for name in ("grouping_sets", "cube", "rollup"):
            for one in group.args.get(name) or []:
                keys += one.expressions if isinstance(one, exp.Expr) else []
        for key in keys:
            self._group_key(key, compiler)

    def _group_key(self, key: exp.Expr, compiler: Compiler) -> None:
        if isinstance(key, exp.Tuple | exp.Cube | exp.Rollup | exp.GroupingSets):
            for part in key.expressions:
                self._group_key(part, compiler)
        elif isinstance(key, exp.Paren):
            self._group_key(key.this, compiler)
        elif not (isinstance(key, exp.Literal) and not key.is_string):
            self._replaced(key, compiler)

    def _ordering(self, node: exp.Query, compiler: Compiler) -> None:
        order = node.args.get("order")
        for item in order.expressions if order is not None else []:
            key = item.this if isinstance(item, exp.Ordered) else item
            if isinstance(key, exp.Literal) and not key.is_string:
                continue
            if self._replaced(key, compiler).type.name in ("map", "json"):
                raise QueryFailedError(
                    "TYPE_MISMATCH", "Type is not orderable, and therefore cannot be used in ORDER BY"
                )

    def _set_operation(self, node: exp.SetOperation) -> None:
        left, right = self._fields(node.this), self._fields(node.expression)
        if len(left) != len(right):
            words = f"{type(node).__name__.upper()} query has different number of fields: {len(left)}, {len(right)}"
            raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        fields: Fields = []
        for place, ((name, mine), (_, its)) in enumerate(zip(left, right, strict=True), 1):
            both = common(mine, its)
            if both is None:
                words = f"column {place} in {type(node).__name__.upper()} query has incompatible types: {mine}, {its}"
                raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
            fields.append((name, both))
        if fields != left or any(mine != its for (_, mine), (_, its) in zip(left, right, strict=True)):
            with_ = node.parent.parent if isinstance(node.parent, exp.CTE) else None
            if isinstance(with_, exp.With) and with_.args.get("recursive"):
                self._check_step(left, right, node)
        for side in (node.this, node.expression):
            self._convert(side, [kind for _, kind in fields])
        self.outputs[id(node)] = fields

    def _check_step(self, base: Fields, step: Fields, node: exp.Expr) -> None:
        for place, ((_, mine), (_, its)) in enumerate(zip(base, step, strict=True), 1):
            if common(mine, its) != mine:
                words = (
                    f"recursion step relation output type ({its}) is not coercible to recursion base relation "
                    f"output type ({mine}) at column {place}"
                )
                raise QueryFailedError("TYPE_MISMATCH", words, node_position(node))
        if [kind for _, kind in base] != [kind for _, kind in step]:
            raise not_supported("a recursive WITH query of other types in its step", node_position(node))

    def _convert(self, side: exp.Expr, kinds: Sequence[Type]) -> None:
        """Convert a query's columns to the types of a set operation."""
        while isinstance(side, exp.Subquery | exp.Paren):
            side = side.this
        if isinstance(side, exp.SetOperation):
            self._convert(side.this, kinds)
            self._convert(side.expression, kinds)
            return
        fields = self._fields(side)
        if all(mine == its for (_, mine), its in zip(fields, kinds, strict=True)):
            return
        if not isinstance(side, exp.Select):
            raise not_supported("these types in a set operation", node_position(side))
        for item, (_, mine), its in zip(side.expressions, fields, kinds, strict=True):
            if mine != its:
                inner = item.this if isinstance(item, exp.Alias) else item
                inner.replace(coerced(Typed(inner.copy(), mine), its).sql)
        self.outputs[id(side)] = [(name, kind) for (name, _), kind in zip(fields, kinds, strict=True)]

    def _values(self, node: exp.Values, compiler: Compiler) -> None:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        if len({len(row) for row in rows}) > 1:
            raise QueryFailedError("TYPE_MISMATCH", "Values rows have mismatched sizes", node_position(node))
        names = [column.name for column in node.args["alias"].columns] if node.args.get("alias") else []
        fields: Fields = []
        for place in range(len(rows[0])):
            column = [row[place] for row in rows]
            words = "Values rows have mismatched types"
            parts = compiler.united(column, words, node_position(node))
            for part, made in zip(column, parts, strict=True):
                part.replace(made.sql)
            fields.append((names[place] if place < len(names) else f"_col{place}", parts[0].type))
        self.outputs[id(node)] = fields

    def _unnest(self, node: exp.Unnest, compiler: Compiler) -> None:
        alias = node.args.get("alias")
        names = [column.name for column in alias.columns] if alias else []
        kinds: list[Type] = []
        for part in node.expressions:
            found = self._replaced(part, compiler)
            if found.type.name not in ("array", "map"):
                words = f"Cannot unnest type: {found.type}"
                raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", words, node_position(node))
            if found.type.args[0].name in ("row", "unknown"):
                raise not_supported(f"UNNEST of {found.type}", node_position(node))
            kinds += found.type.args
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier):
            kinds.append(BIGINT)
            names = [*names, offset.name]
        self.outputs[id(node)] = list(zip(names, kinds, strict=False))
