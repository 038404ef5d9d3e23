"""Values that a template takes from outside of it: parameters of SSM, and dynamic references to SSM and secrets."""

from __future__ import annotations

import json
import re
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from local_aws.core.world import ACCOUNT

_REFERENCE = re.compile(r"\{\{resolve:([a-z-]+):([^{}]+)\}\}")
_SSM_TYPE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")


def ssm_type(type_name: str) -> str | None:
    """The type inside of `AWS::SSM::Parameter::Value<...>`; None for any other type of a parameter."""
    found = _SSM_TYPE.fullmatch(type_name)
    return found[1] if found else None


def ssm_value(name: str, region: str, asked_by: str) -> str:
    """The value of a parameter of SSM. Raises ValidationError where there is none."""
    found = ssm_backends[ACCOUNT][region].get_parameter(name)
    if found is None:
        raise ValidationError(
            message=f"{asked_by}: Unable to fetch parameters [{name}] from parameter store for this account. "
            f"Make it first: aws ssm put-parameter --type String --name {name} --value ..., or a stack with an "
            "AWS::SSM::Parameter of this name"
        )
    return str(found.value)


def with_references(value: Any, region: str) -> Any:
    """`value` with each `{{resolve:...}}` in it replaced. Raises ValidationError for one that leads nowhere."""
    if isinstance(value, list):
        return [with_references(member, region) for member in value]
    if isinstance(value, dict):
        return {name: with_references(member, region) for name, member in value.items()}
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    return _REFERENCE.sub(lambda match: _referenced(match[1], match[2], region), value)


def _referenced(service: str, rest: str, region: str) -> str:
    reported = f"{{{{resolve:{service}:{rest}}}}}"
    if service in ("ssm", "ssm-secure"):
        return ssm_value(rest, region, reported)
    if service == "secretsmanager":
        return _secret(rest, region, reported)
    raise ValidationError(
        message=f"{reported}: the local AWS resolves ssm, ssm-secure and secretsmanager, not {service}: "
        "hand the value over as a parameter"
    )


def _secret(rest: str, region: str, reported: str) -> str:
    """`SECRET:SecretString:KEY:STAGE:VERSION`, all but the first optional; the secret may be an ARN."""
    found = re.fullmatch(
        r"(?P<secret>arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)"
        r"(?::SecretString)?(?::(?P<key>[^:]*))?(?::(?P<stage>[^:]*))?(?::(?P<version>[^:]*))?",
        rest,
    )
    if found is None:
        raise ValidationError(message=f"{reported}: expected SECRET:SecretString:KEY:STAGE:VERSION")
    try:
        answer = secretsmanager_backends[ACCOUNT][region].get_secret_value(
            found["secret"], found["version"] or "", found["stage"] or ""
        )
    except Exception as missing:
        raise ValidationError(message=f"{reported}: {missing}") from missing
    text = str(answer["SecretString"])
    if not found["key"]:
        return text
    values = json.loads(text)
    if found["key"] not in values:
        raise ValidationError(message=f"{reported}: the secret has no key {found['key']}; it has {', '.join(values)}")
    return str(values[found["key"]])
