"""Newer protocols of services, for clients with a newer botocore than the local one.

moto reads the protocols of a service from the local botocore, whose version is that of Glue. In newer models CloudWatch
also has a JSON protocol (botocore 1.43.62, monitoring/2010-08-01), which newer clients use.
"""

from __future__ import annotations

from moto.core import request
from moto.core.model import ServiceModel
from moto.utilities.constants import APPLICATION_JSON, JSON_TYPES

from local_aws.core.patching import replace_everywhere
from local_aws.core.world import World

_ORIGINAL = request.determine_request_protocol


def request_protocol(service_model: ServiceModel, content_type: str | None = None) -> str:
    """The protocol of a request. Raises NotImplementedError for one that moto does not support."""
    try:
        return _ORIGINAL(service_model, content_type)
    except NotImplementedError:
        if content_type not in JSON_TYPES or content_type == APPLICATION_JSON:
            raise
        return "json"


def install(world: World) -> None:  # noqa: ARG001 - the modules' interface
    """Install the JSON protocol for services whose local model does not have it."""
    import moto.core.responses  # noqa: F401 - imports the function by name

    replace_everywhere("moto", _ORIGINAL, request_protocol)
