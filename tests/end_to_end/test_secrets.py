"""The Kaggle token: used, refused, missing; each failure has its name, and the token shows nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws.kaggle.api import Fault, KaggleApi
from local_aws.kaggle.synthetic import write_dataset
from local_aws.listening import listen
from local_aws.server import LocalAws

from .conftest import Subscriber, World, anybody
from .project import Project, update

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

TOKEN = "KGAT_5ca1ab1e0ddba11"
MISSING = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nobody-AbCdEf"


@dataclass
class Place:
    """A stack on a local AWS, and the Kaggle API that its function talks to."""

    aws: LocalAws
    world: World
    kaggle: KaggleApi
    project: Project
    secret: str
    told: Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("secrets")
    write_dataset(folder / "dataset", rows=(60, 50))
    project = Project.copied(folder / "project")
    project.hurry()
    with (
        KaggleApi(folder / "dataset", folder / "archives") as kaggle,
        LocalAws(str(folder / "dataset"), folder=folder / "world", template=None) as aws,
    ):
        world = World(anybody(), aws.endpoint)
        aws.world.kaggle.update(kaggle.environment)  # type: ignore[attr-defined] - it is a dictionary
        secret = world.client("secretsmanager").create_secret(Name="kaggle", SecretString=TOKEN)["ARN"]
        update(aws, project, KaggleSecretArn=secret)
        yield Place(aws, world, kaggle, project, secret, Subscriber(world).told)


def everything_that_is_kept(place: Place) -> dict[str, str]:
    """Every place in which somebody could look for a token: name -> text."""
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


def test_the_token_is_used(place: Place) -> None:
    assert place.world.publish()["rows"] == 110
    assert place.kaggle.authorizations == {f"Bearer {TOKEN}"}


FAILURES: list[tuple[str, dict[str, Any], str]] = [
    ("SecretUnreadable", {"secret": MISSING}, f"The secret {MISSING} could not be read: ResourceNotFoundException"),
    ("KaggleDenied", {"status": 401}, "its token is invalid or expired"),
    ("KaggleDenied", {"status": 403}, "accept the dataset's terms"),
    ("KaggleUnavailable", {"unreachable": True}, "Kaggle did not deliver"),
]


@pytest.mark.parametrize(
    ("error", "trouble", "told"), FAILURES, ids=["no such secret", "invalid token", "no consent", "unreachable"]
)
def test_each_trouble_has_its_name(place: Place, error: str, trouble: dict[str, Any], told: str) -> None:
    kaggle: dict[str, str] = place.aws.world.kaggle  # type: ignore[assignment] - it is a dictionary
    update(place.aws, place.project, KaggleSecretArn=trouble.get("secret", place.secret))
    if "status" in trouble:
        place.kaggle.faults.append(Fault("GetDataset", status=trouble["status"]))
    if "unreachable" in trouble:
        with listen(0) as closed:
            port = closed.getsockname()[1]
        kaggle |= dict.fromkeys(("HTTP_PROXY", "http_proxy"), f"http://127.0.0.1:{port}")
    before = place.world.published()
    execution = place.world.execute()
    kaggle |= place.kaggle.environment
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert told in execution["cause"]
    (message,) = place.told()
    assert message["error"] == error
    assert place.world.published() == before


def test_the_token_is_kept_nowhere(place: Place) -> None:
    kept = everything_that_is_kept(place)
    # The look is a real one: it finds what is there.
    for what in ("history of", "log group /aws-glue", "log group mhealth-DownloadLogGroup", "object raw/", "file"):
        assert any(name.startswith(what) and text for name, text in kept.items()), what
    assert any(place.secret in text for text in kept.values())
    assert [name for name, text in kept.items() if TOKEN in text] == []
