"""docs/cli.md is what the commands say of themselves today."""

from __future__ import annotations

import re

from tools.docs import cli

COMMANDS = [
    "run",
    "query",
    "sql",
    "status",
    "logs",
    "report",
    "where",
    "quarantine",
    "diff",
    "rollback",
    "verify",
    "explain",
    "set",
]
COMMANDS += ["restore-table", "cleanup-failed-stack"]
COMMANDS += ["destroy", "demo", "notebook", "local", "local up"]


def test_page_is_what_typer_makes_today() -> None:
    assert cli.PAGE.read_text() == cli.page(), "stale: run `make reference`"


def test_every_command_has_a_section_with_usage_and_options() -> None:
    sections = re.split(r"^####? `mhealth ([a-z -]+)`$", cli.PAGE.read_text(), flags=re.MULTILINE)
    assert sections[1::2] == COMMANDS
    assert all(f"$ mhealth {name} [OPTIONS]" in text for name, text in zip(sections[1::2], sections[2::2], strict=True))
    assert "* `--to SNAPSHOT`" in sections[2 * COMMANDS.index("rollback") + 2]
