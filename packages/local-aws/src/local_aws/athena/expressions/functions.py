"""Calls of scalar functions: which of Trino's functions is meant, and its translation, or the refusal of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions import operators
from local_aws.athena.expressions.formatting import FORMS, Form, check_pattern
from local_aws.athena.expressions.signatures import Resolved, resolve, signatures, substituted
from local_aws.athena.expressions.signatures import patterns as patterns_of
from local_aws.athena.expressions.translations import TRANSLATIONS
from local_aws.athena.expressions.trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOATING,
    INTEGER,
    SOME_VARCHAR,
    UNKNOWN,
    VARCHAR,
    Type,
    can_coerce,
    common,
    decimal,
    duckdb_of,
    field_name,
    is_number,
)
from local_aws.athena.expressions.typed import Typed, coerced, made
from local_aws.athena.position import Position

if TYPE_CHECKING:
    from local_aws.athena.expressions.compiler import Compiler

_NESTED = ("array", "map", "row", "json")
Special = Callable[["Compiler", Sequence[exp.Expr], "Position | None"], Typed]


def call(compiler: Compiler, name: str, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    """A call of a scalar function. Raises QueryFailedError (FUNCTION_NOT_FOUND, NOT_SUPPORTED)."""
    for node in nodes:
        # An aggregate's translation asks which function it is in, which is translated before.
        node.meta["called"] = name
    if name in _SPECIAL:
        return _SPECIAL[name](compiler, nodes, position)
    if name not in signatures():
        raise QueryFailedError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", position)
    parts = [None if isinstance(node, exp.Lambda) else compiler.compile(node) for node in nodes]
    found = resolve(name, [part.type if part else None for part in parts], position)
    arguments = _arguments(compiler, found, parts, nodes, position)
    translation = TRANSLATIONS.get(found.signature.key) or TRANSLATIONS.get(name)
    if translation is None:
        raise not_supported(f"the function {found.signature.key}", position)
    result = _result(found)
    if name == "concat" and len(nodes) == 1:
        raise not_supported("concat of one value", position)
    _check_unit(name, arguments, position)
    if form := FORMS.get(found.signature.key) or FORMS.get(name):
        _check_form(form, name, arguments, position)
    if name.startswith("regexp_"):
        check_pattern(name, arguments, position)
    for part in arguments:
        _check_argument(name, part, position)
    sql = translation(arguments) if callable(translation) else translation
    if is_number(result):
        sql = f"CAST({sql} AS {duckdb_of(result)})"
    return made(sql, result, *arguments, partial=name in PARTIAL)


PARTIAL = frozenset(
    [
        "lpad",
        "rpad",
        "levenshtein_distance",
        "from_utf8",
        "date_parse",
        "from_base64",
        "from_iso8601_date",
        "from_iso8601_timestamp",
        "replace",
        "round",
        "date",
    ]
)
"""Functions that may refuse a value while they run."""


def _check_argument(name: str, part: Typed, position: Position | None) -> None:
    """Elements of arrays and maps are compared as plain values only."""
    inner = part.type.args[0] if part.type.name in ("array", "map") and part.type.args else None
    if inner is not None and name in _COMPARING and (inner.name in _NESTED or inner in FLOATING):
        raise not_supported(f"{name} of {part.type}", position)


_COMPARING = frozenset(
    [
        "contains",
        "array_position",
        "array_remove",
        "array_distinct",
        "array_union",
        "array_intersect",
        "array_except",
        "arrays_overlap",
        "array_max",
        "array_min",
        "array_sort",
    ]
)


def _check_unit(name: str, arguments: Sequence[Typed], position: Position | None) -> None:
    """A date has no hours; the milliseconds of a coarser timestamp are cut off."""
    if name not in ("date_trunc", "date_add", "date_diff"):
        return
    unit, at = (arguments[0].literal or "").lower(), arguments[-1].type
    if at == DATE and unit in ("hour", "minute", "second", "millisecond"):
        raise not_supported(f"{name} of {unit}s of a date", position)
    if unit == "millisecond" and at != DATE and at.args[0] < 3 and name == "date_add":
        raise not_supported(f"date_add of milliseconds to {at}", position)


def _check_form(form: Form, name: str, arguments: Sequence[Typed], position: Position | None) -> None:
    literal = arguments[form.place].literal if form.place < len(arguments) else ""
    if literal is None:
        raise not_supported(f"{name} with a pattern that is not a literal", position)
    if not form.known(literal):
        raise not_supported(f"{name} with '{literal}'", position)


def _arguments(
    compiler: Compiler,
    found: Resolved,
    parts: Sequence[Typed | None],
    nodes: Sequence[exp.Expr],
    position: Position | None,
) -> list[Typed]:
    """The arguments, converted to what the function takes; lambdas are translated with the types of the others."""
    made_parts: list[Typed] = []
    patterns = patterns_of(found.signature.arguments)
    for place, (part, wanted) in enumerate(zip(parts, found.arguments, strict=True)):
        if part is None:
            made_parts.append(_lambda(compiler, nodes[place], patterns[place], found, position))
        else:
            assert wanted is not None
            made_parts.append(coerced(part, wanted, position))
    return made_parts


def _lambda(compiler: Compiler, node: exp.Expr, pattern: Type, found: Resolved, position: Position | None) -> Typed:
    assert isinstance(node, exp.Lambda)
    *inputs, output = pattern.args
    if len(inputs) != len(node.expressions):
        raise QueryFailedError(
            "FUNCTION_NOT_FOUND", f"Unexpected parameters for function {found.signature.name}", position
        )
    names = [one.name.lower() for one in node.expressions]
    pair = "v_" + "_".join(names)
    of_entries = found.signature.name in _OF_ENTRIES
    scope = {
        name: made(
            _part_of(found.signature.name, pair, place) if of_entries else f"v_{name}",
            substituted(one, found.variables),
        )
        for place, (name, one) in enumerate(zip(names, inputs, strict=True))
    }
    compiler.variables.append(scope)
    try:
        body = compiler.compile(node.this)
    finally:
        compiler.variables.pop()
    wanted = substituted(output, found.variables)
    if wanted == UNKNOWN and output.name not in found.variables:
        found.variables[output.name] = body.type
        wanted = body.type
    if wanted == BOOLEAN and body.type != BOOLEAN:
        words = f"Unexpected parameters (<function>) for function {found.signature.name}"
        raise QueryFailedError("FUNCTION_NOT_FOUND", words, position)
    if not can_coerce(body.type, wanted) or (found.signature.name == "reduce" and body.type != wanted):
        raise not_supported(f"a lambda that returns {body.type} for {wanted}", position)
    body = coerced(body, wanted, position)
    if found.signature.name == "transform_values":
        body = made(f"struct_pack(key := struct_extract({pair}, 'key'), value := {{0}})", body.type, body)
    variables = pair if of_entries else ", ".join(f"v_{name}" for name in names)
    return made(f"lambda {variables}: {{0}}", wanted, body)


def _part_of(function: str, pair: str, place: int) -> str:
    if function == "zip_with":
        return f"struct_extract({pair}, {place + 1})"
    return f"struct_extract({pair}, '{('key', 'value')[place]}')"


_OF_ENTRIES = ("map_filter", "transform_values", "transform_keys", "zip_with")


def _result(found: Resolved) -> Type:
    signature = found.signature
    kinds = [kind for kind in found.arguments if kind is not None]
    if signature.result in ("decimal(rp,0)", "decimal(rp,rs)", "decimal(rp,s)"):
        precision, scale = kinds[0].args
        if signature.result == "decimal(rp,s)":
            return decimal(min(38, precision + 1), scale)
        extra = 0 if signature.name == "truncate" else min(scale, 1)
        return decimal(max(1, precision - scale + extra), 0)
    if signature.name == "concat" and kinds[0].name == "array":
        return kinds[0]
    return substituted(patterns_of(signature.result)[0], found.variables)


# Functions with rules of their own.


def coalesce(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    """The translation of COALESCE."""
    if len(nodes) < 2:
        raise QueryFailedError("SYNTAX_ERROR", "The 'coalesce' function must have at least two arguments", position)
    parts = compiler.united(
        nodes, "All COALESCE operands must be the same type or coercible to a common type", position
    )
    return made(f"coalesce({_places(parts)})", parts[0].type, *parts)


def _places(parts: Sequence[Any]) -> str:
    return ", ".join(f"{{{place}}}" for place in range(len(parts)))


def _nullif(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    if len(nodes) != 2:
        raise QueryFailedError(
            "INVALID_FUNCTION_ARGUMENT", "Invalid number of arguments for 'nullif' function", position
        )
    one, other = (compiler.compile(node) for node in nodes)
    if common(one.type, other.type) is None:
        words = f"Types are not comparable with NULLIF: {one.type} vs {other.type}"
        raise QueryFailedError("TYPE_MISMATCH", words, position)
    again = Typed(one.sql.copy(), one.type, one.literal, one.partial)
    return made("CASE WHEN {0} THEN NULL ELSE {1} END", one.type, operators.compare("=", one, other, position), again)


def _try(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    if len(nodes) != 1:
        raise QueryFailedError(
            "INVALID_FUNCTION_ARGUMENT", "The 'try' function must have exactly one argument", position
        )
    part = compiler.compile(nodes[0])
    if part.partial or any(isinstance(one, exp.Subquery | exp.Exists) for one in nodes[0].walk()):
        raise not_supported("TRY around this expression", position)
    return made("TRY({0})", part.type, part)


def _typeof(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    if len(nodes) != 1:
        raise QueryFailedError("FUNCTION_NOT_FOUND", "Unexpected parameters for function typeof", position)
    value = compiler.compile(nodes[0])
    kind = value.type
    if _has_unknown_length(kind):
        raise not_supported("typeof of a text whose length Trino computes", position)
    text = Typed(exp.Literal.string(str(kind)), VARCHAR)
    # The value is computed: its errors are the query's.
    return made("CASE WHEN {0} IS NULL THEN {1} ELSE {1} END", VARCHAR, value, text)


def _has_unknown_length(kind: Type) -> bool:
    if kind == SOME_VARCHAR:
        return True
    parts = [one[1] if isinstance(one, tuple) else one for one in kind.args]
    return any(_has_unknown_length(one) for one in parts if isinstance(one, Type))


def _extreme(name: str) -> Special:
    def translate(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
        if not nodes:
            raise QueryFailedError("FUNCTION_NOT_FOUND", f"Unexpected parameters () for function {name}", position)
        parts = [compiler.compile(node) for node in nodes]
        kind = parts[0].type
        for part in parts[1:]:
            both = common(kind, part.type)
            if both is None:
                kinds = ", ".join(str(one.type) for one in parts)
                words = f"Unexpected parameters ({kinds}) for function {name}. Expected: {name}(E) E:orderable"
                raise QueryFailedError("FUNCTION_NOT_FOUND", words, position)
            kind = both
        if kind.name in ("array", "map", "row", "real", "double", "unknown"):
            if kind in FLOATING:
                return _extreme_double(name, [coerced(part, kind) for part in parts], kind)
            raise not_supported(f"{name} of {kind}", position)
        parts = [coerced(part, kind) for part in parts]
        missing = " OR ".join(f"{{{place}}} IS NULL" for place in range(len(parts)))
        return made(f"CASE WHEN {missing} THEN NULL ELSE {name}({_places(parts)}) END", kind, *parts)

    return translate


def _extreme_double(name: str, parts: list[Typed], kind: Type) -> Typed:
    """NaN is passed over, where there is another number."""
    missing = " OR ".join(f"{{{place}}} IS NULL" for place in range(len(parts)))
    sql = f"CASE WHEN {missing} THEN NULL ELSE athena_{name}([{_places(parts)}]) END"
    return made(f"CAST({sql} AS {duckdb_of(kind)})", kind, *parts)


def _row(compiler: Compiler, nodes: Sequence[exp.Expr], _: Position | None) -> Typed:
    parts = [compiler.compile(node) for node in nodes]
    kind = Type("row", tuple((None, part.type) for part in parts))
    fields = ", ".join(f'"{field_name(place, None)}" := {{{place}}}' for place in range(len(parts)))
    return made(f"struct_pack({fields})", kind, *parts)


def _map(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    if not nodes:
        return made("CAST(MAP {} AS MAP(INTEGER, INTEGER))", Type("map", (UNKNOWN, UNKNOWN)))
    parts = [compiler.compile(node) for node in nodes]
    if len(parts) != 2 or any(part.type.name != "array" for part in parts):
        kinds = ", ".join(str(part.type) for part in parts)
        words = f"Unexpected parameters ({kinds}) for function map. Expected: map(array(K), array(V)), map()"
        raise QueryFailedError("FUNCTION_NOT_FOUND", words, position)
    key, value = (part.type.args[0] for part in parts)
    if key.name in _NESTED or key in FLOATING or key == UNKNOWN:
        raise not_supported(f"maps with keys of type {key}", position)
    return made("athena_map({0}, {1})", Type("map", (key, value)), *parts)


def _format(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    from local_aws.athena.expressions.formatting import formatted

    if not nodes:
        raise QueryFailedError(
            "INVALID_FUNCTION_ARGUMENT", "There must be two or more arguments for 'format'", position
        )
    return formatted([compiler.compile(node) for node in nodes], position)


def _element_at(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    parts = [compiler.compile(node) for node in nodes]
    found = resolve("element_at", [part.type for part in parts], position)
    value, place = (coerced(part, kind) for part, kind in zip(parts, found.arguments, strict=True) if kind)
    if value.type.name == "array":
        return made("athena_element({0}, {1})", value.type.args[0], value, place)
    _check_key(value.type, position)
    return made("map_extract_value({0}, {1})", value.type.args[1], value, place)


def _check_key(kind: Type, position: Position | None) -> None:
    if kind.args[0].name in _NESTED or kind.args[0] in FLOATING:
        raise not_supported(f"keys of {kind}", position)


def subscript(value: Typed, place: Typed, position: Position | None) -> Typed:
    """The translation of a[1], m['k'] and r[1]."""
    kind = value.type
    if kind.name == "array" and can_coerce(place.type, BIGINT):
        return made("athena_subscript({0}, {1})", kind.args[0], value, coerced(place, BIGINT))
    if kind.name == "map" and can_coerce(place.type, kind.args[0]):
        _check_key(kind, position)
        key = coerced(place, kind.args[0])
        return made("athena_entry({0}, {1})", kind.args[1], value, key)
    if kind.name == "row" and place.type == INTEGER and place.literal and 1 <= int(place.literal) <= len(kind.args):
        name, of = kind.args[int(place.literal) - 1]
        return made(f"struct_extract({{0}}, '{field_name(int(place.literal) - 1, name)}')", of, value)
    if kind.name in ("row", "unknown"):
        raise not_supported(f"this subscript of {kind}", position)
    raise QueryFailedError("TYPE_MISMATCH", f"Cannot use {place.type} for subscript of {kind}", position)


def _matched(name: str) -> Special:
    """any_match, all_match, none_match: null where an unknown result would decide."""

    def translate(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
        parts = [None if isinstance(node, exp.Lambda) else compiler.compile(node) for node in nodes]
        found = resolve(name, [part.type if part else None for part in parts], position)
        array, condition = _arguments(compiler, found, parts, nodes, position)
        decisive = "false" if name == "all_match" else "true"
        one, other = {"any_match": ("true", "false"), "all_match": ("false", "true"), "none_match": ("false", "true")}[
            name
        ]
        tests = "list_transform({0}, {1})"
        return made(
            f"CASE WHEN {{0}} IS NULL THEN NULL WHEN list_contains({tests}, {decisive}) THEN {one} "
            f"WHEN len(list_filter({tests}, lambda known: known IS NULL)) > 0 THEN NULL ELSE {other} END",
            BOOLEAN, array, condition,
        )  # fmt: skip

    return translate


def _coalesce(compiler: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
    return coalesce(compiler, nodes, position)


def _fixed(sql: str, kind: Type) -> Special:
    def translate(_: Compiler, nodes: Sequence[exp.Expr], position: Position | None) -> Typed:
        if nodes:
            raise QueryFailedError("FUNCTION_NOT_FOUND", "Unexpected parameters. Expected: none", position)
        return made(sql, kind)

    return translate


_SPECIAL: dict[str, Special] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "try": _try,
    "typeof": _typeof,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "row": _row,
    "map": _map,
    "format": _format,
    "element_at": _element_at,
    "any_match": _matched("any_match"),
    "all_match": _matched("all_match"),
    "none_match": _matched("none_match"),
    "nan": _fixed("CAST('NaN' AS DOUBLE)", DOUBLE),
    "infinity": _fixed("CAST('Infinity' AS DOUBLE)", DOUBLE),
    "pi": _fixed("CAST('3.141592653589793' AS DOUBLE)", DOUBLE),
    "e": _fixed("CAST('2.718281828459045' AS DOUBLE)", DOUBLE),
}
"""Functions that are no plain calls. SHOW FUNCTIONS lacks the first of them: they are syntax."""
