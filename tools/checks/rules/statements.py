"""Rules on SQL: the named queries, and the statements of the state machine and the functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from tools.checks.project import Project
from tools.checks.rules.registry import rule
from tools.paths import ROOT

OF_THE_README = ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity", "Snapshots")
"""The named queries in the README."""

NAMED = {*OF_THE_README, "RollBack", "Windows"}


def _statements(project: Project) -> Iterator[tuple[str, str]]:
    """Name and text of every statement, with its placeholders filled."""
    columns = project.template.get("Mappings", {}).get("View", {}).get("Select", {}).get("Columns", "")
    for name, query in project.of_type("AWS::Athena::NamedQuery").items():
        yield name, _filled(query.get("QueryString"), columns)
    for name, text in project.substitutions().items():
        if name.endswith("Statement"):
            yield name, _filled(text, columns)
    for function, properties in project.of_type("AWS::Serverless::Function").items():
        for name, text in properties.get("Environment", {}).get("Variables", {}).items():
            if name.endswith("_STATEMENT"):
                yield f"{function}.{name}", _filled(text, columns)


def _filled(value: Any, columns: str) -> str:
    text = value.get("Fn::Sub", "") if isinstance(value, dict) else value
    text = text[0] if isinstance(text, list) and text else text
    text = str(text).replace("${Columns}", columns)
    return re.sub(r"\$\{\w+\}", "mhealth_snapshots", re.sub(r"(?<!\$)\{\w*\}|YYYYMMDDHHMMSS", "1", text))


@cache
def _problem(statement: str) -> str | None:
    try:
        parsed = sqlglot.parse(statement, dialect="athena")
    except SqlglotError as error:
        return str(error).splitlines()[0]
    if len(parsed) != 1 or parsed[0] is None:
        return "is not one statement"
    return None


@rule
def statements_are_sql(project: Project) -> Iterable[str]:
    """A statement with a syntax error deploys, and fails at run time."""
    for name, text in _statements(project):
        if problem := _problem(text):
            yield f"{name}: {problem}"


@rule
def named_queries_match_the_readme(project: Project) -> Iterable[str]:
    """The named queries of the stack's workgroup have the text of the README."""
    readme = (ROOT / "README.md").read_text()
    queries = {str(query.get("Name")): query for query in project.of_type("AWS::Athena::NamedQuery").values()}
    for name in sorted(NAMED - set(queries)):
        yield f"there is no named query {name}"
    for name, query in queries.items():
        if query.get("Database") != {"Ref": "Database"} or query.get("WorkGroup") != {"Ref": "WorkGroup"}:
            yield f"{name}: Database and WorkGroup must be the stack's"
        if name not in NAMED:
            yield f"the named query {name} is not known to tools/checks/rules/statements.py"
        elif name in OF_THE_README and f"```sql\n{query.get('QueryString')}\n```" not in readme:
            yield f"{name}: README.md shows another statement"
