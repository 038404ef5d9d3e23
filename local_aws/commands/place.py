"""Where a command's stack is: on the local AWS unless `--aws` says otherwise, so that no slip reaches an account."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from local_aws.environment import call_only
from local_aws.listening import ENDPOINT, HOST

if TYPE_CHECKING:
    from local_aws.operations.stacks import Stack

LOCAL_REGION = "us-east-1"

_CONNECT_SECONDS = 5.0
_VARIABLE = "LOCAL_AWS_ENDPOINT"

OnAws = Annotated[
    bool, typer.Option("--aws", help="Talk to AWS, with your own credentials, instead of to the local AWS.")
]
StackName = Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack's name.")]
Region = Annotated[
    str,
    typer.Option(metavar="REGION", help=f"The stack's region. [default: {LOCAL_REGION}; with --aws, your settings']"),
]
Profile = Annotated[str, typer.Option(metavar="PROFILE", help="The profile whose credentials to use; with --aws only.")]
Endpoint = Annotated[
    str,
    typer.Option(metavar="URL", envvar=_VARIABLE, help=f"Where the local AWS listens. [default: {ENDPOINT}]"),
]


@dataclass(frozen=True)
class Place:
    """Where the stack `stack` is, as the options of a command say."""

    on_aws: bool
    stack: str
    region: str
    profile: str
    endpoint: str

    def __post_init__(self) -> None:
        """Hold that the options agree. Raises typer.BadParameter."""
        if self.on_aws and self.endpoint != os.environ.get(_VARIABLE, ""):
            raise typer.BadParameter("--aws talks to AWS, --endpoint to a local AWS: say one of them.")
        if self.profile and not self.on_aws:
            raise typer.BadParameter("--profile names credentials for AWS: say --aws, too.")
        if self.endpoint and not _is_address(self.endpoint):
            raise typer.BadParameter(f"--endpoint {self.endpoint}: expected an address like {ENDPOINT}")

    def find(self) -> Stack:
        """The stack there. Raises NoSuchStack, CannotReachAws.

        Without `--aws` this process talks to the local AWS only from here on, whatever its environment said.
        """
        from local_aws.operations.account import session
        from local_aws.operations.errors import NoSuchStack
        from local_aws.operations.stacks import Stack

        if self.on_aws:
            account = session(self.region, self.profile)
        else:
            endpoint = self.endpoint or ENDPOINT
            _hold_that_somebody_listens(endpoint)
            call_only(endpoint, self.region or LOCAL_REGION)
            account = session(self.region)
        stack = Stack.find(self.stack, account)
        if stack is None:
            raise NoSuchStack(
                f"There is no stack {self.stack} in {account.region_name} {self.where()}. Name another "
                f"(--stack, --region){self._or_else()}."
            )
        stack.hold_that_it_is_whole()
        return stack

    def told(self) -> str:
        """The options that lead here again, for a command that is shown to a person."""
        given = {"--stack": self.stack if self.stack != "mhealth" else "", "--region": self.region}
        given |= {"--profile": self.profile, "--endpoint": self.endpoint}
        options = [f" {name} {value}" for name, value in given.items() if value]
        return "".join([" --aws" if self.on_aws else "", *options])

    def where(self) -> str:
        """Which AWS this is; to be asked after `find`."""
        named = os.environ.get("AWS_ENDPOINT_URL")  # heeded with --aws, too: it may be a private way to AWS
        return f"at {named}" if named else "on AWS"

    def _or_else(self) -> str:
        region = f" REGION={self.region}" if self.region else ""
        return f", or deploy it: make deploy STACK={self.stack}{region}" if self.on_aws else ""


def _is_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        return address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is no number
        return False


def _hold_that_somebody_listens(endpoint: str) -> None:
    from local_aws.operations.errors import CannotReachAws

    address = urlsplit(endpoint)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or HOST, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise CannotReachAws(
            f"No local AWS listens at {endpoint} ({error.strerror or error}): start one in another terminal with "
            "`make up`, name another address with --endpoint, or say --aws to talk to AWS itself."
        ) from None
