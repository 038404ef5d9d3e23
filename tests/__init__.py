"""The project's tests. They know no AWS but the local one, whatever the variables and the home of a person say."""

from __future__ import annotations

import os

from local_aws.core.environment import clear_aws_environment, keep_proxies_out

# Here, before anything imports boto3 or moto, and for the processes that tests start: AWS_PROFILE may name a profile
# that is gone, and no proxy knows this machine's ports. tools/environments.py tries such machines.
_OTHERS = ("LOCAL_AWS_", "KAGGLE_", "KAGGLEHUB_")

clear_aws_environment()
for _host in ("127.0.0.1", "localhost"):
    keep_proxies_out(_host)
for _name in [name for name in os.environ if name.startswith(_OTHERS)]:
    del os.environ[_name]
