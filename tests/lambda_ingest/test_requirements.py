"""What the function is packaged with is what the tests ran with: every package, those that others need included.

With hashes pip takes no other file than the lock names, and no package that is not listed.
"""

import re
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import boto3
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DIRECT = ("aws-lambda-powertools", "boto3", "kagglehub")


def needed(*names: str) -> dict[str, str]:
    """The packages that `names` need on this machine, themselves included, with the installed versions."""
    found: dict[str, str] = {}
    ahead = [Requirement(name) for name in names]
    while ahead:
        requirement = ahead.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        installed = distribution(name)
        found[name] = installed.version
        ahead += [Requirement(text) for text in installed.requires or ()]
    return found


def hashes(folder: str) -> dict[tuple[str, str], set[str]]:
    """Each package of a function's requirements and its version, with the hashes of the files that may be it."""
    text = Path(folder, "requirements.txt").read_text().replace("\\\n", "")
    entries = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {
        tuple(pin.split("==")): {one.removeprefix("--hash=") for one in rest}  # type: ignore[misc] - a pin has two parts
        for pin, *rest in entries
    }


LOCKED_AS_DEPLOYED = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="with Python 3.13, uv.lock has the boto3 of Glue 6.0, which no function gets"
)


@LOCKED_AS_DEPLOYED
def test_every_package_is_pinned_to_the_locked_version() -> None:
    assert dict(hashes("lambda_ingest").keys()) == needed(*DIRECT)


@pytest.mark.notices("lambda_ingest/requirements.txt", "--hash=sha256:", "--hash=sha512:")
@pytest.mark.parametrize("folder", ["lambda_ingest", "lambda_report"])
def test_every_package_has_the_hashes_of_the_lock(folder: str) -> None:
    locked = {
        (package["name"], package["version"]): {
            file["hash"] for file in [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        }
        for package in tomllib.loads(Path("uv.lock").read_text())["package"]
        if "version" in package
    }
    found = hashes(folder)
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for some in found.values() for one in some)
    assert found == {pin: locked[pin] for pin in found}


def test_its_boto3_knows_conditional_writes() -> None:
    # PutObject(IfMatch=), the claim's: botocore 1.35.69 (docs/aws-facts.md).
    assert tuple(map(int, distribution("botocore").version.split("."))) >= (1, 35, 69)
    assert (
        "IfMatch"
        in boto3.client("s3", region_name="us-east-1")
        .meta.service_model.operation_model("PutObject")
        .input_shape.members
    )
