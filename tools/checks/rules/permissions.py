"""Rules on permissions: each role has what its component needs, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable

from tools.checks.project import Project, as_list
from tools.checks.rules.policies import allowed, resource_policies, role_statements, service_principals, statements
from tools.checks.rules.registry import rule

CALLED = {
    "lambda:invoke": {"lambda:InvokeFunction"},
    # .sync starts and polls the run, and stops it when the execution is stopped.
    "glue:startJobRun.sync": {"glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"},
    "athena:startQueryExecution.sync": {
        *("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution"),
        # Athena uses its caller's permissions to read the catalog and the files, and to write the result.
        *("athena:GetDataCatalog", "glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetPartition"),
        *("glue:GetPartitions", "lakeformation:GetDataAccess", "s3:GetObject", "s3:PutObject"),
        *("s3:GetBucketLocation", "s3:ListBucket", "kms:Decrypt", "kms:GenerateDataKey"),
    },
    "athena:getQueryResults": {"athena:GetQueryResults", "s3:GetObject"},
    "sns:publish": {"sns:Publish", "kms:Decrypt", "kms:GenerateDataKey"},
    "aws-sdk:glue:startCrawler": {"glue:StartCrawler"},
    "aws-sdk:glue:getCrawler": {"glue:GetCrawler"},
    "aws-sdk:glue:stopCrawler": {"glue:StopCrawler"},
    "aws-sdk:s3:headObject": {"s3:GetObject"},
    "aws-sdk:s3:getObject": {"s3:GetObject", "kms:Decrypt"},
    "aws-sdk:s3:listObjectsV2": {"s3:ListBucket"},
    "aws-sdk:s3:copyObject": {"s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"},
    "aws-sdk:s3:putObject": {"s3:PutObject", "kms:GenerateDataKey"},
    "aws-sdk:cloudwatch:putMetricData": {"cloudwatch:PutMetricData"},
}
"""The actions that a Task's Resource needs (Step Functions Developer Guide, "IAM policies for
integrated services"; the SDK integrations need the action of the call)."""

KNOW_NO_RESOURCES = {
    # Step Functions' delivery of its log (Developer Guide, "IAM Policies for logging to CloudWatch Logs").
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
    # X-Ray and metrics (Service Authorization Reference: no resource types for these).
    *("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"),
    "cloudwatch:PutMetricData",
    "lakeformation:GetDataAccess",
}
"""Actions whose only possible resource is `*`."""

_WRITES = {"s3:PutObject", "sqs:SendMessage", "sns:Publish"}
# A multipart upload decrypts its parts; topics and queues reuse a data key.
_READS = {"s3:GetObject", "s3:AbortMultipartUpload", "sqs:SendMessage", "sns:Publish"}


@rule
def state_machine_has_its_permissions(project: Project) -> Iterable[str]:
    """A task without its permission fails at run time; a .sync task may fail after its job has run."""
    may = allowed(project, "StateMachineRole")
    for name, task in project.tasks.items():
        call = task["Resource"].partition(":states:::")[2]
        if call not in CALLED:
            yield f"{name} calls {call}; tools/checks/rules/permissions.py has no entry for its permissions"
            continue
        for action in sorted(CALLED[call] - may):
            yield f"{name} calls {call}, StateMachineRole does not allow {action}"


@rule
def schedule_has_its_permissions(project: Project) -> Iterable[str]:
    """Without StartExecution no run starts; without the queue failed starts are lost."""
    for action in sorted({"states:StartExecution", "sqs:SendMessage"} - allowed(project, "ScheduleRole")):
        yield f"ScheduleRole does not allow {action}"


@rule
def functions_have_logging_permissions(project: Project) -> Iterable[str]:
    """A function without logging permissions fails without a trace."""
    for name, function in project.of_type("AWS::Serverless::Function").items():
        role = as_list(function.get("Role", {}).get("Fn::GetAtt", [""]))[0]
        needed = {"logs:CreateLogStream", "logs:PutLogEvents"}
        if function.get("Tracing") == "Active":
            needed |= {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
        for action in sorted(needed - allowed(project, role)):
            yield f"{name}: {role or 'no role'} does not allow {action}"


@rule
def actions_are_named(project: Project) -> Iterable[str]:
    """`*` in an action also allows future actions of the service."""
    for name, statement in role_statements(project):
        if "NotAction" in statement or "NotResource" in statement:
            yield f"{name} uses NotAction: list the allowed actions"
        for action in as_list(statement.get("Action", [])):
            if "*" in action and statement.get("Effect") == "Allow":
                yield f"{name} allows {action}"
    for name, kind, statement in resource_policies(project):
        # A key policy must allow kms:* to the account's root, or the account's IAM policies have no effect.
        if statement.get("Effect") == "Allow" and kind != "AWS::KMS::Key":
            for action in as_list(statement.get("Action", [])):
                if "*" in action:
                    yield f"{name} allows {action}"


@rule
def resources_are_named(project: Project) -> Iterable[str]:
    """`*` as a resource allows access to all data; only a few actions support no other."""
    for name, statement in role_statements(project):
        if statement.get("Effect") != "Allow" or "*" not in [str(each) for each in as_list(statement.get("Resource"))]:
            continue
        for action in sorted(set(as_list(statement.get("Action", []))) - KNOW_NO_RESOURCES):
            yield f"{name} allows {action} on every resource"


@rule
def policies_are_inline(project: Project) -> Iterable[str]:
    """AWS's managed policies and SAM's policy templates allow more than a component needs."""
    for name, role in project.of_type("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} has managed policies"
    for name, function in project.of_type("AWS::Serverless::Function").items():
        if function.get("Policies") or not function.get("Role"):
            yield f"{name} must have a role of the template, and no Policies beside it"


@rule
def every_component_has_its_own_role(project: Project) -> Iterable[str]:
    """A shared role gives each component the permissions of the other."""
    using: dict[str, list[str]] = {}
    for name, resource in project.template["Resources"].items():
        properties = resource.get("Properties", {})
        role = properties.get("Role", properties.get("Target", {}).get("RoleArn"))
        if isinstance(role, dict) and "Fn::GetAtt" in role:
            using.setdefault(as_list(role["Fn::GetAtt"])[0], []).append(name)
    for role, users in using.items():
        if len(users) > 1:
            yield f"{role} is shared by {', '.join(users)}"
    for role in sorted(set(project.of_type("AWS::IAM::Role")) - set(using)):
        yield f"{role} is nobody's role"


@rule
def services_act_for_this_account_only(project: Project) -> Iterable[str]:
    """A service that is trusted without a source condition can be used by other accounts (confused deputy)."""
    account = {"Ref": "AWS::AccountId"}
    for name, role in project.of_type("AWS::IAM::Role").items():
        for statement in statements(role.get("AssumeRolePolicyDocument", {})):
            conditions = statement.get("Condition", {}).get("StringEquals", {})
            if conditions.get("aws:SourceAccount") != account:
                yield f"{name} trusts {', '.join(service_principals(statement))} for any account"
            if statement.get("Principal") in ("*", {"AWS": "*"}):
                yield f"{name} trusts everybody"
    for name, _, statement in resource_policies(project):
        services = service_principals(statement)
        if statement.get("Effect") == "Allow" and services:
            condition = str(statement.get("Condition", {}))
            if "AWS::AccountId" not in condition:
                yield f"{name} lets {', '.join(services)} act for any account"


@rule
def resource_policies_are_not_public(project: Project) -> Iterable[str]:
    """A resource policy that allows all principals makes the resource public."""
    for name, _, statement in resource_policies(project):
        if statement.get("Effect") == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"}):
            yield f"{name} allows all principals {', '.join(as_list(statement.get('Action')))}"


@rule
def roles_have_key_permissions(project: Project) -> Iterable[str]:
    """Reading encrypted objects needs kms:Decrypt, writing them kms:GenerateDataKey; S3's errors do not say so."""
    for name in project.of_type("AWS::IAM::Role"):
        may = allowed(project, name)
        if may & _READS and "kms:Decrypt" not in may:
            yield f"{name} may read encrypted data, or write it in parts, but lacks kms:Decrypt"
        if may & _WRITES and "kms:GenerateDataKey" not in may:
            yield f"{name} may write encrypted data but lacks kms:GenerateDataKey"
    for name, statement in role_statements(project):
        keys = {action for action in as_list(statement.get("Action", [])) if action.startswith("kms:")}
        if keys and "kms:ViaService" not in str(statement.get("Condition", {})):
            yield f"{name} may use the key directly: expected the condition kms:ViaService"
