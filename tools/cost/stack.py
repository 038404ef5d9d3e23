"""The quantities of the template and the state machine that the cost depends on."""

from __future__ import annotations

import copy
import functools
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from cfnlint.decode import decode_str

from tools.paths import ROOT

HERE = Path(__file__).parent
PRICE_LIST = ROOT / "lambda_report" / "prices.json"
"""The price list, which the report function also uses."""

CLOUDFORMATION = ROOT / "cloudformation"
USAGE: dict[str, Any] = json.loads((HERE / "usage.json").read_text())

Kind = Literal["full", "unchanged"]
"""A run that computes every subject, or one without a new version."""

Case = Literal["least", "expected"]
"""The least that a run takes, by local measurements, or the expected, by public reports on AWS."""


def used(name: str, kind: Kind, case: Case) -> Any:
    """The usage of a run: an entry of usage.json, whose `full` is the least."""
    each = USAGE["run"][name]
    return each["expected"] if (kind, case) == ("full", "expected") and "expected" in each else each[kind]


@functools.cache
def _template(text: str) -> dict[str, Any]:
    # All stacks of the same text share the data: `with_properties` changes a copy.
    template: dict[str, Any] | None
    template, problems = decode_str(text)
    assert not problems, problems
    assert template is not None
    return template


class Stack:
    """The template and the state machine, with the parameters at their defaults unless `parameters` names others."""

    def __init__(self, template: dict[str, Any], definition: dict[str, Any], **parameters: Any) -> None:
        self.template, self.definition = template, definition
        self.parameters = {name: each.get("Default") for name, each in template["Parameters"].items()} | parameters

    @classmethod
    def read(cls, folder: Path = CLOUDFORMATION) -> Stack:
        """The stack of the repository."""
        return cls(
            _template((folder / "template.yaml").read_text()), json.loads((folder / "pipeline.asl.json").read_text())
        )

    def with_properties(self, logical_ids: Iterable[str], **properties: Any) -> Stack:
        """A copy with these properties of these resources."""
        template = copy.deepcopy(self.template)
        for logical_id in logical_ids:
            template["Resources"][logical_id]["Properties"].update(properties)
        return Stack(template, self.definition, **self.parameters)

    def properties(self, logical_id: str) -> dict[str, Any]:
        """The properties of a resource, with references to parameters replaced by their values."""
        return {name: self.value(each) for name, each in self.template["Resources"][logical_id]["Properties"].items()}

    def value(self, given: Any) -> Any:
        """A value of the template; for a reference to a parameter, the parameter's value."""
        if isinstance(given, dict):
            if given.keys() == {"Ref"} and given["Ref"] in self.parameters:
                return self.parameters[given["Ref"]]
            return {name: self.value(each) for name, each in given.items()}
        return [self.value(each) for each in given] if isinstance(given, list) else given

    def of_type(self, kind: str) -> list[str]:
        """Logical ids of the resources of a type."""
        return [name for name, each in self.template["Resources"].items() if each["Type"] == kind]

    # ------------------------------------------------------------ the state machine

    def path(self, kind: Kind) -> list[str]:
        """The states of a run without failures, with one poll of the crawler."""
        return list(self._walk(kind, self.definition["StartAt"], None))

    def transitions(self, kind: Kind, case: Case = "least") -> int:
        """The number of state transitions of a run, which Step Functions bills."""
        path, polling = self.path(kind), USAGE["polling"]
        if polling["state"] not in path:
            return len(path)
        seconds: float = used("crawl_seconds", kind, case)
        looks = math.ceil(seconds / float(self.parameters["CrawlerPollSeconds"]))
        again = [*self._walk(kind, polling["again"], polling["state"]), polling["state"]]
        return len(path) + (looks - 1) * len(again)

    def metrics(self, kind: Kind) -> list[int]:
        """The number of metrics of each PutMetricData call of a run."""
        states = (self.definition["States"][name] for name in self.path(kind))
        sent = [state["Parameters"] for state in states if str(state.get("Resource")).endswith(":putMetricData")]
        return [len(parameters["MetricData"]) for parameters in sent]

    def _walk(self, kind: Kind, name: str, end: str | None) -> Iterator[str]:
        while name != end:
            yield name
            state = self.definition["States"][name]
            if state.get("End"):
                return
            name = self._way_out(kind, name, state) if state["Type"] == "Choice" else state["Next"]

    def _way_out(self, kind: Kind, name: str, state: dict[str, Any]) -> str:
        chosen = USAGE["choices"].get(name)
        if isinstance(chosen, dict):
            chosen = chosen[self.parameters[chosen["parameter"]] if "parameter" in chosen else kind]
        ways = {choice["Next"] for choice in state["Choices"]} | {state.get("Default")}
        if chosen not in ways:
            raise LookupError(f"usage.json, choices: {name} leads to one of {sorted(map(str, ways))}, not to {chosen}")
        return str(chosen)
