"""State machines for tests: create a definition, run it, look at what the API tells."""

import json
import time
from typing import Any

from local_aws_harness.served import Served
from local_aws_harness.waiting import HANG

BUCKET = "a-bucket"


class Machines:
    """Creates and runs definitions."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.sfn = served.client("stepfunctions")
        self.role = served.role("states", "states")
        self._count = 0
        served.client("s3").create_bucket(Bucket=BUCKET)
        served.client("sns").create_topic(Name="alarms")

    def create(self, definition: dict[str, Any]) -> str:
        self._count += 1
        arn: str = self.sfn.create_state_machine(
            name=f"machine-{self._count}", definition=json.dumps(definition), roleArn=self.role
        )["stateMachineArn"]
        return arn

    def run(self, definition: dict[str, Any], given: Any = None) -> dict[str, Any]:
        arn = self.create(definition)
        started = self.sfn.start_execution(
            stateMachineArn=arn, input=json.dumps({} if given is None else given, ensure_ascii=False)
        )
        return self.ended(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        until = time.monotonic() + HANG
        while (reported := self.sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < until, "the execution does not end"
            time.sleep(0.02)
        return dict(reported)

    def output(self, definition: dict[str, Any], given: Any = None) -> Any:
        reported = self.run(definition, given)
        assert reported["status"] == "SUCCEEDED", (reported.get("error"), reported.get("cause"))
        return json.loads(reported["output"])

    def events(self, execution: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.sfn.get_execution_history(executionArn=execution)["events"]
        return events


def one(state: dict[str, Any], **others: dict[str, Any]) -> dict[str, Any]:
    """A definition that starts with the state `First`."""
    return {"StartAt": "First", "States": {"First": {"End": True, **state} if ends(state) else state, **others}}


def ends(state: dict[str, Any]) -> bool:
    return "Next" not in state and state["Type"] in ("Pass", "Task", "Wait")


def parameters(**values: str) -> dict[str, Any]:
    return one({"Type": "Pass", "Parameters": {f"{name}.$": value for name, value in values.items()}})


def task(resource: str, given: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": given, **fields}


def choice(rule: dict[str, Any]) -> dict[str, Any]:
    return one(
        {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        Yes={"Type": "Pass", "Result": True, "End": True},
        No={"Type": "Pass", "Result": False, "End": True},
    )


CATCH_ALL = {
    "Catch": [
        {
            "ErrorEquals": ["States.ALL"],
            "Assign": {"failedState.$": "$$.State.Name", "what.$": "$.Error"},
            "ResultPath": "$.error",
            "Next": "Caught",
        }
    ],
}
CAUGHT = {
    "Type": "Pass",
    "Parameters": {
        "state.$": "$failedState",
        "what.$": "States.Format('{}!', $what)",
        "error.$": "$.error",
        "kept.$": "$.kept",
    },
    "End": True,
}
