"""The stack that a command uses: on the local AWS unless `--aws` is given, so that no mistake reaches an account."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from local_aws.client import ENDPOINT, call_only
from mhealth_ops.commands import completion
from mhealth_ops.project import STACK

if TYPE_CHECKING:
    import boto3

    from mhealth_ops.operations.stacks import Stack

LOCAL_REGION = "us-east-1"

_VARIABLE = "LOCAL_AWS_ENDPOINT"

OnAws = Annotated[bool, typer.Option("--aws", help="Use AWS, with your own credentials, instead of the local AWS.")]
StackName = Annotated[
    str, typer.Option("--stack", metavar="NAME", help="The stack's name.", autocompletion=completion.stacks)
]
Region = Annotated[
    str,
    typer.Option(metavar="REGION", help=f"The stack's region. [default: {LOCAL_REGION}; with --aws, your settings']"),
]
Profile = Annotated[str, typer.Option(metavar="PROFILE", help="The AWS profile to use; with --aws only.")]
Endpoint = Annotated[
    str,
    typer.Option(metavar="URL", envvar=_VARIABLE, help=f"Address of the local AWS. [default: {ENDPOINT}]"),
]


@dataclass(frozen=True)
class Target:
    """The stack that the options of a command select."""

    on_aws: bool
    stack: str
    region: str
    profile: str
    endpoint: str

    def __post_init__(self) -> None:
        """Check that the options do not conflict. Raises typer.BadParameter."""
        if self.on_aws and self.endpoint != os.environ.get(_VARIABLE, ""):
            raise typer.BadParameter("--aws selects AWS, --endpoint a local AWS: use one of them.")
        if self.profile and not self.on_aws:
            raise typer.BadParameter("--profile selects credentials for AWS: add --aws.")
        if self.endpoint and not _is_address(self.endpoint):
            raise typer.BadParameter(f"--endpoint {self.endpoint}: expected an address like {ENDPOINT}")

    def session(self) -> boto3.Session:
        """A session for this target. Raises CannotReachAws.

        Without `--aws` this process connects only to the local AWS from now on, whatever its environment variables are.
        """
        from mhealth_ops.operations.account import require_local_aws, session

        if self.on_aws:
            return session(self.region, self.profile)
        endpoint = self.endpoint or ENDPOINT
        require_local_aws(endpoint, "give another address with --endpoint, or use --aws for AWS")
        call_only(endpoint, self.region or LOCAL_REGION)
        return session(self.region)

    def find(self) -> Stack:
        """The complete stack. Raises NoSuchStack, CannotReachAws."""
        from mhealth_ops.operations.errors import NoSuchStack
        from mhealth_ops.operations.stacks import Stack

        account = self.session()
        stack = Stack.find(self.stack, account)
        if stack is None:
            raise NoSuchStack(
                f"There is no stack {self.stack} in {account.region_name} {self.where()}. Name another "
                f"(--stack, --region){self._or_else()}."
            )
        stack.require_complete()
        return stack

    def options(self) -> str:
        """The options that select this target, for a command in a message."""
        given = {"--stack": self.stack if self.stack != STACK else "", "--region": self.region}
        given |= {"--profile": self.profile, "--endpoint": self.endpoint}
        options = [f" {name} {value}" for name, value in given.items() if value]
        return "".join([" --aws" if self.on_aws else "", *options])

    def where(self) -> str:
        """The AWS of this target, as text; call `session` first."""
        named = os.environ.get("AWS_ENDPOINT_URL")  # also used with --aws: it may be a private endpoint of AWS
        return f"at {named}" if named else "on AWS"

    def _or_else(self) -> str:
        region = f" REGION={self.region}" if self.region else ""
        return f", or deploy it: make deploy STACK={self.stack}{region}" if self.on_aws else ""


def _options(
    *,
    on_aws: OnAws = False,
    stack: StackName = STACK,
    region: Region = "",
    profile: Profile = "",
    endpoint: Endpoint = "",
) -> Target:
    return Target(on_aws, stack, region, profile, endpoint)


def with_target(command: Callable[..., None]) -> Callable[..., None]:
    """Wrap a command whose first parameter is a Target: its own options come first, then those of the target."""
    ours = inspect.signature(_options, eval_str=True).parameters
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def called(**given: Any) -> None:
        target = _options(**{name: given.pop(name) for name in ours})
        command(target, **given)

    parameters = [*own, *ours.values()]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # where typer looks
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _is_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        return address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is not a number
        return False
