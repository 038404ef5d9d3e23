"""The resources of an API action, by the Service Authorization Reference, for the supported services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.athena.models import athena_backends

from local_aws.core.world import ACCOUNT
from local_aws.iam.keys import key_arn
from local_aws.iam.resource_policies import secret

Parameters = Mapping[str, Any]


class UnsupportedActionError(Exception):
    """An action without known resources, which must not be allowed."""


def _arn(service: str, region: str, resource: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


# Glue
_NO_RESOURCE = "*"
_TABLE_ACTIONS = {
    *("GetTable", "GetTables", "GetTableVersion", "GetTableVersions", "CreateTable", "UpdateTable", "DeleteTable"),
    *("BatchDeleteTable", "GetPartition", "GetPartitions", "BatchGetPartition", "CreatePartition", "UpdatePartition"),
    *("DeletePartition", "BatchCreatePartition", "BatchUpdatePartition", "BatchDeletePartition", "GetPartitionIndexes"),
    *("GetColumnStatisticsForTable", "GetColumnStatisticsForPartition"),
}
_DATABASE_ACTIONS = {"GetDatabase", "GetDatabases", "CreateDatabase", "UpdateDatabase", "DeleteDatabase"}
_JOB_ACTIONS = {
    *("GetJob", "UpdateJob", "DeleteJob", "StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun"),
}
_CRAWLER_ACTIONS = {"GetCrawler", "StartCrawler", "StopCrawler", "UpdateCrawler", "DeleteCrawler"}
_GLUE_WITHOUT_RESOURCE = {
    *("GetCrawlers", "GetCrawlerMetrics", "ListCrawlers", "ListCrawls", "GetJobs", "ListJobs"),
    *("GetJobBookmark", "ResetJobBookmark", "GetSecurityConfiguration", "GetSecurityConfigurations"),
}


def _glue(action: str, given: Parameters, region: str) -> list[str]:
    catalog = _arn("glue", region, "catalog")
    if action in _TABLE_ACTIONS:
        database = given["DatabaseName"]
        names = given.get("TablesToDelete") or [
            given.get("TableName") or given.get("Name") or given.get("TableInput", {}).get("Name") or "*"
        ]
        tables = [_arn("glue", region, f"table/{database}/{name}") for name in names]
        return [catalog, _arn("glue", region, f"database/{database}"), *tables]
    if action in _DATABASE_ACTIONS:
        name = given.get("Name") or given.get("DatabaseInput", {}).get("Name") or "*"
        return [catalog, _arn("glue", region, f"database/{name}")]
    if action in _JOB_ACTIONS:
        return [_arn("glue", region, f"job/{given.get('JobName') or given.get('Name')}")]
    if action in _CRAWLER_ACTIONS:
        return [_arn("glue", region, f"crawler/{given['Name']}")]
    if action in _GLUE_WITHOUT_RESOURCE:
        return [_NO_RESOURCE]
    raise UnsupportedActionError


# Athena
_QUERY_ACTIONS = {"GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetQueryRuntimeStatistics"}
_WORKGROUP_ACTIONS = {
    *("StartQueryExecution", "ListQueryExecutions", "GetWorkGroup", "ListNamedQueries", "CreateNamedQuery"),
    *(
        "UpdateWorkGroup",
        "DeleteWorkGroup",
        "CreatePreparedStatement",
        "GetPreparedStatement",
        "ListPreparedStatements",
    ),
    *("UpdatePreparedStatement", "DeletePreparedStatement", "BatchGetPreparedStatement"),
}
_CATALOG_ACTIONS = {"GetTableMetadata", "ListTableMetadata", "GetDatabase", "ListDatabases"}


def _workgroup_of_query(query: str, region: str) -> str:
    execution: Any = athena_backends[ACCOUNT][region].executions.get(query)
    group = getattr(execution, "workgroup", None)
    return str(getattr(group, "name", group) or "primary")


def _workgroup_of_named_query(query: str, region: str) -> str:
    named: Any = athena_backends[ACCOUNT][region].named_queries.get(query)
    return str(named.workgroup.name) if named else "primary"


_BATCHES = {
    "BatchGetNamedQuery": ("NamedQueryIds", _workgroup_of_named_query),
    "BatchGetQueryExecution": ("QueryExecutionIds", _workgroup_of_query),
}


def _athena(action: str, given: Parameters, region: str) -> list[str]:
    if action in _BATCHES:
        name, workgroup_of = _BATCHES[action]
        return [_arn("athena", region, f"workgroup/{workgroup_of(one, region)}") for one in given[name]]
    if action in ("GetNamedQuery", "DeleteNamedQuery"):
        return [_arn("athena", region, f"workgroup/{_workgroup_of_named_query(given['NamedQueryId'], region)}")]
    if action in _QUERY_ACTIONS:
        return [_arn("athena", region, f"workgroup/{_workgroup_of_query(given['QueryExecutionId'], region)}")]
    if action in _WORKGROUP_ACTIONS:
        return [_arn("athena", region, f"workgroup/{given.get('WorkGroup') or given.get('Name') or 'primary'}")]
    if action in _CATALOG_ACTIONS:
        return [_arn("athena", region, f"datacatalog/{given['CatalogName']}")]
    if action in ("ListDataCatalogs", "ListWorkGroups", "ListEngineVersions"):
        return [_NO_RESOURCE]
    raise UnsupportedActionError


# Step Functions, SNS, STS, KMS: the request names the resource.
def _states(action: str, given: Parameters, region: str) -> list[str]:  # noqa: ARG001
    for name in ("executionArn", "stateMachineArn", "activityArn"):
        if given.get(name):
            return [str(given[name])]
    if action in ("ListStateMachines", "SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"):
        return [_NO_RESOURCE]
    raise UnsupportedActionError


def _sns(action: str, given: Parameters, region: str) -> list[str]:  # noqa: ARG001
    if topic := given.get("TopicArn") or given.get("TargetArn"):
        return [str(topic)]
    if action in ("Publish", "ListTopics"):  # a message to a phone number has no resource
        return [_NO_RESOURCE]
    raise UnsupportedActionError


def _sts(action: str, given: Parameters, region: str) -> list[str]:  # noqa: ARG001
    if action == "AssumeRole":
        return [str(given["RoleArn"])]
    raise UnsupportedActionError


def _kms(action: str, given: Parameters, region: str) -> list[str]:  # noqa: ARG001
    return [key_arn(str(given["KeyId"]), region)] if "KeyId" in given else [_NO_RESOURCE]


def _lambda(action: str, given: Parameters, region: str) -> list[str]:  # noqa: ARG001
    if "FunctionName" not in given:
        raise UnsupportedActionError
    name = str(given["FunctionName"])
    if not name.startswith("arn:"):
        name = _arn("lambda", region, f"function:{name.rsplit(':function:', 1)[-1]}")
    return [f"{name}:{given['Qualifier']}" if given.get("Qualifier") else name]


def _logs(action: str, given: Parameters, region: str) -> list[str]:
    group = str(given.get("logGroupName") or given.get("logGroupIdentifier") or "").split(":log-group:")[-1]
    if not group and action != "DescribeLogGroups":
        raise UnsupportedActionError
    # AWS uses a stream ARN without a name for the group's own actions: ARNs that end in `:*` match both.
    return [_arn("logs", region, f"log-group:{group}:log-stream:{given.get('logStreamName') or ''}")]


def _metrics(action: str, given: Parameters, region: str) -> list[str]:  # noqa: ARG001
    return [_NO_RESOURCE]


def _sqs(action: str, given: Parameters, region: str) -> list[str]:
    if queue := given.get("QueueUrl"):
        return [_arn("sqs", region, str(queue).rsplit("/", 1)[-1])]
    if action == "GetQueueUrl":
        return [_arn("sqs", region, str(given["QueueName"]))]
    if action == "ListQueues":
        return [_NO_RESOURCE]
    raise UnsupportedActionError


def _secrets(action: str, given: Parameters, region: str) -> list[str]:
    if "SecretId" not in given:
        if action in ("ListSecrets", "GetRandomPassword"):
            return [_NO_RESOURCE]
        raise UnsupportedActionError
    kept = secret(str(given["SecretId"]), region)
    named = str(given["SecretId"])
    # The random suffix of an unknown secret's ARN is unknown.
    missing = named if named.startswith("arn:") else _arn("secretsmanager", region, f"secret:{named}-??????")
    return [str(kept.arn) if kept is not None else missing]


def _dynamodb(action: str, given: Parameters, region: str) -> list[str]:
    if "RequestItems" in given:  # BatchGetItem, BatchWriteItem
        return [_table_arn(name, region) for name in given["RequestItems"]]
    if "TableName" in given:
        index = f"/index/{given['IndexName']}" if given.get("IndexName") else ""
        return [_table_arn(str(given["TableName"]), region) + index]
    if action in ("ListTables", "DescribeLimits"):
        return [_NO_RESOURCE]
    raise UnsupportedActionError


def _table_arn(name: str, region: str) -> str:
    return name if name.startswith("arn:") else _arn("dynamodb", region, f"table/{name}")


def _ssm(action: str, given: Parameters, region: str) -> list[str]:
    if action == "DescribeParameters":
        return [_NO_RESOURCE]
    names = given.get("Names") or [given[name] for name in ("Name", "Path") if given.get(name)]
    if not names or "Parameter" not in action:
        raise UnsupportedActionError
    return [
        name if str(name).startswith("arn:") else _arn("ssm", region, f"parameter/{str(name).lstrip('/')}")
        for name in names
    ]


def _events(action: str, given: Parameters, region: str) -> list[str]:
    if action != "PutEvents":
        raise UnsupportedActionError
    buses = {str(entry.get("EventBusName") or "default").rsplit("/", 1)[-1] for entry in given["Entries"]}
    return [_arn("events", region, f"event-bus/{bus}") for bus in sorted(buses)]


def _xray(action: str, given: Parameters, region: str) -> list[str]:  # noqa: ARG001
    return [_NO_RESOURCE]


SERVICES: dict[str, tuple[str, Callable[[str, Parameters, str], list[str]]]] = {
    "glue": ("glue", _glue),
    "athena": ("athena", _athena),
    "states": ("states", _states),
    "sns": ("sns", _sns),
    "sts": ("sts", _sts),
    "kms": ("kms", _kms),
    "lambda": ("lambda", _lambda),
    "logs": ("logs", _logs),
    "monitoring": ("cloudwatch", _metrics),
    "sqs": ("sqs", _sqs),
    "secretsmanager": ("secretsmanager", _secrets),
    "dynamodb": ("dynamodb", _dynamodb),
    "ssm": ("ssm", _ssm),
    "events": ("events", _events),
    "xray": ("xray", _xray),
}
"""Signing name to the prefix of the service's actions, and the function for its resources."""

ACTION_NAMES = {("lambda", "Invoke"): "InvokeFunction", ("lambda", "InvokeAsync"): "InvokeFunction"}
"""API actions with another name in IAM."""


def touched(service: str, operation: str, given: Parameters, region: str) -> tuple[str, list[str]]:
    """The IAM action of an API call, and its resource ARNs. Raises UnsupportedActionError."""
    if service not in SERVICES:
        raise UnsupportedActionError
    prefix, resources = SERVICES[service]
    try:
        return f"{prefix}:{ACTION_NAMES.get((service, operation), operation)}", resources(operation, given, region)
    except KeyError as missing:  # the service itself reports the missing parameter
        raise UnsupportedActionError from missing


def context_of(action: str, given: Parameters) -> dict[str, str]:
    """The lower-case condition keys from an API call's parameters."""
    service = action.split(":")[0]
    if action == "cloudwatch:PutMetricData":
        return {"cloudwatch:namespace": str(given.get("Namespace", ""))}
    if service == "secretsmanager" and "SecretId" in given:
        names = {"secretid": "SecretId", "versionid": "VersionId", "versionstage": "VersionStage"}
        return {f"secretsmanager:{key}": str(given[name]) for key, name in names.items() if given.get(name)}
    return {}


_PASSING = {
    "glue:UpdateJob": ("JobUpdate", "Role", "glue.amazonaws.com"),
    "glue:UpdateCrawler": (None, "Role", "glue.amazonaws.com"),
    "states:UpdateStateMachine": (None, "roleArn", "states.amazonaws.com"),
}
"""Calls that pass a role to a service: the structure around it, its name, the service."""


def passed_roles(action: str, given: Parameters) -> list[tuple[str, str]]:
    """The roles (ARNs) that a call passes to a service, with that service: each needs iam:PassRole."""
    if action not in _PASSING:
        return []
    within, name, service = _PASSING[action]
    role = str((given[within] if within else given).get(name) or "")
    return [(role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}", service)] if role else []
