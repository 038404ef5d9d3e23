"""`mhealth query`: run a statement in Athena, and print its result."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from mhealth_ops.commands.completion import named_queries
from mhealth_ops.commands.target import Target, with_target


@with_target
def query(
    target: Target,
    /,
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="The statement, in quotes; `-` reads it from standard input.")
    ] = "",
    *,
    named: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Run one of the stack's named queries, such as RowsPerSubject.",
            autocompletion=named_queries,
        ),
    ] = "",
    form: Annotated[
        Literal["table", "record", "csv", "json"],
        typer.Option("--format", help="A table, or a record each, of at most 1,000 rows; or all rows as CSV or JSON."),
    ] = "table",
    yes: Annotated[bool, typer.Option("--yes", help="Run a statement that is no query without asking.")] = False,
) -> None:
    """Run a query in Athena, in the stack's database and workgroup.

    The result goes to standard output; rows, bytes scanned and seconds to standard error. The view is `mhealth`;
    `WHERE subject = 3` reads one subject's files only. A statement that may change something (CREATE, DROP) runs only
    after confirmation. Exits with 1 and the reason if Athena rejects the statement.

    Examples:
    * `mhealth query "SELECT activity, count(*) AS samples FROM mhealth GROUP BY activity"`

    * `mhealth query --named RowsPerSubject`

    * `mhealth query --format csv "SELECT * FROM mhealth WHERE subject = 3" > subject3.csv`

    * `mhealth query --format json - < question.sql | jq '.[0]'`

    * `mhealth query --aws --region eu-central-1 --named WalkingMinutes`

    """
    if bool(sql) == bool(named):
        raise typer.BadParameter('Expected one statement: "SELECT ...", - for standard input, or --named NAME.')
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.asking import ask_and_show, require_confirmed, statement_of
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        statement = sys.stdin.read() if sql == "-" else sql
        found = target.find()
        statement = statement_of(found, named) if named else statement
        if not yes:
            require_confirmed(console, statement)
        ask_and_show(console, found, statement, form)
