"""The permissions of a crawler's role besides its data: a crawl fails at the first missing one.

AWS does not document the calls of a crawl. Its guide requires the managed policy AWSGlueServiceRole, which allows
`glue:*`, "or a scoped down version of this policy" (Developer Guide, "Crawler prerequisites"). So the local AWS
requires the actions on tables and partitions of public scoped-down policies for crawlers on catalog tables, such as
deploy-data-collection.yaml of AWS's cloud-intelligence-dashboards (read 2026-11): a role that has these lacks nothing
that anybody is known to need. docs/aws-facts.md counts this among what is believed.
"""

from __future__ import annotations

from local_aws.core.world import ACCOUNT
from local_aws.iam import encryption
from local_aws.iam.callers import AccessDeniedError, caller, require

TABLE_RIGHTS = tuple(
    f"glue:{action}"
    for action in (
        *("GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetTableVersion", "GetTableVersions"),
        # InheritFromTable also updates existing partitions to the table's definition.
        *("UpdateTable", "UpdatePartition", "BatchUpdatePartition"),
        *("GetPartition", "GetPartitions", "BatchGetPartition", "CreatePartition", "BatchCreatePartition"),
    )
)
"""The actions, each required on the catalog, the database and the table where supported."""


def denied(access_key: str, region: str, database: str, table: str) -> str | None:
    """The access-denied message for the first missing permission of the crawler's role, None if it has all."""
    session = caller(access_key)
    if session is None:
        return None
    glue = f"arn:aws:glue:{region}:{ACCOUNT}"
    for action in TABLE_RIGHTS:
        resources = [f"{glue}:catalog", f"{glue}:database/{database}"]
        if not action.startswith("glue:GetDatabase"):
            resources.append(f"{glue}:table/{database}/{table}")
        try:
            for resource in resources:
                require(session, action, resource, {})
        except AccessDeniedError as refused:
            return str(refused)
    return None


def may_read(access_key: str, uri: str) -> None:
    """Check that the crawler's role may read an object, and use its KMS key. Raises AccessDeniedError."""
    session = caller(access_key)
    if session is None:
        return
    resource = uri.replace("s3://", "arn:aws:s3:::", 1)
    require(session, "s3:GetObject", resource, {})
    for use in encryption.of_object("s3:GetObject", resource, session.region_name, None):
        require(session, use.action, use.resource, use.context)
