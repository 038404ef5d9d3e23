"""What the function is packaged with is what the tests ran with: every package, those that others need included."""

from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DIRECT = ("aws-lambda-powertools", "kagglehub")


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


def test_every_package_is_pinned_to_the_locked_version() -> None:
    lines = Path("lambda_ingest/requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins == needed(*DIRECT)
