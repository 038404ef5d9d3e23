"""For clients of a local AWS: its default endpoint, and the configuration of a process to call only it."""

from __future__ import annotations

from local_aws.core.environment import call_only, clear_aws_environment
from local_aws.core.errors import DeploymentFailed, LocalAwsError
from local_aws.core.listening import ENDPOINT, HOST, PORT

__all__ = ["ENDPOINT", "HOST", "PORT", "DeploymentFailed", "LocalAwsError", "call_only", "clear_aws_environment"]
