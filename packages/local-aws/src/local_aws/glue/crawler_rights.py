"""What a crawler's role has to be allowed, beside its data: a crawl stops at the first right that is missing.

AWS does not tell which calls a crawl makes. Its guide asks for the managed policy AWSGlueServiceRole, which allows
`glue:*`, "or a scoped down version of this policy" (Developer Guide, "Crawler prerequisites"). So the local AWS asks
for what public scoped-down policies of crawlers on catalog tables allow on tables and partitions, first among them
deploy-data-collection.yaml of AWS's cloud-intelligence-dashboards (read 2026-11): a role that has these lacks nothing
that anybody is known to need. docs/aws-facts.md counts this among what is believed.
"""

from __future__ import annotations

from local_aws.core.world import ACCOUNT
from local_aws.iam.callers import AccessDeniedError, caller, require

TABLE_RIGHTS = tuple(
    f"glue:{action}"
    for action in (
        *("GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetTableVersion", "GetTableVersions"),
        # InheritFromTable brings partitions that exist up to the table, too.
        *("UpdateTable", "UpdatePartition", "BatchUpdatePartition"),
        *("GetPartition", "GetPartitions", "BatchGetPartition", "CreatePartition", "BatchCreatePartition"),
    )
)
"""Each on the catalog, the database and the table, as far as it knows them."""


def denied(access_key: str, region: str, database: str, table: str) -> str | None:
    """The refusal of the first right that the session of a crawler's role lacks on a table; None where it has all."""
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
