"""What the function is packaged with is what the tests ran with."""

from importlib.metadata import version
from pathlib import Path

PACKAGES = ("aws-lambda-powertools", "kagglehub")


def test_the_pins_are_the_locked_versions() -> None:
    lines = Path("lambda_ingest/requirements.txt").read_text().splitlines()
    pins = [f"{package}=={version(package)}" for package in PACKAGES]
    assert [line for line in lines if not line.startswith("#")] == pins
