"""The files that the checks read: template, state machine definition and SAM's settings, as text and parsed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from cfnlint.decode import decode_str

from tools.paths import ROOT

CLOUDFORMATION = ROOT / "cloudformation"

TEMPLATE = "cloudformation/template.yaml"
DEFINITION = "cloudformation/pipeline.asl.json"
SAMCONFIG = "samconfig.toml"


@dataclass(frozen=True)
class Project:
    """The text of the three files, by their paths in the repository."""

    files: Mapping[str, str]

    @classmethod
    def read(cls, root: Path = ROOT) -> Project:
        """Read the project in `root`."""
        return cls({name: (root / name).read_text() for name in (TEMPLATE, DEFINITION, SAMCONFIG)})

    def with_data(self, part: Literal["template", "definition"], data: dict[str, Any]) -> Project:
        """A copy with other data for one file; its text becomes JSON, which is also YAML."""
        file = {"template": TEMPLATE, "definition": DEFINITION}[part]
        changed = Project({**self.files, file: json.dumps(data)})
        changed.__dict__[part] = data  # fills the cached property, so that nothing is parsed again
        return changed

    @cached_property
    def template(self) -> dict[str, Any]:
        """The template with all intrinsic functions in long form. Raises ValueError for invalid YAML."""
        return _decoded(self.files[TEMPLATE])

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The definition with its substitutions unresolved. Raises ValueError for invalid JSON."""
        decoded: dict[str, Any] = json.loads(self.files[DEFINITION])
        return decoded

    @cached_property
    def samconfig(self) -> dict[str, Any]:
        """The settings of the SAM CLI."""
        return tomllib.loads(self.files[SAMCONFIG])

    @property
    def states(self) -> dict[str, dict[str, Any]]:
        """Every state by its name."""
        states: dict[str, dict[str, Any]] = self.definition["States"]
        return states

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """The states that call a service."""
        return {name: state for name, state in self.states.items() if state["Type"] == "Task"}

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """The template's parameters."""
        parameters: dict[str, dict[str, Any]] = self.template["Parameters"]
        return parameters

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id -> properties of every resource of a type."""
        resources = self.template["Resources"].items()
        return {name: each.get("Properties", {}) for name, each in resources if each["Type"] == kind}

    def substitutions(self) -> dict[str, Any]:
        """The template's DefinitionSubstitutions."""
        given: dict[str, Any] = {}
        for machine in self.of_type("AWS::Serverless::StateMachine").values():
            given |= machine.get("DefinitionSubstitutions", {})
        return given

    def default(self, value: Any) -> Any:
        """A value, or the default of the parameter that it references."""
        if isinstance(value, Mapping) and set(value) == {"Ref"} and value["Ref"] in self.parameters:
            return self.parameters[value["Ref"]].get("Default")
        return value


@cache
def _decoded(text: str) -> dict[str, Any]:
    # Most mutations do not change the template, and parsing YAML is slow.
    decoded, problems = decode_str(text)
    if problems or decoded is None:
        raise ValueError("; ".join(str(problem) for problem in problems))
    return {str(key): plain(value) for key, value in decoded.items()}


def plain(value: Any) -> Any:
    """The value in plain dicts, lists and strings, without line numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return str(value) if isinstance(value, str) else value


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a value with its path. Keys of mappings are not included."""
    if isinstance(value, str):
        yield path, str(value)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from texts(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from texts(member, f"{path}[{place}]")


def as_list(value: Any) -> list[Any]:
    """A list, or the one value as a list: policies and ErrorEquals allow both."""
    return list(value) if isinstance(value, list) else [value]
