"""The names of Glue's log groups, by a job's arguments and its security configuration.

Source: the developer guide's pages "Logging for AWS Glue jobs" (`--custom-logGroup-prefix`; from Glue 5.0 on, with a
security configuration, `PREFIX/CONFIGURATION-role/ROLE/output`) and on security configurations
(`/aws-glue/crawlers-role/ROLE-CONFIGURATION` for crawlers).
"""

from __future__ import annotations

from collections.abc import Mapping


def of_job(kind: str, arguments: Mapping[str, str], security_configuration: str | None, role: str) -> str:
    """The group of a job's `output` or `error` log; `role` is the role's name or ARN."""
    prefix = arguments.get("--custom-logGroup-prefix", "/aws-glue/jobs")
    if not security_configuration:
        return f"{prefix}/{kind}"
    return f"{prefix}/{security_configuration}-role/{role.rpartition('/')[2]}/{kind}"


def of_crawler(role: str, security_configuration: str | None) -> str:
    """The group of a crawler's log; `role` is the role's name or ARN."""
    if not security_configuration:
        return "/aws-glue/crawlers"
    return f"/aws-glue/crawlers-role/{role.rpartition('/')[2]}-{security_configuration}"
