"""One local AWS in this process: `LocalAws` starts moto's server with every service of this package."""

from __future__ import annotations

from local_aws.core.importing import quickly

with quickly():
    from local_aws.cloudformation.templates import read as read_template
    from local_aws.glue.kept_spark import KeptSpark
    from local_aws.glue.spark_runtime import own_runtime
    from local_aws.server.local_aws import LocalAws, Sidecar

__all__ = ["KeptSpark", "LocalAws", "Sidecar", "own_runtime", "read_template"]
