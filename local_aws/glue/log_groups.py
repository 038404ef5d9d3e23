"""The log groups that Glue writes to: their names follow from a job's arguments and from the security configuration.

Source: the developer guide's pages on logging for Glue jobs (`--custom-logGroup-prefix`) and on security configurations
(`LOG-GROUP-SECURITY-CONFIGURATION`; `/aws-glue/crawlers-role/ROLE-SECURITY-CONFIGURATION` for crawlers).
"""

from __future__ import annotations

from collections.abc import Mapping


def of_job(kind: str, arguments: Mapping[str, str], security_configuration: str | None) -> str:
    """The group of a job's `output` or `error` log."""
    prefix = arguments.get("--custom-logGroup-prefix", "/aws-glue/jobs")
    suffix = f"-{security_configuration}" if security_configuration else ""
    return f"{prefix}/{kind}{suffix}"


def of_crawler(role: str, security_configuration: str | None) -> str:
    """The group of a crawler's log; `role` is the role's name or ARN."""
    if not security_configuration:
        return "/aws-glue/crawlers"
    return f"/aws-glue/crawlers-role/{role.rpartition('/')[2]}-{security_configuration}"
