"""Error names in Retry and Catch against the service models of botocore.

Step Functions names an error SERVICE.NAME. An SDK integration (`aws-sdk:`) uses the SDK for Java 2.x: the error's name
in the API with the suffix Exception, and GlueException for others (Step Functions Developer Guide,
"Learning to use AWS service SDK integrations"). An optimised integration uses names of the SDK for Java 1.x.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from tools.checks.project import Project, as_list
from tools.checks.service_models import service_model

NAME = f"service models (botocore {version('botocore')})"

NOT_MODELLED_1 = {
    "athena": "AmazonAthenaException",
    "glue": "AWSGlueException",
    "lambda": "AWSLambdaException",
    "sns": "AmazonSNSException",
}
"""The class of an error without a name in the API, in the SDK for Java 1.x.

Read from com/amazonaws/services/*/model/ of the artifacts aws-java-sdk-{athena,glue,lambda} 1.12.262, 2026-11-30."""

_CLIENT = "SdkClientException"
"""Both SDKs use this name for an error before the request reached the service."""


def problems(project: Project) -> Iterator[str]:
    """The error names of the state machine's tasks that are in neither a model nor an SDK."""
    for name, task in project.tasks.items():
        call = task["Resource"].partition(":states:::")[2]
        expected = error_names(call)
        for rule in ("Retry", "Catch"):
            for error in sorted({error for each in task.get(rule, []) for error in as_list(each["ErrorEquals"])}):
                if "." in error and not error.startswith("States.") and error not in expected:
                    yield f"{name} has {error} in its {rule}: {call} does not report it"


def error_names(call: str) -> set[str]:
    """The names under which a Task's call (`glue:startJobRun.sync`, `aws-sdk:s3:headObject`) may report errors.

    The names of all operations of the service: the SDKs map errors by code, not by operation.
    """
    is_sdk = call.startswith("aws-sdk:")
    service = call.removeprefix("aws-sdk:").partition(":")[0]
    model = service_model(service)
    prefix = model.metadata["serviceId"].replace(" ", "")
    shapes = {shape.name for name in model.operation_names for shape in model.operation_model(name).error_shapes}
    names = {shape if shape.endswith("Exception") else f"{shape}Exception" for shape in shapes}
    names |= {_CLIENT, f"{prefix}Exception" if is_sdk else NOT_MODELLED_1[service]}
    return {f"{prefix}.{name}" for name in names}
