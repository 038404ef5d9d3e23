"""The function behind the custom resource ShippedGlueCode: copies the jobs of this folder to the data bucket.

`sam deploy` uploads a job's script but not the package that it imports. It uploads a function's package whole, so the
jobs are in the package of this function. CloudFormation calls the function whenever that package, or a setting that
changes the jobs' results, changed.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import urllib3

logger = logging.getLogger()
logger.setLevel(logging.INFO)
logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retry warnings show the whole URL

FOLDER = Path(__file__).parent
SCRIPTS = ("convert_parquet.py", "glue_transform.py")
PACKAGE = "mhealth"


def sources(folder: Path) -> dict[str, bytes]:
    """The job scripts and the package's modules below `folder`: path relative to it -> content, sorted by path."""
    paths = [*(folder / script for script in SCRIPTS), *(folder / PACKAGE).rglob("*.py")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def code_version(code: Mapping[str, bytes], settings: Mapping[str, str]) -> str:
    """The version of the jobs: 16 hexadecimal digits that change with any source or setting, and with nothing else."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path, content in code.items():
        digest.update(f"\0{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def package(code: Mapping[str, bytes]) -> bytes:
    """The zip of the package for `--extra-py-files`: the same bytes for the same code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in code.items():
            if path.startswith(f"{PACKAGE}/"):
                archive.writestr(zipfile.ZipInfo(path), content)
    return buffer.getvalue()


def ship(bucket: str, prefix: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Put the scripts and the package under `prefix`/VERSION/ in `bucket`.

    Returns the attributes of the resource, Hash (the version) and ScriptPrefix. Older versions stay: a run that
    started before an update finds its code.
    """
    code = sources(FOLDER)
    version = code_version(code, settings)
    target = f"{prefix}/{version}"
    objects = {script: code[script] for script in SCRIPTS} | {f"{PACKAGE}.zip": package(code)}
    s3 = boto3.client("s3")
    for name, content in objects.items():
        s3.put_object(Bucket=bucket, Key=f"{target}/{name}", Body=content)
        logger.info("shipped s3://%s/%s/%s (%d bytes)", bucket, target, name, len(content))
    return {"Hash": version, "ScriptPrefix": target}


def delete_code(bucket: str, prefix: str) -> None:
    """Delete all versions of all objects under `prefix`/ in `bucket`. It is no error where there are none."""
    found = boto3.resource("s3").Bucket(bucket).object_versions.filter(Prefix=f"{prefix}/")
    for answer in found.delete():
        if errors := answer.get("Errors"):
            raise RuntimeError(f"{len(errors)} objects under {prefix}/ were not deleted, the first: {errors[0]}")


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Answer CloudFormation's Create, Update and Delete of the resource.

    Every outcome is answered: without an answer CloudFormation waits an hour.
    """
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        properties = event["ResourceProperties"]
        if event["RequestType"] == "Delete":
            # The bucket and its data outlive the stack. The code is deleted: only this stack's jobs use it, and after a
            # failed first deployment it would keep the bucket from being deleted.
            delete_code(properties["Bucket"], properties["Prefix"])
        else:
            answer["Data"] = ship(properties["Bucket"], properties["Prefix"], properties["Settings"])
    except Exception as error:  # CloudFormation shows it to whoever deploys
        logger.exception("the Glue code was not shipped")
        answer |= {
            "Status": "FAILED",
            "Reason": f"{type(error).__name__}: {error} (log stream {context.log_stream_name})",
        }
    respond(event["ResponseURL"], answer)


def respond(address: str, answer: Mapping[str, Any]) -> None:
    """Send the answer to CloudFormation's pre-signed URL. Errors and logs do not show its query, which is a secret."""
    try:
        urllib3.PoolManager().request("PUT", address, body=json.dumps(answer).encode(), headers={"Content-Type": ""})
    except urllib3.exceptions.HTTPError as error:
        host = urllib3.util.parse_url(address).host
        raise ConnectionError(
            f"CloudFormation was not told how it went: {host} took no answer ({type(error).__name__}). It waits for an "
            "hour and then takes the deployment back. Deploy again."
        ) from None
