"""A parsed and resolved query, with its relations."""

# ruff: noqa: S608 - this module generates SQL, for a DuckDB without data of its own
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from local_aws.athena.catalog import Table
from local_aws.athena.expressions.trino_types import Type
from local_aws.athena.scans import quoted
from local_aws.athena.sql import Translated
from local_aws.athena.views import ViewDefinition


@dataclass
class Prepared:
    """A query with its relations. `types` are Trino's types of the columns in `labels`.

    `tables`, `views` and `information` (relations of information_schema, as SQL) are by `relation_name`: each is
    contained once. A view comes after the views that it reads.
    """

    root: Translated
    tables: dict[str, Table] = field(default_factory=dict)
    views: dict[str, tuple[ViewDefinition, Translated]] = field(default_factory=dict)
    information: dict[str, str] = field(default_factory=dict)
    types: list[Type] = field(default_factory=list)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the result's columns."""
        return self.root.labels

    def sql(self, body: Callable[[Table], str], inner: Translated | None = None) -> str:
        """The whole query for DuckDB; `body` gives the SQL for each table."""
        queries = dict(self.information)
        for name, table in self.tables.items():
            queries[name] = body(table)
        for name, (definition, translated) in self.views.items():
            columns = ", ".join(quoted(column) for column, _ in definition.columns)
            queries[name] = f"SELECT * FROM ({translated.with_relations(queries)}) AS opened({columns})"
        return (inner or self.root).with_relations(queries)
