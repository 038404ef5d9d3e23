"""Environment variables for AWS and proxies, without the user's own settings, and for the clock of child processes."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from local_aws.core.listening import HOST

_CLOCK = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "FAKETIME_FORCE_MONOTONIC_FIX")


def clear_aws_environment() -> None:
    """Remove the user's profile, endpoint, credentials and region from this process and its children."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def call_only(endpoint: str, region: str) -> None:
    """Configure this process's AWS clients to call only the local AWS at `endpoint`."""
    clear_aws_environment()
    keep_proxies_out(urlsplit(endpoint).hostname or HOST)
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # Any credentials are an administrator's there.
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }


def keep_proxies_out(host: str = HOST) -> None:
    """Exclude `host` from the user's proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [each for each in os.environ.get(name, "").split(",") if each]
        if host not in hosts:
            os.environ[name] = ",".join([*hosts, host])


def moved_clock() -> dict[str, str]:
    """Return the variables that give a child process the clock of this one; none with the machine's clock.

    libfaketime (https://github.com/wolfcw/libfaketime) moves the clock of a process. Processes that get none of this
    process's variables would be at another time.
    """
    return {name: os.environ[name] for name in _CLOCK if name in os.environ} if "FAKETIME" in os.environ else {}
