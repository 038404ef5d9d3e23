"""Permissions that AWS's guides require by role, confirmed by AWS's managed policies.

The managed policies come from the package moto. A permission that the managed policy lacks is an error of this list; a
permission that the template lacks would fail a first run.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from tools.checks.project import Project, as_list
from tools.checks.rules.policies import allowed

NAME = f"AWS's managed policies (moto {version('moto')})"


@dataclass(frozen=True)
class Documented:
    """Permissions that a guide requires for a task. `policy` is the managed policy that confirms them."""

    what: str
    roles: tuple[str, ...]
    actions: tuple[str, ...]
    source: str
    policy: str


DOCUMENTED = (
    Documented(
        "crawl a catalog table",
        ("CrawlerRole",),
        (
            *("glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:UpdateTable"),
            *("glue:GetTableVersion", "glue:GetTableVersions", "glue:GetPartition", "glue:GetPartitions"),
            *("glue:BatchGetPartition", "glue:CreatePartition", "glue:BatchCreatePartition"),
            *("glue:UpdatePartition", "glue:BatchUpdatePartition"),
        ),
        "AWS Glue Developer Guide, Crawler prerequisites (AWSGlueServiceRole or a scoped-down version), read 2026-11",
        "AWSGlueServiceRole",
    ),
    Documented(
        "log as a Glue job or crawler",
        ("ConvertParquetRole", "GlueTransformRole", "CrawlerRole"),
        ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        "AWS Glue Developer Guide, Step 2: Create an IAM role for AWS Glue, read 2026-11",
        "AWSGlueServiceRole",
    ),
    Documented(
        "read tables through Athena",
        ("StateMachineRole", "ReportRole"),
        (
            *("glue:GetDatabase", "glue:GetDatabases", "glue:GetTable"),
            *("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"),
            *("athena:StartQueryExecution", "athena:GetQueryExecution"),
            *("s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:AbortMultipartUpload"),
            *("s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts"),
            "lakeformation:GetDataAccess",
        ),
        "Amazon Athena User Guide, Configure access to databases and tables in the AWS Glue Data Catalog, read 2026-11",
        "AmazonAthenaFullAccess",
    ),
    Documented(
        "move a view through Athena",
        ("StateMachineRole",),
        ("glue:CreateTable", "glue:UpdateTable"),
        "Amazon Athena User Guide, Configure access to databases and tables in the AWS Glue Data Catalog, read 2026-11",
        "AmazonAthenaFullAccess",
    ),
    Documented(
        "log as a function",
        ("DownloadRole", "ShipGlueCodeRole", "ReportRole"),
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        "AWS Lambda Developer Guide, Defining Lambda function permissions with an execution role, read 2026-11",
        "AWSLambdaBasicExecutionRole",
    ),
    Documented(
        "trace",
        ("DownloadRole", "ReportRole", "StateMachineRole"),
        ("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
        "AWS X-Ray Developer Guide, How AWS X-Ray works with IAM, read 2026-11",
        "AWSXRayDaemonWriteAccess",
    ),
)


def problems(project: Project) -> Iterator[str]:
    """The documented permissions that a role lacks, and those that the managed policy does not confirm."""
    for entry in DOCUMENTED:
        for role in entry.roles:
            if role not in project.of_type("AWS::IAM::Role"):
                yield f"there is no role {role}: it is expected to {entry.what} ({entry.source})"
                continue
            for action in sorted(set(entry.actions) - allowed(project, role)):
                yield f"{role} does not allow {action}, which it needs to {entry.what} ({entry.source})"
        for action in entry.actions:
            if not any(fnmatch.fnmatchcase(action, pattern) for pattern in managed_actions(entry.policy)):
                yield f"{entry.policy} does not have {action}, which {entry.source} is said to ask for"


@cache
def managed_actions(policy: str) -> tuple[str, ...]:
    """The action patterns that a managed policy allows. Raises KeyError for a policy that moto does not have."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # late: it loads all of moto

    found = next(each for name, each in json.loads(aws_managed_policies_data).items() if name == policy)
    statements = as_list(found["Document"]["Statement"])
    return tuple(action for each in statements if each["Effect"] == "Allow" for action in as_list(each["Action"]))
