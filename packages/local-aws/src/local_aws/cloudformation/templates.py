"""Processing of templates: the SAM transform and intrinsic functions.

Moto ignores unknown attributes and variables of Fn::Sub; here they are errors, as on AWS.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import yaml
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.cloudformation.models import cloudformation_backends
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local_aws.cloudformation.resource_types.api import as_document, as_text
from local_aws.core.world import ACCOUNT

Template = dict[str, Any]

SAM = "AWS::Serverless-2016-10-31"

NO_VALUE = object()
"""The value of `!Ref AWS::NoValue`: the property or list member is omitted."""

FUNCTIONS = (
    *("Ref", "Fn::Base64", "Fn::FindInMap", "Fn::GetAtt", "Fn::If", "Fn::ImportValue", "Fn::Join", "Fn::Select"),
    *("Fn::Split", "Fn::Sub", "Fn::ToJsonString"),
)
"""The functions that a template may use in resources and outputs."""

PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


class _Loader(yaml.CSafeLoader):
    """SAM's YAML loader with the C scanner, which is much faster."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def read(text: str) -> Template:
    """Parse a YAML template, with intrinsic functions in long form. Raises yaml.YAMLError."""
    template: Template = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    return template


def expanded(template: Template, parameters: Mapping[str, Any], region: str) -> Template:
    """`template` with SAM resources translated to CloudFormation by SAM's translator, without network.

    Raises ValidationError with the translator's reasons.
    """
    transforms = template.get("Transform", [])
    asked = transforms if isinstance(transforms, list) else [transforms]
    if unknown := [as_document(each) for each in asked if each != SAM]:
        raise ValidationError(
            message=f"the local AWS does not have the transform {', '.join(unknown)}, only {SAM}: "
            "write out what it makes"
        )
    if not asked:
        return template
    session = boto3.Session(region_name=region, aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106
    translator = Translator({}, Parser(), boto_session=session)
    try:
        translated: Template = translator.translate(copy.deepcopy(template), dict(parameters))
    except InvalidDocumentException as error:
        reasons = "; ".join(cause.message for cause in error.causes)
        raise ValidationError(message=f"Transform {SAM} failed with: {reasons}") from None
    finally:
        translator.metrics.publish()  # without a publisher; otherwise it warns
    translated.pop("Transform", None)
    return translated


def references(value: Any) -> Iterator[tuple[str, str | None]]:
    """All references of `value`: (name, None) for Ref, (name, attribute) for GetAtt, both in Fn::Sub."""
    if isinstance(value, list):
        for member in value:
            yield from references(member)
    elif isinstance(value, Mapping):
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                yield argument, None
                return
            if function == "Fn::GetAtt":
                yield _attribute(argument)
                return
            if function == "Fn::Sub":
                text, own = argument if isinstance(argument, list) else (argument, {})
                yield from references(list(own.values()))
                for name in _variables(text):
                    if name not in own:
                        yield _attribute(name) if "." in name else (name, None)
                return
        for member in value.values():
            yield from references(member)


def _attribute(argument: str | list[str]) -> tuple[str, str]:
    name, _, attribute = (argument if isinstance(argument, str) else ".".join(argument)).partition(".")
    return name, attribute


def _variables(text: str) -> list[str]:
    return [name.strip() for name in re.findall(r"\$\{([^!}][^}]*)\}", text)]


def resolve(value: Any, lookup: Callable[[str], Any], conditions: Mapping[str, bool], template: Template) -> Any:
    """`value` with all intrinsic functions evaluated.

    `lookup` returns a parameter's value or a resource (None: it does not exist, or its condition is false).
    Raises ValidationError for unresolved references.
    """

    def referenced(name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        found = lookup(name)
        if found is None:
            raise ValidationError(message=f"Template error: unresolved reference to {name}")
        return getattr(found, "physical_resource_id", found)

    def attribute(argument: str | list[str]) -> Any:
        name, path = _attribute(argument)
        found = lookup(name)
        if found is None or not hasattr(found, "get_cfn_attribute"):
            raise ValidationError(
                message=f"Template error: instance of Fn::GetAtt references undefined resource {name}"
            )
        try:
            got = found.get_cfn_attribute(path)
        except (UnformattedGetAttTemplateException, NotImplementedError):
            got = None
        if got is None:
            raise ValidationError(
                message=f"Template error: resource {name} does not support attribute type {path} in Fn::GetAtt"
            )
        return got

    def substituted(argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        values = {name: result(each) for name, each in own.items()}

        def replaced(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in values:
                return as_text(values[name])
            return as_text(attribute(name) if "." in name else referenced(name))

        return re.sub(r"\$\{([^}]+)\}", replaced, text)

    def selected(argument: list[Any]) -> Any:
        index, members = int(result(argument[0])), result(argument[1])
        if not 0 <= index < len(members):
            raise ValidationError(message=f"Template error: Fn::Select cannot select value {index} of {members}")
        return members[index]

    def mapped(argument: list[Any]) -> Any:
        found: Any = template.get("Mappings", {})
        for key in argument:
            if result(key) not in found:
                raise ValidationError(message=f"Template error: Unable to get mapping for {argument}")
            found = found[result(key)]
        return found

    def chosen(argument: list[Any]) -> Any:
        if argument[0] not in conditions:
            raise ValidationError(message=f"Template error: unresolved condition {argument[0]} in Fn::If")
        return result(argument[1 if conditions[argument[0]] else 2])

    functions: dict[str, Callable[[Any], Any]] = {
        "Ref": referenced,
        "Fn::GetAtt": attribute,
        "Fn::Sub": substituted,
        "Fn::Join": lambda argument: argument[0].join(as_text(part) for part in result(argument[1])),
        "Fn::ImportValue": lambda argument: _imported(result(argument), lookup("AWS::Region")),
        "Fn::Split": lambda argument: result(argument[1]).split(argument[0]),
        "Fn::Select": selected,
        "Fn::FindInMap": mapped,
        "Fn::If": chosen,
        "Fn::Base64": lambda argument: base64.b64encode(result(argument).encode()).decode(),
        "Fn::ToJsonString": lambda argument: json.dumps(result(argument)),
    }

    def result(each: Any) -> Any:
        if isinstance(each, list):
            return [member for member in map(result, each) if member is not NO_VALUE]
        if not isinstance(each, Mapping):
            return each
        if len(each) == 1:
            ((function, argument),) = each.items()
            if function in functions:
                return functions[function](argument)
            if function.startswith("Fn::"):
                raise ValidationError(message=f"Template error: the local AWS does not know {function}")
        members = {name: result(member) for name, member in each.items()}
        return {name: member for name, member in members.items() if member is not NO_VALUE}

    return result(value)


def _imported(name: str, region: str) -> str:
    found = cloudformation_backends[ACCOUNT][region].exports.get(name)
    if found is None:
        raise ValidationError(message=f"No export named {name} found.")
    return str(found.value)


def unknown_functions(value: Any) -> set[str]:
    """The functions in `value` that no template here may use."""
    if isinstance(value, list):
        return set().union(*map(unknown_functions, value))
    if not isinstance(value, Mapping):
        return set()
    here = {name for name in value if name.startswith("Fn::") and name not in FUNCTIONS}
    return here.union(*map(unknown_functions, value.values()))


def known_now(value: Any, parameters: Mapping[str, Any], conditions: Mapping[str, bool], template: Template) -> Any:
    """`value` as far as it follows from parameters alone; what needs a resource stays as it is written."""
    if isinstance(value, list):
        members = (known_now(member, parameters, conditions, template) for member in value)
        return [member for member in members if member is not NO_VALUE]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Fn::If" and argument[0] in conditions:
            return known_now(argument[1 if conditions[argument[0]] else 2], parameters, conditions, template)
        if function == "Ref" or function.startswith("Fn::"):
            try:
                return resolve(value, parameters.get, conditions, template)
            except ValidationError:
                return value
    each = {name: known_now(member, parameters, conditions, template) for name, member in value.items()}
    return {name: member for name, member in each.items() if member is not NO_VALUE}
