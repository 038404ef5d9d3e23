"""The functions' packages in Lambda's environment: a Python of its version with only the standard library."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

from local_aws.lambda_ import bootstrap
from tools.checks import environments
from tools.checks.packaging.sam import artifact
from tools.checks.packaging.workshop import SUBJECT_1, SUBJECT_2, Workshop, size
from tools.checks.runner import CheckFailed, CheckSkipped
from tools.paths import ROOT
from tools.waiting import HANG

STARTED_AT = "2026-11-24T03:14:54Z"
SNAPSHOT = 20261124031454

COLUMNS = (
    "chest_accel_x,chest_accel_y,chest_accel_z,ecg_1,ecg_2,ankle_accel_x,ankle_accel_y,ankle_accel_z,"
    "ankle_gyro_x,ankle_gyro_y,ankle_gyro_z,ankle_mag_x,ankle_mag_y,ankle_mag_z,arm_accel_x,arm_accel_y,"
    "arm_accel_z,arm_gyro_x,arm_gyro_y,arm_gyro_z,arm_mag_x,arm_mag_y,arm_mag_z,label"
)


def lands_the_dataset(workshop: Workshop) -> str:
    """Run the handler of the deployed package on an empty bucket; check what it downloads and uploads.

    Raises CheckSkipped where this machine has no such Python. The source then runs in the project's environment, so
    that the later checks have a landed dataset.
    """
    event = {"started_at": STARTED_AT, "execution": "check", "input": {}}
    try:
        python = _python()
    except CheckSkipped:
        invoke(workshop, "DownloadFunction", event, Path(sys.executable), ROOT / "lambda_ingest")
        raise
    answer = invoke(workshop, "DownloadFunction", event, environments.lambda_python())
    result = answer.get("result", {})
    summary = {key: result.get(key) for key in ("changed", "snapshot", "raw_version", "files", "lines")}
    if summary != {"changed": True, "snapshot": SNAPSHOT, "raw_version": 1, "files": 2, "lines": 3}:
        raise CheckFailed(f"the handler returned {json.dumps(answer, indent=2)}")
    s3, bucket = workshop.client("s3"), workshop.resource("DataBucket")
    for subject, lines in ((1, SUBJECT_1), (2, SUBJECT_2)):
        key = f"raw/version=1/mHealth_subject{subject}.csv"
        landed = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        if landed != "\n".join([COLUMNS, *(line.replace("\t", ",") for line in lines)]) + "\n":
            raise CheckFailed(f"{key} holds\n{landed}")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=result["raw_manifest"])["Body"].read())
    if [file["lines"] for file in manifest["files"]] != [2, 1]:
        raise CheckFailed(f"the manifest has {manifest['files']}")
    return f"landed 2 files with Python {python} and only the package"


def _python() -> str:
    """The Python version of the empty environment. Raises CheckSkipped for none, CheckFailed for packages."""
    wanted = ".".join(map(str, environments.LAMBDA_PYTHON))
    if not environments.lambda_python().exists():
        raise CheckSkipped(f"there is no Python {wanted} on this machine, which the functions run on")
    if held := packages(environments.lambda_python()):
        raise CheckFailed(f"expected an empty environment, found {sorted(held)}")
    return wanted


_RENDER = """
import sys
sys.path[:0] = sys.argv[1:]
import write_report
from sample import report
from snapshot_report.page import render
print(len(render(report())))
"""


def renders_the_report(workshop: Workshop) -> str:
    """Import the report's handler and render a page with the package of `sam build`, in Lambda's environment.

    Raises CheckSkipped where this machine has no such Python.
    """
    _python()
    built, sample = workshop.built.parent / "ReportFunction", ROOT / "tests" / "lambda_report"
    started = time.monotonic()
    done = subprocess.run(
        [str(environments.lambda_python()), "-I", "-B", "-c", _RENDER, str(built), str(sample)],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "AWS_DEFAULT_REGION": "us-east-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG,
        check=False,
    )
    if done.returncode:
        raise CheckFailed(f"the page can't be rendered:\n{done.stdout}")
    return f"a page of {size(int(done.stdout))} after {time.monotonic() - started:.1f} s, imports included"


def invoke(
    workshop: Workshop, logical_id: str, event: dict[str, Any], python: Path, code: Path | None = None
) -> dict[str, Any]:
    """Invoke the function's package, or `code` instead, with `python`; return its result.

    It gets the environment variables and the event of the stack.
    """
    name = workshop.resource(logical_id)
    settings = workshop.client("lambda").get_function_configuration(FunctionName=name)
    place = workshop.folder / logical_id
    scratch = place / "tmp"
    scratch.mkdir(parents=True)
    (place / "event.json").write_text(json.dumps(event))
    if code is None:
        code = place / "code"
        with zipfile.ZipFile(io.BytesIO(artifact(workshop, logical_id))) as archive:
            archive.extractall(code)
    given = {
        key: value.replace("/tmp", str(scratch), 1) if value.startswith("/tmp") else value
        for key, value in settings["Environment"]["Variables"].items()
    }
    variables = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        **given,
        **workshop.aws.world.function_environment,
        **workshop.aws.world.client_environment(),
        "AWS_ACCESS_KEY_ID": "anyone",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "_HANDLER": settings["Handler"],
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": "check",
        "AWS_LAMBDA_LOG_STREAM_NAME": "check",
    }
    invocation = {"request": "check", "arn": settings["FunctionArn"], "timeout": settings["Timeout"]}
    with Path(os.devnull).open("wb") as reports:  # nobody waits for them
        done = subprocess.run(
            # -I: nothing of the project on the path. -B: the folder stays as unpacked, as it does on Lambda.
            [str(python), "-I", "-B", str(Path(bootstrap.__file__)), str(place), str(reports.fileno())],
            input=json.dumps(invocation) + "\n",
            pass_fds=(reports.fileno(),),
            cwd=code,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANG,
            check=False,
        )
    if not (place / "result.json").exists():
        raise CheckFailed(f"the handler returned nothing:\n{done.stdout}")
    answer: dict[str, Any] = json.loads((place / "result.json").read_text())
    if "error" in answer:
        raise CheckFailed(f"the handler failed:\n{done.stdout}")
    return answer


def packages(python: Path) -> set[str]:
    """The names of the packages in an environment."""
    ask = "import importlib.metadata as m; print(*{each.metadata['Name'] for each in m.distributions()})"
    done = subprocess.run([str(python), "-I", "-c", ask], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
