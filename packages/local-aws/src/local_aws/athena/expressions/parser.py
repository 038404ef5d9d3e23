"""Trino's grammar for sqlglot, with function calls as they are written: sqlglot would merge or rename some."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino

_AGGREGATES = """
any_value approx_distinct arbitrary avg bitwise_and_agg bitwise_or_agg bitwise_xor_agg bool_and bool_or corr count
count_if covar_pop covar_samp cume_dist dense_rank first_value grouping kurtosis lag last_value lead max min nth_value
ntile percent_rank rank regr_intercept regr_slope row_number skewness stddev stddev_pop stddev_samp sum var_pop
var_samp variance approx_percentile array_agg max_by min_by
"""
_KEPT = {name.upper() for name in _AGGREGATES.split()}
_PLAIN = {"CEIL", "FLOOR", "CHR", "CHAR", "INITCAP", "DECODE", "CONVERT", "OVERLAY", "MATCH", "SAFE_CAST", "STRING_AGG",
          "ARG_MAX", "ARG_MIN", "ARGMAX", "ARGMIN"}  # fmt: skip


def _cast(parser: Any, strict: bool) -> exp.Expr:
    """CAST or TRY_CAST; what has no such mark and is a cast of a text is a literal: DATE '2014-01-01'."""
    made: exp.Expr = parser._parse_cast(strict)
    made.meta["written"] = True
    return made


class Athena(Trino):
    """Trino's dialect: scalar functions are `exp.Anonymous`, subscripts keep the number that is written."""

    INDEX_OFFSET = 0

    class Parser(Trino.Parser):  # type: ignore[misc, valid-type]
        """Parses calls as they are written."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {
            name: build for name, build in Trino.Parser.FUNCTIONS.items() if name in _KEPT
        }
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse for name, parse in Trino.Parser.FUNCTION_PARSERS.items() if name not in _PLAIN
        }
        FUNCTION_PARSERS["CAST"] = lambda self: _cast(self, True)
        FUNCTION_PARSERS["TRY_CAST"] = lambda self: _cast(self, False)
