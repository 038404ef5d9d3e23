"""What the resource types that moto lacks, or keeps only in part, have in common."""

from __future__ import annotations

import contextlib
import secrets
import string
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel

from local_aws.cloudformation.resource_types.api import Api
from local_aws.core.world import ACCOUNT, World

Properties = dict[str, Any]

_SUFFIX_LENGTH = 12


def generated_name(stack: str, logical_id: str, *, longest: int = 64, lower: bool = False) -> str:
    """A physical name as CloudFormation makes it up: stack, logical id, a random end; at most `longest` characters."""
    suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(_SUFFIX_LENGTH))
    name = f"{stack}-{logical_id}"[: longest - _SUFFIX_LENGTH - 1] + f"-{suffix}"
    return name.lower() if lower else name


class ApiResource(CloudFormationModel):
    """A resource type whose objects are made through the service's API, so that the service checks every property.

    A subclass names the type and says how to create, change and delete it. `properties` are what the template says,
    with every reference resolved.
    """

    type_name: ClassVar[str]
    name_property: ClassVar[str] = ""
    longest_name: ClassVar[int] = 64
    lower_case_name: ClassVar[bool] = False
    world: ClassVar[World]
    api: ClassVar[Api]

    # Set by CloudFormation's engine.
    cf_resource_type: str
    logical_resource_id: str

    def __init__(self, physical_resource_id: str, attributes: Mapping[str, Any] | None = None) -> None:
        self.physical_resource_id = physical_resource_id
        self.attributes = dict(attributes or {})

    @classmethod
    @abstractmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Make the object. `name` is the name property's value, or one made up."""

    def change(self, properties: Properties) -> Self:
        """Bring the object to new properties. Where a service cannot, it is made anew under its name.

        An object with another physical id may be returned; the engine then deletes this one when the update is over.
        """
        self.delete()
        return type(self).create(self.physical_resource_id, properties)

    @abstractmethod
    def delete(self) -> None:
        """Delete the object."""

    def belong_to(self, stack_id: str, stack_name: str, logical_id: str) -> None:
        """Mark the object as this stack's, where CloudFormation does so."""

    @contextlib.contextmanager
    def gone_if_it_fails(self) -> Iterator[None]:
        """For a creation in several steps: delete the object where a later one fails, as nobody else knows of it."""
        try:
            yield
        except Exception:
            self.delete()
            raise

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this world's account and region."""
        return f"arn:aws:{service}:{self.world.region}:{ACCOUNT}:{resource}"

    @staticmethod
    def cloudformation_name_type() -> str:
        """Not asked of these types: the engine reads `name_property`."""
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        """Not asked of these types: the engine reads `type_name`. Moto lists the class under this name."""
        return "local_aws::ApiResource"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 - moto's interface
        """Attributes are checked when they are resolved."""
        return True

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """The value of Fn::GetAtt."""
        if attribute_name not in self.attributes:
            raise ValidationError(
                message=f"Template error: resource {self.logical_resource_id} of type {self.cf_resource_type} does not "
                f"support attribute {attribute_name} in Fn::GetAtt; it has: {', '.join(sorted(self.attributes))}"
            )
        return self.attributes[attribute_name]

    def is_created(self) -> bool:
        """Creation is over when `create` returns."""
        return True
