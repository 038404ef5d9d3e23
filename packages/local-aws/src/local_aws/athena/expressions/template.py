"""An expression of the translated query: DuckDB's SQL with places for other expressions."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB


class Template(exp.Expression, exp.Func):
    """DuckDB's SQL in `this`; `{0}` stands for the first of `expressions`."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False}


def _generate(generator: Any, node: Template) -> str:
    parts = [generator.sql(part) for part in node.expressions]
    return re.sub(r"\{(\d+)\}", lambda match: parts[int(match.group(1))], node.this)


class AthenaDuckDB(DuckDB):
    """DuckDB's dialect, with templates."""

    class Generator(DuckDB.Generator):  # type: ignore[misc, valid-type]
        """Renders templates."""

        TRANSFORMS: ClassVar[dict[Any, Any]] = {**DuckDB.Generator.TRANSFORMS, Template: _generate}


def template(sql: str, *parts: exp.Expr) -> Template:
    """An expression of DuckDB; each part is set in parentheses where it needs them by the template itself."""
    return Template(this=sql, expressions=[part.copy() for part in parts])


def text_literal(text: str) -> str:
    """A text as DuckDB's literal."""
    return "'" + text.replace("'", "''") + "'"
