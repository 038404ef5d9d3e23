"""A mutation: one small edit of the project's files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.checks.project import DEFINITION, TEMPLATE, Project


class MutationOutdated(Exception):
    """The text of a mutation does not occur exactly once: the file has changed, update the mutation."""


@dataclass(frozen=True)
class Mutation:
    """A replacement in one file, within the block of a resource, parameter or state, or in the whole file.

    `old` must occur exactly once there.
    """

    name: str
    file: str
    within: str
    old: str
    new: str

    def applied(self, project: Project) -> Project:
        """The mutated project. Raises MutationOutdated."""
        text = project.files[self.file]
        start, end = _block(text, self.within, self.name) if self.within else (0, len(text))
        block = text[start:end]
        if block.count(self.old) != 1:
            raise MutationOutdated(
                f"{self.name}: expected {self.old!r} once in {self.within or self.file}, "
                f"found it {block.count(self.old)} times"
            )
        changed = text[:start] + block.replace(self.old, self.new) + text[end:]
        return Project({**project.files, self.file: changed})


def _block(text: str, name: str, mutation: str) -> tuple[int, int]:
    """Start and end of a block of the template (two spaces, a name, a colon) or of a state of the definition."""
    head = re.compile(rf'^(?:  {re.escape(name)}:$|    "{re.escape(name)}": \{{)', re.MULTILINE)
    heads = list(head.finditer(text))
    if len(heads) != 1:
        raise MutationOutdated(f"{mutation}: expected one block named {name}, found {len(heads)}")
    indent = len(heads[0][0]) - len(heads[0][0].lstrip())
    following = re.compile(rf'^ {{0,{indent}}}["#A-Za-z}}]', re.MULTILINE).search(text, heads[0].end())
    return heads[0].start(), following.start() if following else len(text)


def in_template(name: str, within: str, old: str, new: str = "") -> Mutation:
    """A mutation of a parameter, mapping, resource or output."""
    return Mutation(name, TEMPLATE, within, old, new)


def in_definition(name: str, within: str, old: str, new: str = "") -> Mutation:
    """A mutation of a state."""
    return Mutation(name, DEFINITION, within, old, new)
