"""What the function is packaged with is what the tests ran with."""

from importlib.metadata import version
from pathlib import Path


def test_the_pin_is_the_locked_version() -> None:
    lines = Path("lambda_ingest/requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"kagglehub=={version('kagglehub')}"]
