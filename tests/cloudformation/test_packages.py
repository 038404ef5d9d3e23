"""What `sam build` puts into a package, by the Makefile beside the code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import ship_code


def test_the_jobs_are_packaged_with_every_folder(tmp_path: Path) -> None:
    folder = Path(ship_code.__file__).parent
    command = ["make", "-C", str(folder), "build-ShipGlueCodeFunction", f"ARTIFACTS_DIR={tmp_path}"]
    subprocess.run(command, check=True, capture_output=True)
    assert ship_code.sources(tmp_path) == ship_code.sources(folder)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".py"}
