"""DuckDB's types as they travel between processes: what `duckdb.sqltypes.DuckDBPyType` tells, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from duckdb.sqltypes import DuckDBPyType

_NESTED = ("list", "array", "map", "struct", "decimal")


@dataclass(frozen=True)
class Kind:
    """A type: `id` is DuckDB's name for it, `children` are names with the types, or numbers, that it is made of."""

    id: str
    children: tuple[tuple[str, Any], ...] = ()


def kind_of(found: DuckDBPyType) -> Kind:
    """The same type, free of DuckDB."""
    if found.id not in _NESTED:
        return Kind(found.id)
    parts = ((name, kind_of(part) if isinstance(part, DuckDBPyType) else part) for name, part in found.children)
    return Kind(found.id, tuple(parts))
