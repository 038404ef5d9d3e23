"""DuckDB's types in a form that can be sent between processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from duckdb.sqltypes import DuckDBPyType

_NESTED = ("list", "array", "map", "struct", "decimal")


@dataclass(frozen=True)
class Kind:
    """A type: `id` is DuckDB's name, `children` are names with the types or numbers of its parts."""

    id: str
    children: tuple[tuple[str, Any], ...] = ()


def kind_of(found: DuckDBPyType) -> Kind:
    """Convert a DuckDB type."""
    if found.id not in _NESTED:
        return Kind(found.id)
    parts = ((name, kind_of(part) if isinstance(part, DuckDBPyType) else part) for name, part in found.children)
    return Kind(found.id, tuple(parts))
