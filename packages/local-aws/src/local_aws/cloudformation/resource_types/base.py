"""The base class of the resource types."""

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
    """A generated physical name: stack, logical id, a random suffix; at most `longest` characters."""
    suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(_SUFFIX_LENGTH))
    name = f"{stack}-{logical_id}"[: longest - _SUFFIX_LENGTH - 1] + f"-{suffix}"
    return name.lower() if lower else name


class ApiResource(CloudFormationModel):
    """A resource type that uses the service's API, so that the service validates every property.

    A subclass has the type's name and implements create, update and delete. `properties` are those of the template,
    with all references resolved.
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
        """Create the object. `name` is the value of the name property, or a generated name."""

    def change(self, properties: Properties) -> Self:
        """Update the object. If the service has no update, the object is created again under its name.

        An object with another physical id may be returned; the engine then deletes this one at the end of the update.
        """
        self.delete()
        return type(self).create(self.physical_resource_id, properties)

    @abstractmethod
    def delete(self) -> None:
        """Delete the object."""

    def belong_to(self, stack_id: str, stack_name: str, logical_id: str) -> None:
        """Tag the object with its stack, where CloudFormation does so."""

    @contextlib.contextmanager
    def gone_if_it_fails(self) -> Iterator[None]:
        """For a creation in several steps: delete the object if a later step fails."""
        try:
            yield
        except Exception:
            self.delete()
            raise

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this world's account and region."""
        return f"arn:aws:{service}:{self.world.region}:{ACCOUNT}:{resource}"

    @staticmethod
    def cloudformation_name_type() -> str:
        """Not used: the engine reads `name_property`."""
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        """Not used by the engine, which reads `type_name`. Moto lists the class under this name."""
        return "local_aws::ApiResource"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 - moto's interface
        """Attributes are validated when they are resolved."""
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
        """Creation is complete when `create` returns."""
        return True
