"""The session of a command, and messages for errors of AWS."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from local_aws.client import HOST
from mhealth_ops.operations.errors import CannotReachAws

_CONNECT_SECONDS = 5.0
_NO_CREDENTIALS = (
    "No valid AWS credentials ({found}). Log in (aws sso login, or aws configure), or set a profile "
    "in AWS_PROFILE, and try again."
)
_BAD_CREDENTIALS = {
    *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("InvalidAccessKeyId", "SignatureDoesNotMatch"),
}


def require_local_aws(endpoint: str, or_else: str) -> None:
    """Require that something listens at this address: boto3 would try for seconds.

    Raises CannotReachAws, whose message ends with what else one can do: `or_else`.
    """
    address = urlsplit(endpoint)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or HOST, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise CannotReachAws(
            f"No local AWS listens at {endpoint} ({error.strerror or error}): start one in another terminal with "
            f"`make up`, {or_else}."
        ) from None


def session(region: str, profile: str = "") -> boto3.Session:
    """A session with the user's settings, in `region` and with the credentials of `profile` if given.

    It makes each client once, as a client takes milliseconds to make, and connects anew. Raises CannotReachAws without
    a region, or for an unknown profile.
    """
    with plainly():
        # boto3 reads AWS_DEFAULT_REGION only; the other SDKs and the AWS CLI also read this one.
        region = region or os.environ.get("AWS_REGION", "")
        made = boto3.Session(region_name=region or None, profile_name=profile or None)
        if made.region_name is None:
            raise NoRegionError
        made.client = functools.cache(made.client)  # type: ignore[method-assign]
        return made


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Turn boto3's errors into CannotReachAws: one sentence, with advice where possible."""
    try:
        yield
    except NoRegionError:
        raise CannotReachAws(
            "No region is set. Pass one (REGION=eu-central-1 for make, else --region ...), or set AWS_REGION."
        ) from None
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise CannotReachAws(_NO_CREDENTIALS.format(found=str(error).rstrip("."))) from None
    except EndpointConnectionError as error:
        raise CannotReachAws(f"{error} Check the network, the region and AWS_ENDPOINT_URL.") from None
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in _BAD_CREDENTIALS:
            raise CannotReachAws(_NO_CREDENTIALS.format(found=f"{code}: {message}".rstrip("."))) from None
        raise CannotReachAws(f"AWS refused {error.operation_name} with {code}: {message}") from None
    except ResponseParserError as error:
        raise CannotReachAws(f"The response is neither from AWS nor from a local AWS: {error}") from None
    except BotoCoreError as error:
        raise CannotReachAws(f"{error}") from None
