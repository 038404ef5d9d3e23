"""Deployment of a template, in the steps of `sam package` and `sam deploy`."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation import templates
from local_aws.cloudformation.resource_types.api import Api
from local_aws.core.errors import DeploymentFailed
from local_aws.core.world import World

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_OLDEST = (1980, 1, 1, 0, 0, 0)


def deploy(
    world: World,
    *,
    template: Path,
    stack_name: str,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Create the stack, or update it if it exists.

    Local code is uploaded to an artifacts bucket. Missing parameters have their defaults.
    Raises DeploymentFailed with the reason of every failed resource.
    """
    api = Api(world)
    packaged = json.dumps(_packaged(api, template, world.region))
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in (parameters or {}).items()]
    cloudformation = api.client("cloudformation")
    request = {
        "StackName": stack_name,
        "TemplateBody": packaged,
        "Parameters": given,
        "Capabilities": _CAPABILITIES,
    }
    exists = any(stack["StackName"] == stack_name for stack in cloudformation.describe_stacks()["Stacks"])
    try:
        (cloudformation.update_stack if exists else cloudformation.create_stack)(**request)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        if message == "No updates are to be performed.":
            return
        raise DeploymentFailed(f"stack {stack_name} from {template}: {message}") from None
    status = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"]
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeploymentFailed(
            f"stack {stack_name} from {template} ended in {status}:\n{_reasons(cloudformation, stack_name)}"
        )


def _reasons(cloudformation: Any, stack_name: str) -> str:
    """One line for each failed resource."""
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    return "\n".join(
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != stack_name
    )


def _packaged(api: Api, path: Path, region: str) -> dict[str, Any]:
    """The template with local paths replaced by URIs of the artifacts bucket."""
    if not path.is_file():
        raise DeploymentFailed(f"there is no template {path}")
    template = templates.read(path.read_text())

    def put_folder(local: str) -> str:
        return _put(api, region, zipped(path.parent / local))

    def put_file(local: str) -> str:
        return _put(api, region, (path.parent / local).read_bytes())

    local_files: tuple[tuple[str, str, Callable[[str], str], tuple[str, str]], ...] = (
        ("AWS::Serverless::Function", "CodeUri", put_folder, ("Bucket", "Key")),
        ("AWS::Lambda::Function", "Code", put_folder, ("S3Bucket", "S3Key")),
        ("AWS::Serverless::StateMachine", "DefinitionUri", put_file, ("Bucket", "Key")),
    )
    for resource in template.get("Resources", {}).values():
        for type_name, name, put, keys in local_files:
            local = resource.get("Properties", {}).get(name)
            if resource["Type"] == type_name and isinstance(local, str) and not local.startswith("s3://"):
                bucket, _, key = put(local).removeprefix("s3://").partition("/")
                resource["Properties"][name] = dict(zip(keys, (bucket, key), strict=True))
    return template


def _put(api: Api, region: str, content: bytes) -> str:
    """Upload content to the artifacts bucket under its hash; return its URI."""
    bucket = f"aws-sam-cli-managed-default-{region}"
    s3 = api.client("s3")
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        api.call("s3", "CreateBucket", {"Bucket": bucket, **elsewhere})
    key = hashlib.sha256(content).hexdigest()
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    return f"s3://{bucket}/{key}"


def zipped(folder: Path) -> bytes:
    """The folder as a deterministic archive, without compiled and hidden files."""
    if not folder.is_dir():
        raise DeploymentFailed(f"the template's code folder {folder} does not exist")
    every = ((file.relative_to(folder), file) for file in folder.rglob("*") if file.is_file())
    files = sorted(
        (name.as_posix(), file)
        for name, file in every
        if not any(part == "__pycache__" or part.startswith(".") for part in name.parts)
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, file in files:
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, file.read_bytes())
    return archive.getvalue()
