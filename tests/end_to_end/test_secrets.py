"""The Kaggle token: used, refused, missing; failures have names, and neither token nor signed address shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws.core.listening import listen
from local_aws.server import LocalAws
from mhealth_ops.kaggle.api import Fault, KaggleApi
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark

from .conftest import Subscriber, World, anybody
from .project import Project, update

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
    reported: Callable[[], list[dict[str, Any]]]


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
        secret = world.client("secretsmanager").create_secret(Name="kaggle", SecretString=TOKEN)["ARN"]
        update(aws, project, KaggleSecretArn=secret)
        yield Place(aws, world, kaggle, project, secret, Subscriber(world).reported)


@pytest.fixture(scope="module")
def kept(place: Place) -> dict[str, str]:
    """Every place that could leak a token, by name, after all of the executions."""
    world, found = place.world, {}
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
    for path in place.aws.world.folder.rglob("*"):
        if path.is_file():
            found[f"file {path.name}"] = path.read_text("latin-1")
    return found


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
        update(place.aws, place.project, KaggleSecretArn=trouble["secret"])
    if "status" in trouble:
        place.kaggle.faults.append(Fault("GetDataset", status=trouble["status"]))
    with listen(0) as closed:
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
    if "unreachable" in trouble:
        kaggle |= dict.fromkeys(("HTTP_PROXY", "http_proxy"), f"http://{nobody}")
    if "storage" in trouble:
        write_dataset(place.kaggle.source, rows=(60, 51))
        address = {"Location": f"https://{nobody}/archives/2?{SIGNED}"}
        place.kaggle.faults.append(Fault("DownloadDataset", status=302, headers=address, times=4))  # and three retries
    before = place.world.published()
    execution = place.world.execute()
    kaggle |= place.kaggle.environment
    if "secret" in trouble:
        update(place.aws, place.project, KaggleSecretArn=place.secret)
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert reported in execution["cause"]
    (message,) = place.reported()
    assert message["error"] == error
    assert place.world.published() == before


def test_no_signed_address_is_kept(kept: dict[str, str]) -> None:
    assert sum("archives/2?..." in text for text in kept.values()) > 1, "in the history and in a log at least"
    assert [name for name, text in kept.items() if "f0rbidden51gna7ure" in text or "robot%40a.example" in text] == []


def test_the_token_is_kept_nowhere(place: Place, kept: dict[str, str]) -> None:
    # The look is a real one: it finds what is there.
    for what in ("history of", "log group /aws-glue", "log group mhealth-DownloadLogGroup", "object raw/", "file"):
        assert any(name.startswith(what) and text for name, text in kept.items()), what
    assert any(place.secret in text for text in kept.values())
    assert [name for name, text in kept.items() if TOKEN in text] == []
