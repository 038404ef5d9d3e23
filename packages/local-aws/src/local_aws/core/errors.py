"""What can go wrong with starting the local AWS; each message is for the person who started it."""

from __future__ import annotations


class LocalAwsError(Exception):
    """The local AWS cannot do what it was asked; the message says why and what to do."""


class PortTaken(LocalAwsError):
    """Something else listens on the port."""


class DeploymentFailed(LocalAwsError):
    """The template could not be deployed; the message lists every resource that failed, with its reason."""
