"""Breaking the project on purpose: one small edit, and which checks notice it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from tests.checks.linters import asl_validator, cfn_lint, checkov, filled
from tests.checks.project import DEFINITION, SAMCONFIG, TEMPLATE, Project
from tests.checks.rules.registry import problems


class MutationMisfits(Exception):
    """An edit does not match exactly once: the file has changed, the mutation has to follow."""


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
        """The broken project. Raises MutationMisfits."""
        text = project.files[self.file]
        start, end = _block(text, self.within, self.name) if self.within else (0, len(text))
        block = text[start:end]
        if block.count(self.old) != 1:
            raise MutationMisfits(
                f"{self.name}: expected {self.old!r} once in {self.within or self.file}, found it {block.count(self.old)} times"
            )
        changed = text[:start] + block.replace(self.old, self.new) + text[end:]
        return Project({**project.files, self.file: changed})


def _block(text: str, name: str, mutation: str) -> tuple[int, int]:
    """Where a block of the template (two spaces, a name, a colon) or a state of the definition begins and ends."""
    heads = list(re.finditer(rf'^(?:  {re.escape(name)}:$|    "{re.escape(name)}": \{{)', text, re.MULTILINE))
    if len(heads) != 1:
        raise MutationMisfits(f"{mutation}: expected one block named {name}, found {len(heads)}")
    indent = heads[0][0].index(heads[0][0].strip()[0]) if heads[0][0].strip() else 0
    following = re.compile(rf'^ {{0,{indent}}}(?:[A-Za-z"\}}]|# --)', re.MULTILINE).search(text, heads[0].end())
    return heads[0].start(), following.start() if following else len(text)


def caught_by(project: Project, mutations: Sequence[Mutation], pool: Executor) -> dict[str, list[str]]:
    """The name of every mutation, and of every check that finds something in it; `pool` takes the slow part.

    The project as it is comes first, under an empty name. A check is a rule's name, or a tool with the ids it reports.
    """
    broken = {"": project, **{each.name: each.applied(project) for each in mutations}}
    names = {f"m{place:03}": name for place, name in enumerate(broken)}
    same = {name: project.files[TEMPLATE] == each.files[TEMPLATE] for name, each in broken.items()}
    templates = {key: broken[name].files[TEMPLATE] for key, name in names.items() if not (name and same[name])}
    linted = pool.map(cfn_lint, templates.values())
    scanned = pool.submit(checkov, templates)
    definitions = asl_validator({key: filled(broken[name]) for key, name in names.items()})
    found: dict[str, list[str]] = {name: [] for name in broken}
    for key, name in names.items():
        found[name] += problems(broken[name])
        if definitions[key]:
            found[name].append("asl-validator")
    for key, reported in zip(templates, linted, strict=True):
        found[names[key]] += _ids("cfn-lint", reported)
    for key, reported in scanned.result().items():
        found[names[key]] += _ids("checkov", reported)
    return found


def _ids(tool: str, reported: Sequence[str]) -> Iterator[str]:
    ids = sorted({each.split()[0] for each in reported})
    if ids:
        yield f"{tool} {' '.join(ids)}"


def table(found: Mapping[str, Sequence[str]]) -> str:
    """The mutations and what caught each, as a table in Markdown."""
    rows = [f"| {name} | {', '.join(checks)} |" for name, checks in found.items() if name]
    return "\n".join(["| broken on purpose | caught by |", "|---|---|", *rows])


__all__ = ["DEFINITION", "SAMCONFIG", "TEMPLATE", "Mutation", "MutationMisfits", "caught_by", "table"]
