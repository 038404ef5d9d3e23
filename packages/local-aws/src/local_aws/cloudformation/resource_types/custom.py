"""Custom resources: a Lambda function is called and responds by uploading a document to a URL."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Mapping
from typing import Any, Self

from local_aws.cloudformation.resource_types.api import as_text
from local_aws.cloudformation.resource_types.base import ApiResource, Properties, generated_name

_ANSWER_VALID = 3600  # seconds: CloudFormation's own limit


class CustomResourceFailed(Exception):
    """The function responded FAILED, or did not respond; the text is the reason."""


class CustomResource(ApiResource):
    """Custom::ANYTHING: its Ref is the physical id of the function's response, its attributes the response's Data.

    The response URL is a presigned S3 URL, as on AWS.
    """

    type_name = "AWS::CloudFormation::CustomResource"

    properties: Properties
    stack_id: str

    @classmethod
    def create_in_stack(cls, properties: Properties, *, stack_id: str, logical_id: str, resource_type: str) -> Self:
        """Ask the function to create, and where that fails to delete what it left. Raises CustomResourceFailed."""
        resource = cls(generated_name(stack_id.split("/")[1], logical_id))
        resource.stack_id = stack_id
        resource.logical_resource_id = logical_id
        resource.cf_resource_type = resource_type
        try:
            resource._ask("Create", properties)
        except CustomResourceFailed:
            with contextlib.suppress(CustomResourceFailed):
                resource._ask("Delete", properties)
            raise
        return resource

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Not used: the function gets its stack and logical id."""
        raise NotImplementedError

    def change(self, properties: Properties) -> Self:
        """Call the function for an update; a new physical id is a replacement, after which the old one is deleted."""
        changed = type(self)(self.physical_resource_id)
        changed.stack_id = self.stack_id
        changed.logical_resource_id = self.logical_resource_id
        changed.cf_resource_type = self.cf_resource_type
        changed._ask("Update", properties, {"OldResourceProperties": _texts(self.properties)})
        return changed

    def delete(self) -> None:
        """Call the function for the deletion."""
        self._ask("Delete", self.properties)

    def _ask(self, request_type: str, properties: Properties, more: Mapping[str, Any] | None = None) -> None:
        bucket = f"cloudformation-custom-resource-response-{self.world.region}"
        answer = {"Bucket": bucket, "Key": str(uuid.uuid4())}
        s3 = self.api.client("s3")
        if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
            ApiResource.api.call("s3", "CreateBucket", _bucket(bucket, self.world.region))
        event = {
            "RequestType": request_type,
            "RequestId": str(uuid.uuid4()),
            "ServiceToken": properties["ServiceToken"],
            "ResponseURL": s3.generate_presigned_url("put_object", Params=answer, ExpiresIn=_ANSWER_VALID),
            "StackId": self.stack_id,
            "LogicalResourceId": self.logical_resource_id,
            "ResourceType": self.cf_resource_type,
            "ResourceProperties": _texts(properties),
            **({"PhysicalResourceId": self.physical_resource_id} if request_type != "Create" else {}),
            **(more or {}),
        }
        function = properties["ServiceToken"]
        invoked = self.api.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        if "FunctionError" in invoked:
            error = json.load(invoked["Payload"])
            raise CustomResourceFailed(
                f"the function {function} failed: {error.get('errorType')}: {error.get('errorMessage')}"
            )
        try:
            answered = json.loads(s3.get_object(**answer)["Body"].read())
        except s3.exceptions.NoSuchKey:
            raise CustomResourceFailed(
                f"the function {function} ended without a response to ResponseURL: "
                "it must send Status, PhysicalResourceId, StackId, RequestId and LogicalResourceId there"
            ) from None
        self.physical_resource_id = answered.get("PhysicalResourceId", self.physical_resource_id)
        if answered.get("Status") != "SUCCESS":
            raise CustomResourceFailed(
                f"Received response status [{answered.get('Status')}] from custom resource. "
                f"Message returned: {answered.get('Reason', 'no reason given')}"
            )
        self.attributes = dict(answered.get("Data") or {})
        self.properties = properties


def _bucket(name: str, region: str) -> dict[str, Any]:
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    return {"Bucket": name, **elsewhere}


def _texts(value: Any) -> Any:
    """The properties for the function: CloudFormation converts numbers and booleans to strings."""
    if isinstance(value, Mapping):
        return {key: _texts(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_texts(member) for member in value]
    return as_text(value)
