"""The service models of botocore."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service by botocore's name. Raises botocore's UnknownServiceError."""
    model: ServiceModel = _session().get_service_model(service)
    return model


@cache
def _session() -> Any:
    return botocore.session.Session()
