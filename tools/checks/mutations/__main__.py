"""`make mutations`: run every tool on every mutation, update the table in docs/checks.md, then mutate every value."""

from __future__ import annotations

import sys

from tools.checks.mutations.catching import caught, faults
from tools.checks.mutations.survivors import reasons, survivors, unexplained
from tools.checks.mutations.table import renew, table
from tools.checks.project import Project
from tools.checks.rules.registry import every_rule


def main() -> int:
    """Run the mutation tests; return the exit status, 1 if a check is missing or wrong."""
    project = Project.read()
    found = caught(project, ask_every_tool=True)
    print(table(found))
    wrong = faults(found, every_rule())
    if not wrong:
        renew(found)
    known = reasons()
    living, tried = survivors(project, known)
    print(f"{tried} values removed, duplicated or emptied: {tried - len(living)} detected, {len(living)} survived:")
    print("\n".join(f"  {name}" for name in living))
    wrong += unexplained(living, known)
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
