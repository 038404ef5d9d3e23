"""The life of a stack with a Kaggle token: used, refused, missing; and no permission of it is missing or unused.

Failures have names, and neither token nor signed address shows. The local AWS judges every request of a role and keeps
it. One stack lives through all that a stack does, from its deployment to its end; then every statement of every role is
taken away in turn, and each kept request is judged again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from local_aws.core.listening import listen
from local_aws.iam import record
from local_aws.iam.policies import listed
from local_aws.iam.record import Use
from local_aws.scheduler.firing import fire
from local_aws.server import LocalAws
from local_aws.testing import faults
from mhealth_ops.kaggle.api import Fault, KaggleApi
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark
from tools.checks.unused_rights import unused_locally
from tools.waiting import HANG

from .conftest import Subscriber, World, anybody
from .project import Project, update
from .rights import Life, lines, policy, roles

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

TOKEN = "KGAT_5ca1ab1e0ddba11"
SIGNED = "X-Goog-Credential=robot%40a.example&X-Goog-Signature=f0rbidden51gna7ure"
"""The query of an address that Kaggle's storage accepts without a token."""
MISSING = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nobody-AbCdEf"


@dataclass
class Place:
    """A stack on a local AWS, and the Kaggle API that its function talks to."""

    aws: LocalAws
    world: World
    kaggle: KaggleApi
    project: Project
    secret: str
    reported: Callable[[], list[dict[str, Any]]] = field(init=False)

    def update(self, **parameters: str) -> None:
        usual = {"KaggleSecretArn": self.secret, "KeepSnapshots": "1", "MaxBadRowRatio": "0.5"}
        update(self.aws, self.project, **usual | parameters)

    @property
    def log(self) -> Path:
        """A recording: in the first version of the dataset its first line is no sample."""
        return self.kaggle.source / "mHealth_subject1.log"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("secrets")
    write_dataset(folder / "dataset", rows=(60, 50))
    project = Project.copied(folder / "project")
    project.hurry()
    with (
        KaggleApi(folder / "dataset", folder / "archives") as kaggle,
        local_stack(str(folder / "dataset"), folder=folder / "world", template=None, spark=kept_spark()) as aws,
    ):
        world = World(anybody(), aws.endpoint)
        aws.world.function_environment.update(kaggle.environment)  # type: ignore[attr-defined] - it is a dictionary
        key = world.client("kms").create_key()["KeyMetadata"]["KeyId"]
        secret = world.client("secretsmanager").create_secret(Name="kaggle", SecretString=TOKEN, KmsKeyId=key)["ARN"]
        place = Place(aws, world, kaggle, project, secret)
        place.log.write_text("no sample\n" + place.log.read_text())
        place.update()
        place.reported = Subscriber(world).reported
        yield place


def test_the_token_is_used_and_a_version_that_is_named_and_not_there_yet_is_asked_for_again(place: Place) -> None:
    place.kaggle.faults.append(Fault("/archives/", status=404))
    arn = place.world.start()
    output = place.world.published_by(arn)
    assert (output["raw_version"], output["rows"]) == (1, 110)
    assert place.kaggle.authorizations == {f"Bearer {TOKEN}"}
    events = place.world.client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    (failed,) = [event["taskFailedEventDetails"] for event in events if event["type"] == "TaskFailed"]
    assert failed["error"] == "SourceUnavailable"
    assert (
        "names version 1 of nirmalsankalana/mhealth-dataset-data-set as current and cannot deliver it yet (HTTP 404)"
        in failed["cause"]
    )
    assert place.reported() == []


FAILURES: list[tuple[str, dict[str, Any], str]] = [
    ("SecretUnreadable", {"secret": MISSING}, f"The secret {MISSING} could not be read: ResourceNotFoundException"),
    ("SourceDenied", {"status": 401}, "its token is invalid or expired"),
    ("SourceDenied", {"status": 403}, "accept the dataset's terms"),
    ("SourceUnavailable", {"unreachable": True}, "Kaggle did not deliver"),
    (
        "SourceUnavailable",
        {"storage": True},
        "Kaggle did not deliver version 2 of nirmalsankalana/mhealth-dataset-data-set: ConnectionError",
    ),
]


@pytest.mark.parametrize(
    ("error", "trouble", "reported"),
    FAILURES,
    ids=["no such secret", "invalid token", "no consent", "unreachable", "storage"],
)
def test_each_trouble_has_its_name(place: Place, error: str, trouble: dict[str, Any], reported: str) -> None:
    kaggle: dict[str, str] = place.aws.world.function_environment  # type: ignore[assignment] - it is a dictionary
    if "secret" in trouble:
        place.update(KaggleSecretArn=trouble["secret"])
    if "status" in trouble:
        place.kaggle.faults.append(Fault("GetDataset", status=trouble["status"]))
    with listen(0) as closed:
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
    if "unreachable" in trouble:
        kaggle |= dict.fromkeys(("HTTP_PROXY", "http_proxy"), f"http://{nobody}")
    if "storage" in trouble:
        _, _, good = place.log.read_text().partition("\n")
        place.log.write_text(good)
        address = {"Location": f"https://{nobody}/archives/2?{SIGNED}"}
        place.kaggle.faults.append(Fault("DownloadDataset", status=302, headers=address, times=4))  # and three retries
    before = place.world.published()
    execution = place.world.execute()
    kaggle |= place.kaggle.environment
    if "secret" in trouble:
        place.update()
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert reported in execution["cause"]
    (message,) = place.reported()
    assert message["error"] == error
    assert place.world.published() == before


@pytest.fixture(scope="module")
def lived(place: Place) -> Place:
    """After all else that a stack does in its life, but for its end."""
    aws, world = place.aws, place.world
    # The schedule delivers what nobody started by hand: the version that Kaggle could not deliver before.
    delivery = fire(aws.world, world.outputs["ScheduleName"])
    assert delivery is not None
    assert world.published_by(str(delivery.execution))["raw_version"] == 2
    _lose_the_last_record(world)
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"

    # Another dataset takes the number of the version before, and everything is computed again. Stopped before
    # job 1, and run again; the first snapshot is retired.
    place.project.leave_out_the_report()  # those before have used all of its rights
    place.update(RecordingStart="2015-01-01T00:00:00Z", SourceUri="kaggle://other/mhealth")
    left = {"Bucket": world.outputs["DataBucketName"], "Key": "raw/version=2/of_the_dataset_before.csv"}
    world.client("s3").put_object(**left, Body=b"")
    # Lines that a run of other code rejected, of a file without such lines.
    rejected = {"Bucket": left["Bucket"], "Key": "quarantine/version=2/mHealth_subject1.jsonl"}
    world.client("s3").put_object(**rejected, Body=b"{}\n")
    _stop_while_job_1_starts(world)
    world.publish()
    assert left["Key"] not in world.keys("raw/")
    assert rejected["Key"] not in world.keys("quarantine/")

    good = place.log.read_text()
    place.log.write_text(re.sub(r"\d+$", "13", good, flags=re.MULTILINE))  # no activity has this number
    assert world.execute()["error"] == "TooManyBadRows"

    _deliver_to_nobody(aws, world)
    return place


@pytest.fixture(scope="module")
def kept(lived: Place) -> dict[str, str]:
    """Every place that could leak a token, by name, after all of the executions."""
    world, found = lived.world, {}
    sfn, logs, s3 = world.client("stepfunctions"), world.client("logs"), world.client("s3")
    for execution in sfn.list_executions(stateMachineArn=world.outputs["StateMachineArn"])["executions"]:
        arn = execution["executionArn"]
        found[f"history of {arn}"] = str(sfn.get_execution_history(executionArn=arn)["events"])
        found[f"description of {arn}"] = str(sfn.describe_execution(executionArn=arn))
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        found[f"log group {group['logGroupName']}"] = str(events)
    bucket = world.outputs["DataBucketName"]
    for key in world.keys(""):
        found[f"object {key}"] = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("latin-1")
    for name in ("describe_stacks", "describe_stack_events"):
        found[name] = str(getattr(world.client("cloudformation"), name)(StackName="mhealth"))
    function = world.outputs["DownloadFunctionName"]
    found["function"] = str(world.client("lambda").get_function(FunctionName=function)["Configuration"])
    for path in lived.aws.world.folder.rglob("*"):
        if path.is_file():
            found[f"file {path.name}"] = path.read_text("latin-1")
    return found


def _lose_the_last_record(world: World) -> None:
    """As after a failure of RecordSuccess: the next run records the published snapshot."""
    s3, bucket = world.client("s3"), world.outputs["DataBucketName"]
    listed_keys = s3.list_objects_v2(Bucket=bucket, Prefix="manifests/publications/")["Contents"]
    s3.delete_object(Bucket=bucket, Key=max(one["Key"] for one in listed_keys))


def _stop_while_job_1_starts(world: World) -> None:
    """Stop an execution when job 1 is asked for and has no process: the shared Java has nothing to do, and lives on."""
    sfn, glue = world.client("stepfunctions"), world.client("glue")

    def is_in(*states: str) -> None:
        deadline = time.monotonic() + HANG
        while True:
            (newest, *_) = glue.get_job_runs(JobName=world.outputs["ConvertParquetJobName"])["JobRuns"]
            if newest["JobRunState"] in states:
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(*_: object) -> None:
        sfn.stop_execution(executionArn=arn)
        is_in("STOPPING", "STOPPED")

    fetched = faults.inject(faults.Fault("s3", key="code/.*", role="ConvertParquetRole", call=stop))
    javas = _javas()
    arn = world.start()
    assert world.ended(arn)["status"] == "ABORTED"
    is_in("STOPPED")
    faults.clear()
    assert fetched.hits
    assert _javas() == javas


def _javas() -> set[int]:
    return {each.pid for each in psutil.Process().children() if each.name() == "java"}


def _deliver_to_nobody(aws: LocalAws, world: World) -> None:
    """The schedule fires without permission to start the execution: its event goes to the dead-letter queue."""
    statement = {"Effect": "Deny", "Action": "states:StartExecution", "Resource": "*"}
    denied = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    named = {"RoleName": world.resources["ScheduleRole"], "PolicyName": "denied"}
    world.client("iam").put_role_policy(**named, PolicyDocument=denied)
    delivery = fire(aws.world, world.outputs["ScheduleName"])
    world.client("iam").delete_role_policy(**named)
    assert delivery is not None
    assert delivery.dead_letter is not None, delivery.lost


def test_no_signed_address_is_kept(kept: dict[str, str]) -> None:
    assert sum("archives/2?..." in text for text in kept.values()) > 1, "in the history and in a log at least"
    assert [name for name, text in kept.items() if "f0rbidden51gna7ure" in text or "robot%40a.example" in text] == []


def test_the_token_is_kept_nowhere(place: Place, kept: dict[str, str]) -> None:
    # The look is a real one: it finds what is there.
    for what in ("history of", "log group /aws-glue", "log group mhealth-DownloadLogGroup", "object raw/", "file"):
        assert any(name.startswith(what) and text for name, text in kept.items()), what
    assert any(place.secret in text for text in kept.values())
    assert [name for name, text in kept.items() if TOKEN in text] == []


@pytest.fixture(scope="module")
def life(lived: Place, kept: dict[str, str]) -> Life:
    """All that the stack did, from its deployment to its end, which is now."""
    world = lived.world
    policies = {name: policy(world, role) for name, role in roles(world).items()}
    names = {role: name for name, role in roles(world).items()}
    world.client("cloudformation").delete_stack(StackName="mhealth")
    uses: dict[str, list[Use]] = {name: [] for name in policies}
    for use in record.used():
        # Of another secret the policies do not know any more.
        if use.resource != MISSING:
            uses[names[use.role.rpartition("/")[2]]].append(use)
    return Life(policies, uses, record.refused())


def test_nothing_was_refused_but_the_start_that_was_taken_away(life: Life) -> None:
    assert {use.action for use in life.refused} == {"states:StartExecution"}


def test_every_role_did_something(life: Life) -> None:
    assert set(life.uses) == {
        "DownloadRole",
        "ReportRole",
        "ShipGlueCodeRole",
        "ConvertParquetRole",
        "GlueTransformRole",
        "CrawlerRole",
        "StateMachineRole",
        "ScheduleRole",
    }
    assert all(life.uses.values())


def test_every_line_was_used_or_the_template_says_why_not(life: Life) -> None:
    allowed = {line for each in life.statements() for line in lines(*each)}
    explained = set(unused_locally())
    for role, sid, statement in life.statements():
        if all((role, sid, action) in explained for action in listed(statement["Action"])):
            allowed -= {line for line in lines(role, sid, statement) if line[2].startswith("resource")}
    unused = allowed - life.used
    assert sorted(unused - explained) == [], "rights that nothing used: take them away, or say why they stay"
    assert sorted(explained - unused) == [], "used after all, or gone: the comment is out of date"


def test_no_statement_can_be_taken_away(life: Life) -> None:
    for role, sid, statement in life.statements():
        rest = [other for other in life.policies[role]["Statement"] if other is not statement]
        denied = len(life.uses[role]) - len(life.allowed_by(role, *rest))
        never = all((role, sid, action) in unused_locally() for action in listed(statement["Action"]))
        assert denied or never, f"{role} does all it does without {sid}"


def test_no_action_and_no_resource_is_everything(life: Life) -> None:
    for role, sid, statement in life.statements():
        for action in listed(statement["Action"]):
            assert re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action), (role, sid, action)
            if statement["Resource"] == "*":
                assert action.split(":")[0] in {"xray", "logs", "cloudwatch", "lakeformation"}, (role, sid, action)
