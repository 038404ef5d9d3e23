"""CloudWatch Logs: a KMS key is accepted only if its policy allows the service to use it for the group."""

from __future__ import annotations

from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, World
from local_aws.iam.keys import service_may_use

_NEEDED = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey", "kms:DescribeKey")
"""The KMS actions of CloudWatch Logs, by its guide, whose policy has `ReEncrypt*` and `GenerateDataKey*`."""

_own_create = LogsBackend.create_log_group


def check_key(key: str, group: str, region: str) -> None:
    """Check that CloudWatch Logs may use a key for a group. Raises InvalidParameterException, as AWS does."""
    arn = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}"
    context = {"kms:EncryptionContext:aws:logs:arn": arn, "aws:SourceArn": arn}
    if not service_may_use(key, f"logs.{region}.amazonaws.com", region, context, _NEEDED):
        raise InvalidParameterException(
            f"The specified KMS key does not exist or is not allowed to be used with LogGroup '{arn}'"
        )


def _create_log_group(backend: LogsBackend, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> LogGroup:
    key = kwargs.get("kmsKeyId") or kwargs.get("KmsKeyId")
    if key and log_group_name not in backend.groups:
        check_key(key, log_group_name, backend.region_name)
    return _own_create(backend, log_group_name, tags, **kwargs)


def _named(response: LogsResponse) -> LogGroup:
    given = response._get_param("logGroupName") or response._get_param("resourceIdentifier") or ""
    name = str(given).split(":log-group:")[-1].removesuffix(":*")
    group = response.logs_backend.groups.get(name)
    if group is None:
        raise ResourceNotFoundException("The specified log group does not exist.")
    return group


def associate_kms_key(response: LogsResponse) -> str:
    """AssociateKmsKey, which moto lacks."""
    group, key = _named(response), response._get_param("kmsKeyId")
    check_key(key, group.name, response.logs_backend.region_name)
    group.kms_key_id = key
    return ""


def disassociate_kms_key(response: LogsResponse) -> str:
    """DisassociateKmsKey, which moto lacks."""
    _named(response).kms_key_id = None
    return ""


def install(world: World) -> None:  # noqa: ARG001 - every module has the same signature
    """Install the check of log groups' keys."""
    replace(LogsBackend, create_log_group=_create_log_group)
    replace(LogsResponse, associate_kms_key=associate_kms_key, disassociate_kms_key=disassociate_kms_key)
