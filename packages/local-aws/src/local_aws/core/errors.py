"""The errors of starting the local AWS."""

from __future__ import annotations


class LocalAwsError(Exception):
    """The local AWS cannot do the request; the message says why and what to do."""


class PortTaken(LocalAwsError):
    """Another program listens on the port."""


class DeploymentFailed(LocalAwsError):
    """The template could not be deployed; the message lists every resource that failed, with its reason."""
