"""CloudFormation: SAM templates, plans, stacks with events and rollback, resource types."""

from __future__ import annotations

from typing import Any

import botocore.session

_EC2 = {"metadata": {"endpointPrefix": "ec2"}}
"""What the names of EC2's regions are looked up with."""


def _load_moto() -> None:
    """Import moto's CloudFormation, and with it moto's EC2, without EC2's service model.

    To list EC2's regions, `moto.ec2` has three sessions parse that model of megabytes: a third of the import.
    """
    session = botocore.session.Session
    read = session.get_service_data

    def get_service_data(self: Any, service_name: str, api_version: str | None = None) -> Any:
        return _EC2 if service_name == "ec2" else read(self, service_name, api_version)

    session.get_service_data = get_service_data  # type: ignore[method-assign]
    try:
        import moto.cloudformation  # noqa: F401
    finally:
        session.get_service_data = read  # type: ignore[method-assign]


_load_moto()
