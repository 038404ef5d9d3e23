"""The account that a command talks to, and its refusals in a person's words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

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

from mhealth_ops.operations.errors import CannotReachAws

_NO_CREDENTIALS = (
    "AWS got no usable credentials ({found}). Log in (aws sso login, or aws configure), or name a profile "
    "in AWS_PROFILE, and try again."
)
_BAD_CREDENTIALS = {
    *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("InvalidAccessKeyId", "SignatureDoesNotMatch"),
}


def session(region: str, profile: str = "") -> boto3.Session:
    """A session with the person's own settings, in `region` and with the credentials of `profile` where one is named.

    Raises CannotReachAws where no region is known, or the profile is not.
    """
    with plainly():
        # boto3 itself reads AWS_DEFAULT_REGION only; every other SDK, and the AWS CLI, reads this one, too.
        region = region or os.environ.get("AWS_REGION", "")
        made = boto3.Session(region_name=region or None, profile_name=profile or None)
        if made.region_name is None:
            raise NoRegionError
        return made


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Turn what boto3 raises here into CannotReachAws: one sentence, with what to do where that is known."""
    try:
        yield
    except NoRegionError:
        raise CannotReachAws(
            "No region is known. Name one (REGION=eu-central-1 for make, else --region ...), or set AWS_REGION."
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
        raise CannotReachAws(f"What answered is not AWS, nor a local one: {error}") from None
    except BotoCoreError as error:
        raise CannotReachAws(f"{error}") from None
