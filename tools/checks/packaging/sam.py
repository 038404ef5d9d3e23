"""The SAM CLI on the repository: validate, build, package, deploy."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tools.checks import environments
from tools.checks.packaging.workshop import ARTIFACTS, STACK, Workshop, size
from tools.checks.rules.parameters import OUTPUTS
from tools.checks.runner import CheckFailed, command
from tools.paths import ROOT

_BUILD_CACHE = ROOT / ".cache" / "checks" / "sam-build"
DEPLOYED = "deployed"
"""The name of the stack that `sam deploy` creates."""

_LAMBDA_UNZIPPED = 262_144_000  # bytes: Lambda's limit, unzipped, with layers


def validate() -> str:
    """Run `sam validate --lint` on the source template."""
    command(str(environments.sam()), "validate", "--lint", environment=environments.tool_environment())
    return "the source template"


def build(workshop: Workshop) -> str:
    """Run `sam build` with another output folder; return the packages' sizes."""
    command(
        *(str(environments.sam()), "build", "--cached", "--cache-dir", str(_BUILD_CACHE)),
        *("--build-dir", str(workshop.built.parent)),
        environment=environments.tool_environment(),
    )
    sizes = []
    for name in functions(yaml_parse(workshop.built.read_text())):
        files = [path for path in (workshop.built.parent / name).rglob("*") if path.is_file()]
        total = sum(path.stat().st_size for path in files)
        if total > _LAMBDA_UNZIPPED:
            raise CheckFailed(f"{name} has {size(total)} unzipped: Lambda's limit is {size(_LAMBDA_UNZIPPED)}")
        sizes.append(f"{name} {size(total)} unzipped, {len(files)} files")
    return "; ".join(sizes)


def package(workshop: Workshop) -> str:
    """Run `sam package` against the local AWS; check that every local path is an object there."""
    workshop.client("s3").create_bucket(Bucket=ARTIFACTS)
    command(
        *(str(environments.sam()), "package", "--template-file", str(workshop.built), "--s3-bucket", ARTIFACTS),
        *("--output-template-file", str(workshop.packaged)),
        environment=workshop.environment(),
    )
    template = yaml_parse(workshop.packaged.read_text())
    sizes = []
    for name, uri in references(template):
        if not str(uri).startswith(f"s3://{ARTIFACTS}/"):
            raise CheckFailed(f"{name} refers to {uri}: expected an object of s3://{ARTIFACTS}")
        body = artifact(workshop, name)
        if name in functions(template):
            sizes.append(f"{name} {size(len(body))}")
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                compiled = [
                    each for each in archive.namelist() if each.startswith(("__pycache__/", "mhealth/__pycache__/"))
                ]
            if compiled:
                raise CheckFailed(f"{name} contains files compiled on this machine: {', '.join(compiled)}")
    return f"zips: {', '.join(sizes)}"


def artifact(workshop: Workshop, logical_id: str) -> bytes:
    """The object that `sam package` uploaded for a resource."""
    uri = dict(references(yaml_parse(workshop.packaged.read_text())))[logical_id]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = workshop.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def deploy_packaged(workshop: Workshop) -> str:
    """Deploy the packaged template by CloudFormation's API."""
    cloudformation = workshop.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK, TemplateBody=workshop.packaged.read_text(), Capabilities=["CAPABILITY_IAM"]
    )
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        raise CheckFailed("\n".join([f"the stack ended in {stack['StackStatus']}", *reasons]))
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    return f"{len(resources)} resources, {len(stack['Outputs'])} outputs"


def functions(template: dict[str, Any]) -> list[str]:
    """The logical ids of the functions."""
    resources = template["Resources"].items()
    return [name for name, resource in resources if resource["Type"] == "AWS::Serverless::Function"]


def references(template: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Logical id and URI of every artifact that SAM uploads."""
    for name, resource in template["Resources"].items():
        key = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::StateMachine": "DefinitionUri"}
        if resource["Type"] in key:
            uri = resource["Properties"].get(key[resource["Type"]])
            yield name, f"s3://{uri['Bucket']}/{uri['Key']}" if isinstance(uri, dict) else uri


def deploy(workshop: Workshop) -> str:
    """Run `sam deploy` of the README twice, which must change nothing the second time, then `sam delete`."""
    output = _sam_deploy(workshop)
    cloudformation = workshop.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=DEPLOYED)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    if stack["StackStatus"] != "CREATE_COMPLETE" or set(outputs) != OUTPUTS:
        raise CheckFailed(f"the stack is {stack['StackStatus']} with the outputs {outputs}:\n{output}")
    output = _sam_deploy(workshop)
    if "No changes to deploy" not in output:
        raise CheckFailed(f"the second sam deploy was expected to change nothing:\n{output}")
    command(
        *(str(environments.sam()), "delete", "--stack-name", DEPLOYED, "--no-prompts", "--region", workshop.aws.region),
        environment=workshop.environment(),
    )
    left = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
    if DEPLOYED in left:
        raise CheckFailed("sam delete did not delete the stack")
    workshop.client("s3").head_bucket(Bucket=outputs["DataBucketName"])
    return "deployed, unchanged when deployed again, deleted; the data bucket is kept"


def _sam_deploy(workshop: Workshop) -> str:
    return command(
        *(str(environments.sam()), "deploy", "--config-file", str(ROOT / "samconfig.toml")),
        *("--template-file", str(workshop.built), "--stack-name", DEPLOYED, "--region", workshop.aws.region),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
        environment=workshop.environment(),
    )
