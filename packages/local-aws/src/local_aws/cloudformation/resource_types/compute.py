"""AWS::Lambda::Function, Version, Alias and Permission; AWS::StepFunctions::StateMachine; AWS::Scheduler::Schedule."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any, Self

from moto.awslambda.models import lambda_backends
from moto.utilities.utils import load_resource_as_str

from local_aws.cloudformation.resource_types.api import PropertyError, as_text, tag_map
from local_aws.cloudformation.resource_types.base import ApiResource, Properties
from local_aws.core.world import ACCOUNT
from local_aws.lambda_.logs import set_logging_config

_DEFAULTS = {"Description": "", "Timeout": 3, "MemorySize": 128, "Environment": {"Variables": {}}, "Layers": []}
"""The defaults of properties that are removed from the template."""


class Function(ApiResource):
    """AWS::Lambda::Function: its Ref is its name."""

    type_name = "AWS::Lambda::Function"
    name_property = "FunctionName"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the function from code in a bucket or in the template."""
        given = {**_lambdas_names(properties), "FunctionName": name, "Code": _code(properties["Code"])}
        concurrency = given.pop("ReservedConcurrentExecutions", None)
        if "Tags" in given:
            given["Tags"] = tag_map(properties)
        made = cls.api.call("lambda", "CreateFunction", given)
        function = cls(name, {"Arn": made["FunctionArn"]})
        if concurrency is not None:
            limit = {"FunctionName": name, "ReservedConcurrentExecutions": concurrency}
            with function.gone_if_it_fails():
                cls.api.call("lambda", "PutFunctionConcurrency", limit)
        return function

    def change(self, properties: Properties) -> Self:
        """Change configuration and code; versions and aliases are kept."""
        name = {"FunctionName": self.physical_resource_id}
        not_configuration = ("FunctionName", "Code", "Tags", "ReservedConcurrentExecutions", "Architectures")
        given = {key: value for key, value in _lambdas_names(properties).items() if key not in not_configuration}
        self.api.call("lambda", "UpdateFunctionConfiguration", {**_DEFAULTS, **given, **name})
        self._change_what_moto_leaves(properties)
        self.api.call("lambda", "UpdateFunctionCode", {**_code(properties["Code"]), **name})
        return self

    def _change_what_moto_leaves(self, properties: Properties) -> None:
        function = lambda_backends[ACCOUNT][self.world.region].get_function(self.physical_resource_id)
        function.kms_key_arn = properties.get("KmsKeyArn")
        function.tracing_config = properties.get("TracingConfig", {"Mode": "PassThrough"})
        function.ephemeral_storage = int(properties.get("EphemeralStorage", {"Size": 512})["Size"])
        set_logging_config(function, properties.get("LoggingConfig", {}))

    def delete(self) -> None:
        """Delete the function with its versions."""
        self.api.call("lambda", "DeleteFunction", {"FunctionName": self.physical_resource_id})


def _lambdas_names(properties: Properties) -> Properties:
    """The properties under the names of Lambda's API."""
    return {"KMSKeyArn" if name == "KmsKeyArn" else name: value for name, value in properties.items()}


def _code(code: dict[str, Any]) -> dict[str, Any]:
    """The code for the API: inline code becomes an archive with `index.py`, as on AWS."""
    if "ZipFile" not in code:
        return code
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("index.py", code["ZipFile"])
        files.writestr("cfnresponse.py", load_resource_as_str("awslambda/resources/cfnresponse.py.txt"))
    return {"ZipFile": archive.getvalue()}


class FunctionVersion(ApiResource):
    """AWS::Lambda::Version: its Ref is its ARN."""

    type_name = "AWS::Lambda::Version"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:  # noqa: ARG003 - it has no name
        """Publish the function's code as a version."""
        made = cls.api.call("lambda", "PublishVersion", properties)
        return cls(made["FunctionArn"], {"FunctionArn": made["FunctionArn"], "Version": made["Version"]})

    def change(self, properties: Properties) -> Self:
        """Publish another version: versions are immutable."""
        return type(self).create("", properties)

    def delete(self) -> None:
        """Do nothing: the function is deleted with its versions."""


class Alias(ApiResource):
    """AWS::Lambda::Alias: its Ref is its ARN."""

    type_name = "AWS::Lambda::Alias"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:  # noqa: ARG003 - Name is required
        """Create the alias."""
        made = cls.api.call("lambda", "CreateAlias", properties)
        return cls(made["AliasArn"], {"AliasArn": made["AliasArn"]})

    def change(self, properties: Properties) -> Self:
        """Point the alias to another version."""
        self.api.call("lambda", "UpdateAlias", properties)
        return self

    def delete(self) -> None:
        """Delete the alias."""
        function, _, name = self.physical_resource_id.rpartition(":")
        self.api.call("lambda", "DeleteAlias", {"FunctionName": function.split(":function:")[1], "Name": name})


class Permission(ApiResource):
    """AWS::Lambda::Permission: its Ref is the statement's id."""

    type_name = "AWS::Lambda::Permission"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Allow another service or account to call the function."""
        cls.api.call("lambda", "AddPermission", {**properties, "StatementId": name})
        permission = cls(name)
        permission.function = properties["FunctionName"]
        return permission

    function: str

    def delete(self) -> None:
        """Remove the permission."""
        given = {"FunctionName": self.function, "StatementId": self.physical_resource_id}
        self.api.call("lambda", "RemovePermission", given)


class StateMachine(ApiResource):
    """AWS::StepFunctions::StateMachine: its Ref is its ARN."""

    type_name = "AWS::StepFunctions::StateMachine"
    name_property = "StateMachineName"
    longest_name = 80

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the state machine; its definition may be a string, an object, or an object in S3."""
        given: Properties = {
            "name": name,
            "definition": cls._definition(properties),
            "roleArn": properties["RoleArn"],
            "type": properties.get("StateMachineType", "STANDARD"),
        }
        for optional in ("LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration", "Tags"):
            if optional in properties:
                given[optional] = properties[optional]
        made = cls.api.call("stepfunctions", "CreateStateMachine", given)
        return cls(made["stateMachineArn"], {"Arn": made["stateMachineArn"], "Name": name})

    def change(self, properties: Properties) -> Self:
        """Change definition, role and logging; executions are kept."""
        given = {
            "stateMachineArn": self.physical_resource_id,
            "definition": self._definition(properties),
            "roleArn": properties["RoleArn"],
        }
        for optional in ("LoggingConfiguration", "TracingConfiguration"):
            if optional in properties:
                given[optional] = properties[optional]
        self.api.call("stepfunctions", "UpdateStateMachine", given)
        return self

    def delete(self) -> None:
        """Delete the state machine."""
        self.api.call("stepfunctions", "DeleteStateMachine", {"stateMachineArn": self.physical_resource_id})

    @classmethod
    def _definition(cls, properties: Properties) -> str:
        if "DefinitionS3Location" in properties:
            location = properties["DefinitionS3Location"]
            definition = cls.api.client("s3").get_object(**location)["Body"].read().decode()
        elif "Definition" in properties:
            definition = json.dumps(properties["Definition"])
        else:
            definition = properties["DefinitionString"]
        values = properties.get("DefinitionSubstitutions", {})
        # One pass, so that values are not searched for names.
        replaced = re.sub(
            r"\$\{([A-Za-z0-9_]+)\}",
            lambda name: as_text(values[name[1]]) if name[1] in values else name[0],
            definition,
        )
        missing = sorted(set(re.findall(r"\$\{([A-Za-z0-9_]+)\}", replaced)))
        if missing:
            raise PropertyError(
                f"the state machine's definition names {', '.join(missing)} in ${{...}}, which DefinitionSubstitutions "
                f"does not define; it defines {', '.join(sorted(values)) or 'nothing'}"
            )
        return replaced


class Schedule(ApiResource):
    """AWS::Scheduler::Schedule: its Ref is its name."""

    type_name = "AWS::Scheduler::Schedule"
    name_property = "Name"

    group: str

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the schedule."""
        made = cls.api.call("scheduler", "CreateSchedule", {**properties, "Name": name})
        schedule = cls(name, {"Arn": made["ScheduleArn"]})
        schedule.group = properties.get("GroupName", "default")
        return schedule

    def change(self, properties: Properties) -> Self:
        """Change everything but name and group."""
        self.api.call("scheduler", "UpdateSchedule", {**properties, "Name": self.physical_resource_id})
        return self

    def delete(self) -> None:
        """Delete the schedule."""
        self.api.call("scheduler", "DeleteSchedule", {"Name": self.physical_resource_id, "GroupName": self.group})
