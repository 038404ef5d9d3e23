"""Protocols that a service has learned since: a client may be newer than the botocore that runs here.

moto takes from botocore's service model which protocols a service has, and botocore is here the one of Glue. CloudWatch
answers in JSON, too, in newer models (botocore 1.43.62, monitoring/2010-08-01), and newer clients ask in JSON.
"""

from __future__ import annotations

from moto.core import request
from moto.core.model import ServiceModel
from moto.utilities.constants import APPLICATION_JSON, JSON_TYPES

from local_aws.core.patching import replace_everywhere
from local_aws.core.world import World

_ORIGINAL = request.determine_request_protocol


def request_protocol(service_model: ServiceModel, content_type: str | None = None) -> str:
    """The protocol of a request. Raises NotImplementedError for one that moto does not read at all."""
    try:
        return _ORIGINAL(service_model, content_type)
    except NotImplementedError:
        if content_type not in JSON_TYPES or content_type == APPLICATION_JSON:
            raise
        return "json"


def install(world: World) -> None:  # noqa: ARG001 - the modules' interface
    """Let moto read JSON requests to services whose model here does not know of JSON."""
    import moto.core.responses  # noqa: F401 - imports the function by name

    replace_everywhere("moto", _ORIGINAL, request_protocol)
