"""The named queries in the READMEs, from the template: `python -m tools.docs.queries` writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tools.docs.parameters import template
from tools.paths import ROOT

PAGES = (ROOT / "README.md", ROOT / "README.ja.md")
_BLOCK = re.compile(r"(?:^<!-- query: (?P<name>\w+) -->\n)?^```sql\n.*?^```$", re.MULTILINE | re.DOTALL)


def queries(template: Mapping[str, Any]) -> dict[str, str]:
    """Name to text of the template's named queries without references to stack resources."""
    resources = [each for each in template["Resources"].values() if each["Type"] == "AWS::Athena::NamedQuery"]
    found = {each["Properties"]["Name"]: each["Properties"]["QueryString"] for each in resources}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def page(text: str, queries: Mapping[str, str]) -> str:
    """The page with updated queries, each after its marker `<!-- query: NAME -->`."""

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in queries:
            marked = f"is marked as {name}" if name else "has no marker"
            raise LookupError(
                f"a block of SQL {marked}: the line before it must be <!-- query: NAME -->, with one of "
                f"{', '.join(queries)}. The block is:\n{match[0]}"
            )
        return f"<!-- query: {name} -->\n```sql\n{queries[name]}\n```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(page(path.read_text(), queries(template())))
