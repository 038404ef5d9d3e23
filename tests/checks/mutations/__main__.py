"""`make mutations`: ask every tool about every mutation, print the table, renew it in docs/checks.md."""

from __future__ import annotations

import sys

from tests.checks.mutations.catching import caught, faults
from tests.checks.mutations.table import renew, table
from tests.checks.project import Project
from tests.checks.rules.registry import every_rule


def main() -> int:
    """The exit status: 1 where something is wrong with the checks."""
    found = caught(Project.read(), ask_every_tool=True)
    print(table(found))
    wrong = faults(found, every_rule())
    if not wrong:
        renew(found)
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
