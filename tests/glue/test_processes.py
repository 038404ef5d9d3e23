"""Both jobs as the processes that Glue makes of them: the script, the package as a zip, the arguments."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local_aws.glue.cds_archive import java_options
from local_aws.glue.quick_python import quick
from local_aws.glue.spark_runtime import environment, own_runtime
from tests.glue.world import GLUE, LAYOUT_1, LAYOUT_2, World, log_line
from tools.waiting import HANG

pytestmark = pytest.mark.spark_process

SNAPSHOT = 20261124031454


@pytest.fixture(autouse=True)
def warnings_are_errors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the jobs' driver and workers as in the tests, with the same exceptions."""
    monkeypatch.setenv("PYTHONWARNINGS", ",".join(request.config.getini("filterwarnings")))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("code")
    return shutil.make_archive(str(folder / "mhealth"), "zip", GLUE, "mhealth")


def submit(script: str, package: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a job in an empty working folder with nothing of this test's environment."""
    working = folder / "working"
    working.mkdir(exist_ok=True)
    runtime = quick(own_runtime())
    command = [
        str(runtime.home / "bin" / "spark-submit"),
        *("--master", "local[2]", "--driver-memory", "1g", "--conf", "spark.ui.enabled=false"),
        *("--driver-java-options", java_options(runtime)),
        *("--py-files", package, str(GLUE / script), *arguments),
    ]
    variables = {**environment(runtime), "PYTHONWARNINGS": os.environ["PYTHONWARNINGS"]}
    return subprocess.run(
        command, env=variables, cwd=working, capture_output=True, text=True, timeout=HANG, check=False
    )


def test_the_three_layouts_from_raw_to_snapshot(world: World, package: str, tmp_path: Path) -> None:
    lines = [log_line(seed, seed % 13) for seed in range(1, 2001)]
    world.add("mHealth_subject1", "\n".join(lines), subject=1)
    world.add("mHealth_subject2", "7.5,12\nbroken\n8.5,0\n", columns=["ecg_2", "label"], subject=2, header_lines=1)
    by_row = [f"{','.join([str(seed)] * 12)},{seed % 13},subject{3 + seed % 2}" for seed in range(100)]
    world.add("mhealth_raw_data", "\r\n".join(by_row), columns=LAYOUT_2, header_lines=1)
    world.publish()

    done = submit("convert_parquet.py", package, world.convert_arguments(max_bad_row_ratio=0.01), tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"event": "convert"' in done.stdout
    done = submit("glue_transform.py", package, world.transform_arguments(), tmp_path)
    assert done.returncode == 0, done.stderr

    keys = [f"processed/snapshot={SNAPSHOT}/subject={subject}/part-00000.parquet" for subject in (1, 2, 3, 4)]
    assert world.keys("processed") == keys
    first = world.parquet(keys[0])
    assert first["id"].to_pylist() == [f"1-{sample:07d}" for sample in range(2000)]
    names = [name.removeprefix("chest_") for name in LAYOUT_1[:-1]]
    for place, name in enumerate(names, start=1):
        assert first[name].to_pylist() == [float(f"{seed}.{place:02d}") for seed in range(1, 2001)]
    assert first["activity_id"].to_pylist() == [seed % 13 for seed in range(1, 2001)]
    second = world.rows(keys[1])
    assert [(row["id"], row["ecg_2"], row["activity"], row["accel_x"]) for row in second] == [
        ("2-0000000", 7.5, "jump front and back", None),
        ("2-0000002", 8.5, "null class", None),
    ]
    for subject in (3, 4):
        rows = world.rows(keys[subject - 1])
        assert [row["arm_gyro_z"] for row in rows] == [float(seed) for seed in range(100) if 3 + seed % 2 == subject]
        assert [row["id"] for row in rows] == [f"{subject}-{sample:07d}" for sample in range(50)]
    manifest = world.json(f"manifests/snapshots/{SNAPSHOT}.json")
    assert sum(file["rows"] for file in manifest["files"]) == 2102
    assert all(check["passed"] for check in manifest["checks"])
    assert list((tmp_path / "working").iterdir()) == []


def test_a_failed_job_ends_with_the_errors_name_and_message(world: World, package: str, tmp_path: Path) -> None:
    done = submit("convert_parquet.py", package, world.convert_arguments(), tmp_path)
    assert done.returncode != 0
    reported = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if "InvalidArgument: --raw_manifest: no object" in line
    ]
    assert len(reported) == 1, done.stdout + done.stderr
    assert reported[0].startswith("mhealth.errors.InvalidArgument: ")
