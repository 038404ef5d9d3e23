"""What each role may do: as much as its component needs, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable

from tools.checks.project import Project, as_list
from tools.checks.rules.policies import allowed, resource_policies, role_statements, service_principals, statements
from tools.checks.rules.registry import rule

CALLED = {
    "lambda:invoke": {"lambda:InvokeFunction"},
    # .sync starts, looks, and stops the run when the execution is stopped.
    "glue:startJobRun.sync": {"glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"},
    "athena:startQueryExecution.sync": {
        *("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution"),
        # In its caller's name Athena reads the catalog and the files, and writes the result.
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
"""What a Task's Resource needs of the state machine's role (Step Functions Developer Guide, "IAM policies for
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
# An upload in parts reads back what it has encrypted; topics and queues reuse a data key.
_READS = {"s3:GetObject", "s3:AbortMultipartUpload", "sqs:SendMessage", "sns:Publish"}


@rule
def state_machine_may_call_what_it_calls(project: Project) -> Iterable[str]:
    """A task without its permission fails at 08:00, and a .sync task without all of them after its job has run."""
    may = allowed(project, "StateMachineRole")
    for name, task in project.tasks.items():
        call = task["Resource"].partition(":states:::")[2]
        if call not in CALLED:
            yield f"{name} calls {call}; tools/checks/rules/permissions.py does not know what that needs"
            continue
        for action in sorted(CALLED[call] - may):
            yield f"{name} calls {call}, StateMachineRole does not allow {action}"


@rule
def schedule_may_start_the_state_machine(project: Project) -> Iterable[str]:
    """Without it no run ever starts; without the queue nobody learns."""
    for action in sorted({"states:StartExecution", "sqs:SendMessage"} - allowed(project, "ScheduleRole")):
        yield f"ScheduleRole does not allow {action}"


@rule
def functions_may_log_and_trace(project: Project) -> Iterable[str]:
    """A function that may not log fails in silence."""
    for name, function in project.of_type("AWS::Serverless::Function").items():
        role = as_list(function.get("Role", {}).get("Fn::GetAtt", [""]))[0]
        needed = {"logs:CreateLogStream", "logs:PutLogEvents"}
        if function.get("Tracing") == "Active":
            needed |= {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
        for action in sorted(needed - allowed(project, role)):
            yield f"{name}: {role or 'no role'} does not allow {action}"


@rule
def actions_are_named(project: Project) -> Iterable[str]:
    """`*` in an action allows what the service will learn tomorrow."""
    for name, statement in role_statements(project):
        if "NotAction" in statement or "NotResource" in statement:
            yield f"{name} allows by exclusion: name what is allowed"
        for action in as_list(statement.get("Action", [])):
            if "*" in action and statement.get("Effect") == "Allow":
                yield f"{name} allows {action}"
    for name, kind, statement in resource_policies(project):
        # A key's policy has to leave the account's own policies to decide: kms:* for its root, or nobody could.
        if statement.get("Effect") == "Allow" and kind != "AWS::KMS::Key":
            for action in as_list(statement.get("Action", [])):
                if "*" in action:
                    yield f"{name} allows {action}"


@rule
def resources_are_named(project: Project) -> Iterable[str]:
    """`*` as a resource is everybody's data; a few actions know no other."""
    for name, statement in role_statements(project):
        if statement.get("Effect") != "Allow" or "*" not in [str(each) for each in as_list(statement.get("Resource"))]:
            continue
        for action in sorted(set(as_list(statement.get("Action", []))) - KNOW_NO_RESOURCES):
            yield f"{name} allows {action} on every resource"


@rule
def policies_are_of_the_template(project: Project) -> Iterable[str]:
    """AWS's managed policies and SAM's policy templates allow more than one component needs."""
    for name, role in project.of_type("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} has managed policies"
    for name, function in project.of_type("AWS::Serverless::Function").items():
        if function.get("Policies") or not function.get("Role"):
            yield f"{name} must have a role of the template, and no Policies beside it"


@rule
def every_component_has_its_own_role(project: Project) -> Iterable[str]:
    """A shared role lets each of two components do what the other needs."""
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
    """A service that is trusted without a source can be made to act for somebody else (the confused deputy)."""
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
def nobody_else_is_allowed(project: Project) -> Iterable[str]:
    """A resource policy that allows everybody something is a public resource."""
    for name, _, statement in resource_policies(project):
        if statement.get("Effect") == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"}):
            yield f"{name} allows everybody {', '.join(as_list(statement.get('Action')))}"


@rule
def roles_may_use_the_key(project: Project) -> Iterable[str]:
    """Who reads an encrypted object needs kms:Decrypt, who writes one kms:GenerateDataKey; the errors say neither."""
    for name in project.of_type("AWS::IAM::Role"):
        may = allowed(project, name)
        if may & _READS and "kms:Decrypt" not in may:
            yield f"{name} may read encrypted data, or write it in parts, and not kms:Decrypt"
        if may & _WRITES and "kms:GenerateDataKey" not in may:
            yield f"{name} may write encrypted data and not kms:GenerateDataKey"
    for name, statement in role_statements(project):
        keys = {action for action in as_list(statement.get("Action", [])) if action.startswith("kms:")}
        if keys and "kms:ViaService" not in str(statement.get("Condition", {})):
            yield f"{name} may use the key beside a service: expected the condition kms:ViaService"
