"""A stack whose source is an S3 prefix, in a bucket with its own key: from the objects to the view."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_aws.iam import record
from local_aws.iam.record import Use
from local_aws.server import LocalAws
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark

from . import sources
from .conftest import World, anybody
from .project import Project, update

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

BUCKET, PREFIX = "recordings", "studies/2026/mhealth"
URI = f"s3://{BUCKET}/{PREFIX}"
ROWS = (60, 50, 40)
SIDS = ("ListSource", "ReadSource", "DecryptSource")
KAGGLES = ("ReadKaggleSecret", "DecryptKaggleSecret")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source") / "dataset"
    write_dataset(folder, rows=ROWS)
    return folder


@pytest.fixture(scope="module")
def running(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, LocalAws]]:
    """The stack, whose Kaggle has nothing."""
    folder = tmp_path_factory.mktemp("source-home")
    (folder / "empty").mkdir()
    project = Project.copied(folder / "project")
    project.hurry()
    project.leave_out_the_report()
    with local_stack(str(folder / "empty"), folder=folder / "world", template=None, spark=kept_spark()) as aws:
        world = World(anybody(), aws.endpoint)
        s3, key = world.client("s3"), world.client("kms").create_key()["KeyMetadata"]["Arn"]
        s3.create_bucket(Bucket=BUCKET)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
        for path in dataset.iterdir():
            put(world, path)
        s3.put_object(Bucket=BUCKET, Key="studies/2026/mhealth-other/mHealth_subject9.log", Body=b"beside it")
        secret = world.client("secretsmanager").create_secret(Name="kaggle", SecretString="KGAT_1")["ARN"]
        update(aws, project, SourceUri=URI, KaggleSecretArn=secret)
        yield world, aws


def put(world: World, path: Path) -> None:
    world.client("s3").put_object(Bucket=BUCKET, Key=f"{PREFIX}/{path.name}", Body=path.read_bytes())


def policy(world: World) -> dict[str, Any]:
    named = {"RoleName": world.resources["DownloadRole"], "PolicyName": "download"}
    document: dict[str, Any] = world.client("iam").get_role_policy(**named)["PolicyDocument"]
    return document


def statements(world: World) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in policy(world)["Statement"]}


def table(world: World) -> list[sources.Row]:
    return sources.of_table(world.query("SELECT * FROM mhealth"))


def test_every_row_of_the_objects_is_in_the_table(world: World, dataset: Path) -> None:
    output = world.publish()
    assert output["rows"] == sum(ROWS)
    assert table(world) == sources.of_logs(dataset)
    manifest = world.document(f"manifests/snapshots/{world.published()}.json")
    assert manifest["dataset"] == URI


def test_the_same_objects_are_nothing_new_and_no_job_runs(world: World) -> None:
    runs = world.job_runs()
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert world.job_runs() == runs


def test_of_a_changed_object_only_its_subject_is_computed(world: World, dataset: Path) -> None:
    path = dataset / "mHealth_subject2.log"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-10]))
    put(world, path)
    assert world.publish()["rows"] == sum(ROWS) - 10
    assert table(world) == sources.of_logs(dataset)
    manifest = world.document(f"manifests/snapshots/{world.published()}.json")
    assert {file["subject"]: file["carried"] for file in manifest["files"]} == {1: True, 2: False, 3: True}


def test_the_role_may_read_the_prefix_and_nothing_beside_it(world: World) -> None:
    found = statements(world)
    assert not {*KAGGLES} & {*found}, "there is a secret, and no Kaggle"
    role = world.resources["DownloadRole"]
    uses = [use for use in record.used() if use.role.endswith(f"/{role}")]
    documents = {sid: json.dumps({"Version": "2012-10-17", "Statement": [found[sid]]}) for sid in SIDS}
    without = {sid: [text for other, text in documents.items() if other != sid] for sid in SIDS}
    for sid in SIDS:
        own = [use for use in uses if use.judged([documents[sid]]).allowed]
        assert own, f"{sid} allowed nothing"
        assert not any(use.judged(without[sid]).allowed for use in own), f"the others allow what {sid} allows"
        for use in own:
            for other in beside(use):
                assert not other.judged(documents.values()).allowed, other
    assert not [use for use in record.refused() if use.role.endswith(f"/{role}")]


def beside(use: Use) -> Iterator[Use]:
    """The same request for objects outside of the source."""
    context = dict(use.context)
    if use.action == "s3:ListBucket":
        for prefix in ("", "studies/", "studies/2026/mhealth", "studies/2026/mhealth-other/"):
            yield replace(use, context=tuple({**context, "s3:prefix": prefix}.items()))
    if use.action == "s3:GetObject":
        yield replace(use, resource=use.resource.replace("mhealth/", "mhealth-other/"))
        yield replace(use, resource=use.resource.replace(BUCKET, "other"))
        yield replace(use, action="s3:PutObject")
        yield replace(use, action="s3:DeleteObject")
    if use.action == "kms:Decrypt":
        arn = "kms:encryptioncontext:aws:s3:arn"
        yield replace(use, context=tuple({**context, arn: context[arn].replace("mhealth/", "mhealth-other/")}.items()))
        yield replace(use, context=tuple({**context, "kms:viaservice": "sqs.us-east-1.amazonaws.com"}.items()))


@pytest.mark.parametrize(
    ("sid", "reported"),
    [
        ("ListSource", f"S3 refused to list {URI}/"),
        ("ReadSource", f"S3 refused to read {URI}/mHealth_subject3.log"),
        ("DecryptSource", f"S3 refused to read {URI}/mHealth_subject3.log"),
    ],
)
def test_without_one_of_the_rights_the_run_fails_by_name_and_readers_keep_what_they_see(
    sid: str, reported: str, world: World, dataset: Path
) -> None:
    before = world.published()
    for path in dataset.iterdir():
        if path.name != "mHealth_subject3.log":
            world.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{path.name}")
    right = policy(world)
    named = {"RoleName": world.resources["DownloadRole"], "PolicyName": "download"}
    lacking = {**right, "Statement": [one for one in right["Statement"] if one["Sid"] != sid]}
    iam = world.client("iam")
    iam.put_role_policy(**named, PolicyDocument=json.dumps(lacking))
    try:
        failed = world.execute()
    finally:
        iam.put_role_policy(**named, PolicyDocument=json.dumps(right))
        for path in dataset.iterdir():
            put(world, path)
    assert (failed["status"], failed["error"]) == ("FAILED", "SourceDenied")
    assert reported in failed["cause"]
    assert world.published() == before
